package kinship

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/graph/forest"
)

// tie joins strains that text ties, and finds strains in images of which no
// mark is shared: code of another compiler, level or architecture.
func (f *family) tie(k *stock) {
	all, owned := f.mentions(k)
	cands := f.candidates(k, all, owned)
	all = nil
	found := make([]tied, len(cands))
	places := make([]imagePair, len(cands))
	for i, c := range cands {
		places[i] = imagePair{f.place(k, c.a), f.place(k, c.b)}
	}
	f.shelf.pairs(places, func(d *desk, i int, a, b *code) { found[i] = f.try(k, d, &cands[i], a, b) })
	var pairs []imagePair
	for i, p := range places {
		if found[i].ok {
			pairs = append(pairs, imagePair{min(p.a, p.b), max(p.a, p.b)})
		}
	}
	alike := f.similar(k, cands, found, owned)
	covered := f.cover(k, cands, found)
	f.choose(k, cands, found, fewProducts)
	f.whole(k, pairs, covered)
	f.rest(k)
	f.settle(k)
	k.noteSimilar(alike)
}

// place is the image in which a node is looked at.
func (f *family) place(k *stock, node uint32) uint32 {
	if n := uint32(len(k.strains)); node >= n {
		return node - n
	}
	return k.strains[node].rep
}

// sure is the share of a strain's own text from which on it is tied to another
// although an image has both, when their functions confirm it: it is a part of
// the same library that came apart, or a second build of it in one program.
const sure = .8

// choose takes the ties that can hold together, the best first. A library lies
// in an image once: a strain is not tied to two that one image has, unless
// nearly all of its text says so. least is how many products must carry what is
// joined by calls then.
func (f *family) choose(k *stock, cands []candidate, found []tied, least int) {
	order := make([]int, 0, len(cands))
	for i := range cands {
		if found[i].ok {
			order = append(order, i)
		}
	}
	n := uint32(len(k.strains))
	rank := func(i int) int { // strains are joined before images are added to them
		switch c := &cands[i]; {
		case c.b < n:
			return 0
		case c.a < n:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), -cmp.Compare(cands[a].part, cands[b].part), -cmp.Compare(cands[a].shared, cands[b].shared))
	})
	first := firstTwins(k.of, n)
	t := forest.New[uint32](len(k.strains))
	in := make([]map[uint32]bool, len(k.strains)) // by root: its images
	for i := range k.strains {
		in[i] = map[uint32]bool{}
		for _, m := range k.strains[i].images {
			in[i][m] = true
		}
	}
	for _, i := range order {
		c := &cands[i]
		switch {
		case c.b < n:
			a, b := t.Root(c.a), t.Root(c.b)
			if a == b || (c.part < sure || !found[i].firm) && overlap(in[a], in[b]) {
				continue
			}
			t.Join(a, b)
			k.keep(found[i].links, c.a)
			k.tied = append(k.tied, first[c.a])
			r := t.Root(a)
			for m := range in[a+b-r] {
				in[r][m] = true
			}
		case c.a < n:
			r := t.Root(c.a)
			if !in[r][c.b-n] {
				in[r][c.b-n] = true
				k.strains[c.a].guests = append(k.strains[c.a].guests, guest{image: c.b - n, text: min(c.part, 1)})
			} else if c.part < f.t.Contained {
				continue // else more functions of a copy that is known
			}
			k.keep(found[i].links, c.a)
		default:
			k.pairs = append(k.pairs, found[i].links)
		}
	}
	f.follow(k, t, least)
}

// rest joins by calls what the same two products carry and no tie has spoken of:
// there is no other build that could tell such strains apart.
func (f *family) rest(k *stock) {
	spoken := make([]bool, len(k.strains))
	for _, w := range k.tied {
		spoken[k.of[w]] = true
	}
	joined, changed := f.callers(k.of, f.mostly(f.setsOf(k.of)), func(r uint32) bool { return !spoken[r] }, nil)
	if !changed {
		return
	}
	to := make([]uint32, len(k.strains))
	for w, old := range k.of {
		to[old] = joined[w]
	}
	f.renumber(k, to)
	f.reindex(k)
}

// firstTwins is the first twin of each of n strains.
func firstTwins(of []uint32, n uint32) []uint32 {
	first := make([]uint32, n)
	for w := len(of) - 1; w >= 0; w-- {
		first[of[w]] = uint32(w)
	}
	return first
}

// keep notes links that are of a strain.
func (k *stock) keep(links []link, strain uint32) {
	for _, l := range links {
		l.strain = strain
		k.extra = append(k.extra, l)
	}
}

// follow renumbers the strains that were joined, and joins what their ties show
// to be mixed, side by side or called by what the same products carry, where these
// are at least so many.
func (f *family) follow(k *stock, t forest.Forest[uint32], least int) {
	f.renumber(k, t.Number())
	for range maxRounds { // ties make one of what was two: more lies mixed, or side by side, now
		joined, mixed := f.interleave(k.of)
		joined, beside := f.adjoin(joined)
		if !mixed && !beside {
			called := false
			carriers := f.carriersOf(joined)
			joined, called = f.callers(joined, carriers, func(r uint32) bool { return carriers[r].count() >= least }, nil)
			if !called {
				break
			}
		}
		to := make([]uint32, len(k.strains))
		for w, old := range k.of {
			to[old] = joined[w]
		}
		f.renumber(k, to)
	}
	f.reindex(k)
}

