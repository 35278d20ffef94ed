package hfsplus

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/hfsplus/hfsplustest"
	"github.com/kinbom/kinbom/sbom/limit"
)

// tool skips the test when an independent tool is not installed.
func tool(t *testing.T, name string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: no second reader to compare with", name)
	}
	return p
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, errs.Bytes())
	}
	return out
}

// forOthers is everything, without what 7-Zip says that it does not read: an
// attribute in more than eight extents.
func forOthers(block, node int) hfsplustest.Image {
	im := everything()
	im.BlockSize, im.NodeSize, im.CatalogPiece = block, node, max(1, 2*node/block)
	for i := range im.Files {
		if im.Files[i].Path == "attrs" {
			im.Files[i].Attrs[1].Piece = 4 * 4096 / block
		}
	}
	return im
}

func TestAgainst7zz(t *testing.T) {
	zz := tool(t, "7zz")
	for _, c := range []struct {
		name        string
		x, wrap     bool
		block, node int
	}{{"plain", false, false, 4096, 4096}, {"hfsx", true, false, 4096, 8192}, {"small blocks", false, false, 512, 4096}, {"wrapped", false, true, 4096, 4096}} {
		t.Run(c.name, func(t *testing.T) {
			im := forOthers(c.block, c.node)
			im.X = c.x
			data := im.Build().Bytes
			if c.wrap {
				data = hfsplustest.Wrap(data)
			}
			image := filepath.Join(t.TempDir(), "image")
			if err := os.WriteFile(image, data, 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, zz, "t", "-thfs", image) // no errors, no warnings about headers
			compareTree(t, open(t, data), unpack(t, zz, "-thfs", image))
		})
	}
}

// unpack returns the folder with the content of an image, without attributes and
// resource forks.
func unpack(t *testing.T, zz, kind, image string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, zz, "x", "-y", "-sns-", kind, "-o"+dir, image)
	return dir
}

// compareTree compares all that is listed with what another reader unpacked. The
// other one names the volume's root and writes '_' for ':'.
func compareTree(t *testing.T, v *Volume, dir string) {
	t.Helper()
	seen := map[string]bool{}
	for p, e := range entries(t, v) {
		name := strings.ReplaceAll(p, ":", "_")
		if e.Private && strings.HasPrefix(p, "␀") {
			name = "[HFS+ Private Data]" + p[len("␀␀␀␀HFS+ Private Data"):]
		}
		if strings.HasPrefix(name, hfsplustest.LinkedFolders) {
			continue // the other one strips the line end of this name
		}
		seen[name] = true
		compareEntry(t, v, e, filepath.Join(dir, v.Name, name))
	}
	n := 0
	root := filepath.Join(dir, v.Name)
	filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		if rel, _ := filepath.Rel(root, p); rel != "." && !seen[rel] && !strings.HasPrefix(rel, hfsplustest.LinkedFolders[:10]) {
			t.Errorf("the other reader has %q", rel)
		}
		n++
		return nil
	})
	if n < 2 {
		t.Errorf("the other reader unpacked %d entries", n)
	}
}

func compareEntry(t *testing.T, v *Volume, e Entry, other string) {
	t.Helper()
	info, err := os.Lstat(other)
	if err != nil || e.Err != nil {
		t.Errorf("%q: %v; other reader: %v", e.Path, e.Err, err)
		return
	}
	switch e.Type {
	case TypeDir:
		if !info.IsDir() {
			t.Errorf("%q: the other reader has %v", e.Path, info.Mode())
		}
	case TypeSymlink:
		if to, err := os.Readlink(other); err != nil || to != e.Link {
			t.Errorf("%q leads to %q; other reader: %q, %v", e.Path, e.Link, to, err)
		}
	case TypeFile:
		if e.HardLink {
			return // 7-Zip unpacks nothing there; the content itself is compared
		}
		want, err := os.ReadFile(other)
		if err != nil || !bytes.Equal(content(t, v, e), want) {
			t.Errorf("%q: %d bytes; other reader: %d, %v, or other bytes", e.Path, e.Size, len(want), err)
		}
	}
}

func TestAgainstSleuthKit(t *testing.T) {
	icat := tool(t, "icat")
	for _, x := range []bool{false, true} {
		im := forOthers(4096, 4096)
		im.X, im.Sensitive = x, x
		for i := range im.Files { // the other reader gives up a file with an attribute in a fork
			if im.Files[i].Path == "attrs" {
				im.Files[i].Attrs = im.Files[i].Attrs[:1]
			}
		}
		data := im.Build().Bytes
		image := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(image, data, 0o600); err != nil {
			t.Fatal(err)
		}
		v := open(t, data)
		n := 0
		for p, e := range entries(t, v) {
			if e.Type != TypeFile || strings.HasPrefix(p, "many/") {
				continue
			}
			n++
			if other := run(t, icat, "-f", "hfs", image, fmt.Sprint(e.ID)); !bytes.Equal(content(t, v, e), other) {
				t.Errorf("%q: %d bytes; other reader: %d, or other bytes", p, e.Size, len(other))
			}
		}
		if n < 15 {
			t.Errorf("compared %d files", n)
		}
	}
}

// A disc image of xorriso holds an HFS+ volume in a partition.
func TestAgainstXorriso(t *testing.T) {
	xorriso := tool(t, "xorriso")
	src := t.TempDir()
	app := filepath.Join(src, "X.app", "Contents")
	if err := os.MkdirAll(app, 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"empty": nil, "e\u0301:u\u0308": []byte("name"), "large": pattern(300_001)}
	for i := range 200 {
		files[fmt.Sprintf("file number %d", i)] = pattern(i)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(app, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../Contents/large", filepath.Join(app, "link")); err != nil {
		t.Fatal(err)
	}
	iso := filepath.Join(t.TempDir(), "x.iso")
	run(t, xorriso, "-outdev", iso, "-hfsplus", "on", "-map", src, "/")
	data, err := os.ReadFile(iso)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("H+\x00\x04"))
	if at < 1024 {
		t.Fatal("no volume in the image")
	}
	v := open(t, data[at-1024:])
	got := entries(t, v)
	for name, want := range files {
		e := got["X.app/Contents/"+name]
		if e.Type != TypeFile || !bytes.Equal(content(t, v, e), want) {
			t.Errorf("%q: %+v", name, e)
		}
	}
	if e := got["X.app/Contents/link"]; e.Type != TypeSymlink || e.Link != "../Contents/large" {
		t.Errorf("link: %+v", e)
	}
	if len(got) != len(files)+3 {
		t.Errorf("%d entries", len(got))
	}
}

// The module relic carries an image that hdiutil made.
func TestRealVolume(t *testing.T) {
	zz := tool(t, "7zz")
	cache := strings.TrimSpace(string(run(t, tool(t, "go"), "env", "GOMODCACHE")))
	dmg := filepath.Join(cache, "github.com/sassoftware/relic/v7@v7.6.2/functest/packages/dummy.dmg")
	if _, err := os.Stat(dmg); err != nil {
		t.Skip("the module relic is not in the module cache")
	}
	raw := t.TempDir()
	run(t, zz, "x", "-y", "-tdmg", "-o"+raw, dmg)
	image := filepath.Join(raw, "4.hfs")
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(f, size, limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	compareTree(t, v, unpack(t, zz, "-thfs", image))
	if all := entries(t, v); len(all) != 11 || all["dummy.app/Contents/Info.plist"].Mode != 0o100644 {
		t.Errorf("%d entries, Info.plist has mode %o", len(all), all["dummy.app/Contents/Info.plist"].Mode)
	}
}
