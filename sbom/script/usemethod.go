package script

import (
	"github.com/tdewolff/parse/v2/js"
)

// method follows a method of texts, lists, maps and promises, by its name. It
// reports whether it is one.
func (g *flow) method(c *called) bool {
	switch c.last {
	case "trim", "trimStart", "trimEnd", "toLowerCase", "toUpperCase", "toLocaleLowerCase", "normalize", "valueOf", "charAt", "padEnd", "padStart", "repeat",
		"slice", "substring", "substr", "sort", "reverse", "flat", "toReversed", "toSorted", "splice", "charCodeAt", "codePointAt", "finally", "toArray":
		g.pass(c.of, c.to)
		g.callbacks(c, 0)
	case "toString":
		g.edge(c.of, c.to, opFlat, 0)
	case "concat":
		g.pass(c.of, c.to)
		g.all(c, 0, c.to)
		g.all(c, 0, g.via(c.to, opPut, labelItem))
	case "replace", "replaceAll":
		g.pass(c.of, c.to)
		if len(c.args) > 0 {
			g.pass(c.args[0].node, endCompares)
			g.all(c, 1, c.to)
			g.all(c, 1, g.via(c.to, opGet, labelResult))
		}
	case "split":
		g.pass(c.of, g.via(c.to, opPut, labelItem))
		g.all(c, 0, endCompares)
	case "join":
		if len(c.args) > 1 { // a module for paths, whatever its name
			return false
		}
		flat := g.via(c.to, opFlat, 0)
		g.edge(c.of, flat, opAny, 0)
		g.all(c, 0, c.to)
	case "includes", "indexOf", "lastIndexOf", "startsWith", "endsWith", "match", "matchAll", "test", "search", "localeCompare", "has", "hasOwnProperty":
		if c.last == "search" && c.name != c.last && lastTwo(c.name) == "history.search" {
			return false
		}
		g.pass(c.of, endCompares)
		g.all(c, 0, endCompares)
	default:
		return g.lists(c) || g.keeps(c)
	}
	return true
}

func lastTwo(name string) string {
	l := lastName(name)
	if len(l) == len(name) {
		return name
	}
	return lastName(name[:len(name)-len(l)-1]) + "." + l
}

// callbacks gives functions among the arguments what the object holds, and
// lets the other ones go out of sight.
func (g *flow) callbacks(c *called, from int32) {
	for _, a := range c.args {
		for _, f := range a.funcs {
			for i := range f.params {
				if i < 2 {
					g.edge(c.of, f.params[i], opAny, 0)
				}
			}
		}
		if len(a.funcs) == 0 {
			g.pass(a.node, endUnknown)
		}
	}
}

// lists follows what runs a function for each element of a list.
func (g *flow) lists(c *called) bool {
	item, second := opAny, label(0)
	result := endNothing
	switch c.last {
	case "map", "flatMap":
		result = g.via(c.to, opPut, labelItem)
		if c.last == "flatMap" {
			g.all(c, 0, g.via(c.to, opGet, labelResult))
		}
	case "forEach", "some", "every", "findIndex":
	case "filter":
		g.pass(c.of, c.to)
	case "find", "findLast", "at", "pop", "shift":
		g.edge(c.of, c.to, opAny, 0)
	case "reduce", "reduceRight":
		second = 1
		result = c.to
	case "then", "catch":
		item, result = opPass, c.to
		g.pass(c.of, c.to)
	default:
		return false
	}
	for i, a := range c.args {
		g.pass(a.node, g.via(result, opGet, labelResult))
		if len(a.funcs) == 0 && (i == 0 || second == 0) {
			g.pass(a.node, endUnknown)
		}
		for _, f := range a.funcs {
			for j, p := range f.params {
				switch {
				case second != 0 && j == 0:
					g.pass(a.node, g.via(p, opGet, labelResult))
					g.all(c, 1, p)
				case j == int(second):
					g.edge(c.of, p, item, 0)
					if c.last == "forEach" { // of a Map, its values
						g.edge(c.of, g.via(p, opGet, g.index(1)), item, 0)
					}
				case j == 1 && c.last == "forEach":
					g.edge(c.of, g.via(p, opGet, g.index(0)), item, 0)
				}
			}
		}
	}
	if second != 0 {
		g.all(c, 1, c.to)
	}
	return true
}

// keeps follows what puts values into a list, a Map or a Set, and takes them out.
func (g *flow) keeps(c *called) bool {
	store := g.isStore(c.x)
	switch {
	case c.last == "push" || c.last == "unshift" || c.last == "add" && store:
		n := g.node()
		g.all(c, 0, g.via(n, opPut, labelItem))
		g.into(c.x, n)
	case c.last == "set" && store && len(c.args) == 2:
		n := g.node()
		g.pass(c.args[0].node, endCompares)
		g.pass(c.args[0].node, g.via(g.via(n, opPut, labelItem), opPut, g.index(0)))
		g.pass(c.args[1].node, g.via(g.via(n, opPut, labelItem), opPut, g.index(1)))
		g.into(c.x, n)
		g.pass(c.of, c.to)
	case c.last == "get" && store:
		g.all(c, 0, endCompares)
		g.edge(c.of, g.via(c.to, opGet, g.index(1)), opAny, 0)
	case c.last == "delete" && store:
		g.all(c, 0, endCompares)
	case c.last == "keys" && len(c.args) == 0:
		g.edge(c.of, g.via(g.via(c.to, opPut, labelItem), opGet, g.index(0)), opAny, 0)
	case c.last == "values" && len(c.args) == 0:
		g.pass(c.of, c.to)
		g.edge(c.of, g.via(g.via(c.to, opPut, labelItem), opGet, g.index(1)), opAny, 0)
	case c.last == "entries" && len(c.args) == 0:
		g.pass(c.of, c.to)
		g.edge(c.of, g.via(g.via(c.to, opPut, labelItem), opPut, g.index(1)), opAny, 0)
	default:
		return false
	}
	return true
}

// isStore reports whether an expression is a Map or a Set of the script.
func (g *flow) isStore(x js.IExpr) bool {
	switch x := plain(x).(type) {
	case *js.NewExpr:
		return isStore(x)
	case *js.Var:
		b := g.r.vars[declared(x)]
		return b != nil && b.times == 1 && b.expr != nil && b.member == "" && isStore(b.expr)
	case *js.DotExpr:
		return g.stores[dotName(x)]
	}
	return false
}
