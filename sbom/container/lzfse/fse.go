package lzfse

import (
	"encoding/binary"
	"math/bits"
)

// Alphabets and states of the four codes: lengths of literals (L) and matches
// (M), distances (D), and the literals themselves.
const (
	lSymbols, lStates = 20, 64
	mSymbols, mStates = 20, 64
	dSymbols, dStates = 64, 256
	symbols, states   = 256, 1024
)

// fseBlock is a block with finite state entropy coding: all literals are
// unpacked at its beginning, then the steps are read one by one.
type fseBlock struct {
	at       int64 // offset of the block
	literals [maxLiterals + 4]byte
	lit      []byte // what is left of them
	steps    uint32 // left to read
	in       bitReader
	l, m, d  uint32 // states
	lTable   [lStates]value
	mTable   [mStates]value
	dTable   [dStates]value
	table    [states]symbol
}

// value is a state that stands for a number: base and some bits more.
type value struct {
	total uint8 // bits to read, those of the next state included
	extra uint8 // bits of the number
	delta int16
	base  int32
}

// symbol is a state that stands for a literal.
type symbol struct {
	bits  uint8
	value uint8
	delta int16
}

// openFSE reads a block's header, tables and literals.
func (d *decoder) openFSE(v1 bool) error {
	at := d.src.offset()
	read := d.readV2
	if v1 {
		read = d.readV1
	}
	h, err := read()
	if err != nil {
		return err
	}
	if err := h.check(at); err != nil {
		return err
	}
	size := h.size + int(h.literalPayload) + int(h.lmdPayload)
	b, err := d.src.need(size)
	if err != nil {
		return err
	}
	if d.fse == nil {
		d.fse = new(fseBlock)
	}
	f := d.fse
	f.at = at
	if err := f.setTables(h); err != nil {
		return err
	}
	if err := f.readLiterals(h, b[:h.size+int(h.literalPayload)]); err != nil {
		return err
	}
	// The steps are read while the source stays as it is: nothing is peeked
	// before the block ends.
	if h.matches > 0 && !f.in.start(b, h.size+int(h.literalPayload), h.lmdBits) {
		return fault(at, "matches do not end with unused bits of zero", nil)
	}
	f.l, f.m, f.d, f.steps = uint32(h.lState), uint32(h.mState), uint32(h.dState), h.matches
	d.src.pos += size
	d.left, d.dist = int64(h.raw), 0
	d.block = blockFSE
	return nil
}

func (f *fseBlock) setTables(h *head) error {
	bad := ""
	switch {
	case h.literals > 0 && !spreadSymbols(f.table[:], h.literalFrequency):
		bad = "literals"
	case h.matches == 0:
	case !spreadValues(f.lTable[:], h.lFreq, lExtra[:]):
		bad = "literal lengths"
	case !spreadValues(f.mTable[:], h.mFreq, mExtra[:]):
		bad = "match lengths"
	case !spreadValues(f.dTable[:], h.dFreq, dExtra[:]):
		bad = "distances"
	}
	if bad != "" {
		return fault(f.at, "frequencies do not add up: "+bad, nil)
	}
	return nil
}

// readLiterals unpacks all literals of a block, four interleaved streams, from
// the end of b backwards. The first bytes read may belong to the header.
func (f *fseBlock) readLiterals(h *head, b []byte) error {
	f.lit = f.literals[:h.literals]
	if h.literals == 0 {
		return nil
	}
	var in bitReader
	if !in.start(b, 0, h.literalBits) {
		return fault(f.at, "literals do not end with unused bits of zero", nil)
	}
	s0, s1, s2, s3 := uint32(h.literalState[0]), uint32(h.literalState[1]), uint32(h.literalState[2]), uint32(h.literalState[3])
	t := &f.table
	for i := 0; i < int(h.literals); i += 4 {
		if !in.fill() {
			return fault(f.at, "literals need more bits than there are", i)
		}
		to := f.literals[i : i+4 : i+4]
		e := t[s0%states]
		to[0], s0 = e.value, uint32(int32(e.delta)+int32(in.take(e.bits)))
		e = t[s1%states]
		to[1], s1 = e.value, uint32(int32(e.delta)+int32(in.take(e.bits)))
		e = t[s2%states]
		to[2], s2 = e.value, uint32(int32(e.delta)+int32(in.take(e.bits)))
		e = t[s3%states]
		to[3], s3 = e.value, uint32(int32(e.delta)+int32(in.take(e.bits)))
	}
	return nil
}

