package capability

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

type op uint8

const (
	opSignal   op = iota // a match of the signal
	opStrong             // a match of it that is not weak
	opAll                // every one
	opAny                // at least one
	opNot                // not
	opCount              // at least n of the conditions
	opPatterns           // at least n different patterns of the signals
	opStores             // the condition holds for at least n stores, each by itself
)

// expr is a condition over signals. The empty name of a signal never occurs.
type expr struct {
	op   op
	n    int
	name string
	kids []*expr
	line int
	refs []signalRef // the signals behind name, once resolved
}

var exprKeys = []string{"all", "any", "not", "count", "of", "patterns", "strong", "stores", "where"}

// expr reads a condition: the name of a signal or definition, or a mapping.
func (d *doc) expr(n *yaml.Node) *expr {
	if n.Kind == yaml.ScalarNode {
		return &expr{op: opSignal, name: d.text(n, "a condition"), line: n.Line}
	}
	e := &expr{line: n.Line}
	part := map[string]*yaml.Node{}
	var keys []string
	for _, m := range d.mapping(n, "a condition", exprKeys) {
		part[m.key.Value] = m.value
		keys = append(keys, m.key.Value)
	}
	slices.Sort(keys)
	switch strings.Join(keys, " ") {
	case "all":
		e.op, e.kids = opAll, d.exprs(part["all"])
	case "any":
		e.op, e.kids = opAny, d.exprs(part["any"])
	case "not":
		e.op, e.kids = opNot, []*expr{d.expr(part["not"])}
	case "strong":
		e.op, e.name = opStrong, d.text(part["strong"], "strong")
	case "count of":
		e.op, e.n, e.kids = opCount, d.number(part["count"], "count"), d.exprs(part["of"])
	case "of patterns":
		e.op, e.n, e.kids = opPatterns, d.number(part["patterns"], "patterns"), d.exprs(part["of"])
		for _, k := range e.kids {
			if k.op != opSignal {
				d.bad(part["of"], "patterns are counted of signals, which are given by name")
			}
		}
	case "stores where":
		e.op, e.n, e.kids = opStores, d.number(part["stores"], "stores"), []*expr{d.expr(part["where"])}
	default:
		d.bad(n, "a condition is a signal's name or one of: all, any, not, strong, count + of, patterns + of, stores + where")
		return nil
	}
	return e
}

func (d *doc) exprs(n *yaml.Node) []*expr {
	var out []*expr
	for _, c := range d.list(n, "all, any and of") {
		if e := d.expr(c); e != nil {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		d.bad(n, "an empty list of conditions")
	}
	return out
}

// names calls f for every signal that the condition names.
func (e *expr) names(f func(e *expr)) {
	if e.name != "" {
		f(e)
	}
	for _, k := range e.kids {
		if k != nil {
			k.names(f)
		}
	}
}

// under reports whether a condition named where, below stores, uses stores again.
func (e *expr) nested(inStores bool) bool {
	if e.op == opStores && inStores {
		return true
	}
	for _, k := range e.kids {
		if k != nil && k.nested(inStores || e.op == opStores) {
			return true
		}
	}
	return false
}

// levels of a signal in a unit.
const (
	levelNone   uint8 = iota
	levelQuoted       // only in running text: counts for mentions
	levelWeak
	levelStrong
)

// view is what a condition sees: one unit, the stores of the rule that it is of
// (an engine has none), and which of them are left.
type view struct {
	st     *state
	stores []string
	off    uint64 // stores that are discounted, as bits
	quoted bool   // count matches in running text as what they would be elsewhere

	reads  []int32 // signals that the rule wants read, sorted
	strict bool    // nothing of them is known to be: what the unit only speaks of does not count
	traced bool    // what becomes of literals is known, as far as can be
}

// signalRef is one signal behind a name: the store that it belongs to (index
// in the owner's stores, -1: none) and its index in the set.
type signalRef struct {
	store int
	id    int
}

// eval reports whether the condition holds for the store (-1: for any), and
// the stores that took part in making it true, as bits. All parts are looked
// at, so that no store is left out.
func (v *view) eval(e *expr, store int) (bool, uint64) {
	switch e.op {
	case opSignal:
		return v.level(e, store, levelWeak)
	case opStrong:
		return v.level(e, store, levelStrong)
	case opNot:
		ok, _ := v.eval(e.kids[0], store)
		return !ok, 0
	case opPatterns:
		n := 0
		for _, k := range e.kids {
			n += v.patterns(k, store)
		}
		return n >= e.n, 0
	case opStores:
		var at uint64
		n := 0
		for i := range v.stores {
			if v.off>>i&1 == 1 {
				continue
			}
			if ok, _ := v.eval(e.kids[0], i); ok {
				at |= 1 << i
				n++
			}
		}
		if n < e.n {
			return false, 0
		}
		return true, at
	}
	n, at := 0, uint64(0)
	for _, k := range e.kids {
		if ok, a := v.eval(k, store); ok {
			n++
			at |= a
		}
	}
	need := e.n
	switch e.op {
	case opAll:
		need = len(e.kids)
	case opAny:
		need = 1
	}
	if n < need {
		return false, 0
	}
	return true, at
}

// visible reports whether a signal counts for the store (-1: for any).
func (v *view) visible(r signalRef, store int) bool {
	if r.store < 0 {
		return true
	}
	return v.off>>r.store&1 == 0 && (store < 0 || r.store == store)
}

// level reports whether a signal has at least the level, and in which stores.
func (v *view) level(e *expr, store int, least uint8) (bool, uint64) {
	met, at := false, uint64(0)
	for _, r := range e.refs {
		if v.visible(r, store) && v.levelOf(r.id) >= least {
			met = true
			if r.store >= 0 {
				at |= 1 << r.store
			}
		}
	}
	return met, at
}

// levelOf is the level of a signal as the rule sees it.
func (v *view) levelOf(id int) uint8 {
	if v.strict && !v.quoted && v.wants(id) {
		return v.st.busy[id]
	}
	return v.st.levelOf(id, v.quoted)
}

func (v *view) patterns(e *expr, store int) int {
	n := 0
	for _, r := range e.refs {
		if v.visible(r, store) {
			n += int(v.st.kinds[r.id])
		}
	}
	return n
}
