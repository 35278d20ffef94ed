package fingerprint

import "encoding/binary"

// x86Steps makes steps of x86_64.
type x86Steps struct {
	out  []Step
	in   x86Inst
	at   uint64
	next uint64
	b    []byte // of the instruction
	op   int    // where its opcode stands in b
}

func (x *x86Steps) run(code []byte, base uint64) {
	for i := 0; i < len(code) && len(x.out) <= MaxSteps; {
		decodeX86(code[i:], &x.in)
		if x.in.size == 0 {
			i++
			continue
		}
		x.at, x.b = base+uint64(i), code[i:i+x.in.size]
		i += x.in.size
		x.next = base + uint64(i)
		x.instruction()
	}
}

func (x *x86Steps) add(s Step) {
	if s.To != NoRegister || s.Do >= StepStore {
		x.out = append(x.out, s)
	}
}

func (x *x86Steps) set(do Deed, to uint8, value uint64) {
	s := pending(x.at, do)
	s.To, s.Value = to, value
	x.add(s)
}

func (x *x86Steps) move(to, from uint8) {
	s := pending(x.at, StepMove)
	s.To, s.From = to, from
	x.add(s)
}

func (x *x86Steps) mix(to, y, z uint8) {
	s := pending(x.at, StepMix)
	s.To, s.From, s.Base = to, y, z
	x.add(s)
}

func (x *x86Steps) advance(to, from uint8, by uint64) {
	s := pending(x.at, StepAdd)
	s.To, s.From, s.Value = to, from, by
	x.add(s)
}

// reg and rm are the registers that ModRM names.
func (x *x86Steps) reg() uint8 { return x.in.modrm>>3&7 | x.in.rex&4<<1 }

func (x *x86Steps) rm() uint8 { return x.in.modrm&7 | x.in.rex&1<<3 }

func (x *x86Steps) inMemory() bool { return x.in.modrm < 0xc0 }

// memory fills in the operand in memory that ModRM names.
func (x *x86Steps) memory(s Step) Step {
	b, i := x.b, x.op+1
	m := b[i]
	mode, rm := m>>6, m&7
	i++
	s.Base = rm | x.in.rex&1<<3
	if rm == 4 && i < len(b) {
		sib := b[i]
		i++
		if index := sib>>3&7 | x.in.rex&2<<2; index != 4 {
			s.Index = index
		}
		s.Base = sib&7 | x.in.rex&1<<3
		if mode == 0 && sib&7 == 5 {
			s.Base, mode = NoRegister, 2
		}
	}
	switch {
	case mode == 0 && rm == 5 && i+4 <= len(b):
		s.Base, s.Value = NoRegister, x.next+x86Distance(b[i:])
	case mode == 1 && i < len(b):
		s.Value = uint64(int64(int8(b[i])))
	case mode == 2 && i+4 <= len(b):
		s.Value = x86Distance(b[i:])
	}
	return s
}

func (x *x86Steps) load(to uint8, size uint8) {
	s := x.memory(pending(x.at, StepLoad))
	s.To, s.Size = to, size
	x.add(s)
}

func (x *x86Steps) store(from uint8, size uint8) {
	s := x.memory(pending(x.at, StepStore))
	s.From, s.Size = from, size
	x.add(s)
}

// size is how many bytes a general operand has.
func (x *x86Steps) size() uint8 {
	switch {
	case x.in.rex&8 != 0:
		return 8
	case x.in.space == 0 && x.in.opcode&1 == 0:
		return 1
	case x.in.prefix == 0x66:
		return 2
	}
	return 4
}

func (x *x86Steps) instruction() {
	in := &x.in
	if in.vector != 0 {
		return // of no base architecture: what they write is taken as it was
	}
	x.op = x.opcode()
	if x.op < 0 || in.modrm != 0 && x.op+1 >= len(x.b) {
		return
	}
	switch in.space {
	case 0:
		x.one(in.opcode)
	case 1:
		x.two(in.opcode)
	}
}

