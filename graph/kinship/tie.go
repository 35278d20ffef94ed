package kinship

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// strain is a lineage on its way: twins, and what was paired with them.
type strain struct {
	images     []uint32 // that hold twins of it, sorted
	units      []uint32 // number of its units in each
	twins      int      // number of its twins
	background int32    // library of its twins, or -1
	rep        uint32   // image with the most units; the first of several
	guests     []guest  // images that hold it without a twin
}

// guest is an image that text ties to a strain.
type guest struct {
	image uint32
	text  float64 // share of the strain's own features that it has
}

// stock is all strains of a family, and what joins their functions.
type stock struct {
	of      []uint32 // by twin: its strain
	strains []strain
	extra   []link   // pairs of functions beyond twins
	pairs   [][]link // of images that share no mark
	linked  []linked // strains that were made of those
	builds  [][]int  // by strain: build of each of its images
	similar []similar
	tied    []uint32 // a twin of each strain that was joined with another one by a tie
	index   []index  // by image
}

// link says that two units are the same function.
type link struct {
	a, b   uint32 // units
	how    How
	strain uint32 // that it is a link of; not set for linked strains
}

// count makes the strains of a numbering of twins.
func (f *family) count(of []uint32) []strain {
	l := make([]strain, runsOf(of))
	for w, n := range of {
		if l[n].twins == 0 {
			l[n].background = f.twins[w].background
		}
		l[n].twins++
	}
	last := make([]int, len(l)) // image + 1 that was counted last
	for i := range f.images {
		for _, w := range f.twin[f.base[i]:f.base[i+1]] {
			if w == 0 {
				continue
			}
			s := &l[of[w-1]]
			if last[of[w-1]] != i+1 {
				last[of[w-1]] = i + 1
				s.images = append(s.images, uint32(i))
				s.units = append(s.units, 0)
			}
			s.units[len(s.units)-1]++
		}
	}
	for i := range l {
		most := uint32(0)
		for k, n := range l[i].units {
			if n > most {
				most, l[i].rep = n, l[i].images[k]
			}
		}
	}
	return l
}

// territory lists the functions of a strain in an image: its twins, and what
// lies between them in reach of the gap.
func (f *family) territory(k *stock, image, strain uint32) []uint32 {
	var out []uint32
	units := f.twin[f.base[image]:f.base[image+1]]
	last := -1
	for _, fn := range k.index[image].of(strain) {
		i := int(fn)
		if last >= 0 && i-last-1 <= int(f.t.Gap)*4 {
			for n := last + 1; n < i; n++ {
				if units[n] == 0 {
					out = append(out, uint32(n))
				}
			}
		}
		out = append(out, fn)
		last = i
	}
	return out
}

// maxStretch is how many functions without a twin may lie between two of a strain
// for them to take part in a comparison: another version can change long parts.
const maxStretch = 256

// reach is the territory of a strain with the longer stretches in it that have
// no twin at all. They are of the strain only if a comparison says so.
func (f *family) reach(k *stock, image, strain uint32) []uint32 {
	own := k.index[image].of(strain)
	var out []uint32
	units := f.twin[f.base[image]:f.base[image+1]]
	last := -1
	for _, fn := range own {
		i := int(fn)
		if last >= 0 && i-last-1 <= maxStretch {
			from := len(out)
			for n := last + 1; n < i; n++ {
				if units[n] == 0 {
					out = append(out, uint32(n))
				} else if i-last-1 > int(f.t.Gap)*4 { // other shared code lies between
					out = out[:from]
					break
				}
			}
		}
		out = append(out, fn)
		last = i
	}
	if len(out) > 3*len(own) {
		return f.territory(k, image, strain) // too little of it is known to be the strain's
	}
	return out
}

// loner lists the functions of an image without a twin. The desk remembers it.
func (f *family) loner(d *desk, image uint32) []uint32 {
	if d.loner == image+1 {
		return d.loners
	}
	d.loner, d.loners = image+1, nil // others may have what it remembered
	for i, w := range f.twin[f.base[image]:f.base[image+1]] {
		if w == 0 {
			d.loners = append(d.loners, uint32(i))
		}
	}
	return d.loners
}

