package kinship

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/graph/forest"
)

// result puts strains, links and adopted units together.
func (c *collector) result() *Result {
	c.gather()
	out := &Result{Gaps: c.f.unread}
	at := map[uint32]int{} // by strain: its lineage
	for n := range c.units {
		if l, ok := c.lineage(n); ok {
			at[uint32(n)] = len(out.Lineages)
			out.Lineages = append(out.Lineages, l)
		}
	}
	out.Similar = c.similar(at)
	out.sort()
	return out
}

func compareUnits(a, b Unit) int {
	return cmp.Or(cmp.Compare(a.Image, b.Image), cmp.Compare(a.Function, b.Function))
}

// collector numbers members: twins first, then units that only links name.
type collector struct {
	f       *family
	k       *stock
	t       forest.Forest[uint32] // of members
	extra   map[uint32]uint32     // unit without a twin -> member
	how     map[uint32]How        // and what ties it
	s       forest.Forest[uint32] // of strains, linked ones behind the others
	units   [][]owned             // by strain
	telling []map[uint32]bool     // by image: long functions with literals, of small strains
	spots   []map[uint32][2]spot  // by image: places of functions whose mark is repeated
}

// owned is a unit with its member.
type owned struct {
	member uint32
	Unit
}

func (c *collector) member(unit uint32) uint32 {
	if w := c.f.twin[unit]; w > 0 {
		return w - 1
	}
	m, ok := c.extra[unit]
	if !ok {
		m = uint32(len(c.t))
		c.t = append(c.t, m)
		c.extra[unit] = m
	}
	return m
}

// gather joins members by the links and lists the units of each strain.
func (c *collector) gather() {
	f, k := c.f, c.k
	c.t = forest.New[uint32](len(f.twins))
	c.s = forest.New[uint32](len(k.strains) + len(k.linked))
	strain := map[uint32]uint32{} // member that is no twin -> strain
	bind := func(l link, n uint32) {
		for _, u := range []uint32{l.a, l.b} {
			m := c.member(u)
			if int(m) < len(f.twins) {
				continue
			}
			if old, ok := strain[m]; ok && n >= uint32(len(k.strains)) {
				c.s.Join(old, n)
			} else if !ok {
				strain[m] = n
			}
			if c.how[u] == 0 || l.how < c.how[u] {
				c.how[u] = l.how
			}
		}
		c.t.Join(c.member(l.a), c.member(l.b))
	}
	for _, l := range k.extra {
		bind(l, l.strain)
	}
	for i, p := range k.linked {
		for _, l := range p.links {
			bind(l, uint32(len(k.strains)+i))
		}
	}
	repeated := f.repeats()
	c.spots = make([]map[uint32][2]spot, len(f.images))
	each(len(f.images), func(i int) { c.spots[i] = f.spots(i, repeated) })
	c.units = make([][]owned, len(c.s))
	for i := range f.images {
		adopted := f.adopt(uint32(i), k)
		for fn, w := range f.twin[f.base[i]:f.base[i+1]] {
			u := f.base[i] + uint32(fn)
			if w > 0 {
				n := c.s.Root(adopted[fn])
				c.units[n] = append(c.units[n], owned{c.t.Root(w - 1), Unit{uint32(i), uint32(fn), Exact}})
			} else if m, ok := c.extra[u]; ok {
				n := c.s.Root(strain[m])
				c.units[n] = append(c.units[n], owned{c.t.Root(m), Unit{uint32(i), uint32(fn), c.how[u]}})
			}
		}
	}
}

// enough is how many twins a strain needs to stand by itself.
func (f *family) enough(s *strain) bool { return float64(s.twins) >= f.t.Functions }

// adopt gives the strain of each function of an image that has a twin. A twin
// of a strain that is too small to stand by itself, such as a function that two
// libraries have alike, goes with its neighbours in this image.
func (f *family) adopt(image uint32, k *stock) []uint32 {
	units := f.twin[f.base[image]:f.base[image+1]]
	out := make([]uint32, len(units))
	const nobody = ^uint32(0)
	before := make([]uint32, len(units))
	last, far := nobody, 0
	for i, w := range units {
		if far++; far > int(f.t.Gap)+1 {
			last = nobody
		}
		before[i] = last
		if w > 0 {
			out[i] = k.of[w-1]
			if f.enough(&k.strains[out[i]]) {
				last, far = out[i], 0
			}
		}
	}
	last, far = nobody, 0
	for i := len(units) - 1; i >= 0; i-- {
		if far++; far > int(f.t.Gap)+1 {
			last = nobody
		}
		if units[i] == 0 {
			continue
		}
		if f.enough(&k.strains[k.of[units[i]-1]]) {
			last, far = k.of[units[i]-1], 0
			continue
		}
		tiny := k.strains[k.of[units[i]-1]].twins <= few // with a neighbour on one side: the end of a library
		switch {
		case last != nobody && (last == before[i] || before[i] == nobody && tiny):
			out[i] = last
		case last == nobody && before[i] != nobody && tiny:
			out[i] = before[i]
		}
	}
	return out
}

