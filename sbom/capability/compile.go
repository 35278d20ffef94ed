package capability

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/kinbom/kinbom/sbom"
)

// signal is a named group of patterns of one owner.
type signal struct {
	name     string
	patterns []int32
	rules    []int32 // that name it in some condition, in the order of the set
	engine   bool    // an engine names it
	read     bool    // some rule wants it read
	owner    string  // "rule x", "store x", "engine x" or "shared"
	file     string
	line     int
}

// rule is a rule ready to be evaluated.
type rule struct {
	Rule
	refs     map[string][]signalRef
	grades   []gradeDecl // strongest first
	clears   *expr       // or nil
	ownStore *expr       // or nil
	needs    *expr       // or nil
	importer *expr       // or nil
	reads    []int32     // signals whose literals count only where they may be read; sorted
	unused   []namedExpr // definitions that no condition names
	examples []example
}

// engine is an engine ready to be evaluated.
type engine struct {
	id   string
	own  []string
	refs map[string][]signalRef
	when *expr
}

// compiler turns declarations into a set and collects faults.
type compiler struct {
	s        *Set
	errs     []error
	families map[string]map[string]int // family, or "family data": signal name -> signal
	shared   map[string]int
	known    map[string]string // "what id" -> file, to find what is given twice
	used     map[string]bool   // definitions of the rule at hand that some condition names
}

func (c *compiler) bad(file string, n *yaml.Node, format string, a ...any) {
	c.errs = append(c.errs, place(file, n, format, a...))
}

// compile resolves all names across files and builds the automaton.
func (s *Set) compile(files []fileDecl) error {
	c := &compiler{s: s, families: map[string]map[string]int{}, shared: map[string]int{}, known: map[string]string{}, used: map[string]bool{}}
	for i := range files {
		c.vocabulary(&files[i])
	}
	slices.SortFunc(s.capabilities, func(a, b Capability) int { return strings.Compare(a.ID, b.ID) })
	for i := range files {
		f := &files[i]
		c.composites(f)
		for j := range f.engines {
			c.engine(f, &f.engines[j])
		}
		for j := range f.rules {
			c.rule(f, &f.rules[j])
		}
	}
	slices.SortFunc(s.rules, func(a, b *rule) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.engines, func(a, b *engine) int { return strings.Compare(a.id, b.id) })
	c.fillRules()
	if len(c.errs) > 0 {
		return errors.Join(c.errs...)
	}
	s.fillSignals()
	return s.buildAutomaton()
}

// once reports whether an id is new, and complains when it is not.
func (c *compiler) once(file string, n *yaml.Node, what, id string) bool {
	if at, ok := c.known[what+" "+id]; ok {
		c.bad(file, n, "%s %q is already given in %s", what, id, at)
		return false
	}
	c.known[what+" "+id] = file
	return true
}

// vocabulary takes in what rules refer to.
func (c *compiler) vocabulary(f *fileDecl) {
	for _, l := range [][]Capability{f.capabilities, f.composites} {
		for _, x := range l {
			if c.once(f.name, f.nodes[x.ID], "capability", x.ID) {
				c.s.capabilities = append(c.s.capabilities, x)
			}
		}
	}
	for _, x := range f.families {
		if c.once(f.name, x.node, "store", x.id) {
			c.families[x.id] = c.signals(f.name, "store "+x.id, x.signals)
			for _, k := range x.data {
				c.families[x.id+" "+k.name] = c.signals(f.name, "store "+x.id+", data "+k.name, k.signals)
			}
		}
	}
	shared := c.signals(f.name, "shared", f.shared)
	for _, d := range f.shared {
		if c.once(f.name, nil, "shared signal", d.name) {
			c.shared[d.name] = shared[d.name]
		}
	}
	for _, q := range f.quotations {
		if c.once(f.name, nil, "quotation", q.id) {
			c.s.quotations = append(c.s.quotations, q)
		}
	}
}

// signals numbers signals and their patterns.
func (c *compiler) signals(file, owner string, list []signalDecl) map[string]int {
	out := map[string]int{}
	for _, d := range list {
		id := len(c.s.signals)
		sg := signal{name: d.name, owner: owner, file: file, line: d.line}
		for _, p := range d.patterns {
			p.signal = id
			sg.patterns = append(sg.patterns, int32(len(c.s.patterns)))
			c.s.patterns = append(c.s.patterns, p)
		}
		c.s.signals = append(c.s.signals, sg)
		out[d.name] = id
	}
	return out
}

