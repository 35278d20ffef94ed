package report

import (
	"fmt"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

// Kinds of libraries, as the attribute "kind" of their nodes says them.
const (
	kindDynamic = "dynamic"
	kindStatic  = "static"
)

// nodeStyle is how a node is drawn. shared says that several products contain it,
// or none.
func nodeStyle(n *graph.Node, shared bool) string {
	switch n.Kind {
	case graph.NodeProduct:
		return `shape=box, style="filled,bold", fillcolor=lightblue`
	case graph.NodeBundle:
		return `shape=folder, style=filled, fillcolor=white`
	case graph.NodeImage:
		if shared {
			return `style="filled,bold", fillcolor=lightyellow`
		}
		return `style=filled, fillcolor=white`
	case graph.NodeUnit:
		return `shape=ellipse`
	case graph.NodeLibrary:
		return libraryStyle(n)
	case graph.NodeCapability:
		return `shape=octagon, style=filled, fillcolor=mistyrose`
	case graph.NodeGap:
		return `shape=box, style=dashed, color=red3`
	}
	return ""
}

// libraryStyle tells whole images from code that was linked in by the shape, and
// background from kinship by the line and the colour.
func libraryStyle(n *graph.Node) string {
	shape := `shape=component, margin="0.15,0.06", `
	if n.Attrs["kind"] == kindStatic {
		shape = `shape=box3d, margin="0.15,0.06", `
	}
	if n.Attrs["background"] == "true" {
		return shape + `style="filled,dashed", fillcolor=gray93, color=gray50, fontcolor=gray35`
	}
	if n.Attrs["kind"] == kindStatic {
		return shape + `style="filled,bold", fillcolor=orange`
	}
	return shape + `style="filled,bold", fillcolor=khaki`
}

// mentionStyle is how a name alone is drawn: it is no finding.
const mentionStyle = `color=gray60, style=dotted`

// edgeStyle is how an edge is drawn. Every edge takes part in the layout:
// Graphviz 2.43 fails on constraint=false between clusters.
func edgeStyle(k graph.EdgeKind) string {
	switch k {
	case graph.EdgeContains:
		return `color=gray70, arrowhead=none`
	case graph.EdgeCalls:
		return `color=blue3, style=bold`
	case graph.EdgeLaunches:
		return `color=darkgreen, style=dashed`
	case graph.EdgeOpens:
		return `color=black, style=dotted`
	case graph.EdgeSameAs:
		return `color=orange3, style=dashed, dir=none`
	case graph.EdgeHas:
		return `color=red3`
	}
	return `color=black`
}

// sample is one line of the legend: a node, or an edge where edge is set.
type sample struct {
	text   string
	node   graph.Node
	shared bool
	edge   graph.EdgeKind
}

// samples are all lines that a legend can have. A test keeps them complete.
func samples() []sample {
	lib := func(kind, background string) graph.Node {
		return graph.Node{Kind: graph.NodeLibrary, Attrs: map[string]string{"kind": kind, "background": background}}
	}
	return []sample{
		{text: "product", node: graph.Node{Kind: graph.NodeProduct}},
		{text: "bundle", node: graph.Node{Kind: graph.NodeBundle}},
		{text: "image of one product", node: graph.Node{Kind: graph.NodeImage}},
		{text: "image in several products", node: graph.Node{Kind: graph.NodeImage}, shared: true},
		{text: "shared library: a whole image", node: lib(kindDynamic, "false")},
		{text: "shared library: linked in statically", node: lib(kindStatic, "false")},
		{text: "background, no kinship: a whole image", node: lib(kindDynamic, "true")},
		{text: "background, no kinship: linked in statically", node: lib(kindStatic, "true")},
		{text: "code unit", node: graph.Node{Kind: graph.NodeUnit}},
		{text: "capability", node: graph.Node{Kind: graph.NodeCapability}},
		{text: "reference that leads nowhere", node: graph.Node{Kind: graph.NodeGap}},
		{text: "contains", edge: graph.EdgeContains},
		{text: "loads", edge: graph.EdgeLoads},
		{text: "calls", edge: graph.EdgeCalls},
		{text: "launches", edge: graph.EdgeLaunches},
		{text: "opens", edge: graph.EdgeOpens},
		{text: "same as", edge: graph.EdgeSameAs},
		{text: "code has a capability", edge: graph.EdgeHas},
	}
}

// legend draws one of each sort of node and edge that the drawing holds.
func (d *dot) legend() {
	nodes, edges := map[string]bool{}, map[graph.EdgeKind]bool{}
	for i := range d.g.Nodes {
		if n := &d.g.Nodes[i]; d.number[n.ID] != "" {
			nodes[string(n.Kind)+nodeStyle(n, d.owner[n.ID] == "")] = true
		}
	}
	for i := range d.g.Edges {
		e := &d.g.Edges[i]
		mention := e.Kind == graph.EdgeHas && e.Method == string(sbom.GradeMentions)
		if d.number[e.From] != "" && d.number[e.To] != "" && !mention {
			edges[e.Kind] = true
		}
	}
	if len(nodes) == 0 {
		return
	}
	d.line(`  subgraph cluster_legend {`)
	d.line(`    label="legend"; style=filled; color=gray97;`)
	for i, s := range samples() {
		style := nodeStyle(&s.node, s.shared)
		switch {
		case s.edge == "" && nodes[string(s.node.Kind)+style]:
			d.line(fmt.Sprintf("    legend%d [label=%s, %s];", i, quoteDot(s.text), style))
		case s.edge != "" && edges[s.edge]:
			d.line(fmt.Sprintf("    legend%d [shape=point, width=0.05]; legend%dto [shape=plaintext, label=%s];", i, i, quoteDot(s.text)))
			d.line(fmt.Sprintf("    legend%d -> legend%dto [%s];", i, i, edgeStyle(s.edge)))
		}
	}
	d.line("  }")
}
