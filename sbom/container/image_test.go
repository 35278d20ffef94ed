package container

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/hfsplus/hfsplustest"
	"github.com/kinbom/kinbom/sbom/container/udif/udiftest"
	"github.com/kinbom/kinbom/sbom/limit"
)

// unpackImage unpacks an image and says how many bytes that took in all.
func unpackImage(t *testing.T, image []byte) (*Tree, int64) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "a.dmg")
	if err := os.WriteFile(name, image, 0o600); err != nil {
		t.Fatal(err)
	}
	b := limit.New(limit.Max{})
	tree, err := UnpackAs(t.Context(), "dmg", name, filepath.Join(dir, "out"), b)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "out", "scratch*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	_, bytes := b.Used()
	return tree, bytes
}

func sectored(b []byte) []byte { return append(b, make([]byte, -len(b)&511)...) }

// An image larger than what memory keeps of it, with files in another order on
// the disk than in the catalog, in pieces that share chunks with other files,
// and with two names of one content: every chunk is unpacked exactly once.
func TestImageIsUnpackedOnce(t *testing.T) {
	const files, size = 80, 1<<20 + 70_001
	im := hfsplustest.Image{Name: "v", Free: 500}
	for i := range files {
		data := bytes.Repeat(fmt.Appendf(nil, "file %d\n", i), size/7+1)[:size]
		im.Files = append(im.Files, hfsplustest.File{Path: fmt.Sprintf("d/%02d", i*61%files), Data: data, Piece: 50})
	}
	im.Files = append(im.Files, hfsplustest.File{Path: "d/zz", HardLink: "d/05"})
	volume := sectored(im.Build().Bytes)
	tree, used := unpackImage(t, udiftest.Image(udiftest.Table{Name: "v", Data: volume, Kind: udiftest.Of(udiftest.Zlib)}))
	if len(tree.Gaps) > 0 {
		t.Fatalf("gaps %v", tree.Gaps)
	}
	count := 0
	for _, e := range tree.Entries {
		if e.Type == TypeFile && e.Size == size && e.Disk != "" {
			count++
		}
	}
	if count != files+1 || tree.Lookup("d/zz").Digest != tree.Lookup("d/05").Digest {
		t.Errorf("%d files, zz %+v", count, tree.Lookup("d/zz"))
	}
	// The budget pays for chunks as they are unpacked, and for contents as they
	// are stored.
	if want := int64(len(volume)) + files*size; used != want {
		t.Errorf("%d bytes taken instead of %d: %d bytes of chunks were unpacked again", used, want, used-want)
	}
}

// A chunk that a file needs is told by the file, at each of its names, and not
// once more by the checksum; a chunk that nobody needs is told by the checksum.
func TestImageChunksToldOnce(t *testing.T) {
	content := bytes.Repeat([]byte("content\n"), 100_000)
	for _, kind := range []uint32{udiftest.Zlib, udiftest.Bzip2, udiftest.XZ, udiftest.ADC, udiftest.LZFSE} {
		volume := sectored(hfsplustest.Image{Name: "v", Free: 400, Files: []hfsplustest.File{{Path: "a", Data: content}, {Path: "b", HardLink: "a"}, {Path: "c", Data: []byte("sound")}}}.Build().Bytes)
		const chunk = 512 * 512
		lost, spare := bytes.Index(volume, content)/chunk+1, len(volume)/chunk-1 // the last is of the copy of the header
		for _, damaged := range [][]int{{lost}, {lost, spare}} {
			tree, _ := unpackImage(t, udiftest.Image(udiftest.Table{Name: "v", Data: volume, Kind: udiftest.Of(kind), Packed: func(i int, _ []byte) []byte {
				if slices.Contains(damaged, i) {
					return []byte("\xff\xff nothing that unpacks")
				}
				return nil
			}}))
			count, first := map[string]int{}, ""
			for _, g := range tree.Gaps {
				if g.Kind != sbom.GapUntested {
					count[fmt.Sprintf("%s %q %v", g.Kind, g.Path, strings.HasPrefix(g.Why, "checksum of"))]++
				}
				switch {
				case g.Path == "a":
					first = g.Why
				case g.Path == "b" && g.Why != first:
					t.Errorf("the other name: %q, not %q", g.Why, first)
				case g.Path == "" && g.Kind == sbom.GapUnreadable && g.Offset <= 0:
					t.Errorf("not where the chunk is: %+v", g)
				}
			}
			want := map[string]int{`unreadable "a" false`: 1, `unreadable "b" false`: 1}
			if len(damaged) > 1 {
				want[`unreadable "" true`] = 1
			}
			if d := cmp.Diff(want, count); d != "" {
				t.Errorf("kind %#x, chunks %v damaged (-want +got):\n%s%v", kind, damaged, d, tree.Gaps)
			}
			if tree.Lookup("c").Digest != sbom.DigestOf([]byte("sound")) {
				t.Error("the sound file is lost")
			}
		}
	}
}

// Bytes that no file needs count too: a wrong sum, or a chunk there that cannot
// be unpacked, is a gap with its place. The files are not lost.
func TestImageChecksums(t *testing.T) {
	volume := sectored(hfsplustest.Image{Name: "v", Free: 400, Files: []hfsplustest.File{{Path: "a", Data: []byte("content")}}}.Build().Bytes)
	spare := len(volume) - 200*4096 // in free space
	for _, c := range []struct {
		name   string
		kind   uint32
		damage func(image []byte)
		want   []string
	}{
		{"sound", udiftest.Raw, func([]byte) {}, nil},
		{"stored", udiftest.Raw, func(b []byte) { b[spare]++ }, []string{`inconsistent 0 checksum of "data fork" differs`, `inconsistent 0 checksum of "v" differs`}},
		{"packed", udiftest.Zlib, func(b []byte) { b[bytes.LastIndex(b[:bytes.Index(b, []byte("<?xml"))], []byte{0x78, 0x9c})+5] ^= 0xff }, []string{`inconsistent 0 checksum of "data fork" differs`, `unreadable `}},
		{"sum of sums", udiftest.Raw, func(b []byte) { b[len(b)-512+360]++ }, []string{`checksum of "tables" differs`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			image := udiftest.Image(udiftest.Table{Name: "v", Data: volume, Kind: udiftest.Of(c.kind)})
			c.damage(image)
			tree, _ := unpackImage(t, image)
			if e := tree.Lookup("a"); e == nil || e.Digest != sbom.DigestOf([]byte("content")) {
				t.Errorf("entry %+v", e)
			}
			var got []string
			for _, g := range tree.Gaps {
				got = append(got, fmt.Sprintf("%s %d %s", g.Kind, g.Offset, g.Why))
				if g.Offset < 0 {
					t.Errorf("a gap without a place: %v", g)
				}
			}
			if len(got) != len(c.want) {
				t.Fatalf("gaps %q, want %q", got, c.want)
			}
			for i, w := range c.want {
				if !strings.Contains(got[i], w) {
					t.Errorf("gap %q, want %q", got[i], w)
				}
			}
		})
	}
}
