package capability

import (
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// state is what was met in the unit that is judged. It is made once and loaded
// with one unit after the other: loading costs time in proportion to the unit's
// hits, and no memory.
type state struct {
	s      *Set
	facts  []sbom.Fact
	hits   []hit
	owners []uint64 // by hit: address of the function that refers to its fact; nil: not known
	met    []bool   // by pattern: met outside running text
	level  []uint8  // by signal: best level of a match outside running text
	quoted []uint8  // by signal: what it would be, were it not in running text
	busy   []uint8  // by signal: level, without what the unit only speaks of
	read   []bool   // by signal: what matched is known to be read
	kinds  []uint16 // by signal: different patterns that were met
	seen   []int32  // signals that were met
	marked []bool   // by rule: in touched already
}

func (s *Set) newState(facts []sbom.Fact) *state {
	n := len(s.signals)
	return &state{s: s, facts: facts, met: make([]bool, len(s.patterns)), level: make([]uint8, n), quoted: make([]uint8, n),
		busy: make([]uint8, n), read: make([]bool, n), kinds: make([]uint16, n), marked: make([]bool, len(s.rules))}
}

// load takes in the hits of a unit in place of those before.
func (st *state) load(hits []hit) {
	for _, h := range st.hits {
		st.met[h.pattern] = false
	}
	for _, id := range st.seen {
		st.level[id], st.quoted[id], st.kinds[id] = levelNone, levelNone, 0
		st.busy[id], st.read[id] = levelNone, false
	}
	st.seen, st.hits, st.owners = st.seen[:0], hits, nil
	for i := range hits {
		h := &hits[i]
		id := st.s.patterns[h.pattern].signal
		if st.level[id] == levelNone && st.quoted[id] == levelNone {
			st.seen = append(st.seen, int32(id))
		}
		if h.quoted {
			st.quoted[id] = max(st.quoted[id], h.level)
			continue
		}
		st.level[id] = max(st.level[id], h.level)
		if !h.idle() {
			st.busy[id] = max(st.busy[id], h.level)
			st.read[id] = st.read[id] || h.use == sbom.UseReads
		}
		if !st.met[h.pattern] {
			st.met[h.pattern] = true
			st.kinds[id]++
		}
	}
}

// touched lists the rules that name a signal which was met, in the order of the
// set. No other rule can have evidence.
func (st *state) touched() []*rule {
	var order []int32
	for _, id := range st.seen {
		for _, r := range st.s.signals[id].rules {
			if !st.marked[r] {
				st.marked[r] = true
				order = append(order, r)
			}
		}
	}
	slices.Sort(order)
	out := make([]*rule, len(order))
	for i, r := range order {
		st.marked[r] = false
		out[i] = st.s.rules[r]
	}
	return out
}

// levelOf is the level of a signal. With quoted, a match in running text counts
// as if it were elsewhere.
func (st *state) levelOf(id int, quoted bool) uint8 {
	if quoted {
		return max(st.level[id], st.quoted[id])
	}
	return st.level[id]
}

// enginesPresent lists the engines whose own code the unit is.
func (st *state) enginesPresent() []*engine {
	var out []*engine
	for _, e := range st.s.engines {
		v := view{st: st}
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
// the tag is at most mentions, and carries a flag that says why. most is the
// grade that a unit of this scope can have.
func (st *state) judge(r *rule, engines []*engine, most sbom.Grade, scope sbom.Scope) (verdict, bool) {
	v := newView(st, r, scope)
	byEngine, own := ownedBy(r, engines), uint64(0)
	if r.ownStore != nil {
		for i := range r.Stores {
			if ok, _ := v.eval(r.ownStore, i); ok {
				own |= 1 << i
			}
		}
	}
	v.off = byEngine | own
	if out, ok := st.holds(r, &v, most); ok {
		if byEngine != 0 || st.imports(r, &v) {
			out.flags = append(out.flags, sbom.FlagImporter)
		}
		return out, true
	}
	v.off = 0
	return st.mention(r, &v, byEngine, own, engines)
}

// imports reports whether the rule says that the unit is a browser that reads
// other browsers.
func (st *state) imports(r *rule, v *view) bool {
	if r.importer == nil {
		return false
	}
	ok, _ := v.eval(r.importer, -1)
	return ok
}

// ownedBy is the stores of a rule that are the engines' own, as bits.
func ownedBy(r *rule, engines []*engine) uint64 {
	var bits uint64
	for i, s := range r.Stores {
		for _, e := range engines {
			if slices.Contains(e.own, s) {
				bits |= 1 << i
			}
		}
	}
	return bits
}

// holds finds the strongest grade from likely on, up to most, whose condition
// holds for the stores that are left. What meets the condition of shown is likely
// where nothing that the rule wants read is known to be read.
func (st *state) holds(r *rule, v *view, most sbom.Grade) (verdict, bool) {
	for _, g := range r.grades {
		if g.grade == sbom.GradeMentions || g.grade.Rank() > most.Rank() {
			continue
		}
		if ok, at := v.eval(g.expr, -1); ok {
			grade := g.grade
			if grade == sbom.GradeShown && v.traced && v.strict {
				grade = sbom.GradeLikely
			}
			return verdict{grade: grade, bits: at, cond: g.expr}.named(r), true
		}
	}
	return verdict{}, false
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