// renumber gives each strain its new number; several may have the same.
func (f *family) renumber(k *stock, to []uint32) {
	guests := map[uint32][]guest{}
	for i := range k.strains {
		if g := k.strains[i].guests; len(g) > 0 {
			guests[to[i]] = append(guests[to[i]], g...)
		}
	}
	for i := range k.extra {
		k.extra[i].strain = to[k.extra[i].strain]
	}
	of := make([]uint32, len(k.of))
	for w, old := range k.of {
		of[w] = to[old]
	}
	k.of = of
	k.strains = f.count(k.of)
	for n, g := range guests {
		k.strains[n].guests = g
	}
}

// tied is what became of a candidate.
type tied struct {
	ok    bool
	firm  bool // enough pairs of functions confirm it
	links []link
}

// try decides about one candidate: enough pairs of functions, or much of the text
// and a little structure. Two programs that read one thing have its text, each in
// functions of its own.
func (f *family) try(k *stock, d *desk, c *candidate, x, y *code) tied {
	n := uint32(len(k.strains))
	if c.b < n {
		a, b := &k.strains[c.a], &k.strains[c.b]
		links, ok := f.confirm(d, a.rep, x, f.territory(k, a.rep, c.a), b.rep, y, f.territory(k, b.rep, c.b))
		return tied{ok: ok || c.part >= f.t.Contained && f.beside(links), firm: ok}
	}
	if c.a < n {
		a := &k.strains[c.a]
		links, ok := f.confirm(d, a.rep, x, f.territory(k, a.rep, c.a), c.b-n, y, f.loner(d, c.b-n))
		if !ok && len(links) < few { // a function or two with the same text: another program that talks of the same things
			links = nil
		}
		return tied{ok || c.part >= f.t.Contained, ok, links}
	}
	links, ok := f.confirm(d, c.a-n, x, f.loner(d, c.a-n), c.b-n, y, f.loner(d, c.b-n))
	return tied{ok, ok, links}
}

// beside reports whether two pairs lie side by side in both images, in one order:
// then more than the text of one function is the same. What rests on calls alone
// does not count: it follows from one pair.
func (f *family) beside(links []link) bool {
	var last *link
	for i := range links {
		l := &links[i]
		if l.how == ByCalls {
			continue
		}
		if gap := uint32(f.t.Gap) + 1; last != nil && l.a-last.a <= gap && l.b > last.b && l.b-last.b <= gap {
			return true
		}
		last = l
	}
	return false
}

// confirm pairs the functions of two places. It is a tie when enough of the
// smaller side has a partner, of functions that are long enough to say something.
func (f *family) confirm(d *desk, a uint32, x *code, fa []uint32, b uint32, y *code, fb []uint32) ([]link, bool) {
	p := d.match(x, y, fa, fb, nil, &f.t)
	var out []link
	long, textual := 0, 0
	for _, i := range fa {
		j := p.a.partner[i]
		if j < 0 {
			continue
		}
		out = append(out, link{a: f.base[a] + i, b: f.base[b] + uint32(j), how: p.how[i]})
		if x.functions[i].instructions >= f.t.least(f.images[a].Arch) {
			long++
		}
		if p.how[i] == ByText {
			textual++
		}
	}
	least := min(len(fa), len(fb))
	ok := float64(long) >= f.t.Functions && float64(textual) >= f.t.Functions/2 && float64(long) >= f.t.Share*float64(least)
	return out, ok
}

// settle makes strains of what was paired between images that share no mark:
// paired functions that are neighbours on both sides, or call each other.
func (f *family) settle(k *stock) {
	var tasks []imagePair
	var lists [][]link
	for _, links := range k.pairs {
		if len(links) > 0 {
			a := uint32(f.imageOf(links[0].a))
			tasks, lists = append(tasks, imagePair{a, a}), append(lists, links)
		}
	}
	made := make([][]linked, len(tasks))
	f.shelf.pairs(tasks, func(_ *desk, i int, c, _ *code) {
		for _, p := range f.clusters(lists[i], tasks[i].a, c) {
			if float64(len(p)) >= f.t.Functions {
				made[i] = append(made[i], linked{tasks[i].a, uint32(f.imageOf(lists[i][0].b)), p})
			}
		}
	})
	k.linked = append(k.linked, slices.Concat(made...)...)
}

