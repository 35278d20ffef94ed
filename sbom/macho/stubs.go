package macho

import (
	"bytes"
	"encoding/binary"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// named is the target for an imported name. A class that is loaded by way of its
// symbol is the same as one that is loaded by way of a class reference.
func namedTarget(name []byte, off int64, slot bool) fingerprint.Target {
	t := fingerprint.Target{Kind: fingerprint.TargetImport, Slot: slot, Text: name, Offset: off}
	if class, ok := bytes.CutPrefix(name, classPrefix); ok {
		t.Kind, t.Text = fingerprint.TargetClass, class
	} else if rest, ok := bytes.CutPrefix(name, []byte("_")); ok {
		t.Text = rest
	}
	if n := len(name) - len(t.Text); off >= 0 {
		t.Offset = off + int64(n)
	}
	return t
}

// indirect is the symbol that an entry of the indirect symbol table names, when
// it is of another image or chosen at run time.
func (c *coder) indirect(i uint64, slot bool) (fingerprint.Target, bool) {
	x := &c.places.tables
	if i >= uint64(len(x.indirect)/4) {
		return fingerprint.Target{}, false
	}
	size := uint64(12)
	if c.wide {
		size = 16
	}
	n := uint64(c.bo.Uint32(x.indirect[4*i:]))
	if n >= uint64(len(x.symbols))/size { // also the marks of local and absolute entries
		return fingerprint.Target{}, false
	}
	s := c.nlist(x.symbols[n*size:])
	foreign := s.kind&symKind == symUndef || s.kind&symKind == symPrebound
	if !foreign && s.desc&symWeakDef == 0 || s.kind&symDebug != 0 || uint64(s.name) >= uint64(len(x.names)) {
		return fingerprint.Target{}, false
	}
	name := cString(x.names[s.name:])
	if len(name) == 0 || !c.pay(len(name)) {
		return fingerprint.Target{}, false
	}
	return namedTarget(name, int64(c.t.strings.off+uint64(s.name)), slot), true
}

// importAt is what the pointer in a section of imports holds.
func (c *coder) importAt(p *place, at uint64) fingerprint.Target {
	if t, ok := c.indirect(p.first+at/p.stride, true); ok {
		return t
	}
	off := p.off + at
	if m, ok := c.places.boundTo(off); ok && len(m.name) > 0 {
		return namedTarget(m.name, int64(m.at), true)
	}
	to := c.decode(c.word(off), p.format)
	if to.name != nil {
		return namedTarget(to.name, -1, true)
	}
	q := c.places.find(to.addr)
	if q == nil {
		return nothing(fingerprint.TargetNone)
	}
	switch q.holds {
	case holdsImports, holdsClasses, holdsSelectors, holdsStubs: // no chains of pointers
		return nothing(fingerprint.TargetNone)
	}
	t := c.resolve(to.addr)
	t.Slot = true
	return t
}

// stub is the import that a stub jumps to.
func (c *coder) stub(p *place, at uint64) fingerprint.Target {
	if at%p.stride == 0 {
		if t, ok := c.indirect(p.first+at/p.stride, false); ok {
			return t
		}
	}
	if at < uint64(len(p.data)) {
		if slot := c.jumpSlot(p.data[at:], p.addr+at); slot != 0 {
			if q := c.places.find(slot); q != nil && q.holds == holdsImports {
				t := c.resolve(slot)
				if t.Kind != fingerprint.TargetCode {
					t.Slot = false
					return t
				}
			}
		}
	}
	return nothing(fingerprint.TargetCode)
}

// sender is the selector that a stub of __objc_stubs sends: its first
// instructions load the selector reference.
func (c *coder) sender(p *place, at uint64) fingerprint.Target {
	if at >= uint64(len(p.data)) {
		return nothing(fingerprint.TargetNone)
	}
	slot := c.jumpSlot(p.data[at:], p.addr+at)
	if q := c.places.find(slot); q != nil && q.holds == holdsSelectors {
		t := c.resolve(slot)
		t.Slot = false
		return t
	}
	return nothing(fingerprint.TargetCode)
}

// jumpSlot is the address of the pointer that the first instructions of a stub
// load, or 0.
func (c *coder) jumpSlot(b []byte, pc uint64) uint64 {
	if c.out.Arch == "x86_64" || c.out.Arch == "x86_64h" {
		switch {
		case len(b) >= 6 && b[0] == 0xff && b[1] == 0x25: // jmp *x(%rip)
			return pc + 6 + uint64(int64(int32(binary.LittleEndian.Uint32(b[2:]))))
		case len(b) >= 7 && b[0] == 0x48 && b[1] == 0x8b && b[2] == 0x35: // mov x(%rip), %rsi
			return pc + 7 + uint64(int64(int32(binary.LittleEndian.Uint32(b[3:]))))
		}
		return 0
	}
	base, known := uint64(0), false
	for i := uint64(0); i < 4 && uint64(len(b)) >= 4*(i+1); i++ {
		w := binary.LittleEndian.Uint32(b[4*i:])
		switch {
		case w&0x9f000000 == 0x90000000: // adrp
			imm := int64(int32(w<<8)>>13)<<2 | int64(w>>29&3)
			base, known = (pc+4*i)&^0xfff+uint64(imm<<12), true
		case w&0x9f000000 == 0x10000000: // adr
			imm := int64(int32(w<<8)>>13)<<2 | int64(w>>29&3)
			base, known = pc+4*i+uint64(imm), true
		case w&0xffc00000 == 0x91000000 && known: // add x, x, #imm
			base += uint64(w >> 10 & 0xfff)
		case w&0xffc00000 == 0xf9400000 && known: // ldr x, [x, #imm]
			return base + uint64(w>>10&0xfff)*8
		case w&0xffc00000 == 0xb9400000 && known: // ldr w, [x, #imm]
			return base + uint64(w>>10&0xfff)*4
		case w&0xbf000000 == 0x18000000: // ldr literal
			return pc + 4*i + uint64(int64(int32(w<<8)>>13)<<2)
		case w != 0xd503201f: // nop
			return 0
		}
	}
	return 0
}
