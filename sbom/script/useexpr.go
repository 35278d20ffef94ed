package script

import (
	"bytes"

	"github.com/tdewolff/parse/v2/js"
)

// expr lets the value of an expression flow to a node.
func (g *flow) expr(e js.IExpr, to int32) {
	switch e := e.(type) {
	case *js.LiteralExpr:
		g.literal(e, to)
	case *js.TemplateExpr:
		g.template(e, to)
	case *js.Var:
		g.read(e, to)
	case *js.GroupExpr:
		g.expr(e.X, to)
	case *js.CommaExpr:
		for i, x := range e.List {
			if i < len(e.List)-1 {
				g.expr(x, endNothing)
			} else {
				g.expr(x, to)
			}
		}
	case *js.UnaryExpr:
		if e.Op != js.AwaitToken {
			to = endNothing
		}
		g.expr(e.X, to)
	case *js.CondExpr:
		g.expr(e.Cond, endNothing)
		g.expr(e.X, to)
		g.expr(e.Y, to)
	case *js.BinaryExpr:
		g.binary(e, to)
	case *js.ArrayExpr:
		g.array(e, to)
	case *js.ObjectExpr:
		g.object(e, to)
	case *js.DotExpr:
		g.dot(e, to)
	case *js.IndexExpr:
		g.indexed(e, to)
	case *js.CallExpr:
		g.call(e, to)
	case *js.NewExpr:
		g.make(e, to)
	case *js.FuncDecl:
		g.edge(g.function(e).ret, to, opPut, labelResult)
	case *js.ArrowFunc:
		g.edge(g.function(e).ret, to, opPut, labelResult)
	case *js.MethodDecl:
		g.edge(g.function(e).ret, to, opPut, labelResult)
	case *js.ClassDecl:
		g.class(e, to)
	case *js.YieldExpr:
		if e.Generator {
			g.expr(e.X, g.ret)
		} else if e.X != nil {
			g.expr(e.X, g.via(g.ret, opPut, labelItem))
		}
	case *js.VarDecl:
		g.declare(e)
	}
}

// literal lets a text or a number flow to a node.
func (g *flow) literal(e *js.LiteralExpr, to int32) {
	switch {
	case e.TokenType == js.StringToken:
		g.source(e.Data, to)
	case e.TokenType == js.ThisToken:
		g.pass(g.this, to)
	case js.IsNumeric(e.TokenType):
		if at := g.r.offset(e.Data); at >= 0 {
			g.sourceAt(at, to)
		}
	}
}

// source is the node of a literal with a mark before its text.
func (g *flow) source(data []byte, to int32) {
	if at := g.r.offset(data); at >= 0 {
		g.sourceAt(at+1, to)
	}
}

func (g *flow) sourceAt(at int64, to int32) {
	n, ok := g.at[at]
	if !ok {
		n = g.node()
		g.at[at] = n
	}
	g.pass(n, to)
}

func (g *flow) template(e *js.TemplateExpr, to int32) {
	if e.Tag != nil {
		name, _ := g.r.name(e.Tag, 0)
		to = tagged(lastName(name), to)
		g.expr(e.Tag, endNothing)
	}
	flat := g.via(to, opFlat, 0)
	for i := range e.List {
		g.source(e.List[i].Value, to)
		g.expr(e.List[i].Expr, flat)
	}
	g.source(e.Tail, to)
}

// tagged is where the text of a template goes that a function is given.
func tagged(name string, to int32) int32 {
	switch name {
	case "raw", "dedent", "outdent", "css":
		return to
	case "html", "svg":
		return endShows
	case "sql", "SQL":
		return endQuery
	}
	return endUnknown
}

// read lets what a variable holds flow to a node.
func (g *flow) read(v *js.Var, to int32) {
	if to == endNothing {
		return
	}
	b := g.r.vars[declared(v)]
	if b == nil || b.times == 0 {
		if string(v.Name()) == "exports" {
			g.pass(g.exports, to)
			return
		}
		if im, ok := g.imported[string(v.Name())]; ok {
			from := g.asked(im.module)
			if im.member != "" {
				g.edge(from, to, opGet, g.label(im.member))
			}
			if im.member == "" || im.member == "default" {
				g.pass(from, to)
			}
			return
		}
	}
	g.pass(g.variable(v), to)
}

