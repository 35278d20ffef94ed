package kinship

import (
	"encoding/binary"
	"hash/fnv"
	"math/bits"
	"slices"
)

// products is a set of products, a bit each.
type products []uint64

// set makes it the set of those products alone.
func (p products) set(l []uint32) {
	clear(p)
	for _, n := range l {
		p[n/64] |= 1 << (n % 64)
	}
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
		for _, p := range images[i].Products {
			most = max(most, p)
		}
	}
	return int(most)/64 + 1
}

// carrierSets is every set of carriers, once, in blocks: what a family of hostile
// files makes of many different ones costs their bits and little more.
type carrierSets struct {
	n, most uint32 // sets held, and how many there may be
	words   int
	blocks  [][]uint64
	first   map[uint64]uint32 // hash -> last set with it, plus 1
	before  []uint32          // by set: the one before with the same hash, plus 1
	scratch []byte
}

// setsInBlock is how many sets a block holds.
const setsInBlock = 1 << 10

// maxSetBytes is how much room sets of carriers may take: four million sets of a
// thousand products. Marks with further ones are left out, with a gap: those whose
// set the fewest marks have.
const maxSetBytes = 512 << 20

func newCarrierSets(words, room int) carrierSets {
	return carrierSets{words: words, most: uint32(max(1, room/(8*words))), first: map[uint64]uint32{}}
}

// empty has the same room.
func (s *carrierSets) empty() carrierSets {
	return carrierSets{words: s.words, most: s.most, first: map[uint64]uint32{}}
}

func (s *carrierSets) of(n uint32) products {
	at := int(n%setsInBlock) * s.words
	return s.blocks[n/setsInBlock][at : at+s.words : at+s.words]
}

func (s *carrierSets) hash(p products) uint64 {
	s.scratch = p.key(s.scratch[:0])
	h := fnv.New64a()
	h.Write(s.scratch)
	return h.Sum64()
}

// add gives the number of a set; ok is false when there are too many.
func (s *carrierSets) add(p products) (n uint32, ok bool) {
	sum := s.hash(p)
	for i := s.first[sum]; i > 0; i = s.before[i-1] {
		if slices.Equal(s.of(i-1), p) {
			return i - 1, true
		}
	}
	if s.n >= s.most {
		return 0, false
	}
	n = s.n
	if n%setsInBlock == 0 {
		s.blocks = append(s.blocks, make([]uint64, setsInBlock*s.words))
	}
	s.n++
	copy(s.of(n), p)
	s.before = append(s.before, s.first[sum])
	s.first[sum] = n + 1
	return n, true
}
