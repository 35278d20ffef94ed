package kinship

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// products is a set of products, a bit each.
type products []uint64

func newProducts(l []uint32, words int) products {
	p := make(products, words)
	for _, n := range l {
		p[n/64] |= 1 << (n % 64)
	}
	return p
}

func (p products) count() int {
	n := 0
	for _, w := range p {
		n += bits.OnesCount64(w)
	}
	return n
}

// key appends what only equal sets have in common.
func (p products) key(to []byte) []byte {
	for _, w := range p {
		to = binary.LittleEndian.AppendUint64(to, w)
	}
	return to
}

// within reports whether all products are in the other set too.
func (p products) within(q products) bool {
	for i, w := range p {
		if w&^q[i] != 0 {
			return false
		}
	}
	return true
}

// jaccard is the share of what is in both of what is in either.
func (p products) jaccard(q products) float64 {
	both, either := 0, 0
	for i, w := range p {
		both += bits.OnesCount64(w & q[i])
		either += bits.OnesCount64(w | q[i])
	}
	return float64(both) / float64(max(either, 1))
}

// wordsFor is how many words a set of the family's products takes.
func wordsFor(images []Image) int {
	most := uint32(0)
	for i := range images {
		most = max(most, slices.Max(images[i].Products))
	}
	return int(most)/64 + 1
}
