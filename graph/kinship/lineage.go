package kinship

import (
	"slices"

	"github.com/kinbom/kinbom/graph/forest"
)

// few is how many twins a run may have to be taken in by the run around it
// although it is in one piece: more could be a library of its own that happens
// to lie between two objects of another.
const few = 3

// maxRounds bounds the joining of runs: each round looks at what the last one
// has joined.
const maxRounds = 12

// lineages joins runs that belong together: one lies interleaved with the
// other, or the same products carry both and one calls the other. The result is
// the lineage of each twin.
func (f *family) lineages(run []uint32) []uint32 {
	for range maxRounds {
		joined, changed := f.interleave(run)
		run = joined
		if !changed {
			break
		}
	}
	run = f.ownCallers(run)
	for range maxRounds {
		joined, changed := f.interleave(run)
		run = joined
		if !changed {
			break
		}
	}
	return f.gatherSmall(run)
}

// fewProducts is how many products must carry small runs for these to belong
// together because the same products carry them.
const fewProducts = 3

// gatherSmall joins runs that are too small to stand by themselves and that the
// same products carry, three or more: to the one larger run that these carry, or
// to each other. They were linked in an order that tells nothing.
func (f *family) gatherSmall(run []uint32) []uint32 {
	facts := f.factsOf(run)
	large := map[uint32][]uint32{} // by set
	for r, n := range facts.twins {
		if float64(n) >= f.t.Functions && facts.background[r] < 0 {
			large[facts.set[r]] = append(large[facts.set[r]], uint32(r))
		}
	}
	first := map[uint32]uint32{}
	t := forest.New[uint32](len(facts.twins))
	for r, n := range facts.twins {
		s := facts.set[r]
		if float64(n) >= f.t.Functions || facts.background[r] >= 0 || f.sets.of(s).count() < fewProducts {
			continue
		}
		switch l := large[s]; {
		case len(l) == 1:
			t.Join(uint32(r), l[0])
		case len(l) == 0:
			if o, ok := first[s]; ok {
				t.Join(uint32(r), o)
			} else {
				first[s] = uint32(r)
			}
		}
	}
	return follow(run, t)
}

// interleave joins runs that lie mixed in most images that have the smaller one of
// them: so it is with functions that the linker left out of other copies, and
// with those that another version has changed. A function that two libraries
// have alike lies mixed with each in too few of its images.
func (f *family) interleave(run []uint32) (joined []uint32, changed bool) {
	votes := make([][]pair, len(f.images))
	small, lone := make([][]pair, len(f.images)), make([][]pair, len(f.images))
	facts := f.factsOf(run)
	settled := f.settled(run, facts.kind)
	each(len(f.images), func(i int) { votes[i], small[i], lone[i] = f.mixed(i, run, facts) })
	t := forest.New[uint32](runsOf(run))
	join := func(l []pair, images []uint32) {
		counted(l, func(p pair, count int) {
			a, b := p.split()
			if facts.twins[a] > facts.twins[b] || facts.twins[a] == facts.twins[b] && facts.images[a] < facts.images[b] {
				a, b = b, a
			}
			of := max(images[a], min(facts.images[a], facts.images[b]))
			if float64(count) >= f.t.Enclosed*float64(of) && t.Join(a, b) {
				changed = true
			}
		})
	}
	all := slices.Concat(votes...)
	join(slices.Clone(all), settled)
	counted(slices.Concat(small...), func(p pair, count int) { // each pair is judged once
		if a, b := p.split(); alikeByChance(f.sets.of(facts.set[a]), f.sets.of(facts.set[b])) {
			for range count {
				all = append(all, p)
			}
		}
	})
	counted(slices.Concat(lone...), func(p pair, count int) {
		if a, b := p.split(); f.fragments(facts, a, b) {
			for range count {
				all = append(all, p)
			}
		}
	})
	join(all, facts.images)
	if !changed {
		return run, false
	}
	return follow(run, t), true
}

