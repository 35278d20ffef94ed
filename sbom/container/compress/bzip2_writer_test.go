package compress

import (
	"bytes"
	"math/bits"
	"slices"
)

// bzWriter writes bzip2 streams, also such as no program writes. Its codes are
// flat, its sorting is slow; fields set what is wrong.
type bzWriter struct {
	codes    int  // number of codes
	gaps     bool // codes are longer than they must be
	sumOff   uint32
	origin   int   // instead of the right one
	empty    bool  // alphabet without bytes
	groups   int   // instead of the right number; -1: none
	selector int   // of the first group
	symbols  []int // instead of the right ones
	lengths  []int // of the first symbols of the second code, which the first group uses
	unused   bool  // lengths are those of the first code, which it does not
	ones     bool  // the symbols' bits are all ones

	out     []byte
	nbits   uint
	sum     uint32
	content []byte
}

func (w *bzWriter) put(v uint64, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.nbits%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[len(w.out)-1] |= byte(v>>i&1) << (7 - w.nbits%8)
		w.nbits++
	}
}

// bzSum is the checksum as the format has it, bit by bit.
func bzSum(b []byte) uint32 {
	sum := ^uint32(0)
	for _, c := range b {
		sum ^= uint32(c) << 24
		for range 8 {
			sum = sum<<1 ^ 0x04C11DB7*(sum>>31)
		}
	}
	return ^sum
}

// runs shortens runs of four and more.
func runs(b []byte) (out []byte) {
	for len(b) > 0 {
		n := 1
		for n < len(b) && n < 259 && b[n] == b[0] {
			n++
		}
		out = append(out, bytes.Repeat(b[:1], min(n, 4))...)
		if n >= 4 {
			out = append(out, byte(n-4))
		}
		b = b[n:]
	}
	return out
}

// sorted gives the last column of the sorted rotations, and the row of b.
func sorted(b []byte) (last []byte, origin int) {
	twice := append(bytes.Clone(b), b...)
	rows := make([]int, len(b))
	for i := range rows {
		rows[i] = i
	}
	slices.SortFunc(rows, func(x, y int) int {
		if c := bytes.Compare(twice[x:x+len(b)], twice[y:y+len(b)]); c != 0 {
			return c
		}
		return x - y
	})
	for i, r := range rows {
		last = append(last, twice[r+len(b)-1])
		if r == 0 {
			origin = i
		}
	}
	return last, origin
}

// places turns the last column into symbols.
func places(last, used []byte) (out []int) {
	list := bytes.Clone(used)
	zeros := 0
	flush := func() {
		for ; zeros > 0; zeros = (zeros - 1) / 2 {
			out = append(out, 1-zeros%2)
		}
	}
	for _, b := range last {
		at := bytes.IndexByte(list, b)
		if at == 0 {
			zeros++
			continue
		}
		flush()
		out = append(out, at+1)
		copy(list[1:at+1], list[:at])
		list[0] = b
	}
	flush()
	return append(out, len(used)+1)
}

func (w *bzWriter) block(content []byte, randomised bool) {
	if w.out == nil {
		w.put(0x425A6839, 32)
	}
	w.content = append(w.content, content...)
	sum := bzSum(content) + w.sumOff
	w.sum = bits.RotateLeft32(w.sum, 1) ^ sum
	b := runs(content)
	w.put(bzip2Block>>24, 24)
	w.put(bzip2Block&0xFFFFFF, 24)
	w.put(uint64(sum), 32)
	w.put(uint64(flag(randomised)), 1)
	if randomised {
		at, wait := 0, 0
		for i := range b {
			if wait == 0 {
				wait, at = int(randomDistances[at]), (at+1)%512
			}
			if wait--; wait == 1 {
				b[i] ^= 1
			}
		}
	}
	last, origin := sorted(b)
	if w.origin != 0 {
		origin = w.origin
	}
	w.put(uint64(origin), 24)
	used := slices.Clone(last)
	slices.Sort(used)
	used = slices.Compact(used)
	w.alphabet(used)
	symbols := places(last, used)
	groups := (len(symbols) + groupSize - 1) / groupSize
	if w.symbols != nil {
		symbols = w.symbols
	}
	w.tables(len(used)+2, groups, symbols)
}

func (w *bzWriter) alphabet(used []byte) {
	var all [256]bool
	for _, b := range used {
		all[b] = !w.empty
	}
	for i := range 16 {
		w.put(uint64(flag(slices.Contains(all[16*i:16*i+16], true))), 1)
	}
	for i := range 16 {
		if slices.Contains(all[16*i:16*i+16], true) {
			for _, is := range all[16*i : 16*i+16] {
				w.put(uint64(flag(is)), 1)
			}
		}
	}
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// tables writes selectors (the codes in turn), codes and symbols. Of n symbols
// the first few have one bit less, so that the code is complete.
func (w *bzWriter) tables(n, groups int, symbols []int) {
	w.put(uint64(w.codes), 3)
	w.put(uint64(max(groups+w.groups*groups, 0)), 15)
	for g := range groups { // always the last of the list: the codes take turns
		unary := max(min(w.codes, 6)-1, 0)
		if g == 0 && w.selector > 0 {
			unary = w.selector
		}
		for range unary {
			w.put(1, 1)
		}
		w.put(0, 1)
	}
	long := bits.Len(uint(n - 1))
	short := 1<<long - n
	if w.gaps {
		long, short = long+9, 0
	}
	for c := range w.codes {
		length := 5
		w.put(5, 5)
		for s := range n {
			want := long - flag(s < short)
			if s < len(w.lengths) && (c != 0) != w.unused || s < len(w.lengths) && w.ones {
				want = w.lengths[s]
			}
			for ; length < want; length++ {
				w.put(2, 2)
			}
			for ; length > want; length-- {
				w.put(3, 2)
			}
			w.put(0, 1)
		}
	}
	for _, s := range symbols {
		switch {
		case w.ones:
			w.put(1<<20-1, 20)
		case s < short:
			w.put(uint64(s), long-1)
		default:
			w.put(uint64(s+short), long)
		}
	}
}

// end ends the stream.
func (w *bzWriter) end() []byte {
	c := *w
	c.out = bytes.Clone(w.out)
	c.put(bzip2End>>24, 24)
	c.put(bzip2End&0xFFFFFF, 24)
	c.put(uint64(c.sum), 32)
	return c.out
}
