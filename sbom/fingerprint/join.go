package fingerprint

import "math/bits"

// joins holds, for each branch forward inside of a function, what was known of
// the registers where it starts, until the pass comes to where it leads. Branches
// of more than joinReach instructions are not followed, and what is held at one
// time is limited: beyond that, nothing is known where a branch arrives.
type joins struct {
	at    [joinMask + 1]uint32 // by instruction: 1 + index in saved
	saved []snapshot
	words []uint64 // addresses of the registers in the sets, lowest first
}

const (
	joinMask  = 1<<13 - 1
	joinReach = joinMask
	maxJoined = 1 << 16
)

// snapshot is what was known at the branches to one instruction: their intersection.
type snapshot struct {
	to          uint64 // offset of the instruction
	known, page uint32
	held        uint32 // the set whose addresses stand in words
	first       uint32
}

// reset forgets what a function left: branches into its data or its padding.
func (j *joins) reset() {
	for i := range j.saved {
		j.at[j.saved[i].to>>2&joinMask] = 0
	}
	j.saved, j.words = j.saved[:0], j.words[:0]
}

// add records a branch from one offset to a later one.
func (j *joins) add(a *arm, to, from uint64) {
	if to>>2-from>>2 > joinReach {
		return
	}
	slot := &j.at[to>>2&joinMask]
	if *slot != 0 && j.saved[*slot-1].to == to {
		j.saved[*slot-1].meet(a, j.words)
		return
	}
	s := snapshot{to: to, known: a.known, page: a.page, held: a.known, first: uint32(len(j.words))}
	if len(j.words)+bits.OnesCount32(s.known) > maxJoined {
		s.known, s.page, s.held = 0, 0, 0
	}
	for set := s.held; set != 0; set &= set - 1 {
		j.words = append(j.words, a.address[bits.TrailingZeros32(set)])
	}
	j.saved = append(j.saved, s)
	*slot = uint32(len(j.saved))
}

// meet keeps what is known alike here and there.
func (s *snapshot) meet(a *arm, words []uint64) {
	s.known &= a.known &^ (s.page ^ a.page)
	for set, i := s.held, s.first; set != 0; set, i = set&(set-1), i+1 {
		if r := bits.TrailingZeros32(set); words[i] != a.address[r] {
			s.known &^= 1 << r
		}
	}
	s.page &= s.known
}

// join takes over what the branches to an instruction know. Where the code above
// does not go on to it, that is all; else only what both know.
func (a *arm) join(at uint64) {
	slot := &a.joins.at[at>>2&joinMask]
	s := a.joins.saved[*slot-1]
	*slot = 0
	if s.to != at {
		return // it was passed over, in data
	}
	if a.gone != at {
		s.meet(a, a.joins.words)
	}
	for set, i := s.held, s.first; set != 0; set, i = set&(set-1), i+1 {
		if r := bits.TrailingZeros32(set); s.known>>r&1 == 1 {
			a.address[r] = a.joins.words[i]
		}
	}
	a.flush(a.pending & s.known)
	a.pending &^= s.known
	a.known, a.page = s.known, s.page
}