// opcode is where the opcode stands, behind prefixes and escapes.
func (x *x86Steps) opcode() int {
	for i, c := range x.b {
		if kind := x86Opcodes[c]; kind != 'p' && kind != 'r' {
			if x.in.space == 1 {
				i++
			}
			if i < len(x.b) {
				return i
			}
			break
		}
	}
	return -1
}

// one takes the one-byte opcodes.
func (x *x86Steps) one(op byte) {
	in := &x.in
	acc := op & 7
	acc |= in.rex & 1 << 3
	switch {
	case op < 0x40:
		x.arithmetic(op)
	case op>>3 == 0x50>>3:
		x.push(acc)
	case op>>3 == 0x58>>3:
		x.pop(acc)
	case op == 0x68 || op == 0x6a:
		x.push(NoRegister)
	case op == 0x63 || op == 0x8b || op == 0x8a:
		x.take(x.reg(), x.rm(), x.size())
	case op == 0x69 || op == 0x6b:
		x.set(StepForget, x.reg(), 0)
	case op>>4 == 7 || op >= 0xe0 && op <= 0xe3:
		x.set(StepBranch, NoRegister, x.next+uint64(int64(int8(x.b[len(x.b)-1]))))
	case op == 0x80 || op == 0x81 || op == 0x83:
		x.immediate()
	case op == 0x86 || op == 0x87:
		x.exchange()
	case op == 0x88 || op == 0x89:
		if x.inMemory() {
			x.store(x.reg(), x.size())
		} else {
			x.take(x.rm(), x.reg(), x.size())
		}
	case op == 0x8d:
		x.address()
	case op == 0x98, op == 0x90 && acc == 0:
	case op>>3 == 0x90>>3:
		x.mix(0, 0, acc)
		x.mix(acc, 0, acc)
	case op == 0x99:
		x.set(StepForget, 2, 0)
	case op >= 0xa4 && op <= 0xa7, op >= 0xaa && op <= 0xaf:
		x.text(op)
	case op>>3 == 0xb0>>3:
		x.set(StepForget, acc, 0)
	case op>>3 == 0xb8>>3:
		x.number(acc)
	case op == 0xc6 || op == 0xc7:
		if x.inMemory() {
			x.store(NoRegister, x.size())
		} else {
			x.set(StepForget, x.rm(), 0)
		}
	default:
		x.control(op)
	}
}

func (x *x86Steps) number(to uint8) {
	in := &x.in
	switch {
	case in.wide:
		x.set(StepNumber, to, binary.LittleEndian.Uint64(x.b[in.imm:]))
	case in.imm > 0 && in.imm+4 <= len(x.b):
		x.set(StepNumber, to, uint64(binary.LittleEndian.Uint32(x.b[in.imm:])))
	default:
		x.set(StepForget, to, 0)
	}
}

// take moves from a register or memory to a register.
func (x *x86Steps) take(to, from, size uint8) {
	if x.inMemory() {
		x.load(to, size)
		return
	}
	if size < 8 { // no address goes through: what it is made of stays known
		x.mix(to, from, NoRegister)
		return
	}
	x.move(to, from)
}

// arithmetic takes add, or, adc, sbb, and, sub, xor and cmp.
func (x *x86Steps) arithmetic(op byte) {
	if op>>3 == 7 { // cmp
		return
	}
	switch op & 7 {
	case 0, 1:
		if x.inMemory() {
			return
		}
		if x.reg() == x.rm() && (op>>3 == 6 || op>>3 == 5) {
			x.set(StepNumber, x.rm(), 0)
			return
		}
		x.mix(x.rm(), x.rm(), x.reg())
	case 2, 3:
		if x.inMemory() {
			return // what is added to a number
		}
		if x.reg() == x.rm() && (op>>3 == 6 || op>>3 == 5) {
			x.set(StepNumber, x.reg(), 0)
			return
		}
		x.mix(x.reg(), x.reg(), x.rm())
	case 4, 5:
		x.mix(0, 0, NoRegister)
	}
}

