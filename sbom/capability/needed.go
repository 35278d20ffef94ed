package capability

import (
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// needed is what rules need of a script: which signals make it worth reading by
// themselves, and what else must stand together.
type needed struct {
	set  *Set
	of   [][]int32 // signals of each pattern
	lead []bool    // by signal: worth reading by itself
	weak []bool    // by signal: some pattern of it is weak, and not looked for
}

// needed finds what rules need.
func (s *Set) needed() needed {
	n := needed{set: s, of: make([][]int32, len(s.patterns)), lead: make([]bool, len(s.signals)), weak: make([]bool, len(s.signals))}
	for id := range s.signals {
		for _, p := range s.signals[id].patterns {
			n.of[p] = append(n.of[p], int32(id))
			n.weak[id] = n.weak[id] || s.patterns[p].weak
		}
	}
	for _, r := range s.rules {
		for _, refs := range r.refs {
			for _, ref := range refs {
				if ref.store >= 0 {
					n.lead[ref.id] = true
				}
			}
		}
		if !slices.Contains(r.Scope, sbom.ScopeModules) {
			continue
		}
		for _, g := range r.grades {
			for _, id := range g.expr.must() {
				n.lead[id] = n.lead[id] || s.isNamed(id)
			}
		}
	}
	return n
}

// isNamed reports whether a signal can be met by a text or a module: one that
// calls alone meet is in scripts of all kinds.
func (s *Set) isNamed(id int) bool {
	return slices.ContainsFunc(s.signals[id].patterns, func(p int32) bool { return s.patterns[p].kinds&(textKinds|kindModule) != 0 })
}

// must is the signals without which a condition does not hold.
func (e *expr) must() []int {
	var out []int
	switch e.op {
	case opSignal, opStrong:
		for _, ref := range e.refs {
			out = append(out, ref.id)
		}
	case opAll, opStores:
		for _, k := range e.kids {
			out = append(out, k.must()...)
		}
	case opAny:
		for i, k := range e.kids {
			l := k.must()
			if i == 0 {
				out = l
				continue
			}
			out = slices.DeleteFunc(out, func(id int) bool { return !slices.Contains(l, id) })
		}
	}
	return out
}

// presence is what of the patterns stands in one script.
type presence struct {
	*needed
	patterns map[int32]bool
	signals  map[int32]bool
	rules    map[int32]bool
}

func (n *needed) presence() *presence {
	return &presence{n, map[int32]bool{}, map[int32]bool{}, map[int32]bool{}}
}

// add notes a pattern, and reports whether it is enough by itself.
func (p *presence) add(pattern int) bool {
	p.patterns[int32(pattern)] = true
	for _, id := range p.of[pattern] {
		if p.lead[id] {
			return true
		}
		p.signals[id] = true
		for _, r := range p.set.signals[id].rules {
			p.rules[r] = true
		}
	}
	return false
}

// enough reports whether some rule may hold by what was noted: common words that
// are not looked for count as if they stood there, and what must not stand there
// as if it did not.
func (p *presence) enough() bool {
	for r := range p.rules {
		for _, g := range p.set.rules[r].grades {
			if p.may(g.expr) {
				return true
			}
		}
	}
	return false
}

func (p *presence) may(e *expr) bool {
	switch e.op {
	case opSignal:
		return slices.ContainsFunc(e.refs, func(ref signalRef) bool { return p.signals[int32(ref.id)] || p.weak[ref.id] })
	case opStrong:
		return slices.ContainsFunc(e.refs, func(ref signalRef) bool { return p.signals[int32(ref.id)] })
	case opAll:
		return !slices.ContainsFunc(e.kids, func(k *expr) bool { return !p.may(k) })
	case opNot:
		return true
	case opCount:
		met := 0
		for _, k := range e.kids {
			if p.may(k) {
				met++
			}
		}
		return met >= e.n
	}
	return slices.ContainsFunc(e.kids, p.may) // of several stores one is enough here
}