func (c *compiler) composites(f *fileDecl) {
	for _, x := range f.composites {
		slices.Sort(x.Composite.Any)
		slices.Sort(x.Composite.Sends)
		for _, id := range slices.Concat(x.Composite.Any, x.Composite.Sends) {
			if y, ok := c.s.Lookup(id); !ok || y.Composite != nil {
				c.bad(f.name, f.nodes[x.ID], "composite %q: %q is not a capability%s", x.ID, id, c.suggestCapability(id))
			}
		}
	}
}

func (c *compiler) suggestCapability(id string) string {
	if s := c.s.Suggest(id); s != "" {
		return fmt.Sprintf("; did you mean %q?", s)
	}
	return ""
}

func (c *compiler) engine(f *fileDecl, d *engineDecl) {
	if !c.once(f.name, d.node, "engine", d.id) {
		return
	}
	for _, o := range d.own {
		if c.families[o] == nil {
			c.bad(f.name, d.node, "engine %q: no store %q is known", d.id, o)
		}
	}
	e := &engine{id: d.id, own: d.own, refs: map[string][]signalRef{}, when: d.when}
	for name, id := range c.signals(f.name, "engine "+d.id, d.signals) {
		e.refs[name] = []signalRef{{-1, id}}
	}
	c.resolve(f.name, d.when, e.refs, nil)
	c.s.engines = append(c.s.engines, e)
}

func (c *compiler) rule(f *fileDecl, d *ruleDecl) {
	if !c.once(f.name, d.node, "rule", d.ID) {
		return
	}
	if x, ok := c.s.Lookup(d.Capability); !ok || x.Composite != nil {
		c.bad(f.name, d.node, "rule %q: %q is not a capability%s", d.ID, d.Capability, c.suggestCapability(d.Capability))
	}
	r := &rule{Rule: d.Rule, refs: c.refs(f, d), grades: d.grades, examples: d.examples}
	for _, s := range d.stores {
		r.Stores = append(r.Stores, s.id)
	}
	defs := map[string]*expr{}
	for _, n := range d.defs {
		if r.refs[n.name] != nil || defs[n.name] != nil {
			c.bad(f.name, n.node, "rule %q: %q is already the name of a signal", d.ID, n.name)
			continue
		}
		c.resolve(f.name, n.expr, r.refs, defs)
		defs[n.name] = n.expr
	}
	for _, g := range d.grades {
		c.resolve(f.name, g.expr, r.refs, defs)
	}
	if d.needs != nil {
		c.resolve(f.name, d.needs, r.refs, defs)
		r.needs = d.needs
	}
	for _, n := range d.reads {
		if refs := r.refs[n.Value]; refs == nil {
			c.bad(f.name, n, "rule %q: unknown signal %q in reads", d.ID, n.Value)
		} else {
			for _, ref := range refs {
				r.reads = append(r.reads, int32(ref.id))
			}
		}
	}
	slices.Sort(r.reads)
	r.reads = slices.Compact(r.reads)
	for _, n := range d.flags {
		c.resolve(f.name, n.expr, r.refs, defs)
		if n.expr != nil && n.expr.nested(true) {
			c.bad(f.name, n.node, "rule %q: a flag looks at one store at a time, so `stores` cannot stand in it", d.ID)
		}
		switch n.name {
		case sbom.FlagClears:
			r.clears = n.expr
		case sbom.FlagOwnStore:
			r.ownStore = n.expr
		case sbom.FlagImporter:
			r.importer = n.expr
		}
	}
	for _, n := range d.defs {
		if defs[n.name] != nil && !c.used[n.name] {
			r.unused = append(r.unused, n)
		}
	}
	clear(c.used)
	c.s.rules = append(c.s.rules, r)
}

// refs collects the signals that a rule sees: its own, those of its stores
// (with the family's vocabulary) and the shared ones it does not redefine.
func (c *compiler) refs(f *fileDecl, d *ruleDecl) map[string][]signalRef {
	refs := map[string][]signalRef{}
	for name, id := range c.signals(f.name, "rule "+d.ID, d.signals) {
		refs[name] = append(refs[name], signalRef{-1, id})
	}
	slices.SortFunc(d.stores, func(a, b storeDecl) int { return strings.Compare(a.id, b.id) })
	if len(d.stores) > maxNames {
		c.bad(f.name, d.node, "rule %q has more than %d stores", d.ID, maxNames)
		return refs
	}
	for i, s := range d.stores {
		family := c.families[s.id]
		if family == nil {
			c.bad(f.name, s.node, "rule %q: no store %q is known", d.ID, s.id)
			continue
		}
		for name, id := range family {
			refs[name] = append(refs[name], signalRef{i, id})
		}
		c.data(f, d, s, func(name string, id int) { refs[name] = append(refs[name], signalRef{i, id}) })
		for name, id := range c.signals(f.name, "rule "+d.ID, s.signals) {
			refs[name] = append(refs[name], signalRef{i, id})
		}
	}
	for name, id := range c.shared {
		if refs[name] == nil {
			refs[name] = []signalRef{{-1, id}}
		}
	}
	return refs
}