// immediate takes the same with a number.
func (x *x86Steps) immediate() {
	deed := x.in.modrm >> 3 & 7
	if deed == 7 || x.inMemory() {
		return
	}
	by := uint64(int64(int8(x.b[len(x.b)-1])))
	if x.in.opcode == 0x81 {
		if x.in.imm == 0 || x.in.imm+4 > len(x.b) {
			return
		}
		by = x86Distance(x.b[x.in.imm:])
	}
	switch {
	case x.size() == 8 && deed == 0:
		x.advance(x.rm(), x.rm(), by)
	case x.size() == 8 && deed == 5:
		x.advance(x.rm(), x.rm(), -by)
	case x.rm() == 4: // the stack is aligned
	default:
		x.mix(x.rm(), x.rm(), NoRegister)
	}
}

func (x *x86Steps) exchange() {
	if x.inMemory() {
		from := x.reg()
		x.store(from, x.size())
		x.load(from, x.size())
		return
	}
	a, b := x.reg(), x.rm()
	x.mix(a, a, b)
	x.mix(b, a, b)
}

// address is lea.
func (x *x86Steps) address() {
	if !x.inMemory() {
		return
	}
	s := x.memory(pending(x.at, StepAdd))
	to := x.reg()
	switch {
	case s.Base == NoRegister && s.Index == NoRegister:
		x.set(StepNumber, to, s.Value)
	case s.Base == NoRegister:
		x.mix(to, s.Index, NoRegister)
	case s.Index == NoRegister:
		x.advance(to, s.Base, s.Value)
	default:
		base := s.Base
		if s.Value != 0 && to != s.Index {
			x.advance(to, base, s.Value)
			base = to
		}
		x.mix(to, base, s.Index)
	}
}

func (x *x86Steps) push(from uint8) {
	x.advance(4, 4, ^uint64(7))
	s := pending(x.at, StepStore)
	s.Base, s.From, s.Size = 4, from, 8
	x.add(s)
}

func (x *x86Steps) pop(to uint8) {
	s := pending(x.at, StepLoad)
	s.Base, s.To, s.Size = 4, to, 8
	x.add(s)
	x.advance(4, 4, 8)
}

// text takes the instructions on strings.
func (x *x86Steps) text(op byte) {
	s := pending(x.at, StepCopy)
	switch op {
	case 0xa4, 0xa5:
		s.To, s.From = 7, 6
		x.add(s)
	case 0xac, 0xad: // to the accumulator
		x.mix(0, 6, NoRegister)
	case 0xaa, 0xab: // from it
		s.Do, s.From, s.Base, s.Size = StepStore, 0, 7, 1
		x.add(s)
	}
}

// control takes calls, jumps and the rest.
func (x *x86Steps) control(op byte) {
	in := &x.in
	switch op {
	case 0xe8, 0xe9:
		do := StepCall
		if op == 0xe9 {
			do = StepJump
		}
		x.set(do, NoRegister, x.next+x86Distance(x.b[in.jump:]))
	case 0xeb:
		x.set(StepJump, NoRegister, x.next+uint64(int64(int8(x.b[len(x.b)-1]))))
	case 0xc2, 0xc3:
		x.set(StepReturn, NoRegister, 0)
	case 0xc9:
		x.move(4, 5)
		x.pop(5)
	case 0xcc, 0xf4:
		x.set(StepStop, NoRegister, 0)
	case 0xf6, 0xf7:
		if deed := in.modrm >> 3 & 7; deed >= 4 {
			x.set(StepForget, 0, 0)
			x.set(StepForget, 2, 0)
		}
	case 0xff:
		x.indirect(in.modrm >> 3 & 7)
	}
}

