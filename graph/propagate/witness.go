package propagate

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

// way is a witness without its source: sources in one image share it.
type way struct {
	level uint8
	hops  []Hop
}

// ways writes the witnesses of one product; each image is searched once.
type ways struct {
	n     *network
	r     *extent
	p     *sbom.Product
	known map[int32][]way
}

// to writes the witnesses of a source: product -> bundles -> entry image -> ...
// -> source image (-> static library) (-> code unit). A source that nothing leads to gets one for
// each of its places, up to three.
func (w *ways) to(o *origin) []Witness {
	k := w.n.number[o.Image]
	list, ok := w.known[k]
	if !ok {
		f := &finder{n: w.n, r: w.r, image: k}
		for _, p := range f.routes() {
			list = append(list, w.along(p))
		}
		if len(list) == 0 {
			list = w.places(o.Image)
		}
		w.known[k] = list
	}
	var out []Witness
	for _, y := range list {
		hops := slices.Clone(y.hops)
		if o.Address != nil {
			hops = append(hops, copied(o)...)
			hops = append(hops, Hop{Node: graph.UnitNode(o.Image, *o.Address), Label: "0x" + strconv.FormatUint(*o.Address, 16),
				Edge: string(graph.EdgeContains), How: "code unit"})
		}
		out = append(out, Witness{Source: o.ID, Strength: strengthOf(y.level), Hops: hops})
	}
	return out
}

// copied is the step into the static library that a source's code unit belongs
// to; none where it belongs to no such library.
func copied(o *origin) []Hop {
	l := o.library
	if l == nil || l.Kind != library.KindStatic {
		return nil
	}
	for _, c := range l.Copies {
		if c.Image == o.Image {
			return []Hop{{Node: l.ID, Label: l.Name, Edge: string(graph.EdgeContains), How: fmt.Sprintf("%d of its %d functions, %s, %d products",
				c.Functions, l.Functions, c.Word, len(l.Products))}}
		}
	}
	return nil
}

// along writes a route: down to the entry by what contains it, then link by link.
func (w *ways) along(p route) way {
	y := way{level: p.level}
	m := w.n.g.ImageIn(w.p.ID, w.n.images[w.n.image[p.start]])
	y.hops = w.down(m, entryPlace(m))
	for _, i := range p.links {
		l := w.n.links[i]
		e := &w.n.g.Edges[l.edge]
		y.hops = append(y.hops, Hop{Node: e.To, Label: w.label(l.to), Edge: string(e.Kind), How: how(e)})
	}
	return y
}

// places writes one way for each place of an image that nothing leads to.
func (w *ways) places(image sbom.Digest) []way {
	m := w.n.g.ImageIn(w.p.ID, image)
	var list []way
	for _, at := range m.Places[:min(len(m.Places), maxWitnesses)] {
		list = append(list, way{hops: w.down(m, at)})
	}
	return list
}

// entryPlace is the first place that makes an image an entry: that of the main
// executable if there is one.
func entryPlace(m *sbom.Image) sbom.Place {
	best := m.Places[0]
	for _, at := range m.Places {
		if (at.Role == sbom.RoleMain && best.Role != sbom.RoleMain) || (at.Role.Entry() && !best.Role.Entry()) {
			best = at
		}
	}
	return best
}

// down is the hops from the product to an image by way of the bundles around
// one of its places, as the contains edges of the graph lead.
func (w *ways) down(m *sbom.Image, at sbom.Place) []Hop {
	hops := []Hop{{Node: graph.ProductNode(w.p.ID), Label: w.p.Name}}
	var around []*sbom.Bundle
	for i := range w.p.Bundles {
		b := &w.p.Bundles[i]
		if b.Path == "" || b.Path == at.Bundle || strings.HasPrefix(at.Bundle, b.Path+"/") {
			around = append(around, b)
		}
	}
	slices.SortFunc(around, func(a, b *sbom.Bundle) int { return cmp.Compare(len(a.Path), len(b.Path)) })
	for _, b := range around {
		hops = append(hops, Hop{Node: graph.BundleNode(w.p.ID, b.Path), Label: cmp.Or(b.Path, b.Name, w.p.Name),
			Edge: string(graph.EdgeContains), How: "bundle contents"})
	}
	return append(hops, Hop{Node: graph.ImageNode(m.Digest), Label: at.Path, Edge: string(graph.EdgeContains), How: "bundle contents"})
}

// label is the path of a state's image: in its product, or, for code of another
// product, with that product's path before it.
func (w *ways) label(s int32) string {
	q := w.n.g.Products[w.n.product[s]]
	at := w.n.g.ImageIn(q.ID, w.n.images[w.n.image[s]]).Places[0].Path
	if q == w.p {
		return at
	}
	return path.Join(q.Paths[0], at)
}

// how is the way in which a reach edge is known, with the first of the names
// that it rests on.
func how(e *graph.Edge) string {
	if e.Kind != graph.EdgeCalls || len(e.Symbols) == 0 {
		return e.Method
	}
	const most = 80
	name := strings.ToValidUTF8(e.Symbols[0][:min(len(e.Symbols[0]), most)], "")
	s := strings.TrimPrefix(e.Method+": "+name, ": ")
	if n := len(e.Symbols) - 1; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}
