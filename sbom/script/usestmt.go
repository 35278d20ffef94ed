package script

import (
	"github.com/tdewolff/parse/v2/js"
)

// shownNames are members by whose names windows, menus and helps show texts.
func shownNames() []string {
	return []string{"label", "title", "placeholder", "description", "tooltip", "toolTip", "sublabel", "subtitle", "message", "detail", "hint", "help",
		"helpText", "summary", "usage", "caption", "ariaLabel", "alt"}
}

// build makes the graph, once.
func (g *flow) build() {
	if g.built {
		return
	}
	g.built = true
	g.edges = make([][]edge, ends)
	g.at, g.vars = map[int64]int32{}, map[*js.Var]int32{}
	g.decls, g.requires, g.imported = map[*js.Var][]*routine{}, map[string]int32{}, map[string]member{}
	g.funcs, g.methods, g.classes, g.stores = map[js.INode]*routine{}, map[string][]*routine{}, map[*js.Var]*class{}, map[string]bool{}
	g.inner = map[string]bool{}
	for _, m := range g.r.modulesOut {
		if m.Name != "" {
			g.inner[m.Name] = true
		}
	}
	g.shown = map[string]label{}
	for i, s := range shownNames() {
		g.shown[s] = labelShown + label(i)
	}
	if len(g.r.src) > maxUsed {
		return
	}
	g.loose, g.exports = g.node(), g.node()
	g.pass(g.exports, endUnknown)
	g.pass(g.loose, endUnknown) // who makes objects with such functions is not followed
	g.ret, g.this = endNothing, g.loose
	js.Walk(members{g}, g.ast)
	g.block(&g.ast.BlockStmt)
	if !g.module { // its names are those of the whole page
		for _, v := range g.ast.BlockStmt.Scope.Declared {
			g.pass(g.variable(v), endUnknown)
		}
	}
	g.ast = nil
}

// members notes functions that are members, classes, and what holds a Map.
type members struct{ g *flow }

// Exit does nothing.
func (m members) Exit(js.INode) {}

// Enter looks at one node.
func (m members) Enter(n js.INode) js.IVisitor {
	g := m.g
	switch n := n.(type) {
	case *js.ClassDecl:
		g.classOf(n)
	case *js.ObjectExpr:
		for i := range n.List {
			if p := &n.List[i]; p.Name != nil && p.Name.Computed == nil {
				g.member(keyOf(p.Name), p.Value)
			}
			if d, ok := n.List[i].Value.(*js.MethodDecl); ok && d.Name.Computed == nil {
				g.member(methodName(d), d)
			}
		}
	case *js.BinaryExpr:
		if d, ok := n.X.(*js.DotExpr); ok && n.Op == js.EqToken {
			g.member(dotName(d), n.Y)
		}
	case *js.CallExpr:
		if v, ok := n.X.(*js.Var); ok && (string(v.Name()) == "require" || string(v.Name()) == "define") {
			g.module = true
		}
	case *js.FuncDecl:
		if n.Name != nil {
			g.decls[declared(n.Name)] = append(g.decls[declared(n.Name)], g.routine(n))
		}
	case *js.ImportStmt:
		g.module = true
		g.imports(n)
	case *js.ExportStmt:
		g.module = true
	}
	return m
}

// member notes what a member is given: a function, or a Map.
func (g *flow) member(name string, e js.IExpr) {
	if f := g.routine(plain(e)); f != nil {
		g.methods[name] = append(g.methods[name], f)
	}
	if isStore(e) {
		g.stores[name] = true
	}
}

// imports notes the names that an import statement binds.
func (g *flow) imports(n *js.ImportStmt) {
	m := string(inner(n.Module))
	if len(n.Default) > 0 {
		g.imported[string(n.Default)] = member{m, "default"}
	}
	for _, a := range n.List {
		switch name := string(a.Name); {
		case name == "*" || name == "" && len(a.Binding) == 0:
			g.imported[string(a.Binding)] = member{m, ""}
		case name == "":
			g.imported[string(a.Binding)] = member{m, string(a.Binding)}
		default:
			g.imported[string(a.Binding)] = member{m, name}
		}
	}
}

// plain is an expression without the brackets around it.
func plain(e js.IExpr) js.IExpr {
	for {
		x, ok := e.(*js.GroupExpr)
		if !ok {
			return e
		}
		e = x.X
	}
}

// isStore reports whether an expression makes a Map or a Set.
func isStore(e js.IExpr) bool {
	n, ok := e.(*js.NewExpr)
	if !ok {
		return false
	}
	v, ok := n.X.(*js.Var)
	if !ok {
		return false
	}
	switch string(v.Name()) {
	case "Map", "Set", "WeakMap", "WeakSet", "URLSearchParams":
		return true
	}
	return false
}

