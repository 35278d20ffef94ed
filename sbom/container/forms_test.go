package container

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom/limit"
)

// sampleTree writes a small tree: files, an empty one, a link, a deep folder, a
// name that is not ASCII.
func sampleTree(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	for name, text := range map[string]string{
		"App.app/Contents/Info.plist": "<plist/>", "App.app/Contents/MacOS/App": strings.Repeat("code ", 50_000), "App.app/Contents/empty": "",
		"App.app/Contents/Resources/größe.txt": "size", "App.app/a/b/c/d/e/f/deep": "deep",
	} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("MacOS/App", filepath.Join(dir, "App.app/Contents/link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// listing is what a tree holds: path and digest or link target, without folders.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, p)
		switch {
		case err != nil:
			t.Fatal(err)
		case d.Type()&fs.ModeSymlink != 0:
			to, _ := os.Readlink(p)
			out = append(out, Norm(filepath.ToSlash(rel))+" -> "+to)
		case d.Type().IsRegular():
			b, _ := os.ReadFile(p)
			s := sha256.Sum256(b)
			out = append(out, Norm(filepath.ToSlash(rel))+" "+hex.EncodeToString(s[:]))
		}
		return nil
	})
	slices.Sort(out)
	return out
}

func unpacked(t *testing.T, file string) *Tree {
	t.Helper()
	tree, err := Unpack(t.Context(), file, filepath.Join(t.TempDir(), "spool"), limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func treeListing(t *testing.T, tree *Tree) []string {
	t.Helper()
	var out []string
	for _, e := range tree.Entries {
		switch e.Type {
		case TypeSymlink:
			out = append(out, e.Norm+" -> "+e.Link)
		case TypeFile:
			b, err := os.ReadFile(e.Disk)
			s := sha256.Sum256(b)
			if err != nil || string(e.Digest) != hex.EncodeToString(s[:]) {
				t.Errorf("%s: stored content is not that of its digest: %v %s", e.Path, err, e.Why)
			}
			out = append(out, e.Norm+" "+string(e.Digest))
		}
	}
	slices.Sort(out)
	return out
}

// pack runs a packer of others; the test is skipped when it is not installed.
func pack(t *testing.T, dir, tool string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("%s is not installed", tool)
	}
	c := exec.Command(tool, args...)
	c.Dir = dir
	if b, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, b)
	}
}

// One tree in every form that an independent packer can write gives one listing.
func TestForms(t *testing.T) {
	dir := sampleTree(t)
	want := listing(t, dir)
	tests := []struct {
		name, tool string
		args       func(out string) []string
	}{
		{"a.tar", "tar", func(o string) []string { return []string{"cf", o, "."} }},
		{"a.tar.gz", "tar", func(o string) []string { return []string{"czf", o, "App.app"} }},
		{"a.tgz", "tar", func(o string) []string { return []string{"czf", o, "--format=ustar", "App.app"} }},
		{"a.tar.bz2", "tar", func(o string) []string { return []string{"cjf", o, "App.app"} }},
		{"a.tar.xz", "tar", func(o string) []string { return []string{"cJf", o, "--format=pax", "App.app"} }},
		{"a.zip", "7zz", func(o string) []string { return []string{"a", "-tzip", "-snl", o, "App.app"} }},
		{"a.dmg", "xorriso", func(o string) []string { return []string{"-outdev", o, "-hfsplus", "on", "-map", dir, "/"} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), tt.name)
			pack(t, dir, tt.tool, tt.args(out)...)
			tree := unpacked(t, out)
			if d := cmp.Diff(want, treeListing(t, tree)); d != "" {
				t.Errorf("(-folder +%s):\n%s", tt.name, d)
			}
			if len(tree.Gaps) > 0 {
				t.Errorf("gaps: %v", tree.Gaps)
			}
		})
	}
}

// Hard links in a tar archive are the same content under another name.
func TestTarHardLinks(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "a", Size: 5, Mode: 0o644})
	w.Write([]byte("hello"))
	w.WriteHeader(&tar.Header{Name: "b", Typeflag: tar.TypeLink, Linkname: "a"})
	w.WriteHeader(&tar.Header{Name: "c", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"})
	w.WriteHeader(&tar.Header{Name: "d", Typeflag: tar.TypeLink, Linkname: "later"})
	w.WriteHeader(&tar.Header{Name: "/abs", Size: 1, Mode: 0o644})
	w.Write([]byte("x"))
	w.WriteHeader(&tar.Header{Name: "up/../../x", Size: 1, Mode: 0o644})
	w.Write([]byte("x"))
	w.Close()
	file := filepath.Join(t.TempDir(), "a.tar")
	os.WriteFile(file, b.Bytes(), 0o600)
	tree := unpacked(t, file)
	got := map[string]string{}
	for _, e := range tree.Entries {
		got[e.Path] = fmt.Sprint(e.Size, " ", e.Why != "")
	}
	if d := cmp.Diff(map[string]string{"a": "5 false", "b": "5 false", "c": "0 true", "d": "0 true"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if tree.Lost.Unreadable != 2 || len(tree.Gaps) != 4 {
		t.Errorf("lost %+v, gaps %v", tree.Lost, tree.Gaps)
	}
}
