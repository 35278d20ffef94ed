package fingerprint

import "encoding/binary"

// x86Writer follows constants from instructions and registers of x86_64 to memory.
type x86Writer struct {
	*writer
	in      x86Inst
	known   uint32 // general registers whose value is known
	address uint32 // of these: it is an address of the image
	value   [16]uint64
	alias   uint32
	base    [16]uint32
	offset  [16]int64
	vectors uint32
	vector  [16][16]byte
	changes [16]uint32
}

func (x *x86Writer) run(code []byte, base uint64) {
	x.known, x.alias, x.vectors = 0, 0, 0
	for at := 0; at < len(code); {
		b := code[at:]
		decodeX86(b, &x.in)
		if x.in.size == 0 {
			at++
			continue
		}
		x.instruction(b[:x.in.size], base+uint64(at))
		at += x.in.size
	}
}

// forget drops what is known of a register, and begins a new base.
func (x *x86Writer) forget(r byte) {
	x.known &^= 1 << r
	x.alias &^= 1 << r
	x.changes[r]++
}

func (x *x86Writer) set(r byte, v uint64) {
	x.forget(r)
	x.known |= 1 << r
	x.address &^= 1 << r
	x.value[r] = v
}

// operand is the memory operand of an instruction: a base with an offset, or an
// address of the image.
type operand struct {
	base    uint32
	off     int64
	address uint64
	near    bool // address is meant
	ok      bool
}

// memory decodes the operand that ModRM at b[i] names. Operands with an index
// are not followed.
func (x *x86Writer) memory(b []byte, i int, next uint64) (o operand) {
	m := b[i]
	mode, rm := m>>6, m&7
	i++
	if mode == 3 {
		return o
	}
	reg := rm | x.in.rex&1<<3
	if rm == 4 {
		if i >= len(b) {
			return o
		}
		sib := b[i]
		i++
		if sib>>3&7|x.in.rex&2<<2 != 4 || mode == 0 && sib&7 == 5 {
			return o
		}
		reg = sib&7 | x.in.rex&1<<3
	}
	switch {
	case mode == 0 && rm == 5:
		if i+4 > len(b) {
			return o
		}
		return operand{near: true, ok: true, address: next + x86Distance(b[i:])}
	case mode == 1 && i < len(b):
		o.off = int64(int8(b[i]))
	case mode == 2 && i+4 <= len(b):
		o.off = int64(int32(binary.LittleEndian.Uint32(b[i:])))
	case mode != 0:
		return o
	}
	o.ok, o.base = true, uint32(reg)|x.changes[reg]<<5
	if x.alias>>reg&1 == 1 {
		o.base, o.off = x.base[reg], o.off+x.offset[reg]
	}
	return o
}

// instruction takes one instruction.
func (x *x86Writer) instruction(b []byte, pc uint64) {
	in := &x.in
	next := pc + uint64(in.size)
	if in.space == 1 && in.vector == 0 {
		x.moveVector(b, pc, next)
		return
	}
	if in.space != 0 || in.vector != 0 {
		if in.vector != 0 {
			x.vectors = 0
		}
		return
	}
	at := opcodeAt(b, in)
	if at < 0 {
		return
	}
	switch op := in.opcode; {
	case op>>3 == 0xb8>>3:
		r := op&7 | in.rex&1<<3
		switch {
		case in.wide:
			x.set(r, binary.LittleEndian.Uint64(b[in.imm:]))
		case in.imm > 0 && in.imm+4 <= len(b):
			x.set(r, uint64(binary.LittleEndian.Uint32(b[in.imm:])))
		default:
			x.forget(r)
		}
	case op>>3 == 0xb0>>3:
		x.forget(op&7 | in.rex&1<<3)
	case (op == 0xc6 || op == 0xc7) && in.modrm>>3&7 == 0:
		x.storeImmediate(b, at, pc, next)
	case op == 0x88 || op == 0x89:
		x.storeRegister(b, at, pc, next)
	case (op == 0x31 || op == 0x33) && in.modrm>>6 == 3 && in.modrm>>3&7 == in.modrm&7 && in.rex>>2&1 == in.rex&1:
		x.set(in.modrm&7|in.rex&1<<3, 0)
	case op == 0x8b && in.modrm < 0xc0:
		x.load(b, at, next)
	case op == 0x8d:
		r := in.modrm>>3&7 | in.rex&4<<1
		o := x.memory(b, at+1, next)
		x.forget(r)
		if o.ok && o.near {
			x.set(r, o.address)
			x.address |= 1 << r
		}
		if o.ok && !o.near {
			x.alias |= 1 << r
			x.base[r], x.offset[r] = o.base, o.off
		}
	case op == 0xe8 && len(x.barriers) > 0 && x.barriers[next+x86Distance(b[at+1:])]:
		x.forget(11) // where the buffer is
	case op == 0xe8 || op == 0xff && in.modrm>>3&7 == 2:
		x.arguments()
		for _, r := range []byte{0, 1, 2, 6, 7, 8, 9, 10, 11} {
			x.forget(r)
		}
		x.vectors = 0
	case in.modrm != 0 || op < 0x40:
		x.others(op)
	case op>>3 == 0x58>>3: // pop
		x.forget(op&7 | in.rex&1<<3)
	}
}

