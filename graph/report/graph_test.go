package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

func dg(s string) sbom.Digest { return sbom.DigestOf([]byte(s)) }

// drawn is a graph with every kind of node and edge.
func drawn() *graph.Graph {
	a, b, shared, own := dg("a"), dg("b"), graph.ImageNode(dg("shared")), graph.ImageNode(dg("own"))
	pa, pb := graph.ProductNode(a), graph.ProductNode(b)
	fa := graph.BundleNode(a, "F.framework")
	unit, lib, sys, gap := graph.UnitNode(dg("own"), 4096), "library:"+string(dg("lib")), graph.SystemNode("/usr/lib/libSystem.B.dylib"), graph.GapNode(a, "@rpath/Lost")
	capa, pkg := graph.CapabilityNode("browser.history.read"), "package:pkg:npm/x@1"
	g := &graph.Graph{Nodes: []graph.Node{
		{ID: pa, Kind: graph.NodeProduct, Label: "Doc A", Attrs: map[string]string{"version": "1.0"}}, {ID: pb, Kind: graph.NodeProduct, Label: "Doc B"},
		{ID: fa, Kind: graph.NodeBundle, Label: "F"}, {ID: shared, Kind: graph.NodeImage, Label: "F"}, {ID: own, Kind: graph.NodeImage, Label: "A"},
		{ID: unit, Kind: graph.NodeUnit, Label: "0x1000"}, {ID: lib, Kind: graph.NodeLibrary, Label: "F"}, {ID: sys, Kind: graph.NodeSystem, Label: "libSystem"},
		{ID: gap, Kind: graph.NodeGap, Label: "@rpath/Lost"}, {ID: capa, Kind: graph.NodeCapability, Label: "browser.history.read"},
		{ID: pkg, Kind: graph.NodePackage, Label: "x"}}}
	edge := func(from, to string, k graph.EdgeKind, p sbom.Digest) {
		g.Edges = append(g.Edges, graph.Edge{From: from, To: to, Kind: k, Product: p, Name: "n", Method: "same UUID"})
	}
	edge(pa, fa, graph.EdgeContains, "")
	edge(fa, shared, graph.EdgeContains, "")
	edge(pa, own, graph.EdgeContains, "")
	edge(pb, shared, graph.EdgeContains, "")
	edge(lib, shared, graph.EdgeContains, "")
	edge(own, unit, graph.EdgeContains, "")
	edge(own, shared, graph.EdgeLoads, a)
	edge(own, shared, graph.EdgeCalls, a)
	edge(own, shared, graph.EdgeLaunches, a)
	edge(own, shared, graph.EdgeOpens, a)
	edge(own, shared, graph.EdgeSameAs, "")
	edge(own, sys, graph.EdgeLoads, a)
	edge(own, gap, graph.EdgeLoads, a)
	edge(own, pkg, graph.EdgeContains, "")
	edge(unit, capa, graph.EdgeHas, "")
	g.Edges[6].Symbols, g.Edges[6].Load, g.Edges[10].Score = []string{"_a", "_b"}, "weak", 0.5
	return g
}