// sequences goes through the steps of a block.
func (d *decoder) sequences() (full bool, err error) {
	f := d.fse
	for {
		if len(d.lit)+d.m > 0 && d.emit() {
			return true, nil
		}
		if f.steps == 0 {
			return false, d.close(f.at)
		}
		f.steps--
		if !f.in.fill() {
			return false, fault(f.at, "matches need more bits than there are", nil)
		}
		var l, m, dist int
		l, f.l = f.in.value(f.lTable[f.l%lStates])
		m, f.m = f.in.value(f.mTable[f.m%mStates])
		if dist, f.d = f.in.value(f.dTable[f.d%dStates]); dist != 0 {
			d.dist = dist
		}
		if l > len(f.lit) || l+m == 0 {
			return false, fault(f.at, "step takes more literals than there are, or does nothing", l)
		}
		if n := d.n; l+m+slack <= len(d.out)-n && int64(l+m) <= d.left && (m == 0 || d.dist > 0 && d.dist <= n+l) {
			copy(d.out[n:], f.lit[:l])
			d.n = repeat(d.out, n+l, d.dist, m)
			d.left -= int64(l + m)
		} else if err := d.take(f.at, f.lit[:l], m); err != nil {
			return false, err
		}
		f.lit = f.lit[l:]
	}
}

// bitReader takes bits from the end of a buffer backwards, the highest first.
// After fill it holds at least 56 bits; one step takes 54 at most.
type bitReader struct {
	b    []byte
	low  int // reading ends here
	pos  int
	acc  uint64 // bits above n are zero
	bits uint
}

// start begins at the end of b. unused is minus the number of bits of the last
// byte that hold nothing; they must be zero.
func (r *bitReader) start(b []byte, low, unused int) bool {
	*r = bitReader{b: b, low: low}
	if len(b)-low < 8 {
		return false
	}
	if unused == 0 {
		r.pos, r.bits = len(b)-7, 56
		r.acc = binary.LittleEndian.Uint64(b[len(b)-8:]) >> 8
		return true
	}
	r.pos, r.bits = len(b)-8, uint(64+unused)
	r.acc = binary.LittleEndian.Uint64(b[r.pos:])
	return r.acc>>r.bits == 0
}

// fill reads whole bytes until there are 56 bits or more.
func (r *bitReader) fill() bool {
	n := (63 - r.bits) &^ 7
	if n == 0 {
		return true
	}
	pos := r.pos - int(n/8)
	if pos < r.low {
		return false
	}
	r.pos = pos
	r.acc = r.acc<<n | binary.LittleEndian.Uint64(r.b[pos:])&(1<<n-1)
	r.bits += n
	return true
}

// take returns the next n bits.
func (r *bitReader) take(n uint8) uint32 {
	r.bits -= uint(n)
	v := r.acc >> (r.bits & 63)
	r.acc &= 1<<(r.bits&63) - 1
	return uint32(v)
}

// value returns the number of a state, and the next state.
func (r *bitReader) value(e value) (n int, next uint32) {
	v := r.take(e.total)
	return int(e.base) + int(v&(1<<(e.extra&31)-1)), uint32(int32(e.delta) + int32(v>>(e.extra&31)))
}

// spread calls set for each state: which symbol it stands for, how many bits
// lead to the next state, and what to add to them. It is false when the
// frequencies do not add up to the number of states: then some state would
// stand for nothing. With a true result no next state is outside the table.
func spread(n int, freq []uint16, set func(state, symbol int, bits uint8, delta int16)) bool {
	sum := 0
	for _, f := range freq {
		sum += int(f)
	}
	if sum != n {
		return false
	}
	state := 0
	for s, f16 := range freq {
		f := int(f16)
		if f == 0 {
			continue
		}
		k := bits.Len(uint(n)) - bits.Len(uint(f)) // n <= f<<k < 2n
		first := 2*n>>k - f
		for j := range f {
			if j < first {
				set(state, s, uint8(k), int16((f+j)<<k-n))
			} else {
				set(state, s, uint8(k-1), int16((j-first)<<(k-1)))
			}
			state++
		}
	}
	return true
}

func spreadSymbols(t []symbol, freq []uint16) bool {
	return spread(len(t), freq, func(state, s int, bits uint8, delta int16) {
		t[state] = symbol{bits, uint8(s), delta}
	})
}

// spreadValues makes a table of numbers. Symbol s stands for the numbers from
// the sum of the sizes before it, 2^extra[s] of them.
func spreadValues(t []value, freq []uint16, extra []uint8) bool {
	var base [dSymbols]int32
	for i := 1; i < len(extra); i++ {
		base[i] = base[i-1] + 1<<extra[i-1]
	}
	return spread(len(t), freq, func(state, s int, bits uint8, delta int16) {
		t[state] = value{bits + extra[s], extra[s], delta, base[s]}
	})
}

// Extra bits of each symbol of the three alphabets of numbers.
var (
	lExtra = [lSymbols]uint8{16: 2, 3, 5, 8}
	mExtra = [mSymbols]uint8{16: 3, 5, 8, 11}
	dExtra = [dSymbols]uint8{4: 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7,
		8, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10, 11, 11, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 15}
)
