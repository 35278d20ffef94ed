package fingerprint

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// place is where the tests lay out an image: what lies at the addresses that
// the code under test names.
type place struct {
	text    uint64
	targets map[uint64]Target
}

func literal(s string) Target { return Target{Kind: TargetString, Text: []byte(s), Offset: 77} }

// one runs the pass over one function of a place.
func (p place) one(t *testing.T, arch string, code []byte, more ...Boundary) (*Set, []Reference) {
	t.Helper()
	c := &Code{Arch: arch, Sections: []Section{{p.text, code}}, Functions: append([]Boundary{{Address: p.text}}, more...),
		Resolve: func(a uint64) Target {
			if a >= p.text && a-p.text < uint64(len(code)) {
				return Target{Kind: TargetCode}
			}
			return p.targets[a]
		}}
	s, refs := Pass(c)
	if len(s.Functions) != len(c.Functions) {
		t.Fatalf("%d functions, want %d", len(s.Functions), len(c.Functions))
	}
	return s, refs
}

// Instructions of arm64 that depend on where they and their targets lie.
func adrp(rd uint32, pc, to uint64) uint32 {
	d := uint32(int64(to>>12)-int64(pc>>12)) & 0x1fffff
	return 0x90000000 | d&3<<29 | d>>2<<5 | rd
}

func adr(rd uint32, pc, to uint64) uint32 {
	d := uint32(to-pc) & 0x1fffff
	return 0x10000000 | d&3<<29 | d>>2<<5 | rd
}

func addLow(rd, rn uint32, to uint64) uint32 { return 0x91000000 | uint32(to&0xfff)<<10 | rn<<5 | rd }

func ldrLow(rt, rn uint32, to uint64) uint32 {
	return 0xf9400000 | uint32(to&0xfff)>>3<<10 | rn<<5 | rt
}

func ldrLiteral(rt uint32, pc, to uint64) uint32 {
	return 0x58000000 | uint32(to-pc)>>2&0x7ffff<<5 | rt
}

func bl(pc, to uint64) uint32 { return 0x94000000 | uint32(to-pc)>>2&0x3ffffff }

func b(pc, to uint64) uint32 { return 0x14000000 | uint32(to-pc)>>2&0x3ffffff }

const (
	armRet  = 0xd65f03c0
	armPush = 0xa9bf7bfd // stp x29, x30, [sp, #-16]!
	armPop  = 0xa8c17bfd
	armMov1 = 0x52800021 // mov w1, #1
	armCbz2 = 0xb4000040 // cbz x0, two instructions on
	blrX8   = 0xd63f0100
	ldrX9X8 = 0xf9400509 // ldr x9, [x8, #8]
	brX16   = 0xd61f0200
	strW1X8 = 0xb9000101
	movzX0  = 0xd2800000
	movkX0  = 0xf2800000
)

// layout has the addresses of one link of the function that armForms writes.
type layout struct {
	text, message, global, slot, number, stub uint64
	messageText, stubName                     string
	relaxed                                   bool
}

func (l layout) place() place {
	const pi = "\x18\x2d\x44\x54\xfb\x21\x09\x40"
	return place{l.text, map[uint64]Target{
		l.message: literal(l.messageText),
		l.slot:    {Kind: TargetImport, Slot: true, Text: []byte("environ"), Offset: -1},
		l.number:  {Kind: TargetConst, Text: []byte(pi), Offset: 99},
		l.stub:    {Kind: TargetImport, Text: []byte(l.stubName), Offset: -1},
	}}
}

// armForms is one function: a message is passed to an import, a global of the
// image, an imported variable and a number are loaded. Relaxed, it is what a
// linker makes of that when everything lies near.
func armForms(l layout) []byte {
	var code []uint32
	pc := func() uint64 { return l.text + 4*uint64(len(code)) }
	put := func(near, far [2]uint32) {
		if l.relaxed {
			far = near
		}
		code = append(code, far[0], far[1])
	}
	code = append(code, armPush)
	put([2]uint32{adr(0, pc(), l.message), armNop}, [2]uint32{adrp(0, pc(), l.message), addLow(0, 0, l.message)})
	code = append(code, bl(pc(), l.stub), armCbz2, armMov1)
	put([2]uint32{armNop, ldrLiteral(8, pc()+4, l.global)}, [2]uint32{adrp(8, pc(), l.global), ldrLow(8, 8, l.global)})
	code = append(code, blrX8)
	code = append(code, adrp(8, pc(), l.slot), ldrLow(8, 8, l.slot), ldrX9X8)
	if l.relaxed {
		code = append(code, armNop, 0x5c000000|uint32(l.number-pc()-4)>>2&0x7ffff<<5)
	} else {
		code = append(code, adrp(8, pc(), l.number), 0xfd400100|uint32(l.number&0xfff)>>3<<10)
	}
	code = append(code, armPop, armRet)
	return words(code...)
}