func methodName(n *js.MethodDecl) string {
	if n.Name.Private != nil {
		return string(n.Name.Private.Data)
	}
	return keyOf(&n.Name.PropertyName)
}

// classOf notes a class with its methods.
func (g *flow) classOf(n *js.ClassDecl) *class {
	c := &class{this: g.node()}
	for _, x := range n.List {
		switch {
		case x.Method != nil:
			f := g.routine(x.Method)
			f.this, f.own = c.this, true
			if name := methodName(x.Method); name == "constructor" {
				c.make = f
			} else if x.Method.Name.Computed == nil {
				g.methods[name] = append(g.methods[name], f)
			}
		case x.StaticBlock == nil && isStore(x.Init):
			g.stores[fieldName(&x.Field)] = true
		}
	}
	if n.Name != nil {
		g.classes[declared(n.Name)] = c
	}
	return c
}

func fieldName(f *js.Field) string {
	if f.Name.Private != nil {
		return string(f.Name.Private.Data)
	}
	return keyOf(&f.Name.PropertyName)
}

func (g *flow) block(b *js.BlockStmt) {
	if b == nil {
		return
	}
	for _, s := range b.List {
		g.statement(s)
	}
}

func (g *flow) statement(s js.IStmt) {
	switch s := s.(type) {
	case *js.BlockStmt:
		g.block(s)
	case *js.ExprStmt:
		g.expr(s.Value, endNothing)
	case *js.VarDecl:
		g.declare(s)
	case *js.FuncDecl:
		g.function(s)
	case *js.ClassDecl:
		g.class(s, endNothing)
	case *js.ReturnStmt:
		g.expr(s.Value, g.ret)
	case *js.ThrowStmt:
		g.expr(s.Value, endShows)
	case *js.IfStmt:
		g.expr(s.Cond, endNothing)
		g.statement(s.Body)
		g.statement(s.Else)
	case *js.DoWhileStmt:
		g.statement(s.Body)
		g.expr(s.Cond, endNothing)
	case *js.WhileStmt:
		g.expr(s.Cond, endNothing)
		g.statement(s.Body)
	case *js.ForStmt:
		g.expr(s.Init, endNothing)
		g.expr(s.Cond, endNothing)
		g.expr(s.Post, endNothing)
		g.block(s.Body)
	case *js.ForInStmt:
		g.loop(s.Init, s.Value, opKeys)
		g.block(s.Body)
	case *js.ForOfStmt:
		g.loop(s.Init, s.Value, opAny)
		g.block(s.Body)
	case *js.SwitchStmt:
		g.expr(s.Init, endCompares)
		for i := range s.List {
			g.expr(s.List[i].Cond, endCompares)
			for _, x := range s.List[i].List {
				g.statement(x)
			}
		}
	case *js.TryStmt:
		g.block(s.Body)
		g.block(s.Catch)
		g.block(s.Finally)
	case *js.WithStmt:
		g.expr(s.Cond, endUnknown)
		g.statement(s.Body)
	case *js.LabelledStmt:
		g.statement(s.Value)
	case *js.ExportStmt:
		g.export(s)
	}
}

// export reads an export statement.
func (g *flow) export(s *js.ExportStmt) {
	to := g.exports
	if s.Default {
		to = g.via(g.exports, opPut, g.label("default"))
	}
	switch d := s.Decl.(type) {
	case nil:
	case *js.VarDecl:
		g.declare(d)
		for i := range d.List {
			g.gives(d.List[i].Binding)
		}
	case *js.FuncDecl:
		if d.Name != nil && !s.Default {
			to = g.via(g.exports, opPut, g.label(string(d.Name.Name())))
		}
		g.expr(d, to)
	case *js.ClassDecl:
		if d.Name != nil && !s.Default {
			to = g.via(g.exports, opPut, g.label(string(d.Name.Name())))
		}
		g.class(d, to)
	default:
		g.expr(d, to)
	}
	for _, a := range s.List {
		name := a.Binding
		if len(a.Name) > 0 {
			name = a.Name
		}
		for _, v := range g.ast.BlockStmt.Scope.Declared {
			if s.Module == nil && string(v.Name()) == string(name) {
				g.edge(g.variable(v), g.exports, opPut, g.label(string(a.Binding)))
			}
		}
	}
}

// gives exports the variables of a pattern.
func (g *flow) gives(b js.IBinding) {
	switch b := b.(type) {
	case *js.Var:
		if b != nil {
			g.edge(g.variable(b), g.exports, opPut, g.label(string(b.Name())))
		}
	case *js.BindingObject:
		for i := range b.List {
			g.gives(b.List[i].Value.Binding)
		}
	case *js.BindingArray:
		for i := range b.List {
			g.gives(b.List[i].Binding)
		}
	}
}

