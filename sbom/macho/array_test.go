package macho

import (
	"bytes"
	"testing"
)

// TestArrayEveryByte puts each byte at each place of a text and behind it: the
// look at 8 bytes at a time ends where the one at single bytes does.
func TestArrayEveryByte(t *testing.T) {
	slowly := func(b []byte) (length, paid int) {
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
	for _, size := range []int{0, 7, 8, 9, 26} {
		for at := range size {
			for v := range 256 {
				b := append(bytes.Repeat([]byte{' ', '~', 'a'}, 9)[:size], 0)
				b[at] = byte(v)
				b[max(at, 3)-3] ^= byte(v & 1) // perhaps a neighbour in front, too
				c := coder{leads: 1000}
				n, paid := slowly(b)
				if got := c.array(b); got != n || 1000-c.leads != uint64(paid) {
					t.Fatalf("%q: length %d for %d bytes, want %d for %d", b, got, 1000-c.leads, n, paid)
				}
			}
		}
	}
}
