package fingerprint

import (
	"encoding/binary"
	"math/bits"
)

// maxSmall is the largest immediate that is not followed as it comes.
const maxSmall = 0xffff

// small is what is needed to find the immediates of 16 bits that no instruction
// has overwritten since. The code says all but two things: what was pending where
// it was looked at last, and what was forgotten for an address that a branch
// brought. Looking back costs as many steps as there are instructions, for each
// register, since each look ends where the last one for this register began.
type small struct {
	since   uint64     // offset up to which
	pending uint32     // these registers have a small immediate, said by value and moved
	dropped [32]uint32 // position (see joins) of the last instruction in front of which it was forgotten
}

// reset begins a function: positions of the ones before are below its own.
func (s *small) reset() { s.since, s.pending = 0, 0 }

// immediate is what movz and movn put in a register.
func immediate(w uint32) (uint64, bool) {
	if w>>23&0x3f != 0b100101 {
		return 0, false
	}
	v := uint64(w>>5&0xffff) << (w >> 21 & 3 << 4)
	switch w >> 29 & 3 {
	case 0:
		if v = ^v; w>>31 == 0 {
			v = uint64(uint32(v))
		}
		return v, true
	case 2:
		return v, true
	}
	return 0, false
}

// isSmall reports whether a register has a pending small immediate in front of an
// instruction, and gets it.
func (a *arm) isSmall(register uint32, at uint64) bool {
	for at > a.small.since {
		at -= 4
		w := binary.LittleEndian.Uint32(a.code[at:])
		if armAllWrites(w)>>register&1 == 0 {
			continue
		}
		v, ok := immediate(w)
		if !ok || v > maxSmall || a.small.dropped[register] > a.joins.first+uint32(at>>2) {
			return false
		}
		a.value[register], a.moved[register] = v, a.base+at
		return true
	}
	return a.small.pending>>register&1 == 1 && !a.isDropped(register, a.moved[register])
}

// isDropped reports whether the immediate that an instruction made was forgotten
// for an address.
func (a *arm) isDropped(register uint32, address uint64) bool {
	return a.small.dropped[register] > a.joins.first+uint32((address-a.base)>>2)
}

// settle finds all small immediates that are pending in front of an instruction.
func (a *arm) settle(at uint64) {
	var value, moved [32]uint64
	fresh := uint32(0)
	for from := a.small.since; from < at; from += 4 {
		w := binary.LittleEndian.Uint32(a.code[from:])
		writes := armAllWrites(w)
		fresh &^= writes
		a.small.pending &^= writes
		if v, ok := immediate(w); ok && v <= maxSmall && w&31 != 31 {
			fresh |= 1 << (w & 31)
			value[w&31], moved[w&31] = v, a.base+from
		}
	}
	fresh &^= a.pending
	for set := fresh; set != 0; set &= set - 1 {
		r := bits.TrailingZeros32(set)
		a.value[r], a.moved[r] = value[r], moved[r]
	}
	a.small.pending = a.small.pending&^a.pending | fresh
	for set := a.small.pending; set != 0; set &= set - 1 {
		if r := uint32(bits.TrailingZeros32(set)); a.isDropped(r, a.moved[r]) {
			a.small.pending &^= 1 << r
		}
	}
	a.small.since = at
}

// enterTexts looks for small immediates too, from the instruction on that put in
// a register what may be the last word of a short string.
func (a *arm) enterTexts(register uint32, at uint64) {
	if a.texts || !endsShort(a.value[register]) {
		return
	}
	a.settle(at)
	a.pending |= a.small.pending
	a.texts = true
}

// leaveTexts ends that, once no such word is pending.
func (a *arm) leaveTexts(next uint64) {
	for set := a.big; set != 0; set &= set - 1 {
		if endsShort(a.value[bits.TrailingZeros32(set)]) {
			return
		}
	}
	a.texts = false
	a.small.since, a.small.pending = next, a.pending&^a.big
	a.pending = a.big
}

// armAllWrites is the set of general registers in which an instruction replaces
// an immediate.
func armAllWrites(w uint32) uint32 {
	switch class := armClasses[w>>21]; class {
	case armKeep, armB, armFar, armNear:
		return 0
	case armMove, armPage, armAddress:
		return 1 << (w & 31)
	case armBL:
		return armCalleeGone
	case armRegister:
		if w>>21&7 == 1 {
			return armCalleeGone
		}
		return 0
	case armLiteral:
		if w>>26&1 == 1 {
			return 0
		}
		return 1 << (w & 31)
	case armExclusive, armConvert, armSystem:
		return armWrites(class, w)
	}
	return armPlainWrites(w)
}
