package kinship

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// inOrderOfSet compares features as a Set has them sorted.
func inOrderOfSet(a, b fingerprint.Feature) int {
	return compareFeatures(&feature{kind: a.Kind, hash: a.Hash}, &feature{kind: b.Kind, hash: b.Hash})
}

func hashOf(parts ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, parts...)
	return h.Sum64()
}

// source is one function as somebody wrote it.
type source struct {
	name     string
	features []string
	calls    []string
	size     uint32
}

// library makes n functions that call some of each other; share of them refers
// to text of its own.
func library(name string, n int, text float64) []source {
	r := rand.New(rand.NewPCG(hashOf(name), 1))
	var out []source
	for i := range n {
		f := source{name: fmt.Sprintf("%s_%d", name, i), size: uint32(10 + r.IntN(200))}
		if r.Float64() < text {
			for k := range 1 + r.IntN(3) {
				f.features = append(f.features, fmt.Sprintf("%s text %d.%d", name, i, k))
			}
		}
		if r.IntN(3) == 0 {
			f.features = append(f.features, fmt.Sprintf("import %d", r.IntN(20)))
		}
		for range r.IntN(3) {
			f.calls = append(f.calls, fmt.Sprintf("%s_%d", name, r.IntN(n)))
		}
		out = append(out, f)
	}
	return out
}

// build links functions into an image. The toolchain changes marks and sizes, as
// another compiler does; version changes the marks of some functions.
func build(name, toolchain string, functions []source) Image {
	s := &fingerprint.Set{Image: sbom.DigestOf([]byte(name)), Arch: "arm64"}
	index := map[string]int{}
	feature := map[string]uint32{}
	var texts []string
	for i, f := range functions {
		index[f.name] = i
		for _, t := range f.features {
			if !slices.Contains(texts, t) {
				texts = append(texts, t)
			}
		}
	}
	for _, t := range texts {
		s.Features = append(s.Features, fingerprint.Feature{Kind: fingerprint.FeatureString, Hash: hashOf(t)})
	}
	slices.SortFunc(s.Features, inOrderOfSet)
	for _, t := range texts {
		i, _ := slices.BinarySearchFunc(s.Features, hashOf(t), func(f fingerprint.Feature, h uint64) int {
			return inOrderOfSet(f, fingerprint.Feature{Kind: fingerprint.FeatureString, Hash: h})
		})
		feature[t] = uint32(i)
	}
	for i, f := range functions {
		var uses []uint32
		for _, t := range f.features {
			uses = append(uses, feature[t])
		}
		slices.Sort(uses)
		var calls []fingerprint.Call
		for _, c := range f.calls {
			if k, ok := index[c]; ok && k != i {
				calls = append(calls, fingerprint.Call{Callee: uint32(k), Kind: fingerprint.CallDirect})
			}
		}
		size := f.size
		if toolchain != "" {
			size += uint32(hashOf(f.name, toolchain) % uint64(1+f.size/3))
		}
		mark := fingerprint.Mark(hashOf(f.name, f.features, toolchain))
		s.Append(fingerprint.Function{Address: uint64(i) * 4096, Size: 4 * size, Instructions: size, Shape: mark, Full: mark}, slices.Compact(uses), calls)
	}
	return Image{Digest: s.Image, Arch: s.Arch, Set: func() (*fingerprint.Set, error) { return s, nil },
		Marks: func() ([]fingerprint.Function, error) { return s.Functions, nil }}
}

// family numbers the products: one for each image.
func numbered(images ...Image) []Image {
	for i := range images {
		images[i].Products = []uint32{uint32(i)}
	}
	return images
}

func found(images []Image) *Result { return Find(images, Options{Thresholds: Measured()}) }

// shape is a lineage in short: members, and images of its copies.
func shape(r *Result) []string {
	var out []string
	for _, l := range r.Lineages {
		var im []uint32
		for _, c := range l.Copies {
			im = append(im, c.Image)
		}
		out = append(out, fmt.Sprint(len(l.Members), " in ", im))
	}
	return out
}

func check(t *testing.T, r *Result, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, shape(r)); d != "" {
		t.Error(d)
	}
}

// Two libraries in different subsets of the products, in any link order, are two lineages.
func TestTwoLibraries(t *testing.T) {
	a, b := library("a", 40, .5), library("b", 25, .5)
	own := func(i int) []source { return library(fmt.Sprint("own", i), 60, .5) }
	r := found(numbered(
		build("0", "", slices.Concat(own(0), a, b)),
		build("1", "", slices.Concat(b, own(1), a)),
		build("2", "", slices.Concat(own(2)[:30], a, own(2)[30:])),
		build("3", "", slices.Concat(own(3))),
	))
	check(t, r, "40 in [0 1 2]", "25 in [0 1]")
	for _, m := range r.Lineages[0].Members {
		if len(m.Units) != 3 || m.Units[0].How != Exact {
			t.Fatalf("member %+v", m)
		}
	}
}

// A copy that lacks functions belongs to the fuller copy.
func TestDeadStripped(t *testing.T) {
	a := library("a", 60, .5)
	r := rand.New(rand.NewPCG(1, 1))
	some := func() []source {
		var out []source
		for _, f := range a {
			if r.IntN(10) < 8 {
				out = append(out, f)
			}
		}
		return out
	}
	var list []Image
	for i := range 4 {
		list = append(list, build(fmt.Sprint(i), "", slices.Concat(library(fmt.Sprint("own", i), 50, .5), some())))
	}
	got := found(numbered(list...))
	members := 0
	for _, l := range got.Lineages {
		members += len(l.Members)
		if len(l.Copies) < 3 {
			t.Error(shape(got))
		}
	}
	if members < 55 || len(got.Lineages) > 2 { // the few at its end may stay apart
		t.Error(shape(got))
	}
}

// Another compiler changes every mark: text, place and calls tie the library.
func TestOtherCompiler(t *testing.T) {
	a, b := library("a", 60, .5), library("b", 30, .4)
	r := found(numbered(
		build("0", "", slices.Concat(library("own0", 50, .5), a)),
		build("1", "", slices.Concat(a, library("own1", 50, .5), b)),
		build("2", "other", slices.Concat(library("own2", 50, .5), a, b)),
		build("3", "other", slices.Concat(library("own3", 50, .5), a)),
		build("4", "third", slices.Concat(library("own4", 50, .5), a, library("own5", 20, .5))),
	))
	if len(r.Lineages) != 2 {
		t.Fatal(shape(r))
	}
	if d := cmp.Diff([]string{"60 in [0 1 2 3 4]", "30 in [1 2]"}, shape(r)); d != "" {
		t.Error(d)
	}
}

// Nothing is found between products that share nothing.
func TestStrangers(t *testing.T) {
	r := found(numbered(build("0", "", library("x", 80, .5)), build("1", "", library("y", 80, .5)), build("2", "o", library("z", 80, .5))))
	if len(r.Lineages) != 0 {
		t.Error(shape(r))
	}
}
