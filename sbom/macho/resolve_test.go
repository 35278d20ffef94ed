package macho

import (
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// TestResolveAllocates wants no memory taken in resolving what code refers to.
func TestResolveAllocates(t *testing.T) {
	_, c := readCode(t, link(t, "arm64", compile(t, "arm64", referring), classic...))
	var all []uint64
	references(c, func(_, addr uint64) { all = append(all, addr) })
	for _, a := range all {
		c.Resolve(a) // a UTF-16 literal is converted once
	}
	if n := testing.AllocsPerRun(10, func() {
		for _, a := range all {
			c.Resolve(a)
		}
	}); n > 0 || len(all) < 20 {
		t.Errorf("%.0f allocations for %d addresses", n, len(all))
	}
}

// TestResolveAmplified asks for one long literal again and again: what is looked
// at has an end, after which the literal is a hole.
func TestResolveAmplified(t *testing.T) {
	long := repeat("x", 100000)
	b := machotest.Image{Strings: []string{long}}.Build()
	s := one(t, b, Options{})
	c := s.Code()
	addr := s.src.section("__TEXT,__cstring").addr
	first := c.Resolve(addr)
	if first.Kind != fingerprint.TargetString || len(first.Text) != maxName {
		t.Fatalf("kind %d, %d bytes", first.Kind, len(first.Text))
	}
	total := 0
	for range 10 * (codeAllowance*len(b) + 64*spareAllowance) / maxName {
		total += len(c.Resolve(addr).Text)
	}
	if total > codeAllowance*len(b)+64*spareAllowance {
		t.Errorf("%d bytes looked at", total)
	}
	if r := c.Resolve(addr); r.Kind != fingerprint.TargetConst || r.Text != nil {
		t.Errorf("still %d with %d bytes", r.Kind, len(r.Text))
	}
	if r := s.Code().Resolve(addr); r.Kind != fingerprint.TargetString {
		t.Errorf("a new reading begins with nothing left: %+v", r.Kind)
	}
}

// TestGoHoles wants no text for constants of Go, whose literals do not end.
func TestGoHoles(t *testing.T) {
	section := machotest.Section{Segment: "__TEXT", Name: "__rodata", Data: []byte("a literal of unknown end\x00")}
	im := machotest.Image{Functions: 2, Extra: []machotest.Section{section, {Segment: "__TEXT", Name: "__gopclntab", Data: []byte{0}}}}
	s := one(t, im.Build(), Options{})
	start := s.Code().Sections[0].Address
	rodata := s.src.section("__TEXT,__rodata").addr
	if r := s.Code().Resolve(rodata); r.Kind != fingerprint.TargetString {
		t.Errorf("without Go: %+v", r)
	}
	im.Extra[1].Data = goTableBytes(pcln120, start, start)
	s = one(t, im.Build(), Options{})
	d := s.src.section("__TEXT,__rodata")
	if r := s.Code().Resolve(d.addr + 2); r.Kind != fingerprint.TargetConst || r.Text != nil || r.Offset != int64(d.off)+2 {
		t.Errorf("with Go: %+v", r)
	}
}
