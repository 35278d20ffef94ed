package reach

import (
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// maxSupers is how far superclasses are followed.
const maxSupers = 32

// edges lists the steps of all functions that do not depend on what else runs.
func (r *Reach) edges() {
	n := int(r.base[len(r.codes)])
	r.from = make([]int32, 1, n+1)
	a := &adder{r: r, seen: make([]int32, n)}
	for i, c := range r.codes {
		if c == nil {
			continue
		}
		for f := range c.set.Functions {
			a.function(int32(i), c, f)
			r.from = append(r.from, int32(len(r.edge)))
		}
	}
	r.into = make([]int32, n+1)
	for _, e := range r.edge {
		r.into[e.to+1]++
	}
	for i := range n {
		r.into[i+1] += r.into[i]
	}
	r.back = make([]int32, len(r.edge))
	next := slices.Clone(r.into)
	for u := range int32(n) {
		for _, e := range r.out(u) {
			r.back[next[e.to]] = u
			next[e.to]++
		}
	}
}

func (r *Reach) out(n int32) []edge      { return r.edge[r.from[n]:r.from[n+1]] }
func (r *Reach) callers(n int32) []int32 { return r.back[r.into[n]:r.into[n+1]] }

// adder adds the edges of one function after the other.
type adder struct {
	r         *Reach
	seen      []int32 // 1 + the node that had an edge to it last
	node      int32
	selectors []uint64 // that it sends, rising
	found     []bool   // by selector: a class up to here implements it
	level     []bool   // of those, the ones found at this level
}

func (a *adder) add(to int32, v via) {
	if to != a.node && a.seen[to] != a.node+1 {
		a.seen[to] = a.node + 1
		a.r.edge = append(a.r.edge, edge{to, v})
	}
}

func (a *adder) function(image int32, c *code, f int) {
	base := a.r.base[image]
	a.node = base + int32(f)
	calls := c.set.CallsOf(f)
	for _, k := range calls {
		if k.Kind == fingerprint.CallDirect {
			a.add(base+int32(k.Callee), viaDirect)
		}
	}
	for _, k := range calls {
		if k.Kind != fingerprint.CallDirect {
			a.add(base+int32(k.Callee), viaAddress)
		}
	}
	for _, b := range c.blocks[uint32(f)] {
		a.add(base+int32(b), viaBlock)
	}
	if b := a.r.bound[image]; b != nil {
		c.features(f, fingerprint.FeatureImport, func(x *fingerprint.Feature) {
			for _, to := range b[x.Hash] {
				a.add(to, viaBound)
			}
		})
	}
	a.selectors = a.selectors[:0]
	c.features(f, fingerprint.FeatureSelector, func(x *fingerprint.Feature) { a.selectors = append(a.selectors, x.Hash) })
	if makesObjects(c, f, a.selectors) {
		if i, ok := slices.BinarySearch(a.selectors, initSelector); !ok {
			a.selectors = slices.Insert(a.selectors, i, initSelector)
		}
	}
	if len(a.selectors) == 0 {
		return
	}
	c.features(f, fingerprint.FeatureClass, func(x *fingerprint.Feature) { a.send(image, x.Hash, viaNamed) })
	if c.own != nil && c.own[f] > 0 {
		a.send(image, c.classes[c.own[f]-1].name, viaOwn)
	}
}

var (
	newSelector  = fingerprint.FeatureHash(fingerprint.FeatureSelector, "new")
	initSelector = fingerprint.FeatureHash(fingerprint.FeatureSelector, "init")
)

// births are imports of the run time that send init to a new object of a class:
// compilers call them in place of the messages.
var births = [...]uint64{
	fingerprint.FeatureHash(fingerprint.FeatureImport, "objc_opt_new"),
	fingerprint.FeatureHash(fingerprint.FeatureImport, "objc_alloc_init"),
}

// makesObjects reports whether a function that sends some selectors has init sent,
// without naming it: by the message new, which is answered so, or by the run time.
func makesObjects(c *code, f int, selectors []uint64) bool {
	_, made := slices.BinarySearch(selectors, newSelector)
	c.features(f, fingerprint.FeatureImport, func(x *fingerprint.Feature) { made = made || slices.Contains(births[:], x.Hash) })
	return made
}

// send adds what the selectors of the function lead to in a class and, where it
// has none, in those above it.
func (a *adder) send(image int32, name uint64, v via) {
	if a.r.work -= int64(len(a.selectors)); a.r.work < 0 {
		a.r.cut = true
		return
	}
	a.found = append(a.found[:0], make([]bool, len(a.selectors))...)
	for range maxSupers {
		list := a.r.classes(image, name)
		if len(list) == 0 {
			return
		}
		a.level = append(a.level[:0], make([]bool, len(a.selectors))...)
		super := uint64(0)
		for _, at := range list {
			k := &a.r.codes[at.image].classes[at.class]
			if k.super != 0 {
				super = k.super
			}
			a.match(a.r.base[at.image], k, v)
		}
		for i := range a.level {
			a.found[i] = a.found[i] || a.level[i]
		}
		if super == 0 || super == name {
			return
		}
		name = super
	}
}

// match finds the selectors among the methods of a class. Both lists rise: the
// shorter one is looked up in the longer one.
func (a *adder) match(base int32, k *class, v via) {
	take := func(i, m int) {
		to := base + int32(k.methods[m].function)
		if !a.found[i] && to != a.node { // a message of an override to itself is one to super
			a.level[i] = true
			a.add(to, v)
		}
	}
	if a.r.work -= int64(min(len(a.selectors), len(k.methods)) + 1); a.r.work < 0 {
		a.r.cut = true
		return
	}
	if len(a.selectors) <= len(k.methods) {
		for i, s := range a.selectors {
			m, ok := slices.BinarySearchFunc(k.methods, s, bySelector)
			for ; ok && m < len(k.methods) && k.methods[m].selector == s; m++ {
				take(i, m)
			}
		}
		return
	}
	for m := range k.methods {
		if i, ok := slices.BinarySearch(a.selectors, k.methods[m].selector); ok {
			take(i, m)
		}
	}
}

func bySelector(m method, s uint64) int {
	switch {
	case m.selector < s:
		return -1
	case m.selector > s:
		return 1
	}
	return 0
}

// classes are the classes and categories of a name in the group of an image.
func (r *Reach) classes(image int32, name uint64) []classAt {
	return r.names[groupName{r.group[image], name}]
}
