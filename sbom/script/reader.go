package script

import (
	"bytes"
	"reflect"
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// binding is what is known of one variable.
type binding struct {
	expr   js.IExpr   // what it is bound to; nil: unknown
	member string     // the member of expr that a pattern takes, or ""
	adds   []js.IExpr // what is added to it (+=), in the order of the file
	times  int        // how often it is bound or assigned
	fn     *function  // the function that it is, or nil
	value  *value     // once it was evaluated
	busy   bool       // is being evaluated: it depends on itself
}

// function is a function whose result is one expression.
type function struct {
	params []*js.Var
	rest   *js.Var // the list of what is left of the arguments, or nil
	result js.IExpr
}

// reader reads one parsed script.
type reader struct {
	src   []byte  // of the file
	start uintptr // where the parser's input begins in memory
	base  int64   // where src begins in the file

	vars    map[*js.Var]*binding
	imports map[string]string   // names that import statements bind: canonical name
	methods map[string]*binding // of the script's classes, by name

	modulesOut []*Module        // the file itself first
	m          *Module          // whose code is being walked
	codes      map[js.INode]int // functions that are inner modules: their numbers
	built      []js.INode
	steps      int
	maxSteps   int
	facts      int
	names      map[nameKey]bool // calls and modules that are facts already
	decoders   decoders
	literals   []literal // candidates for decoders
	open       []openRequire
	lists      []literal // lists of short texts
	data       []literal // names of files of data
	spreads    bool      // a path is put together from a list that is not known
	dataPaths  bool      // a path is put together from a member of a file of data
}

type nameKey struct {
	m    *Module
	kind sbom.FactKind
	name string
}

// newReader makes a reader of a script. body is what the parser was given: as
// long as src, and the same but for what had to be blanked.
func newReader(src, body []byte, base int64) *reader {
	r := &reader{maxSteps: minSteps + 2*len(src), src: src, base: base, vars: map[*js.Var]*binding{}, imports: map[string]string{}, methods: map[string]*binding{}, names: map[nameKey]bool{}, codes: map[js.INode]int{}}
	if len(body) > 0 {
		r.start = reflect.ValueOf(body).Pointer()
	}
	return r
}

// raw gives the bytes of the file at a place.
func (r *reader) raw(at, n int64) []byte {
	from := at - r.base
	if from < 0 || n < 0 || from+n > int64(len(r.src)) {
		return nil
	}
	return r.src[from : from+n : from+n]
}

// declared is the variable behind a use of it.
func declared(v *js.Var) *js.Var {
	for range 1000 {
		if v.Link == nil {
			break
		}
		v = v.Link
	}
	return v
}

func (r *reader) bindingOf(v *js.Var) *binding {
	v = declared(v)
	b := r.vars[v]
	if b == nil {
		b = &binding{}
		r.vars[v] = b
	}
	return b
}

// collector notes what variables are bound to.
type collector struct{ r *reader }

func (r *reader) collect(ast *js.AST) { js.Walk(collector{r}, ast) }

// Exit does nothing.
func (c collector) Exit(js.INode) {}

// Enter notes the bindings of one node.
func (c collector) Enter(n js.INode) js.IVisitor {
	switch n := n.(type) {
	case *js.VarDecl:
		for i := range n.List {
			e := &n.List[i]
			c.bind(e.Binding, e.Default, n.InForInOf)
		}
	case *js.Params:
		for i := range n.List {
			c.bind(n.List[i].Binding, nil, true)
		}
		c.bind(n.Rest, nil, true)
	case *js.FuncDecl:
		if n.Name != nil {
			b := c.r.bindingOf(n.Name)
			b.times++
			b.fn = functionOf(&n.Params, &n.Body)
		}
	case *js.MethodDecl:
		c.method(n)
	case *js.BinaryExpr:
		c.assign(n)
	case *js.UnaryExpr:
		if v, ok := n.X.(*js.Var); ok && (n.Op == js.PreIncrToken || n.Op == js.PreDecrToken || n.Op == js.PostIncrToken || n.Op == js.PostDecrToken) {
			c.r.bindingOf(v).times += 2
		}
	case *js.ImportStmt:
		c.imported(n)
	}
	return c
}

// bind notes that a pattern is bound to a value. Without a value, or for the
// variable of a loop, nothing is known.
func (c collector) bind(to js.IBinding, value js.IExpr, unknown bool) {
	switch to := to.(type) {
	case *js.Var:
		if to == nil {
			return
		}
		b := c.r.bindingOf(to)
		if value == nil && !unknown {
			return // declared only: an assignment follows
		}
		b.times++
		if !unknown {
			b.expr, b.fn = value, functionFrom(value)
		}
	case *js.BindingObject:
		for i := range to.List {
			item := &to.List[i]
			v, ok := item.Value.Binding.(*js.Var)
			if !ok {
				c.bind(item.Value.Binding, nil, true)
				continue
			}
			b := c.r.bindingOf(v)
			b.times++
			if unknown || value == nil {
				continue
			}
			b.expr, b.member = value, string(v.Data)
			if item.Key != nil && item.Key.Computed == nil {
				b.member = keyOf(item.Key)
			}
		}
	case *js.BindingArray:
		for i := range to.List {
			c.bind(to.List[i].Binding, nil, true)
		}
	}
}

// method notes a method of a class. Of two that have one name, nothing is known.
func (c collector) method(n *js.MethodDecl) {
	if n.Name.Private != nil || n.Name.Computed != nil || n.Get || n.Set {
		return
	}
	name := keyOf(&n.Name.PropertyName)
	b := c.r.methods[name]
	if b == nil {
		b = &binding{}
		c.r.methods[name] = b
	}
	b.times++
	b.fn = functionOf(&n.Params, &n.Body)
}

// assign notes an assignment to a variable.
func (c collector) assign(n *js.BinaryExpr) {
	v, ok := n.X.(*js.Var)
	if !ok {
		return
	}
	switch n.Op {
	case js.EqToken:
		b := c.r.bindingOf(v)
		b.times++
		b.expr, b.fn = n.Y, functionFrom(n.Y)
	case js.AddEqToken:
		b := c.r.bindingOf(v)
		b.adds = append(b.adds, n.Y)
	case js.SubEqToken, js.MulEqToken, js.DivEqToken, js.ModEqToken, js.ExpEqToken, js.LtLtEqToken, js.GtGtEqToken, js.GtGtGtEqToken,
		js.BitAndEqToken, js.BitOrEqToken, js.BitXorEqToken, js.AndEqToken, js.OrEqToken, js.NullishEqToken:
		c.r.bindingOf(v).times += 2
	}
}

// imported notes the names that an import statement binds.
func (c collector) imported(n *js.ImportStmt) {
	m := moduleName(string(inner(n.Module)))
	if len(n.Default) > 0 {
		c.r.imports[string(n.Default)] = m
	}
	for _, a := range n.List {
		switch {
		case bytes.Equal(a.Name, []byte("*")) || len(a.Name) == 0 && len(a.Binding) == 0:
			c.r.imports[string(a.Binding)] = m
		case len(a.Name) == 0: // import {x}
			c.r.imports[string(a.Binding)] = m + "." + string(a.Binding)
		case string(a.Name) == "default":
			c.r.imports[string(a.Binding)] = m
		default:
			c.r.imports[string(a.Binding)] = m + "." + string(a.Name)
		}
	}
}

// moduleName is a module's name without the mark of what belongs to Node.
func moduleName(s string) string { return strings.TrimPrefix(s, "node:") }

// inner is what stands between the quotes of a string token.
func inner(b []byte) []byte {
	if len(b) < 2 {
		return nil
	}
	return b[1 : len(b)-1]
}

// keyOf is the name of a property that is not computed.
func keyOf(p *js.PropertyName) string {
	if p.Literal.TokenType == js.StringToken {
		s, _ := unescape(inner(p.Literal.Data), false)
		return string(s)
	}
	return string(p.Literal.Data)
}

// functionFrom is the function that an expression is, when its result is one
// expression.
func functionFrom(e js.IExpr) *function {
	switch e := e.(type) {
	case *js.FuncDecl:
		return functionOf(&e.Params, &e.Body)
	case *js.ArrowFunc:
		return functionOf(&e.Params, &e.Body)
	case *js.GroupExpr:
		return functionFrom(e.X)
	}
	return nil
}

func functionOf(p *js.Params, body *js.BlockStmt) *function {
	if len(body.List) != 1 || len(p.List) > 8 {
		return nil
	}
	ret, ok := body.List[0].(*js.ReturnStmt)
	if !ok || ret.Value == nil {
		return nil
	}
	f := &function{result: ret.Value}
	for i := range p.List {
		v, ok := p.List[i].Binding.(*js.Var)
		if !ok {
			return nil
		}
		f.params = append(f.params, declared(v))
	}
	if p.Rest != nil {
		v, ok := p.Rest.(*js.Var)
		if !ok {
			return nil
		}
		f.rest = declared(v)
	}
	return f
}
