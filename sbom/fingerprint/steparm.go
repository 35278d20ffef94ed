package fingerprint

import "encoding/binary"

// armSteps makes steps of arm64.
type armSteps struct {
	out []Step
	at  uint64
}

func (a *armSteps) run(code []byte, base uint64) {
	for i := 0; i+4 <= len(code) && len(a.out) <= MaxSteps; i += 4 {
		a.at = base + uint64(i)
		a.instruction(binary.LittleEndian.Uint32(code[i:]))
	}
}

// plainRegister is a register of bits where 31 means zero.
func plainRegister(n uint32) uint8 {
	if n&31 == 31 {
		return NoRegister
	}
	return uint8(n & 31)
}

func (a *armSteps) add(s Step) {
	if s.To != NoRegister || s.Do >= StepStore {
		a.out = append(a.out, s)
	}
}

func (a *armSteps) set(do Deed, to uint8, value uint64) {
	s := pending(a.at, do)
	s.To, s.Value = to, value
	a.add(s)
}

func (a *armSteps) mix(to, x, y, z uint8) {
	s := pending(a.at, StepMix)
	s.To, s.From, s.Base, s.Index = to, x, y, z
	a.add(s)
}

func (a *armSteps) instruction(w uint32) {
	class := armClasses[w>>21]
	rd := plainRegister(w)
	switch class {
	case armPage:
		a.set(StepNumber, rd, adrpTarget(w, a.at))
	case armAddress:
		a.set(StepNumber, rd, a.at+uint64(int64(int32(w<<8)>>11&^3)+int64(w>>29&3)))
	case armMove:
		switch w >> 29 & 3 {
		case 2:
			a.set(StepNumber, rd, uint64(w>>5&0xffff)<<(w>>21&3<<4))
		case 3: // a part of a number: no address is made so
			a.set(StepForget, rd, 0)
		default:
			a.set(StepForget, rd, 0)
		}
	case armB, armBL, armFar, armNear:
		a.branch(class, w)
	case armRegister:
		a.register(w)
	case armOffset, armIndexed, armPair, armLiteral, armExclusive, armVector:
		a.memory(class, w)
	case armAdd, armRd:
		a.compute(w, rd)
	case armConvert, armKeep:
		a.convert(w)
	case armSystem:
		if armWrites(class, w) != 0 {
			a.set(StepForget, rd, 0)
		}
	}
}

func (a *armSteps) branch(class armClass, w uint32) {
	do := map[armClass]Deed{armB: StepJump, armBL: StepCall, armFar: StepBranch, armNear: StepBranch}[class]
	a.set(do, NoRegister, a.at+armDistance(class, w))
}

func (a *armSteps) register(w uint32) {
	s := pending(a.at, StepReturn)
	s.From = plainRegister(w >> 5)
	switch w >> 21 & 7 {
	case 0:
		s.Do = StepJumpFrom
	case 1:
		s.Do = StepCallFrom
	}
	a.add(s)
}

// compute takes arithmetic and logic of general registers.
func (a *armSteps) compute(w uint32, rd uint8) {
	rn, rm := plainRegister(w>>5), plainRegister(w>>16)
	switch {
	case w>>23&0x3f == 0b100010: // add or sub of a number
		by := uint64(w >> 10 & 0xfff)
		if w>>22&1 == 1 {
			by <<= 12
		}
		if w>>30&1 == 1 {
			by = -by
		}
		to := uint8(w & 31)
		if w>>29&1 == 1 {
			to = rd
		}
		s := pending(a.at, StepAdd)
		s.To, s.From, s.Value = to, uint8(w>>5&31), by
		if w>>31 == 0 {
			s.Do = StepMix
		}
		a.add(s)
	case w>>23&0x3f == 0b100100: // logic with a number: may write the stack pointer
		if v, ok := bitmask(w); ok && rn == NoRegister {
			a.set(StepNumber, uint8(w&31), v)
			return
		}
		to := uint8(w & 31)
		if w>>29&3 == 3 {
			to = rd
		}
		a.mix(to, rn, NoRegister, NoRegister)
	case w>>24&0x1f == 0b01010: // logic of two
		if w>>29&3 == 1 && rn == NoRegister && w>>10&0x3f == 0 && w>>21&1 == 0 {
			s := pending(a.at, StepMove)
			s.To, s.From = rd, rm
			a.add(s)
			return
		}
		a.mix(rd, rn, rm, NoRegister)
	case w>>24&0x1f == 0b01011: // add or sub of two; the extended kind knows the stack pointer
		if w>>21&1 == 1 {
			rn = uint8(w >> 5 & 31)
			if w>>29&1 == 0 {
				rd = uint8(w & 31)
			}
		}
		a.mix(rd, rn, rm, NoRegister)
	case w>>24&0x1f == 0b11011: // multiply and add
		a.mix(rd, rn, rm, plainRegister(w>>10))
	case w>>23&0x3f == 0b100110: // bits of one
		a.mix(rd, rn, rd, NoRegister)
	case w>>23&0x3f == 0b100111: // of two
		a.mix(rd, rn, rm, NoRegister)
	case w>>21&0x7ff == 0b11011010110: // of one, and signing of pointers
		if w>>16&31 == 1 {
			rn = NoRegister
			a.mix(rd, rd, NoRegister, NoRegister)
			return
		}
		a.mix(rd, rn, NoRegister, NoRegister)
	case w>>21&0xff == 0b11010000, w>>21&0xff == 0b11010100, w>>21&0xff == 0b11010110:
		a.mix(rd, rn, rm, NoRegister)
	default:
		a.set(StepForget, rd, 0)
	}
}

