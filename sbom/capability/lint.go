package capability

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Finding is something about a rule that its author should look at.
type Finding struct {
	File string
	Line int
	What string
}

// String is one line for people.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.What) }

// Lint looks for what rules cannot do and for what they lack: conditions that
// can never hold, scopes that cannot give a grade, signals that no condition
// names, patterns that another one of the same signal includes, rules that say
// what another one says, and missing examples and mappings. The findings come in
// the order of files and lines. Given names of files limit it to these.
func (s *Set) Lint(files ...string) []Finding {
	l := &linter{s: s}
	l.signals()
	for _, r := range s.rules {
		l.rule(r)
		l.mapping(r)
		l.scopes(r)
		l.examples(r)
		l.overlap(r)
	}
	out := slices.DeleteFunc(l.out, func(f Finding) bool { return len(files) > 0 && !contains(files, f.File) })
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.What, b.What))
	})
	return slices.Compact(out)
}

type linter struct {
	s   *Set
	out []Finding
}

func (l *linter) say(file string, line int, format string, a ...any) {
	l.out = append(l.out, Finding{file, line, fmt.Sprintf(format, a...)})
}

// signals looks at every signal by itself.
func (l *linter) signals() {
	for i := range l.s.signals {
		sg := &l.s.signals[i]
		if len(sg.rules) == 0 && !sg.engine {
			l.say(sg.file, sg.line, "%s: no condition names signal %q", sg.owner, sg.name)
		}
		for a, p := range sg.patterns {
			for b, q := range sg.patterns {
				pp, qp := &l.s.patterns[p], &l.s.patterns[q]
				if a != b && qp.includes(pp) && (b < a || !pp.includes(qp)) {
					l.say(sg.file, pp.line, "%s: pattern %q of signal %q adds nothing to %q", sg.owner, pp.text, sg.name, qp.text)
					break
				}
			}
		}
	}
}

// rule looks for conditions that can never hold, the innermost ones, and for
// definitions that nothing uses.
func (l *linter) rule(r *rule) {
	r.conditions(func(e *expr) { l.condition(r, e, false) })
	for _, d := range r.unused {
		l.say(r.File, d.node.Line, "rule %s: no condition names definition %q", r.ID, d.name)
	}
}

// condition reports whether a condition can hold, and complains of the innermost
// parts that cannot.
func (l *linter) condition(r *rule, e *expr, single bool) bool {
	inner := true
	for _, k := range e.kids {
		inner = l.condition(r, k, single || e.op == opStores) && inner
	}
	if !inner || l.s.possible(r, e, single, everyKind) {
		return inner
	}
	l.say(r.File, e.line, "rule %s: this condition can never hold%s", r.ID, e.why(r))
	return false
}

// why says what is wrong with a condition by itself, where that is plain.
func (e *expr) why(r *rule) string {
	switch {
	case e.op == opCount && e.n > len(e.kids):
		return fmt.Sprintf(": it counts to %d over %d", e.n, len(e.kids))
	case e.op == opStores && e.n > len(r.Stores):
		return fmt.Sprintf(": it wants %d of %d stores", e.n, len(r.Stores))
	case e.op == opPatterns:
		return fmt.Sprintf(": there are fewer than %d patterns", e.n)
	case e.op == opStrong:
		return fmt.Sprintf(": all patterns of %q are weak", e.name)
	}
	return ""
}

// scopes looks for scopes whose units have none of the facts that a grade needs.
func (l *linter) scopes(r *rule) {
	shown := false
	for _, c := range r.Scope {
		any := false
		for _, g := range r.grades {
			ok := l.s.possible(r, g.expr, false, kindsAt(c))
			any = any || ok
			shown = shown || ok && g.grade == sbom.GradeShown && provesInCode(c)
		}
		if !any {
			l.say(r.File, r.Line, "rule %s: at scope %s no grade can be reached", r.ID, c)
		}
	}
	if r.grades[0].grade == sbom.GradeShown && !shown {
		l.say(r.File, r.Line, "rule %s: at none of its scopes shown can be reached", r.ID)
	}
}

