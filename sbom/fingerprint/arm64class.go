package fingerprint

// armClass is what the pass has to know of an arm64 instruction.
type armClass uint8

// Classes. Every instruction is kept as it is, and invalidates what it writes,
// except where the class says otherwise.
const (
	armKeep      armClass = iota // writes no general register
	armRd                        // writes the register in bits 0-4
	armAdd                       // add of 12 bits, 64-bit registers
	armOffset                    // load or store with an unsigned offset
	armIndexed                   // other load or store of one register
	armPair                      // load or store of two
	armVector                    // vector load or store, perhaps with write-back
	armConvert                   // floating or vector, perhaps to a general register
	armPage                      // adrp
	armAddress                   // adr
	armMove                      // movz, movn, movk
	armB                         // b
	armBL                        // bl
	armFar                       // b.cond, cbz: distance in bits 5-23
	armNear                      // tbz: distance in bits 5-18
	armRegister                  // br, blr, ret and the signing kinds
	armSystem                    // hints, mrs
	armLiteral                   // load of a literal
	armExclusive                 // exclusive, ordered, compare and swap
)

// armClasses gives the class of an instruction by its bits 21 to 31.
var armClasses = armClassTable()

func armClassTable() (table [2048]armClass) {
	for top := range table {
		table[top] = classifyARM(uint32(top) << 21)
	}
	return table
}

// What an instruction does, as far as its bits 10, 11 and 21 to 31 say.
const (
	armWritesD = 1 << iota // it writes the register in bits 0-4
	armWritesN             // it writes the register in bits 5-9
	armWritesM             // it writes the register in bits 10-14
	armFrame               // except those of armSaved when bits 5-9 are sp
	armBase                // special when the address in the register in bits 5-9 is known
	armPerhaps             // special when something is known of the register in bits 0-4: it may be written
	armSpecial             // special in any case
	armJump                // only a branch that may stay in the function
)

// armDoes gives what an instruction does by its bits 21 to 31, then 10 and 11.
var armDoes = armDoesTable()

func armDoesTable() (table [2048 << 2]uint8) {
	for i := range table {
		table[i] = armDoing(uint32(i)>>2<<21 | uint32(i)&3<<10)
	}
	table[0] = armSpecial // perhaps zeros
	return table
}

func armDoing(w uint32) uint8 {
	does := uint8(0)
	switch classifyARM(w) {
	case armKeep:
	case armRd:
		does = armWritesD
	case armAdd:
		does = armWritesD | armBase
	case armOffset:
		does = armBase
		if w>>26&1 == 0 && w>>22&3 != 0 {
			does |= armWritesD | armFrame
		}
	case armIndexed:
		if load := w>>22&3 != 0 || w>>21&1 == 1 && w>>10&3 != 2; load && w>>26&1 == 0 { // atomics and signed loads always load
			does = armWritesD | armFrame
		}
		if w>>21&1 == 0 && w>>10&1 == 1 || w>>21&1 == 1 && w>>10&3 == 3 { // write-back
			does |= armWritesN
		}
	case armPair:
		if w>>26&1 == 0 && w>>22&1 == 1 {
			does = armWritesD | armWritesM | armFrame
		}
		if w>>23&1 == 1 { // write-back
			does |= armWritesN
		}
	case armVector:
		if w>>23&1 == 1 {
			does = armWritesN
		}
	case armConvert:
		does = armPerhaps
	case armFar, armNear:
		does = armSpecial | armJump
	case armMove:
		does = armSpecial
		if w>>29&3 == 2 && w>>21&3 == 0 { // movz of 16 bits: see small
			does = armWritesD
		}
	default:
		does = armSpecial
	}
	return does
}

// armQuick says by the bits 21 to 31 what an instruction is while nothing is known
// of any register: 0 for those that count as they are, armSpecial, or one of
// quickFar, quickNear and quickB for a branch that may stay in the function.
var armQuick = armQuickTable()

const (
	quickFar = 1 + iota
	quickNear
	quickB
)

func armQuickTable() (table [2048]uint8) {
	for top := range table {
		w := uint32(top) << 21
		switch class := armClasses[top]; class {
		case armFar:
			table[top] = quickFar
		case armNear:
			table[top] = quickNear
		case armB:
			table[top] = quickB
		case armConvert, armExclusive, armRegister:
		default:
			for _, low := range []uint32{0, 1 << 10, 2 << 10, 3 << 10} {
				table[top] |= armDoing(w|low) & armSpecial
			}
		}
	}
	table[0] = armSpecial // perhaps zeros
	return table
}

