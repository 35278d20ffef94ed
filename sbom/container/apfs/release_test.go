package apfs_test

import (
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/fixtures"
	"github.com/kinbom/kinbom/sbom/container/apfs"
)

func releaseImage(t *testing.T) *fixtures.Disk {
	t.Helper()
	d, err := fixtures.APFSRelease()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The Linux kernel module wrote the fixture release into an image. Its manifest
// says what was put in; every line of it is read, and nothing else.
func TestReleaseImage(t *testing.T) {
	d := releaseImage(t)
	want := strings.Split(strings.TrimSuffix(fixtures.APFSManifest(), "\n"), "\n")
	slices.Sort(want)
	if len(want) < 240 {
		t.Fatalf("manifest has %d lines only", len(want))
	}
	if d := cmp.Diff(want, manifest(t, openVolume(t, d, d.Size))); d != "" {
		t.Errorf("what was put in (-), what was read (+):\n%s", d)
	}
}

// What fsapfsinfo (20201107) says of the same image is committed: MD5, size, mode
// and path of everything in it.
func TestReleaseAsFsapfsReadIt(t *testing.T) {
	d := releaseImage(t)
	v := openVolume(t, d, d.Size)
	var got []string
	err := v.Walk(t.Context(), func(e apfs.Entry) error {
		sum, size := strings.Repeat("0", 32), int64(0)
		mode := fs.FileMode(e.Mode & 0o777).String()
		switch e.Type {
		case apfs.TypeDir:
			mode = "d" + mode[1:]
		case apfs.TypeSymlink:
			mode = "l" + mode[1:]
			e.Path += " -> " + e.Link
		case apfs.TypeFile:
			r, err := v.Open(e)
			if err != nil {
				t.Errorf("%s: %v", e.Path, err)
				return nil
			}
			h := md5.New()
			if size, err = io.Copy(h, r); err != nil {
				t.Errorf("%s: %v", e.Path, err)
			}
			sum = fmt.Sprintf("%x", h.Sum(nil))
		}
		got = append(got, fmt.Sprintf("%s\t%d\t%s\t%s", sum, size, mode, e.Path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if d := cmp.Diff(wantManifest(t, "../../../fixtures/family/release-1.apfs.fsapfsinfo"), got); d != "" {
		t.Errorf("fsapfsinfo (-), we (+):\n%s", d)
	}
}

// 7-Zip unpacks the same files and links from the image.
func TestReleaseAsSevenZipReadsIt(t *testing.T) {
	zz := tool(t, "7zz")
	d := releaseImage(t)
	raw := filepath.Join(t.TempDir(), "apfs.img")
	f, err := os.Create(raw)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for off, b := range d.Runs() {
		if _, err := f.WriteAt(b, off); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(d.Size); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if out, err := exec.Command(zz, "x", "-y", "-snld20", "-sns-", "-o"+dir, raw).CombinedOutput(); err != nil {
		t.Fatalf("7zz: %v\n%s", err, out)
	}
	var want []string
	filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		rel, _ := filepath.Rel(dir, p)
		switch {
		case e.Type() == fs.ModeSymlink:
			to, _ := os.Readlink(p)
			want = append(want, rel+" -> "+to)
		case e.Type().IsRegular():
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf("%s %x", rel, sha256.Sum256(b)))
		}
		return nil
	})
	var got []string
	v := openVolume(t, d, d.Size)
	err = v.Walk(t.Context(), func(e apfs.Entry) error {
		switch e.Type {
		case apfs.TypeSymlink:
			got = append(got, e.Path+" -> "+e.Link)
		case apfs.TypeFile:
			r, err := v.Open(e)
			if err != nil {
				return err
			}
			h := sha256.New()
			if _, err := io.Copy(h, r); err != nil {
				return err
			}
			got = append(got, fmt.Sprintf("%s %x", e.Path, h.Sum(nil)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" || len(got) < 100 {
		t.Errorf("%d entries; 7zz (-), we (+):\n%s", len(got), d)
	}
}
