package report

import (
	"io"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

// GraphSchema is the name and version of the graph's JSON format. Within
// version 1 fields are only added.
const GraphSchema = "kinbom.graph/1"

type jsonGraph struct {
	Schema string     `json:"schema"`
	Nodes  []jsonNode `json:"nodes"`
	Edges  []jsonEdge `json:"edges"`
}

type jsonNode struct {
	ID    string            `json:"id"`
	Kind  graph.NodeKind    `json:"kind"`
	Label string            `json:"label"`
	Attrs map[string]string `json:"attrs,omitempty"`
}

type jsonEdge struct {
	From    string         `json:"from"`
	To      string         `json:"to"`
	Kind    graph.EdgeKind `json:"kind"`
	Product sbom.Digest    `json:"product,omitempty"` // it holds in this product only
	Load    sbom.LoadKind  `json:"load,omitempty"`
	Method  string         `json:"method,omitempty"`
	Name    string         `json:"name,omitempty"`
	Soft    bool           `json:"soft,omitempty"`
	Seen    bool           `json:"seen,omitempty"`
	Outside bool           `json:"outside,omitempty"`
	Symbols []string       `json:"symbols,omitempty"`
	Score   float64        `json:"score,omitempty"`
}

// GraphJSON writes the whole graph as JSON in the format kinbom.graph/1.
func GraphJSON(w io.Writer, g *graph.Graph) error {
	out := jsonGraph{Schema: GraphSchema, Nodes: []jsonNode{}, Edges: []jsonEdge{}}
	for _, n := range g.Nodes {
		out.Nodes = append(out.Nodes, jsonNode(n))
	}
	for _, e := range g.Edges {
		out.Edges = append(out.Edges, jsonEdge(e))
	}
	return writeJSON(w, out)
}
