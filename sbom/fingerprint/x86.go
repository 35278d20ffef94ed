package fingerprint

import "encoding/binary"

// recent is how many of the last immediates are looked at for the other half of
// a Swift short string.
const recent = 4

// x86 is the state of the pass in one function of x86_64. No registers need to
// be followed: every instruction that names an address does so by itself.
type x86 struct {
	*pass
	in     x86Inst
	base   uint64
	words  [recent]uint64 // the last immediates of registers; 0: none
	next   int
	buffer [16]byte
}

func (p *pass) passX86() {
	x := &x86{pass: p}
	for i := range p.set.Functions {
		code := p.begin(i)
		x.base = p.starts[i]
		p.runs(code, x.run)
		for range recent {
			x.remember(0)
		}
		p.close()
	}
}

// run takes the instructions of a part of the function. The last one may reach
// behind it: zeros at the end of an instruction look like padding.
func (x *x86) run(code []byte, from, to uint64) {
	state, count, end := x.state, x.count, x.end
	for at := from; at < to; {
		b := code[at:]
		size, cut, kind := uint64(x86Quick(b)), 0, x86Kept
		if size == 0 {
			x.end = at
			size, cut, kind = x.slow(b, at)
		}
		at += size
		if kind == x86Padding {
			continue
		}
		end = at
		if kind == x86Address {
			continue
		}
		count++
		if kind == x86Unknown {
			state = mix(state, tagByte|uint64(b[0]))
			continue
		}
		low, high := load16(b)
		if cut > 0 {
			low, high = without(low, high, uint(cut))
		}
		if size < 8 {
			state = mix(state, low&(1<<(8*size)-1))
			continue
		}
		state = mix(state, low)
		if size > 8 {
			state = mix(state, high&(1<<(8*(size-8))-1))
		}
	}
	x.state, x.count, x.end = state, count, end
}

// What an instruction is to the normal form.
const (
	x86Kept    = iota
	x86Padding // left out, and no part of the function at its end
	x86Address // left out: it only builds an address
	x86Unknown // not decodable
)

// slow decodes an instruction in full. It gives its size, the offset of a
// distance that is cut out, or 0, and what it is.
func (x *x86) slow(b []byte, at uint64) (uint64, int, int) {
	if len(b) >= maxX86 {
		if size, cut, kind := x.common(b, at); size > 0 {
			return size, cut, kind
		}
	}
	decodeX86(b, &x.in)
	if x.in.size == 0 {
		return 1, 0, x86Unknown
	}
	size := uint64(x.in.size)
	if x.skip() {
		return size, 0, x86Padding
	}
	cut, keep := x.look(b, at)
	if !keep {
		return size, cut, x86Address
	}
	return size, cut, x86Kept
}

// common does what slow does for the instructions that most references are made
// of: calls and jumps, and lea and mov of 8 bytes. Size 0: it is none of them.
func (x *x86) common(b []byte, at uint64) (uint64, int, int) {
	size, cut, inner := uint64(5), 1, true
	switch {
	case b[0] == 0xe8:
		inner = false
	case b[0] == 0xe9:
	case b[0] == 0x0f && b[1]>>4 == 8:
		size, cut = 6, 2
	case b[0]>>3 == 0x48>>3 && b[2]&0xc7 == 5 && (b[1] == 0x8d || b[1] == 0x8b):
		address := x.base + at + 7 + x86Distance(b[3:])
		if b[1] == 0x8d {
			x.refer(address, purposeBuild)
			return 7, 0, x86Address
		}
		if x.refer(address, 3).indirect {
			return 7, 0, x86Address
		}
		return 7, 3, x86Kept
	default:
		return 0, 0, 0
	}
	to := x.base + at + size + x86Distance(b[cut:])
	if inner && to-x.base < x.sizes[x.index] {
		return size, 0, x86Kept
	}
	x.pass.branch(to)
	return size, cut, x86Kept
}

// load16 reads up to 16 bytes; what is missing is zero.
func load16(b []byte) (low, high uint64) {
	if len(b) < 16 {
		var whole [16]byte
		copy(whole[:], b)
		b = whole[:]
	}
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
}

// without clears the 4 bytes at an offset.
func without(low, high uint64, at uint) (uint64, uint64) {
	const four = 0xffffffff
	if at < 8 {
		low &^= four << (8 * at)
		if at > 4 {
			high &^= four >> (8 * (8 - at))
		}
		return low, high
	}
	return low, high &^ (four << (8 * (at - 8)))
}