func hostileGraph() *graph.Graph {
	g := drawn()
	names := append(hostileNames(), `a" -> b; "`, `trailing\`, "<b>html</b>", "]]>&<x a='\"'>", "--></graphml>", `\N\G\E\l`)
	for i := range g.Nodes {
		g.Nodes[i].Label = names[i%len(names)]
		g.Nodes[i].Attrs = map[string]string{names[(i+1)%len(names)]: names[(i+2)%len(names)]}
	}
	for i, name := range names {
		id := graph.SystemNode(name)
		g.Nodes = append(g.Nodes, graph.Node{ID: id, Kind: graph.NodeGap, Label: name})
		g.Edges = append(g.Edges, graph.Edge{From: g.Nodes[0].ID, To: id, Kind: graph.EdgeOpens, Name: name, Method: names[(i+1)%len(names)]})
	}
	return g
}

func written(t *testing.T, write func(io.Writer, *graph.Graph) error, g *graph.Graph) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGraphGolden(t *testing.T) {
	golden(t, "graph.dot", written(t, Dot, drawn()))
	golden(t, "graph.graphml", written(t, GraphML, drawn()))
	golden(t, "graph.json", written(t, GraphJSON, drawn()))
}

// TestDotIsAccepted gives the drawings to the real Graphviz.
func TestDotIsAccepted(t *testing.T) {
	tool, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("dot is not installed")
	}
	for name, s := range map[string]string{"family": written(t, Dot, drawn()),
		"hostile": written(t, Dot, hostileGraph()), "empty": written(t, Dot, &graph.Graph{})} {
		cmd := exec.Command(tool, "-Tsvg")
		cmd.Stdin = strings.NewReader(s)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil || errs.Len() > 0 {
			t.Errorf("%s: %v: %s", name, err, errs.String())
		}
		if name == "family" && (!strings.Contains(out.String(), "Doc A") || strings.Count(out.String(), "<g id=\"clust") != 3) { // the legend is one
			t.Errorf("family: no label or not two clusters")
		}
		if err := xml.Unmarshal(out.Bytes(), new(any)); err != nil && name != "hostile" {
			t.Errorf("%s: svg: %v", name, err)
		}
	}
}

func TestDotLeavesOut(t *testing.T) {
	short := written(t, Dot, drawn())
	if strings.Contains(short, "libSystem") || strings.Contains(short, "pkg:npm") {
		t.Error("system libraries or packages are drawn")
	}
	if !strings.Contains(short, "system libraries and packages left out") || !strings.Contains(written(t, GraphJSON, drawn()), "libSystem") {
		t.Error("what is left out is not said, or missing in the other forms")
	}
	if strings.Index(short, `label="F", tooltip="image:`) < strings.LastIndex(short, "subgraph cluster_n") {
		t.Error("the shared image lies in a cluster")
	}
}

type graphmlFile struct {
	Keys []struct {
		ID   string `xml:"id,attr"`
		For  string `xml:"for,attr"`
		Type string `xml:"attr.type,attr"`
	} `xml:"key"`
	Nodes []struct {
		ID   string `xml:"id,attr"`
		Data []struct {
			Key   string `xml:"key,attr"`
			Value string `xml:",chardata"`
		} `xml:"data"`
	} `xml:"graph>node"`
	Edges []struct {
		ID     string `xml:"id,attr"`
		Source string `xml:"source,attr"`
		Target string `xml:"target,attr"`
		Data   []struct {
			Key string `xml:"key,attr"`
		} `xml:"data"`
	} `xml:"graph>edge"`
}

// TestGraphML checks what a reader relies on: keys are declared for what they
// are used on, ids are unique, both ends of an edge exist.
func TestGraphML(t *testing.T) {
	for name, g := range map[string]*graph.Graph{"family": drawn(), "hostile": hostileGraph(), "empty": {}} {
		s := written(t, GraphML, g)
		var f graphmlFile
		if err := xml.Unmarshal([]byte(s), &f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		keys, nodes, ids := map[string]string{}, map[string]bool{}, map[string]bool{}
		for _, k := range f.Keys {
			if keys[k.ID] != "" {
				t.Errorf("%s: key %s twice", name, k.ID)
			}
			keys[k.ID] = k.For
		}
		for _, n := range f.Nodes {
			if nodes[n.ID] {
				t.Errorf("%s: node %s twice", name, n.ID)
			}
			nodes[n.ID] = true
			for _, d := range n.Data {
				if keys[d.Key] != "node" {
					t.Errorf("%s: key %s of a node is declared for %q", name, d.Key, keys[d.Key])
				}
				if d.Key == "id" {
					ids[d.Value] = true
				}
			}
		}
		for _, e := range f.Edges {
			if !nodes[e.Source] || !nodes[e.Target] {
				t.Errorf("%s: edge %s has no node at an end", name, e.ID)
			}
			for _, d := range e.Data {
				if keys[d.Key] != "edge" {
					t.Errorf("%s: key %s of an edge is declared for %q", name, d.Key, keys[d.Key])
				}
			}
		}
		if len(f.Nodes) != len(g.Nodes) || len(f.Edges) != len(g.Edges) || len(ids) != len(g.Nodes) {
			t.Errorf("%s: %d nodes, %d edges, %d ids", name, len(f.Nodes), len(f.Edges), len(ids))
		}
		if tool, err := exec.LookPath("xmllint"); err == nil {
			cmd := exec.Command(tool, "--noout", "--nonet", "-")
			cmd.Stdin = strings.NewReader(s)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: xmllint: %v: %s", name, err, out)
			}
		}
	}
	broken := drawn()
	broken.Edges[0].To = "image:none"
	if err := GraphML(io.Discard, broken); err == nil {
		t.Error("an edge without an end is accepted")
	}
}