// settled counts, for each run, the images that say what it lies mixed with. An
// image does not where code of another build takes that place: where the run lies
// beside functions that no other image has, with its own kind behind them or
// before, and not between twins of other kinds.
func (f *family) settled(run, kind []uint32) []uint32 {
	out := make([]uint32, runsOf(run))
	last := make([]int, len(out)) // image + 1 that was counted last
	for i := range f.images {
		l := f.pieces(i, run)
		for n := range l {
			if r := l[n].run; last[r] != i+1 && !f.open(i, l, n, kind) {
				last[r] = i + 1
				out[r]++
			}
		}
	}
	return out
}

// open reports whether code of another build may lie where piece n would lie mixed
// with something.
func (f *family) open(image int, l []piece, n int, kind []uint32) bool {
	other := func(x, y int) bool { // two pieces side by side, of different kinds
		return x >= 0 && y < len(l) && l[y].first-l[x].end <= uint32(f.t.Gap) && kind[l[x].run] != kind[l[y].run]
	}
	if other(n-1, n) && other(n, n+1) {
		return false
	}
	if !f.lacksTwin(image, int(l[n].first)-1) && !f.lacksTwin(image, int(l[n].end)) {
		return false
	}
	for k := n + 1; k < len(l) && l[k].first < l[n].end+window; k++ {
		if kind[l[k].run] == kind[l[n].run] {
			return true
		}
	}
	for k := n - 1; k >= 0 && l[k].end+window > l[n].first; k-- {
		if kind[l[k].run] == kind[l[n].run] {
			return true
		}
	}
	return false
}

// lacksTwin reports whether a function is long enough to be a twin and is none.
func (f *family) lacksTwin(image, function int) bool {
	if function < 0 || function >= int(f.base[image+1]-f.base[image]) {
		return false
	}
	u := f.base[image] + uint32(function)
	return f.twin[u] == 0 && f.long[u/64]>>(u%64)&1 == 1
}

func runsOf(run []uint32) int {
	n := uint32(0)
	for _, r := range run {
		n = max(n, r+1)
	}
	return int(n)
}

// follow renumbers runs that were joined.
func follow(run []uint32, t forest.Forest[uint32]) []uint32 {
	of := t.Number()
	out := make([]uint32, len(run))
	for i, r := range run {
		out[i] = of[r]
	}
	return out
}

// window is how many functions around a boundary are looked at.
const window = 24

// mixed lists for one image the pairs of runs that lie mixed, each once. Two runs
// lie mixed where the kind of each comes back on the other's side of their
// boundary, or where the piece of one is small and the other is on both sides of
// it. Two libraries that were linked one behind the other have one boundary, and
// no such place. small are the other neighbours of which one is too small to
// stand by itself; lone are those that have nothing of their kind around.
func (f *family) mixed(image int, run []uint32, r *runFacts) (votes, small, lone []pair) {
	l := f.pieces(image, run)
	near := func(i int) bool { return l[i+1].first-l[i].end <= uint32(f.t.Gap) }
	for i := range len(l) - 1 {
		a, b := l[i].run, l[i+1].run
		ba, bb := r.background[a], r.background[b]
		if a == b || !near(i) || ba != bb && ba >= 0 && bb >= 0 {
			continue
		}
		p := newPair(a, b)
		switch {
		case i+2 < len(l) && l[i+2].run == a && near(i+1) && l[i+1].end-l[i+1].first <= few && float64(r.twins[b]) < f.t.Functions && (bb < 0 || bb == ba),
			i > 0 && l[i-1].run == b && near(i-1) && l[i].end-l[i].first <= few && float64(r.twins[a]) < f.t.Functions && (ba < 0 || ba == bb),
			ba == bb && comesBack(l, i, r.kind):
			votes = append(votes, p)
		case ba == bb && (float64(r.twins[a]) < f.t.Functions || float64(r.twins[b]) < f.t.Functions):
			small = append(small, p)
			if lonely(l, i, r.kind) {
				lone = append(lone, p)
			}
		}
	}
	slices.Sort(votes)
	votes = slices.Compact(votes)
	slices.Sort(small)
	small = slices.DeleteFunc(slices.Compact(small), func(p pair) bool {
		_, found := slices.BinarySearch(votes, p)
		return found
	})
	slices.Sort(lone)
	return votes, small, slices.Compact(lone)
}

