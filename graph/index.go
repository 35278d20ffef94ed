package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// index is fast access to a graph whose lists are sorted. It holds positions,
// so it is made anew whenever a list changes.
type index struct {
	node     map[string]int32
	out      []int32 // node i's edges are Edges[out[i]:out[i+1]]
	in       []int32 // positions of edges, grouped by the node they lead to
	inFrom   []int32 // node i's are in[inFrom[i]:inFrom[i+1]]
	carriers map[sbom.Digest][]Carrier
}

// Carrier is a product that holds an image, and the image as that product
// holds it: its places are those in this product.
type Carrier struct {
	Product *sbom.Product
	Image   *sbom.Image
}

// Node returns the node with the id.
func (g *Graph) Node(id string) (Node, bool) {
	i, ok := g.indexed().node[id]
	if !ok {
		return Node{}, false
	}
	return g.Nodes[i], true
}

// Out returns the edges that leave a node, sorted by kind, target, product and
// name. The slice is part of the graph: do not change it.
func (g *Graph) Out(id string) []Edge {
	x := g.indexed()
	i, ok := x.node[id]
	if !ok {
		return nil
	}
	return g.Edges[x.out[i]:x.out[i+1]:x.out[i+1]]
}

// OutIn returns the edges that leave a node and hold in a product: those of
// its scope, and those that hold everywhere.
func (g *Graph) OutIn(id string, product sbom.Digest) []Edge {
	var list []Edge
	for _, e := range g.Out(id) {
		if e.Product == product || e.Product == "" {
			list = append(list, e)
		}
	}
	return list
}

// In returns a copy of the edges that lead to a node, sorted like Edges.
func (g *Graph) In(id string) []Edge {
	x := g.indexed()
	i, ok := x.node[id]
	if !ok {
		return nil
	}
	list := make([]Edge, 0, x.inFrom[i+1]-x.inFrom[i])
	for _, e := range x.in[x.inFrom[i]:x.inFrom[i+1]] {
		list = append(list, g.Edges[e])
	}
	return list
}

// Product returns the product with the id, or nil.
func (g *Graph) Product(id sbom.Digest) *sbom.Product {
	i, ok := slices.BinarySearchFunc(g.Products, id, func(p *sbom.Product, id sbom.Digest) int {
		return cmp.Compare(p.ID, id)
	})
	if !ok {
		return nil
	}
	return g.Products[i]
}

// Carriers returns the products that hold an image, sorted by id. The slice is
// part of the graph: do not change it.
func (g *Graph) Carriers(image sbom.Digest) []Carrier { return g.indexed().carriers[image] }

// ImageIn returns an image as a product holds it, or nil.
func (g *Graph) ImageIn(product, image sbom.Digest) *sbom.Image {
	list := g.indexed().carriers[image]
	i, ok := slices.BinarySearchFunc(list, product, func(c Carrier, id sbom.Digest) int {
		return cmp.Compare(c.Product.ID, id)
	})
	if !ok {
		return nil
	}
	return list[i].Image
}

// Add adds nodes and edges. A node whose id is there is merged with it, an
// edge with the same (From, Kind, To, Product, Name) too, so adding twice is
// adding once. Slices that Out returned before belong to the old state.
func (g *Graph) Add(nodes []Node, edges []Edge) {
	g.Nodes = mergeNodes(append(slices.Clip(g.Nodes), nodes...))
	g.Edges = mergeEdges(append(slices.Clip(g.Edges), edges...))
	g.index = g.newIndex()
}

// indexed returns the index. A graph that was put together by hand gets one at
// its first use, which is then not safe for concurrent use.
func (g *Graph) indexed() *index {
	if g.index == nil {
		g.index = g.newIndex()
	}
	return g.index
}

func (g *Graph) newIndex() *index {
	n := len(g.Nodes)
	x := &index{node: make(map[string]int32, n), carriers: map[sbom.Digest][]Carrier{}}
	for i := range g.Nodes {
		x.node[g.Nodes[i].ID] = int32(i)
	}
	x.out = make([]int32, n+1)
	x.inFrom = make([]int32, n+1)
	to := make([]int32, len(g.Edges)) // an edge to no node is left out; Validate tells it
	for i := range g.Edges {
		if f, ok := x.node[g.Edges[i].From]; ok {
			x.out[f+1] = int32(i + 1)
		}
		to[i] = -1
		if t, ok := x.node[g.Edges[i].To]; ok {
			to[i] = t
			x.inFrom[t+1]++
		}
	}
	for i := range n {
		x.out[i+1] = max(x.out[i+1], x.out[i])
		x.inFrom[i+1] += x.inFrom[i]
	}
	x.in = make([]int32, x.inFrom[n])
	next := slices.Clone(x.inFrom)
	for i, t := range to {
		if t >= 0 {
			x.in[next[t]] = int32(i)
			next[t]++
		}
	}
	for _, p := range g.Products {
		for i := range p.Images {
			m := &p.Images[i]
			x.carriers[m.Digest] = append(x.carriers[m.Digest], Carrier{p, m})
		}
	}
	return x
}

// compareEdges is the order of Edges and what makes two edges one.
func compareEdges(a, b *Edge) int {
	if c := strings.Compare(a.From, b.From); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.Kind), string(b.Kind)); c != 0 {
		return c
	}
	if c := strings.Compare(a.To, b.To); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.Product), string(b.Product)); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}
