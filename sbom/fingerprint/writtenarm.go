package fingerprint

import (
	"encoding/binary"
	"math/bits"
)

// armWriter follows constants from the registers of arm64 to memory.
type armWriter struct {
	*writer
	known   uint32     // general registers whose value is known
	address uint32     // of these: it is an address of the image
	value   [32]uint64 //
	alias   uint32     // registers that hold another base and an offset
	base    [32]uint32 // of an alias
	offset  [32]int64
	vectors uint32 // vector registers whose bytes are known
	vector  [32][16]byte
	changes [32]uint32 // how often a register was changed
}

// armQuiet are the classes of instructions that only forget.
const armQuiet = 1<<armKeep | 1<<armConvert | 1<<armB | 1<<armBL | 1<<armFar | 1<<armNear | 1<<armRegister | 1<<armSystem | 1<<armLiteral | 1<<armExclusive

func (a *armWriter) run(code []byte, base uint64) {
	a.known, a.alias, a.vectors, a.address = 0, 0, 0, 0
	for at := 0; at+4 <= len(code); at += 4 {
		w := binary.LittleEndian.Uint32(code[at:])
		class := armClasses[w>>21]
		if a.known|a.alias|a.vectors == 0 && len(a.pieces) == 0 && armQuiet>>class&1 == 1 {
			continue // nothing to forget, and it brings nothing
		}
		switch class {
		case armMove:
			a.move(w)
		case armPage:
			a.set(w&31, adrpTarget(w, base+uint64(at)), true)
		case armAddress:
			a.set(w&31, base+uint64(at)+uint64(int64(int32(w<<8)>>11&^3)+int64(w>>29&3)), true)
		case armAdd:
			a.add(w)
		case armBL, armRegister:
			if class == armBL && len(a.barriers) > 0 && a.barriers[base+uint64(at)+uint64(int64(int32(w<<6)>>4))] {
				a.forget(1 << 25) // where the buffer is
				continue
			}
			a.arguments()
			a.forget(armCalleeGone)
			a.vectors = 0
		case armOffset, armIndexed, armPair, armVector:
			a.memory(class, w, base+uint64(at))
		case armRd:
			if v, ok := bitmask(w); ok && w>>29&3 == 1 && w>>5&31 == 31 { // mov, as orr with the zero register
				a.set(w&31, v, false)
			} else if from := w >> 16 & 31; w&0x7fe0ffe0 == 0x2a0003e0 && a.known>>from&1 == 1 { // mov of a register
				a.set(w&31, a.value[from], a.address>>from&1 == 1)
			} else {
				a.forget(1 << (w & 31))
			}
		case armKeep, armConvert:
			if w>>25&7 == 7 {
				a.vectors &^= 1 << (w & 31)
			}
			a.forget(armWrites(class, w))
		default:
			a.forget(armPlainWrites(w) | armWrites(class, w))
		}
	}
}

// arguments looks for texts among the arguments of a call: an address, and its
// length in the next register.
func (a *armWriter) arguments() {
	for pairs := a.known & a.address & (a.known &^ a.address >> 1) & 0x7fff; pairs != 0; pairs &= pairs - 1 {
		r := bits.TrailingZeros32(pairs)
		a.text(a.value[r], a.value[r+1], false)
	}
}

// forget drops what is known of registers, and begins a new base of each.
func (a *armWriter) forget(set uint32) {
	set &= 1<<31 - 1
	a.known &^= set
	a.alias &^= set
	for ; set != 0; set &= set - 1 {
		a.changes[bits.TrailingZeros32(set)]++
	}
}

func (a *armWriter) set(rd uint32, v uint64, address bool) {
	if rd == 31 {
		return
	}
	a.forget(1 << rd)
	a.known |= 1 << rd
	a.address &^= 1 << rd
	if address {
		a.address |= 1 << rd
	}
	a.value[rd] = v
}

func (a *armWriter) move(w uint32) {
	rd, shift := w&31, w>>21&3<<4
	part := uint64(w>>5&0xffff) << shift
	switch w >> 29 & 3 {
	case 0:
		part = ^part
		if w>>31 == 0 {
			part = uint64(uint32(part))
		}
	case 3:
		if a.known>>rd&1 == 0 {
			a.forget(1 << rd)
			return
		}
		part |= a.value[rd] &^ (0xffff << shift)
	}
	a.set(rd, part, false)
}

func (a *armWriter) add(w uint32) {
	rn, rd, by := w>>5&31, w&31, uint64(w>>10&0xfff)
	if rn != 31 && a.known>>rn&1 == 1 {
		a.set(rd, a.value[rn]+by, a.address>>rn&1 == 1)
		return
	}
	base, off := a.place(rn)
	if rd == 31 {
		a.changes[31]++
		return
	}
	a.forget(1 << rd)
	a.alias |= 1 << rd
	a.base[rd], a.offset[rd] = base, off+int64(by)
}

// place is the base that a register stands for, and an offset from it.
func (a *armWriter) place(rn uint32) (uint32, int64) {
	if a.alias>>rn&1 == 1 {
		return a.base[rn], a.offset[rn]
	}
	return rn | a.changes[rn]<<5, 0
}

