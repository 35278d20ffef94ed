package capability

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// Part is a code unit of an image: a function, with what it refers to.
type Part struct {
	Address uint64
	Mark    string // full mark
	Facts   []int  // facts of the image that it refers to, sorted, each once
	Callees []int  // parts that it calls directly
	Class   int    // number of the class whose method it is, from 1 on; 0: none
}

// maxPlaces is how many code units of one image may have one rule's tag. What
// is in more of them is everywhere: the tag stays with the image.
const maxPlaces = 256

// Telling says of each fact of a unit whether some pattern matches in it: only
// such facts can make a tag.
func (s *Set) Telling(u *sbom.Unit) []bool {
	st := s.newState(u)
	out := make([]bool, len(u.Facts))
	for i := range u.Facts {
		before := st.hits
		st.fact(i)
		out[i] = st.hits > before
	}
	return out
}

// Span is a part of a fact's value: bytes [From, To).
type Span struct{ From, To int }

// Spans lists where patterns match in one fact of a unit, sorted, each once. It
// is for runs of constants: which of the literals in a run code refers to is
// known by where it begins.
func (s *Set) Spans(u *sbom.Unit, fact int) []Span {
	var out []Span
	st := s.newState(u)
	st.spans = &out
	st.fact(fact)
	slices.SortFunc(out, func(a, b Span) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return slices.Compact(out)
}

// Locate finds the code units in which the tags of an image start. A unit has a
// tag when the rule holds for what it refers to itself; else for that and what
// its direct callees refer to; else for what the methods of its class refer to
// together. A unit is left out where it only calls one that has the tag itself.
//
// A tag of the image is replaced by those of its units when they say as much:
// the same grade, and all its stores. Otherwise it stays beside them. Units
// never say more than the image: a store that belongs to a browser engine there
// is none of theirs. Tags that only mention stay with the image.
func (s *Set) Locate(u *sbom.Unit, tags []sbom.Tag, parts []Part, file sbom.Digest, sliceOffset int64) []sbom.Tag {
	var out []sbom.Tag
	for _, t := range tags {
		i := slices.IndexFunc(s.rules, func(r *rule) bool { return r.ID == t.Rule })
		if i < 0 || t.Grade.Rank() < sbom.GradeLikely.Rank() {
			out = append(out, t)
			continue
		}
		l := locator{s: s, u: u, r: s.rules[i], tag: t, parts: parts, file: file, slice: sliceOffset}
		found := l.units()
		if !l.covers(found) {
			out = append(out, t)
		}
		if len(found) <= maxPlaces {
			out = append(out, found...)
		}
	}
	sbom.SortTags(out)
	return out
}

// locator looks for the units of one tag.
type locator struct {
	s     *Set
	u     *sbom.Unit
	r     *rule
	tag   sbom.Tag
	parts []Part
	file  sbom.Digest
	slice int64
}

func (l *locator) units() []sbom.Tag {
	var out []sbom.Tag
	has := make([]bool, len(l.parts))
	for i := range l.parts {
		if t, ok := l.holds(i, sbom.ScopeFunction, l.parts[i].Facts); ok {
			has[i] = true
			out = append(out, t)
		}
	}
	reached := slices.Clone(has) // has it, or is a callee that was needed for it
	for i := range l.parts {
		if has[i] || len(l.parts[i].Facts) == 0 {
			continue
		}
		facts, more := slices.Clone(l.parts[i].Facts), false
		for _, c := range l.parts[i].Callees {
			if !has[c] && len(l.parts[c].Facts) > 0 {
				facts, more = append(facts, l.parts[c].Facts...), true
			}
		}
		if !more {
			continue
		}
		if t, ok := l.holds(i, sbom.ScopeFunction, unique(facts)); ok {
			out = append(out, t)
			reached[i] = true
			for _, c := range l.parts[i].Callees {
				reached[c] = true
			}
		}
	}
	return append(out, l.classes(reached)...)
}

// classes looks at the methods of each class together, without those that have
// the tag already.
func (l *locator) classes(reached []bool) []sbom.Tag {
	methods := map[int][]int{}
	var order []int
	for i := range l.parts {
		if c := l.parts[i].Class; c > 0 && !reached[i] && len(l.parts[i].Facts) > 0 {
			if methods[c] == nil {
				order = append(order, c)
			}
			methods[c] = append(methods[c], i)
		}
	}
	var out []sbom.Tag
	for _, c := range order {
		if len(methods[c]) < 2 {
			continue
		}
		var facts []int
		for _, i := range methods[c] {
			facts = append(facts, l.parts[i].Facts...)
		}
		if t, ok := l.holds(methods[c][0], sbom.ScopeClass, unique(facts)); ok {
			out = append(out, t)
		}
	}
	return out
}

func unique(l []int) []int {
	slices.Sort(l)
	return slices.Compact(l)
}

// holds reports whether the rule holds for some facts, as a tag of a part.
func (l *locator) holds(part int, scope sbom.Scope, facts []int) (sbom.Tag, bool) {
	if len(facts) == 0 {
		return sbom.Tag{}, false
	}
	u := &sbom.Unit{Image: l.u.Image, Scope: scope, Facts: make([]sbom.Fact, 0, len(facts))}
	for _, i := range facts {
		u.Facts = append(u.Facts, l.u.Facts[i])
	}
	st := l.s.newState(u)
	for i := range u.Facts {
		st.fact(i)
	}
	if st.hits == 0 {
		return sbom.Tag{}, false
	}
	v, ok := st.judge(l.r, nil)
	if !ok || v.grade.Rank() < sbom.GradeLikely.Rank() {
		return sbom.Tag{}, false
	}
	if len(l.tag.Stores) > 0 {
		v.stores = slices.DeleteFunc(v.stores, func(s string) bool { return !slices.Contains(l.tag.Stores, s) })
		if len(v.stores) == 0 {
			return sbom.Tag{}, false
		}
	}
	p := &l.parts[part]
	t := sbom.Tag{Capability: l.tag.Capability, Grade: lower(v.grade, l.tag.Grade), Image: l.tag.Image, Address: &p.Address, Mark: p.Mark,
		Rule: l.tag.Rule, RulesDigest: l.tag.RulesDigest, Stores: v.stores, Flags: l.tag.Flags, Evidence: st.evidence(l.r, v, l.file, l.slice)}
	return t, len(t.Evidence) > 0
}

func lower(a, b sbom.Grade) sbom.Grade {
	if cmp.Compare(a.Rank(), b.Rank()) < 0 {
		return a
	}
	return b
}

// covers reports whether the units say all that the tag of the image says.
func (l *locator) covers(found []sbom.Tag) bool {
	if len(found) == 0 || len(found) > maxPlaces {
		return false
	}
	grade := false
	stores := map[string]bool{}
	for _, t := range found {
		grade = grade || t.Grade == l.tag.Grade
		for _, s := range t.Stores {
			stores[s] = true
		}
	}
	return grade && !slices.ContainsFunc(l.tag.Stores, func(s string) bool { return !stores[s] })
}
