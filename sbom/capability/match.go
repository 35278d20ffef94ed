package capability

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// maxSeen is how many matches of one pattern are looked at in full, in the facts
// that are matched together.
const maxSeen = 256

// hit is a match that counts: bytes [from, to) of a fact.
type hit struct {
	fact, pattern int32
	from, to      int32
	level         uint8  // weak or strong
	quoted        bool   // stands in running text or in a quotation
	use           string // what the unit does with the fact: see sbom.Fact.Use
}

// matches are the hits of all patterns in some facts. Every fact is looked at
// once, whatever is asked about it later.
type matches struct {
	s     *Set
	auto  *automaton
	facts []sbom.Fact
	hits  []hit                // in the order of the facts looked at
	count []uint16             // by pattern: matches so far
	tried int                  // places at which a pattern was looked at in its surroundings
	found map[int][]occurrence // by fact that others are cut out of
	last  tableUse             // the statement looked at last
}

// Match looks at all facts of the unit once and returns one tag for each rule
// that fires, with its evidence, in the order of SortTags. file is the digest
// of the whole file and sliceOffset where the slice begins in it; fact offsets
// count from there. The same unit gives the same tags; hostile facts cost time
// in proportion to their bytes. A unit that is a whole image, a component or a
// product proves nothing in code: there the condition of shown gives mentions.
func (s *Set) Match(u *sbom.Unit, file sbom.Digest, sliceOffset int64) []sbom.Tag {
	m := s.newMatches(u.Facts)
	for i := range u.Facts {
		m.fact(i)
	}
	st := s.newState(u.Facts)
	st.load(m.hits)
	engines := st.enginesPresent()
	most := sbom.GradeLikely
	if provesInCode(u.Scope) {
		most = sbom.GradeShown
	}
	var out []sbom.Tag
	for _, r := range st.touched() {
		if !r.looksAt(u.Scope) {
			continue
		}
		v, ok := st.judge(r, engines, most, u.Scope)
		if !ok {
			continue
		}
		t := sbom.Tag{Capability: r.Capability, Grade: v.grade, Image: u.Image, Address: u.Address, Mark: u.Mark, Rule: r.ID,
			RulesDigest: s.digest, Stores: v.stores, Flags: v.flags, Scope: u.Scope, Evidence: st.evidence(v, file, sliceOffset)}
		if len(t.Evidence) > 0 { // a rule of nothing but `not` has nothing to show
			out = append(out, t)
		}
	}
	sbom.SortTags(out)
	return out
}

// provesInCode reports whether a unit of this size ties its facts to each other.
func provesInCode(c sbom.Scope) bool {
	switch c {
	case sbom.ScopeFunction, sbom.ScopeCallees, sbom.ScopeClass, sbom.ScopeModule, sbom.ScopeModules:
		return true
	}
	return false
}

func (s *Set) newMatches(facts []sbom.Fact) *matches {
	return &matches{s: s, auto: s.auto(), facts: facts, count: make([]uint16, len(s.patterns))}
}

// fact runs the automaton over one fact.
func (m *matches) fact(i int) {
	s, f := m.s, &m.facts[i]
	kind := kindOf(f.Kind)
	if s.kinds&kind == 0 || len(f.Value) < s.shortest {
		return
	}
	row, pos := m.auto.find(f.Value, 0, 0)
	for pos >= 0 {
		for _, key := range m.auto.ended(row) {
			for _, p := range s.byKey[key] {
				m.hit(p, i, pos, kind)
			}
		}
		row, pos = m.auto.find(f.Value, pos, row)
	}
}

// occurrence is a key in a fact.
type occurrence struct{ from, to, key int32 }

