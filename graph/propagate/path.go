package propagate

import (
	"cmp"
	"slices"
)

// maxWitnesses is the most witness paths that one source gets in one product.
const maxWitnesses = 3

// route is a path of reach links from an entry of the product to an image. No
// link at all: the image is an entry itself.
type route struct {
	start int32
	links []int32 // numbers of links, from the entry on
	level uint8   // of its weakest link
}

// finder looks for routes to one image in the product that r was run for.
type finder struct {
	n      *network
	r      *extent
	image  int32
	banned map[int32]bool    // images that may not be used inside a route
	cut    map[[2]int32]bool // pairs of states whose links may not be used
}

// routes are the routes to print, best first: those of the highest level,
// shortest first, then with the fewest soft links, then the main executable
// before others, then in the order of states.
//
// Up to three are returned, with no inner image in common. When one search
// after the other finds only one route, a flow search says whether two without
// a common inner state exist, and returns those; else a second one that shares
// a part with the first is added, so that a reader sees two ways wherever
// there are two. Not covered: a third disjoint route that only a flow search
// would find; that the flow search may take one image for two where it meets
// it in two other products; and routes that pass through another entry, since the part
// after that entry is a route by itself.
func (f *finder) routes() []route {
	best, _, _ := f.r.of(f.image)
	if best == 0 {
		return nil
	}
	f.banned, f.cut = map[int32]bool{}, map[[2]int32]bool{}
	var found []route
	for _, level := range []uint8{levelRuns, levelReachable} {
		if best >= level {
			found = f.greedy(found, level)
		}
	}
	if s := f.n.state(f.r.product, f.image); s >= 0 && f.r.isEntry(s) && len(found) < maxWitnesses {
		found = append(found, route{start: s, level: levelLinked})
	}
	found = f.greedy(found, levelLinked)
	if len(found) == 1 && len(found[0].links) > 0 {
		found = f.second(found[0], best)
	}
	return found
}

// greedy adds routes of at least the level, each without the inner images and
// direct links of those before.
func (f *finder) greedy(found []route, level uint8) []route {
	for len(found) < maxWitnesses {
		p, ok := f.shortest(level)
		if !ok {
			break
		}
		found = append(found, p)
		f.ban(p)
	}
	return found
}

func (f *finder) ban(p route) {
	if len(p.links) == 1 {
		l := f.n.links[p.links[0]]
		f.cut[[2]int32{l.from, l.to}] = true
	}
	for _, i := range p.links[1:] {
		f.banned[f.n.image[f.n.links[i].from]] = true
	}
}

// second finds a companion for the only route that greedy found.
func (f *finder) second(only route, strongest uint8) []route {
	f.banned, f.cut = map[int32]bool{}, map[[2]int32]bool{}
	levels := []uint8{strongest}
	if strongest != levelLinked {
		levels = append(levels, levelLinked)
	}
	for _, level := range levels {
		if pair, ok := f.disjoint(only, level); ok && pair[0].level >= strongest {
			return pair
		}
	}
	var other []route
	for _, level := range levels {
		for _, i := range only.links {
			l := f.n.links[i]
			f.cut = map[[2]int32]bool{{l.from, l.to}: true}
			if p, ok := f.shortest(level); ok {
				other = append(other, p)
			}
		}
		if len(other) > 0 {
			break
		}
	}
	if len(other) == 0 {
		return []route{only}
	}
	slices.SortStableFunc(other, f.compare)
	return []route{only, other[0]}
}

// compare orders routes, the better one first.
func (f *finder) compare(a, b route) int {
	return cmp.Or(-cmp.Compare(a.level, b.level), cmp.Compare(len(a.links), len(b.links)), cmp.Compare(f.soft(a), f.soft(b)),
		cmp.Compare(f.n.entry[a.start], f.n.entry[b.start]), cmp.Compare(a.start, b.start), slices.Compare(a.links, b.links))
}

func (f *finder) soft(p route) int {
	n := 0
	for _, i := range p.links {
		if f.n.links[i].soft {
			n++
		}
	}
	return n
}

// step is what the search knows of a state: its way on to the image.
type step struct {
	soft int   // soft links from here on
	next int32 // link to take
}

// shortest searches from the image outwards to the nearest entry over links of
// at least the level, layer by layer, and remembers each state's next link, so
// that the route is read back for nothing. Links are looked at in a fixed
// order. It has at least one link.
func (f *finder) shortest(level uint8) (route, bool) {
	known := map[int32]step{}
	var layer []int32
	for _, s := range f.n.statesOf[f.image] {
		if f.r.level[s] > 0 {
			layer = append(layer, s)
		}
	}
	for len(layer) > 0 {
		reached := map[int32]step{}
		for _, s := range layer {
			for _, i := range f.n.in[f.n.inFirst[s]:f.n.inFirst[s+1]] {
				l := f.n.links[i]
				if l.level < level || f.cut[[2]int32{l.from, l.to}] {
					continue
				}
				if !f.r.isEntry(l.from) && (f.r.level[l.from] < level || f.banned[f.n.image[l.from]] || f.n.image[l.from] == f.image) {
					continue
				}
				if _, ok := known[l.from]; ok {
					continue
				}
				c := step{known[s].soft, i}
				if l.soft {
					c.soft++
				}
				if old, ok := reached[l.from]; !ok || f.better(c, old) {
					reached[l.from] = c
				}
			}
		}
		layer = layer[:0]
		var goals []int32
		for s, c := range reached {
			known[s] = c
			if f.r.isEntry(s) {
				goals = append(goals, s)
			} else {
				layer = append(layer, s)
			}
		}
		if len(goals) > 0 {
			return f.readBack(goals, known), true
		}
		slices.Sort(layer)
	}
	return route{}, false
}

// better prefers fewer soft links, then the stronger link, then the first.
func (f *finder) better(a, b step) bool {
	return cmp.Or(cmp.Compare(a.soft, b.soft), -cmp.Compare(f.n.links[a.next].level, f.n.links[b.next].level),
		cmp.Compare(a.next, b.next)) < 0
}

func (f *finder) readBack(goals []int32, known map[int32]step) route {
	start := slices.MinFunc(goals, func(a, b int32) int {
		return cmp.Or(cmp.Compare(known[a].soft, known[b].soft), cmp.Compare(f.n.entry[a], f.n.entry[b]), cmp.Compare(a, b))
	})
	p := route{start: start, level: levelRuns}
	for s := start; len(p.links) == 0 || f.n.image[s] != f.image; {
		l := f.n.links[known[s].next]
		p.links = append(p.links, known[s].next)
		p.level = min(p.level, l.level)
		s = l.to
	}
	return p
}