// lineage makes one lineage of a strain's units; ok is false when it is too
// little to say anything.
func (c *collector) lineage(n int) (Lineage, bool) {
	units := c.units[n]
	if len(units) == 0 {
		return Lineage{}, false
	}
	units = byMember(units)
	l := Lineage{Background: -1}
	if n < len(c.k.strains) {
		l.Background = int(c.k.strains[n].background)
	}
	marks := 0 // of members: one mark at many places of an image is one thing to say
	for at := 0; at < len(units); {
		before := len(l.Members)
		end := at + 1
		for end < len(units) && units[end].member == units[at].member {
			end++
		}
		groups := [][]owned{units[at:end]}
		if twice(groups[0]) {
			groups = apart(groups[0], c.spots)
		}
		for _, g := range groups {
			if !c.f.shared(g) {
				continue
			}
			m := Member{Units: make([]Unit, 0, len(g))}
			for _, u := range g {
				m.Units = append(m.Units, u.Unit)
			}
			l.Members = append(l.Members, m)
		}
		if len(l.Members) > before {
			marks++
		}
		at = end
	}
	if float64(marks) < c.f.t.Functions && !c.tells(l.Members) {
		return Lineage{}, false
	}
	c.copies(&l, n)
	order(&l)
	return l, true
}

// A single function says something from this many instructions on, when it
// refers to this many literals.
const (
	longAlone     = 32
	literalsAlone = 2
)

// telling says of the functions in strains that are too small to stand by
// themselves which are long and refer to literals: one of those is more than
// chance. It looks at each image once.
func (c *collector) findTelling() {
	f := c.f
	c.telling = make([]map[uint32]bool, len(f.images))
	f.shelf.each(func(_ *desk, i int, code *code) {
		out := map[uint32]bool{}
		x := &c.k.index[i]
		for _, n := range x.strains {
			if f.enough(&c.k.strains[n]) {
				continue
			}
			for _, fn := range x.of(n) {
				if code.functions[fn].instructions >= longAlone && code.literals(fn) >= literalsAlone {
					out[fn] = true
				}
			}
		}
		c.telling[i] = out
	})
}

// tells reports whether one of the members is more than chance by itself: it is
// long and refers to literals.
func (c *collector) tells(l []Member) bool {
	for i := range l {
		if u := l[i].Units[0]; c.telling[u.Image][u.Function] {
			return true
		}
	}
	return false
}

// byMember sorts units, which are sorted by image and function, by their member.
func byMember(units []owned) []owned {
	keys := make([]uint64, len(units))
	for i, u := range units {
		keys[i] = uint64(u.member)<<32 | uint64(i)
	}
	slices.Sort(keys)
	out := make([]owned, len(units))
	for i, k := range keys {
		out[i] = units[uint32(k)]
	}
	return out
}

// twice reports whether sorted units have two of one image.
func twice(units []owned) bool {
	for i := 1; i < len(units); i++ {
		if units[i].Image == units[i-1].Image {
			return true
		}
	}
	return false
}

// shared reports whether units lie in images of two products or more.
func (f *family) shared(units []owned) bool {
	first := f.images[units[0].Image].Products
	for _, u := range units {
		p := f.images[u.Image].Products
		if len(p) != len(first) || p[0] != first[0] {
			return true
		}
	}
	return len(first) > 1 && units[0].Image != units[len(units)-1].Image
}

// copies counts the units of each image.
func (c *collector) copies(l *Lineage, n int) {
	at := map[uint32]int{}
	for _, m := range l.Members {
		last := -1
		for _, u := range m.Units {
			i, ok := at[u.Image]
			if !ok {
				i = len(l.Copies)
				at[u.Image] = i
				l.Copies = append(l.Copies, Copy{Image: u.Image, Build: -1})
			}
			if int(u.Image) == last {
				continue
			}
			last = int(u.Image)
			l.Copies[i].Units++
			if u.How == Exact {
				l.Copies[i].Exact++
			}
		}
	}
	builds := 0
	if n < len(c.k.strains) {
		s := &c.k.strains[n]
		for i, im := range s.images {
			if j, ok := at[im]; ok {
				l.Copies[j].Build = c.k.builds[n][i]
				builds = max(builds, c.k.builds[n][i]+1)
			}
		}
		for _, g := range s.guests {
			j, ok := at[g.image]
			if !ok {
				j = len(l.Copies)
				at[g.image] = j
				l.Copies = append(l.Copies, Copy{Image: g.image, Build: -1})
			}
			l.Copies[j].Text = max(l.Copies[j].Text, g.text)
		}
	}
	slices.SortFunc(l.Copies, func(a, b Copy) int { return cmp.Compare(a.Image, b.Image) })
	for i := range l.Copies { // what no build has is one of its own
		if l.Copies[i].Build < 0 && l.Copies[i].Units > 0 {
			l.Copies[i].Build = builds
			builds++
		}
	}
}

// order sorts the members as they lie in the fullest copy; those that it lacks
// come behind, by their first unit.
func order(l *Lineage) {
	full := l.Copies[0]
	for _, c := range l.Copies {
		if c.Units > full.Units {
			full = c
		}
	}
	place := func(m *Member) uint32 {
		for _, u := range m.Units {
			if u.Image == full.Image {
				return u.Function
			}
		}
		return ^uint32(0)
	}
	slices.SortStableFunc(l.Members, func(a, b Member) int {
		return cmp.Or(cmp.Compare(place(&a), place(&b)), compareUnits(a.Units[0], b.Units[0]))
	})
}