func (g *flow) declare(d *js.VarDecl) {
	for i := range d.List {
		if e := &d.List[i]; e.Default != nil {
			n := g.node()
			g.bind(e.Binding, n)
			g.expr(e.Default, n)
		}
	}
}

// loop gives the variable of a loop what it runs over.
func (g *flow) loop(init, over js.IExpr, o op) {
	n := g.node()
	g.expr(over, g.via(n, o, 0))
	if d, ok := init.(*js.VarDecl); ok {
		for i := range d.List {
			g.bind(d.List[i].Binding, n)
		}
		return
	}
	g.assign(init, n)
}

// bind gives the variables of a pattern the value of a node.
func (g *flow) bind(b js.IBinding, n int32) {
	switch b := b.(type) {
	case *js.Var:
		if b != nil {
			g.pass(n, g.variable(b))
		}
	case *js.BindingObject:
		for i := range b.List {
			item := &b.List[i]
			o, l := opAny, label(0)
			if v, ok := item.Value.Binding.(*js.Var); ok && item.Key == nil {
				o, l = opGet, g.label(string(v.Name()))
			} else if item.Key != nil && item.Key.Computed == nil {
				o, l = opGet, g.label(keyOf(item.Key))
			}
			g.element(&item.Value, n, o, l)
		}
		if b.Rest != nil {
			g.bind(b.Rest, n)
		}
	case *js.BindingArray:
		for i := range b.List {
			g.element(&b.List[i], n, opGet, g.index(i))
		}
		if b.Rest != nil {
			g.edge(n, g.via(g.via(g.rest(b.Rest), opPut, labelItem), opPass, 0), opAny, 0)
		}
	}
}

// rest is a node whose values a pattern takes.
func (g *flow) rest(b js.IBinding) int32 {
	n := g.node()
	g.bind(b, n)
	return n
}

// element gives one part of a pattern its value, or its default.
func (g *flow) element(e *js.BindingElement, n int32, o op, l label) {
	if e.Binding == nil {
		return
	}
	x := g.node()
	g.edge(n, x, o, l)
	g.bind(e.Binding, x)
	if e.Default != nil {
		g.expr(e.Default, x)
	}
}

// function reads the body of a function.
func (g *flow) function(n js.INode) *routine {
	f := g.routine(n)
	p, body := parts(n)
	ret, this, number := g.ret, g.this, g.number
	g.ret = f.ret
	if i, ok := g.r.codes[n]; ok {
		g.number = i
	}
	if _, arrow := n.(*js.ArrowFunc); !arrow {
		g.this = f.this
	}
	for i := range p.List {
		g.bind(p.List[i].Binding, f.params[i])
		if p.List[i].Default != nil {
			g.expr(p.List[i].Default, f.params[i])
		}
	}
	if p.Rest != nil {
		g.bind(p.Rest, f.rest)
	}
	if d, ok := n.(*js.FuncDecl); ok && d.Name != nil {
		g.edge(f.ret, g.variable(d.Name), opPut, labelResult)
	}
	g.block(body)
	g.ret, g.this, g.number = ret, this, number
	return f
}

// class reads a class.
func (g *flow) class(n *js.ClassDecl, to int32) {
	var c *class
	if n.Name != nil {
		c = g.classes[declared(n.Name)]
	}
	if c == nil {
		c = g.classOf(n)
	}
	g.pass(c.this, to)
	if n.Name != nil {
		g.pass(c.this, g.variable(n.Name))
	}
	if n.Extends != nil { // what it inherits may use its members
		g.expr(n.Extends, endNothing)
		if v, ok := n.Extends.(*js.Var); !ok || g.classes[declared(v)] == nil {
			g.pass(c.this, endUnknown)
		} else {
			g.pass(c.this, g.classes[declared(v)].this)
			g.pass(g.classes[declared(v)].this, c.this)
		}
	}
	this := g.this
	g.this = c.this
	for _, x := range n.List {
		switch {
		case x.StaticBlock != nil:
			g.block(x.StaticBlock)
		case x.Method != nil:
			f := g.function(x.Method)
			if x.Method.Get {
				g.edge(f.ret, c.this, opPut, g.label(methodName(x.Method)))
			} else {
				g.edge(f.ret, g.via(c.this, opPut, g.label(methodName(x.Method))), opPut, labelResult)
			}
		case x.Init != nil:
			g.expr(x.Init, g.via(c.this, opPut, g.label(fieldName(&x.Field))))
		}
	}
	g.this = this
}
