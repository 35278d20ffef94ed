package lzfse

import "encoding/binary"

// longestStep is the longest opcode of LZVN with its literals.
const longestStep = 2 + 16 + 255

// lzvn unpacks LZVN: each opcode says how many literals follow it (up to 271),
// and how many bytes to repeat from how far before (up to 65,535), or from as
// far as the opcode before did.
func (d *decoder) lzvn() (full bool, err error) {
	for {
		if d.emit() {
			return true, nil
		}
		d.lzvnFast()
		at := d.src.offset()
		b := d.src.peek(int(min(d.payload, longestStep)))
		if len(b) == 0 {
			return false, d.endOfLZVN(at)
		}
		op := step(b)
		switch {
		case op.bad:
			return false, fault(at, "undefined opcode of LZVN", b[0])
		case op.size+op.lits > len(b):
			return false, d.lzvnShort(at)
		case op.end:
			d.src.pos += op.size
			if d.payload -= int64(op.size); !d.bare && d.payload > 0 {
				return false, fault(at, "data after the end of an LZVN block", d.payload)
			}
			return false, d.close(at)
		}
		if op.dist >= 0 {
			d.dist = op.dist
		}
		if err := d.take(at, b[op.size:op.size+op.lits], op.match); err != nil {
			return false, err
		}
		d.src.pos += op.size + op.lits
		d.payload -= int64(op.size + op.lits)
	}
}

// endOfLZVN is for input that ended between two opcodes, without an end mark.
func (d *decoder) endOfLZVN(at int64) error {
	if d.bare && d.n == len(d.out) && d.n > 0 {
		d.block = blockEnd
		return nil
	}
	return d.lzvnShort(at)
}

func (d *decoder) lzvnShort(at int64) error {
	if d.bare || int64(d.src.end-d.src.pos) < min(d.payload, longestStep) {
		return d.src.short()
	}
	return fault(at, "LZVN block ends before its end mark", nil)
}

// close ends a block that must have given all its bytes.
func (d *decoder) close(at int64) error {
	if d.bare {
		d.block = blockEnd
		return nil
	}
	if d.left > 0 {
		return fault(at, "block gives less than its header says", d.left)
	}
	d.block = blockNone
	return nil
}

// opcode is one step of LZVN.
type opcode struct {
	size     int // bytes of the opcode, without its literals
	lits     int
	match    int
	dist     int // -1: as before
	end, bad bool
}

// step reads the opcode at b[0]. Operands that are not there read as zero: the
// caller compares size with the length of b.
func step(b []byte) opcode {
	op := int(b[0])
	next := 0
	if len(b) > 1 {
		next = int(b[1])
	}
	short := opcode{lits: op >> 6, match: op>>3&7 + 3, dist: -1} // LLMMM...
	switch {
	case op == 0xF0:
		return opcode{size: 2, match: next + 16, dist: -1}
	case op > 0xF0:
		return opcode{size: 1, match: op & 15, dist: -1}
	case op == 0xE0:
		return opcode{size: 2, lits: next + 16, dist: -1}
	case op > 0xE0:
		return opcode{size: 1, lits: op & 15, dist: -1}
	case op>>4 == 0x7 || op>>4 == 0xD:
		return opcode{size: 1, bad: true}
	case op>>5 == 5: // 101LLMMM DDDDDDMM DDDDDDDD
		w := operand(b)
		return opcode{size: 3, lits: op >> 3 & 3, match: op&7<<2 | w&3 + 3, dist: w >> 2}
	case op&7 == 7: // LLMMM111 and 16 bits
		short.size, short.dist = 3, operand(b)
	case op&7 != 6: // LLMMMDDD and 8 bits
		short.size, short.dist = 2, op&7<<8|next
	case op == 0x06:
		return opcode{size: 8, end: true}
	case op == 0x0E || op == 0x16: // nothing
		return opcode{size: 1, dist: -1}
	case op < 0x40:
		return opcode{size: 1, bad: true}
	default: // LLMMM110
		short.size = 1
	}
	return short
}

func operand(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	return int(binary.LittleEndian.Uint16(b[1:]))
}
