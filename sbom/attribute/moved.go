package attribute

import (
	"encoding/binary"
	mathbits "math/bits"
)

// movedARM finds the instructions that move a number to a register of arm64, in
// pieces of 16 bits: most of its pieces within a few instructions.
func movedARM(code []byte, v uint64) (from, to int) {
	const reach = 6
	piece := func(at int) int {
		w := binary.LittleEndian.Uint32(code[at:])
		if shift := w >> 21 & 3 * 16; w>>23&0x3f == 0x25 && w>>5&0xffff != 0 && uint64(w>>5&0xffff) == v>>shift&0xffff {
			return 1 << (shift / 16)
		}
		return 0
	}
	best := 0
	for at := 0; at+4 <= len(code); at += 4 {
		seen, last := piece(at), at
		if seen == 0 {
			continue
		}
		for next := at + 4; next+4 <= len(code) && next < at+4*reach; next += 4 {
			if p := piece(next); p&^seen != 0 {
				seen, last = seen|p, next
			}
		}
		if n := mathbits.OnesCount(uint(seen)); n > best {
			best, from, to = n, at, last+4
		}
	}
	return from, to
}
