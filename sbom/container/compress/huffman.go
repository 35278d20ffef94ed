package compress

import "errors"

// Codes of bzip2 have 1 to 20 bits. Those up to fastBits are found by one look
// into a table of all that the next bits can be.
const (
	fastBits   = 10
	maxCode    = 20
	maxSymbols = 258
	all        = 1<<64 - 1
)

var (
	errCodeLength = errors.New("bzip2 code length is not possible")
	errCodeMany   = errors.New("bzip2 code has more symbols than bits allow")
	errCodeNone   = errors.New("bzip2 code without a symbol")
)

// huffman decodes one canonical code: shorter codes first, and of the same
// length the lower symbol first.
type huffman struct {
	fast   [1 << fastBits]uint16 // symbol<<5 | length; 0: longer, or of no symbol
	limit  [maxCode + 1]uint64   // first value behind the codes of a length, in the top bits of 64, or all
	first  [maxCode + 1]uint32   // first code of a length
	start  [maxCode + 1]uint16   // its place in symbol
	symbol [maxSymbols]uint16    // by code
	gaps   bool                  // some codes have no symbol
	many   bool                  // too many symbols for the bits: must not be used
}

// build makes the code that gives symbols these lengths. A code with gaps is
// taken, as the reference program does. One with too many symbols may be there
// as long as no group uses it.
func (h *huffman) build(lengths []uint8) {
	h.gaps, h.many = false, false
	var count [maxCode + 1]uint32
	for _, n := range lengths {
		count[n]++
	}
	code, place := uint32(0), uint16(0)
	for n := 1; n <= maxCode; n++ {
		code <<= 1
		h.first[n], h.start[n] = code, place
		code += count[n]
		place += uint16(count[n])
		if code > 1<<n {
			h.many = true
			return
		}
		h.limit[n] = uint64(code) << (64 - n)
		if code == 1<<n {
			h.limit[n] = all
		}
	}
	h.gaps = code < 1<<maxCode
	next := h.start
	for s, n := range lengths {
		h.symbol[next[n]] = uint16(s)
		next[n]++
	}
	h.fill(&count)
}

// fill makes the table of short codes.
func (h *huffman) fill(count *[maxCode + 1]uint32) {
	at := 0
	for n := 1; n <= fastBits; n++ {
		for i := range count[n] {
			e := h.symbol[uint32(h.start[n])+i]<<5 | uint16(n)
			for range 1 << (fastBits - n) {
				h.fast[at] = e
				at++
			}
		}
	}
	clear(h.fast[at:])
}

// long finds a code that is longer than fastBits in the top of bits, as an entry
// like those of fast; 0: no symbol has it.
func (h *huffman) long(bits uint64) uint16 {
	for n := fastBits + 1; n <= maxCode; n++ {
		if bits < h.limit[n] || h.limit[n] == all {
			i := uint32(bits>>(64-n)) - h.first[n] + uint32(h.start[n])
			return h.symbol[i]<<5 | uint16(n)
		}
	}
	return 0
}
