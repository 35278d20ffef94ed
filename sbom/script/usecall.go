package script

import (
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// argument is one argument of a call: where its value lies, and the functions that
// it may be.
type argument struct {
	node   int32
	spread bool
	funcs  []*routine
}

// called is a call that is being looked at.
type called struct {
	name, last string
	x          js.IExpr // what the method is of, or nil
	of         int32    // the value of x
	args       []argument
	to         int32 // where the result goes
}

func lastName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// call lets the arguments of a call flow to where the callee takes them, and its
// result to a node.
func (g *flow) call(e *js.CallExpr, to int32) {
	if g.asksFor(e, to) {
		return
	}
	c := &called{to: to, of: endNothing}
	c.name, _ = g.r.name(e.X, 0)
	c.last = lastName(c.name)
	funcs, certain := g.resolve(e.X, 0)
	if d, ok := plain(e.X).(*js.DotExpr); ok {
		c.x, c.of = d.X, g.node()
		g.expr(d.X, c.of)
		g.edge(c.of, g.via(g.via(to, opGet, labelResult), opGet, g.label(dotName(d))), opPass, 0)
		c.last = dotName(d)
	} else {
		g.expr(e.X, g.via(to, opGet, labelResult))
	}
	g.arguments(c, e.Args.List)
	for _, f := range funcs {
		g.give(f, c)
	}
	switch {
	case certain:
	case g.foreign(c, e.X):
		g.touches(c) // a module of the script's own that is named like one that reads
	case g.known(c), c.x != nil && g.method(c):
	default:
		g.leave(c, 0)
		if len(funcs) == 0 && c.x != nil {
			g.pass(c.of, endUnknown)
		}
	}
}

// asksFor reports whether a call asks for a module.
func (g *flow) asksFor(e *js.CallExpr, to int32) bool {
	name := ""
	switch x := e.X.(type) {
	case *js.Var:
		name = string(x.Name())
	case *js.LiteralExpr:
		name = string(x.Data)
	}
	if len(e.Args.List) == 0 || name != "require" && name != "import" && name != "__require" && (len(g.inner) == 0 || g.literalRequire(e) == "") {
		return false
	}
	g.expr(e.Args.List[0].Value, endNothing)
	if v := textOf(g.r.eval(e.Args.List[0].Value, nil, 0)); v.whole {
		g.pass(g.asked(string(v.text)), to)
	}
	return true
}

// asked is the node of what another module gives.
func (g *flow) asked(name string) int32 {
	n, ok := g.requires[name]
	if !ok {
		n = g.node()
		g.requires[name] = n
	}
	return n
}

func (g *flow) arguments(c *called, l []js.Arg) {
	for i := range l {
		a := argument{node: g.node(), spread: l[i].Rest}
		if a.spread {
			g.expr(l[i].Value, g.via(a.node, opAny, 0))
		} else {
			g.expr(l[i].Value, a.node)
			a.funcs, _ = g.resolve(l[i].Value, 0)
		}
		c.args = append(c.args, a)
	}
}

// resolve gives the functions of the script that an expression may be. It is
// certain when it can be nothing else.
func (g *flow) resolve(e js.IExpr, depth int) ([]*routine, bool) {
	if depth > 20 {
		return nil, false
	}
	switch e := plain(e).(type) {
	case *js.FuncDecl, *js.ArrowFunc:
		return []*routine{g.routine(e)}, true
	case *js.Var:
		v := declared(e)
		b := g.r.vars[v]
		out := g.decls[v]
		if b == nil || b.times == 0 {
			return nil, false
		}
		if len(out) > 0 {
			return out, b.times == len(out)
		}
		if b.member != "" {
			return g.methods[b.member], false
		}
		if b.expr == nil {
			return nil, false
		}
		l, ok := g.resolve(b.expr, depth+1)
		return l, ok && b.times == 1
	case *js.DotExpr:
		l := g.methods[dotName(e)]
		return l, len(l) > 0 && g.own(e.X)
	}
	return nil, false
}

// own reports whether an expression is an object or a class of the script.
func (g *flow) own(x js.IExpr) bool {
	switch x := plain(x).(type) {
	case *js.LiteralExpr:
		return x.TokenType == js.ThisToken
	case *js.NewExpr:
		v, ok := x.X.(*js.Var)
		return ok && g.classes[declared(v)] != nil
	case *js.Var:
		v := declared(x)
		if g.classes[v] != nil {
			return true
		}
		b := g.r.vars[v]
		if b == nil || b.times != 1 || b.expr == nil || b.member != "" {
			return false
		}
		_, object := plain(b.expr).(*js.ObjectExpr)
		_, made := plain(b.expr).(*js.NewExpr)
		return object || made && g.own(b.expr)
	}
	return false
}

// give passes arguments to a function of the script.
func (g *flow) give(f *routine, c *called) {
	if c.x != nil {
		g.pass(c.of, f.this)
	}
	spread := false
	for i, a := range c.args {
		spread = spread || a.spread
		for j := i; j < len(f.params) && (spread || j == i); j++ {
			g.pass(a.node, f.params[j])
		}
		switch {
		case f.rest != 0 && i < len(f.params):
		case f.rest != 0 && !spread:
			g.edge(a.node, f.rest, opPut, g.index(i-len(f.params)))
		case i >= len(f.params):
			g.pass(a.node, endUnknown) // it may look at its arguments as a list
		}
		if f.rest != 0 && spread {
			g.edge(a.node, f.rest, opPut, labelItem)
		}
	}
}

// leave lets arguments from one on go out of sight.
func (g *flow) leave(c *called, from int) { g.all(c, from, endUnknown) }

// all lets arguments from one on flow to a node.
func (g *flow) all(c *called, from int, to int32) {
	for i := from; i < len(c.args); i++ {
		g.pass(c.args[i].node, to)
	}
}

// foreign lets arguments flow to a function that another module gives, when the
// callee is one.
func (g *flow) foreign(c *called, callee js.IExpr) bool {
	name, member := "", ""
	switch x := plain(callee).(type) {
	case *js.Var:
		name, member = g.origin(x)
	case *js.DotExpr:
		member = dotName(x)
		if v, ok := x.X.(*js.Var); ok {
			in := ""
			if name, in = g.origin(v); in != "" && in != "default" {
				return false
			}
		} else if q, ok := plain(x.X).(*js.CallExpr); ok {
			name = g.literalRequire(q)
		}
	case *js.CallExpr:
		name = g.literalRequire(x)
	}
	if name == "" || !strings.HasPrefix(name, ".") && !g.inner[name] {
		return false
	}
	p := passed{module: name, member: member, args: c.args, by: g.number, result: g.node()}
	g.pass(p.result, c.to)
	for _, a := range c.args {
		n := g.node()
		g.pass(a.node, n)
		g.pass(n, endUnknown)
		p.ends = append(p.ends, n)
	}
	g.passes = append(g.passes, p)
	return true
}

// origin is the module that a variable comes from, and the member of it.
func (g *flow) origin(v *js.Var) (string, string) {
	b := g.r.vars[declared(v)]
	if b == nil || b.times == 0 {
		im := g.imported[string(v.Name())]
		return im.module, im.member
	}
	if q, ok := plain(b.expr).(*js.CallExpr); ok && b.times == 1 {
		return g.literalRequire(q), b.member
	}
	if d, ok := plain(b.expr).(*js.DotExpr); ok && b.times == 1 && b.member == "" {
		if q, ok := plain(d.X).(*js.CallExpr); ok {
			return g.literalRequire(q), dotName(d)
		}
	}
	return "", ""
}

// literalRequire is the module that a call asks for, as written.
func (g *flow) literalRequire(e *js.CallExpr) string {
	v, ok := e.X.(*js.Var)
	if !ok || len(e.Args.List) != 1 || string(v.Name()) != "require" && len(g.inner) == 0 {
		return ""
	}
	name := textOf(g.r.eval(e.Args.List[0].Value, nil, 0))
	if !name.whole || string(v.Name()) != "require" && !g.inner[string(name.text)] {
		return ""
	}
	return string(name.text)
}

// make lets the arguments of a constructor flow to where it takes them.
func (g *flow) make(e *js.NewExpr, to int32) {
	c := &called{to: to, of: endNothing}
	c.name, _ = g.r.name(e.X, 0)
	c.last = lastName(c.name)
	if e.Args != nil {
		g.arguments(c, e.Args.List)
	}
	v, _ := e.X.(*js.Var)
	if v == nil {
		g.expr(e.X, endNothing)
	} else if k := g.classes[declared(v)]; k != nil {
		g.pass(k.this, to)
		if k.make != nil {
			g.give(k.make, c)
		} else {
			g.leave(c, 0)
		}
		return
	} else if l, certain := g.resolve(v, 0); certain {
		for _, f := range l {
			g.give(f, c)
			g.pass(f.this, to)
		}
		return
	}
	switch {
	case slices.Contains([]string{"Map", "Set", "WeakMap", "WeakSet", "URL", "String", "Uint8Array", "Buffer", "TextDecoder", "URLSearchParams", "Object"}, c.last):
		g.all(c, 0, to)
	case c.last == "Array":
		g.all(c, 0, g.via(to, opPut, labelItem))
	case c.last == "RegExp":
		g.all(c, 0, endCompares)
	case strings.HasSuffix(c.last, "Error"), c.last == "Notification":
		g.all(c, 0, endShows)
	case c.last == "Date":
	case c.last == "Database", c.last == "DatabaseSync", strings.Contains(strings.ToLower(c.name), "sqlite"):
		g.all(c, 0, endReads)
	default:
		g.leave(c, 0)
	}
}
