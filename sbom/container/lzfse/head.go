package lzfse

import (
	"encoding/binary"
)

// Bounds of a block with entropy coding, from the reference implementation.
const (
	maxMatches  = 10_000
	maxLiterals = 4 * maxMatches
	maxPayload  = 1 << 20 // of either stream: 20 bits in bvx2
	headV1      = 772     // bytes of the header of bvx1, padding included
	headV2      = 32      // bytes of the header of bvx2 before its tables
	maxTables   = 2 * (lSymbols + mSymbols + dSymbols + symbols)
)

// head is the header of a block of bvx1 or bvx2.
type head struct {
	size                                  int // bytes of the header
	raw                                   uint32
	literals, matches                     uint32
	literalPayload, lmdPayload            uint32
	literalBits, lmdBits                  int // bits not used in the last byte, 0 to -7
	literalState                          [4]uint16
	lState, mState, dState                uint16
	lFreq, mFreq, dFreq, literalFrequency []uint16
}

func (h *head) setTables(f []uint16) {
	h.lFreq, f = f[:lSymbols], f[lSymbols:]
	h.mFreq, f = f[:mSymbols], f[mSymbols:]
	h.dFreq, h.literalFrequency = f[:dSymbols], f[dSymbols:]
}

// readV1 reads the header of bvx1: fields and tables as they are.
func (d *decoder) readV1() (*head, error) {
	b, err := d.src.need(headV1)
	if err != nil {
		return nil, err
	}
	u32, u16 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint16
	h := &head{
		size: headV1, raw: u32(b[4:]), literals: u32(b[12:]), matches: u32(b[16:]),
		literalPayload: u32(b[20:]), lmdPayload: u32(b[24:]),
		literalBits: int(int32(u32(b[28:]))), lmdBits: int(int32(u32(b[40:]))),
		lState: u16(b[44:]), mState: u16(b[46:]), dState: u16(b[48:]),
	}
	for i := range h.literalState {
		h.literalState[i] = u16(b[32+2*i:])
	}
	freq := make([]uint16, maxTables/2)
	for i := range freq {
		freq[i] = u16(b[50+2*i:])
	}
	h.setTables(freq)
	return h, nil
}

// readV2 reads the header of bvx2: packed fields and packed tables.
func (d *decoder) readV2() (*head, error) {
	b, err := d.src.need(headV2)
	if err != nil {
		return nil, err
	}
	at := d.src.offset()
	v0, v1, v2 := binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
	const bits20 = 1<<20 - 1
	h := &head{
		raw:      binary.LittleEndian.Uint32(b[4:]),
		literals: uint32(v0 & bits20), literalPayload: uint32(v0 >> 20 & bits20), matches: uint32(v0 >> 40 & bits20),
		literalBits: int(v0>>60&7) - 7, lmdBits: int(v1>>60&7) - 7, lmdPayload: uint32(v1 >> 40 & bits20),
		lState: uint16(v2 >> 32 & 1023), mState: uint16(v2 >> 42 & 1023), dState: uint16(v2 >> 52 & 1023),
	}
	for i := range h.literalState {
		h.literalState[i] = uint16(v1 >> (10 * i) & 1023)
	}
	size := uint32(v2)
	if size < headV2 || size > headV2+maxTables {
		return nil, fault(at+24, "impossible size of a block header", size)
	}
	h.size = int(size)
	if b, err = d.src.need(h.size); err != nil {
		return nil, err
	}
	freq, ok := unpackTables(b[headV2:])
	if !ok {
		return nil, fault(at+headV2, "tables do not fit the block header", size)
	}
	h.setTables(freq)
	return h, nil
}

// unpackTables reads the frequencies of bvx2, each of 2 to 14 bits, the lowest
// bit first. They must fill b up to less than a byte. An empty b is for tables
// that are left out.
func unpackTables(b []byte) (freq []uint16, ok bool) {
	freq = make([]uint16, maxTables/2)
	if len(b) == 0 {
		return freq, true
	}
	bits, n := uint32(0), 0
	for i := range freq {
		for ; n <= 24 && len(b) > 0; b = b[1:] {
			bits |= uint32(b[0]) << n
			n += 8
		}
		value, size := frequency(bits)
		if size > n {
			return nil, false
		}
		freq[i] = value
		bits >>= size
		n -= size
	}
	return freq, n < 8 && len(b) == 0
}

// frequency reads one number: 0 as 00, 1 as 10, 2 and 3 as x01, 4 to 7 as
// xx011, 8 to 23 as xxxx0111, 24 to 1047 as ten bits and 1111.
func frequency(bits uint32) (value uint16, size int) {
	switch {
	case bits&1 == 0:
		return uint16(bits >> 1 & 1), 2
	case bits&2 == 0:
		return uint16(2 + bits>>2&1), 3
	case bits&4 == 0:
		return uint16(4 + bits>>3&3), 5
	case bits&8 == 0:
		return uint16(8 + bits>>4&15), 8
	}
	return uint16(24 + bits>>4&1023), 14
}

// check compares the fields with the bounds of the format. at is the offset of
// the block. A block may not hold literals or matches that it has no use for:
// they would cost time for nothing.
func (h *head) check(at int64) error {
	raw := int64(h.raw)
	for _, c := range []struct {
		what string
		have int64
		top  int64
	}{
		{"literals", int64(h.literals), min(maxLiterals, raw+3)}, // rounded up to four
		{"matches", int64(h.matches), min(maxMatches, raw)},
		{"bytes of literals", int64(h.literalPayload), maxPayload},
		{"bytes of matches", int64(h.lmdPayload), maxPayload},
		{"unused bits of literals", int64(-h.literalBits), 7},
		{"unused bits of matches", int64(-h.lmdBits), 7},
		{"state of literal lengths", int64(h.lState), lStates - 1},
		{"state of match lengths", int64(h.mState), mStates - 1},
		{"state of distances", int64(h.dState), dStates - 1},
		{"state of literals", int64(max(h.literalState[0], h.literalState[1], h.literalState[2], h.literalState[3])), states - 1},
	} {
		if c.have > c.top || c.have < 0 {
			return fault(at, "block header: impossible number of "+c.what, c.have)
		}
	}
	return nil
}
