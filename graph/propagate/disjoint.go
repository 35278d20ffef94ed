package propagate

import "slices"

// side is one half of a state in the flow search: a state can be passed once,
// so it is an arc from its in half to its out half.
type side struct {
	state int32
	out   bool
}

// arc is how the flow search came to a half: from where, and over which link
// (-1: none), forwards or by taking a link of the first route back.
type arc struct {
	from side
	link int32
	back bool
}

// flow is one augmenting search around a first route.
type flow struct {
	f     *finder
	level uint8
	used  map[int32]bool    // inner states of the first route
	into  map[int32]int32   // of those: the first route's link into the state
	pairs map[[2]int32]bool // pairs of states that the first route joins
	came  map[side]arc      // halves met
	queue []side
}

// disjoint finds two routes of at least the level without a common inner
// state, if there are two: one augmenting search in the residual network of
// the first route (Suurballe; Ford and Fulkerson). They are returned better
// one first. Entries may start both.
func (f *finder) disjoint(first route, level uint8) ([]route, bool) {
	if first.level < level {
		return nil, false
	}
	w := &flow{f: f, level: level, used: map[int32]bool{}, into: map[int32]int32{}, pairs: map[[2]int32]bool{}, came: map[side]arc{}}
	for k, i := range first.links {
		l := f.n.links[i]
		w.pairs[[2]int32{l.from, l.to}] = true
		if k+1 < len(first.links) {
			w.used[l.to] = true
			w.into[l.to] = i
		}
	}
	for s := f.n.first[f.r.product]; s < f.n.first[f.r.product+1]; s++ {
		if f.r.isEntry(s) {
			w.meet(side{s, true}, arc{link: -1})
		}
	}
	for i := 0; i < len(w.queue); i++ {
		if end, ok := w.expand(w.queue[i]); ok {
			pair := w.decompose(first, end)
			slices.SortStableFunc(pair, f.compare)
			return pair, true
		}
	}
	return nil, false
}

func (w *flow) meet(s side, a arc) {
	if _, ok := w.came[s]; !ok {
		w.came[s] = a
		w.queue = append(w.queue, s)
	}
}

// expand looks at all arcs that leave a half. It returns the last arc when the
// image is met.
func (w *flow) expand(s side) (arc, bool) {
	n := w.f.n
	if !s.out {
		if !w.used[s.state] {
			w.meet(side{s.state, true}, arc{s, -1, false})
			return arc{}, false
		}
		back := w.into[s.state]
		if from := n.links[back].from; w.used[from] {
			w.meet(side{from, true}, arc{s, back, true})
		}
		return arc{}, false
	}
	if w.used[s.state] {
		w.meet(side{s.state, false}, arc{s, -1, true})
	}
	for i := n.out[s.state]; i < n.out[s.state+1]; i++ {
		l := n.links[i]
		if l.level < w.level || w.pairs[[2]int32{l.from, l.to}] {
			continue
		}
		switch {
		case n.image[l.to] == w.f.image:
			return arc{s, i, false}, true
		case !w.f.r.isEntry(l.to):
			w.meet(side{l.to, false}, arc{s, i, false})
		}
	}
	return arc{}, false
}

// decompose reads the two routes from the first one and the search that ended
// with an arc: links that were taken back cancel out.
func (w *flow) decompose(first route, end arc) []route {
	on := map[int32]bool{}
	for _, i := range first.links {
		on[i] = true
	}
	for a := end; ; a = w.came[a.from] {
		switch {
		case a.link >= 0 && a.back:
			delete(on, a.link)
		case a.link >= 0:
			on[a.link] = true
		}
		if w.f.r.isEntry(a.from.state) {
			break // the search started here, and meets entries nowhere else
		}
	}
	next := map[int32]int32{} // inner state -> its link on
	var starts []int32
	var links []int32
	for i := range on {
		links = append(links, i)
	}
	slices.Sort(links)
	for _, i := range links {
		if from := w.f.n.links[i].from; w.f.r.isEntry(from) {
			starts = append(starts, i)
		} else {
			next[from] = i
		}
	}
	var pair []route
	for _, i := range starts {
		p := route{start: w.f.n.links[i].from, level: levelRuns}
		for {
			l := w.f.n.links[i]
			p.links = append(p.links, i)
			p.level = min(p.level, l.level)
			if w.f.n.image[l.to] == w.f.image {
				break
			}
			i = next[l.to]
		}
		pair = append(pair, p)
	}
	return pair
}
