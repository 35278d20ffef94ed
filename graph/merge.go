package graph

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// mergeNodes sorts by id and makes one node of those with the same id. Of two
// labels or values of an attribute the smaller stays, so that the order in
// which they came does not matter.
func mergeNodes(list []Node) []Node {
	slices.SortFunc(list, func(a, b Node) int { return strings.Compare(a.ID, b.ID) })
	out := list[:0]
	for i := range list {
		if n := len(out); n > 0 && out[n-1].ID == list[i].ID {
			out[n-1] = joinNodes(out[n-1], list[i])
			continue
		}
		out = append(out, list[i])
	}
	clear(list[len(out):])
	return out
}

func joinNodes(a, b Node) Node {
	a.Label = smaller(a.Label, b.Label)
	if maps.Equal(a.Attrs, b.Attrs) {
		return a
	}
	attrs := maps.Clone(a.Attrs)
	if attrs == nil {
		attrs = map[string]string{}
	}
	for k, v := range b.Attrs {
		attrs[k] = smaller(attrs[k], v)
	}
	a.Attrs = attrs
	return a
}

// smaller is the smaller of two texts of which "" is none.
func smaller(a, b string) string {
	if a == "" || (b != "" && b < a) {
		return b
	}
	return a
}

// mergeEdges sorts and makes one edge of those with the same key. What is
// surer wins: not soft over soft, seen over not seen; names are united.
func mergeEdges(list []Edge) []Edge {
	slices.SortFunc(list, func(a, b Edge) int { return compareEdges(&a, &b) })
	out := list[:0]
	for i := range list {
		if n := len(out); n > 0 && compareEdges(&out[n-1], &list[i]) == 0 {
			out[n-1] = joinEdges(out[n-1], list[i])
			continue
		}
		out = append(out, list[i])
	}
	clear(list[len(out):])
	return out
}

func joinEdges(a, b Edge) Edge {
	switch {
	case a.Soft != b.Soft:
		if a.Soft {
			a.Method = b.Method
		}
		a.Soft = false
	default:
		a.Method = smaller(a.Method, b.Method)
	}
	if c := cmp.Compare(loadRank(a.Load), loadRank(b.Load)); c > 0 || (c == 0 && b.Load < a.Load) {
		a.Load = b.Load
	}
	a.Seen = a.Seen || b.Seen
	a.Outside = a.Outside && b.Outside
	a.Score = max(a.Score, b.Score)
	if !slices.Equal(a.Symbols, b.Symbols) {
		a.Symbols = slices.Concat(a.Symbols, b.Symbols)
		slices.Sort(a.Symbols)
		a.Symbols = slices.Compact(a.Symbols)
	}
	return a
}

// loadRank orders load kinds by how firmly they bind: of two references by one
// name the firmest is kept.
func loadRank(k sbom.LoadKind) int {
	switch k {
	case sbom.LoadRegular:
		return 0
	case sbom.LoadReexport:
		return 1
	case sbom.LoadUpward:
		return 2
	case sbom.LoadWeak:
		return 3
	case sbom.LoadLazy:
		return 4
	}
	return 5
}