var firstLink = layout{text: 0x100004000, message: 0x100008123, global: 0x10000c010, slot: 0x10000c100, number: 0x100009008, stub: 0x100007000,
	messageText: "Safari/History.db", stubName: "puts"}

func (l layout) run(t *testing.T) (*Set, []Reference) {
	return l.place().one(t, "arm64", armForms(l))
}

// The same function at another place, with its targets moved, and relaxed or not,
// has the same marks and features.
func TestARMLinksAgree(t *testing.T) {
	want, _ := firstLink.run(t)
	for _, change := range []struct {
		name string
		edit func(*layout)
	}{
		{"moved", func(l *layout) { l.text += 0x7ff04 }},
		{"strings moved", func(l *layout) { l.message, l.number = 0x100019fff, 0x10001a000 }},
		{"data in front", func(l *layout) { l.global, l.slot = 0x100000ff8, 0x100000f00 }},
		{"relaxed", func(l *layout) { l.relaxed = true }},
		{"relaxed and moved", func(l *layout) { l.relaxed = true; l.text = 0x100002004 }},
	} {
		l := firstLink
		change.edit(&l)
		got, _ := l.run(t)
		if got.Functions[0].Shape != want.Functions[0].Shape || got.Functions[0].Full != want.Functions[0].Full {
			t.Errorf("%s: marks %v %v, want %v %v", change.name, got.Functions[0].Shape, got.Functions[0].Full, want.Functions[0].Shape, want.Functions[0].Full)
		}
		if got.Functions[0].Instructions != want.Functions[0].Instructions {
			t.Errorf("%s: %d instructions, want %d", change.name, got.Functions[0].Instructions, want.Functions[0].Instructions)
		}
		if d := cmp.Diff(want.Features, got.Features); d != "" {
			t.Errorf("%s: features (-want +got):\n%s", change.name, d)
		}
	}
}

// What the source says changes marks: the full one, and the shape only with the code.
func TestARMContentCounts(t *testing.T) {
	want, _ := firstLink.run(t)
	other := firstLink
	other.messageText = "Chrome/History"
	callee := firstLink
	callee.stubName = "remove"
	for name, l := range map[string]layout{"string": other, "callee": callee} {
		got, _ := l.run(t)
		if got.Functions[0].Shape != want.Functions[0].Shape {
			t.Errorf("%s: another shape", name)
		}
		if got.Functions[0].Full == want.Functions[0].Full {
			t.Errorf("%s: the same full mark", name)
		}
	}
	for i, w := range []uint32{armPush, armMov1, blrX8} {
		code := armForms(firstLink)
		at := slices.Index(wordsOf(code), w)
		binary.LittleEndian.PutUint32(code[4*at:], w^1<<6)
		got, _ := firstLink.place().one(t, "arm64", code)
		if got.Functions[0].Shape == want.Functions[0].Shape || got.Functions[0].Full == want.Functions[0].Full {
			t.Errorf("change %d: the same mark", i)
		}
	}
}

func wordsOf(b []byte) []uint32 {
	var list []uint32
	for ; len(b) >= 4; b = b[4:] {
		list = append(list, binary.LittleEndian.Uint32(b))
	}
	return list
}

// texts lists the features of function i as kind and text.
func texts(s *Set, i int) []string {
	var list []string
	for _, f := range s.FeaturesOf(i) {
		list = append(list, fmt.Sprint(s.Features[f].Kind, " ", s.Features[f].Text))
	}
	slices.Sort(list)
	return list
}

func TestARMFeaturesAndReferences(t *testing.T) {
	s, refs := firstLink.run(t)
	want := []string{"1 Safari/History.db", "2 environ", "2 puts", "5 0x400921fb54442d18"}
	if d := cmp.Diff(want, texts(s, 0)); d != "" {
		t.Errorf("features (-want +got):\n%s", d)
	}
	wantRefs := []Reference{
		{Kind: TargetString, Slot: firstLink.message, Offset: 77, Length: 17},
		{Kind: TargetImport, Slot: firstLink.stub, Offset: -1, Length: 4},
		{Kind: TargetImport, Slot: firstLink.slot, Offset: -1, Length: 7},
		{Kind: TargetConst, Slot: firstLink.number, Offset: 99, Length: 8},
	}
	if d := cmp.Diff(wantRefs, refs); d != "" {
		t.Errorf("references (-want +got):\n%s", d)
	}
	if s.Functions[0].Size != uint32(len(armForms(firstLink))) {
		t.Errorf("size %d", s.Functions[0].Size)
	}
}