// skip reports padding: nops of every length, and breakpoints.
func (x *x86) skip() bool {
	in := &x.in
	switch {
	case in.vector != 0:
		return false
	case in.space == 0:
		return in.opcode == 0xcc || in.opcode == 0x90 && in.rex&1 == 0 && in.prefix != 0xf3
	}
	return in.space == 1 && in.opcode == 0x1f && in.modrm>>3&7 == 0
}

// look finds what the instruction at an offset refers to. It gives the offset of
// a distance that is cut out, or 0, and whether the instruction is kept at all.
func (x *x86) look(b []byte, at uint64) (int, bool) {
	in := &x.in
	next := x.base + at + uint64(in.size)
	switch {
	case in.jump != 0:
		to := next + x86Distance(b[in.jump:])
		if to-x.base < x.sizes[x.index] && (in.space == 1 || in.opcode == 0xe9) {
			return 0, true
		}
		x.pass.branch(to)
		return in.jump, true
	case in.near != 0:
		if in.imm != 0 {
			x.immediate(b)
		}
		return in.near, x.memory(next + x86Distance(b[in.near:]))
	case in.imm != 0:
		x.immediate(b)
	}
	return 0, true
}

// memory takes an operand at a known address. It reports whether the instruction
// is kept: one that only builds an address, or loads it from a slot, is not.
func (x *x86) memory(address uint64) bool {
	in := &x.in
	if in.space != 0 {
		if in.space == 1 && in.opcode == 0x1f {
			return true
		}
		x.refer(address, x.width())
		return true
	}
	switch in.opcode {
	case 0x8d:
		x.refer(address, purposeBuild)
		return false
	case 0xff:
		if op := in.modrm >> 3 & 7; op == 2 || op == 4 {
			x.pass.branch(address)
			return true
		}
	case 0x8b:
		return !(x.refer(address, x.width()).indirect && in.rex&8 != 0)
	case 0x88, 0x89, 0xc6, 0xc7: // stores
		return true
	}
	x.refer(address, x.width())
	return true
}

// width is how much the instruction loads, as the power of two.
func (x *x86) width() purpose {
	in := &x.in
	if in.space == 0 || in.space == 1 && (in.opcode>>4 == 4 || in.opcode >= 0xa0 && in.opcode < 0xc2) {
		switch {
		case in.space == 0 && in.opcode&1 == 0 && in.opcode != 0x62, in.opcode == 0xb6, in.opcode == 0xbe:
			return 0
		case in.rex&8 != 0:
			return 3
		case in.prefix == 0x66, in.space == 1 && (in.opcode == 0xb7 || in.opcode == 0xbf):
			return 1
		}
		return 2
	}
	scalar := in.space == 1 && (in.opcode == 0x2e || in.opcode == 0x2f)
	switch {
	case in.space == 1 && (in.opcode == 0x6e || in.opcode == 0xd6), in.prefix == 0xf3 && in.opcode == 0x7e:
		if in.rex&8 != 0 || in.opcode != 0x6e {
			return 3
		}
		return 2
	case in.space == 1 && (in.opcode == 0x12 || in.opcode == 0x16 || in.opcode == 0x13 || in.opcode == 0x17):
		return 3
	case in.space == 1 && in.prefix == 0xf2, scalar && in.prefix == 0x66:
		return 3
	case in.space == 1 && in.prefix == 0xf3, scalar:
		return 2
	}
	return purpose(4 + min(in.length, 2))
}

// immediate looks at an immediate of 4 or 8 bytes.
func (x *x86) immediate(b []byte) {
	in := &x.in
	v := uint64(0)
	switch {
	case in.wide:
		v = binary.LittleEndian.Uint64(b[in.imm:])
	case in.imm+4 <= in.size:
		v = uint64(binary.LittleEndian.Uint32(b[in.imm:]))
	}
	if in.space == 0 && in.opcode>>3 == 0xb8>>3 {
		if !x.text(v) {
			x.remember(v)
		}
	} else if v > 0xffff {
		x.constant(v)
	}
}

// remember keeps an immediate for later, and is done with the oldest.
func (x *x86) remember(v uint64) {
	if old := x.words[x.next]; old > 0xffff {
		x.constant(old)
	}
	x.words[x.next] = v
	x.next = (x.next + 1) % recent
}

// text looks for the other half of a Swift short string among the last
// immediates that went to registers.
func (x *x86) text(v uint64) bool {
	last := endsShort(v)
	for i := range recent {
		j := (x.next + recent - 1 - i) % recent // the latest first
		other := x.words[j]
		if other == 0 || last == endsShort(other) {
			continue
		}
		first, second := v, other
		if last {
			first, second = other, v
		}
		if t := shortText(&x.buffer, first, second); t != nil {
			x.words[j] = 0
			x.short(t, x.base+x.end)
			return true
		}
	}
	return false
}
