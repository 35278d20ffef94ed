// Package forest joins positions of a list into groups: a union-find.
//
// The root of a group is its smallest member, so that what comes of joining does
// not depend on the order in which it was done.
package forest

// Forest says of each position which one it was joined to. Positions may be
// appended: one that is its own parent is a group of its own.
type Forest[N int | uint32] []N

// New makes a forest of n positions, each a group of its own.
func New[N int | uint32](n int) Forest[N] {
	f := make(Forest[N], n)
	for i := range f {
		f[i] = N(i)
	}
	return f
}

// Root is the smallest member of the group of i.
func (f Forest[N]) Root(i N) N {
	for f[i] != i {
		f[i] = f[f[i]]
		i = f[i]
	}
	return i
}

// Join makes one group of two. It reports whether they were apart before.
func (f Forest[N]) Join(a, b N) bool {
	a, b = f.Root(a), f.Root(b)
	f[max(a, b)] = min(a, b)
	return a != b
}

// Number gives each group a number, in the order of the roots, and says of each
// position which one it is in.
func (f Forest[N]) Number() []N {
	out := make([]N, len(f))
	n := N(0)
	for i := range f {
		if r := f.Root(N(i)); int(r) < i {
			out[i] = out[r]
			continue
		}
		out[i] = n
		n++
	}
	return out
}
