package graph

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// maxComplaints is how many broken invariants Validate names.
const maxComplaints = 50

// Validate checks what must hold in every graph and names what does not (the
// first 50). Tests call it on every graph they make.
//
//   - products and nodes are sorted by id, each once; edges are sorted by
//     (From, Kind, To, Product, Name), each once; both ends exist;
//   - a node's id begins with its kind; every product, and every image that a
//     product holds, has its node;
//   - contains leads from product, bundle, image or library to what they hold;
//     an image holds the static libraries that were linked into it;
//     has from image or unit to capability; same-as joins two images or two
//     libraries, written once with the smaller id first unless it has a score;
//     these hold everywhere, so they have no product;
//   - loads, calls, launches and opens start at a code image of the product
//     that they hold in, and lead to another image, a system library or a gap
//     of that product: an image of the same product, or, where Outside is set,
//     of another one; opens is soft; no reach edge touches debug symbols.
func (g *Graph) Validate() error {
	v := &validation{g: g, kind: map[string]NodeKind{}, holds: map[[2]sbom.Digest]bool{}, symbols: map[string]bool{}}
	v.products()
	v.nodes()
	for i := range g.Edges {
		if i > 0 && compareEdges(&g.Edges[i-1], &g.Edges[i]) >= 0 {
			v.bad("edge %d is out of order or there twice", i)
		}
		v.edge(&g.Edges[i])
	}
	return errors.Join(v.errs...)
}

type validation struct {
	g       *Graph
	kind    map[string]NodeKind
	holds   map[[2]sbom.Digest]bool // product, image
	carried map[sbom.Digest]bool    // in some product
	symbols map[string]bool         // node ids of dSYM images
	errs    []error
}

func (v *validation) bad(format string, a ...any) {
	if len(v.errs) < maxComplaints {
		v.errs = append(v.errs, fmt.Errorf(format, a...))
	}
}

func (v *validation) products() {
	v.carried = map[sbom.Digest]bool{}
	for i, p := range v.g.Products {
		if i > 0 && v.g.Products[i-1].ID >= p.ID {
			v.bad("product %s is out of order or there twice", p.ID.Short())
		}
		for j := range p.Images {
			d := p.Images[j].Digest
			v.holds[[2]sbom.Digest{p.ID, d}] = true
			v.carried[d] = true
			if isSymbols(&p.Images[j]) {
				v.symbols[ImageNode(d)] = true
			}
		}
	}
}

func (v *validation) nodes() {
	for i, n := range v.g.Nodes {
		if i > 0 && v.g.Nodes[i-1].ID >= n.ID {
			v.bad("node %q is out of order or there twice", n.ID)
		}
		if KindOf(n.ID) != n.Kind {
			v.bad("node %q is of kind %q", n.ID, n.Kind)
		}
		if d, ok := ImageOf(n.ID); ok && !v.carried[d] {
			v.bad("node %q: no product holds it", n.ID)
		}
		v.kind[n.ID] = n.Kind
	}
	for _, p := range v.g.Products {
		if v.kind[ProductNode(p.ID)] == "" {
			v.bad("product %s has no node", p.ID.Short())
		}
	}
	for d := range v.carried {
		if v.kind[ImageNode(d)] == "" {
			v.bad("image %s has no node", d.Short())
		}
	}
}

// parts says what a node of a kind can contain.
func parts(k NodeKind) []NodeKind {
	switch k {
	case NodeProduct, NodeBundle:
		return []NodeKind{NodeBundle, NodeImage, NodePackage}
	case NodeImage:
		return []NodeKind{NodeUnit, NodeLibrary}
	case NodeLibrary:
		return []NodeKind{NodeImage, NodeUnit}
	}
	return nil
}

func (v *validation) edge(e *Edge) {
	from, to := v.kind[e.From], v.kind[e.To]
	if from == "" || to == "" || e.From == e.To {
		v.bad("%s edge %q -> %q: an end does not exist, or it leads to itself", e.Kind, e.From, e.To)
		return
	}
	ok := true
	switch e.Kind {
	case EdgeContains:
		ok = false
		for _, k := range parts(from) {
			ok = ok || k == to
		}
	case EdgeHas:
		ok = (from == NodeImage || from == NodeUnit) && to == NodeCapability && sbom.Grade(e.Method).Rank() > 0
	case EdgeSameAs:
		ok = from == to && (from == NodeImage || from == NodeLibrary) && (e.From < e.To || e.Score > 0)
	case EdgeLoads, EdgeCalls, EdgeLaunches, EdgeOpens:
		v.reach(e, to)
		return
	default:
		ok = false
	}
	if !ok || e.Product != "" {
		v.bad("%s edge %q -> %q in product %q: its ends, method or product do not fit its kind", e.Kind, e.From, e.To, e.Product.Short())
	}
}

func (v *validation) reach(e *Edge, to NodeKind) {
	what := func() string { return fmt.Sprintf("%s edge %q -> %q", e.Kind, e.From, e.To) }
	from, _ := ImageOf(e.From)
	if v.kind[e.From] != NodeImage || !v.holds[[2]sbom.Digest{e.Product, from}] {
		v.bad("%s does not start at an image of product %q", what(), e.Product.Short())
	}
	if v.symbols[e.From] || v.symbols[e.To] {
		v.bad("%s touches debug symbols", what())
	}
	if e.Kind == EdgeOpens && !e.Soft {
		v.bad("%s is not soft", what())
	}
	switch to {
	case NodeImage:
		d, _ := ImageOf(e.To)
		if v.holds[[2]sbom.Digest{e.Product, d}] == e.Outside {
			v.bad("%s: outside is %v, which its product contradicts", what(), e.Outside)
		}
	case NodeGap:
		if !strings.HasPrefix(e.To, GapNode(e.Product, "")) {
			v.bad("%s leads to a gap of another product", what())
		}
	case NodeSystem:
		if e.Outside {
			v.bad("%s: a system library is not outside code", what())
		}
	default:
		v.bad("%s leads to a %s", what(), to)
	}
}
