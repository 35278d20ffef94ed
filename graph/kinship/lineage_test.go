package kinship

import (
	"fmt"
	"slices"
	"testing"
)

func mine(i int) []source { return library(fmt.Sprint("own", i), 60, .5) }

// callingPair is a library and another one that it calls.
func callingPair() (a, b []source) {
	a, b = library("a", 30, .5), library("b", 12, .5)
	a[3].calls = append(a[3].calls, b[4].name)
	return a, b
}

// Two products of one build carry a library and another that it calls; what the
// other build shows, that one goes without the other, keeps them apart.
func TestCallsWaitForTheOtherBuild(t *testing.T) {
	a, b := callingPair()
	r := found(numbered(
		build("0", "", slices.Concat(a, mine(0), b)),
		build("1", "", slices.Concat(b, mine(1), a)),
		build("2", "other", slices.Concat(a, mine(2), b)),
		build("3", "other", slices.Concat(b, mine(3), a)),
		build("4", "other", slices.Concat(mine(4), b)),
	))
	if len(r.Lineages) != 2 {
		t.Fatal(shape(r))
	}
	for _, l := range r.Lineages {
		want := 30
		if len(l.Copies) == 5 {
			want = 12
		}
		if n := len(l.Members); n < want-2 || n > want+2 { // what lies at the end of a library may be taken for its
			t.Error(shape(r))
		}
	}
}

// What the same products carry in every build, and what calls the other, is one
// library as far as anybody can tell.
func TestCallsOfTheSameProducts(t *testing.T) {
	a, b := callingPair()
	for _, o := range []Options{{Thresholds: Measured()}, {Thresholds: Measured(), Exact: true}} {
		r := Find(numbered(build("0", "", slices.Concat(a, mine(0), b)), build("1", "", slices.Concat(b, mine(1), a))), o)
		check(t, r, "42 in [0 1]")
	}
	a[3].calls = a[3].calls[:len(a[3].calls)-1]
	r := found(numbered(build("0", "", slices.Concat(a, mine(0), b)), build("1", "", slices.Concat(b, mine(1), a))))
	if len(r.Lineages) != 2 {
		t.Error(shape(r))
	}
}

// One mark at many places of an image says no more than at one.
func TestRepeatsAreNoLibrary(t *testing.T) {
	l := library("x", 2, 0)
	l = []source{l[0], l[1], l[1], l[1], l[1], l[1], l[1]}
	r := found(numbered(build("0", "", slices.Concat(mine(0), l)), build("1", "", slices.Concat(l, mine(1))), build("2", "", slices.Concat(mine(2), l))))
	check(t, r)
}

// Another version has changed every second function of a small library: in its
// image the changed ones are no twins, and do not say that the rest is alone.
func TestSmallLibraryHalfChanged(t *testing.T) {
	a := library("a", 7, 0)
	next := slices.Clone(a)
	for _, i := range []int{2, 3, 4, 6} {
		next[i].name += " of the next version"
	}
	r := found(numbered(
		build("0", "", slices.Concat(mine(0), a)),
		build("1", "", slices.Concat(a, mine(1))),
		build("2", "", slices.Concat(mine(2)[:30], a, mine(2)[30:])),
		build("3", "", slices.Concat(mine(3)[:30], next, mine(3)[30:])),
	))
	check(t, r, "7 in [0 1 2 3]")
}

// A library without text is found in another build although it does not lie in
// the fullest copy of any library that text ties.
func TestTextlessBesideLesserCopies(t *testing.T) {
	a, b, c := library("a", 60, .5), library("b", 40, 0), library("c", 30, .5)
	list := func(toolchain string, from int) []Image {
		name := func(i int) string { return fmt.Sprint(from + i) }
		return []Image{
			build(name(0), toolchain, slices.Concat(mine(from), a, c)),
			build(name(1), toolchain, slices.Concat(a, mine(from+1), c)),
			build(name(2), toolchain, slices.Concat(mine(from+2), a[:55], b, c[:27])),
			build(name(3), toolchain, slices.Concat(a[:55], b, c[:27], mine(from+3))),
		}
	}
	r := found(numbered(slices.Concat(list("", 0), list("other", 4))...))
	for _, l := range shape(r) {
		if l == "40 in [2 3 6 7]" {
			return
		}
	}
	t.Error(shape(r))
}
