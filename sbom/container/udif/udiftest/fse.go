package udiftest

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Sizes of one block that PackFSE makes, and of what one step of it can say.
const (
	blockLiterals, blockSteps = 39_000, 9_000
	maxLits, maxMatch         = 315, 2359
	farthest                  = 262_139
)

// alphabet is a code of LZFSE: its number of states, and the extra bits of each
// of its symbols.
type alphabet struct {
	states int
	extra  []uint8
}

func alphabets() (l, m, d, literal alphabet) {
	d.extra = make([]uint8, 64)
	for i := 4; i < 64; i++ {
		d.extra[i] = uint8(i / 4)
	}
	return alphabet{64, []uint8{16: 2, 3, 5, 8}}, alphabet{64, []uint8{16: 3, 5, 8, 11}}, alphabet{256, d.extra}, alphabet{1024, make([]uint8, 256)}
}

// split gives the symbol that stands for a number, and how far it is from the
// symbol's first number.
func (a alphabet) split(n int) (symbol, rest int) {
	for n >= 1<<a.extra[symbol] {
		n -= 1 << a.extra[symbol]
		symbol++
	}
	return symbol, n
}

// lmd is one step of a block: literals, then m bytes from dist before.
type lmd struct{ l, m, d int }

// PackFSE packs as an LZFSE stream of blocks with finite state entropy coding
// (bvx2), as Apple's encoder does for all but short contents.
func PackFSE(b []byte) []byte {
	var out []byte
	var steps []lmd
	var lits []byte
	raw := 0
	flush := func() {
		if raw > 0 {
			out = append(out, fseBlock(steps, lits, raw)...)
		}
		steps, lits, raw = nil, nil, 0
	}
	step := func(l []byte, m, dist int) {
		if len(steps) == blockSteps || len(lits)+len(l) > blockLiterals {
			flush()
		}
		lits = append(lits, l...)
		steps = append(steps, lmd{len(l), m, dist})
		raw += len(l) + m
	}
	parse(b, farthest, func(l []byte, m, dist int) {
		for len(l) > maxLits || m == 0 && len(l) > 0 {
			n := min(len(l), maxLits)
			step(l[:n], 0, 1)
			l = l[n:]
		}
		for m > 0 {
			n := min(m, maxMatch)
			step(l, n, dist)
			l, m = nil, m-n
		}
	})
	flush()
	return append(out, "bvx$"...)
}

// fseBlock writes one block with its header.
func fseBlock(steps []lmd, lits []byte, raw int) []byte {
	al, am, ad, alit := alphabets()
	for len(lits)%4 != 0 {
		lits = append(lits, 0)
	}
	var counts [4][]int
	for i, a := range []alphabet{al, am, ad, alit} {
		counts[i] = make([]int, len(a.extra))
	}
	before := 0
	coded := make([][3]int, len(steps))
	for i, s := range steps {
		d := s.d
		if d == before {
			d = 0
		} else {
			before = d
		}
		coded[i] = [3]int{s.l, s.m, d}
		for j, a := range []alphabet{al, am, ad} {
			symbol, _ := a.split(coded[i][j])
			counts[j][symbol]++
		}
	}
	for _, c := range lits {
		counts[3][c]++
	}
	l, m, d, lit := newCoder(al, counts[0]), newCoder(am, counts[1]), newCoder(ad, counts[2]), newCoder(alit, counts[3])

	var literals bitWriter
	var s [4]int
	for i := len(lits) - 4; i >= 0; i -= 4 {
		for j := 3; j >= 0; j-- {
			s[j] = lit.put(&literals, s[j], int(lits[i+j]), 0)
		}
	}
	literalBytes, literalBits := literals.finish()
	moves := bitWriter{out: make([]byte, 8)} // readers look back as far as that
	var state [3]int
	for i := len(coded) - 1; i >= 0; i-- {
		for j, c := range [3]*coder{d, m, l} { // the reader takes them from the end
			symbol, rest := c.split(coded[i][2-j])
			state[2-j] = c.put(&moves, state[2-j], symbol, rest)
		}
	}
	moveBytes, moveBits := moves.finish()

	le := binary.LittleEndian
	h := le.AppendUint32([]byte("bvx2"), uint32(raw))
	h = le.AppendUint64(h, uint64(len(lits))|uint64(len(literalBytes))<<20|uint64(len(steps))<<40|uint64(literalBits+7)<<60)
	h = le.AppendUint64(h, uint64(s[0])|uint64(s[1])<<10|uint64(s[2])<<20|uint64(s[3])<<30|uint64(len(moveBytes))<<40|uint64(moveBits+7)<<60)
	var freq bitWriter
	for _, c := range []*coder{l, m, d, lit} {
		for _, f := range c.freq {
			freq.frequency(f)
		}
	}
	packed, _ := freq.finish()
	h = le.AppendUint64(h, uint64(len(h)+8+len(packed))|uint64(state[0])<<32|uint64(state[1])<<42|uint64(state[2])<<52)
	return slices.Concat(h, packed, literalBytes, moveBytes)
}

// frequency writes an entry of a table: the smaller, the fewer bits.
func (w *bitWriter) frequency(f int) {
	switch {
	case f < 2:
		w.put(f<<1, 2)
	case f < 4:
		w.put((f-2)<<2|1, 3)
	case f < 8:
		w.put((f-4)<<3|3, 5)
	case f < 24:
		w.put((f-8)<<4|7, 8)
	default:
		w.put((f-24)<<4|15, 14)
	}
}

// coder writes symbols of one alphabet with a table of frequencies.
type coder struct {
	alphabet
	freq, first []int
}

// newCoder makes frequencies that add up to the number of states, and are not
// zero for what occurs.
func newCoder(a alphabet, counts []int) *coder {
	total, sum, most := 0, 0, 0
	for i, n := range counts {
		total += n
		if n > counts[most] {
			most = i
		}
	}
	c := &coder{alphabet: a, freq: make([]int, len(counts)), first: make([]int, len(counts))}
	for i, n := range counts {
		if n > 0 {
			c.freq[i] = max(1, n*a.states/total)
			sum += c.freq[i]
		}
	}
	c.freq[most] += a.states - sum
	for c.freq[most] < 1 { // too many rare symbols: the larger ones give way
		for i := range c.freq {
			if i != most && c.freq[i] > 1 && c.freq[most] < 1 {
				c.freq[i]--
				c.freq[most]++
			}
		}
	}
	at := 0
	for i, f := range c.freq {
		c.first[i] = at
		at += f
	}
	return c
}

// put writes a symbol with its extra bits, and returns the next state.
func (c *coder) put(w *bitWriter, state, symbol, rest int) int {
	w.put(rest, int(c.extra[symbol]))
	f := c.freq[symbol]
	k := bits.Len(uint(c.states)) - bits.Len(uint(f)) // states <= f<<k < 2*states
	if state < f<<k-c.states {
		k--
	}
	w.put(state&(1<<k-1), k)
	return c.first[symbol] - f + c.states>>k + state>>k
}

// bitWriter writes bits, the lowest first.
type bitWriter struct {
	out  []byte
	acc  uint64
	bits int
}

func (w *bitWriter) put(v, n int) {
	w.acc |= uint64(v) << w.bits
	for w.bits += n; w.bits >= 8; w.bits -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
}

// finish returns the bytes, and minus the number of unused bits in the last.
func (w *bitWriter) finish() ([]byte, int) {
	if w.bits == 0 {
		return w.out, 0
	}
	return append(w.out, byte(w.acc)), w.bits - 8
}
