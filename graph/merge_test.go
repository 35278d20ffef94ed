package graph

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// TestMergeInAnyOrder gives three things with one key in all orders.
func TestMergeInAnyOrder(t *testing.T) {
	edges := []Edge{
		{From: "a", To: "b", Kind: EdgeLaunches, Method: "a string", Soft: true, Seen: true, Symbols: []string{"_b"}, Outside: true},
		{From: "a", To: "b", Kind: EdgeLaunches, Method: "structure", Load: sbom.LoadWeak, Symbols: []string{"_a", "_b"}, Outside: true},
		{From: "a", To: "b", Kind: EdgeLaunches, Method: "structure 2", Load: sbom.LoadRegular},
	}
	nodes := []Node{
		{ID: "n", Label: "b", Attrs: map[string]string{"k": "2", "l": "x"}},
		{ID: "n", Label: "a", Attrs: map[string]string{"k": "1"}},
		{ID: "n"},
	}
	wantEdge := []Edge{{From: "a", To: "b", Kind: EdgeLaunches, Method: "structure", Load: sbom.LoadRegular, Seen: true, Symbols: []string{"_a", "_b"}}}
	wantNode := []Node{{ID: "n", Label: "a", Attrs: map[string]string{"k": "1", "l": "x"}}}
	for _, o := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		var es []Edge
		var ns []Node
		for _, i := range o {
			es, ns = append(es, edges[i]), append(ns, nodes[i])
		}
		if d := cmp.Diff(wantEdge, mergeEdges(es)); d != "" {
			t.Errorf("edges in order %v: %s", o, d)
		}
		if d := cmp.Diff(wantNode, mergeNodes(ns)); d != "" {
			t.Errorf("nodes in order %v: %s", o, d)
		}
	}
	if !slices.Equal(edges[1].Symbols, []string{"_a", "_b"}) || nodes[0].Attrs["k"] != "2" {
		t.Error("the input was changed")
	}
}
