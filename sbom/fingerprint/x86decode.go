package fingerprint

import "encoding/binary"

// x86Inst is what the pass has to know of an instruction of x86_64.
type x86Inst struct {
	size   int  // in bytes; 0: not decodable
	near   int  // offset of a 32-bit distance from the next instruction to data (RIP relative); 0: none
	jump   int  // offset of a 32-bit distance of a branch; 0: none
	imm    int  // offset of an immediate of 4 or 8 bytes; 0: none
	wide   bool // the immediate has 8 bytes
	space  byte // 0: one-byte opcodes, 1: 0F, 2: 0F38, 3: 0F3A; EVEX and XOP have more
	opcode byte
	modrm  byte // 0 when there is none
	prefix byte // 66, F3 or F2 that selects the operation; 0: none
	rex    byte // 0x40 to 0x4f, also from VEX: W is bit 3
	vector byte // 0: legacy, 1: VEX or XOP, 2: EVEX
	length byte // of a vector: 0 128, 1 256, 2 512 bits
}

// x86Opcodes and x86Wide say what follows an opcode, for the one-byte and the
// 0F opcodes: 16 a row. Written after the opcode maps of the architecture
// manuals (Intel SDM volume 2, appendix A), in 64-bit mode.
//
//	.  nothing           m  ModRM              b  imm8           z  imm16 or imm32
//	B  ModRM and imm8    Z  ModRM and immz     w  imm16          e  imm16 and imm8
//	j  rel8              J  rel32              v  imm of register  a  address of 8 bytes
//	g  ModRM, imm8 for test    G  ModRM, immz for test
//	p  prefix  r  REX  V  VEX  E  EVEX  X  pop or XOP  T  0F  x  not an instruction
const x86Opcodes = "" +
	"mmmmbzxxmmmmbzxT" +
	"mmmmbzxxmmmmbzxx" +
	"mmmmbzpxmmmmbzpx" +
	"mmmmbzpxmmmmbzpx" +
	"rrrrrrrrrrrrrrrr" +
	"................" +
	"xxEmppppzZbB...." +
	"jjjjjjjjjjjjjjjj" +
	"BZxBmmmmmmmmmmmX" +
	"..........x....." +
	"aaaa....bz......" +
	"bbbbbbbbvvvvvvvv" +
	"BBw.VVBZe.w..bx." +
	"mmmmxxx.mmmmmmmm" +
	"jjjjbbbbJJxj...." +
	"p.pp..gG......mm"

const x86Wide = "" +
	"mmmmx.....x.xm.B" +
	"mmmmmmmmmmmmmmmm" +
	"mmmmxxxxmmmmmmmm" +
	"......x.SxSxxxxx" +
	"mmmmmmmmmmmmmmmm" +
	"mmmmmmmmmmmmmmmm" +
	"mmmmmmmmmmmmmmmm" +
	"BBBBmmm.mmxxmmmm" +
	"JJJJJJJJJJJJJJJJ" +
	"mmmmmmmmmmmmmmmm" +
	"...mBmxx...mBmmm" +
	"mmmmmmmmmmBmmmmm" +
	"mmBmBBBm........" +
	"mmmmmmmmmmmmmmmm" +
	"mmmmmmmmmmmmmmmm" +
	"mmmmmmmmmmmmmmmm"

// maxX86 is the length of the longest instruction.
const maxX86 = 15

// decodeX86 finds the length of the instruction at the front of b, and where its
// distances stand. Only lengths are decided: combinations that a processor would
// refuse for other reasons pass.
func decodeX86(b []byte, in *x86Inst) {
	*in = x86Inst{}
	if len(b) > maxX86 {
		b = b[:maxX86]
	}
	i, small, addr32 := 0, false, false
	for ; i < len(b); i++ {
		c := b[i]
		kind := x86Opcodes[c]
		if kind == 'r' {
			in.rex = c
			continue
		}
		if kind != 'p' {
			break
		}
		in.rex = 0 // only counts right before the opcode
		switch c {
		case 0x66:
			small = true
			if in.prefix == 0 {
				in.prefix = c
			}
		case 0x67:
			addr32 = true
		case 0xf2, 0xf3:
			in.prefix = c
		}
	}
	if i >= len(b) {
		return
	}
	in.opcode = b[i]
	form := x86Opcodes[in.opcode]
	i++
	switch form {
	case 'T':
		i, form = x86Escape(b, i, in)
	case 'V', 'E':
		i, form = x86Vector(b, i, in, form)
	case 'X':
		form = 'm'
		if i < len(b) && b[i]&0x1f >= 8 {
			i, form = x86XOP(b, i, in)
		}
	}
	if in.rex&8 != 0 {
		small = false
	}
	x86Operands(b, i, in, form, small, addr32)
}

