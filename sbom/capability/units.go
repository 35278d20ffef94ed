package capability

import (
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// locator looks for the units of one rule in an image.
type locator struct {
	*index
	r     *rule
	tag   sbom.Tag // of the image: what all units have in common
	off   uint64   // stores that the image does not have
	file  sbom.Digest
	slice int64

	grade    []int  // by part: rank of its own tag, 0: none
	absorbed []bool // by part: has its say in the tag of another
	out      []sbom.Tag
	of       []int // by tag in out: its part
}

// at is the strongest grade that the rule can have at a scope in code, or "".
func (l *locator) at(c sbom.Scope) sbom.Grade {
	switch {
	case l.r.looksAt(c):
		return sbom.GradeShown
	case l.r.inCode():
		return ""
	}
	return sbom.GradeLikely
}

// units lists the tags of all units.
func (l *locator) units() []sbom.Tag {
	l.grade, l.absorbed = make([]int, len(l.parts)), make([]bool, len(l.parts))
	if most := l.at(sbom.ScopeFunction); most != "" {
		for _, i := range l.group {
			l.try(i, sbom.ScopeFunction, most, 0, i)
		}
	}
	if most := l.at(sbom.ScopeCallees); most != "" {
		l.callees(most)
	}
	if most := l.at(sbom.ScopeClass); most != "" {
		l.classes(most)
	}
	var out []sbom.Tag
	for i, t := range l.out {
		if p := l.of[i]; !l.absorbed[p] && t.Grade.Rank() == l.grade[p] {
			out = append(out, t)
		}
	}
	return out
}

// try judges some parts together, as a unit of the first of them, and notes its
// tag when it ranks above least.
func (l *locator) try(unit int, scope sbom.Scope, most sbom.Grade, least int, parts ...int) bool {
	l.gather(parts...)
	if len(l.hits) == 0 {
		return false
	}
	v := newView(l.st, l.r, scope)
	v.off = l.off
	found, ok := l.st.holds(l.r, &v, most)
	if !ok || found.grade.Rank() <= least {
		return false
	}
	p := &l.parts[unit]
	t := sbom.Tag{Capability: l.tag.Capability, Grade: found.grade, Image: l.tag.Image, Address: &p.Address, Mark: p.Mark,
		Rule: l.tag.Rule, RulesDigest: l.tag.RulesDigest, Stores: found.stores, Flags: l.tag.Flags, Scope: scope,
		Evidence: l.st.evidence(found, l.file, l.slice)}
	if len(t.Evidence) == 0 {
		return false
	}
	l.grade[unit] = found.grade.Rank()
	l.out, l.of = append(l.out, t), append(l.of, unit)
	return true
}

// callees looks at functions together with those that they call, without the
// callees that prove as much by themselves. A callee that is needed for the tag
// of its caller has none of its own beside it.
func (l *locator) callees(most sbom.Grade) {
	before := slices.Clone(l.grade)
	for _, i := range l.group {
		if before[i] >= most.Rank() {
			continue
		}
		if !l.together(i, before, most, most.Rank()) {
			l.together(i, before, most, 1)
		}
	}
}

// together looks at a function with those of its callees whose rank is below a
// limit, and reports whether they prove more than each of them alone.
func (l *locator) together(i int, rank []int, most sbom.Grade, limit int) bool {
	parts, least := []int{i}, l.grade[i]
	for _, c := range l.parts[i].Callees {
		if c != i && rank[c] < limit && len(l.own[c]) > 0 {
			parts, least = append(parts, c), max(least, rank[c])
		}
	}
	if len(parts) < 2 || !l.try(i, sbom.ScopeCallees, most, least, parts...) {
		return false
	}
	for _, c := range parts[1:] {
		l.absorbed[c] = true
	}
	return true
}

// classes looks at the methods of each class together, without those that prove
// as much by themselves or that had their say.
func (l *locator) classes(most sbom.Grade) {
	for _, methods := range l.class {
		parts := slices.DeleteFunc(slices.Clone(methods), func(i int) bool { return l.absorbed[i] || l.grade[i] >= most.Rank() })
		if len(parts) < 2 {
			continue
		}
		least := 0
		for _, i := range parts {
			least = max(least, l.grade[i])
		}
		if !l.try(parts[0], sbom.ScopeClass, most, least, parts...) {
			continue
		}
		for _, i := range parts[1:] {
			l.absorbed[i] = true
		}
	}
}
