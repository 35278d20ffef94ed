package apfs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz"

	"github.com/kinbom/kinbom/sbom/container/apfs"
	"github.com/kinbom/kinbom/sbom/container/apfs/apfstest"
	"github.com/kinbom/kinbom/sbom/limit"
)

// With -image NAME (of what fixtures/containers/apfs.sh made: NAME.img and
// NAME.manifest) TestFullImage reads that image; -pack KIND also writes it to testdata.
var (
	imageFlag = flag.String("image", "", "raw image made by fixtures/containers/apfs.sh, without .img")
	packFlag  = flag.String("pack", "", "name in testdata for -image")
)

// kinds are the images in testdata.
var kinds = []string{"small", "plain", "fork"}

const blockSize = apfstest.BlockSize

func loadImage(t testing.TB, kind string) *apfstest.Sparse {
	t.Helper()
	s, err := apfstest.Load("testdata/" + kind + ".blocks.xz")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openVolume(t testing.TB, r io.ReaderAt, size int64) *apfs.Volume {
	t.Helper()
	c, err := apfs.New(r, size, limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Damage) > 0 || c.Truncated {
		t.Errorf("container has damage: %v", c.Damage)
	}
	vs := c.Volumes()
	if len(vs) != 1 || vs[0].Err != nil {
		t.Fatalf("volumes: %+v", vs)
	}
	return vs[0]
}

// manifest lists what is in a volume as fixtures/containers/apfs.sh does. What
// cannot be read is a line with an exclamation mark.
func manifest(t testing.TB, v *apfs.Volume) []string {
	t.Helper()
	var lines []string
	names := map[uint64]int{}
	var files []apfs.Entry
	err := v.Walk(context.Background(), func(e apfs.Entry) error {
		if e.Err != nil {
			lines = append(lines, fmt.Sprintf("!\t%s\t%v", e.Path, e.Err))
		}
		attrs, err := v.AttrNames(e)
		if err != nil {
			t.Errorf("attributes of %s: %v", e.Path, err)
		}
		for _, a := range attrs {
			val, err := v.Attr(e, a)
			if err != nil {
				t.Errorf("attribute %s of %s: %v", a, e.Path, err)
			}
			lines = append(lines, fmt.Sprintf("x\t%s\t%s\t%d\t%x", e.Path, a, len(val), sha256.Sum256(val)))
		}
		switch e.Type {
		case apfs.TypeDir:
			lines = append(lines, fmt.Sprintf("d\t%o\t%s", e.Mode&0o7777, e.Path))
		case apfs.TypeSymlink:
			lines = append(lines, fmt.Sprintf("l\t%s\t%s", e.Path, e.Link))
		case apfs.TypeFile:
			names[e.ID]++
			files = append(files, e)
		default:
			t.Errorf("%s is of type %s", e.Path, e.Type)
		}
		return nil
	})
	if err != nil {
		t.Errorf("walk: %v", err)
	}
	for _, e := range files {
		sum := sha256.New()
		r, err := v.Open(e)
		if err == nil {
			var n int64
			if n, err = io.Copy(sum, r); err == nil && n != e.Size {
				t.Errorf("%s: %d bytes, want %d", e.Path, n, e.Size)
			}
		}
		if err != nil {
			lines = append(lines, fmt.Sprintf("!\t%s\t%v", e.Path, err))
		}
		if e.HardLink != (names[e.ID] > 1) {
			t.Errorf("%s: hard link %v with %d names", e.Path, e.HardLink, names[e.ID])
		}
		lines = append(lines, fmt.Sprintf("f\t%o\t%d\t%d\t%x\t%s", e.Mode&0o7777, e.Size, names[e.ID], sum.Sum(nil), e.Path))
	}
	slices.Sort(lines)
	return lines
}

func wantManifest(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	slices.Sort(lines)
	return lines
}

// Every path, mode, size, link, attribute and content of an image that the Linux
// kernel module wrote is what was put into it.
func TestImageOfAnotherWriter(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			s := loadImage(t, kind)
			got := manifest(t, openVolume(t, s, s.Size))
			want := wantManifest(t, "testdata/"+kind+".manifest")
			if len(want) < 350 {
				t.Fatalf("manifest has %d lines only", len(want))
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("what was put in (-), what was read (+):\n%s", d)
			}
		})
	}
}

func TestFullImage(t *testing.T) {
	if *imageFlag == "" {
		t.Skip("no -image NAME given; fixtures/containers/apfs.sh makes one")
	}
	f, err := os.Open(*imageFlag + ".img")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if *packFlag != "" {
		writePacked(t, f, st.Size())
	}
	got := manifest(t, openVolume(t, f, st.Size()))
	want := wantManifest(t, *imageFlag+".manifest")
	t.Logf("%d lines", len(got))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("what was put in (-), what was read (+):\n%s", d)
	}
}

func writePacked(t *testing.T, f *os.File, size int64) {
	s := &apfstest.Sparse{Size: size, Blocks: map[uint32][]byte{}}
	zero := make([]byte, 256*blockSize)
	for off := int64(0); off < size; off += int64(len(zero)) {
		chunk := make([]byte, min(int64(len(zero)), size-off))
		if _, err := f.ReadAt(chunk, off); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(chunk, zero[:len(chunk)]) {
			continue
		}
		for i := 0; i < len(chunk); i += blockSize {
			if b := chunk[i : i+blockSize]; !bytes.Equal(b, zero[:blockSize]) {
				s.Blocks[uint32((off+int64(i))/blockSize)] = b
			}
		}
	}
	var out bytes.Buffer
	w, err := xz.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(apfstest.Pack(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/"+*packFlag+".blocks.xz", out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