// An address that one path forgets is not known where the paths meet again.
func TestARMBranchStates(t *testing.T) {
	p := place{0x100004000, map[uint64]Target{0x100008010: literal("known")}}
	run := func(between uint32) Mark {
		at := uint64(0x100004000)
		s, _ := p.one(t, "arm64", words(adrp(8, at, 0x100008000), armCbz2, between, ldrLow(0, 8, 0x100008010), armRet))
		return s.Functions[0].Full
	}
	moved := place{0x100104000, map[uint64]Target{0x100118020: literal("known")}}
	s, _ := moved.one(t, "arm64", words(adrp(8, 0x100104000, 0x100118000), armCbz2, armMov1, ldrLow(0, 8, 0x100118020), armRet))
	if run(armMov1) != s.Functions[0].Full {
		t.Error("the address is lost where paths meet that both know it")
	}
	if run(0xaa0103e8) == run(0xaa0103e8^1<<16) {
		t.Error("mov x8, x1 is not told from mov x8, x0")
	}
	_, refs := p.one(t, "arm64", words(adrp(8, p.text, 0x100008000), armCbz2, 0xaa0103e8, ldrLow(0, 8, 0x100008010), armRet))
	if len(refs) != 0 {
		t.Errorf("%d references by a register that one path overwrites", len(refs))
	}
}

// Calls lead through branch islands to the function, or the import, itself.
func TestARMCallsThroughIslands(t *testing.T) {
	at := uint64(0x100004000)
	first := words(bl(at, at+0x20), bl(at+4, at+0x30), bl(at+8, at+0x50), armNop, adr(0, at+0x10, at+0x40), b(at+0x14, at+0x40), 0, 0)
	thunk := words(adrp(16, at+0x20, at+0x40), addLow(16, 16, at+0x40), brX16, 0)
	lone := words(b(at+0x30, at+0x20), 0, 0, 0)
	callee := words(armMov1, armRet, 0, 0)
	toStub := words(adrp(16, at+0x50, 0x100009000), addLow(16, 16, 0x100009000), brX16)
	p := place{at, map[uint64]Target{0x100009000: {Kind: TargetImport, Text: []byte("remove"), Offset: -1}}}
	s, _ := p.one(t, "arm64", slices.Concat(first, thunk, lone, callee, toStub), Boundary{Address: at + 0x20}, Boundary{Address: at + 0x30}, Boundary{Address: at + 0x40}, Boundary{Address: at + 0x50})
	want := []Call{{Callee: 3, Kind: CallDirect}, {Callee: 3, Kind: CallAddress}}
	if d := cmp.Diff(want, s.CallsOf(0)); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"2 remove"}, texts(s, 0)); d != "" {
		t.Errorf("features (-want +got):\n%s", d)
	}
	if got := s.Functions[3].Size; got != 8 {
		t.Errorf("size without padding %d, want 8", got)
	}
}

// move64 puts a number together as compilers do.
func move64(rd uint32, v uint64) []uint32 {
	out := []uint32{movzX0 | uint32(v&0xffff)<<5 | rd}
	for i := uint32(1); i < 4; i++ {
		if part := uint32(v >> (16 * i) & 0xffff); part != 0 {
			out = append(out, movkX0|i<<21|part<<5|rd)
		}
	}
	return out
}

func TestShortStrings(t *testing.T) {
	for _, text := range []string{"a", "History", "places.sqlite", "Safari/History!", "ünï"} {
		var w [16]byte
		copy(w[:], text)
		w[15] = 0xe0 | byte(len(text))
		if strings.ContainsFunc(text, func(r rune) bool { return r > 0x7f }) {
			w[15] = 0xa0 | byte(len(text))
		}
		lo, hi := binary.LittleEndian.Uint64(w[:]), binary.LittleEndian.Uint64(w[8:])
		arm := words(slices.Concat(move64(0, lo), move64(1, hi), []uint32{bl(0x100004000, 0x100004000), armRet})...)
		x86 := slices.Concat(bytesOf("48 bf"), binary.LittleEndian.AppendUint64(nil, lo), bytesOf("48 be"), binary.LittleEndian.AppendUint64(nil, hi), bytesOf("c3"))
		for arch, code := range map[string][]byte{"arm64": arm, "x86_64": x86} {
			s, refs := place{text: 0x100004000}.one(t, arch, code)
			if d := cmp.Diff([]string{"1 " + text}, texts(s, 0)); d != "" {
				t.Errorf("%s %q (-want +got):\n%s", arch, text, d)
			}
			if len(refs) != 1 || string(refs[0].Decoded) != text || refs[0].Offset != -1 {
				t.Errorf("%s %q: references %+v", arch, text, refs)
			}
		}
	}
	for _, top := range []uint64{0xe0 << 56, 0xef << 56, 0xd3 << 56, 0xe3<<56 | 1} {
		code := words(slices.Concat(move64(0, 0x636261), move64(1, top), []uint32{armRet})...)
		if s, _ := (place{text: 0x100004000}).one(t, "arm64", code); len(texts(s, 0)) > 0 && texts(s, 0)[0][0] == '1' {
			t.Errorf("%#x ends a short string: %q", top, texts(s, 0))
		}
	}
}

