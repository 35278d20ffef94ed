package macho

import (
	"encoding/binary"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// unwindBytes makes a compact unwind table of a regular and a compressed page
// with two functions each, from an offset of the image on.
func unwindBytes(first, step uint32) []byte {
	words := []uint32{1, 28, 0, 28, 0, 28, 3,
		first, 64, 0, first + 2*step, 88, 0, first + 4*step, 0, 0,
		2, 2<<16 | 8, first, 0, first + step, 0,
		3, 2<<16 | 8, 0, step}
	var b []byte
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

func starts(c *fingerprint.Code) (out []uint64) {
	for _, f := range c.Functions {
		out = append(out, f.Address-c.Sections[0].Address)
	}
	return out
}

// TestUnwind divides code that has neither function starts nor symbols.
func TestUnwind(t *testing.T) {
	im := func(data []byte) machotest.Image {
		return machotest.Image{Functions: 4, Unlisted: true, Extra: []machotest.Section{{Segment: "__TEXT", Name: "__unwind_info", Data: data}}}
	}
	s := one(t, im(make([]byte, 104)).Build(), Options{})
	text := s.src.section("__TEXT,__text")
	b := im(unwindBytes(uint32(text.off), 16)).Build()
	s = one(t, b, Options{})
	c := s.Code()
	if c == nil {
		t.Fatalf("no code, gaps %+v", s.Gaps)
	}
	checkCode(t, c)
	want(t, "starts", starts(c), []uint64{0, 16, 32, 48})
	want(t, "division", s.Division, []Division{{DividedUnwind, 4}})

	for name, data := range map[string][]byte{
		"pages do not fit": append(unwindBytes(0, 16)[:24], 0xff, 0xff, 0xff, 0x7f),
		"a page does not fit": func() []byte {
			d := unwindBytes(uint32(text.off), 16)
			binary.LittleEndian.PutUint32(d[68:], 0xffff<<16|8)
			return d
		}(),
	} {
		s := one(t, im(data).Build(), Options{})
		if s.Code(); len(s.Gaps) == 0 || s.Gaps[0].Kind != sbom.GapUnreadable {
			t.Errorf("%s: gaps %+v", name, s.Gaps)
		}
	}
}

// TestUndivided wants a gap, and no code, from an image that names no function
// in any way, and no second gap when it is asked twice.
func TestUndivided(t *testing.T) {
	s := one(t, machotest.Image{Functions: 4, Unlisted: true}.Build(), Options{})
	for range 2 {
		if c := s.Code(); c != nil || len(s.Gaps) != 1 || s.Gaps[0].Kind != sbom.GapNotLookedAt || s.Gaps[0].Offset <= 0 || s.Gaps[0].Image != s.Image.Digest {
			t.Errorf("%+v, gaps %+v", c, s.Gaps)
		}
	}
}

// TestSymbolStarts divides code by its symbols, and leaves labels out.
func TestSymbolStarts(t *testing.T) {
	s := one(t, machotest.Image{Functions: 4, Unlisted: true, Exports: []string{"_a", "Label", "_c", "_d"}}.Build(), Options{})
	c := s.Code()
	want(t, "starts", starts(c), []uint64{0, 32, 48})
	want(t, "division", s.Division, []Division{{DividedSymbols, 3}})
	want(t, "name", c.Functions[2].Name, "d")
}
