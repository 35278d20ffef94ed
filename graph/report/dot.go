package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

// Dot writes the graph for Graphviz so that a family stays readable: a cluster
// per product, what several products share beside them, and neither system
// libraries nor packages. A comment says how many nodes were left out, and a
// legend what the shapes and lines mean.
func Dot(w io.Writer, g *graph.Graph) error {
	d := &dot{page: newPage(w, nil), g: g, number: map[string]string{}, owner: owners(g)}
	left := 0
	for i, n := range g.Nodes {
		if n.Kind == graph.NodeSystem || n.Kind == graph.NodePackage {
			left++
			continue
		}
		d.number[n.ID] = fmt.Sprintf("n%d", i)
	}
	d.line(`digraph family {`)
	d.line(fmt.Sprintf("  // %d nodes, %d system libraries and packages left out", len(d.number), left))
	// Without newrank Graphviz 2.43 gives up on some graphs with clusters: trouble in init_rank.
	d.line(`  graph [rankdir=LR, newrank=true, charset="UTF-8", fontname="Helvetica", compound=true, nodesep=0.15, ranksep=0.8];`)
	d.line(`  node [shape=box, fontname="Helvetica", fontsize=10, margin="0.08,0.03", height=0.2];`)
	d.line(`  edge [fontname="Helvetica", fontsize=8, arrowsize=0.6];`)
	d.clusters()
	for i := range g.Nodes {
		if n := &g.Nodes[i]; d.owner[n.ID] == "" {
			d.node("  ", n)
		}
	}
	for i := range g.Edges {
		d.edge(&g.Edges[i])
	}
	d.legend()
	d.line(`}`)
	return d.end()
}

// dot is one drawing.
type dot struct {
	*page
	g      *graph.Graph
	number map[string]string // node id -> name in the drawing; absent: left out
	owner  map[string]string // node id -> product node; "" when it has none or several
}

// clusters draws every product with what only it contains.
func (d *dot) clusters() {
	for i := range d.g.Nodes {
		p := &d.g.Nodes[i]
		if p.Kind != graph.NodeProduct {
			continue
		}
		d.line(fmt.Sprintf("  subgraph cluster_%s {", d.number[p.ID]))
		d.line(fmt.Sprintf("    label=%s; style=rounded; color=gray60;", quoteDot(p.Label)))
		for k := range d.g.Nodes {
			if n := &d.g.Nodes[k]; d.owner[n.ID] == p.ID {
				d.node("    ", n)
			}
		}
		d.line("  }")
	}
}

func (d *dot) node(indent string, n *graph.Node) {
	name, ok := d.number[n.ID]
	if !ok {
		return
	}
	style := nodeStyle(n, d.owner[n.ID] == "")
	if style != "" {
		style = ", " + style
	}
	d.line(fmt.Sprintf("%s%s [label=%s, tooltip=%s%s];", indent, name, quoteDot(n.Label), quoteDot(n.ID), style))
}

func (d *dot) edge(e *graph.Edge) {
	from, to := d.number[e.From], d.number[e.To]
	if from == "" || to == "" {
		return
	}
	style := edgeStyle(e.Kind)
	label := ""
	switch {
	case e.Kind == graph.EdgeHas && e.Method == string(sbom.GradeMentions): // a name alone is no finding
		style, label = mentionStyle, ", label="+quoteDot(e.Method)
	case e.Kind == graph.EdgeSameAs:
		label = ", label=" + quoteDot(e.Method)
	case e.Kind == graph.EdgeLoads && e.Load != "" && e.Load != "regular":
		label = ", label=" + quoteDot(string(e.Load))
	}
	d.line(fmt.Sprintf("  %s -> %s [%s, tooltip=%s%s];", from, to, style, quoteDot(string(e.Kind)+" "+e.Name), label))
}

// quoteDot writes a quoted string of the DOT language: plain, at most 120
// columns, with backslashes doubled, since DOT gives them a meaning.
func quoteDot(s string) string {
	s = plain(s)
	if width(s) > 120 {
		s = cut(s, 116) + " ..."
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// owners maps every node to the one product that contains it, over contains
// edges from products and bundles and over tags; "" for nodes that several
// products contain, and for nodes that none does. A gap belongs to the product
// whose reference leads to it.
func owners(g *graph.Graph) map[string]string {
	next := map[string][]string{}
	kinds := map[string]graph.NodeKind{}
	for _, n := range g.Nodes {
		kinds[n.ID] = n.Kind
	}
	for _, e := range g.Edges {
		if e.Kind == graph.EdgeContains && kinds[e.From] != graph.NodeLibrary {
			next[e.From] = append(next[e.From], e.To)
		}
	}
	held := map[string][]string{} // node -> products
	for _, n := range g.Nodes {
		if n.Kind != graph.NodeProduct {
			continue
		}
		queue, seen := []string{n.ID}, map[string]bool{n.ID: true}
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			held[at] = append(held[at], n.ID)
			for _, to := range next[at] {
				if !seen[to] {
					seen[to] = true
					queue = append(queue, to)
				}
			}
		}
	}
	out := map[string]string{}
	for id, products := range held {
		if slices.Sort(products); len(products) == 1 {
			out[id] = products[0]
		}
	}
	for _, e := range g.Edges {
		if kinds[e.To] == graph.NodeGap && e.Product != "" {
			out[e.To] = graph.ProductNode(e.Product)
		}
	}
	return out
}
