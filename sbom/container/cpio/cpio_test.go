package cpio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/malformed"
)

var formats = []string{"odc", "newc", "crc"}

func sample(format string) []byte { return archivetest.SampleCPIO(format) }

// list reads an archive whole: a line for each entry.
func list(r io.Reader) ([]string, error) {
	c := NewReader(r)
	var out []string
	for {
		h, err := c.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		data, err := io.ReadAll(c)
		if err != nil {
			return out, err
		}
		out = append(out, fmt.Sprintf("%s %s %o %q %q", h.Name, h.Type, h.Mode&0o777, h.Link, data))
	}
}

func TestRead(t *testing.T) {
	want := `./App dir 755 "" ""|./App/main file 755 "" "code of the app"|./App/link symlink 755 "main" ""|./empty file 644 "" ""|./odd file 644 "" "123"|./dev device 644 "" ""|./pipe other 644 "" ""`
	for _, f := range formats {
		b := sample(f)
		if string(Detect(b)) != f {
			t.Errorf("%s is taken for %q", f, Detect(b))
		}
		got, err := list(bytes.NewReader(append(b, make([]byte, 512)...)))
		if s := strings.Join(got, "|"); err != nil || s != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", f, err, s, want)
		}
	}
}

// TestSkip leaves contents unread.
func TestSkip(t *testing.T) {
	for _, f := range formats {
		c := NewReader(bytes.NewReader(sample(f)))
		n := 0
		for ; ; n++ {
			h, err := c.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if n%2 == 1 && h.Size > 2 {
				c.Read(make([]byte, 2))
			}
		}
		if n != 7 {
			t.Errorf("%s: %d entries", f, n)
		}
	}
}

func TestTruncated(t *testing.T) {
	for _, f := range formats {
		b := sample(f)
		end := len(bytes.TrimRight(b, "\x00")) + 1 // only padding comes behind
		whole, _ := list(bytes.NewReader(b))
		for n := range end {
			got, err := list(bytes.NewReader(b[:n]))
			var bad *malformed.Error
			if !errors.As(err, &bad) || !errors.Is(err, io.ErrUnexpectedEOF) || bad.Offset > int64(n) {
				t.Fatalf("%s cut at %d: %v", f, n, err)
			}
			if strings.Join(got, "|") != strings.Join(whole[:len(got)], "|") {
				t.Fatalf("%s cut at %d: other entries", f, n)
			}
		}
	}
}

func TestHostile(t *testing.T) {
	for _, c := range archivetest.HostileCPIOs() {
		_, err := list(bytes.NewReader(c.Bytes))
		var bad *malformed.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.Want) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

// TestChecksumGoesOn reads on behind a content with a wrong checksum.
func TestChecksumGoesOn(t *testing.T) {
	b := sample("crc")
	b[bytes.Index(b, []byte("code of"))] ^= 1
	c := NewReader(bytes.NewReader(b))
	n, wrong := 0, 0
	for {
		_, err := c.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
		if _, err := io.ReadAll(c); err != nil {
			wrong++
		}
	}
	if n != 7 || wrong != 1 {
		t.Errorf("%d entries, %d wrong", n, wrong)
	}
}

func TestHardLinks(t *testing.T) {
	b := archivetest.CPIO("newc", archivetest.File{Name: "a", Inode: 9, Links: 2}, archivetest.File{Name: "b", Inode: 9, Links: 2, Data: "shared"}, archivetest.File{Name: "c", Inode: 10})
	c := NewReader(bytes.NewReader(b))
	a, _ := c.Next()
	bb, _ := c.Next()
	cc, err := c.Next()
	if err != nil || a.Inode != bb.Inode || a.Device != bb.Device || a.Links != 2 || a.Size != 0 || bb.Size != 6 || cc.Inode == a.Inode || cc.Links != 1 {
		t.Errorf("%v: %+v %+v %+v", err, a, bb, cc)
	}
}

func needCPIO(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("cpio is not installed")
	}
}

