package fingerprint

// armClass is what the pass has to know of an arm64 instruction.
type armClass uint8

// Classes. Every instruction is kept as it is, and invalidates what it writes,
// except where the class says otherwise.
const (
	armKeep      armClass = iota // writes no general register
	armRd                        // writes the register in bits 0-4
	armAddress                   // adr, adrp
	armAdd                       // add of 12 bits, 64-bit registers
	armMove                      // movz, movn, movk
	armB                         // b
	armBL                        // bl
	armFar                       // b.cond, cbz: distance in bits 5-23
	armNear                      // tbz: distance in bits 5-18
	armRegister                  // br, blr, ret and the signing kinds
	armSystem                    // hints, mrs
	armOffset                    // load or store with an unsigned offset
	armLiteral                   // load of a literal
	armIndexed                   // other load or store of one register
	armPair                      // load or store of two
	armExclusive                 // exclusive, ordered, compare and swap
	armVector                    // vector load or store, perhaps with write-back
	armConvert                   // floating or vector, perhaps to a general register
)

// armClasses gives the class of an instruction by its bits 21 to 31.
var armClasses = armClassTable()

func armClassTable() (table [2048]armClass) {
	for top := range table {
		table[top] = classifyARM(uint32(top) << 21)
	}
	return table
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
	rt, rn := uint32(1)<<(w&31), uint32(1)<<(w>>5&31)
	switch class {
	case armIndexed:
		return armIndexedWrites(w, rt, rn)
	case armPair:
		bits := uint32(0)
		if w>>26&1 == 0 && w>>22&1 == 1 {
			bits = rt | 1<<(w>>10&31)
			if rn == 1<<31 {
				bits &^= armSaved
			}
		}
		if w>>23&1 == 1 { // write-back
			bits |= rn
		}
		return bits
	case armExclusive:
		return rt | 1<<(w>>10&31) | 1<<(w>>16&31)
	case armVector:
		if w>>23&1 == 1 {
			return rn
		}
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

func armIndexedWrites(w, rt, rn uint32) uint32 {
	bits := uint32(0)
	load := w>>22&3 != 0 || w>>21&1 == 1 && w>>10&3 != 2 // atomics and signed loads always load
	if w>>26&1 == 0 && load {
		bits = rt
		if rn == 1<<31 {
			bits &^= armSaved
		}
	}
	if w>>21&1 == 0 && w>>10&1 == 1 || w>>21&1 == 1 && w>>10&3 == 3 { // write-back
		bits |= rn
	}
	return bits
}
