package macho

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// arraySlowly is the length of a character array at the start of b, and what is
// paid for it.
func arraySlowly(b []byte) (length, paid int) {
	b = b[:min(len(b), maxName)]
	for i, v := range b {
		if !printable[v] {
			if v == 0 && i >= minRun {
				return i, i + 1
			}
			return 0, i + 1
		}
	}
	return 0, len(b)
}

// TestArrayEveryByte puts each byte at each place of a text and behind it: the
// look at 8 bytes at a time ends where the one at single bytes does.
func TestArrayEveryByte(t *testing.T) {
	for _, size := range []int{0, 7, 8, 9, 26} {
		for at := range size {
			for v := range 256 {
				b := append(bytes.Repeat([]byte{' ', '~', 'a'}, 9)[:size], 0)
				b[at] = byte(v)
				b[max(at, 3)-3] ^= byte(v & 1) // perhaps a neighbour in front, too
				c := coder{leads: 1000}
				n, paid := arraySlowly(b)
				if got := c.array(&place{data: b}, 0); got != n || 1000-c.leads != uint64(paid) {
					t.Fatalf("%q: length %d for %d bytes, want %d for %d", b, got, 1000-c.leads, n, paid)
				}
			}
		}
	}
}

// TestArraysInOneRun asks for arrays that begin anywhere in long runs of text, in
// rising and in any order: what is kept of the last run changes no answer.
func TestArraysInOneRun(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{40, 400, 3 * maxName} {
		var b []byte
		for len(b) < 4*maxName {
			b = append(b, bytes.Repeat([]byte{'x', '\t', 'y', '\n', 'z'}, r.IntN(most)/5)...)
			b = append(b, []byte{0, 0, 7, 0xc3}[r.IntN(4)])
		}
		p := &place{data: b}
		at := 0
		for range 2000 {
			if at += r.IntN(200); at >= len(b) || r.IntN(20) == 0 {
				at = r.IntN(len(b))
			}
			n, paid := arraySlowly(b[at:])
			c := coder{leads: 1 << 20}
			if got := c.array(p, uint64(at)); got != n || 1<<20-c.leads != uint64(paid) {
				t.Fatalf("at %d: length %d for %d bytes, want %d for %d", at, got, 1<<20-c.leads, n, paid)
			}
		}
	}
}
