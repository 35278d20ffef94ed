package kinship

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// mixedFamily makes a family in which much is left to a choice between equals: copies
// that lack functions, four toolchains, any link order.
func mixedFamily(seed uint64) []Image {
	r := rand.New(rand.NewPCG(seed, 3))
	var libs [][]source
	for i := range 6 {
		libs = append(libs, library(fmt.Sprint("l", i, ".", seed), 5+r.IntN(50), .4))
	}
	var out []Image
	for i := range 8 {
		var l []source
		for _, k := range r.Perm(len(libs)) {
			for _, f := range libs[k] {
				if k%2 == i%2 && r.IntN(10) > 1 {
					l = append(l, f)
				}
			}
		}
		l = append(l, library(fmt.Sprint("own", i, seed), 30, .4)...)
		out = append(out, build(fmt.Sprint(i, "-", seed), []string{"", "", "other", "third"}[r.IntN(4)], l))
	}
	broken := build("broken", "", library("broken", 9, 0))
	broken.Marks = func() ([]fingerprint.Function, error) { return nil, errors.New("gone") }
	return numbered(append(out, broken)...)
}

// The result does not depend on the order of the images, nor on the number of
// processors.
func TestOrderOfImages(t *testing.T) {
	for seed := range uint64(8) {
		list := mixedFamily(seed)
		want := found(list)
		if len(want.Lineages) == 0 || len(want.Gaps) != 1 {
			t.Fatalf("seed %d: %d lineages, %d gaps", seed, len(want.Lineages), len(want.Gaps))
		}
		before := runtime.GOMAXPROCS(1)
		alone := found(list)
		runtime.GOMAXPROCS(before)
		if d := cmp.Diff(want.Lineages, alone.Lineages); d != "" {
			t.Errorf("seed %d: one processor gives something else: %s", seed, d)
		}
		r := rand.New(rand.NewPCG(seed, 4))
		for range 3 {
			l, back := slices.Clone(list), make([]uint32, len(list))
			for i, n := range r.Perm(len(list)) {
				l[i], back[i] = list[n], uint32(n)
			}
			got := found(l)
			got.renumber(back)
			if d := cmp.Diff(want.Lineages, got.Lineages); d != "" {
				t.Fatalf("seed %d: another order gives something else: %s", seed, d)
			}
			if d := cmp.Diff(want.Similar, got.Similar); d != "" {
				t.Errorf("seed %d: another order gives other similar evidence: %s", seed, d)
			}
			if got.Gaps[0].Image != want.Gaps[0].Image {
				t.Errorf("seed %d: the gap is of image %d, not %d", seed, got.Gaps[0].Image, want.Gaps[0].Image)
			}
		}
	}
}

// Background is asked about the images as they were given.
func TestBackgroundIsAskedInTheOrderGiven(t *testing.T) {
	list := mixedFamily(1)
	slices.Reverse(list)
	Find(list, Options{Thresholds: Measured(), Background: func(image int, f *fingerprint.Function) (int, bool) {
		s, _ := list[image].Set()
		if i, ok := slices.BinarySearchFunc(s.Functions, f.Address, func(x fingerprint.Function, a uint64) int { return int(x.Address) - int(a) }); !ok || s.Functions[i].Full != f.Full {
			t.Fatalf("function %x is none of image %d", f.Address, image)
		}
		return 0, false
	}})
}
