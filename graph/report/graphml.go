package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/graph"
)

// GraphML writes the whole graph as GraphML. Nodes are numbered, since their
// ids are not XML name tokens; the id is the data "id". Characters that XML or
// a terminal does not take are escaped as in text.
func GraphML(w io.Writer, g *graph.Graph) error {
	p := newPage(w, nil)
	p.line(`<?xml version="1.0" encoding="UTF-8"?>`)
	p.line(`<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">`)
	attrs := attributeKeys(g)
	for _, k := range []string{"id", "kind", "label"} {
		p.key("node", k, k, "string")
	}
	for i, a := range attrs {
		p.key("node", fmt.Sprintf("attr%d", i), a, "string")
	}
	for _, k := range edgeKeys() {
		p.key("edge", "edge-"+k[0], k[0], k[1])
	}
	p.line(`  <graph id="family" edgedefault="directed">`)
	number := map[string]string{}
	for i, n := range g.Nodes {
		number[n.ID] = "n" + strconv.Itoa(i)
		p.line(`    <node id="` + number[n.ID] + `">`)
		p.data("id", n.ID)
		p.data("kind", string(n.Kind))
		p.data("label", n.Label)
		for k, a := range attrs {
			p.data(fmt.Sprintf("attr%d", k), n.Attrs[a])
		}
		p.line(`    </node>`)
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		from, to := number[e.From], number[e.To]
		if from == "" || to == "" {
			return fmt.Errorf("writing GraphML: edge from %q to %q has no node at an end", e.From, e.To)
		}
		p.line(fmt.Sprintf(`    <edge id="e%d" source="%s" target="%s">`, i, from, to))
		p.edgeData(e)
		p.line(`    </edge>`)
	}
	p.line(`  </graph>`)
	p.line(`</graphml>`)
	return p.end()
}

// edgeKeys are the data of an edge with their GraphML types.
func edgeKeys() [][2]string {
	return [][2]string{{"kind", "string"}, {"product", "string"}, {"load", "string"}, {"method", "string"}, {"name", "string"},
		{"soft", "boolean"}, {"seen", "boolean"}, {"outside", "boolean"}, {"symbols", "string"}, {"score", "double"}}
}

func (p *page) edgeData(e *graph.Edge) {
	p.data("edge-kind", string(e.Kind))
	p.data("edge-product", string(e.Product))
	p.data("edge-load", string(e.Load))
	p.data("edge-method", e.Method)
	p.data("edge-name", e.Name)
	p.flag("soft", e.Soft)
	p.flag("seen", e.Seen)
	p.flag("outside", e.Outside)
	p.data("edge-symbols", strings.Join(e.Symbols, " "))
	if e.Score != 0 {
		p.data("edge-score", strconv.FormatFloat(e.Score, 'g', -1, 64))
	}
}

func (p *page) flag(key string, v bool) {
	if v {
		p.data("edge-"+key, "true")
	}
}

func (p *page) key(target, id, name, kind string) {
	p.line(fmt.Sprintf(`  <key id="%s" for="%s" attr.name="%s" attr.type="%s"/>`, id, target, escapeXML(name), kind))
}

// data writes one value; an empty one is left out.
func (p *page) data(key, value string) {
	if value != "" {
		p.line(`      <data key="` + key + `">` + escapeXML(value) + `</data>`)
	}
}

func escapeXML(s string) string {
	var b strings.Builder
	// A strings.Builder does not fail.
	_ = xml.EscapeText(&b, []byte(plain(s)))
	return b.String()
}

// attributeKeys lists the names of the nodes' attributes, sorted.
func attributeKeys(g *graph.Graph) []string {
	seen := map[string]bool{}
	for _, n := range g.Nodes {
		for k := range n.Attrs {
			seen[k] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
