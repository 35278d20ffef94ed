package fingerprint

import "math/bits"

// joins holds, for each branch forward inside of a function, what was known of
// the registers where it starts, until the pass comes to where it leads. Branches
// of more than joinReach instructions are not followed, and what is held at one
// time is limited: beyond that, nothing is known where a branch arrives.
type joins struct {
	marks [joinMask + 1]uint8  // by instruction: what the branches to it know; a ring
	at    [joinMask + 1]uint32 // by instruction: index in saved; only where marked
	saved []snapshot
	words []uint64 // addresses of the registers in the sets, lowest first
	next  uint64   // offset of the first instruction that was not passed yet, while run is not at work
}

const (
	joinMask  = 1<<13 - 1
	joinReach = joinMask
	maxJoined = 1 << 16
)

// What the branches to an instruction know.
const (
	joinSaved   = 1 // what the snapshot says
	joinNothing = 3 // nothing, whatever the snapshot says
)

// snapshot is what was known at the branches to one instruction: their intersection.
type snapshot struct {
	known, page uint32
	held        uint32 // the set whose addresses stand in words
	first       uint32
}

// reset begins a function.
func (j *joins) reset() {
	j.saved, j.words, j.next = j.saved[:0], j.words[:0], 0
}

// passTo forgets the branches into what is passed over: data or padding. What
// run took in between has no marks left.
func (j *joins) passTo(at uint64) {
	from, to := j.next>>2, (at+3)>>2
	if j.next = at; to-from > joinMask {
		j.marks = [joinMask + 1]uint8{}
		return
	}
	for ; from < to; from++ {
		j.marks[from&joinMask] = 0
	}
}

// add records a branch from one offset to a later one.
func (j *joins) add(a *arm, to, from uint64) {
	if to>>2-from>>2 > joinReach {
		return
	}
	word := to >> 2 & joinMask
	mark, slot := &j.marks[word], &j.at[word]
	switch {
	case *mark == joinNothing:
		return
	case a.known == 0:
		*mark = joinNothing
		return
	case *mark == joinSaved:
		j.saved[*slot].meet(a, j.words)
		return
	case len(j.words)+bits.OnesCount32(a.known) > maxJoined:
		*mark = joinNothing
		return
	}
	*mark = joinSaved
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
	s := a.joins.saved[a.joins.at[at>>2&joinMask]]
	if a.gone != at {
		s.meet(a, a.joins.words)
	}
	for set, i := s.held, s.first; set != 0; set, i = set&(set-1), i+1 {
		if r := bits.TrailingZeros32(set); s.known>>r&1 == 1 {
			a.address[r] = a.joins.words[i]
		}
	}
	a.flush(a.pending & s.known)
	a.known, a.page = s.known, s.page
}