// others forgets what any other instruction with ModRM may write: both of its
// registers, but those of comparisons.
func (x *x86Writer) others(op byte) {
	in := &x.in
	if op>>1 == 0x38>>1 || op>>1 == 0x3a>>1 || op>>1 == 0x84>>1 {
		return
	}
	if op == 0x81 || op == 0x83 {
		if in.modrm>>3&7 == 7 {
			return
		}
	} else {
		x.forget(in.modrm>>3&7 | in.rex&4<<1)
	}
	if in.modrm>>6 == 3 {
		x.forget(in.modrm&7 | in.rex&1<<3)
	}
}

// opcodeAt is where the opcode of an instruction of the one-byte map stands.
func opcodeAt(b []byte, in *x86Inst) int {
	for i, c := range b {
		if kind := x86Opcodes[c]; kind != 'p' && kind != 'r' {
			return i
		}
	}
	return -1
}

// operandSize is 1, 2, 4 or 8 bytes, for opcodes whose lowest bit tells bytes.
func (x *x86Writer) operandSize() int {
	switch {
	case x.in.opcode&1 == 0:
		return 1
	case x.in.rex&8 != 0:
		return 8
	case x.in.prefix == 0x66:
		return 2
	}
	return 4
}

func (x *x86Writer) storeImmediate(b []byte, at int, pc, next uint64) {
	o := x.memory(b, at+1, next)
	n := x.operandSize()
	have := min(n, 4)
	if !o.ok || o.near || len(b) < have+at+2 {
		return
	}
	var value [8]byte
	copy(value[:], b[len(b)-have:])
	if n == 8 && value[3]&0x80 != 0 {
		copy(value[4:], []byte{0xff, 0xff, 0xff, 0xff})
	}
	if n == 8 {
		x.half(o.base, o.off, binary.LittleEndian.Uint64(value[:]), false)
	}
	x.write(o.base, o.off, pc, value[:n])
}

// x86Arguments are the registers that hold a text together, address and length,
// in a call: those of Go (AX, BX, CX, DI, SI, R8 to R11), then those of C and
// Rust (RDI, RSI, RDX, RCX, R8, R9).
var x86Arguments = [...][2]byte{{0, 3}, {3, 1}, {1, 7}, {7, 6}, {6, 8}, {8, 9}, {9, 10}, {10, 11}, {6, 2}, {2, 1}, {1, 8}}

func (x *x86Writer) arguments() {
	for _, p := range x86Arguments {
		if x.known&x.address>>p[0]&1 == 1 && x.known&^x.address>>p[1]&1 == 1 {
			x.text(x.value[p[0]], x.value[p[1]], false)
		}
	}
}

