package macho

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// goTypeBytes is the description of a type of a kind whose methods lead to
// functions at distances from the text, two for each.
func goTypeBytes(kind byte, size int, methods ...uint32) []byte {
	b := make([]byte, size+goUncommonSz)
	b[goFlags], b[goFlags+1], b[goFlags+2], b[goKind] = goUncommon|2, 8, 8, kind
	binary.LittleEndian.PutUint32(b[goHash:], 0x12345678)
	binary.LittleEndian.PutUint16(b[size+4:], uint16(len(methods)/2))
	binary.LittleEndian.PutUint32(b[size+8:], goUncommonSz)
	for i := 0; i < len(methods); i += 2 {
		m := make([]byte, goMethod)
		binary.LittleEndian.PutUint32(m[8:], methods[i])
		binary.LittleEndian.PutUint32(m[12:], methods[i+1])
		b = append(b, m...)
	}
	return b
}

// goImage is a program of Go with two functions, 16 bytes apart, and read-only data.
func goImage(rodata []byte) []byte {
	im := machotest.Image{Functions: 3, Unlisted: true, Extra: []machotest.Section{{Segment: "__TEXT", Name: "__gopclntab", Data: goTableBytes(pcln120, 0, 0)},
		{Segment: "__DATA", Name: "__rodata", Data: rodata}}}
	b := im.Build()
	f, err := ReadBytes(b, Options{})
	if err != nil {
		panic(err) // of the test's own image
	}
	start := uint64(0)
	for _, d := range f.Slices[0].src.sects {
		if d.name == "__TEXT,__text" {
			start = d.addr
		}
	}
	im.Extra[0].Data = goTableBytes(pcln120, start, start)
	return im.Build()
}

// A type is one when everything about it fits, above all its functions.
func TestGoTypes(t *testing.T) {
	patch := func(b []byte, at int, v byte) []byte { b[at] = v; return b }
	for _, c := range []struct {
		name   string
		rodata []byte
		want   int // functions that a table holds
	}{
		{"structure", goTypeBytes(25, 80, 16, 16), 2},
		{"behind other data", append(make([]byte, 24), goTypeBytes(22, 56, 16, 16, 16, 16)...), 4},
		{"map of before 1.24", goTypeBytes(21, 88, 16, 16), 2},
		{"map", goTypeBytes(21, 112, 16, 16), 2},
		{"some left out", goTypeBytes(25, 80, 0, 1<<32-1, 16, 0), 1},
		{"all left out", goTypeBytes(25, 80, 0, 1<<32-1), 0},
		{"within a function", goTypeBytes(25, 80, 16, 20), 0},
		{"outside the code", goTypeBytes(25, 80, 1<<31, 16), 0},
		{"no kind", goTypeBytes(27, 80, 16, 16), 0},
		{"kind 0", goTypeBytes(0, 48, 16, 16), 0},
		{"no methods", patch(goTypeBytes(25, 80, 16, 16), goFlags, 2), 0},
		{"alignment", patch(goTypeBytes(25, 80, 16, 16), goFlags+1, 64), 0},
		{"65,535 methods", patch(patch(goTypeBytes(25, 80, 16, 16), 84, 255), 85, 255), 0},
		{"methods far away", patch(goTypeBytes(25, 80, 16, 16), 91, 255), 0},
		{"methods inside it", patch(goTypeBytes(25, 80, 16, 16), 88, 0), 0},
		{"cut", goTypeBytes(25, 80, 16, 16)[:90], 0},
	} {
		f := one(t, goImage(c.rodata), Options{})
		code := f.Code()
		if code == nil || f.Division[0].Method != DividedGo {
			t.Fatalf("%s: no program of Go", c.name)
		}
		got := 0
		if code.Tables != nil {
			got = len(code.Tables.Pointers)
			for _, p := range code.Tables.Pointers {
				if p.At != code.Tables.List[0].Address || p.To != code.Functions[1].Address {
					t.Errorf("%s: %+v", c.name, p)
				}
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
