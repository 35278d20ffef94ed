package library

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/kinship"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// copies makes a store of images whose functions have the marks given; 0 is a
// function that the image lacks.
func copies(arch []string, marks ...[]int) *static {
	s := &static{g: &graph.Graph{}, files: map[sbom.Digest][]sbom.Digest{}, nouns: map[sbom.Digest]*sbom.Image{}}
	for i, l := range marks {
		set := &fingerprint.Set{Image: digest(fmt.Sprint("image", i)), Arch: arch[i]}
		for k, m := range l {
			set.Append(fingerprint.Function{Address: uint64(k) * 64, Size: 64, Instructions: 16, Full: fingerprint.Mark(m)}, nil, nil)
		}
		s.images = append(s.images, kinship.Image{Digest: set.Image, Arch: set.Arch, Products: []uint32{uint32(i)},
			Set: func() (*fingerprint.Set, error) { return set, nil }})
		s.digest, s.ids = append(s.digest, set.Image), append(s.ids, digest(fmt.Sprint("product", i)))
		s.files[set.Image], s.nouns[set.Image] = []sbom.Digest{set.Image}, &sbom.Image{Digest: set.Image, Type: "execute"}
	}
	return s
}

// lineageOf makes a lineage whose member k is function k of the images that have
// it; builds are those of the images.
func lineageOf(builds []int, marks ...[]int) *kinship.Lineage {
	l := &kinship.Lineage{Background: -1}
	for k := range marks[0] {
		var m kinship.Member
		for i := range marks {
			if marks[i][k] != 0 {
				m.Units = append(m.Units, kinship.Unit{Image: uint32(i), Function: uint32(k), How: kinship.Exact})
			}
		}
		l.Members = append(l.Members, m)
	}
	for i := range marks {
		n := 0
		for _, m := range marks[i] {
			if m != 0 {
				n++
			}
		}
		l.Copies = append(l.Copies, kinship.Copy{Image: uint32(i), Build: builds[i], Units: n, Exact: n})
	}
	return l
}

// Two versions, of which one has two functions more, and a third build of which
// every mark differs: shares in both directions.
func TestBuilds(t *testing.T) {
	marks := [][]int{{1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 3, 4, 15, 16, 0, 0}, {21, 22, 23, 24, 25, 26, 0, 0}, {1, 2, 0, 0, 0, 0, 0, 0}}
	builds := []int{0, 0, 1, 2, 3}
	s := copies([]string{"arm64", "arm64", "arm64", "x86_64", "arm64"}, marks...)
	l := lineageOf(builds, marks...)
	b := newBackdrop(nil)
	lib, ok := s.library(l, s.describe([]*kinship.Lineage{l}, b)[0], b)
	if !ok || len(lib.Builds) != 4 {
		t.Fatalf("%v: %+v", ok, lib.Builds)
	}
	if d := cmp.Diff([]BuildTie{{1, RungUnits, .75, .5, SameSource}, {2, RungUnits, .75, 0, SameSource}, {3, RungUnits, .25, .25, Identical}}, lib.Builds[0].Ties); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]BuildTie{{0, RungUnits, 1, 4. / 6, SameSource}, {2, RungUnits, 1, 0, SameSource}, {3, RungUnits, 2. / 6, 2. / 6, Identical}}, lib.Builds[1].Ties); d != "" {
		t.Error(d)
	}
	if x := lib.Builds[2]; x.Arch != "x86_64" || x.Functions != 6 || len(lib.Builds[0].Images) != 2 {
		t.Errorf("%+v", lib.Builds)
	}
	g := &graph.Graph{}
	var nodes []graph.Node
	for _, d := range lib.Images {
		nodes = append(nodes, graph.Node{ID: graph.ImageNode(d), Kind: graph.NodeImage, Label: "x"})
	}
	g.Add(nodes, nil)
	addStatic(g, []Library{lib})
	scores := map[[2]string]float64{}
	for _, e := range g.Edges {
		if e.Kind == graph.EdgeSameAs {
			scores[[2]string{e.From, e.To}] = e.Score
		}
	}
	x, y := buildNode(&lib, 0), buildNode(&lib, 1)
	if len(scores) != 12 || scores[[2]string{x, y}] != .75 || scores[[2]string{y, x}] != 1 {
		t.Errorf("same-as edges %v", scores)
	}
}