func TestRareConstants(t *testing.T) {
	for _, v := range []uint64{978307200, 11644473600, 0x9e3779b97f4a7c15, 0xdeadbeef, 0x41cd27e440000000, 123456789} {
		if _, rare := rareConstant(v); !rare {
			t.Errorf("%#x is not rare", v)
		}
	}
	for _, v := range []uint64{0, 1, 4096, 0x8000, 0x10000, 0x10001, 0xffff0000, 0xffffffff, 0xfffffffffffffff0, 0x7fffffffffffffff,
		0x01010101, 0x00ff00ff00ff00ff, 1000000, 0x3ff0000000000000, 0x4059000000000000, 0x42c80000} {
		if _, rare := rareConstant(v); rare {
			t.Errorf("%#x is rare", v)
		}
	}
	if a, _ := rareConstant(0xffffffff9abcdef1); a != 0x9abcdef1 {
		t.Errorf("sign extended: %#x", a)
	}
}

// x86Function passes a message, calls an import, loads a slot and a global.
func x86Function(text, message, stub, slot, global uint64, relaxed bool) []byte {
	var code []byte
	put := func(head string, to uint64, tail string) {
		h, t := bytesOf(head), bytesOf(tail)
		next := text + uint64(len(code)+len(h)+4+len(t))
		code = slices.Concat(code, h, binary.LittleEndian.AppendUint32(nil, uint32(to-next)), t)
	}
	code = bytesOf("55 48 89 e5 31 c0")
	put("48 8d 3d", message, "")
	put("e8", stub, "")
	load := "48 8b 05"
	if relaxed {
		load = "48 8d 05"
	}
	put(load, slot, "")
	put("83 3d", global, "05")
	code = append(code, bytesOf("74 02 89 c1 69 c0 15 cd 5b 07 5d")...)
	put("e9", stub, "")
	return append(code, bytesOf("0f 1f 44 00 00 cc 00 00")...)
}

func TestX86LinksAgree(t *testing.T) {
	run := func(text, message, stub, slot, global uint64, relaxed bool, said string) *Set {
		p := place{text, map[uint64]Target{message: literal(said), stub: {Kind: TargetImport, Text: []byte("puts"), Offset: -1},
			slot: {Kind: TargetImport, Slot: true, Text: []byte("environ"), Offset: -1}}}
		if relaxed {
			delete(p.targets, slot)
		}
		s, _ := p.one(t, "x86_64", x86Function(text, message, stub, slot, global, relaxed))
		return s
	}
	want := run(0x100004000, 0x100008123, 0x100007000, 0x10000c100, 0x10000c200, false, "hello")
	moved := run(0x100104001, 0x100198124, 0x100007010, 0x10001c108, 0x10000c204, false, "hello")
	if want.Functions[0].Full != moved.Functions[0].Full || want.Functions[0].Shape != moved.Functions[0].Shape {
		t.Error("moved: other marks")
	}
	if d := cmp.Diff([]string{"1 hello", "2 environ", "2 puts", "5 0x75bcd15"}, texts(moved, 0)); d != "" {
		t.Errorf("features (-want +got):\n%s", d)
	}
	relaxed := run(0x100004000, 0x100008123, 0x100007000, 0x10000c100, 0x10000c200, true, "hello")
	if want.Functions[0].Shape != relaxed.Functions[0].Shape {
		t.Error("relaxed load of a slot: another shape")
	}
	other := run(0x100004000, 0x100008123, 0x100007000, 0x10000c100, 0x10000c200, false, "world")
	if want.Functions[0].Full == other.Functions[0].Full || want.Functions[0].Shape != other.Functions[0].Shape {
		t.Error("another string: the full mark has to differ, and the shape not")
	}
	if got, code := want.Functions[0].Size, x86Function(0, 0, 0, 0, 0, false); int(got) != len(code)-8 {
		t.Errorf("size without padding %d, want %d", got, len(code)-8)
	}
}
