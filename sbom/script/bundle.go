package script

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// minTable is how many functions a table must hold to be one of modules.
const minTable = 2

// maxInner is how many inner modules of one file are told apart.
const maxInner = 20_000

// entry is one inner module of a table.
type entry struct {
	name string
	code js.INode
	deps *js.ObjectExpr // browserify: what its names stand for
}

// table splits a table of modules, as webpack and browserify write them: an
// object or a list whose values are functions of (module, exports, require), or
// lists of such a function and its names. It reports whether the node was one.
func (r *reader) table(n js.INode) bool {
	if r.m != r.modulesOut[0] {
		return false // a table in a module is the module's own
	}
	var l []entry
	switch n := n.(type) {
	case *js.ObjectExpr:
		for i := range n.List {
			p := &n.List[i]
			name := propertyName(p)
			if name == nil {
				return false
			}
			l = append(l, entryOf(keyOf(name), p.Value))
		}
	case *js.ArrayExpr:
		for i := range n.List {
			if n.List[i].Value != nil {
				l = append(l, entryOf(strconv.Itoa(i), n.List[i].Value))
			}
		}
	}
	if len(l) < minTable || len(r.modulesOut)+len(l) > maxInner {
		return false
	}
	names := map[string]bool{}
	for _, e := range l {
		if e.code == nil {
			return false
		}
		names[e.name] = true
	}
	if !slices.ContainsFunc(l, func(e entry) bool { return e.deps != nil || r.asksFor(e.code, names) }) {
		return false // functions by name: no table of modules
	}
	for _, e := range l {
		r.innerModule(e)
	}
	return true
}

// asksFor reports whether a function calls its third parameter with the name of
// another module of its table.
func (r *reader) asksFor(code js.INode, names map[string]bool) bool {
	x := &extent{r: r, from: -1, ask: map[*js.Var]bool{}}
	if p := moduleParams(code); len(p) == 3 {
		x.ask[p[2]] = true
		js.Walk(x, code)
	}
	return slices.ContainsFunc(x.asks, func(q Require) bool { return names[q.Name] })
}

// entryOf is what a table says of one module; without code it is none.
func entryOf(name string, e js.IExpr) entry {
	if a, ok := e.(*js.ArrayExpr); ok && len(a.List) == 2 {
		if deps, ok := a.List[1].Value.(*js.ObjectExpr); ok {
			x := entryOf(name, a.List[0].Value)
			x.deps = deps
			return x
		}
		return entry{}
	}
	if g, ok := e.(*js.GroupExpr); ok {
		return entryOf(name, g.X)
	}
	if n := len(moduleParams(e)); n == 0 && !bare(e) || n > 3 {
		return entry{}
	}
	return entry{name: name, code: e}
}

// propertyName is the name of a property or method of an object, or nil when it
// has none that is known.
func propertyName(p *js.Property) *js.PropertyName {
	name := p.Name
	if m, ok := p.Value.(*js.MethodDecl); ok && !m.Get && !m.Set {
		name = &m.Name.PropertyName
	}
	if p.Spread || name == nil || name.Computed != nil {
		return nil
	}
	return name
}

// bare reports whether a node is a function without parameters.
func bare(n js.INode) bool {
	switch n := n.(type) {
	case *js.FuncDecl:
		return n.Name == nil && len(n.Params.List) == 0
	case *js.ArrowFunc:
		return len(n.Params.List) == 0
	case *js.MethodDecl:
		return len(n.Params.List) == 0
	}
	return false
}

// moduleParams are the parameters of a function, when all are plain names.
func moduleParams(n js.INode) []*js.Var {
	var p *js.Params
	switch n := n.(type) {
	case *js.FuncDecl:
		p = &n.Params
	case *js.ArrowFunc:
		p = &n.Params
	case *js.MethodDecl:
		p = &n.Params
	default:
		return nil
	}
	var out []*js.Var
	for i := range p.List {
		v, ok := p.List[i].Binding.(*js.Var)
		if !ok || p.List[i].Default != nil {
			return nil
		}
		out = append(out, declared(v))
	}
	return out
}

