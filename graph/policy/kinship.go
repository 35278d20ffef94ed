package policy

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
)

// kinship answers which sources are the same code. Two sources are, when they
// lie in one image, or in two images that a same-as edge or a found dynamic
// library ties by the same bytes, cdhash, unsigned bytes or code section; when
// they are code units with one mark; or when they belong to one found static
// library. A tie of images by UUID (a linker can be told any), by name and
// version, or by a share of code units is no kinship here. Background code never does.
type kinship struct {
	parent     map[string]string // a forest of sets over node ids, library ids and marks
	background map[string]string // source id -> name of the background library it belongs to
}

// newKinship ties the sources of a result.
func newKinship(g *graph.Graph, libs []library.Library, res *propagate.Result) *kinship {
	k := &kinship{parent: map[string]string{}, background: map[string]string{}}
	byID := map[string]*library.Library{}
	behind := map[sbom.Digest]*library.Library{}
	for i := range libs {
		l := &libs[i]
		byID[l.ID] = l
		for _, d := range l.Images {
			if l.Background && l.Kind == "dynamic" {
				behind[d] = l
			}
			if l.Kind == "dynamic" && strong(l.Rung) && !l.Background {
				k.tie(l.ID, graph.ImageNode(d))
			}
		}
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		if e.Kind == graph.EdgeSameAs && strong(library.Rung(e.Method)) && graph.KindOf(e.From) == graph.NodeImage {
			k.tie(e.From, e.To)
		}
	}
	for i := range res.Sources {
		k.add(&res.Sources[i], byID, behind)
	}
	return k
}

func (k *kinship) add(s *propagate.Source, byID map[string]*library.Library, behind map[sbom.Digest]*library.Library) {
	for _, l := range []*library.Library{byID[s.Library], behind[s.Image]} {
		if l != nil && l.Background {
			k.background[s.ID] = cmp.Or(l.Name, l.ID)
			return
		}
	}
	if s.Address == nil {
		k.tie(s.ID, k.scoped(graph.ImageNode(s.Image), s.Capability))
		return
	}
	k.tie(s.ID, graph.UnitNode(s.Image, *s.Address)+"#"+s.Capability)
	if s.Mark != "" {
		k.tie(s.ID, "mark:"+s.Mark+"#"+s.Capability)
	}
	if l := byID[s.Library]; l != nil && (l.Kind == library.KindStatic || strong(l.Rung)) {
		k.tie(s.ID, s.Library+"#"+s.Capability)
	}
}

// scoped is the set of an image for one capability. Sets of images must be
// complete before the first call.
func (k *kinship) scoped(node, capability string) string {
	return "set of " + k.root(node) + "#" + capability
}

// strong reports whether images tied by a rung are the same code.
func strong(r library.Rung) bool {
	return slices.Contains([]library.Rung{library.RungBytes, library.RungCDHash, library.RungUnsigned, library.RungText}, r)
}

func (k *kinship) root(s string) string {
	for {
		p, ok := k.parent[s]
		if !ok || p == s {
			return s
		}
		if gp, ok := k.parent[p]; ok {
			k.parent[s] = gp
		}
		s = p
	}
}

func (k *kinship) tie(a, b string) {
	a, b = k.root(a), k.root(b)
	switch {
	case a < b:
		k.parent[b] = a
	case b < a:
		k.parent[a] = b
	}
}

// code names the code that a source is part of; "" for background code.
func (k *kinship) code(source string) string {
	if k.background[source] != "" {
		return ""
	}
	return k.root(source)
}