// cut does what fact does, for a fact that is a part of another one.
func (m *matches) cut(i int, c Cut) {
	s := m.s
	kind := kindOf(m.facts[i].Kind)
	if s.kinds&kind == 0 {
		return
	}
	l, ok := m.found[c.Fact]
	if !ok {
		value := m.facts[c.Fact].Value
		row, pos := m.auto.find(value, 0, 0)
		for pos >= 0 {
			for _, key := range m.auto.ended(row) {
				l = append(l, occurrence{int32(pos - len(s.patterns[s.byKey[key][0]].text)), int32(pos), int32(key)})
			}
			row, pos = m.auto.find(value, pos, row)
		}
		if m.found == nil {
			m.found = map[int][]occurrence{}
		}
		m.found[c.Fact] = l
	}
	n, _ := slices.BinarySearchFunc(l, int32(c.From), func(o occurrence, from int32) int { return cmp.Compare(o.to, from) })
	for ; n < len(l) && int(l[n].to) <= c.To; n++ {
		if o := l[n]; int(o.from) >= c.From {
			for _, p := range s.byKey[o.key] {
				m.hit(p, i, int(o.to)-c.From, kind)
			}
		}
	}
}

// hit checks a pattern whose key ends at end in fact i and notes it.
func (m *matches) hit(p int32, i, end int, kind kindSet) {
	pt := &m.s.patterns[p]
	if pt.kinds&kind == 0 {
		return
	}
	m.tried++
	if m.count[p] >= maxSeen {
		return
	}
	value := m.facts[i].Value
	start := end - len(pt.text)
	from, ok := 0, false
	switch pt.mode {
	case modeRead, modeClear, modeCreate:
		u := m.use(i, start, end, kind == kindConst)
		from, ok = u.from, pt.acceptsSQL(value, u.verb, u.from, end, kind == kindConst)
	default:
		from, ok = pt.accepts(value, start, end, kind)
	}
	if !ok {
		return
	}
	m.count[p]++
	h := hit{fact: int32(i), pattern: p, from: int32(from), to: int32(end), level: levelStrong, use: m.facts[i].Use}
	if pt.weak {
		h.level = levelWeak
	}
	h.quoted = kind&textKinds != 0 && (m.isQuoted(value, start, end, kind, pt.mode) || pt.mode == modeRead && exampleStatement(value, from, kind == kindConst))
	m.hits = append(m.hits, h)
}

// tableUse is what the statement around one place does with a table.
type tableUse struct {
	fact, start, end int
	verb             verb
	from             int
}

// use is sqlUse, remembered for the patterns that look at the same place.
func (m *matches) use(i, start, end int, run bool) tableUse {
	if u := m.last; u.end == end && u.start == start && u.fact == i {
		return u
	}
	v, from := sqlUse(m.facts[i].Value, start, end, run)
	m.last = tableUse{i, start, end, v, from}
	return m.last
}

func (m *matches) isQuoted(b []byte, start, end int, kind kindSet, as mode) bool {
	sentences := proseSentences
	if as == modePath {
		sentences = prosePath
	}
	if kind != kindConst && prose(b, start, end, sentences) {
		return true
	}
	for i := range m.s.quotations {
		if m.s.quotations[i].around(b, start, end) {
			return true
		}
	}
	return false
}

// Telling says of each fact of a unit whether some pattern matches in it: only
// such facts can make a tag.
func (s *Set) Telling(u *sbom.Unit) []bool {
	m := s.newMatches(u.Facts)
	out := make([]bool, len(u.Facts))
	for i := range u.Facts {
		before := m.tried
		m.fact(i)
		out[i] = m.tried > before
	}
	return out
}

// Span is a part of a fact's value: bytes [From, To).
type Span struct{ From, To int }

// Spans lists where patterns match in one fact of a unit, sorted, each once. It
// is for runs of constants: which of the literals in a run code refers to is
// known by where it begins.
func (s *Set) Spans(u *sbom.Unit, fact int) []Span {
	m := s.newMatches(u.Facts)
	m.fact(fact)
	out := make([]Span, 0, len(m.hits))
	for _, h := range m.hits {
		out = append(out, Span{int(h.from), int(h.to)})
	}
	return sortedSpans(out)
}