func (x *x86Writer) storeRegister(b []byte, at int, pc, next uint64) {
	in := &x.in
	r := in.modrm>>3&7 | in.rex&4<<1
	if in.modrm>>6 == 3 {
		to := in.modrm&7 | in.rex&1<<3
		if in.opcode == 0x89 && x.known&^x.address>>r&1 == 1 {
			x.set(to, x.value[r])
		} else {
			x.forget(to)
		}
		return
	}
	o := x.memory(b, at+1, next)
	x.putAside(o, r)
	if n := x.operandSize(); o.ok && !o.near && x.known>>r&1 == 1 && (n > 1 || r < 4 || in.rex != 0) {
		if n == 8 {
			x.half(o.base, o.off, x.value[r], x.address>>r&1 == 1)
		}
		if x.address>>r&1 == 1 {
			return
		}
		value := little(x.value[r])
		x.write(o.base, o.off, pc, value[:n])
	}
}

// ofFrame reports whether an operand is relative to RSP or RBP.
func (o operand) ofFrame() bool { return o.ok && !o.near && o.base>>1&15 == 2 }

// putAside notes a register that is stored in the frame.
func (x *x86Writer) putAside(o operand, r byte) {
	if !o.ofFrame() {
		return
	}
	at := baseAt{o.base, o.off}
	delete(x.slots, at)
	if x.operandSize() != 8 || x.known>>r&1 == 1 {
		return
	}
	x.slots[at] = baseAt{uint32(r) | x.changes[r]<<5, 0}
	if x.alias>>r&1 == 1 {
		x.slots[at] = baseAt{x.base[r], x.offset[r]}
	}
}

func (x *x86Writer) load(b []byte, at int, next uint64) {
	r := x.in.modrm>>3&7 | x.in.rex&4<<1
	o := x.memory(b, at+1, next)
	x.forget(r)
	if o.ofFrame() && x.operandSize() == 8 {
		p := x.reload(baseAt{o.base, o.off})
		x.alias |= 1 << r
		x.base[r], x.offset[r] = p.base, p.off
		return
	}
	if o.ok && o.near && x.code.Load != nil {
		n := x.operandSize()
		if c := x.code.Load(o.address, n); c != nil && n >= 4 {
			var word [8]byte
			copy(word[:], c)
			x.set(r, binary.LittleEndian.Uint64(word[:]))
		}
	}
}

// moveVector takes the moves of 16 bytes (movaps, movups, movdqa, movdqu) and of
// 8 bytes (movq, movsd); all others forget the register that they name.
func (x *x86Writer) moveVector(b []byte, pc, next uint64) {
	in := &x.in
	if in.modrm == 0 && in.opcode != 0x6f {
		return
	}
	at := -1
	for i := range b {
		if b[i] == 0x0f {
			at = i + 1
			break
		}
	}
	if at < 0 || at+1 >= len(b) {
		return
	}
	r := (in.modrm>>3&7 | in.rex&4<<1) & 15
	scalar := in.prefix == 0xf2 && (in.opcode == 0x10 || in.opcode == 0x11) || in.opcode == 0x7e && in.prefix == 0xf3 || in.opcode == 0xd6
	n := 16
	if scalar {
		n = 8
	}
	whole := in.prefix == 0 || in.prefix == 0x66 || in.prefix == 0xf3 && (in.opcode == 0x6f || in.opcode == 0x7f)
	switch {
	case (in.opcode == 0x28 || in.opcode == 0x10 || in.opcode == 0x6f) && whole || scalar && (in.opcode == 0x10 || in.opcode == 0x7e):
		o := x.memory(b, at+1, next)
		x.vectors &^= 1 << r
		if o.ok && o.near && x.code.Load != nil {
			if c := x.code.Load(o.address, n); c != nil {
				x.vectors |= 1 << r
				x.vector[r] = [16]byte{}
				copy(x.vector[r][:], c)
			}
		}
	case (in.opcode == 0x29 || in.opcode == 0x11 || in.opcode == 0x7f) && whole || scalar:
		if o := x.memory(b, at+1, next); o.ok && !o.near && x.vectors>>r&1 == 1 {
			x.write(o.base, o.off, pc, x.vector[r][:n])
		}
	case in.opcode == 0xb6 || in.opcode == 0xb7 || in.opcode == 0xbe || in.opcode == 0xbf || in.opcode>>4 == 4 || in.opcode == 0xaf: // to general registers
		x.forget(r)
	default:
		x.vectors &^= 1 << r
	}
}