// memory takes loads of constants and stores.
func (a *armWriter) memory(class armClass, w uint32, pc uint64) {
	rn, rt, vector := w>>5&31, w&31, w>>26&1 == 1
	if class == armPair || class == armVector && w>>27&7 == 5 {
		a.pair(w, pc)
		return
	}
	if class == armVector && w>>27&7 != 7 { // of several registers, or elements
		a.vectors = 0
		a.forget(armPlainWrites(w))
		return
	}
	size := w >> 30
	if vector {
		size |= w >> 23 & 1 << 2
	}
	load := w>>22&3 != 0
	if vector {
		load = w>>22&1 == 1
	}
	off := int64(w>>10&0xfff) << size
	if w>>24&1 == 0 {
		off = int64(int32(w<<11) >> 23)
		if w>>21&1 == 1 || w>>10&3 == 2 { // of a register, or not privileged
			if load && vector {
				a.vectors &^= 1 << rt
			}
			a.forget(armPlainWrites(w))
			return
		}
	}
	if w>>24&1 == 0 && w>>10&1 == 1 { // with write-back
		if w>>10&3 == 1 {
			off = 0
		}
		if !load {
			a.store(rn, off, size, rt, vector, pc)
		}
		a.forget(armPlainWrites(w))
		if rn == 31 {
			a.changes[31]++
		}
		if vector && load {
			a.vectors &^= 1 << rt
		}
		return
	}
	if load {
		a.load(rn, off, size, rt, vector, w>>23&1 == 0)
		return
	}
	a.store(rn, off, size, rt, vector, pc)
}

// load takes a constant from the image into a register.
func (a *armWriter) load(rn uint32, off int64, size, rt uint32, vector, plain bool) {
	var b []byte
	if rn != 31 && a.known&a.address>>rn&1 == 1 && a.code.Load != nil && size < 5 {
		b = a.code.Load(a.value[rn]+uint64(off), 1<<size)
	}
	if vector {
		a.vectors &^= 1 << rt
		if b != nil {
			a.vectors |= 1 << rt
			a.vector[rt] = [16]byte{}
			copy(a.vector[rt][:], b)
		}
		return
	}
	if size == 3 && ofFrameARM(rn) {
		base, by := a.place(rn)
		p := a.reload(baseAt{base, off + by})
		a.forget(1 << rt)
		if rt != 31 {
			a.alias |= 1 << rt
			a.base[rt], a.offset[rt] = p.base, p.off
		}
		return
	}
	if b == nil || !plain && size < 3 || len(b) > 8 {
		a.forget(1 << rt)
		return
	}
	var word [8]byte
	copy(word[:], b)
	a.set(rt, binary.LittleEndian.Uint64(word[:]), false)
}

func (a *armWriter) store(rn uint32, off int64, size, rt uint32, vector bool, pc uint64) {
	if size > 4 || rn != 31 && a.known>>rn&1 == 1 {
		return // to a variable of the image
	}
	if size == 3 && !vector && rt != 31 && a.known>>rt&1 == 1 {
		base, by := a.place(rn)
		a.half(base, off+by, a.value[rt], a.address>>rt&1 == 1)
	}
	a.putAside(rn, off, size, rt, vector)
	var value [16]byte
	switch {
	case vector && a.vectors>>rt&1 == 1:
		value = a.vector[rt]
	case vector:
		return
	case rt == 31:
	case a.known>>rt&1 == 1 && a.address>>rt&1 == 0:
		value = little(a.value[rt])
	default:
		return
	}
	base, by := a.place(rn)
	a.write(base, off+by, pc, value[:1<<size])
}

// ofFrameARM reports whether a register is SP or the frame pointer.
func ofFrameARM(rn uint32) bool { return rn == 31 || rn == 29 }

// putAside notes a register that is stored in the frame.
func (a *armWriter) putAside(rn uint32, off int64, size, rt uint32, vector bool) {
	if !ofFrameARM(rn) {
		return
	}
	base, by := a.place(rn)
	at := baseAt{base, off + by}
	delete(a.slots, at)
	if size == 3 && !vector && rt != 31 && a.known>>rt&1 == 0 {
		to, from := a.place(rt)
		a.slots[at] = baseAt{to, from}
	}
}

func (a *armWriter) pair(w uint32, pc uint64) {
	rn, rt, second, vector := w>>5&31, w&31, w>>10&31, w>>26&1 == 1
	size := 2 + w>>31
	if vector {
		size = 2 + w>>30
	}
	off := int64(int32(w<<10)>>25) << size
	mode := w >> 23 & 3
	if w>>22&1 == 1 {
		if vector {
			a.vectors &^= 1<<rt | 1<<second
		}
	} else {
		if mode == 1 { // post-index
			off = 0
		}
		a.store(rn, off, size, rt, vector, pc)
		a.store(rn, off+1<<size, size, second, vector, pc)
	}
	a.forget(armPlainWrites(w))
	if mode&1 == 1 && rn == 31 {
		a.changes[31]++
	}
}

// bitmask decodes the immediate of a logical instruction (Arm Architecture
// Reference Manual, DecodeBitMasks).
func bitmask(w uint32) (uint64, bool) {
	if w>>23&0x3f != 0b100100 {
		return 0, false
	}
	n, r, s := w>>22&1, w>>16&63, w>>10&63
	length := 31 - bits.LeadingZeros32(n<<6|^s&63)
	if length < 1 {
		return 0, false
	}
	size := uint32(1) << length
	levels := size - 1
	ones := s&levels + 1
	if ones == size {
		return 0, false
	}
	element := uint64(1)<<ones - 1
	if by := r & levels; by > 0 {
		element = element>>by | element<<(size-by)
	}
	if size < 64 {
		element &= 1<<size - 1
	}
	out := uint64(0)
	for at := uint32(0); at < 64; at += size {
		out |= element << at
	}
	if w>>31 == 0 {
		out = uint64(uint32(out))
	}
	return out, true
}
