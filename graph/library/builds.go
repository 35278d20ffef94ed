package library

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/kinship"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Build is one build of a static library: copies of it with equal marks, or that
// lack some. Another version, compiler, level or architecture is another build.
type Build struct {
	Number    int           // as in Copy.Build
	Arch      string        // of its fullest copy
	Images    []sbom.Digest // that hold it, sorted
	Functions int           // of the library that its fullest copy has
	Ties      []BuildTie    // to other builds, by number
}

// BuildTie is a same-as tie of two builds of one library, in one direction.
type BuildTie struct {
	Build int     // the other one
	Rung  Rung    // always RungUnits
	Score float64 // share of the first build's functions that the other has too, by whatever sign
	Exact float64 // share that the other has with an equal mark
	Word  Word    // IDENTICAL when every function of the smaller one has an equal mark in the other
}

// builds lists the builds of a lineage and ties each pair of them; beyond
// allPairs builds each is tied to the fullest alone. It compares fullest copies:
// functions that only one product has are no part of a lineage, so the shares are
// of shared code.
func (s *static) builds(l *kinship.Lineage, n *described) []Build {
	var out []Build
	fullest := map[uint32]int{} // image -> build
	units := map[int]kinship.Copy{}
	for _, c := range l.Copies {
		if c.Units == 0 {
			continue
		}
		if old, ok := units[c.Build]; !ok || c.Units > old.Units {
			units[c.Build] = c
		}
	}
	for number, c := range units {
		fullest[c.Image] = number
		out = append(out, Build{Number: number, Arch: s.images[c.Image].Arch, Functions: c.Units})
	}
	slices.SortFunc(out, func(a, b Build) int { return cmp.Compare(a.Number, b.Number) })
	at := map[int]int{}
	for i := range out {
		at[out[i].Number] = i
	}
	for _, c := range l.Copies {
		if c.Units > 0 {
			b := &out[at[c.Build]]
			b.Images = append(b.Images, s.digest[c.Image])
		}
	}
	marks := make([]map[int]fingerprint.Mark, len(out)) // by build: member -> mark in its fullest copy
	for i := range marks {
		marks[i] = map[int]fingerprint.Mark{}
	}
	for m := range l.Members {
		for k, u := range l.Members[m].Units {
			if number, ok := fullest[u.Image]; ok {
				marks[at[number]][m] = n.markAt[m][k]
			}
		}
	}
	for i := range out {
		slices.Sort(out[i].Images)
		for k := i + 1; k < len(out) && (i == 0 || len(out) <= allPairs); k++ {
			tieBuilds(&out[i], &out[k], marks[i], marks[k])
		}
	}
	return out
}

func tieBuilds(a, b *Build, x, y map[int]fingerprint.Mark) {
	common, equal := 0, 0
	for m, mark := range x {
		if other, ok := y[m]; ok {
			common++
			if mark == other {
				equal++
			}
		}
	}
	if common == 0 {
		return
	}
	word := SameSource
	if equal == min(len(x), len(y)) {
		word = Identical
	}
	share := func(n int, of map[int]fingerprint.Mark) float64 { return float64(n) / float64(max(len(of), 1)) }
	a.Ties = append(a.Ties, BuildTie{b.Number, RungUnits, share(common, x), share(equal, x), word})
	b.Ties = append(b.Ties, BuildTie{a.Number, RungUnits, share(common, y), share(equal, y), word})
}

// alike lists the images that have some of a library's text and none of its
// functions: similar evidence, and no carriers.
func (s *static) alike(l *kinship.Lineage) []Copy {
	var out []Copy
	least := kinship.Measured().Similar
	for _, c := range l.Copies {
		if c.Units == 0 && c.Text >= least {
			out = append(out, Copy{Image: s.digest[c.Image], Word: Similar, Text: c.Text})
		}
	}
	slices.SortFunc(out, func(a, b Copy) int { return strings.Compare(string(a.Image), string(b.Image)) })
	return out
}

// tieSimilar ties libraries that only talk of the same things, on both sides. of
// gives the places of a lineage's libraries in the list. Background is left out:
// much talks of it.
func tieSimilar(libs []Library, of map[int][]int, r *kinship.Result) {
	for _, k := range r.Similar {
		for _, i := range of[k.A] {
			for _, j := range of[k.B] {
				a, b := &libs[i], &libs[j]
				if a.Background || b.Background {
					continue
				}
				a.SameAs = append(a.SameAs, SameAs{Library: b.ID, Rung: RungEvidence, Word: Similar, Score: k.TextA})
				b.SameAs = append(b.SameAs, SameAs{Library: a.ID, Rung: RungEvidence, Word: Similar, Score: k.TextB})
			}
		}
	}
	for i := range libs {
		slices.SortFunc(libs[i].SameAs, func(a, b SameAs) int { return strings.Compare(a.Library, b.Library) })
	}
}

// distinct gives libraries whose rarest marks are the same ids of all that they
// hold: two that differ in nothing but their commoner functions are two.
func distinct(libs []Library) {
	count := map[string]int{}
	for i := range libs {
		count[libs[i].ID]++
	}
	for i := range libs {
		l := &libs[i]
		if count[l.ID] < 2 {
			continue
		}
		var all []string
		for _, u := range l.Units { // no unit is of two libraries
			all = append(all, string(u.Image)+" "+strconv.FormatUint(u.Address, 16))
		}
		l.ID = "library:" + string(sbom.DigestOfList(all))
	}
}

// addTies adds what builds and similar evidence say to the graph. A build of a
// library that has several is a node of its own, held by the images that have it,
// with same-as edges in both directions: their score is the share of common code
// units of the build that the edge leaves.
func addTies(l *Library) (nodes []graph.Node, edges []graph.Edge) {
	for _, s := range l.SameAs {
		if s.Score > 0 {
			edges = append(edges, graph.Edge{From: l.ID, To: s.Library, Kind: graph.EdgeSameAs, Method: method(s.Word, s.Rung), Score: s.Score})
		}
	}
	if len(l.Builds) < 2 || l.Kind != KindStatic {
		return nil, edges
	}
	for _, b := range l.Builds {
		nodes = append(nodes, graph.Node{ID: buildNode(l, b.Number), Kind: graph.NodeLibrary, Label: fmt.Sprintf("%s, build %d", l.Name, b.Number), Attrs: map[string]string{
			"kind": "build", "of": l.ID, "background": strconv.FormatBool(l.Background), "arch": b.Arch, "functions": strconv.Itoa(b.Functions)}})
		for _, d := range b.Images {
			edges = append(edges, graph.Edge{From: graph.ImageNode(d), To: buildNode(l, b.Number), Kind: graph.EdgeContains, Method: fmt.Sprintf("build %d", b.Number)})
		}
		for _, t := range b.Ties {
			edges = append(edges, graph.Edge{From: buildNode(l, b.Number), To: buildNode(l, t.Build), Kind: graph.EdgeSameAs, Method: method(t.Word, t.Rung), Score: t.Score})
		}
	}
	return nodes, edges
}

func buildNode(l *Library, number int) string { return fmt.Sprintf("%s/build/%d", l.ID, number) }

func method(w Word, r Rung) string { return string(w) + ": " + string(r) }
