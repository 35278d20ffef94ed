package kinship

import (
	"cmp"
	"slices"
)

// similar is two things that have some of the same text and were not tied by it.
// Strains are joined and renumbered later: a twin of each stands for it.
type similar struct {
	a            uint32 // twin
	b            uint32 // twin, or an image when alone is set
	alone        bool
	partA, partB float64
}

// similar lists the candidates that have enough common text to be told, tied or
// not: which of them end in one lineage is known later. owned is the number of
// each strain's own features.
func (f *family) similar(k *stock, cands []candidate, found []tied, owned []uint32) []similar {
	n := uint32(len(k.strains))
	first := firstTwins(k.of, n)
	part := func(c *candidate, node uint32) float64 {
		return min(1, float64(c.shared)/float64(max(owned[node], 1)))
	}
	var out []similar
	for i := range cands {
		c := &cands[i]
		switch {
		case c.a >= n || c.part < f.t.Similar:
		case c.b < n:
			out = append(out, similar{a: first[c.a], b: first[c.b], partA: part(c, c.a), partB: part(c, c.b)})
		case !found[i].ok:
			out = append(out, similar{a: first[c.a], b: c.b - n, alone: true, partA: part(c, c.a)})
		}
	}
	return out
}

// noteSimilar keeps what was not tied in the end.
func (k *stock) noteSimilar(l []similar) {
	for _, s := range l {
		a := k.of[s.a]
		switch {
		case s.alone:
			k.strains[a].guests = append(k.strains[a].guests, guest{image: s.b, text: s.partA})
		case k.of[s.b] != a:
			k.similar = append(k.similar, s)
		}
	}
}

// similar lists pairs of lineages; at gives the lineage of a strain that is one.
func (c *collector) similar(at map[uint32]int) []Similar {
	best := map[pair]Similar{}
	for _, s := range c.k.similar {
		a, aok := at[c.s.Root(c.k.of[s.a])]
		b, bok := at[c.s.Root(c.k.of[s.b])]
		if !aok || !bok || a == b {
			continue
		}
		v := Similar{a, b, s.partA, s.partB}
		if a > b {
			v = Similar{b, a, s.partB, s.partA}
		}
		p := newPair(uint32(a), uint32(b))
		old := best[p]
		best[p] = Similar{v.A, v.B, max(v.TextA, old.TextA), max(v.TextB, old.TextB)}
	}
	out := make([]Similar, 0, len(best))
	for _, v := range best {
		out = append(out, v)
	}
	slices.SortFunc(out, func(x, y Similar) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return out
}
