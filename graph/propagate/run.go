package propagate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/reach"
	"github.com/kinbom/kinbom/sbom"
)

// Run says what every product of the graph carries and reaches. libs are those
// that library.Find returned for this graph; they name the library of each
// source. The graph is not changed.
//
// A capability is carried when an image of the product has a tag of it, and
// also when code of another product that it reaches has one (InBundle false).
// With a source at likely or better, only such sources count, each with its
// own strength; a product that has mentions alone gets grade mentions, without
// strength and witness, and only for its own images: mentions never propagate.
//
// The strengths are exact (see extent): per product one pass per level over its
// states and links, so Run is linear in the size of the graph, plus the code
// of other products that each product reaches, plus one short search per
// witness. Composites must not have the id of a capability or of each other.
func Run(g *graph.Graph, libs []library.Library, composites []Composite) *Result {
	return RunWith(g, libs, composites, nil)
}

// RunWith is Run that also follows calls, in the code marks of a store: it says
// which sources run (package reach), which are dormant, and what ties readers to
// senders. A source that an entry point leads to runs; all others are as Run
// says. With no store nothing runs but modules of scripts.
func RunWith(g *graph.Graph, libs []library.Library, composites []Composite, store reach.Store) *Result {
	n := newNetwork(g)
	w := &run{n: n, r: newExtent(n), origins: findSources(g, n, libs), composites: composites, by: make([][]int, len(n.images))}
	if store != nil {
		w.loader = reach.NewLoader(store)
	}
	res := &Result{}
	for i, o := range w.origins {
		k := n.number[o.Image]
		w.by[k] = append(w.by[k], i)
		res.Sources = append(res.Sources, o.Source)
	}
	for i := range g.Products {
		res.Carried = append(res.Carried, w.one(int32(i))...)
	}
	return res
}

// run is the state of one Run.
type run struct {
	n          *network
	r          *extent
	origins    []origin
	by         [][]int // positions of origins by image number
	composites []Composite
	loader     *reach.Loader // nil: calls are not followed
}

// tied is an origin as one product is tied to it.
type tied struct {
	o        *origin
	grade    sbom.Grade
	level    uint8
	inBundle bool
	calls    []reach.Step // from an entry point to it, when it runs
	dormant  bool
}

// one is what one product carries, sorted by capability.
func (w *run) one(product int32) []Carried {
	w.r.run(product)
	firm, mentions := w.gather(product)
	if len(firm) == 0 && len(mentions) == 0 {
		return nil
	}
	code := w.follow(product, firm)
	p := w.n.g.Products[product]
	ways := &ways{n: w.n, r: w.r, p: p, known: map[int32][]way{}}
	var list []Carried
	add := func(c Carried, sources []tied) {
		c.Product = p.ID
		w.fill(&c, sources, ways)
		list = append(list, c)
	}
	for _, capability := range slices.Sorted(maps.Keys(firm)) {
		add(Carried{Capability: capability}, firm[capability])
	}
	for _, capability := range slices.Sorted(maps.Keys(mentions)) {
		if firm[capability] == nil {
			add(Carried{Capability: capability}, mentions[capability])
		}
	}
	for _, c := range w.composites {
		if sources := compose(c, firm, mentions); len(sources) > 0 {
			k := Carried{Capability: c.ID}
			w.sending(product, &k, c, sources, firm, code)
			add(k, sources)
		}
	}
	slices.SortFunc(list, func(a, b Carried) int { return strings.Compare(a.Capability, b.Capability) })
	return list
}

// gather lists, by capability, the sources at likely or better that the product
// carries or reaches, and the mentions in its own images.
func (w *run) gather(product int32) (firm, mentions map[string][]tied) {
	firm, mentions = map[string][]tied{}, map[string][]tied{}
	images := map[int32]bool{}
	for s := w.n.first[product]; s < w.n.first[product+1]; s++ {
		images[w.n.image[s]] = true
	}
	for _, s := range w.r.met {
		images[w.n.image[s]] = true
	}
	for k := range images {
		level, inBundle, _ := w.r.of(k)
		for _, i := range w.by[k] {
			o := &w.origins[i]
			t := tied{o: o, grade: o.Grade, level: level, inBundle: inBundle}
			switch {
			case o.Grade.Rank() >= sbom.GradeLikely.Rank():
				firm[o.Capability] = append(firm[o.Capability], t)
			case inBundle:
				mentions[o.Capability] = append(mentions[o.Capability], t)
			}
		}
	}
	return firm, mentions
}

// fill computes a Carried from its sources.
func (w *run) fill(c *Carried, sources []tied, ways *ways) {
	slices.SortFunc(sources, func(a, b tied) int { return strings.Compare(a.o.ID, b.o.ID) })
	for _, t := range sources {
		s := SourceReach{ID: t.o.ID, Grade: t.grade, InBundle: t.inBundle, Library: t.o.library}
		if t.grade.Rank() > c.Grade.Rank() {
			c.Grade = t.grade
		}
		if t.grade != sbom.GradeMentions {
			s.Strength = strengthOf(t.level)
			c.Witnesses = append(c.Witnesses, called(ways.to(t.o), t.calls)...)
			if t.dormant {
				c.Dormant = append(c.Dormant, t.o.ID)
			}
		}
		if s.Strength.Rank() > c.Strength.Rank() {
			c.Strength = s.Strength
		}
		c.InBundle = c.InBundle || s.InBundle
		c.Stores = append(c.Stores, t.o.Stores...)
		c.Flags = append(c.Flags, t.o.Flags...)
		c.Sources = append(c.Sources, s)
	}
	c.Stores, c.Flags = sorted(c.Stores), sorted(c.Flags)
	slices.SortStableFunc(c.Witnesses, func(a, b Witness) int {
		return cmp.Or(-cmp.Compare(a.Strength.Rank(), b.Strength.Rank()), cmp.Compare(len(a.Hops), len(b.Hops)), strings.Compare(a.Source, b.Source))
	})
}
