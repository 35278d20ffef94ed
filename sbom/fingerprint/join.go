package fingerprint

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// joins holds, for each branch forward inside of a function, what was known of
// the registers where it starts, until the pass comes to where it leads. Branches
// of more than joinReach instructions are not followed, and what is held at one
// time is limited: beyond that, nothing is known where a branch arrives.
//
// Each instruction of the image has a position, a number of its own, so that what
// a ring says of a former instruction is never taken for what it says of this one.
type joins struct {
	first   uint32                      // position of the first instruction of the function
	nothing [joinMask + 1]uint32        // position of an instruction that a branch leads to where nothing is known; a ring
	marked  [(joinMask + 1) / 64]uint64 // by instruction: a branch with a snapshot leads there; a ring
	at      [joinMask + 1]uint32        // by instruction: index in saved; only where marked
	next    uint64                      // offset of the next one that is marked
	waiting int                         // how many are marked
	saved   []snapshot
	words   []uint64 // addresses of the registers in the sets, lowest first
}

const (
	joinMask  = 1<<13 - 1
	joinReach = joinMask
	maxJoined = 1 << 16
	noJoin    = math.MaxUint64
)

// snapshot is what was known at the branches to one instruction: their intersection.
type snapshot struct {
	known, page uint32
	held        uint32 // the set whose addresses stand in words
	first       uint32
}

// reset begins a function.
func (j *joins) reset() {
	if j.next != noJoin {
		j.marked, j.next, j.waiting = [len(j.marked)]uint64{}, noJoin, 0
	}
	j.saved, j.words = j.saved[:0], j.words[:0]
}

// take removes the mark of the next instruction that has one.
func (j *joins) take() {
	word := j.next >> 2
	j.marked[word&joinMask>>6] &^= 1 << (word & 63)
	if j.waiting--; j.waiting == 0 {
		j.next = noJoin
		return
	}
	rest := j.marked[word&joinMask>>6] &^ (1<<(word&63) - 1)
	for word >>= 6; rest == 0; rest = j.marked[word&(joinMask>>6)] {
		word++
	}
	j.next = (word<<6 + uint64(bits.TrailingZeros64(rest))) << 2
}

// passTo forgets the branches into what is passed over: data.
func (j *joins) passTo(at uint64) {
	for j.next < at {
		j.take()
	}
}

// add records a branch from one offset to a later one.
func (j *joins) add(a *arm, to, from uint64) {
	if to>>2-from>>2 > joinReach {
		return
	}
	word, position := to>>2&joinMask, j.first+uint32(to>>2)
	slot, mark, bit := &j.at[word], &j.marked[word>>6], uint64(1)<<(word&63)
	switch {
	case j.nothing[word] == position:
		return
	case a.known == 0 || *mark&bit == 0 && len(j.words)+bits.OnesCount32(a.known) > maxJoined:
		j.nothing[word] = position
		return
	case *mark&bit != 0:
		j.saved[*slot].meet(a, j.words)
		return
	}
	*mark |= bit
	j.next = min(j.next, to)
	j.waiting++
	s := snapshot{known: a.known, page: a.page, held: a.known, first: uint32(len(j.words))}
	for set := s.held; set != 0; set &= set - 1 {
		j.words = append(j.words, a.address[bits.TrailingZeros32(set)])
	}
	*slot = uint32(len(j.saved))
	j.saved = append(j.saved, s)
}

// meet keeps what is known alike here and there.
func (s *snapshot) meet(a *arm, words []uint64) {
	s.known &= a.known &^ (s.page ^ a.page)
	for set, i := s.held, s.first; set != 0; set, i = set&(set-1), i+1 {
		if r := bits.TrailingZeros32(set); words[i] != a.address[r] {
			s.known &^= 1 << r
		}
	}
}

// join takes over what the branches to an instruction know. Where the code above
// does not go on to it, that is all; else only what both know.
func (a *arm) join(at uint64) {
	j := &a.joins
	j.take()
	if j.nothing[at>>2&joinMask] == j.first+uint32(at>>2) {
		a.known = 0
		return
	}
	s := j.saved[j.at[at>>2&joinMask]]
	if !a.stops(at) {
		s.meet(a, j.words)
	}
	for set, i := s.held, s.first; set != 0; set, i = set&(set-1), i+1 {
		if r := bits.TrailingZeros32(set); s.known>>r&1 == 1 {
			a.address[r] = j.words[i]
			a.small.dropped[r] = j.first + uint32(at>>2)
		}
	}
	a.flush(a.pending & s.known)
	a.known, a.page = s.known, s.page
}

// stops reports whether the instruction in front of an offset never goes on to it.
func (a *arm) stops(at uint64) bool {
	if at <= a.begins {
		return false
	}
	w := binary.LittleEndian.Uint32(a.code[at-4:])
	class := armClasses[w>>21]
	return class == armB || class == armRegister && w>>21&7 != 1
}