// TestFromCPIO reads what cpio writes.
func TestFromCPIO(t *testing.T) {
	needCPIO(t)
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, "App/Contents"), 0o755)
	os.WriteFile(filepath.Join(dir, "App/Contents/exe"), bytes.Repeat([]byte("0123456789"), 20_001), 0o755)
	os.WriteFile(filepath.Join(dir, "App/ä ü"), []byte("umlaut"), 0o600)
	os.Symlink("Contents/exe", filepath.Join(dir, "App/link"))
	os.Link(filepath.Join(dir, "App/ä ü"), filepath.Join(dir, "App/zz"))
	for _, f := range formats {
		cmd := exec.Command("sh", "-c", "find . | LC_ALL=C sort | cpio --quiet -o -H "+f)
		cmd.Dir = dir
		b, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		c := NewReader(bytes.NewReader(b))
		var got []string
		for {
			h, err := c.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			data, err := io.ReadAll(c)
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			if h.Type == TypeFile && len(data) > 0 {
				want, _ := os.ReadFile(filepath.Join(dir, h.Name))
				if !bytes.Equal(want, data) {
					t.Errorf("%s: %s differs", f, h.Name)
				}
			}
			links := uint32(1)
			if h.Type == TypeFile {
				links = h.Links
			}
			got = append(got, fmt.Sprint(h.Name, " ", h.Type, " ", h.Link, links))
		}
		want := ". dir 1|App dir 1|App/Contents dir 1|App/Contents/exe file 1|App/link symlink Contents/exe1|App/zz file 2|App/ä ü file 2"
		sort.Strings(got)
		if s := strings.ReplaceAll(strings.Join(got, "|"), "./", ""); s != want {
			t.Errorf("%s:\ngot  %s\nwant %s", f, s, want)
		}
	}
}

// TestToCPIO lets cpio read what the tests write, so that the samples are sound.
func TestToCPIO(t *testing.T) {
	needCPIO(t)
	for _, f := range formats {
		cmd := exec.Command("cpio", "-t", "--quiet")
		cmd.Stdin = bytes.NewReader(sample(f))
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != "./App\n./App/main\n./App/link\n./empty\n./odd\n./dev\n./pipe\n" {
			t.Errorf("%s: %v: %s", f, err, out)
		}
	}
}

// TestSevenZip compares every file with what 7-Zip unpacks.
func TestSevenZip(t *testing.T) {
	zz, err := exec.LookPath("7zz")
	if err != nil {
		t.Skip("7zz is not installed")
	}
	for _, form := range formats {
		b := archivetest.CPIO(form, archivetest.File{Name: "./"}, archivetest.File{Name: "./App/"},
			archivetest.File{Name: "./App/main", Data: strings.Repeat("code", 5001), Mode: 0o755},
			archivetest.File{Name: "./App/\u00e4 \u00fc", Data: "umlaut"}, archivetest.File{Name: "./App/link", Link: "main"},
			archivetest.File{Name: "./empty"})
		dir := t.TempDir()
		file, out := filepath.Join(dir, "a.cpio"), filepath.Join(dir, "out")
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if msg, err := exec.Command(zz, "x", "-y", "-tcpio", "-o"+out, file).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", form, err, msg)
		}
		n := 0
		for c := NewReader(bytes.NewReader(b)); ; n++ {
			h, err := c.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(out, h.Name)
			info, err := os.Lstat(name)
			switch {
			case err != nil:
				t.Errorf("%s: %v", form, err)
			case h.Type == TypeSymlink:
				if to, err := os.Readlink(name); err != nil || to != h.Link {
					t.Errorf("%s: %s leads to %q, 7zz has %q, %v", form, h.Name, h.Link, to, err)
				}
			case h.Type == TypeDir && !info.IsDir():
				t.Errorf("%s: 7zz has %s as %v", form, h.Name, info.Mode())
			case h.Type == TypeFile:
				if want, err := os.ReadFile(name); err != nil || !bytes.Equal(want, got) {
					t.Errorf("%s: %s: 7zz reads %d bytes (%v), we %d", form, h.Name, len(want), err, len(got))
				}
			}
		}
		if n != 6 {
			t.Errorf("%s: %d entries", form, n)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, form := range formats {
		f.Add(sample(form))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := NewReader(bytes.NewReader(b))
		last := int64(-1)
		for {
			h, err := c.Next()
			if err != nil {
				var bad *malformed.Error
				if err != io.EOF && !errors.As(err, &bad) {
					t.Fatalf("error of an unknown kind: %v", err)
				}
				return
			}
			if h.Offset <= last || h.Size < 0 {
				t.Fatalf("%+v after %d", h, last)
			}
			last = h.Offset
			if n, _ := io.Copy(io.Discard, c); n > h.Size || n > int64(len(b)) {
				t.Fatalf("%d bytes of %d", n, h.Size)
			}
		}
	})
}
