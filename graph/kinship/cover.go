package kinship

import (
	"cmp"
	"slices"
)

// maxPartners bounds the images of another build that are thought of for one strain.
const maxPartners = 64

// cover chooses pairs of images for strains that no text ties: the image that
// has most of the strain, with images that hold another build of a library it
// has, so that as many strains as possible that are not tied either are compared
// with it. Without it a library without text is only found when it happens to
// lie beside the fullest copy of one with text. Each strain adds maxPairs pairs
// at most.
func (f *family) cover(k *stock, cands []candidate, found []tied) []imagePair {
	n := uint32(len(k.strains))
	bound := make([]bool, n)              // strains that text ties
	others := map[uint32]map[uint32]int{} // by image: images with another build of something, and of how many
	for i, c := range cands {
		if !found[i].ok || c.b >= n {
			continue
		}
		bound[c.a], bound[c.b] = true, true
	}
	free := make([][]uint32, len(f.images)) // by image: strains that nothing ties
	for s := range n {
		if st := &k.strains[s]; !bound[s] && f.enough(st) && st.background < 0 {
			for _, i := range st.images {
				free[i] = append(free[i], s)
			}
			others[st.rep] = map[uint32]int{}
		}
	}
	for i, c := range cands {
		if !found[i].ok || c.b >= n {
			continue
		}
		for _, side := range [2][2]uint32{{c.a, c.b}, {c.b, c.a}} {
			for _, x := range k.strains[side[0]].images {
				if to := others[x]; to != nil {
					for _, y := range k.strains[side[1]].images[:min(maxPartners, len(k.strains[side[1]].images))] {
						to[y]++
					}
				}
			}
		}
	}
	var out []imagePair
	for s := range n {
		if st := &k.strains[s]; !bound[s] && f.enough(st) && st.background < 0 {
			out = append(out, f.partners(st, others[st.rep], free)...)
		}
	}
	return out
}

// partners chooses for one strain the images that it is compared in.
func (f *family) partners(s *strain, others map[uint32]int, free [][]uint32) []imagePair {
	var list []uint32
	for y := range others {
		if _, own := slices.BinarySearch(s.images, y); !own {
			list = append(list, y)
		}
	}
	slices.SortFunc(list, func(a, b uint32) int { return cmp.Or(-cmp.Compare(others[a], others[b]), cmp.Compare(a, b)) })
	list = list[:min(maxPartners, len(list))]
	seen := map[uint32]bool{}
	var out []imagePair
	for range maxPairs {
		best, gain := uint32(0), 0
		for _, y := range list {
			n := 0
			for _, o := range free[y] {
				if !seen[o] {
					n++
				}
			}
			if n > gain {
				best, gain = y, n
			}
		}
		if gain == 0 {
			break
		}
		for _, o := range free[best] {
			seen[o] = true
		}
		out = append(out, imagePair{min(s.rep, best), max(s.rep, best)})
	}
	return out
}
