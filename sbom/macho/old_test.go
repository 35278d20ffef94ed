package macho

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// old writes a 32-bit image by hand: one segment with C strings, CFStrings and
// code, one load, the older minimum version command, a symbol table.
func old(bo binary.AppendByteOrder, cpu, sub uint32) []byte {
	w := func(b []byte, v ...uint32) []byte {
		for _, x := range v {
			b = bo.AppendUint32(b, x)
		}
		return b
	}
	name := func(s string) []byte { return append([]byte(s), make([]byte, 16-len(s))...) }
	const base, at = 0x1000, 512
	text := []byte("old literal\x00\x00\x00\x00\x00")
	cf := w(nil, 0, 0x7c8, base+at, 3) // "old"
	code := []byte{0xc3, 0x90, 0x90, 0x90}
	section := func(n string, off, size, flags uint32) []byte {
		return w(slices.Concat(name(n), name("__TEXT")), base+off, size, off, 0, 0, 0, flags, 0, 0)
	}
	sections := slices.Concat(section("__cstring", at, 16, 2), section("__cfstring", at+16, 16, 0), section("__text", at+32, 4, 0x80000400))
	segment := slices.Concat(w(nil, 1, uint32(56+len(sections))), name("__TEXT"), w(nil, base, 0x1000, 0, 1024, 7, 5, 3, 0), sections)
	load := slices.Concat(w(nil, 0xc, 24+16, 24, 2, 0x00020304, 0x10000), []byte("/usr/lib/x.dyl\x00\x00"))
	minimum := w(nil, 0x24, 16, 10<<16|6<<8, 10<<16|7<<8)
	symtab := w(nil, 2, 24, at+36, 2, at+36+24, 16)
	cmds := slices.Concat(segment, load, minimum, symtab)
	b := slices.Concat(w(nil, 0xfeedface, cpu, sub, 6, 4, uint32(len(cmds)), 0x80), cmds)
	b = append(b, make([]byte, at-len(b))...)
	symbol := func(n uint32, kind, sect byte, desc uint16, value uint32) []byte {
		return bo.AppendUint32(bo.AppendUint16(append(bo.AppendUint32(nil, n), kind, sect), desc), value)
	}
	b = slices.Concat(b, text, cf, code, symbol(1, 1, 0, 1<<8, 0), symbol(8, 0x0f, 3, 0, base+at+32), []byte("\x00_taken\x00_given\x00\x00"))
	return append(b, make([]byte, 1024-len(b))...)
}

// TestOld reads 32-bit images in both byte orders.
func TestOld(t *testing.T) {
	for arch, b := range map[string][]byte{"i386": old(binary.LittleEndian, 7, 3), "ppc": old(binary.BigEndian, 18, 0), "armv7": old(binary.LittleEndian, 12, 9)} {
		s := one(t, b, Options{})
		m := s.Image
		want(t, "words", []string{m.Arch, m.Type}, []string{arch, "dylib"})
		want(t, "loads", m.Loads, []sbom.Load{{Name: "/usr/lib/x.dyl", Kind: "regular", Current: "2.3.4", Compat: "1.0.0", Imports: 1}})
		want(t, "builds", m.Builds, []sbom.Build{{Platform: "macos", MinOS: "10.6", SDK: "10.7"}})
		want(t, "imports", s.Imports, []Import{{Name: "_taken", Ordinal: 1}})
		want(t, "exports", s.Exports, []string{"_given"})
		want(t, "strings", facts(t, s, b, sbom.FactString), []string{"old literal __TEXT,__cstring"})
		want(t, "cfstrings", facts(t, s, b, sbom.FactCFString), []string{"old __TEXT,__cstring"})
		want(t, "counts", m.Counts, sbom.Counts{Functions: 1, Strings: 2, CFStrings: 1, Imports: 1, Exports: 1, Symbols: 2})
	}
}

// TestPointers decodes each pointer format.
func TestPointers(t *testing.T) {
	s := slice{bo: leOrder, wide: true, segs: []segment{{addr: 1 << 32, bytes: 1 << 20}}}
	s.fix.imports = []imported{{}, {name: []byte("_bound")}}
	for _, c := range []struct {
		raw    uint64
		format uint16
		addr   uint64
		name   string
	}{
		{0x100004000, 0, 0x100004000, ""},
		{0x100004000 | 7<<51, ptr64, 0x100004000, ""},
		{0x4000 | 7<<51, ptr64Offset, 0x100004000, ""},
		{1<<63 | 1, ptr64, 0, "_bound"},
		{1<<63 | 0xffffff, ptr64, 0, ""},
		{0x80000001, ptr32, 0, "_bound"},
		{0x03004000, ptr32, 0x3004000, ""},
		{0x100004000 | 7<<51, ptrARM64E, 0x100004000, ""},
		{0x4000 | 7<<51, ptrUserland, 0x100004000, ""},
		{1<<63 | 0xabcd<<32 | 0x4000, ptrUserland24, 0x100004000, ""},
		{1<<62 | 1, ptrUserland, 0, "_bound"},
		{1<<63 | 1<<62 | 1<<32 | 1, ptrUserland24, 0, "_bound"},
	} {
		if p := s.decode(c.raw, c.format); p.addr != c.addr || string(p.name) != c.name {
			t.Errorf("%#x in format %d: %#x %q", c.raw, c.format, p.addr, p.name)
		}
	}
}

// TestThreaded reads the bind opcodes of early arm64e images: a table of names,
// to which the pointers themselves refer.
func TestThreaded(t *testing.T) {
	s := slice{o: Options{}.withDefaults(), bo: leOrder, wide: true, segs: []segment{{addr: 1 << 32, bytes: 1 << 20, size: 1 << 20}}, out: &Slice{}}
	ops := []byte("\xd0\x03\x11\x40_OBJC_CLASS_$_X\x00\x90\x90\x12\x41_b\x00\x90\x70\x10\xd1\x00")
	var got []Import
	budget := 10
	d := binder{s: &s, b: ops, budget: &budget, seg: -1, emit: func(m imported) { got = append(got, Import{string(m.name), m.ordinal, m.weak}) }}
	if err := d.run(); err != nil {
		t.Fatal(err)
	}
	want(t, "names", got, []Import{{"_OBJC_CLASS_$_X", 1, false}, {"_b", 2, true}})
	if p := s.decode(1<<62|2, ptrARM64E); string(p.name) != "_b" || len(s.fix.imports) != 3 {
		t.Errorf("pointer to %q, table of %d", p.name, len(s.fix.imports))
	}
}