// kindsAt is the kinds of facts that a unit of a size can have.
func kindsAt(c sbom.Scope) kindSet {
	switch c {
	case sbom.ScopeImage:
		return everyKind &^ (kindModule | kindCall | kindPlist)
	case sbom.ScopeFunction, sbom.ScopeCallees, sbom.ScopeClass:
		return textKinds | kindImport | kindSelector | kindClass | kindClassRef | kindNumber
	case sbom.ScopeModule, sbom.ScopeModules:
		return kindString | kindConst | kindNumber | kindModule | kindCall
	}
	return kindPlist | kindEntitlement | kindLoad
}

// examples looks for grades that no example shows.
func (l *linter) examples(r *rule) {
	if r.Positive == 0 || r.Negative == 0 {
		l.say(r.File, r.Line, "rule %s: it needs at least one positive and one negative example", r.ID)
	}
	if r.grades[0].grade == sbom.GradeShown && !slices.ContainsFunc(r.examples, func(x example) bool { return x.grade == sbom.GradeShown }) {
		l.say(r.File, r.Line, "rule %s: no example expects shown", r.ID)
	}
}

// mapping looks for missing words of others: an empty list says that there is none.
func (l *linter) mapping(r *rule) {
	c, _ := l.s.Lookup(r.Capability)
	if len(r.Attack) == 0 && len(c.Attack) == 0 {
		l.say(r.File, r.Line, "rule %s: neither it nor its capability has `attack`", r.ID)
	}
	if r.Apple == nil && c.Apple == nil {
		l.say(r.File, r.Line, "rule %s: neither it nor its capability has `apple`; an empty list says that nothing declares it", r.ID)
	}
}

// overlap looks for a rule that says all that this one says.
func (l *linter) overlap(r *rule) {
	for _, q := range l.s.rules {
		if q == r || q.Capability != r.Capability || !l.included(r, q) || q.ID > r.ID && l.included(q, r) {
			continue
		}
		l.say(r.File, r.Line, "rule %s: rule %s has all of its patterns and finds all of its positive examples", r.ID, q.ID)
	}
}

func (l *linter) included(r, q *rule) bool {
	all := l.s.patternsOf(q)
	for _, p := range l.s.patternsOf(r) {
		if !slices.ContainsFunc(all, func(x *pattern) bool { return x.includes(p) }) {
			return false
		}
	}
	for i := range r.examples {
		if x := &r.examples[i]; x.positive && l.s.tagBy(q, x).Grade.Rank() < sbom.GradeLikely.Rank() {
			return false
		}
	}
	return true
}

// patternsOf lists the patterns of all signals that a rule names.
func (s *Set) patternsOf(r *rule) []*pattern {
	var out []*pattern
	r.conditions(func(e *expr) {
		e.names(func(x *expr) {
			for _, ref := range x.refs {
				for _, p := range s.signals[ref.id].patterns {
					out = append(out, &s.patterns[p])
				}
			}
		})
	})
	return out
}

// includes reports whether everything that q finds is found by p too, and counts
// as much.
func (p *pattern) includes(q *pattern) bool {
	if q.kinds&^p.kinds != 0 || p.weak && !q.weak || !p.fold && q.fold || len(p.except) > 0 && !equalLists(p.except, q.except) || len(p.behind) > 0 && !equalLists(p.behind, q.behind) {
		return false
	}
	has, equal := bytes.Contains, bytes.Equal(p.text, q.text)
	if p.fold {
		has = func(b, sub []byte) bool { return bytes.Contains(bytes.ToLower(b), bytes.ToLower(sub)) }
		equal = bytes.EqualFold(p.text, q.text)
	}
	switch p.mode {
	case modeContains:
		return has(q.text, p.text) && q.mode != modeRead && q.mode != modeClear && q.mode != modeCreate
	case modeRead, modeClear, modeCreate:
		return q.mode == p.mode && equal && (len(p.with) == 0 || equalLists(p.with, q.with)) && (len(p.none) == 0 || equalLists(p.none, q.none))
	case modePrefix:
		return (q.mode == modePrefix || q.mode == modeWhole) && bytes.HasPrefix(q.text, p.text)
	case modeSuffix:
		return (q.mode == modeSuffix || q.mode == modeWhole) && bytes.HasSuffix(q.text, p.text)
	case modePath:
		return q.mode == modePath && (equal || p.multi && bytes.HasSuffix(q.text, append([]byte("/"), p.text...)))
	}
	return q.mode == p.mode && equal
}

func equalLists(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }
