package kinship

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/graph/forest"
)

// An image can hold one mark several times: functions that are alike but for
// what they call, and plain repeats in the source. Which of them is which in
// another copy is told by their place: the nearest neighbour before or behind
// them whose mark is there once, and how many of the same mark lie between.

// place is where one of several equal functions lies in its image.
type spot struct {
	neighbour uint32 // twin that the image has once
	behind    bool   // the neighbour lies behind it
	nth       uint32 // so many of the same mark lie between
}

// repeats says of each twin whether some image holds it twice.
func (f *family) repeats() []bool {
	out := make([]bool, len(f.twins))
	last := make([]int, len(f.twins)) // image + 1 that has it
	for i := range f.images {
		for _, w := range f.twin[f.base[i]:f.base[i+1]] {
			if w == 0 {
				continue
			}
			if last[w-1] == i+1 {
				out[w-1] = true
			}
			last[w-1] = i + 1
		}
	}
	return out
}

// spots lists, for each function of an image whose twin is repeated somewhere,
// its place before and behind.
func (f *family) spots(image int, repeated []bool) map[uint32][2]spot {
	units := f.twin[f.base[image]:f.base[image+1]]
	out := map[uint32][2]spot{}
	walk := func(order func(func(i int)), side int) {
		neighbour, since := uint32(0), map[uint32]uint32{}
		order(func(i int) {
			w := units[i]
			switch {
			case w == 0:
			case !repeated[w-1]:
				neighbour = w
				clear(since)
			default:
				s := out[uint32(i)]
				s[side] = spot{neighbour, side == 1, since[w]}
				since[w]++
				out[uint32(i)] = s
			}
		})
	}
	walk(func(do func(int)) {
		for i := range units {
			do(i)
		}
	}, 0)
	walk(func(do func(int)) {
		for i := len(units) - 1; i >= 0; i-- {
			do(i)
		}
	}, 1)
	return out
}

// apart splits the units of one repeated twin into members: at most one unit of
// an image each, as far as their places tell. units are sorted.
func apart(units []owned, spots []map[uint32][2]spot) [][]owned {
	at := map[spot][]int{}
	for i, u := range units {
		s := spots[u.Image][u.Function]
		for _, p := range s {
			if p.neighbour > 0 {
				at[p] = append(at[p], i)
			}
		}
	}
	keys := make([]spot, 0, len(at))
	for p := range at {
		keys = append(keys, p)
	}
	slices.SortFunc(keys, func(a, b spot) int {
		return cmp.Or(-cmp.Compare(len(at[a]), len(at[b])), cmp.Compare(a.neighbour, b.neighbour), cmp.Compare(a.nth, b.nth), compareBool(a.behind, b.behind))
	})
	t := forest.New[uint32](len(units))
	has := make([]map[uint32]bool, len(units)) // by root: images in its tree
	for i, u := range units {
		has[i] = map[uint32]bool{u.Image: true}
	}
	for _, p := range keys {
		for _, i := range at[p][1:] {
			a, b := t.Root(uint32(at[p][0])), t.Root(uint32(i))
			if a == b || overlap(has[a], has[b]) {
				continue
			}
			t.Join(a, b)
			r := t.Root(a)
			for im := range has[a+b-r] {
				has[r][im] = true
			}
		}
	}
	var out [][]owned
	index := map[uint32]int{}
	for i, u := range units {
		r := t.Root(uint32(i))
		n, ok := index[r]
		if !ok {
			n = len(out)
			index[r] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], u)
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func overlap(a, b map[uint32]bool) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	for k := range a {
		if b[k] {
			return true
		}
	}
	return false
}
