package macho

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

var leOrder = binary.LittleEndian

// TestFat reads two slices, each as if it stood alone, with offsets in the file.
func TestFat(t *testing.T) {
	a, b := machotest.Sample(false), machotest.Image{Arch: "x86_64", Type: "dylib", Strings: []string{"other slice"}}.Build()
	for _, wide := range []bool{false, true} {
		file := machotest.Fat(a, b)
		if wide {
			file = widen(file)
		}
		f, err := ReadBytes(file, Options{})
		if err != nil || !f.Fat || len(f.Slices) != 2 || len(f.Gaps) > 0 {
			t.Fatalf("wide %v: %v %+v", wide, err, f)
		}
		for i, alone := range [][]byte{a, b} {
			s := f.Slices[i]
			want(t, "image", s.Image, one(t, alone, Options{}).Image)
			if string(file[s.Offset:s.Offset+s.Image.Size]) != string(alone) {
				t.Errorf("slice %d is not at offset %d", i, s.Offset)
			}
			facts(t, &s, file, sbom.FactString) // checks the places
		}
	}
}

// widen rewrites a universal header of two slices in its 64-bit form.
func widen(b []byte) []byte {
	be := binary.BigEndian
	h := be.AppendUint32(be.AppendUint32(nil, magicFat64), 2)
	for i := range 2 {
		r := b[8+20*i:]
		h = append(h, r[:8]...)
		h = be.AppendUint64(be.AppendUint64(h, uint64(be.Uint32(r[8:]))), uint64(be.Uint32(r[12:])))
		h = be.AppendUint64(h, 12<<32)
	}
	copy(b, h)
	return b
}

// TestFatArchive keeps the good slice beside a static archive.
func TestFatArchive(t *testing.T) {
	ar := append([]byte("!<arch>\nsomething.o     "), make([]byte, 64)...)
	f, err := ReadBytes(machotest.Fat(machotest.Sample(false), ar), Options{})
	if err != nil || len(f.Slices) != 1 || len(f.Gaps) != 1 || f.Gaps[0].Kind != sbom.GapNotLookedAt {
		t.Fatalf("%v %+v", err, f)
	}
}

// TestSniff tells Mach-O files from files that look like them.
func TestSniff(t *testing.T) {
	java := append([]byte{0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, 1, 0, 10, 0, 2, 0, 3}, make([]byte, 100)...)
	thin := machotest.Sample(false)
	for name, c := range map[string]struct {
		head []byte
		want bool
	}{
		"thin": {thin, true}, "fat": {machotest.Fat(thin), true}, "fat64": {widen(machotest.Fat(thin, thin)), true},
		"big-endian": {append([]byte{0xfe, 0xed, 0xfa, 0xce}, make([]byte, 40)...), true},
		"java":       {java, false}, "java 1.1": {append([]byte{0xca, 0xfe, 0xba, 0xbe, 0, 3, 0, 45, 0, 20, 7, 0}, make([]byte, 40)...), false},
		"elf": {append([]byte("\x7fELF"), make([]byte, 60)...), false}, "empty": {nil, false}, "cut": {thin[:20], false},
		"no slices": {append([]byte{0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 0}, make([]byte, 60)...), false},
	} {
		if got := Sniff(c.head[:min(len(c.head), 4096)]); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if _, err := ReadBytes(c.head, Options{}); !c.want && !errors.Is(err, ErrNotMachO) {
			t.Errorf("%s: reading it gives %v", name, err)
		}
	}
}
