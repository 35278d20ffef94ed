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
	slices.SortFunc(r.Lineages, func(a, b Lineage) int { return compareUnits(a.Members[0].Units[0], b.Members[0].Units[0]) })
}
