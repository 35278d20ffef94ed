package xar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

func open(b []byte, m limit.Max) (*Reader, error) {
	return New(bytes.NewReader(b), int64(len(b)), limit.New(m))
}

func read(x *Reader, path string) (string, error) {
	e := x.Lookup(path)
	if e == nil {
		return "", errors.New("no entry " + path)
	}
	r, err := x.Open(e)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), err
}

func sample() []byte {
	return archivetest.XAR(
		archivetest.File{Name: "Distribution", Data: strings.Repeat("<x/>", 100), Encoding: "application/x-gzip"},
		archivetest.File{Name: "a.pkg/Payload", Data: "payload bytes", Sum: "sha256"},
		archivetest.File{Name: "a.pkg/Info", Data: strings.Repeat("info", 50), Encoding: "application/x-xz", Sum: "sha512"},
		archivetest.File{Name: "a.pkg/deep/er/file", Data: "deep", Sum: "md5", Mode: 0o755},
		archivetest.File{Name: "a.pkg/empty"},
		archivetest.File{Name: "a.pkg/link", Link: "../Distribution"})
}

func TestRead(t *testing.T) {
	x, err := open(sample(), limit.Max{})
	if err != nil || len(x.Troubles) > 0 {
		t.Fatalf("%v %v", err, x)
	}
	var got []string
	for i := range x.Entries {
		e := &x.Entries[i]
		c, err := read(x, e.Path)
		if (err == nil) != (e.Type == TypeFile) {
			t.Errorf("%s: %v", e.Path, err)
		}
		got = append(got, fmt.Sprintf("%s %s %o %q %d", e.Path, e.Type, e.Mode, e.Link, len(c)))
	}
	want := `Distribution file 644 "" 400|a.pkg directory 755 "" 0|a.pkg/Payload file 644 "" 13|a.pkg/Info file 644 "" 200|a.pkg/empty file 644 "" 0|a.pkg/link symlink 644 "../Distribution" 0|a.pkg/deep directory 755 "" 0|a.pkg/deep/er directory 755 "" 0|a.pkg/deep/er/file file 755 "" 4`
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// TestGenuine reads a package that Apple's tools made.
func TestGenuine(t *testing.T) {
	b, err := os.ReadFile(archivetest.Relic(t, "dummy.pkg"))
	if err != nil {
		t.Fatal(err)
	}
	x, err := open(b, limit.Max{})
	if err != nil || len(x.Troubles) > 0 || x.Signed {
		t.Fatalf("%v %+v", err, x)
	}
	sizes := map[string]int{"Distribution": 1067, "com.sas.dummy.pkg": -1, "com.sas.dummy.pkg/Bom": 36574, "com.sas.dummy.pkg/Payload": 10818, "com.sas.dummy.pkg/PackageInfo": 830}
	if len(x.Entries) != len(sizes) {
		t.Fatalf("%d entries", len(x.Entries))
	}
	for p, n := range sizes {
		if n < 0 {
			continue
		}
		if c, err := read(x, p); err != nil || len(c) != n {
			t.Errorf("%s: %d bytes, %v", p, len(c), err)
		}
	}
	sevenZip(t, b, x)
}

func TestSevenZip(t *testing.T) {
	b := sample()
	x, err := open(b, limit.Max{})
	if err != nil {
		t.Fatal(err)
	}
	sevenZip(t, b, x)
}

// sevenZip compares every file with what 7zz unpacks.
func sevenZip(t *testing.T, b []byte, x *Reader) {
	t.Helper()
	if _, err := exec.LookPath("7zz"); err != nil {
		t.Skip("7zz is not installed")
	}
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "in.xar"), b, 0o600)
	// Links and the methods that 7zz does not know make it return an error.
	exec.Command("7zz", "x", "-y", "-o"+filepath.Join(dir, "out"), filepath.Join(dir, "in.xar")).Run()
	n := 0
	for i := range x.Entries {
		e := &x.Entries[i]
		if e.Type != TypeFile || e.Encoding == "application/x-xz" {
			continue
		}
		got, err := read(x, e.Path)
		if err != nil {
			t.Errorf("%s: %v", e.Path, err)
		}
		want, err := os.ReadFile(filepath.Join(dir, "out", e.Path))
		if err != nil || string(want) != got {
			t.Errorf("%s: 7zz reads %d bytes (%v), we %d", e.Path, len(want), err, len(got))
		}
		n++
	}
	if n < 3 {
		t.Errorf("only %d files compared", n)
	}
}