// quickDistance is how far a branch of armQuick leads, in bytes, as a step.
func quickDistance(does uint8, w uint32) uint64 {
	left, right := [4]uint8{quickFar: 8, quickNear: 13, quickB: 6}[does&3], [4]uint8{quickFar: 13, quickNear: 18, quickB: 6}[does&3]
	return uint64(int64(int32(w<<(left&31))>>(right&31)) << 2)
}

// armPlainWrites is the set of general registers that an instruction writes of
// which armDoes says all.
func armPlainWrites(w uint32) uint32 {
	does := uint32(armDoes[w>>21<<2|w>>10&3])
	rn := w >> 5 & 31
	bits := does&1<<(w&31) | does>>1&1<<rn | does>>2&1<<(w>>10&31)
	if does&armFrame != 0 && rn == 31 {
		bits &^= armSaved
	}
	return bits
}

// classifyARM follows the top-level encoding tables of the A64 instruction set
// (Arm Architecture Reference Manual, section C4.1).
func classifyARM(w uint32) armClass {
	switch w >> 25 & 15 {
	case 0b1000, 0b1001:
		return classifyImmediate(w)
	case 0b1010, 0b1011:
		return classifyBranch(w)
	case 0b0100, 0b0110, 0b1100, 0b1110:
		return classifyLoad(w)
	case 0b0101, 0b1101:
		if w>>21&0xff == 0b11010010 { // conditional compare
			return armKeep
		}
		return armRd
	case 0b0111, 0b1111:
		if w>>24&0x7f == 0x1e || w>>21&0x5ff == 0x070 {
			return armConvert
		}
	}
	return armKeep
}

func classifyImmediate(w uint32) armClass {
	switch w >> 23 & 7 {
	case 0b000, 0b001:
		if w>>31 == 1 {
			return armPage
		}
		return armAddress
	case 0b010:
		if w>>22 == 0x91000000>>22 {
			return armAdd
		}
	case 0b101:
		return armMove
	}
	return armRd
}

func classifyBranch(w uint32) armClass {
	switch {
	case w>>26 == 0b000101:
		return armB
	case w>>26 == 0b100101:
		return armBL
	case w>>24 == 0x54 || w>>24&0x7e == 0x34:
		return armFar
	case w>>24&0x7e == 0x36:
		return armNear
	case w>>25 == 0xd6>>1:
		return armRegister
	case w>>24 == 0xd5:
		return armSystem
	}
	return armKeep
}

func classifyLoad(w uint32) armClass {
	vector := w>>26&1 == 1
	switch w >> 27 & 7 {
	case 0b001:
		if vector {
			return armVector
		}
		return armExclusive
	case 0b011:
		if w>>24&1 == 0 {
			return armLiteral
		}
		if vector {
			return armKeep
		}
		return armRd
	case 0b101:
		return armPair
	case 0b111:
		if w>>24&1 == 1 {
			return armOffset
		}
		return armIndexed
	}
	return armKeep
}

// armWrites is the set of general registers that an instruction of one of the
// rarer classes writes. Too many is safe as long as the word alone decides: it
// only forgets an address.
func armWrites(class armClass, w uint32) uint32 {
	rt := uint32(1) << (w & 31)
	switch class {
	case armExclusive:
		return rt | 1<<(w>>10&31) | 1<<(w>>16&31)
	case armConvert:
		if w>>24&0x7f == 0x1e {
			toVector := w>>17&3 == 1 || w>>16&7 == 7 // scvtf, ucvtf, fmov
			if (w>>21&1 == 0 || w>>10&0x3f == 0) && !toVector {
				return rt
			}
		} else if op := w >> 10 & 0x3f; op == 0b001111 || op == 0b001011 { // umov, smov
			return rt
		}
	case armSystem:
		if w>>20 == 0xd53 {
			return rt
		}
	}
	return 0
}

// armSaved are the registers that a function restores from its frame before it
// returns, also in its middle. Reloading one of them there forgets nothing: what
// comes behind in the code is not what runs behind.
const armSaved = 0x3ff << 19