// alikeSets is the share of common products from which on two sets of carriers
// differ by chance: each copy lacks some functions.
const alikeSets = .75

// manyCarriers is how many carriers two sets need together before one that lies
// within the other may do so by chance. Of few carriers, one that lacks every
// function of a library lacks the library.
const manyCarriers = 12

// alikeByChance reports whether two sets of carriers differ as copies do that
// each lack some functions: by little, and in both directions.
func alikeByChance(p, q products) bool {
	return p.jaccard(q) >= alikeSets && (max(p.count(), q.count()) >= manyCarriers || !p.within(q) && !q.within(p) || slices.Equal(p, q))
}

// fragments reports whether two neighbours are what is left of one small library:
// both are too small to stand by themselves, and one is carried only where the
// other is, but not by nearly the same products.
func (f *family) fragments(r *runFacts, a, b uint32) bool {
	if float64(r.twins[a]) >= f.t.Functions || float64(r.twins[b]) >= f.t.Functions {
		return false
	}
	p, q := f.sets.of(r.set[a]), f.sets.of(r.set[b])
	return !alikeByChance(p, q) && (p.within(q) || q.within(p))
}

// lonely reports whether nothing of the kind of piece i or of the next one lies
// around them: what does is joined by its kind.
func lonely(l []piece, i int, kind []uint32) bool {
	a, b := kind[l[i].run], kind[l[i+1].run]
	border := l[i].end
	for k := i + 2; k < len(l) && l[k].first < border+window; k++ {
		if x := kind[l[k].run]; x == a || x == b {
			return false
		}
	}
	for k := i - 1; k >= 0 && l[k].end+window > border; k-- {
		if x := kind[l[k].run]; x == a || x == b {
			return false
		}
	}
	return true
}

// comesBack reports whether the kind of piece i is met again behind the next
// piece, and the kind of that one before piece i, both within the window.
func comesBack(l []piece, i int, kind []uint32) bool {
	a, b := kind[l[i].run], kind[l[i+1].run]
	border := l[i].end
	found := false
	for k := i + 2; k < len(l) && l[k].first < border+window && !found; k++ {
		found = kind[l[k].run] == a
	}
	if !found {
		return false
	}
	for k := i - 1; k >= 0 && l[k].end+window > border; k-- {
		if kind[l[k].run] == b {
			return true
		}
	}
	return false
}

// runFacts is what is known of runs.
type runFacts struct {
	background []int32  // library of the first twin
	images     []uint32 // number of images that have it
	twins      []uint32 // number of its twins
	set        []uint32 // that carries most of its twins
	kind       []uint32 // runs whose twins are all carried by the same products have one kind if those are the same; others have their own
}

// imagesOf counts the images that have each run.
func (f *family) imagesOf(run []uint32) []uint32 {
	out := make([]uint32, runsOf(run))
	last := make([]int, len(out)) // image + 1 that was counted last
	for i := range f.images {
		for _, w := range f.twin[f.base[i]:f.base[i+1]] {
			if w > 0 && last[run[w-1]] != i+1 {
				last[run[w-1]] = i + 1
				out[run[w-1]]++
			}
		}
	}
	return out
}

func (f *family) factsOf(run []uint32) *runFacts {
	n := runsOf(run)
	r := &runFacts{background: f.backgrounds(run), kind: make([]uint32, n), images: f.imagesOf(run), twins: make([]uint32, n), set: f.setsOf(run)}
	const unset = ^uint32(0)
	for i := range r.kind {
		r.kind[i] = unset
	}
	for w, i := range run {
		r.twins[i]++
		switch s := f.twins[w].set; r.kind[i] {
		case unset, s:
			r.kind[i] = s
		default:
			r.kind[i] = f.sets.n + i
		}
	}
	return r
}

// backgrounds is the background library of each run: that of its first twin.
func (f *family) backgrounds(run []uint32) []int32 {
	out := make([]int32, runsOf(run))
	for w := len(run) - 1; w >= 0; w-- {
		out[run[w]] = f.twins[w].background
	}
	return out
}

