package graph

import (
	"github.com/kinbom/kinbom/sbom"
)

// NodeKind is the kind of a node.
type NodeKind string

// Node kinds; see the model, section 1.
const (
	NodeProduct    NodeKind = "product"
	NodeBundle     NodeKind = "bundle"
	NodeImage      NodeKind = "image"
	NodeUnit       NodeKind = "unit"
	NodeLibrary    NodeKind = "library"
	NodePackage    NodeKind = "package"
	NodeCapability NodeKind = "capability"
	NodeSystem     NodeKind = "system" // a library of the operating system: a named leaf
	NodeGap        NodeKind = "gap"    // what an unresolved reference leads to
)

// EdgeKind is the kind of an edge.
type EdgeKind string

// Edge kinds; see the model, section 2.
const (
	EdgeContains EdgeKind = "contains"
	EdgeLoads    EdgeKind = "loads"
	EdgeCalls    EdgeKind = "calls"
	EdgeLaunches EdgeKind = "launches"
	EdgeOpens    EdgeKind = "opens"
	EdgeSameAs   EdgeKind = "same-as"
	EdgeHas      EdgeKind = "has" // image or unit -> capability: a tag
)

// Node ids are a kind, a colon, and what identifies it:
//
//	product:<digest>            image:<digest>
//	bundle:<product digest>/<path>
//	unit:<image digest>@<hex address>
//	library:<digest>            package:<purl>
//	capability:<id>             system:<install name>
//	gap:<product digest>/<reference>
type Node struct {
	ID    string
	Kind  NodeKind
	Label string            // for people
	Attrs map[string]string // small facts for output; never read back by logic
}

// Edge is a typed tie. Product says in which product it holds: the same image
// may load one library in one product and another in the next. It is "" for
// edges that hold everywhere (same-as, has, contains).
type Edge struct {
	From, To string
	Kind     EdgeKind
	Product  sbom.Digest // scope of loads, calls, launches, opens
	Load     sbom.LoadKind
	Method   string   // how it is known: a resolution, a rung, ...
	Name     string   // reference as written
	Soft     bool     // rests on a string
	Seen     bool     // launches: the launch itself is seen
	Outside  bool     // the target is not inside the product's own bundle
	Symbols  []string // calls: names that tie the two
	Score    float64  // same-as by share of common code units: 0..1, direction From -> To; image contains static library: share of its units that the copy has; else 0
}

// Graph is one family. Nodes are sorted by ID, edges by (From, Kind, To,
// Product, Name). Products keeps the nouns that it was built from, sorted by ID.
type Graph struct {
	Nodes    []Node
	Edges    []Edge
	Products []*sbom.Product

	index *index // for Node, Out, In, ...; made by Build and Add
}
