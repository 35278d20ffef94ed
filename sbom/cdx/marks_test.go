package cdx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// withMarks is a scan of one product whose images have marks, and their folder.
func withMarks(t *testing.T) (*sbom.Scan, string) {
	t.Helper()
	folder := t.TempDir()
	s := &sbom.Scan{Tool: "kinbom", Version: "1", Products: []*sbom.Product{docCleaner()}}
	for i := range s.Products[0].Images {
		m := &s.Products[0].Images[i]
		content := []byte("marks of " + string(m.Digest))
		m.Marks = sbom.DigestOf(content)
		if err := os.WriteFile(filepath.Join(folder, MarksFile(m.Digest)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s, folder
}

// marksIn lists the files of the folder of marks.
func marksIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := os.ReadDir(MarksFolder(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(MarksFolder(dir), f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name()] = string(b)
	}
	return out
}

// TestSaveMarks wants the marks of all images beside the BOMs, those of an
// earlier result gone, and the digests back from the BOMs.
func TestSaveMarks(t *testing.T) {
	dir := t.TempDir()
	s, folder := withMarks(t)
	if err := os.MkdirAll(MarksFolder(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(MarksFolder(dir), MarksFile(sbom.DigestOf([]byte("of an earlier scan"))))
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Save(dir, s, Options{Marks: folder}); err != nil {
		t.Fatal(err)
	}
	got := marksIn(t, dir)
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	images := back.Products[0].Images
	if len(images) == 0 || len(got) != len(images) {
		t.Errorf("%d files of marks for %d images", len(got), len(images))
	}
	for _, m := range images {
		if content := got[MarksFile(m.Digest)]; content != "marks of "+string(m.Digest) || m.Marks != sbom.DigestOf([]byte(content)) {
			t.Errorf("image %s: marks %s, content %q", m.Digest, m.Marks, content)
		}
	}
	if err := Save(dir, s, Options{}); err != nil || len(marksIn(t, dir)) != 0 {
		t.Errorf("saved without marks: %v, %v", err, marksIn(t, dir))
	}
}

// TestSaveWrongMarks wants nothing in the folder changed when marks are missing
// or are others than the image names.
func TestSaveWrongMarks(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"missing": os.Remove,
		"other":   func(path string) error { return os.WriteFile(path, []byte("other marks"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, folder := withMarks(t)
			if err := Save(dir, s, Options{Marks: folder}); err != nil {
				t.Fatal(err)
			}
			before := marksIn(t, dir)
			if err := spoil(filepath.Join(folder, MarksFile(s.Products[0].Images[0].Digest))); err != nil {
				t.Fatal(err)
			}
			err := Save(dir, s, Options{Marks: folder})
			if err == nil || !strings.Contains(err.Error(), "marks of image") {
				t.Errorf("%v", err)
			}
			after := marksIn(t, dir)
			if len(before) == 0 || len(after) != len(before) {
				t.Errorf("%d files of marks, %d before", len(after), len(before))
			}
			if _, err := Load(dir); err != nil {
				t.Errorf("the earlier result cannot be read any more: %v", err)
			}
		})
	}
}

// TestReadMarks wants the file that an image names, again and again, and no other:
// neither the first time nor when it is changed between two reads.
func TestReadMarks(t *testing.T) {
	s, folder := withMarks(t)
	want := map[sbom.Digest]sbom.Digest{}
	for _, m := range s.Products[0].Images {
		want[m.Digest] = m.Marks
	}
	image := s.Products[0].Images[0].Digest
	file := filepath.Join(folder, MarksFile(image))
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range [][]byte{right, []byte(strings.ToUpper(string(right))), right[1:], {}} {
		m := NewMarks(folder, want)
		for n, content := range [][]byte{first, append(right, 0), right[:len(right)-1], right, right} {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			b, err := m.Read(image)
			if ok := string(content) == string(right); ok != (err == nil) || ok && string(b) != string(right) {
				t.Errorf("read %d of %q, after %q: %q, %v", n, content, first, b, err)
			}
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := NewMarks(folder, want).Read(image); err == nil {
		t.Error("a file that is not there was read")
	}
}