// Telling reports whether a kind of feature ties builds of other compilers.
func Telling(k fingerprint.FeatureKind) bool {
	switch k {
	case fingerprint.FeatureString, fingerprint.FeatureSelector, fingerprint.FeatureClass, fingerprint.FeatureMethod:
		return true
	}
	return false
}

// mention is a rare feature on its way to be joined: node is a strain, or the
// number of strains plus an image: what has no twin in it.
type mention struct {
	hash uint64
	node uint32
}

// mentions collects the features of strains and of code without twins, and says
// how many own features each strain has.
func (f *family) mentions(k *stock) (all []mention, owned []uint32) {
	reps := make([][]uint32, len(f.images)) // by image: strains that it is the fullest copy of
	for n := range k.strains {
		reps[k.strains[n].rep] = append(reps[k.strains[n].rep], uint32(n))
	}
	lists := make([][]mention, len(f.images))
	owned = make([]uint32, len(k.strains))
	f.shelf.each(func(d *desk, i int, c *code) {
		for _, n := range reps[i] {
			owned[n] = c.own(f.territory(k, uint32(i), n), d, func(h uint64) { lists[i] = append(lists[i], mention{h, n}) })
		}
		c.used(f.loner(d, uint32(i)), d, func(h uint64) { lists[i] = append(lists[i], mention{h, uint32(len(k.strains) + i)}) })
	})
	all = slices.Concat(lists...)
	slices.SortFunc(all, func(a, b mention) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.node, b.node))
	})
	return all, owned
}

// candidate is two nodes that share rare features.
type candidate struct {
	a, b   uint32 // nodes; a is a strain unless both are images
	shared uint32
	part   float64 // of the smaller side's own features
}

// crowd is the most images without twins that are compared with each other for
// one feature.
const crowd = 8

// candidates lists pairs of nodes with enough text in common, those with most first.
func (f *family) candidates(k *stock, all []mention, owned []uint32) []candidate {
	n := uint32(len(k.strains))
	var pairs []pair
	for at := 0; at < len(all); {
		end := at + 1
		for end < len(all) && all[end].hash == all[at].hash {
			end++
		}
		group := all[at:end]
		at = end
		strains, _ := slices.BinarySearchFunc(group, n, func(m mention, n uint32) int { return cmp.Compare(m.node, n) })
		if len(group) < 2 || float64(len(group)) > f.t.Rare {
			continue
		}
		for i := range group {
			if i >= strains && len(group)-strains > crowd {
				break
			}
			for _, g := range group[i+1:] {
				pairs = append(pairs, newPair(group[i].node, g.node))
			}
		}
	}
	var out []candidate
	counted(pairs, func(p pair, count int) {
		if float64(count) < f.t.Features {
			return
		}
		a, b := p.split()
		c := candidate{a: a, b: b, shared: uint32(count), part: 1}
		if a < n {
			least := owned[a]
			if b < n {
				least = min(least, owned[b])
			}
			c.part = float64(count) / float64(max(least, 1))
		}
		if c.part >= f.t.Candidate && (c.part >= sure || !f.together(k, c)) {
			out = append(out, c)
		}
	})
	slices.SortFunc(out, func(x, y candidate) int {
		return cmp.Or(-cmp.Compare(x.shared, y.shared), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	return out
}

// together reports whether the two nodes of a candidate lie in one image: then
// they are two things, whatever text they share.
func (f *family) together(k *stock, c candidate) bool {
	n := uint32(len(k.strains))
	if c.a >= n {
		return false
	}
	s := k.strains[c.a].images
	if c.b >= n {
		_, found := slices.BinarySearch(s, c.b-n)
		return found
	}
	for _, i := range k.strains[c.b].images {
		if _, found := slices.BinarySearch(s, i); found {
			return true
		}
	}
	return false
}
