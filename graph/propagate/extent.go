package propagate

// extent is what one product reaches: the exact bottleneck strength of every
// state.
//
// There are only three levels of edge, so the widest paths are found by one
// search per level, each of which looks at every link at most once: first over
// the links that grant runs (modules of scripts), then over those that grant
// reachable, then over all of them. A state that the second search meets is
// reachable, one that only the last meets is linked. All are monotone (more links never weaken a state) and need no iteration,
// cycles or not. The cost is O(states + links) of the product and of the code
// of other products that it reaches.
//
// An entry image does not limit a path that starts in it; without any link
// into it, it is linked by itself.
type extent struct {
	n       *network
	product int32
	level   []uint8 // of a state; 0: no reach edge leads to it and it is no entry
	met     []int32 // the states whose level is not 0
	done    []int32 // of a state: the number of the search that expanded it last
	search  int32
	queue   []int32
}

func newExtent(n *network) *extent {
	return &extent{n: n, level: make([]uint8, len(n.image)), done: make([]int32, len(n.image))}
}

// run computes the reach of a product and forgets the one before.
func (r *extent) run(product int32) {
	for _, s := range r.met {
		r.level[s] = 0
	}
	r.met, r.product = r.met[:0], product
	r.spread(levelRuns)
	r.spread(levelReachable)
	r.spread(levelLinked)
	for s := r.n.first[product]; s < r.n.first[product+1]; s++ {
		if r.n.entry[s] != entryNone {
			r.raise(s, levelLinked)
		}
	}
}

func (r *extent) spread(level uint8) {
	r.search++
	r.queue = r.queue[:0]
	visit := func(s int32) {
		if r.done[s] != r.search {
			r.done[s] = r.search
			r.queue = append(r.queue, s)
		}
	}
	for s := r.n.first[r.product]; s < r.n.first[r.product+1]; s++ {
		if r.n.entry[s] != entryNone {
			visit(s)
		}
	}
	for i := 0; i < len(r.queue); i++ {
		s := r.queue[i]
		for _, l := range r.n.links[r.n.out[s]:r.n.out[s+1]] {
			if l.level >= level {
				r.raise(l.to, level)
				visit(l.to)
			}
		}
	}
}

func (r *extent) raise(s int32, level uint8) {
	if r.level[s] == 0 {
		r.met = append(r.met, s)
	}
	r.level[s] = max(r.level[s], level)
}

// inside reports whether a state is in the product's own bundle.
func (r *extent) inside(s int32) bool { return r.n.product[s] == r.product }

// isEntry reports whether the product itself starts the state.
func (r *extent) isEntry(s int32) bool { return r.inside(s) && r.n.entry[s] != entryNone }

// of is how the product is tied to an image: its best level over the product's
// own copy and the copies of others that it reaches. ok is false when it is
// neither inside nor reached.
func (r *extent) of(image int32) (level uint8, inBundle, ok bool) {
	for _, s := range r.n.statesOf[image] {
		level = max(level, r.level[s])
		inBundle = inBundle || r.inside(s)
	}
	return level, inBundle, inBundle || level > 0
}

func strengthOf(level uint8) Strength {
	switch level {
	case levelRuns:
		return Runs
	case levelReachable:
		return Reachable
	case levelLinked:
		return Linked
	}
	return Carries
}