// indirect is what opcode FF does: it calls, jumps or pushes.
func (x *x86Steps) indirect(deed byte) {
	do := map[byte]Deed{2: StepCallFrom, 4: StepJumpFrom}[deed]
	switch {
	case deed == 6 && x.inMemory():
		x.push(NoRegister)
	case deed == 6:
		x.push(x.rm())
	case do == 0:
	case !x.inMemory():
		s := pending(x.at, do)
		s.From = x.rm()
		x.add(s)
	default:
		s := x.memory(pending(x.at, do+1))
		if s.Base != NoRegister || s.Index != NoRegister { // of a table or an object: nobody knows
			s.Do, s.Base, s.Index, s.Value = do, NoRegister, NoRegister, 0
		} else {
			s.Do = do - 1
		}
		x.add(s)
	}
}

// two takes the opcodes behind 0F.
func (x *x86Steps) two(op byte) {
	vr, vm := StepVector+x.reg(), StepVector+x.rm()
	switch {
	case op == 0x05 || op == 0x1f || op == 0x18 || op == 0x0d || op >= 0xa3 && op <= 0xa5 || op>>3 == 0xc8>>3:
	case op == 0x0b:
		x.set(StepStop, NoRegister, 0)
	case op>>4 == 8:
		x.set(StepBranch, NoRegister, x.next+x86Distance(x.b[x.in.jump:]))
	case op>>4 == 9:
		if !x.inMemory() {
			x.mix(x.rm(), x.rm(), NoRegister)
		}
	case op>>4 == 4:
		if x.inMemory() {
			s := x.memory(pending(x.at, StepLoad)) // one of both: what was there is kept beside it
			s.To, s.From, s.Size = x.reg(), x.reg(), 8
			x.add(s)
			return
		}
		x.mix(x.reg(), x.reg(), x.rm())
	case op == 0xb6 || op == 0xb7 || op == 0xbe || op == 0xbf:
		x.take(x.reg(), x.rm(), 1)
	case op == 0xaf || op == 0xbc || op == 0xbd || op == 0xb8 || op == 0x50 || op == 0xd7 || op == 0x2c || op == 0x2d:
		x.set(StepForget, x.reg(), 0)
	case op == 0xb0 || op == 0xb1 || op == 0xc0 || op == 0xc1:
		x.exchange()
	case x.in.modrm == 0 && op != 0x10 && op != 0x11 && op != 0x28 && op != 0x29 && op != 0x6f && op != 0x7f && op != 0x6e && op != 0x7e && op != 0xd6:
	default:
		x.vectors(op, vr, vm)
	}
}

// vectors takes the moves of vectors, and all else that has them.
func (x *x86Steps) vectors(op byte, vr, vm uint8) {
	toGeneral := op == 0x7e && x.in.prefix == 0x66
	switch {
	case op == 0x6e && x.inMemory(), op == 0x10 || op == 0x28 || op == 0x6f || op == 0x7e && x.in.prefix == 0xf3 || op == 0x12 && x.inMemory():
		if x.inMemory() {
			x.load(vr, 16)
		} else {
			x.move(vr, vm)
		}
	case op == 0x6e:
		x.move(vr, x.rm())
	case toGeneral && !x.inMemory():
		x.move(x.rm(), vr)
	case op == 0x11 || op == 0x29 || op == 0x7f || toGeneral || op == 0xd6 || op == 0x13 || op == 0x17 || op == 0xe7 || op == 0x2b:
		size := uint8(16)
		if toGeneral || op == 0xd6 || op == 0x13 || op == 0x17 || op == 0x11 && x.in.prefix == 0xf2 {
			size = 8
		}
		if x.inMemory() {
			x.store(vr, size)
		} else {
			x.move(vm, vr)
		}
	case op == 0x57 && vr == vm || op == 0xef && vr == vm:
		x.set(StepForget, vr, 0)
	case x.inMemory() && (op == 0x16 || op == 0x6c): // the upper half
		s := x.memory(pending(x.at, StepLoad))
		s.To, s.From, s.Size = vr, vr, 8
		x.add(s)
	case x.inMemory():
	default:
		x.mix(vr, vr, vm)
	}
}
