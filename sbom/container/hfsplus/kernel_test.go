package hfsplus

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/kinbom/kinbom/sbom/container/hfsplus/hfsplustest"
)

var emptyFile = flag.String("empty", "", "where TestWriteEmpty writes its volume")

// TestWriteEmpty writes the volume that testdata/kernel.sh starts from. It has
// what the kernel does not make by itself: an attributes tree.
func TestWriteEmpty(t *testing.T) {
	if *emptyFile == "" {
		t.Skip("no -empty file is given")
	}
	im := hfsplustest.Image{Name: "Kernel", Free: 500, Files: []hfsplustest.File{
		{Path: "seed", Data: []byte("seed"), Attrs: []hfsplustest.Attr{{Name: "com.example.seed", Value: []byte("x")}}}}}
	if err := os.WriteFile(*emptyFile, im.Build().Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
}

// kernelImage is a volume that Linux's own driver has filled: testdata/kernel.sh.
func kernelImage(t testing.TB) []byte {
	t.Helper()
	packed, err := os.ReadFile("testdata/kernel.hfs.gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What Linux reads is what we read.
func TestAgainstTheKernel(t *testing.T) {
	v := open(t, kernelImage(t))
	if v.Dirty || v.Name != "Kernel" {
		t.Errorf("volume %q, dirty: %s", v.Name, v.DirtyWhy)
	}
	lines := map[string]bool{}
	content := func(e Entry) string { return fmt.Sprintf("%x", sha256.Sum256(content(t, v, e))) }
	all := entries(t, v)
	for p, e := range all {
		if e.Err != nil {
			t.Errorf("%q: %v", p, e.Err)
		}
		p = norm.NFC.String(p)
		switch {
		case e.Private:
		case e.Type == TypeDir:
			lines["d "+p] = true
		case e.Type == TypeSymlink:
			lines["l "+p+" -> "+e.Link] = true
		default:
			links := 1
			if e.HardLink {
				links = 3
			}
			lines[fmt.Sprintf("f %o %d %d %s %s", e.Mode&0o7777, e.Size, links, content(e), p)] = true
		}
	}
	f, err := os.Open("testdata/kernel.manifest")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); n++ {
		line := norm.NFC.String(s.Text())
		if !lines[line] {
			t.Errorf("the kernel reads %s", line)
		}
		delete(lines, line)
	}
	for line := range lines {
		t.Errorf("the kernel does not read %s", line)
	}
	if n < 200 {
		t.Errorf("the kernel reads %d entries", n)
	}
	for name, want := range map[string]int{"com.example.short": 6, "com.example.long": 2692} {
		if p, err := v.Attr(all["attributes"], name); err != nil || len(p) != want || !strings.HasPrefix(string(p), "1\n2\n3\n") {
			t.Errorf("attribute %s: %d bytes, %v", name, len(p), err)
		}
	}
	if all["pieces/a"].data.list[7].count == 0 || all["pieces/a"].data.blocks != 16 {
		t.Error("pieces/a is not in pieces: the image tests less than it should")
	}
}