func TestTruncated(t *testing.T) {
	b := sample()
	whole, _ := open(b, limit.Max{})
	for n := range b {
		x, err := open(b[:n], limit.Max{})
		var bad *malformed.Error
		if int64(n) < whole.heap {
			if !errors.As(err, &bad) || x != nil {
				t.Fatalf("cut at %d: %v", n, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d, in the heap: %v", n, err)
		}
		lost := len(x.Troubles)
		for i := range x.Entries {
			e := &x.Entries[i]
			if e.Type != TypeFile {
				continue
			}
			if _, err := read(x, e.Path); err != nil {
				lost++
				if !errors.As(err, &bad) || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("cut at %d: %s: %v", n, e.Path, err)
				}
			}
		}
		if lost == 0 {
			t.Fatalf("cut at %d loses nothing", n)
		}
	}
}

func TestChecksums(t *testing.T) {
	b := sample()
	x, _ := open(b, limit.Max{})
	for i := range x.Entries {
		e := &x.Entries[i]
		if e.Type != TypeFile || e.Length == 0 {
			continue
		}
		bad := bytes.Clone(b)
		bad[e.Offset+e.Length-1] ^= 1
		y, err := open(bad, limit.Max{})
		if err != nil {
			t.Fatal(err)
		}
		for j := range y.Entries {
			if f := &y.Entries[j]; f.Type == TypeFile {
				if _, err := read(y, f.Path); (err != nil) != (i == j) {
					t.Errorf("%s damaged, %s: %v", e.Path, f.Path, err)
				}
			}
		}
	}
	bad := bytes.Clone(b)
	bad[x.heap] ^= 1
	if y, err := open(bad, limit.Max{}); err != nil || len(y.Troubles) != 1 || !strings.Contains(y.Troubles[0].Error(), "checksum of the table of contents differs") {
		t.Errorf("%v %v", err, y)
	}
}

// TestHostile names the failure of each table of contents.
func TestHostile(t *testing.T) {
	for _, c := range archivetest.HostileXARs() {
		x, err := open(c.Bytes, limit.Max{Entries: 1000, PathLength: 255})
		if err == nil && len(x.Entries) == 1 {
			var r io.Reader
			if r, err = x.Open(&x.Entries[0]); err == nil {
				_, err = io.ReadAll(r)
			}
		}
		var bad *malformed.Error
		var over *limit.Error
		if err == nil || !strings.Contains(err.Error(), c.Want) || !errors.As(err, &bad) && !errors.As(err, &over) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

func TestHeader(t *testing.T) {
	edit := func(off int, c ...byte) []byte {
		b := sample()
		copy(b[off:], c)
		return b
	}
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"magic": {edit(0, 'y'), "magic"}, "header size": {edit(4, 0, 4), "header size"}, "version": {edit(6, 9), "version"},
		"huge table": {edit(8, 255), "not inside"}, "exabyte table": {edit(8, 0x10), "not inside"}, "huge claim": {edit(16, 255), "not possible"}, "zlib": {edit(28, 0), "unpacked"},
	} {
		if _, err := open(c.b, limit.Max{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if x, err := open(edit(23, 1), limit.Max{}); err != nil || len(x.Troubles) != 1 {
		t.Errorf("another size claimed: %v", err)
	}
}

// TestNames covers names before and after what is in the folder, base64, and
// paths that are hostile: they are given as found.
func TestNames(t *testing.T) {
	toc := `<xar><toc><file id="1"><type>directory</type><file id="2"><name enctype="base64">w6Q=</name><data><length>0</length></data></file><name>late</name></file>
<file id="3"><name>../up</name></file><file id="4"><name>a/b</name><type link="original">hardlink</type><data><offset>20</offset><length>2</length><size>2</size></data></file>
<file id="5"><name>hard</name><type link="4">hardlink</type></file><signature style="RSA"/><file id="6"/></toc></xar>`
	x, err := open(archivetest.XARRaw([]byte(toc), append(make([]byte, 20), "hi"...)), limit.Max{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range x.Entries {
		got = append(got, e.Path)
	}
	if s := strings.Join(got, "|"); s != "late|late/ä|../up|a/b|hard|" || !x.Signed {
		t.Errorf("%q", s)
	}
	if c, err := read(x, "hard"); err != nil || c != "hi" {
		t.Errorf("hard link: %q, %v", c, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample())
	f.Add(archivetest.XARRaw([]byte(`<xar><toc><file id="1"><name>f</name><data><length>4</length><encoding style="application/x-bzip2"/></data></file></toc></xar>`), make([]byte, 30)))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := open(b, limit.Max{Entries: 1000, Ratio: 100, RatioFloor: 1 << 20})
		if err != nil {
			if x != nil {
				t.Error("a reader along with an error")
			}
			return
		}
		for i := range x.Entries {
			if r, err := x.Open(&x.Entries[i]); err == nil {
				n, _ := io.Copy(io.Discard, r)
				if n > x.Entries[i].Size {
					t.Errorf("%d bytes of %d", n, x.Entries[i].Size)
				}
			}
		}
	})
}

// FuzzTOC fuzzes the XML behind the compression.
func FuzzTOC(f *testing.F) {
	f.Add([]byte(`<xar><toc><checksum style="sha1"><offset>0</offset><size>20</size></checksum><file id="1"><name>f</name><type>file</type><data><length>4</length><offset>20</offset><size>4</size></data></file></toc></xar>`))
	f.Fuzz(func(t *testing.T, toc []byte) {
		x, err := open(archivetest.XARRaw(toc, make([]byte, 30)), limit.Max{Entries: 1000})
		if err != nil {
			return
		}
		for i := range x.Entries {
			if r, err := x.Open(&x.Entries[i]); err == nil {
				io.Copy(io.Discard, r)
			}
		}
	})
}