func (g *flow) binary(e *js.BinaryExpr, to int32) {
	switch e.Op {
	case js.EqToken:
		if n := g.node(); e.X != nil {
			g.pass(n, to)
			g.expr(e.Y, n)
			g.assign(e.X, n)
		}
	case js.AddEqToken, js.AndEqToken, js.OrEqToken, js.NullishEqToken:
		n := g.node()
		g.pass(n, to)
		g.expr(e.Y, n)
		g.assign(e.X, n)
		g.expr(e.X, to)
	case js.AndToken, js.OrToken, js.NullishToken:
		g.expr(e.X, to)
		g.expr(e.Y, to)
	case js.EqEqToken, js.EqEqEqToken, js.NotEqToken, js.NotEqEqToken, js.LtToken, js.LtEqToken, js.GtToken, js.GtEqToken:
		g.expr(e.X, endCompares)
		g.expr(e.Y, endCompares)
	case js.InToken:
		g.expr(e.X, endCompares)
		g.expr(e.Y, endNothing)
	case js.InstanceofToken:
		g.expr(e.X, endNothing)
		g.expr(e.Y, endNothing)
	default: // arithmetic, also with assignment
		flat := g.via(to, opFlat, 0)
		g.expr(e.X, flat)
		g.expr(e.Y, flat)
	}
}

// assign lets the value of a node flow into what an expression names.
func (g *flow) assign(x js.IExpr, n int32) {
	switch x := x.(type) {
	case *js.Var:
		g.pass(n, g.variable(x))
		if b := g.r.vars[declared(x)]; b == nil || b.times == 0 {
			g.pass(n, endUnknown) // a name of the whole page
		}
	case *js.GroupExpr:
		g.assign(x.X, n)
	case *js.DotExpr:
		name := dotName(x)
		switch name {
		case "textContent", "innerHTML", "innerText", "outerHTML", "placeholder", "nodeValue":
			g.pass(n, endShows)
			g.expr(x.X, endNothing)
			return
		}
		g.into(x.X, g.via2(n, opPut, g.label(name)))
	case *js.IndexExpr:
		key := g.node()
		g.expr(x.Y, key)
		g.pass(key, endCompares)
		g.into(x.X, g.via2(key, opPut, labelKey))
		g.into(x.X, g.via2(n, opPut, g.labelOf(x.Y)))
	case *js.ArrayExpr:
		for i := range x.List {
			if x.List[i].Value != nil {
				g.assign(x.List[i].Value, g.via2(n, opGet, g.index(i)))
			}
		}
	case *js.ObjectExpr:
		for i := range x.List {
			if p := &x.List[i]; p.Name != nil && p.Name.Computed == nil {
				g.assign(p.Value, g.via2(n, opGet, g.label(keyOf(p.Name))))
			} else {
				g.assign(p.Value, g.via2(n, opAny, 0))
			}
		}
	}
}

// via2 gives a node that values come to from another one through an edge.
func (g *flow) via2(from int32, o op, l label) int32 {
	n := g.node()
	g.edge(from, n, o, l)
	return n
}

// labelOf is the label of what an expression in brackets names.
func (g *flow) labelOf(e js.IExpr) label {
	if l, ok := e.(*js.LiteralExpr); ok {
		switch {
		case l.TokenType == js.StringToken:
			s, _ := unescape(inner(l.Data), false)
			return g.label(string(s))
		case js.IsNumeric(l.TokenType):
			return g.label(string(l.Data))
		}
	}
	return labelStar
}

