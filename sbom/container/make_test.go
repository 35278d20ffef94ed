package container

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/limit"
)

// item is one entry of a test archive.
type item struct {
	name, data string
	mode       fs.FileMode             // 0: a regular file
	change     func(h *zip.FileHeader) // makes it hostile: the header is written raw
}

// makeZip writes an archive. An item with a change is stored raw, with the
// header that change leaves.
func makeZip(t testing.TB, items ...item) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, it := range items {
		h := &zip.FileHeader{Name: it.name, Method: zip.Deflate}
		if it.mode != 0 {
			h.SetMode(it.mode)
		} else {
			h.SetMode(0o644)
		}
		create := w.CreateHeader
		if it.change != nil {
			h.Method = zip.Store
			h.CRC32 = crc32.ChecksumIEEE([]byte(it.data))
			h.CompressedSize64, h.UncompressedSize64 = uint64(len(it.data)), uint64(len(it.data))
			it.change(h)
			create = w.CreateRaw
		}
		f, err := create(h)
		if err == nil {
			_, err = f.Write([]byte(it.data))
		}
		if err != nil && !strings.HasSuffix(it.name, "/") {
			t.Fatalf("%q: %v", it.name, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// unpack unpacks bytes and checks what holds for every archive.
func unpack(t testing.TB, data []byte, m limit.Max) *Tree {
	t.Helper()
	dir := t.TempDir()
	name, dest := filepath.Join(dir, "in.zip"), filepath.Join(dir, "out")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	tree, err := Unpack(t.Context(), name, dest, limit.New(m))
	if err != nil {
		t.Fatalf("unpacking: %v", err)
	}
	checkTree(t, tree)
	checkPrivate(t, dir, tree)
	return tree
}

// checkTree checks the promises of the package doc over a tree.
func checkTree(t testing.TB, tree *Tree) {
	t.Helper()
	if err := tree.Lost.Validate(); err != nil {
		t.Error(err)
	}
	gaps := map[string]bool{}
	for _, g := range tree.Gaps {
		gaps[g.Path+"\x00"+g.Why] = true
		if g.Count < 1 || g.Why == "" || g.Kind == "" || g.Offset < -1 {
			t.Errorf("gap %+v", g)
		}
	}
	copies := map[string]int{}
	for _, e := range tree.Entries {
		if e.Path == "" || strings.HasPrefix(e.Path, "/") || strings.Contains("/"+e.Path+"/", "/../") || strings.Contains(e.Path, "\x00") {
			t.Errorf("path %q", e.Path)
		}
		if e.Type == TypeFile && (e.Disk == "") != (e.Why != "") || e.Type != TypeFile && e.Disk != "" {
			t.Errorf("%q: %s on disk at %q, why %q", e.Path, e.Type, e.Disk, e.Why)
		}
		if e.Why != "" && !gaps[e.Norm+"\x00"+e.Why] {
			t.Errorf("%q: no gap says %q", e.Path, e.Why)
		}
		if e.Copy != copies[e.Norm] {
			t.Errorf("%q: copy %d, want %d", e.Path, e.Copy, copies[e.Norm])
		}
		copies[e.Norm]++
		if e.Disk == "" {
			continue
		}
		data, err := os.ReadFile(e.Disk)
		if err != nil || int64(len(data)) != e.Size {
			t.Errorf("%q: %d bytes on disk, want %d, %v", e.Path, len(data), e.Size, err)
		}
		if sum := sha256.Sum256(data); e.Digest != "" && string(e.Digest) != hex.EncodeToString(sum[:]) {
			t.Errorf("%q: digest differs", e.Path)
		}
	}
}

// checkPrivate checks that only in.zip and contents named by their digests are
// below dir: nothing of an archive became a name, a link or a leftover.
func checkPrivate(t testing.TB, dir string, tree *Tree) {
	t.Helper()
	known := map[string]bool{}
	for _, e := range tree.Entries {
		known[e.Disk] = true
	}
	filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, p)
		switch {
		case err != nil:
			t.Error(err)
		case d.IsDir() && (rel == "." || rel == "out" || rel == "out/objects"):
		case rel == "in.zip":
		case d.Type().IsRegular() && filepath.Dir(rel) == "out/objects" && sbom.Digest(d.Name()).Valid() && known[p]:
			if info, err := d.Info(); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: mode %s, %v", rel, info.Mode(), err)
			}
		default:
			t.Errorf("%s (%s) was made", rel, d.Type())
		}
		return nil
	})
}

// makeFolder makes a small bundle with links.
func makeFolder(t *testing.T, dir string) {
	t.Helper()
	for _, d := range []string{"F.framework/Versions/A", "empty"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string]string{"F.framework/Versions/A/F": "code", "z": "", "M\u00fcll": "x", "._x": "\x00\x05\x16\x07\x00\x02\x00\x00data"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"F.framework/Versions/Current": "A", "F.framework/F": "Versions/Current/F", "out": "../..", "gone": "nowhere", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here")
		}
	}
}

// describe is a tree as text, one line for each entry and gap.
func describe(tree *Tree) string {
	var b strings.Builder
	for _, e := range tree.Entries {
		fmt.Fprintf(&b, "%s %q", e.Type, e.Path)
		if e.Norm != e.Path {
			fmt.Fprintf(&b, " norm=%q", e.Norm)
		}
		if e.Type == TypeSymlink {
			fmt.Fprintf(&b, " -> %q", e.Link)
		}
		if e.Type == TypeFile && e.Disk != "" {
			data, _ := os.ReadFile(e.Disk)
			fmt.Fprintf(&b, " %q", data[:min(len(data), 20)])
		}
		if e.Ignored {
			b.WriteString(" ignored")
		}
		if e.Copy > 0 {
			fmt.Fprintf(&b, " copy=%d", e.Copy)
		}
		b.WriteString("\n")
	}
	for _, g := range tree.Gaps {
		fmt.Fprintf(&b, "gap %s %q x%d: %s\n", g.Kind, g.Path, g.Count, g.Why)
	}
	for _, r := range tree.Lost.Reasons {
		fmt.Fprintf(&b, "lost %d: %s\n", r.Count, r.Why)
	}
	return b.String()
}
