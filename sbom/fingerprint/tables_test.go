package fingerprint

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An address that a page and an offset make is found across branches, in another
// register and behind a call, as a load and in a slot; one that only other
// registers would make is none.
func TestTablesOnARM(t *testing.T) {
	const base, data, slots = 0x4000, 0x9000, 0xa000
	const mov9 = 0xaa0803e9 // mov x9, x8
	const cbz = 0xb4000040  // two instructions on
	functions := [][]uint32{
		{adrp(8, base, data), cbz, 0xaa1f03e8, bl(0, 0), addLow(0, 8, data+0x110)}, // the second: mov x8, xzr, on one way
		{adrp(8, base+0x20, data), mov9, addLow(0, 9, data+0x210)},
		{adrp(8, base+0x40, slots), ldrLow(0, 8, slots+8)},
		{adrp(8, base+0x60, data), addLow(0, 10, data+0x310)},
		{adr(1, base+0x80, data+0x400)},
	}
	var code []byte
	c := &Code{Arch: "arm64", Resolve: func(uint64) Target { return Target{} }, Tables: &Tables{
		Pointers: []Pointer{{data + 0x118, base}, {data + 0x218, base + 0x20}, {data + 0x318, base + 0x40}, {data + 0x408, base + 0x60}, {data + 0x518, base + 0x80},
			{data + 0x800, base + 0x80}},
		Slots: []Pointer{{slots + 8, data + 0x510}},
	}}
	for i, f := range functions {
		code = append(code, words(append(f, make([]uint32, 8-len(f))...)...)...)
		c.Functions = append(c.Functions, Boundary{Address: base + 0x20*uint64(i)})
	}
	for i := range uint64(5) {
		at := data + 0x100*(i+1)
		c.Tables.List = append(c.Tables.List, Table{Address: at, Body: at + 0x10, End: at + 0x20, Group: at})
	}
	c.Sections = []Section{{base, code}}
	s, _ := Pass(c)
	var got [][]uint32
	for i := range s.Functions {
		got = append(got, slices.Clone(s.TablesOf(i)))
	}
	if d := cmp.Diff([][]uint32{{1}, {2}, {5}, {}, {4}}, got); d != "" {
		t.Errorf("who refers to what (-want +got):\n%s", d)
	}
	want := []TableOf{{Functions: []uint32{4}, Leads: []uint32{3}}, {Functions: []uint32{0}}, {Functions: []uint32{1}}, {Functions: []uint32{2}}, {Functions: []uint32{3}}, {Functions: []uint32{4}}}
	if d := cmp.Diff(want, s.Tables); d != "" { // nobody refers to the third: it may have been missed
		t.Errorf("tables (-want +got):\n%s", d)
	}
}

// Where something refers into a table behind its body, another object begins: what
// it holds is no part of the table. What is referred to by data, in any way, is in
// use whatever the code does.
func TestTablesAreCut(t *testing.T) {
	const base = 0x4000
	x86 := []byte{0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3} // lea rax, [rip+d]; ret
	lea := func(at, to uint64) []byte {
		b := slices.Clone(x86)
		d := uint32(to - at - 7)
		b[3], b[4], b[5], b[6] = byte(d), byte(d>>8), byte(d>>16), byte(d>>24)
		return b
	}
	code := slices.Concat(lea(base, 0x9010), make([]byte, 8), lea(base+16, 0x9020), make([]byte, 8), lea(base+32, 0x9110), make([]byte, 8))
	c := &Code{Arch: "x86_64", Sections: []Section{{base, code}}, Functions: []Boundary{{Address: base}, {Address: base + 16}, {Address: base + 32}},
		Resolve: func(a uint64) Target {
			if a >= 0x9000 {
				return Target{Kind: TargetConst, Offset: int64(a)}
			}
			return Target{Kind: TargetCode}
		},
		Tables: &Tables{
			List:     []Table{{0x9000, 0x9010, 0x9030, 1}, {0x9100, 0x9110, 0x9120, 2}, {0x9118, 0x9118, 0x9130, 3}, {0x9200, 0x9210, 0x9220, 1}},
			Pointers: []Pointer{{0x9010, base}, {0x9020, base + 16}, {0x9110, base + 32}, {0x9210, base + 32}, {0x9500, 0x9110}},
			Names:    []NameAt{{"__ZTV1A", 0x9200}, {"_other", 0x8000}},
		}}
	s, _ := Pass(c)
	want := []TableOf{{Functions: []uint32{1}, Leads: []uint32{2}}, {Names: []uint64{FeatureHash(FeatureImport, "_ZTV1A")}, Functions: []uint32{0, 2}}, {Functions: []uint32{2}}}
	if d := cmp.Diff(want, s.Tables); d != "" {
		t.Errorf("tables (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]uint32{1, 2}, s.Refers); d != "" {
		t.Errorf("refers (-want +got):\n%s", d)
	}
}