// into lets the value of a node flow into the object that an expression gives. An
// object that the script did not make itself is somebody else's, too.
func (g *flow) into(x js.IExpr, n int32) {
	switch x := x.(type) {
	case *js.Var:
		b := g.r.vars[declared(x)]
		if (b == nil || b.times == 0) && string(x.Name()) == "exports" {
			g.pass(n, g.exports)
			return
		}
		g.pass(n, g.variable(x))
		if b == nil || b.times != 1 || b.member != "" || !fresh(b.expr) {
			g.pass(n, endUnknown)
		}
	case *js.GroupExpr:
		g.into(x.X, n)
	case *js.LiteralExpr:
		if x.TokenType == js.ThisToken {
			g.pass(n, g.this)
		}
	case *js.DotExpr:
		if isModuleExports(x) {
			g.pass(n, g.exports)
			return
		}
		g.into(x.X, g.via2(n, opPut, g.label(dotName(x))))
		if this, ok := x.X.(*js.LiteralExpr); !ok || this.TokenType != js.ThisToken {
			g.pass(n, endUnknown)
		}
	case *js.IndexExpr:
		g.into(x.X, g.via2(n, opPut, g.labelOf(x.Y)))
		g.pass(n, endUnknown)
	default:
		g.expr(x, endNothing)
		g.pass(n, endUnknown)
	}
}

func isModuleExports(x *js.DotExpr) bool {
	v, ok := x.X.(*js.Var)
	return ok && string(v.Name()) == "module" && dotName(x) == "exports"
}

// fresh reports whether an expression makes an object of the script's own.
func fresh(e js.IExpr) bool {
	switch e := plain(e).(type) {
	case *js.ObjectExpr, *js.ArrayExpr, *js.ClassDecl:
		return true
	case *js.NewExpr:
		v, ok := e.X.(*js.Var)
		return ok && (isStore(e) || string(v.Name()) == "Array" || string(v.Name()) == "Object")
	}
	return false
}

func (g *flow) array(e *js.ArrayExpr, to int32) {
	spread := false
	for i := range e.List {
		x := &e.List[i]
		switch {
		case x.Value == nil:
		case x.Spread:
			spread = true
			g.expr(x.Value, g.via(g.via(to, opPut, labelItem), opAny, 0))
		case spread:
			g.expr(x.Value, g.via(to, opPut, labelItem))
		default:
			g.expr(x.Value, g.via(to, opPut, g.index(i)))
		}
	}
}

func (g *flow) object(e *js.ObjectExpr, to int32) {
	o := g.node()
	g.pass(o, to)
	for i := range e.List {
		p := &e.List[i]
		if m, ok := p.Value.(*js.MethodDecl); ok {
			f := g.routine(m)
			if !f.own {
				f.this, f.own = o, true
			}
			in := g.via(o, opPut, g.label(methodName(m)))
			if m.Get {
				g.pass(g.function(m).ret, in)
			} else {
				g.edge(g.function(m).ret, in, opPut, labelResult)
			}
			continue
		}
		g.property(p, o)
	}
}

// property lets a property flow into its object. Its name is a text like others,
// that is asked for.
func (g *flow) property(p *js.Property, o int32) {
	l := labelStar
	switch {
	case p.Spread:
		g.expr(p.Value, o)
		return
	case p.Name == nil:
		if v, ok := p.Value.(*js.Var); ok {
			l = g.label(string(v.Name()))
		}
	case p.Name.Computed != nil:
		key := g.node()
		g.pass(key, endCompares)
		g.edge(key, o, opPut, labelKey)
		g.expr(p.Name.Computed, key)
	default:
		l = g.label(keyOf(p.Name))
		if p.Name.Literal.TokenType == js.StringToken {
			g.source(p.Name.Literal.Data, endCompares)
			g.source(p.Name.Literal.Data, g.via(o, opPut, labelKey))
		}
	}
	if f, ok := p.Value.(*js.FuncDecl); ok {
		if r := g.routine(f); !r.own {
			r.this, r.own = o, true
		}
	}
	g.expr(p.Value, g.via(o, opPut, l))
	g.expr(p.Init, g.via(o, opPut, l))
}

func (g *flow) dot(e *js.DotExpr, to int32) {
	if isModuleExports(e) {
		g.pass(g.exports, to)
		return
	}
	if bytes.Equal(dotData(e), []byte("length")) {
		to = endNothing
	}
	if e.X == nil {
		return
	}
	g.expr(e.X, g.via(to, opGet, g.label(dotName(e))))
}

func (g *flow) indexed(e *js.IndexExpr, to int32) {
	g.expr(e.Y, endCompares)
	if l := g.labelOf(e.Y); l != labelStar {
		g.expr(e.X, g.via(to, opGet, l))
		return
	}
	g.expr(e.X, g.via(to, opAny, 0))
}
