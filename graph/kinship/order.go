package kinship

import (
	"cmp"
	"slices"
	"strings"
)

// Ties between equally good choices go by the order of the images. So that the
// order in which they are given says nothing, they are compared in the order of
// their digests, and the result is given the numbers of the caller.

// inOrder lists the images by digest, as indices into the list given.
func inOrder(images []Image) []uint32 {
	out := make([]uint32, len(images))
	for i := range out {
		out[i] = uint32(i)
	}
	slices.SortStableFunc(out, func(a, b uint32) int { return strings.Compare(string(images[a].Digest), string(images[b].Digest)) })
	return out
}

// renumber gives all images the numbers that the caller knows them by.
func (r *Result) renumber(given []uint32) {
	if slices.IsSorted(given) {
		return
	}
	for i := range r.Gaps {
		r.Gaps[i].Image = int(given[r.Gaps[i].Image])
	}
	slices.SortFunc(r.Gaps, func(a, b Unread) int { return cmp.Compare(a.Image, b.Image) })
	for i := range r.Lineages {
		l := &r.Lineages[i]
		for k := range l.Copies {
			l.Copies[k].Image = given[l.Copies[k].Image]
		}
		slices.SortFunc(l.Copies, func(a, b Copy) int { return cmp.Compare(a.Image, b.Image) })
		for k := range l.Members {
			units := l.Members[k].Units
			for n := range units {
				units[n].Image = given[units[n].Image]
			}
			slices.SortFunc(units, compareUnits)
		}
	}
	r.sort()
}

// sort brings lineages in the order of their first unit.
func (r *Result) sort() {
	order := make([]int, len(r.Lineages))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return compareUnits(r.Lineages[a].Members[0].Units[0], r.Lineages[b].Members[0].Units[0])
	})
	list, to := make([]Lineage, len(order)), make([]int, len(order))
	for i, old := range order {
		list[i], to[old] = r.Lineages[old], i
	}
	r.Lineages = list
	for i := range r.Similar {
		s := &r.Similar[i]
		s.A, s.B = to[s.A], to[s.B]
		if s.A > s.B {
			s.A, s.B, s.TextA, s.TextB = s.B, s.A, s.TextB, s.TextA
		}
	}
	slices.SortFunc(r.Similar, func(a, b Similar) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) })
}
