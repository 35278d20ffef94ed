package macho

import (
	"bytes"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// linked is what relocate makes of an object file. Names of other files get
// addresses behind the object's own: one that stands for the thing itself, and
// one for a slot that holds its address. Resolving knows both.
type linked struct {
	base          uint64   // added to every address of the object
	things, slots uint64   // first address of each, by symbol
	symbols       uint64   // their number
	pointers      []uint64 // offsets of the pointers in data
}

// objectBase is where the code of an object file is put, as that of a program
// is: low addresses stand for no place.
const objectBase = 1 << 32

// Relocation types (mach-o/arm64/reloc.h, mach-o/x86_64/reloc.h).
const (
	armUnsigned   = 0
	armSubtract   = 1
	armBranch     = 2
	armPage       = 3
	armPageOff    = 4
	armGOTPage    = 5
	armGOTPageOff = 6
	armTLVPage    = 8
	armTLVPageOff = 9
	armAddend     = 10

	intelUnsigned = 0
	intelSigned   = 1
	intelBranch   = 2
	intelGOTLoad  = 3
	intelGOT      = 4
	intelSubtract = 5
	intelSigned1  = 6
	intelSigned4  = 8
	intelTLV      = 9
)

// relocation is one entry.
type relocation struct {
	off    uint64 // of the bytes in the slice
	addr   uint64
	number uint32 // symbol, or a number
	extern bool   // number is a symbol's
	length uint8  // power of two
	kind   uint8
}

// relocate applies the relocations of an object file to a private copy of its
// bytes, so that its instructions name what they refer to as those of a linked
// image do. The tables are as long as the slice at most. What makes no sense is
// left as it is: such a reference is a hole.
func (s *slice) relocate() {
	s.b = slices.Clone(s.b)
	s.sects = slices.Clone(s.sects)
	s.segs = nil
	s.bound = map[uint64][]byte{}
	s.object.base = objectBase
	end := uint64(objectBase)
	for i := range s.sects {
		d := &s.sects[i]
		d.addr += objectBase
		if d.data != nil {
			d.data = s.b[d.off : d.off+uint64(len(d.data))]
		}
		s.segs = append(s.segs, segment{name: d.name, addr: d.addr, size: d.size, off: d.off, bytes: uint64(len(d.data))})
		if d.addr+d.size < 1<<48 {
			end = max(end, d.addr+d.size)
		}
	}
	s.object.symbols = uint64(min(int(s.t.symCount), len(s.b)/12))
	s.object.things = (end + 0xffff) &^ 0xfff
	s.object.slots = (s.object.things + 4*s.object.symbols + 0xfff) &^ 0xfff
	left := len(s.b) / 8
	for i := range s.sects {
		d := &s.sects[i]
		list := s.cut(span{uint64(d.relocs), 8 * uint64(d.relocCount)})
		if uint64(len(list)) < 8*uint64(d.relocCount) || len(list)/8 > left {
			s.gap(sbom.GapUnreadable, s.clamp(uint64(d.relocs)), "relocations of section %s do not fit: %d of them", d.name, d.relocCount)
			list = list[:min(len(list)/8, left)*8]
		}
		left -= len(list) / 8
		before := len(s.object.pointers)
		s.relocateSection(d, list)
		if !holdsPointers(d) {
			s.object.pointers = s.object.pointers[:before]
		}
	}
}

// relocateSection applies the entries of one section. A subtraction or an
// addend is a pair with the entry after it.
func (s *slice) relocateSection(d *section, list []byte) {
	var minus *uint64
	addend := uint64(0)
	intel := archName(s.bo.Uint32(s.b[4:]), 0) == "x86_64"
	for ; len(list) >= 8; list = list[8:] {
		at, word := uint64(s.bo.Uint32(list)), s.bo.Uint32(list[4:])
		r := relocation{off: d.off + at, addr: d.addr + at, number: word & 0xffffff, length: uint8(word >> 25 & 3), extern: word>>27&1 != 0, kind: uint8(word >> 28)}
		if at+1<<r.length > uint64(len(d.data)) {
			continue
		}
		subtract := uint8(armSubtract)
		if intel {
			subtract = intelSubtract
		}
		switch {
		case r.kind == subtract:
			v, _ := s.symbolAddress(r)
			minus = &v
			continue
		case !intel && r.kind == armAddend:
			addend = uint64(int64(int32(r.number<<8) >> 8))
			continue
		case r.kind == armUnsigned:
			s.relocateWord(r, minus)
		case !r.extern: // its distance is right already
		case intel:
			s.relocateIntel(r)
		default:
			s.relocateARM(r, addend)
		}
		minus, addend = nil, 0
	}
}

// symbolAddress is where a symbol lies: in the object, or where names of others
// are put; foreign reports which.
func (s *slice) symbolAddress(r relocation) (addr uint64, foreign bool) {
	if !r.extern || uint64(r.number) >= s.object.symbols {
		return 0, false
	}
	if n, ok := s.symbolAt(uint64(r.number)); ok && n.kind&symKind == symSection {
		return n.value, false
	}
	return s.object.things + 4*uint64(r.number), true
}

// symbolAt is a symbol by its number.
func (s *slice) symbolAt(i uint64) (nlist, bool) {
	size := uint64(12)
	if s.wide {
		size = 16
	}
	e := s.take(uint64(s.t.symOff)+i*size, size)
	if e == nil {
		return nlist{}, false
	}
	return s.nlist(e), true
}

// relocateWord settles a pointer, or a difference of two.
func (s *slice) relocateWord(r relocation, minus *uint64) {
	addr, foreign := s.symbolAddress(r)
	if !r.extern {
		addr = s.object.base
	}
	if minus != nil {
		addr -= *minus
	} else {
		s.object.pointers = append(s.object.pointers, r.off)
		if n, ok := s.symbolAt(uint64(r.number)); ok && foreign {
			if name := s.symbolName(n); len(name) > 0 {
				s.bound[r.off] = name
			}
		}
	}
	switch r.length {
	case 2:
		s.bo.PutUint32(s.b[r.off:], s.bo.Uint32(s.b[r.off:])+uint32(addr))
	case 3:
		s.bo.PutUint64(s.b[r.off:], s.bo.Uint64(s.b[r.off:])+addr)
	}
}

// relocateIntel settles a displacement of 32 bits. What is there already counts.
func (s *slice) relocateIntel(r relocation) {
	target, foreign := s.symbolAddress(r)
	switch {
	case r.length != 2:
		return
	case r.kind == intelGOTLoad || r.kind == intelGOT || r.kind == intelTLV && foreign:
		target = s.object.slots + 8*uint64(r.number)
	}
	s.bo.PutUint32(s.b[r.off:], s.bo.Uint32(s.b[r.off:])+uint32(target-(r.addr+4)))
}

// relocateARM settles the address in one instruction.
func (s *slice) relocateARM(r relocation, addend uint64) {
	target, foreign := s.symbolAddress(r)
	slot := r.kind == armGOTPage || r.kind == armGOTPageOff || foreign && (r.kind == armTLVPage || r.kind == armTLVPageOff)
	if slot {
		target = s.object.slots + 8*uint64(r.number)
	}
	target += addend
	if r.length != 2 {
		return
	}
	w := s.bo.Uint32(s.b[r.off:])
	switch r.kind {
	case armBranch:
		w = w&^0x3ffffff | uint32(int64(target-r.addr)>>2)&0x3ffffff
	case armPage, armGOTPage, armTLVPage:
		pages := uint32((int64(target&^0xfff) - int64(r.addr&^0xfff)) >> 12)
		w = w&^0x60ffffe0 | pages&3<<29 | pages>>2&0x7ffff<<5
	case armPageOff, armGOTPageOff, armTLVPageOff:
		w = w&^(0xfff<<10) | uint32(target&0xfff)>>accessScale(w)&0xfff<<10
	}
	s.bo.PutUint32(s.b[r.off:], w)
}

// accessScale is the power of two by which a load or store multiplies its
// offset; 0 for an addition.
func accessScale(w uint32) uint32 {
	if w&0x3b000000 != 0x39000000 {
		return 0
	}
	if w&0xfc800000 == 0x3c800000 {
		return 4 // 128 bits
	}
	return w >> 30
}

// sendPrefix begins the names of stubs that send one selector; the linker makes them.
var sendPrefix = []byte("_objc_msgSend$")

// synthetic is what an address stands for that relocate gave out.
func (c *coder) synthetic(addr uint64) fingerprint.Target {
	k := &c.slice.object
	thing, slot := addr-k.things, addr-k.slots
	switch {
	case k.symbols == 0:
	case addr >= k.things && thing < 4*k.symbols && thing%4 == 0:
		return c.symbolTarget(thing/4, false)
	case addr >= k.slots && slot < 8*k.symbols && slot%8 == 0:
		return c.symbolTarget(slot/8, true)
	}
	return nothing(fingerprint.TargetNone)
}

// symbolTarget is what a symbol of an object file stands for.
func (c *coder) symbolTarget(i uint64, slot bool) fingerprint.Target {
	n, ok := c.symbolAt(i)
	if !ok {
		return nothing(fingerprint.TargetNone)
	}
	if n.kind&symKind == symSection {
		if c.places.find(n.value) == nil {
			return nothing(fingerprint.TargetNone)
		}
		t := c.resolve(n.value)
		t.Slot = true
		return t
	}
	name := c.symbolName(n)
	if n.kind&symKind != symUndef || n.value != 0 || len(name) == 0 || !c.pay(len(name)) {
		return nothing(fingerprint.TargetNone) // storage that the linker will give out
	}
	at := int64(c.t.strings.off) + int64(n.name)
	if sel, ok := bytes.CutPrefix(name, sendPrefix); ok {
		return fingerprint.Target{Kind: fingerprint.TargetSelector, Text: sel, Offset: at + int64(len(sendPrefix))}
	}
	return namedTarget(name, at, slot)
}