// callers joins runs that the same products carry when one calls the other in
// most of the images. carriers is what carries each run; ask says which runs are
// looked at, may which two of them may be joined (nil: any).
func (f *family) callers(run []uint32, carriers []products, ask func(r uint32) bool, may func(a, b uint32) bool) (joined []uint32, changed bool) {
	images, back := f.imagesOf(run), f.backgrounds(run)
	fellows := withFellows(carriers, ask)
	calls := make([][]pair, len(f.images))
	each(len(f.images), func(i int) { calls[i] = f.callsBetween(i, run, carriers, fellows, back) })
	t := forest.New[uint32](runsOf(run))
	counted(slices.Concat(calls...), func(p pair, count int) {
		a, b := p.split()
		if float64(count) >= f.t.Adjacent*float64(min(images[a], images[b])) && (may == nil || may(a, b)) && t.Join(a, b) {
			changed = true
		}
	})
	if !changed {
		return run, false
	}
	return follow(run, t), true
}

// withFellows says of each run that is looked at whether the same products carry
// another one of them.
func withFellows(carriers []products, ask func(r uint32) bool) []bool {
	out := make([]bool, len(carriers))
	first := map[string]int{}
	var key []byte
	for r, p := range carriers {
		if !ask(uint32(r)) {
			continue
		}
		key = p.key(key[:0])
		if o, ok := first[string(key)]; ok {
			out[o], out[r] = true, true
		} else {
			first[string(key)] = r
		}
	}
	return out
}

// ownCallers joins runs by calls before anything is known of other builds. That
// two products alone carry a library and another one that it calls says little:
// in so few, only what is too small to stand by itself goes with its caller. The
// rest waits until ties have shown who else carries them (see follow).
func (f *family) ownCallers(run []uint32) []uint32 {
	facts := f.factsOf(run)
	carriers := f.mostly(facts.set)
	small := func(r uint32) bool { return float64(facts.twins[r]) < f.t.Functions }
	all := func(uint32) bool { return true }
	run, _ = f.callers(run, carriers, all, func(a, b uint32) bool {
		return f.o.Exact || carriers[a].count() >= fewProducts || small(a) != small(b)
	})
	return run
}

// mostly is, for each run, the products that carry most of its twins.
func (f *family) mostly(set []uint32) []products {
	out := make([]products, len(set))
	for r, s := range set {
		out[r] = f.sets.of(s)
	}
	return out
}

// setsOf is, for each run, the products that carry most of its twins.
func (f *family) setsOf(run []uint32) []uint32 {
	votes := map[pair]int{} // run, set: not ordered by size
	for w, r := range run {
		votes[pair(r)<<32|pair(f.twins[w].set)]++
	}
	out := make([]uint32, runsOf(run))
	most := make([]int, len(out))
	for p, n := range votes {
		r, s := uint32(p>>32), uint32(p)
		if n > most[r] || n == most[r] && s < out[r] {
			out[r], most[r] = s, n
		}
	}
	return out
}

// callsBetween lists pairs of different runs of an image of which one calls the
// other, each once, when the same products carry both.
func (f *family) callsBetween(image int, run []uint32, carriers []products, fellows []bool, back []int32) []pair {
	units := f.twin[f.base[image]:f.base[image+1]]
	if !slices.ContainsFunc(units, func(w uint32) bool { return w > 0 && fellows[run[w-1]] }) {
		return nil
	}
	code := f.shelf.calls(uint32(image))
	if code == nil {
		return nil
	}
	var out []pair
	for i, w := range units {
		if w == 0 || !fellows[run[w-1]] {
			continue
		}
		a := run[w-1]
		for _, callee := range code.calleesOf(uint32(i)) {
			v := units[callee]
			if v == 0 || run[v-1] == a || !fellows[run[v-1]] {
				continue
			}
			if b := run[v-1]; slices.Equal(carriers[a], carriers[b]) && back[a] == back[b] {
				out = append(out, newPair(a, b))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
