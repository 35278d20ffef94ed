package forest

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever the order of joining, the root is the smallest member, and groups are
// numbered in the order of their roots.
func TestForest(t *testing.T) {
	joins := [][2]int{{7, 3}, {3, 9}, {5, 6}, {6, 5}, {1, 4}}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		rng.Shuffle(len(joins), func(a, b int) { joins[a], joins[b] = joins[b], joins[a] })
		f, joined := New[int](10), 0
		for _, j := range joins {
			if f.Join(j[0], j[1]) {
				joined++
			}
		}
		if joined != 4 {
			t.Errorf("%v: %d joins", joins, joined)
		}
		var roots []int
		for i := range f {
			roots = append(roots, f.Root(i))
		}
		if want := []int{0, 1, 2, 3, 1, 5, 5, 3, 8, 3}; !slices.Equal(roots, want) {
			t.Errorf("%v: roots %v, want %v", joins, roots, want)
		}
		if got, want := f.Number(), []int{0, 1, 2, 3, 1, 4, 4, 3, 5, 3}; !slices.Equal(got, want) {
			t.Errorf("%v: numbers %v, want %v", joins, got, want)
		}
	}
}

// A position that is appended as its own parent is a group of its own.
func TestAppended(t *testing.T) {
	f := New[uint32](2)
	f = append(f, 2)
	if f.Root(2) != 2 || !f.Join(2, 1) || f.Root(2) != 1 || f.Join(1, 2) {
		t.Errorf("%v", f)
	}
}
