package scan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/cdx"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// marked scans a folder and returns the images by where they lie.
func marked(t *testing.T, dir, marks string) map[string]sbom.Image {
	t.Helper()
	o := options(t, dir)
	o.Marks = marks
	out := map[string]sbom.Image{}
	for _, p := range run(t, o).Products {
		for _, m := range p.Images {
			for _, pl := range m.Places {
				out[pl.Path+" "+m.Arch] = m
			}
		}
	}
	return out
}

// TestMarks wants one file of marks for each slice with code, that of two equal
// slices once, and none for an architecture that has no pass.
func TestMarks(t *testing.T) {
	dir, marks := t.TempDir(), t.TempDir()
	thin, other := machotest.Sample(false), machotest.Image{Arch: "x86_64", Functions: 5}.Build()
	old := machotest.Image{Functions: 2}.Build()
	copy(old[4:], []byte{12, 0, 0, 0}) // 32-bit ARM, with the layout of 64 bits
	app(t, dir, "One", thin)
	app(t, dir, "Two", machotest.Fat(thin, other))
	app(t, dir, "Old", old)
	write(t, filepath.Join(dir, "Two.app/Contents/Resources/libx.a"), archivetest.Ar(false, archivetest.File{Name: "a.o", Data: object("text")}))
	images := marked(t, dir, marks)
	want := map[sbom.Digest]int{sbom.DigestOf(thin): 3, sbom.DigestOf(other): 5, sbom.DigestOf([]byte(object("text"))): 1}
	files, err := os.ReadDir(marks)
	if err != nil || len(files) != len(want) {
		t.Errorf("%d files of marks, wanted %d: %v %v", len(files), len(want), files, err)
	}
	for path, m := range images {
		n, ok := want[m.Digest]
		if !ok {
			if m.Marks != "" {
				t.Errorf("%s (%s) has marks %s", path, m.Arch, m.Marks)
			}
			continue
		}
		b, err := os.ReadFile(filepath.Join(marks, cdx.MarksFile(m.Digest)))
		if err != nil || sbom.DigestOf(b) != m.Marks {
			t.Fatalf("%s: %v, marks %q", path, err, m.Marks)
		}
		s, err := fingerprint.Read(b)
		if err != nil || s.Image != m.Digest || s.Arch != m.Arch || len(s.Functions) != n {
			t.Errorf("%s: %v, %+v", path, err, s)
		}
	}
	if len(images) < 5 {
		t.Errorf("%d images", len(images))
	}
	again := marked(t, dir, t.TempDir())
	for path, m := range images {
		if again[path].Marks != m.Marks {
			t.Errorf("%s: other marks the second time", path)
		}
	}
	for path, m := range marked(t, dir, "") {
		if m.Marks != "" {
			t.Errorf("%s has marks, and none were asked for", path)
		}
	}
}

// TestMarksFolder wants an error of the call, not gaps, when there is no folder.
func TestMarksFolder(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "One", machotest.Sample(false))
	o := options(t, dir)
	o.Marks = filepath.Join(dir, "none")
	if s, err := Run(t.Context(), o); s != nil || err == nil || !strings.Contains(err.Error(), "is no folder") {
		t.Errorf("%v, %v", s, err)
	}
}
