package capability

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Next is what a tag would need for a higher grade.
type Next struct {
	Grade   sbom.Grade // next higher one that its rule knows; "": it knows none
	Missing []string   // parts of that grade's condition that the tag's evidence does not show, in words; the nearest way to it
}

// Next says which higher grade the rule of a tag knows and what of its condition
// is missing. It goes by the names of the signals that the tag's evidence has:
// whether a match is weak, stands in running text or belongs to another store
// does not show there, so that nothing may be missing by name and the condition
// still does not hold. A mention keeps evidence of what mentions ask for only.
// ok is false for a tag that these rules did not make.
func (s *Set) Next(t sbom.Tag) (n Next, ok bool) {
	i := slices.IndexFunc(s.rules, func(r *rule) bool { return r.ID == t.Rule })
	if i < 0 || t.RulesDigest != s.digest {
		return n, false
	}
	has := map[string]bool{}
	for _, e := range t.Evidence {
		has[e.Signal] = true
	}
	for _, g := range s.rules[i].grades { // strongest first: the last one above the tag's is next
		if g.grade.Rank() > t.Grade.Rank() {
			l := lack{s: s, has: has, stores: len(t.Stores)}
			n = Next{g.grade, append(l.unmet(g.expr), s.rules[i].unread(t, g.grade)...)}
		}
	}
	return n, true
}

// unread says what is missing of the uses of what a tag shows.
func (r *rule) unread(t sbom.Tag, next sbom.Grade) []string {
	if len(r.reads) == 0 {
		return nil
	}
	idle := false
	for _, e := range t.Evidence {
		if e.Use == sbom.UseReads {
			return nil
		}
		idle = idle || e.Use != ""
	}
	switch {
	case idle:
		return []string{"code that does more with the path or the query than to show, compare or write it"}
	case next == sbom.GradeShown && traced(t.Scope):
		return []string{"a path or a query that is seen to reach what opens, reads or queries"}
	}
	return nil
}

// lack compares a condition with the names of what a tag has.
type lack struct {
	s      *Set
	has    map[string]bool // signals of its evidence
	stores int             // browsers that it names
}

// unmet is what of a condition the signals do not give, in words: of several ways
// the one that lacks least, and of those the first.
func (l *lack) unmet(e *expr) []string {
	switch e.op {
	case opSignal, opStrong:
		if l.has[e.name] {
			return nil
		}
		return []string{l.partWords(e)}
	case opNot:
		if k := e.kids[0]; k.name != "" && l.has[k.name] {
			return []string{"the absence of " + l.partWords(k)}
		}
		return nil
	case opPatterns:
		for _, k := range e.kids {
			if l.has[k.name] {
				return nil // how many different ones were met does not show
			}
		}
		return []string{fmt.Sprintf("%d different ones of %s", e.n, l.either(e.kids))}
	case opStores:
		out := l.unmet(e.kids[0])
		if e.n > l.stores && e.n > 1 {
			out = append(out, fmt.Sprintf("the same for %d browsers", e.n))
		}
		return out
	}
	return l.unmetOf(e)
}

// unmetOf is unmet for a list of conditions of which all, one or a number must
// hold.
func (l *lack) unmetOf(e *expr) []string {
	ways := make([][]string, len(e.kids))
	for i, k := range e.kids {
		ways[i] = l.unmet(k)
	}
	need := e.n
	switch e.op {
	case opAll:
		need = len(ways)
	case opAny:
		need = 1
		if !slices.ContainsFunc(e.kids, func(k *expr) bool { return k.op != opSignal && k.op != opStrong || l.has[k.name] }) {
			return []string{l.either(e.kids)}
		}
	}
	if e.op != opAll {
		slices.SortStableFunc(ways, func(a, b []string) int { return len(a) - len(b) })
	}
	var out []string
	for _, w := range ways[:min(need, len(ways))] {
		for _, part := range w {
			if !slices.Contains(out, part) {
				out = append(out, part)
			}
		}
	}
	return out
}

func (l *lack) either(kids []*expr) string {
	var words []string
	for _, k := range kids {
		words = append(words, l.partWords(k))
	}
	return strings.Join(words, " or ")
}

// words says what a signal stands for; the names are those that rules share.
var words = map[string]string{
	"root":      "a browser's folder",
	"vendor":    "a browser's name",
	"store":     "the store's file",
	"sql":       "a query on the store's tables",
	"epoch":     "the store's epoch constant",
	"open":      "a call that opens the store",
	"bundle-id": "a browser's bundle id",
	"delete":    "a statement that deletes",
	"create":    "a statement that makes the tables",
}

func (l *lack) partWords(e *expr) string {
	w, ok := words[e.name]
	if !ok {
		w = "a match of " + e.name
		if list := l.samples(e); len(list) > 0 {
			w += ", such as " + strings.Join(list, ", ")
		}
	}
	if e.op == opStrong {
		w += " (a telling one)"
	}
	return w
}

// samples are the first two patterns of a signal that its rule or family names.
func (l *lack) samples(e *expr) []string {
	var out []string
	for _, ref := range e.refs {
		for i := range l.s.patterns {
			p := &l.s.patterns[i]
			if text := string(p.text); p.signal == ref.id && len(text) <= 60 && !slices.Contains(out, text) {
				if out = append(out, text); len(out) == maxSamples {
					return out
				}
			}
		}
	}
	return out
}

const maxSamples = 2