func TestGraphJSON(t *testing.T) {
	g := drawn()
	var back jsonGraph
	if err := json.Unmarshal([]byte(written(t, GraphJSON, g)), &back); err != nil {
		t.Fatal(err)
	}
	if back.Schema != GraphSchema || len(back.Nodes) != len(g.Nodes) || len(back.Edges) != len(g.Edges) {
		t.Errorf("%s, %d nodes, %d edges", back.Schema, len(back.Nodes), len(back.Edges))
	}
	if e := back.Edges[6]; e.Load != "weak" || len(e.Symbols) != 2 || e.Product != dg("a") {
		t.Errorf("%+v", e)
	}
	if s := written(t, GraphJSON, &graph.Graph{}); !strings.Contains(s, `"nodes": []`) {
		t.Errorf("an empty graph is %s", s)
	}
}

// A name alone is no finding, and is not drawn as one.
func TestMentionIsDrawnApart(t *testing.T) {
	g := drawn()
	draw := func(grade sbom.Grade) string {
		for i := range g.Edges {
			if g.Edges[i].Kind == graph.EdgeHas {
				g.Edges[i].Method = string(grade)
			}
		}
		var b bytes.Buffer
		if err := Dot(&b, g); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const word = `label="mentions"`
	if m, l := draw(sbom.GradeMentions), draw(sbom.GradeLikely); !strings.Contains(m, word) || strings.Contains(l, word) || strings.Count(l, "color=red3") != strings.Count(m, "color=red3")+2 {
		t.Error("a mention is drawn like a tag of grade likely")
	}
}

// Whole images, code that was linked in, and background of both do not look
// alike, and the legend has each that is drawn and no other.
func TestLibrariesAreDrawnApart(t *testing.T) {
	g, styles := &graph.Graph{}, map[string]bool{}
	for i, kind := range []string{kindDynamic, kindStatic} {
		for k, background := range []string{"false", "true"} {
			n := graph.Node{ID: "library:" + string(dg(kind+background)), Kind: graph.NodeLibrary, Label: fmt.Sprint(i, k), Attrs: map[string]string{"kind": kind, "background": background}}
			g.Nodes = append(g.Nodes, n)
			styles[nodeStyle(&n, true)] = true
		}
	}
	if len(styles) != 4 {
		t.Errorf("%d ways to draw 4 sorts of libraries", len(styles))
	}
	s := written(t, Dot, g)
	for style := range styles {
		if strings.Count(s, style) != 2 {
			t.Errorf("%s is drawn %d times, want once and in the legend", style, strings.Count(s, style))
		}
	}
	if strings.Contains(s, `label="product"`) || strings.Contains(s, `label="loads"`) {
		t.Error("the legend explains what is not drawn")
	}
}

// The legend has a sample of every sort of node and edge, and Graphviz 2.43 fails
// on edges that take no part in the layout.
func TestLegendIsComplete(t *testing.T) {
	s := written(t, Dot, drawn())
	_, legend, ok := strings.Cut(s, "cluster_legend")
	if !ok || strings.Contains(s, "constraint=") {
		t.Error("no legend, or an edge outside the layout")
	}
	for _, want := range []string{"product", "bundle", "image of one product", "image in several products", "shared library: a whole image", "code unit", "capability",
		"reference that leads nowhere", "contains", "loads", "calls", "launches", "opens", "same as", "code has a capability"} {
		if !strings.Contains(legend, "label="+quoteDot(want)) {
			t.Errorf("the legend lacks %q", want)
		}
	}
}