// x86Escape reads an opcode behind 0F.
func x86Escape(b []byte, i int, in *x86Inst) (int, byte) {
	if i >= len(b) {
		return i, 'x'
	}
	in.space, in.opcode = 1, b[i]
	form := x86Wide[in.opcode]
	if form != 'S' {
		return i + 1, form
	}
	if i+1 >= len(b) {
		return i, 'x'
	}
	in.space, form = 2, 'm'
	if in.opcode == 0x3a {
		in.space, form = 3, 'B'
	}
	in.opcode = b[i+1]
	return i + 2, form
}

// x86Vector reads the rest of a VEX or EVEX prefix and the opcode.
func x86Vector(b []byte, i int, in *x86Inst, form byte) (int, byte) {
	pp, w := byte(0), byte(0)
	in.vector = 1
	switch {
	case form == 'E':
		if i+3 >= len(b) || b[i]&8 != 0 || b[i+1]&4 == 0 {
			return i, 'x'
		}
		in.vector, in.space, pp, w, in.length = 2, b[i]&7, b[i+1]&3, b[i+1]>>7, b[i+2]>>5&3
		i += 3
	case in.opcode == 0xc5:
		if i+1 >= len(b) {
			return i, 'x'
		}
		in.space, pp, in.length = 1, b[i]&3, b[i]>>2&1
		i++
	default:
		if i+2 >= len(b) {
			return i, 'x'
		}
		in.space, pp, w, in.length = b[i]&0x1f, b[i+1]&3, b[i+1]>>7, b[i+1]>>2&1
		i += 2
	}
	in.prefix = [4]byte{0, 0x66, 0xf3, 0xf2}[pp]
	in.rex = 0x40 | w<<3
	in.opcode = b[i]
	switch in.space {
	case 1:
		form = x86Wide[in.opcode]
		if form == 'J' || form == 'S' || form == '.' && in.opcode != 0x77 {
			form = 'm'
		}
	case 2, 5, 6:
		form = 'm'
	case 3:
		form = 'B'
	default:
		form = 'x'
	}
	return i + 1, form
}

// x86XOP reads the rest of an XOP prefix (AMD) and the opcode.
func x86XOP(b []byte, i int, in *x86Inst) (int, byte) {
	if i+2 >= len(b) {
		return i, 'x'
	}
	in.vector, in.space, in.rex = 1, b[i]&0x1f, 0x40|b[i+1]>>7<<3
	in.opcode = b[i+2]
	switch in.space {
	case 8:
		return i + 3, 'B'
	case 9:
		return i + 3, 'm'
	case 10:
		return i + 3, 'D'
	}
	return i, 'x'
}

// x86Operands measures what follows the opcode.
func x86Operands(b []byte, i int, in *x86Inst, form byte, small, addr32 bool) {
	immz := 4
	if small {
		immz = 2
	}
	modrm, imm := false, 0
	switch form {
	case '.':
	case 'm':
		modrm = true
	case 'b', 'j':
		imm = 1
	case 'z':
		imm = immz
	case 'B':
		modrm, imm = true, 1
	case 'Z':
		modrm, imm = true, immz
	case 'D':
		modrm, imm = true, 4
	case 'w':
		imm = 2
	case 'e':
		imm = 3
	case 'J':
		imm, in.jump = 4, i
	case 'v':
		imm = immz
		if in.rex&8 != 0 {
			imm, in.wide = 8, true
		}
	case 'a':
		imm = 8
		if addr32 {
			imm = 4
		}
	case 'g', 'G':
		modrm = true
		if i < len(b) && b[i]>>3&7 < 2 {
			if imm = 1; form == 'G' {
				imm = immz
			}
		}
	default:
		return
	}
	if modrm {
		if i >= len(b) {
			return
		}
		in.modrm = b[i]
		i = x86Memory(b, i, in)
	}
	if imm >= 4 && form != 'J' && form != 'a' {
		in.imm = i
	}
	if i += imm; i <= len(b) {
		in.size = i
	}
}

// x86Memory measures ModRM, SIB and displacement.
func x86Memory(b []byte, i int, in *x86Inst) int {
	m := b[i]
	i++
	mod, rm := m>>6, m&7
	if mod == 3 {
		return i
	}
	base := rm
	if rm == 4 {
		if i >= len(b) {
			return maxX86 + 1
		}
		base = b[i] & 7
		i++
	}
	switch {
	case mod == 0 && rm == 5:
		in.near = i
		return i + 4
	case mod == 0 && base == 5, mod == 2:
		return i + 4
	case mod == 1:
		return i + 1
	}
	return i
}

// x86Distance is a 32-bit distance as a step.
func x86Distance(b []byte) uint64 { return uint64(int64(int32(binary.LittleEndian.Uint32(b)))) }