// A library of one build has no ties, and one copy with its text and no function
// is no build, no carrier, and told with its share.
func TestAlike(t *testing.T) {
	marks := [][]int{{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}, {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}}
	s := copies([]string{"arm64", "arm64", "arm64", "arm64"}, marks...)
	l := lineageOf([]int{0, 0, -1, -1}, marks...)
	l.Copies[2].Text, l.Copies[3].Text = .9, kinship.Measured().Similar-.01
	b := newBackdrop(nil)
	lib, ok := s.library(l, s.describe([]*kinship.Lineage{l}, b)[0], b)
	if !ok || len(lib.Builds) != 1 || len(lib.Builds[0].Ties) != 0 || slices.Contains(lib.Products, s.ids[2]) {
		t.Errorf("%v: %+v", ok, lib)
	}
	if d := cmp.Diff([]Copy{{Image: s.digest[2], Word: Similar, Text: .9}}, lib.Alike); d != "" {
		t.Error(d)
	}
}

// Similar evidence ties libraries from both sides, each with its own share;
// background is left out.
func TestTieSimilar(t *testing.T) {
	libs := []Library{{ID: "library:a"}, {ID: "library:b"}, {ID: "library:c", Background: true}}
	of := map[int][]int{0: {0}, 1: {1}, 2: {2}}
	tieSimilar(libs, of, &kinship.Result{Similar: []kinship.Similar{{A: 0, B: 1, TextA: 1, TextB: .4}, {A: 0, B: 2, TextA: 1, TextB: 1}, {A: 1, B: 7}}})
	if d := cmp.Diff([]SameAs{{"library:b", RungEvidence, Similar, 1}}, libs[0].SameAs); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]SameAs{{"library:a", RungEvidence, Similar, .4}}, libs[1].SameAs); d != "" || libs[2].SameAs != nil {
		t.Error(d, libs[2].SameAs)
	}
}

// Two libraries with the same sixteen rarest marks are two, and what is alone
// keeps its id.
func TestDistinct(t *testing.T) {
	libs := []Library{{ID: "library:x", Units: []Unit{{"i", 1}}}, {ID: "library:x", Units: []Unit{{"i", 2}}}, {ID: "library:y"}}
	distinct(libs)
	if libs[0].ID == libs[1].ID || libs[0].ID == "library:x" || libs[2].ID != "library:y" {
		t.Errorf("%v", libs)
	}
}

// However many libraries an image has, it is decoded once for all of them.
func TestDescribeDecodesOnce(t *testing.T) {
	marks := [][]int{{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}}
	s := copies([]string{"arm64", "arm64"}, marks...)
	decoded := 0
	for i := range s.images {
		set := s.images[i].Set
		s.images[i].Set = func() (*fingerprint.Set, error) { decoded++; return set() }
	}
	var list []*kinship.Lineage
	for k := range 6 {
		l := lineageOf([]int{0, 0}, marks...)
		l.Members = l.Members[k : k+1]
		list = append(list, l)
	}
	b := newBackdrop(nil)
	together := s.describe(list, b)
	if decoded != 2 {
		t.Errorf("%d times for 2 images", decoded)
	}
	for k, l := range list {
		alone := s.describe([]*kinship.Lineage{l}, b)[0]
		if d := cmp.Diff(alone.members, together[k].members); d != "" || !slices.Equal(alone.marks, together[k].marks) || !slices.Equal(alone.units, together[k].units) {
			t.Errorf("library %d is another when it is described alone: %s", k, d)
		}
	}
}

func TestBatches(t *testing.T) {
	of := func(units ...int) []kinship.Lineage {
		var l []kinship.Lineage
		for _, n := range units {
			l = append(l, kinship.Lineage{Copies: []kinship.Copy{{Units: n}}})
		}
		return l
	}
	if got := batches(of(5, batchUnits, 7, batchUnits-7, 1)); !slices.Equal(got, [][2]int{{0, 2}, {2, 4}, {4, 5}}) {
		t.Error(got)
	}
	if got := batches(nil); got != nil {
		t.Error(got)
	}
}