// innerModule walks the code of one inner module.
func (r *reader) innerModule(e entry) {
	outer := r.m
	r.m = &Module{Name: e.name}
	r.codes[e.code] = len(r.modulesOut)
	r.modulesOut = append(r.modulesOut, r.m)
	x := &extent{r: r, from: -1, ask: map[*js.Var]bool{}}
	if p := moduleParams(e.code); len(p) == 3 {
		x.ask[p[2]] = true
	}
	js.Walk(x, e.code)
	r.m.Span = sbom.Span{Offset: max(x.from, 0), Length: max(x.to-x.from, 0)}
	built := r.built
	r.built = nil
	js.Walk(walker{r}, e.code)
	r.built = built
	r.m.Requires = append(r.m.Requires, x.asks...)
	if e.deps != nil {
		r.renamed(e.deps)
	}
	r.m = outer
}

// renamed gives the requires of a browserify module the numbers that its table
// has for them.
func (r *reader) renamed(deps *js.ObjectExpr) {
	for i := range deps.List {
		p := &deps.List[i]
		if p.Name == nil || p.Name.Computed != nil {
			continue
		}
		v := textOf(r.eval(p.Value, nil, 0))
		for j := range r.m.Requires {
			if q := &r.m.Requires[j]; v.whole && q.Name == keyOf(p.Name) {
				q.Name = string(v.text)
			}
		}
	}
}

// bundle splits what esbuild wraps: require_x = __commonJS({"path"(exports,
// module) {…}}). It reports whether the call was one.
func (r *reader) bundle(n *js.CallExpr) bool {
	if r.m != r.modulesOut[0] || len(n.Args.List) != 1 || len(r.modulesOut) >= maxInner {
		return false
	}
	o, ok := n.Args.List[0].Value.(*js.ObjectExpr)
	if !ok || len(o.List) != 1 || propertyName(&o.List[0]) == nil {
		return false
	}
	key := keyOf(propertyName(&o.List[0]))
	if _, ok := n.X.(*js.Var); !ok || !strings.ContainsAny(key, "/.") {
		return false
	}
	switch f := o.List[0].Value.(type) {
	case *js.MethodDecl, *js.FuncDecl, *js.ArrowFunc:
		r.innerModule(entry{name: key, code: f})
		return true
	}
	return false
}

// extent finds from where to where a piece of code reaches, by its first and last
// names and literals, and what an inner module asks the bundle for.
type extent struct {
	r        *reader
	from, to int64
	ask      map[*js.Var]bool
	asks     []Require
}

// Exit does nothing.
func (x *extent) Exit(js.INode) {}

// Enter looks at one node.
func (x *extent) Enter(n js.INode) js.IVisitor {
	switch n := n.(type) {
	case *js.LiteralExpr:
		x.reach(n.Data)
	case *js.TemplateExpr:
		if len(n.List) > 0 {
			x.reach(n.List[0].Value)
		}
		x.reach(n.Tail)
	case *js.CallExpr:
		if v, ok := n.X.(*js.Var); ok && x.ask[declared(v)] && len(n.Args.List) == 1 {
			a := textOf(x.r.eval(n.Args.List[0].Value, nil, 0))
			if a.whole && len(a.parts) > 0 {
				x.asks = append(x.asks, Require{Kind: RequireModule, Name: string(a.text), Offset: a.parts[0].Offset, Length: a.parts[0].Length})
			}
		}
	}
	return x
}

func (x *extent) reach(b []byte) {
	at := x.r.offset(b)
	if at < 0 {
		return
	}
	if x.from < 0 || at < x.from {
		x.from = at
	}
	x.to = max(x.to, at+int64(len(b)))
}
