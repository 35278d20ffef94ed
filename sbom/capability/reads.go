package capability

import (
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// WantsReads reports whether what code does with literals may change what is said
// of an image that has these tags: a rule of one of them wants something read.
func (s *Set) WantsReads(tags []sbom.Tag) bool {
	return slices.ContainsFunc(tags, func(t sbom.Tag) bool {
		i := slices.IndexFunc(s.rules, func(r *rule) bool { return r.ID == t.Rule })
		return i >= 0 && len(s.rules[i].reads) > 0 && s.rules[i].startsInCode(t)
	})
}

// ReadSpans is Spans for what some rule wants read.
func (s *Set) ReadSpans(u *sbom.Unit, fact int) []Span {
	m := s.newMatches(u.Facts)
	m.fact(fact)
	var out []Span
	for _, h := range m.hits {
		if s.signals[s.patterns[h.pattern].signal].read {
			out = append(out, Span{int(h.from), int(h.to)})
		}
	}
	return sortedSpans(out)
}

// idle reports whether the unit only speaks of what matched: nothing is read by it.
func (h *hit) idle() bool {
	return h.use == sbom.UseShows || h.use == sbom.UseCompares || h.use == sbom.UseWrites
}

// newView is what the conditions of a rule see of a unit of a scope.
func newView(st *state, r *rule, scope sbom.Scope) view {
	v := view{st: st, stores: r.Stores, reads: r.reads, traced: traced(scope)}
	v.strict = len(r.reads) > 0 && !v.anyRead()
	return v
}

// anyRead reports whether something of the signals that a rule wants read is known
// to be.
func (v *view) anyRead() bool {
	for _, id := range v.st.seen {
		if v.st.read[id] && v.wants(int(id)) {
			return true
		}
	}
	return false
}

// wants reports whether a signal is one that the rule wants read.
func (v *view) wants(id int) bool {
	_, ok := slices.BinarySearch(v.reads, int32(id))
	return ok
}

// traced reports whether what becomes of literals is followed in units of this
// scope as far as can be, so that shown may ask for it.
func traced(c sbom.Scope) bool {
	return c == sbom.ScopeFunction || c == sbom.ScopeCallees || c == sbom.ScopeClass
}