// data adds the signals of the data that a rule looks at in one of its stores.
func (c *compiler) data(f *fileDecl, d *ruleDecl, s storeDecl, add func(name string, id int)) {
	has := len(d.data) == 0
	for _, k := range d.data {
		data := c.families[s.id+" "+k]
		has = has || data != nil
		for _, name := range slices.Sorted(maps.Keys(data)) {
			add(name, data[name])
		}
	}
	if !has {
		c.bad(f.name, s.node, "rule %q: store %q has no data of %v", d.ID, s.id, d.data)
	}
}

// resolve checks the names of a condition and puts definitions in their place.
func (c *compiler) resolve(file string, e *expr, refs map[string][]signalRef, defs map[string]*expr) {
	if e == nil {
		return
	}
	if e.nested(false) {
		c.bad(file, &yaml.Node{Line: e.line}, "`stores` inside `stores`")
	}
	e.names(func(x *expr) {
		if def := defs[x.name]; def != nil {
			if x.op != opSignal {
				c.bad(file, &yaml.Node{Line: x.line}, "%q is a definition; strong goes with a signal", x.name)
				return
			}
			c.used[x.name] = true
			line := x.line
			*x = *def
			x.line = line
			return
		}
		if x.refs = refs[x.name]; x.refs != nil {
			return
		}
		var words []string
		for n := range refs {
			words = append(words, n)
		}
		for n := range defs {
			words = append(words, n)
		}
		slices.Sort(words)
		c.bad(file, &yaml.Node{Line: x.line}, "unknown signal %q%s", x.name, suggestion(x.name, words))
	})
}

// fillRules notes in the taxonomy which rules detect what.
func (c *compiler) fillRules() {
	for _, r := range c.s.rules {
		for i := range c.s.capabilities {
			if c.s.capabilities[i].ID == r.Capability {
				c.s.capabilities[i].Rules = append(c.s.capabilities[i].Rules, r.ID)
			}
		}
	}
}

// fillSignals notes in the signals which rules and engines name them.
func (s *Set) fillSignals() {
	for _, e := range s.engines {
		e.when.names(func(x *expr) {
			for _, ref := range x.refs {
				s.signals[ref.id].engine = true
			}
		})
	}
	for i, r := range s.rules {
		for _, id := range r.reads {
			s.signals[id].read = true
		}
		r.conditions(func(e *expr) {
			e.names(func(x *expr) {
				for _, ref := range x.refs {
					if l := &s.signals[ref.id].rules; len(*l) == 0 || (*l)[len(*l)-1] != int32(i) {
						*l = append(*l, int32(i))
					}
				}
			})
		})
	}
}

// conditions calls f for every condition of the rule.
func (r *rule) conditions(f func(*expr)) {
	for _, g := range r.grades {
		f(g.expr)
	}
	for _, e := range []*expr{r.clears, r.ownStore, r.importer, r.needs} {
		if e != nil {
			f(e)
		}
	}
}

// looksAt reports whether the rule judges units of this size.
func (r *rule) looksAt(c sbom.Scope) bool { return slices.Contains(r.Scope, c) }

// buildAutomaton readies the searches for the patterns. The machines themselves
// are made when first needed: a process that only lists rules needs none.
func (s *Set) buildAutomaton() error {
	number := make(map[string]int, len(s.patterns))
	var keys [][]byte
	var key []byte
	alone := make([]int32, len(s.patterns)) // most patterns share their key with none
	for i := range s.patterns {
		p := &s.patterns[i]
		key = key[:0]
		for _, b := range p.text {
			key = append(key, keyByte(b))
		}
		n, ok := number[string(key)]
		if !ok {
			n = len(keys)
			number[string(key)] = n
			keys = append(keys, p.text)
			s.byKey = append(s.byKey, alone[i:i:i+1])
		}
		s.byKey[n] = append(s.byKey[n], int32(i))
		s.kinds |= p.kinds
		if s.shortest == 0 || len(p.text) < s.shortest {
			s.shortest = len(p.text)
		}
	}
	if err := checkKeys(keys); err != nil {
		return err
	}
	s.auto = sync.OnceValue(func() *automaton { return makeAutomaton(keys, denseStates) })
	s.hidden = sync.OnceValue(func() hidden { return newHidden(s.patterns) })
	return nil
}
