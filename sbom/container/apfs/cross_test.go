package apfs_test

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/apfs"
	"github.com/kinbom/kinbom/sbom/container/apfs/apfstest"
)

// writeRaw makes the raw image, as a sparse file.
func writeRaw(t *testing.T, s *apfstest.Sparse) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "apfs.img")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for n, b := range s.Blocks {
		if _, err := f.WriteAt(b, int64(n)*blockSize); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(s.Size); err != nil {
		t.Fatal(err)
	}
	return path
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	return path
}

// 7-Zip is an independent reader. It cannot open an image with a snapshot, so
// that plain is left out; and for a hole in a file it gives the container's first
// block (26.02), where the source, libfsapfs and we have zeros.
func TestSevenZipReadsTheSame(t *testing.T) {
	zz := tool(t, "7zz")
	s := loadImage(t, "small")
	v := openVolume(t, s, s.Size)
	dir := t.TempDir()
	if out, err := exec.Command(zz, "x", "-y", "-snld20", "-o"+dir, writeRaw(t, s)).CombinedOutput(); err != nil {
		t.Fatalf("7zz: %v\n%s", err, out)
	}
	n := 0
	walkFiles(t, v, func(e apfs.Entry, r io.Reader) {
		if e.Path == "fragments/sparse" {
			return
		}
		want, err := os.ReadFile(filepath.Join(dir, e.Path))
		if err != nil {
			t.Error(err)
			return
		}
		got, err := io.ReadAll(r)
		if err != nil || sha256.Sum256(got) != sha256.Sum256(want) {
			t.Errorf("%s: %d bytes, 7zz has %d; %v", e.Path, len(got), len(want), err)
		}
		n++
	})
	if n < 340 {
		t.Errorf("%d files only", n)
	}
}

// libfsapfs is an independent reader too: paths, sizes and MD5 of all files. Of a
// volume with a snapshot it shows the snapshot (20201107), and it unpacks a file
// with the attribute of decmpfs whatever its flag says.
func TestFsapfsReadsTheSame(t *testing.T) {
	bin := tool(t, "fsapfsinfo")
	for _, kind := range kinds {
		s := loadImage(t, kind)
		if kind == "plain" {
			mountSnapshot(t, s)
		}
		v := openVolume(t, s, s.Size)
		body := filepath.Join(t.TempDir(), "body")
		if out, err := exec.Command(bin, "-B", body, "-d", "-f", "1", "-H", writeRaw(t, s)).CombinedOutput(); err != nil {
			t.Fatalf("fsapfsinfo: %v\n%s", err, out)
		}
		data, err := os.ReadFile(body)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for sc := bufio.NewScanner(bytes.NewReader(data)); sc.Scan(); {
			if f := strings.Split(sc.Text(), "|"); len(f) > 6 {
				_, path, _ := strings.Cut(strings.TrimPrefix(f[1], "/"), "/")
				want[path] = f[0] + " " + f[6]
			}
		}
		n := 0
		walkFiles(t, v, func(e apfs.Entry, r io.Reader) {
			if e.Path == "attributes/packed" && kind == "fork" {
				var err error
				e.Compressed = true
				if r, err = v.Open(e); err != nil {
					t.Error(err)
					return
				}
			}
			sum := md5.New()
			size, err := io.Copy(sum, r)
			if got := fmt.Sprintf("%x %d", sum.Sum(nil), size); err != nil || got != want[e.Path] {
				t.Errorf("%s %s: %s, fsapfs has %q; %v", kind, e.Path, got, want[e.Path], err)
			}
			n++
		})
		if n < 340 {
			t.Errorf("%s: %d files only", kind, n)
		}
	}
}

func walkFiles(t *testing.T, v *apfs.Volume, visit func(apfs.Entry, io.Reader)) {
	t.Helper()
	err := v.Walk(t.Context(), func(e apfs.Entry) error {
		if e.Type != apfs.TypeFile {
			return nil
		}
		r, err := v.Open(e)
		if err != nil {
			t.Errorf("%s: %v", e.Path, err)
			return nil
		}
		visit(e, r)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
