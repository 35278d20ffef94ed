package capability

import (
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Limits of the work on one unit.
const (
	maxEvidence = 4  // pieces of evidence kept per signal
	maxSeen     = 64 // matches of one pattern that are looked at in full
)

// state is what was seen of one unit.
type state struct {
	s      *Set
	u      *sbom.Unit
	real   []uint8   // by pattern: best level of a match outside running text
	quoted []uint8   // by pattern: what it would be, were it not in running text
	count  []uint8   // by pattern: matches so far
	cands  [][]piece // by signal: best pieces of evidence
	last   tableUse  // the statement looked at last
	hits   int       // patterns that were looked at, in all facts
	spans  *[]Span   // where patterns matched, when somebody asks
}

// Match looks at all facts of the unit once and returns one tag for each rule
// that fires, with its evidence, in the order of SortTags. file is the digest
// of the whole file and sliceOffset where the slice begins in it; fact offsets
// count from there. The same unit gives the same tags; hostile facts cost time
// in proportion to their bytes.
func (s *Set) Match(u *sbom.Unit, file sbom.Digest, sliceOffset int64) []sbom.Tag {
	st := s.newState(u)
	for i := range u.Facts {
		st.fact(i)
	}
	engines := st.enginesPresent()
	var out []sbom.Tag
	for _, r := range s.rules {
		if !slices.Contains(r.Scope, u.Scope) {
			continue
		}
		v, ok := st.judge(r, engines)
		if !ok {
			continue
		}
		t := sbom.Tag{Capability: r.Capability, Grade: v.grade, Image: u.Image, Address: u.Address, Mark: u.Mark,
			Rule: r.ID, RulesDigest: s.digest, Stores: v.stores, Flags: v.flags, Evidence: st.evidence(r, v, file, sliceOffset)}
		if len(t.Evidence) > 0 { // a rule of nothing but `not` has nothing to show
			out = append(out, t)
		}
	}
	sbom.SortTags(out)
	return out
}

func (s *Set) newState(u *sbom.Unit) *state {
	return &state{s: s, u: u, real: make([]uint8, len(s.patterns)), quoted: make([]uint8, len(s.patterns)),
		count: make([]uint8, len(s.patterns)), cands: make([][]piece, len(s.signals))}
}

// fact runs the automaton over one fact.
func (st *state) fact(i int) {
	s, f := st.s, &st.u.Facts[i]
	kind := kindOf(f.Kind)
	if s.kinds&kind == 0 || len(f.Value) < s.shortest {
		return
	}
	row, pos := s.auto.find(f.Value, 0, 0)
	for pos >= 0 {
		for _, key := range s.auto.ended(row) {
			for _, p := range s.byKey[key] {
				st.hit(p, i, pos, kind)
			}
		}
		row, pos = s.auto.find(f.Value, pos, row)
	}
}

// hit checks a pattern whose key ends at end in fact i and notes it.
func (st *state) hit(p int32, i, end int, kind kindSet) {
	pt := &st.s.patterns[p]
	if pt.kinds&kind == 0 {
		return
	}
	st.hits++
	if st.count[p] >= maxSeen {
		return
	}
	value := st.u.Facts[i].Value
	start := end - len(pt.text)
	from, ok := 0, false
	switch pt.mode {
	case modeRead, modeClear, modeCreate:
		u := st.use(i, start, end, kind == kindConst)
		from, ok = u.from, pt.acceptsSQL(value, u.verb, u.from, end, kind == kindConst)
	default:
		from, ok = pt.accepts(value, start, end, kind)
	}
	if !ok {
		return
	}
	st.count[p]++
	if st.spans != nil {
		*st.spans = append(*st.spans, Span{from, end})
	}
	level := levelStrong
	if pt.weak {
		level = levelWeak
	}
	if kind&textKinds != 0 && st.isQuoted(value, start, end, kind) {
		st.quoted[p] = max(st.quoted[p], level)
		level = levelQuoted
	} else {
		st.real[p] = max(st.real[p], level)
	}
	st.keep(pt.signal, piece{level: level, fact: i, from: from, to: end})
}

// tableUse is what the statement around one place does with a table.
type tableUse struct {
	fact, start, end int
	verb             verb
	from             int
}

// use is sqlUse, remembered for the patterns that look at the same place.
func (st *state) use(i, start, end int, run bool) tableUse {
	if u := st.last; u.end == end && u.start == start && u.fact == i {
		return u
	}
	v, from := sqlUse(st.u.Facts[i].Value, start, end, run)
	st.last = tableUse{i, start, end, v, from}
	return st.last
}

func (st *state) isQuoted(b []byte, start, end int, kind kindSet) bool {
	if kind != kindConst && prose(b, start, end) {
		return true
	}
	for i := range st.s.quotations {
		if st.s.quotations[i].around(b, start, end) {
			return true
		}
	}
	return false
}

// level is the level of a signal. With quoted, a match in running text counts
// as if it were elsewhere.
func (st *state) level(id int, quoted bool) uint8 {
	best := levelNone
	for _, p := range st.s.signals[id].patterns {
		best = max(best, st.real[p])
		if quoted {
			best = max(best, st.quoted[p])
		}
	}
	return best
}

// patterns is the number of different patterns of a signal that were met.
func (st *state) patterns(id int) int {
	n := 0
	for _, p := range st.s.signals[id].patterns {
		if st.real[p] > levelNone {
			n++
		}
	}
	return n
}

// enginesPresent lists the engines whose own code the unit is.
func (st *state) enginesPresent() []*engine {
	var out []*engine
	for _, e := range st.s.engines {
		v := view{st: st, refs: e.refs}
		if ok, _ := v.eval(e.when, -1); ok {
			out = append(out, e)
		}
	}
	return out
}

// verdict is what a rule says about a unit.
type verdict struct {
	grade   sbom.Grade
	stores  []string
	bits    uint64 // the same, as bits of the rule's stores
	flags   []string
	cond    *expr // conditions whose signals are the evidence
	quoted  bool  // matches in running text are evidence too
	engines []*engine
}

// judge evaluates a rule. Stores that are an engine's own, or that the code
// makes itself, are set aside first: what remains decides likely; with them
// the tag is at most mentions, and carries a flag that says why.
func (st *state) judge(r *rule, engines []*engine) (verdict, bool) {
	v := view{st: st, refs: r.refs, stores: r.Stores}
	var byEngine, own uint64
	for i, s := range r.Stores {
		for _, e := range engines {
			if slices.Contains(e.own, s) {
				byEngine |= 1 << i
			}
		}
		if r.ownStore != nil {
			if ok, _ := v.eval(r.ownStore, i); ok {
				own |= 1 << i
			}
		}
	}
	v.off = byEngine | own
	for _, g := range r.grades {
		if g.grade == sbom.GradeMentions {
			continue
		}
		ok, at := v.eval(g.expr, -1)
		if !ok {
			continue
		}
		out := verdict{grade: g.grade, bits: at, cond: g.expr}
		if byEngine != 0 {
			out.flags = append(out.flags, sbom.FlagImporter)
		}
		return out.named(r), true
	}
	v.off = 0
	return st.mention(r, &v, byEngine, own, engines)
}

// mention is the rest of judge: nothing reaches likely.
func (st *state) mention(r *rule, v *view, byEngine, own uint64, engines []*engine) (verdict, bool) {
	var out verdict
	for _, g := range r.grades {
		v.quoted = g.grade == sbom.GradeMentions
		if ok, at := v.eval(g.expr, -1); ok {
			out = verdict{grade: sbom.GradeMentions, bits: at, cond: g.expr, quoted: v.quoted}
			break
		}
	}
	if out.grade == "" {
		return out, false
	}
	v.quoted = false
	if out.bits&byEngine != 0 {
		out.flags = append(out.flags, sbom.FlagEngine)
		out.engines = engines
	}
	if out.bits&own != 0 {
		out.flags = append(out.flags, sbom.FlagOwnStore)
	}
	if r.clears != nil && st.clears(r, v, out.bits) {
		out.flags = append(out.flags, sbom.FlagClears)
		out.cond = &expr{op: opAny, kids: []*expr{out.cond, r.clears}}
	}
	return out.named(r), true
}

// clears reports whether the clears condition holds for one of the stores.
func (st *state) clears(r *rule, v *view, bits uint64) bool {
	if len(r.Stores) == 0 {
		ok, _ := v.eval(r.clears, -1)
		return ok
	}
	for i := range r.Stores {
		if bits>>i&1 == 1 {
			if ok, _ := v.eval(r.clears, i); ok {
				return true
			}
		}
	}
	return false
}

// named fills in the names of the stores and sorts.
func (v verdict) named(r *rule) verdict {
	for i, s := range r.Stores {
		if v.bits>>i&1 == 1 {
			v.stores = append(v.stores, s)
		}
	}
	slices.SortFunc(v.flags, strings.Compare)
	return v
}
