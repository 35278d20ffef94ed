package propagate

import (
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

// Levels of a reach edge: the strength that it can grant.
const (
	levelLinked    = 2
	levelReachable = 3
	levelRuns      = 4 // of a script's module that the program's entry requires
)

// network is the graph as numbers. A state is an image in a product: the same
// image has other edges in another product. Links join states; one that leaves
// its product leads to the image in every other product that holds it, and the
// search goes on over that product's own links. Debug symbols are no states.
type network struct {
	g        *graph.Graph
	number   map[sbom.Digest]int32 // of an image
	images   []sbom.Digest         // by number, sorted
	first    []int32               // the states of product i are first[i] up to first[i+1]
	image    []int32               // number of a state's image
	product  []int32               // number of a state's product
	entry    []uint8               // of a state: entryNone, entryMain, entryOther
	statesOf [][]int32             // of an image, sorted
	links    []link                // sorted by from, then to, then edge
	out      []int32               // the links that leave state s are links[out[s]:out[s+1]]
	in       []int32               // numbers of links by the state they lead to
	inFirst  []int32               // those into state s are in[inFirst[s]:inFirst[s+1]]
}

// Kinds of entry, in the order in which a witness prefers them.
const (
	entryNone = iota
	entryMain
	entryOther
)

// link is a reach edge between two states.
type link struct {
	from, to int32
	edge     int32 // position in the graph's edges
	level    uint8
	soft     bool
	opens    bool
}

// asked reports whether an edge leads to a module of a script over modules that ask
// for each other.
func asked(method string) bool {
	return strings.HasPrefix(method, sbom.HowRequire) || strings.HasPrefix(method, sbom.HowImport)
}

func newNetwork(g *graph.Graph) *network {
	n := &network{g: g, number: map[sbom.Digest]int32{}}
	for _, p := range g.Products {
		for i := range p.Images {
			if m := &p.Images[i]; m.Type != "dsym" {
				n.number[m.Digest] = 0
				n.images = append(n.images, m.Digest)
			}
		}
	}
	slices.Sort(n.images)
	n.images = slices.Compact(n.images)
	for i, d := range n.images {
		n.number[d] = int32(i)
	}
	n.statesOf = make([][]int32, len(n.images))
	for i, p := range g.Products {
		n.first = append(n.first, int32(len(n.image)))
		n.addStates(int32(i), p)
	}
	n.first = append(n.first, int32(len(n.image)))
	n.addLinks()
	return n
}

func (n *network) addStates(product int32, p *sbom.Product) {
	var numbers []int32
	kinds := map[int32]uint8{}
	for i := range p.Images {
		m := &p.Images[i]
		if m.Type == "dsym" {
			continue
		}
		k := n.number[m.Digest]
		numbers = append(numbers, k)
		for _, w := range m.Places {
			switch {
			case w.Role == sbom.RoleMain:
				kinds[k] = entryMain
			case w.Role.Entry() && kinds[k] == entryNone:
				kinds[k] = entryOther
			}
		}
	}
	slices.Sort(numbers)
	for _, k := range numbers {
		n.statesOf[k] = append(n.statesOf[k], int32(len(n.image)))
		n.image = append(n.image, k)
		n.product = append(n.product, product)
		n.entry = append(n.entry, kinds[k])
	}
}

// state is the state of an image in a product, or -1.
func (n *network) state(product, image int32) int32 {
	list := n.statesOf[image]
	i, ok := slices.BinarySearchFunc(list, product, func(s, product int32) int { return int(n.product[s]) - int(product) })
	if !ok {
		return -1
	}
	return list[i]
}

func (n *network) addLinks() {
	numbers := make(map[string]int32, len(n.images)) // by node id
	for i, d := range n.images {
		numbers[graph.ImageNode(d)] = int32(i)
	}
	products := map[sbom.Digest]int32{}
	for i, p := range n.g.Products {
		products[p.ID] = int32(i)
	}
	for i := range n.g.Edges {
		e := &n.g.Edges[i]
		l := link{edge: int32(i), level: levelLinked, soft: e.Soft || e.Kind == graph.EdgeOpens, opens: e.Kind == graph.EdgeOpens}
		switch {
		case (e.Kind == graph.EdgeCalls || e.Kind == graph.EdgeLoads) && asked(e.Method):
			l.level = levelRuns
		case e.Kind == graph.EdgeCalls, e.Kind == graph.EdgeLaunches && e.Seen:
			l.level = levelReachable
		case e.Kind != graph.EdgeLoads && e.Kind != graph.EdgeLaunches && e.Kind != graph.EdgeOpens:
			continue
		}
		from, ok := numbers[e.From]
		to, ok2 := numbers[e.To]
		p, ok3 := products[e.Product]
		if !ok || !ok2 || !ok3 || from == to {
			continue
		}
		n.addLink(l, p, from, to, e.Outside)
	}
	slices.SortFunc(n.links, func(a, b link) int {
		switch {
		case a.from != b.from:
			return int(a.from) - int(b.from)
		case a.to != b.to:
			return int(a.to) - int(b.to)
		}
		return int(a.edge) - int(b.edge)
	})
	n.out, n.inFirst = make([]int32, len(n.image)+1), make([]int32, len(n.image)+1)
	for _, l := range n.links {
		n.out[l.from+1]++
		n.inFirst[l.to+1]++
	}
	for s := range n.image {
		n.out[s+1] += n.out[s]
		n.inFirst[s+1] += n.inFirst[s]
	}
	n.in = make([]int32, len(n.links))
	next := slices.Clone(n.inFirst)
	for i, l := range n.links {
		n.in[next[l.to]] = int32(i)
		next[l.to]++
	}
}

func (n *network) addLink(l link, product, from, to int32, outside bool) {
	if l.from = n.state(product, from); l.from < 0 {
		return
	}
	if !outside {
		if l.to = n.state(product, to); l.to >= 0 {
			n.links = append(n.links, l)
		}
		return
	}
	for _, s := range n.statesOf[to] {
		if n.product[s] != product {
			l.to = s
			n.links = append(n.links, l)
		}
	}
}