// convert takes what moves between general registers and vectors.
func (a *armSteps) convert(w uint32) {
	if w>>25&7 != 7 {
		return
	}
	vd, vn, vm := StepVector+uint8(w&31), StepVector+uint8(w>>5&31), StepVector+uint8(w>>16&31)
	switch {
	case w&0xfffffc00 == 0x9e670000: // fmov to a vector
		s := pending(a.at, StepMove)
		s.To, s.From = vd, plainRegister(w>>5)
		a.add(s)
	case w&0xfffffc00 == 0x9e660000: // fmov from a vector
		s := pending(a.at, StepMove)
		s.To, s.From = plainRegister(w), vn
		a.add(s)
	case w&0xffe0fc00 == 0x4e001c00: // ins of a general register
		a.mix(vd, vd, plainRegister(w>>5), NoRegister)
	case w&0xbfe0fc00 == 0x0e000c00: // dup of one
		a.mix(vd, plainRegister(w>>5), NoRegister, NoRegister)
	case w&0xbfe0fc00 == 0x0e003c00: // umov
		a.mix(plainRegister(w), vn, NoRegister, NoRegister)
	case armWrites(armConvert, w) != 0:
		a.set(StepForget, plainRegister(w), 0)
	case w&0xffe0fc00 == 0x4ea01c00 && vn == vm: // mov
		s := pending(a.at, StepMove)
		s.To, s.From = vd, vn
		a.add(s)
	case w>>24&0x9f == 0x0f, w>>24&0x1f == 0x1e && w>>10&3 == 0: // of a number
		a.set(StepForget, vd, 0)
	default:
		a.mix(vd, vn, vm, NoRegister)
	}
}

// memory takes loads and stores.
func (a *armSteps) memory(class armClass, w uint32) {
	vector, size := w>>26&1 == 1, w>>30
	load := w>>22&3 != 0
	if vector {
		size |= w >> 23 & 1 << 2
		load = w>>22&1 == 1
	}
	rn := uint8(w >> 5 & 31)
	rt := func(n uint32) uint8 {
		if vector {
			return StepVector + uint8(n&31)
		}
		return plainRegister(n)
	}
	switch class {
	case armLiteral:
		s := pending(a.at, StepLoad)
		s.To, s.Value, s.Size = rt(w), a.at+armDistance(armFar, w), 8
		a.add(s)
	case armExclusive:
		a.access(w>>22&1 == 1, rn, 0, rt(w), 1<<size)
		if w>>22&1 == 0 && w>>23&1 == 0 { // the status of a store
			a.set(StepForget, plainRegister(w>>16), 0)
		}
	case armVector: // of whole vectors: the first is followed
		a.access(w>>22&1 == 1, rn, 0, StepVector+uint8(w&31), 16)
		if w>>23&1 == 1 {
			a.mix(rn, rn, NoRegister, NoRegister)
		}
	case armPair:
		a.pair(w, vector, rt)
	case armOffset:
		a.access(load, rn, uint64(w>>10&0xfff)<<min(size, 4), rt(w), 1<<min(size, 4))
	case armIndexed:
		a.indexed(w, load, size, rn, rt(w))
	}
}

// access is a load or a store.
func (a *armSteps) access(load bool, rn uint8, off uint64, rt uint8, size uint32) {
	s := pending(a.at, StepStore)
	s.Base, s.Value, s.Size, s.From = rn, off, uint8(size), rt
	if load {
		s.Do, s.From, s.To = StepLoad, NoRegister, rt
	}
	a.add(s)
}

func (a *armSteps) advance(rn uint8, by uint64) {
	s := pending(a.at, StepAdd)
	s.To, s.From, s.Value = rn, rn, by
	a.add(s)
}

func (a *armSteps) indexed(w uint32, load bool, size uint32, rn, rt uint8) {
	off := uint64(int64(int32(w<<11) >> 23))
	bytes := uint32(1) << min(size, 4)
	switch {
	case w>>21&1 == 1 && w>>10&3 == 2: // of a register
		s := pending(a.at, StepStore)
		s.Base, s.Index, s.Size, s.From = rn, plainRegister(w>>16), uint8(bytes), rt
		if load {
			s.Do, s.From, s.To = StepLoad, NoRegister, rt
		}
		a.add(s)
	case w>>21&1 == 1 && w>>10&3 != 0: // signed pointers
		a.access(true, rn, 0, rt, 8)
	case w>>21&1 == 1: // atomic: what is stored, and what was there
		a.access(false, rn, 0, plainRegister(w>>16), bytes)
		a.access(true, rn, 0, rt, bytes)
	case w>>10&3 == 1: // behind
		a.access(load, rn, 0, rt, bytes)
		a.advance(rn, off)
	case w>>10&3 == 3: // before
		a.advance(rn, off)
		a.access(load, rn, 0, rt, bytes)
	default:
		a.access(load, rn, off, rt, bytes)
	}
}

func (a *armSteps) pair(w uint32, vector bool, rt func(uint32) uint8) {
	size := 2 + w>>31
	if vector {
		size = 2 + w>>30
	} else if w>>30 == 1 { // signed words
		size = 2
	}
	size = min(size, 4)
	off, load, rn := uint64(int64(int32(w<<10)>>25)<<size), w>>22&1 == 1, uint8(w>>5&31)
	at := off
	switch w >> 23 & 3 {
	case 1:
		at = 0
	case 3:
		a.advance(rn, off)
		at = 0
	}
	first, second := rt(w), rt(w>>10)
	if load && first == rn { // the base goes last
		a.access(load, rn, at+1<<size, second, 1<<size)
		a.access(load, rn, at, first, 1<<size)
	} else {
		a.access(load, rn, at, first, 1<<size)
		a.access(load, rn, at+1<<size, second, 1<<size)
	}
	if w>>23&3 == 1 {
		a.advance(rn, off)
	}
}
