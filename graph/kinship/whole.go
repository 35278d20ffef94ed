package kinship

import (
	"cmp"
	"slices"
)

// Libraries without text of their own are tied by where they lie and by who
// calls them: two images that text has shown to hold builds of the same
// libraries are compared as a whole, and the strains of which most functions
// find a partner in one other strain are tied.

// imagePair is two images, the smaller number first.
type imagePair struct{ a, b uint32 }

func comparePairs(x, y imagePair) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) }

// maxPairs bounds the comparisons of whole images, by image.
const maxPairs = 3

// wholeVotes is how many functions of one node found a partner in another; nodes
// are strains, or the number of strains plus an image: what has no twin in it.
type wholeVote struct {
	a, b uint32
	n    int
	part float64 // of the smaller side's functions
	link []link
}

// whole ties strains by comparing pairs of images as a whole.
func (f *family) whole(k *stock, pairs, covered []imagePair) {
	slices.SortFunc(pairs, comparePairs)
	pairs = slices.Compact(pairs)
	used := map[uint32]int{}
	pairs = slices.DeleteFunc(pairs, func(p imagePair) bool {
		if used[p.a] >= maxPairs && used[p.b] >= maxPairs {
			return true
		}
		used[p.a]++
		used[p.b]++
		return false
	})
	pairs = append(pairs, covered...)
	slices.SortFunc(pairs, comparePairs)
	pairs = slices.Compact(pairs)
	votes := make([][]wholeVote, len(pairs))
	f.shelf.pairs(pairs, func(d *desk, i int, a, b *code) { votes[i] = f.compareWhole(k, d, pairs[i], a, b) })
	best := map[pair]wholeVote{}
	for _, l := range votes {
		for _, v := range l {
			p := newPair(v.a, v.b)
			if old, ok := best[p]; !ok || v.part > old.part {
				best[p] = v
			}
		}
	}
	var cands []candidate
	var found []tied
	for _, v := range best {
		c := candidate{a: min(v.a, v.b), b: max(v.a, v.b), shared: uint32(v.n), part: v.part}
		cands = append(cands, c)
	}
	slices.SortFunc(cands, func(x, y candidate) int {
		return cmp.Or(-cmp.Compare(x.part, y.part), -cmp.Compare(x.shared, y.shared), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	for _, c := range cands {
		found = append(found, tied{ok: true, firm: true, links: best[newPair(c.a, c.b)].link})
	}
	f.choose(k, cands, found, 0)
}

// compareWhole compares two images and says which nodes go together.
func (f *family) compareWhole(k *stock, d *desk, p imagePair, a, b *code) []wholeVote {
	fa, fb := everything(len(a.functions)), everything(len(b.functions))
	m := d.match(a, b, fa, fb, f.anchors(p.a, fa, p.b, fb), &f.t)
	n := uint32(len(k.strains))
	node := func(image, fn uint32) uint32 {
		if w := f.twin[f.base[image]+fn]; w > 0 {
			return k.of[w-1]
		}
		return n + image
	}
	links := map[pair][]link{}
	for x := range fa {
		y := m.a.partner[x]
		if y < 0 || m.how[x] == Exact {
			continue
		}
		u, v := node(p.a, uint32(x)), node(p.b, uint32(y))
		if u == v || u >= n && v >= n || a.functions[x].instructions < f.t.least(f.images[p.a].Arch) {
			continue
		}
		links[newPair(u, v)] = append(links[newPair(u, v)], link{a: f.base[p.a] + uint32(x), b: f.base[p.b] + uint32(y), how: m.how[x]})
	}
	size := func(image, node uint32) int {
		if node >= n {
			return 1 << 30
		}
		return len(k.index[image].of(node))
	}
	most := map[uint32]int{} // by node: links to the node that it has most with
	for q, l := range links {
		u, v := q.split()
		most[u], most[v] = max(most[u], len(l)), max(most[v], len(l))
	}
	var out []wholeVote
	for q, l := range links {
		u, v := q.split()
		if u < n && len(l) < most[u] || v < n && len(l) < most[v] {
			continue // one of them goes better with another
		}
		least := min(size(p.a, u), size(p.b, v))
		if u < n && len(k.index[p.a].of(u)) == 0 || v < n && v != u && len(k.index[p.b].of(v)) == 0 { // u lies in the other image
			least = min(size(p.b, u), size(p.a, v))
		}
		if w := (wholeVote{a: u, b: v, n: len(l), part: float64(len(l)) / float64(max(least, 1)), link: l}); (float64(w.n) >= f.t.Functions || w.n >= few && w.part >= sure) && w.part >= f.t.Contained {
			out = append(out, w)
		}
	}
	return out
}

func everything(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(i)
	}
	return out
}
