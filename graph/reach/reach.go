package reach

import (
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Reach is what the entry points of one program lead to. Its nodes are the
// functions of all images whose code is known, image by image.
type Reach struct {
	p      *Program
	codes  []*code // by image; nil: not known
	image  map[sbom.Digest]int32
	base   []int32 // first node of an image, and one past the last
	group  []int32 // images that ties join, in whatever direction: the number of the first of them
	loaded []bool  // an image that the system or the user starts loads it
	opened []bool  // at run time
	blind  []bool  // by group: the code of an image that is loaded is not known, or where it begins
	makes  []bool  // by group: objects are made whose class nothing names that is known
	nibs   []bool  // by group: all such objects are of nibs, and all nibs were read
	bound  []map[uint64][]int32
	names  map[groupName][]classAt
	only   map[groupName]sole

	work int64   // what is left to look at for messages
	cut  bool    // it did not suffice
	from []int32 // edges that leave node n are edges[from[n]:from[n+1]]
	edge []edge
	back []int32 // the same the other way
	into []int32

	// of the search
	parent  []int32 // node that led to it; -1 none
	how     []via   // viaNone: not reached
	order   []int32 // nodes in the order in which they were reached
	unseen  []bool  // a method that objects of nibs may be sent, and what such methods lead to
	used    map[groupName]bool
	waiting map[groupName][]call
	asked   map[groupName]bool
	inUse   map[tableAt]bool
	doubted map[tableAt]bool   // what is not reached may use it
	tied    map[groupName]bool // by image: names that ties lead to
}

// groupName is a class or selector in a group of images.
type groupName struct {
	group int32
	name  uint64
}

// classAt is a class of an image.
type classAt struct{ image, class int32 }

// sole is what implements a selector.
type sole struct {
	class uint64 // the only one
	many  bool
	at    []int32
}

type edge struct {
	to  int32
	via via
}

// call is a step that may be taken later.
type call struct{ from, to int32 }

// Solve says what the entry points of a program lead to.
func (l *Loader) Solve(p *Program) *Reach {
	n := len(p.Images)
	r := &Reach{p: p, codes: make([]*code, n), image: map[sbom.Digest]int32{}, base: make([]int32, n+1), names: map[groupName][]classAt{}, only: map[groupName]sole{}}
	total := 0
	for i := range p.Images {
		r.image[p.Images[i].Digest] = int32(i)
		if c := l.code(p.Images[i].Digest); c != nil && total+len(c.set.Functions) <= maxFunctions {
			r.codes[i] = c
			total += len(c.set.Functions)
			r.work += int64(len(c.set.Functions) + len(c.set.Uses) + len(c.set.Calls))
		}
		r.base[i+1] = int32(total)
	}
	r.work = 64*r.work + 1<<20
	r.join()
	r.load()
	r.bind()
	r.index()
	r.edges()
	r.search()
	return r
}

// join finds the groups: images that ties join, over launches too.
func (r *Reach) join() {
	r.group = make([]int32, len(r.p.Images))
	for i := range r.group {
		r.group[i] = int32(i)
	}
	root := func(i int32) int32 {
		for r.group[i] != i {
			r.group[i] = r.group[r.group[i]]
			i = r.group[i]
		}
		return i
	}
	for _, t := range r.p.Ties {
		if r.within(t) {
			a, b := root(int32(t.From)), root(int32(t.To))
			r.group[max(a, b)] = min(a, b)
		}
	}
	for i := range r.group {
		r.group[i] = root(int32(i))
	}
}

func (r *Reach) within(t Tie) bool {
	n := len(r.p.Images)
	return t.From >= 0 && t.From < n && t.To >= 0 && t.To < n
}

// load finds what is loaded with an entry image, and what at run time.
func (r *Reach) load() {
	n := len(r.p.Images)
	r.loaded, r.opened, r.blind, r.makes, r.nibs = make([]bool, n), make([]bool, n), make([]bool, n), make([]bool, n), make([]bool, n)
	out := make([][]int32, n)
	for i, t := range r.p.Ties {
		if r.within(t) && t.Kind != sbom.LinkLaunches {
			out[t.From] = append(out[t.From], int32(i))
		}
	}
	var queue []int32
	for i := range r.p.Images {
		if r.p.Images[i].Entry {
			r.loaded[i] = true
			queue = append(queue, int32(i))
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, k := range out[queue[0]] {
			t := &r.p.Ties[k]
			r.opened[t.To] = r.opened[t.To] || t.Kind == sbom.LinkOpens
			if !r.loaded[t.To] {
				r.loaded[t.To] = true
				queue = append(queue, int32(t.To))
			}
		}
	}
	for i, c := range r.codes {
		g := r.group[i]
		r.blind[g] = r.blind[g] || r.loaded[i] && (c == nil || r.p.Images[i].Entry && !c.begins())
		r.makes[g] = r.makes[g] || c != nil && (c.makes || c.nibs && !r.p.Images[i].Nib.Known)
		r.nibs[g] = r.nibs[g] || c != nil && c.nibs
	}
	for g := range r.nibs {
		r.nibs[g] = r.nibs[g] && !r.makes[g]
	}
}

// bind maps the names that an image imports to the functions that they lead to.
func (r *Reach) bind() {
	r.bound = make([]map[uint64][]int32, len(r.codes))
	r.tied = map[groupName]bool{}
	for i, c := range r.codes {
		if c != nil {
			r.bindOwn(int32(i), c)
		}
	}
	for _, t := range r.p.Ties {
		if !r.within(t) || t.Kind == sbom.LinkLaunches || r.codes[t.From] == nil || r.codes[t.To] == nil {
			continue
		}
		for _, s := range t.Symbols {
			if len(s) > 0 && s[0] == '_' {
				s = s[1:]
			}
			r.tied[groupName{int32(t.To), fingerprint.FeatureHash(fingerprint.FeatureImport, s)}] = true
			f := r.codes[t.To].byName(s)
			if f < 0 {
				continue
			}
			if r.bound[t.From] == nil {
				r.bound[t.From] = map[uint64][]int32{}
			}
			h := fingerprint.FeatureHash(fingerprint.FeatureImport, s)
			if to := r.base[t.To] + f; !slices.Contains(r.bound[t.From][h], to) && len(r.bound[t.From][h]) < maxBound {
				r.bound[t.From][h] = append(r.bound[t.From][h], to)
			}
		}
	}
}

// bindOwn binds the names that an image imports and exports itself: functions
// that another image may replace, as templates and inline functions of C++ are.
func (r *Reach) bindOwn(i int32, c *code) {
	exported := map[uint32]bool{}
	for _, x := range c.set.Roots {
		if x.Kind == fingerprint.RootExport {
			exported[x.Function] = true
		}
	}
	for k := range c.set.Features {
		if x := &c.set.Features[k]; x.Kind == fingerprint.FeatureImport && x.Text != "" {
			if f := c.byName(x.Text); f >= 0 && exported[uint32(f)] {
				if r.bound[i] == nil {
					r.bound[i] = map[uint64][]int32{}
				}
				r.bound[i][x.Hash] = append(r.bound[i][x.Hash], r.base[i]+f)
			}
		}
	}
}

// maxBound is how many images one imported name may lead to.
const maxBound = 16

// index lists the classes by name, and what implements each selector.
func (r *Reach) index() {
	for i, c := range r.codes {
		if c == nil {
			continue
		}
		g := r.group[i]
		for k := range c.classes {
			class := &c.classes[k]
			key := groupName{g, class.name}
			r.names[key] = append(r.names[key], classAt{int32(i), int32(k)})
			for _, m := range class.methods {
				r.implement(groupName{g, m.selector}, class.name, r.base[i]+int32(m.function))
			}
		}
	}
}

func (r *Reach) implement(key groupName, class uint64, node int32) {
	s, ok := r.only[key]
	switch {
	case !ok:
		r.only[key] = sole{class: class, at: []int32{node}}
	case s.many:
	case s.class != class:
		r.only[key] = sole{many: true}
	case len(s.at) < maxBound:
		s.at = append(s.at, node)
		r.only[key] = s
	}
}

// of is the image of a node.
func (r *Reach) of(node int32) int32 {
	i, ok := slices.BinarySearch(r.base, node)
	if !ok {
		return int32(i - 1)
	}
	for r.base[i+1] == node { // images without code have no nodes
		i++
	}
	return int32(i)
}

func (r *Reach) function(node int32) (*code, int) {
	i := r.of(node)
	return r.codes[i], int(node - r.base[i])
}

// node is the node of a unit, or -1.
func (r *Reach) node(u Unit) int32 {
	i, ok := r.image[u.Image]
	if !ok || r.codes[i] == nil {
		return -1
	}
	f := r.codes[i].at(u.Address)
	if f < 0 {
		return -1
	}
	return r.base[i] + f
}

// Known reports whether the calls that could lead to a unit are known: its own
// code, that of all images that are loaded with it, and an entry; and no method
// leads to it that an object may be sent whose class no code names (of a nib).
// Then, and only then, a unit that is not reached is dormant.
func (r *Reach) Known(u Unit) bool {
	n := r.node(u)
	if n < 0 || r.cut {
		return false
	}
	g := r.group[r.of(n)]
	if r.blind[g] || r.unseen[n] {
		return false
	}
	for i := range r.codes {
		if r.group[i] == g && r.p.Images[i].Entry && r.codes[i] != nil {
			return true
		}
	}
	return false
}

// Runs reports whether an entry point leads to a unit.
func (r *Reach) Runs(u Unit) bool {
	n := r.node(u)
	return n >= 0 && r.how[n] != viaNone
}

// Path is the way from an entry point to a unit, or nil: with as few steps as
// there can be among those that do not go too far, where there are such.
func (r *Reach) Path(u Unit) []Step {
	n := r.node(u)
	if n < 0 || r.how[n] == viaNone {
		return nil
	}
	var out []Step
	for ; n >= 0; n = r.parent[n] {
		out = append(out, r.step(n, r.how[n]))
	}
	slices.Reverse(out)
	return out
}

func (r *Reach) step(n int32, v via) Step {
	c, f := r.function(n)
	at := &c.set.Functions[f]
	return Step{Unit: Unit{c.set.Image, at.Address}, Name: at.Name, How: v.String(), Over: v >= viaOnly}
}