// clusters cuts the pairs of two images into those that hang together; c is the
// code of the first one.
func (f *family) clusters(links []link, image uint32, c *code) [][]link {
	at := map[uint32]uint32{} // function of the image -> link
	for i, l := range links {
		at[l.a-f.base[image]] = uint32(i)
	}
	t := forest.New[uint32](len(links))
	for i := 1; i < len(links); i++ { // links are in the order of the image
		if links[i].a-links[i-1].a <= uint32(f.t.Gap)+1 && distance(links[i].b, links[i-1].b) <= uint32(f.t.Gap)+1 {
			t.Join(uint32(i), uint32(i-1))
		}
	}
	for i, l := range links {
		for _, callee := range c.calleesOf(l.a - f.base[image]) {
			if j, ok := at[callee]; ok {
				t.Join(uint32(i), j)
			}
		}
	}
	parts := make([][]link, runsOf(t.Number()))
	for i, n := range t.Number() {
		parts[n] = append(parts[n], links[i])
	}
	return parts
}

// linked is a strain without twins: pairs of functions of two images.
type linked struct {
	a, b  uint32
	links []link
}

func distance(a, b uint32) uint32 { return max(a, b) - min(a, b) }

// align pairs, in each strain, the functions that have no twin in the fullest
// copy: those of other builds.
func (f *family) align(k *stock) {
	k.builds = make([][]int, len(k.strains))
	fullest := make([][]uint32, len(k.strains)) // by strain and build: its image with the most units
	each(len(k.strains), func(i int) { k.builds[i], fullest[i] = f.buildsOf(k, uint32(i)) })
	var tasks []imagePair
	var of []uint32 // by task: the strain
	for n, l := range fullest {
		for _, b := range l[1:] {
			tasks, of = append(tasks, imagePair{l[0], b}), append(of, uint32(n))
		}
	}
	links := make([][]link, len(tasks))
	f.shelf.pairs(tasks, func(d *desk, i int, a, b *code) { links[i] = f.alignBuilds(k, d, of[i], tasks[i], a, b) })
	for _, l := range links {
		k.extra = append(k.extra, l...)
	}
}

// sameBuild is the share of an image's twins that another one must have for the
// two to be copies of one build.
const sameBuild = .9

// buildsOf says of which build each image of a strain is, and which image is the
// fullest of each build; the first is the fullest of all.
func (f *family) buildsOf(k *stock, n uint32) (builds []int, fullest []uint32) {
	s := &k.strains[n]
	builds = make([]int, len(s.images))
	order := make([]int, len(s.images))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(s.units[b]) - int(s.units[a]) })
	var have []map[uint32]bool
	for _, i := range order {
		mine := f.twinsIn(k, s.images[i], n)
		builds[i] = -1
		for b := range fullest {
			common := 0
			for _, w := range mine {
				if have[b][w] {
					common++
				}
			}
			if float64(common) >= sameBuild*float64(len(mine)) && (s.images[i] == fullest[0] || f.alone(k, s.images[i], n) <= int((1-sameBuild)*float64(len(mine)))) {
				builds[i] = b
				break
			}
		}
		if builds[i] >= 0 {
			continue
		}
		builds[i] = len(fullest)
		fullest = append(fullest, s.images[i])
		set := make(map[uint32]bool, len(mine))
		for _, w := range mine {
			set[w] = true
		}
		have = append(have, set)
	}
	return builds, fullest
}

// alone counts the functions in reach of a strain in an image that are long
// enough to be twins and are none: what this build has of its own.
func (f *family) alone(k *stock, image, strain uint32) int {
	n := 0
	for _, fn := range f.reach(k, image, strain) {
		if u := f.base[image] + fn; f.twin[u] == 0 && f.long[u/64]>>(u%64)&1 == 1 {
			n++
		}
	}
	return n
}

// twinsIn lists the twins of a strain in an image, sorted, each once.
func (f *family) twinsIn(k *stock, image, strain uint32) []uint32 {
	var out []uint32
	for _, fn := range k.index[image].of(strain) {
		out = append(out, f.twin[f.base[image]+fn]-1)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// alignBuilds pairs the fullest copies of two builds.
func (f *family) alignBuilds(k *stock, d *desk, n uint32, p imagePair, a, b *code) []link {
	fa, fb := f.reach(k, p.a, n), f.reach(k, p.b, n)
	m := d.match(a, b, fa, fb, f.anchors(p.a, fa, p.b, fb), &f.t)
	var out []link
	for _, x := range fa {
		if y := m.a.partner[x]; y >= 0 && m.how[x] != Exact {
			out = append(out, link{f.base[p.a] + x, f.base[p.b] + uint32(y), m.how[x], n})
		}
	}
	return out
}

// anchors are the pairs with one mark that is there once on both sides.
func (f *family) anchors(a uint32, fa []uint32, b uint32, fb []uint32) [][2]uint32 {
	const twice = ^uint32(0)
	at := map[uint32]uint32{}
	for _, x := range fa {
		if w := f.twin[f.base[a]+x]; w > 0 {
			if _, ok := at[w]; ok {
				at[w] = twice
			} else {
				at[w] = x
			}
		}
	}
	seen := map[uint32]int{}
	for _, y := range fb {
		seen[f.twin[f.base[b]+y]]++
	}
	var out [][2]uint32
	for _, y := range fb {
		w := f.twin[f.base[b]+y]
		if x, ok := at[w]; ok && w > 0 && x != twice && seen[w] == 1 {
			out = append(out, [2]uint32{x, y})
		}
	}
	return out
}
