package propagate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
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
// The strengths are exact (see reach): per product one pass per level over its
// states and links, so Run is linear in the size of the graph, plus the code
// of other products that each product reaches, plus one short search per
// witness. Composites must not have the id of a capability or of each other.
func Run(g *graph.Graph, libs []library.Library, composites []Composite) *Result {
	n := newNetwork(g)
	w := &run{n: n, r: newReach(n), origins: findSources(g, n, libs), composites: composites, by: make([][]int, len(n.images))}
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
	r          *reach
	origins    []origin
	by         [][]int // positions of origins by image number
	composites []Composite
}

// tied is an origin as one product is tied to it.
type tied struct {
	o        *origin
	grade    sbom.Grade
	level    uint8
	inBundle bool
}

// one is what one product carries, sorted by capability.
func (w *run) one(product int32) []Carried {
	w.r.run(product)
	firm, mentions := w.gather(product)
	if len(firm) == 0 && len(mentions) == 0 {
		return nil
	}
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
			add(Carried{Capability: c.ID, Sends: w.sends(c, sources, firm)}, sources)
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
			t := tied{o, o.Grade, level, inBundle}
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
			c.Witnesses = append(c.Witnesses, ways.to(t.o)...)
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
