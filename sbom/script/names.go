package script

import (
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// name is the dotted name of what an expression refers to, with the module that
// a variable stands for instead of the variable: "fs.readFileSync",
// "electron.app.getPath", "db.prepare". ok is false when there is none.
func (r *reader) name(e js.IExpr, depth int) (name string, ok bool) {
	if depth > 20 {
		return "", false
	}
	switch e := e.(type) {
	case *js.Var:
		return r.varName(e, depth)
	case *js.LiteralExpr:
		if e.TokenType == js.ThisToken || e.TokenType == js.ImportToken || js.IsIdentifierName(e.TokenType) {
			return string(e.Data), true
		}
	case *js.GroupExpr:
		return r.name(e.X, depth+1)
	case *js.CommaExpr:
		if n := len(e.List); n > 0 {
			return r.name(e.List[n-1], depth+1)
		}
	case *js.DotExpr:
		return r.memberName(e.X, dotName(e), depth)
	case *js.IndexExpr:
		if v := r.eval(e.Y, nil, depth+1); v.text != nil && v.whole && isName(v.text) {
			return r.memberName(e.X, string(v.text), depth)
		}
	case *js.CallExpr:
		if m, ok := r.required(e, depth); ok {
			return m, true
		}
	case *js.UnaryExpr:
		if e.Op == js.AwaitToken {
			return r.name(e.X, depth+1)
		}
	}
	return "", false
}

func (r *reader) memberName(x js.IExpr, member string, depth int) (string, bool) {
	base, ok := r.name(x, depth+1)
	switch {
	case member == "":
		return "", false
	case !ok:
		return member, true
	case member == "default" || member == "call" || member == "apply" || member == "bind":
		return base, true
	case len(base) > 200:
		return member, true
	}
	return base + "." + member, true
}

// dotName is the name behind the point; dotData are its bytes.
func dotName(e *js.DotExpr) string { return string(dotData(e)) }

func dotData(e *js.DotExpr) []byte {
	switch y := e.Y.(type) {
	case js.LiteralExpr:
		return y.Data
	case *js.LiteralExpr:
		return y.Data
	case *js.Var: // private names
		return y.Data
	}
	return nil
}

func (r *reader) varName(v *js.Var, depth int) (string, bool) {
	own := string(v.Name())
	b := r.vars[declared(v)]
	if b == nil || b.times == 0 {
		if m, ok := r.imports[own]; ok {
			return m, true
		}
		return own, true
	}
	if b.times != 1 || b.expr == nil || b.fn != nil {
		return own, true
	}
	base, ok := "", false
	switch e := b.expr.(type) {
	case *js.CallExpr:
		base, ok = r.required(e, depth+1)
	case *js.Var, *js.DotExpr, *js.GroupExpr:
		base, ok = r.name(b.expr, depth+1)
	case *js.UnaryExpr:
		if e.Op == js.AwaitToken {
			base, ok = r.name(e, depth+1)
		}
	}
	switch {
	case !ok:
		return own, true
	case b.member == "" || b.member == "default":
		return base, true
	}
	return base + "." + b.member, true
}

// required is the module that a call gives: require("m"), import("m"), also
// through one of the helpers that compilers put around it.
func (r *reader) required(e *js.CallExpr, depth int) (string, bool) {
	if len(e.Args.List) == 0 || depth > 20 {
		return "", false
	}
	arg := e.Args.List[0].Value
	callee := ""
	switch x := e.X.(type) {
	case *js.Var:
		callee = string(x.Name())
	case *js.LiteralExpr:
		callee = string(x.Data)
	case *js.DotExpr:
		callee = dotName(x)
	default:
		return "", false
	}
	if callee == "require" || callee == "import" || callee == "__require" {
		if v := r.eval(arg, nil, depth+1); v.text != nil && v.whole {
			return moduleName(string(v.text)), true
		}
		return "", false
	}
	low := strings.ToLower(callee)
	if strings.Contains(low, "import") || strings.Contains(low, "interop") || strings.Contains(low, "toesm") {
		if in, ok := arg.(*js.CallExpr); ok {
			return r.required(in, depth+1)
		}
	}
	return "", false
}

// isName reports whether a text is an identifier.
func isName(b []byte) bool {
	for i, c := range b {
		if !(c == '_' || c == '$' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9') {
			return false
		}
	}
	return len(b) > 0
}
