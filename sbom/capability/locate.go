package capability

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// Part is a code unit of an image: a function, with what it refers to.
type Part struct {
	Address uint64
	Mark    string         // full mark
	Facts   []int          // facts of the image that it refers to, sorted, each once
	Uses    map[int]string // by fact: what it does with it; without an entry, what the fact says
	Callees []int          // parts that it calls directly
	Class   int            // number of the class whose method it is, from 1 on; 0: none
}

// Cut says that a fact is bytes [From, To) of the value of another fact of the
// same kind.
type Cut struct{ Fact, From, To int }

// Limits of where tags are put.
const (
	// maxPlaces is how many code units of one image may have one rule's tag.
	// What is in more of them is everywhere: the tag stays with the image.
	maxPlaces = 256
	// maxDispatch is how many functions one may call and still be looked at
	// together with them when it refers to nothing itself: a function that
	// calls everything ties nothing to each other.
	maxDispatch = 48
	// maxRefers is how many facts a function may refer to and still tie them. In
	// an image without symbols and without a list of function starts, what lies
	// between two exported names is one stretch of code: no function at all.
	maxRefers = 512
)

func sortedSpans(l []Span) []Span {
	slices.SortFunc(l, func(a, b Span) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return slices.Compact(l)
}

// Locate finds the code units in which the tags of an image start, and what they
// prove. A unit is looked at with what it refers to itself; then together with
// what its direct callees refer to; then the methods of its class together. The
// first of these that gives the strongest grade is the scope of its tag. A unit
// is left out where it only calls one that has the tag itself.
//
// A rule that lists scopes in code is judged at those, and there its condition
// of shown gives shown; one that lists none is located with likely at most. A
// rule that lists scopes in code alone is judged without a tag of the image.
//
// A tag of the image is replaced by those of its units when they say as much:
// the same grade or a stronger one, and all its stores. Otherwise it stays
// beside them. Units never name a store that the image does not: one that
// belongs to a browser engine there is none of theirs. Flags are those of the
// image. A tag that only mentions stays with the image, unless a unit proves
// what the image as a whole does not.
//
// The last facts of the unit may be cut out of others, as many as there are
// cuts: what was cut is searched once, however often the parts overlap.
func (s *Set) Locate(u *sbom.Unit, tags []sbom.Tag, parts []Part, file sbom.Digest, sliceOffset int64, cuts ...Cut) []sbom.Tag {
	x := s.index(u, parts, cuts)
	var out []sbom.Tag
	place := func(r *rule, t sbom.Tag, off uint64) []sbom.Tag {
		l := locator{index: x, r: r, tag: t, off: off, file: file, slice: sliceOffset}
		return l.units()
	}
	tags = slices.Clone(tags)
	lacking := s.withoutNeeds(u, tags)
	for at, t := range tags {
		i := slices.IndexFunc(s.rules, func(r *rule) bool { return r.ID == t.Rule })
		if i < 0 || lacking[at] || !s.rules[i].startsInCode(t) {
			out = append(out, t)
			continue
		}
		found := place(s.rules[i], t, others(s.rules[i], t.Stores))
		if !covers(t, found) {
			out = append(out, t)
		}
		if len(found) <= maxPlaces {
			out = append(out, found...)
		}
	}
	for _, r := range x.codeRules() {
		t := sbom.Tag{Capability: r.Capability, Image: u.Image, Rule: r.ID, RulesDigest: s.digest}
		if found := place(r, t, ownedBy(r, x.engines)); len(found) <= maxPlaces {
			out = append(out, found...)
		}
	}
	sbom.SortTags(out)
	return out
}

// withoutNeeds lowers the tags of an image whose rules need something besides
// that the image does not have: it is known all that its functions call, so what
// is not there is not merely unseen. It says which tags these are.
func (s *Set) withoutNeeds(u *sbom.Unit, tags []sbom.Tag) []bool {
	var st *state
	lacking := make([]bool, len(tags))
	for i := range tags {
		t := &tags[i]
		n := slices.IndexFunc(s.rules, func(r *rule) bool { return r.ID == t.Rule })
		if n < 0 || s.rules[n].needs == nil {
			continue
		}
		if st == nil {
			st = s.newState(u.Facts)
			m := s.newMatches(u.Facts)
			for f := range u.Facts {
				m.fact(f)
			}
			st.load(m.hits)
		}
		v := view{st: st, stores: s.rules[n].Stores}
		if ok, _ := v.eval(s.rules[n].needs, -1); !ok {
			t.Grade, lacking[i] = sbom.GradeMentions, true
		}
	}
	return lacking
}

// Locatable reports whether Locate may say more of an image than these tags do.
func (s *Set) Locatable(tags []sbom.Tag) bool {
	code := slices.ContainsFunc(s.rules, func(r *rule) bool { return !r.looksAt(sbom.ScopeImage) && r.inCode() })
	return code || slices.ContainsFunc(tags, func(t sbom.Tag) bool {
		i := slices.IndexFunc(s.rules, func(r *rule) bool { return r.ID == t.Rule })
		return i >= 0 && s.rules[i].startsInCode(t)
	})
}

// startsInCode reports whether the code units of a tag of an image are looked
// for: where it is likely, and where it only mentions but less is needed to show
// it in code. What an engine or the program itself owns is not shown.
func (r *rule) startsInCode(t sbom.Tag) bool {
	return t.Grade.Rank() >= sbom.GradeLikely.Rank() || r.grades[0].grade == sbom.GradeShown && r.inCode() && len(t.Flags) == 0
}

// inCode reports whether the rule looks at code units of an image.
func (r *rule) inCode() bool {
	return r.looksAt(sbom.ScopeFunction) || r.looksAt(sbom.ScopeCallees) || r.looksAt(sbom.ScopeClass)
}

// others is the stores of a rule that are not in the list, as bits; none when
// the list is empty.
func others(r *rule, stores []string) uint64 {
	var bits uint64
	for i, s := range r.Stores {
		if len(stores) > 0 && !slices.Contains(stores, s) {
			bits |= 1 << i
		}
	}
	return bits
}

// covers reports whether the units say all that the tag of the image says.
func covers(t sbom.Tag, found []sbom.Tag) bool {
	if len(found) == 0 || len(found) > maxPlaces {
		return false
	}
	grade := false
	stores := map[string]bool{}
	for _, f := range found {
		grade = grade || f.Grade.Rank() >= t.Grade.Rank()
		for _, s := range f.Stores {
			stores[s] = true
		}
	}
	return grade && !slices.ContainsFunc(t.Stores, func(s string) bool { return !stores[s] })
}

// index is what Locate knows of an image: the hits of the facts that its parts
// refer to, each fact looked at once.
type index struct {
	st      *state
	parts   []Part
	own     [][]hit   // by part: hits of the facts that it refers to
	group   []int     // parts that can hold something, alone or with callees, rising
	class   [][]int   // methods with hits of each class that has at least two
	engines []*engine // present in the image; made when a rule asks for it
	hits    []hit     // of the unit that is looked at
	owners  []uint64
}

// index matches the facts that parts refer to and sorts out the parts that
// matter: most functions refer to nothing that a rule looks for.
func (s *Set) index(u *sbom.Unit, parts []Part, cuts []Cut) *index {
	x := &index{parts: parts, own: make([][]hit, len(parts)), st: s.newState(u.Facts)}
	m := s.newMatches(u.Facts)
	byFact := map[int][2]int{}
	whole := len(u.Facts) - len(cuts)
	for i := range parts {
		if len(parts[i].Facts) > maxRefers {
			continue
		}
		for _, f := range parts[i].Facts {
			at, ok := byFact[f]
			if !ok {
				at[0] = len(m.hits)
				if f < whole {
					m.fact(f)
				} else {
					m.cut(f, cuts[f-whole])
				}
				at[1] = len(m.hits)
				byFact[f] = at
			}
			if at[0] < at[1] {
				x.own[i] = append(x.own[i], m.hits[at[0]:at[1]]...)
				if use, ok := parts[i].Uses[f]; ok {
					for h := len(x.own[i]) - (at[1] - at[0]); h < len(x.own[i]); h++ {
						x.own[i][h].use = use
					}
				}
			}
		}
	}
	methods := map[int][]int{}
	var order []int
	for i := range parts {
		if x.worth(i) {
			x.group = append(x.group, i)
		}
		if c := parts[i].Class; c > 0 && len(x.own[i]) > 0 {
			if methods[c] == nil {
				order = append(order, c)
			}
			methods[c] = append(methods[c], i)
		}
	}
	for _, c := range order {
		if len(methods[c]) > 1 {
			x.class = append(x.class, methods[c])
		}
	}
	return x
}

// worth reports whether a part has hits, or calls at least two parts that do.
func (x *index) worth(i int) bool {
	if len(x.own[i]) > 0 {
		return true
	}
	n := 0
	if len(x.parts[i].Callees) > maxDispatch {
		return false
	}
	for _, c := range x.parts[i].Callees {
		if c != i && len(x.own[c]) > 0 {
			n++
		}
	}
	return n > 1
}

// codeRules lists the rules that look at code units and not at images, as far as
// the image has anything that they look for. They have no tag of the image that
// says which engine's code this is, so it is asked for here.
func (x *index) codeRules() []*rule {
	all := x.all()
	x.st.load(all)
	var out []*rule
	for _, r := range x.st.touched() {
		if !r.looksAt(sbom.ScopeImage) && r.inCode() {
			out = append(out, r)
		}
	}
	if len(out) > 0 {
		x.engines = x.st.enginesPresent()
	}
	return out
}

// all is the hits of all parts.
func (x *index) all() []hit {
	var out []hit
	for _, h := range x.own {
		out = append(out, h...)
	}
	return out
}

// gather makes one unit of some parts. Of a fact that several of them refer to
// the first one is the owner.
func (x *index) gather(parts ...int) {
	x.hits, x.owners = x.hits[:0], x.owners[:0]
	for _, p := range parts {
		for _, h := range x.own[p] {
			x.hits, x.owners = append(x.hits, h), append(x.owners, x.parts[p].Address)
		}
	}
	x.st.load(x.hits)
	x.st.owners = x.owners
}
