package script

import (
	"bytes"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// star stands in a text for what is not known.
const star = "*"

// value is what is known of an expression: a text, a number, a list, or nothing.
type value struct {
	text  []byte // nil: no text
	whole bool   // nothing of it is unknown
	num   float64
	isNum bool
	list  []value // of a list; with isList
	isLst bool
	parts []sbom.Span // the bytes that it comes from, in its order
	how   string      // how it follows from one part, or ""
}

// env are the values of the parameters of a function that is followed.
type env map[*js.Var]value

func known(text string) value { return value{text: []byte(text), whole: true} }

// eval gives the value of an expression as far as constants make it known.
func (r *reader) eval(e js.IExpr, env env, depth int) value {
	r.steps++
	if depth > maxDepth || r.steps > r.maxSteps {
		return value{}
	}
	depth++
	switch e := e.(type) {
	case *js.LiteralExpr:
		return r.literal(e)
	case *js.TemplateExpr:
		return r.template(e, env, depth)
	case *js.Var:
		return r.variable(e, env, depth)
	case *js.GroupExpr:
		return r.eval(e.X, env, depth)
	case *js.CommaExpr:
		if n := len(e.List); n > 0 {
			return r.eval(e.List[n-1], env, depth)
		}
	case *js.UnaryExpr:
		return r.unary(e, env, depth)
	case *js.CondExpr:
		return r.either(e.X, e.Y, env, depth)
	case *js.BinaryExpr:
		return r.binary(e, env, depth)
	case *js.ArrayExpr:
		return r.array(e, env, depth)
	case *js.DotExpr:
		return r.member(e.X, dotName(e), env, depth)
	case *js.IndexExpr:
		return r.index(e, env, depth)
	case *js.CallExpr:
		return r.call(e, env, depth)
	case *js.NewExpr:
		return r.make(e, env, depth)
	}
	return value{}
}

// literal is the value of a string or a number.
func (r *reader) literal(e *js.LiteralExpr) value {
	at := r.offset(e.Data)
	if at < 0 {
		return value{}
	}
	switch {
	case e.TokenType == js.StringToken:
		raw := r.raw(at+1, int64(len(e.Data))-2)
		text, changed := unescape(raw, false)
		v := value{text: text, whole: true, parts: []sbom.Span{{Offset: at + 1, Length: int64(len(raw))}}}
		if changed {
			v.how = sbom.HowEscaped
		}
		if text == nil {
			v.text = []byte{}
		}
		return v
	case js.IsNumeric(e.TokenType):
		if f, ok := number(e.Data); ok {
			return value{num: f, isNum: true, parts: []sbom.Span{{Offset: at, Length: int64(len(e.Data))}}}
		}
	}
	return value{}
}

// part is the value of a piece of a template; cut are the bytes of its marks at
// either end.
func (r *reader) part(data []byte, cut int) value {
	at := r.offset(data)
	if at < 0 || len(data) < 1+cut {
		return known("")
	}
	raw := r.raw(at+1, int64(len(data)-1-cut))
	text, changed := unescape(raw, true)
	v := value{text: text, whole: true}
	if v.text == nil {
		v.text = []byte{}
	}
	if len(raw) > 0 {
		v.parts = []sbom.Span{{Offset: at + 1, Length: int64(len(raw))}}
	}
	if changed {
		v.how = sbom.HowEscaped
	}
	return v
}

func (r *reader) template(e *js.TemplateExpr, env env, depth int) value {
	var l []value
	for i := range e.List {
		l = append(l, r.part(e.List[i].Value, 2), textOf(r.eval(e.List[i].Expr, env, depth)))
	}
	return concat(append(l, r.part(e.Tail, 1))...)
}

// variable is the value of a variable that is bound once, with all that is added
// to it.
func (r *reader) variable(v *js.Var, env env, depth int) value {
	if x, ok := env[declared(v)]; ok {
		return x
	}
	b := r.vars[declared(v)]
	if b == nil || b.times == 0 {
		if string(v.Name()) == "__dirname" {
			return known(".")
		}
		return value{}
	}
	if b.times != 1 || b.expr == nil || b.busy {
		return value{}
	}
	if b.value == nil {
		b.busy = true
		x := r.bound(b, depth)
		b.busy = false
		b.value = &x
	}
	return *b.value
}

func (r *reader) bound(b *binding, depth int) value {
	if b.member != "" {
		return r.member(b.expr, b.member, nil, depth)
	}
	x := r.eval(b.expr, nil, depth)
	if len(b.adds) > 0 && x.text != nil {
		l := []value{x}
		for _, e := range b.adds {
			l = append(l, textOf(r.eval(e, nil, depth)))
		}
		return concat(l...)
	}
	if len(b.adds) > 0 {
		return value{}
	}
	return x
}

func (r *reader) unary(e *js.UnaryExpr, env env, depth int) value {
	switch x := r.eval(e.X, env, depth); {
	case e.Op == js.AwaitToken:
		return x
	case e.Op == js.NegToken && x.isNum:
		x.num = -x.num
		return x
	case e.Op == js.PosToken && x.isNum:
		return x
	}
	return value{}
}

// either is the first of two values that says anything.
func (r *reader) either(x, y js.IExpr, env env, depth int) value {
	if v := r.eval(x, env, depth); v.text != nil || v.isNum || v.isLst {
		return v
	}
	return r.eval(y, env, depth)
}

func (r *reader) binary(e *js.BinaryExpr, env env, depth int) value {
	switch e.Op {
	case js.OrToken, js.NullishToken:
		return r.either(e.X, e.Y, env, depth)
	case js.AddToken, js.MulToken, js.BitXorToken, js.SubToken, js.DivToken:
	default:
		return value{}
	}
	x, y := r.eval(e.X, env, depth), r.eval(e.Y, env, depth)
	switch {
	case x.isNum && y.isNum:
		return arithmetic(e.Op, x, y)
	case e.Op == js.AddToken && (x.text != nil || y.text != nil):
		return concat(textOf(x), textOf(y))
	}
	return value{}
}

func arithmetic(op js.TokenType, x, y value) value {
	v := value{isNum: true, parts: joinParts(x.parts, y.parts), how: sbom.HowJoined}
	switch op {
	case js.AddToken:
		v.num = x.num + y.num
	case js.SubToken:
		v.num = x.num - y.num
	case js.MulToken:
		v.num = x.num * y.num
	case js.DivToken:
		v.num = x.num / y.num
	case js.BitXorToken:
		return xorNumber(x, y)
	}
	return v
}

func (r *reader) array(e *js.ArrayExpr, env env, depth int) value {
	out := value{isLst: true}
	for i := range e.List {
		x := &e.List[i]
		if x.Value == nil {
			out.list = append(out.list, value{})
			continue
		}
		v := r.eval(x.Value, env, depth)
		if x.Spread {
			if v.text != nil && v.whole {
				v = chars(v)
			}
			if !v.isLst {
				return value{}
			}
			out.list = append(out.list, v.list...)
			continue
		}
		out.list = append(out.list, v)
	}
	return out
}

// member is the value of a property: of a constant object, or of what is known
// of the system.
func (r *reader) member(x js.IExpr, name string, env env, depth int) value {
	base, _ := r.name(x, depth)
	switch {
	case base == "process.env" && (name == "HOME" || name == "USERPROFILE"), base == "os" && name == "homedir":
		return known("~")
	case name == "sep" && (base == "path" || base == "path.posix"):
		return known("/")
	case base == "import.meta" && name == "dirname":
		return known(".")
	}
	if o := r.object(x, depth); o != nil {
		for i := range o.List {
			p := &o.List[i]
			if !p.Spread && p.Name != nil && p.Name.Computed == nil && keyOf(p.Name) == name {
				return r.eval(p.Value, env, depth)
			}
		}
	}
	return value{}
}

// object is the literal that an expression is bound to, or nil.
func (r *reader) object(e js.IExpr, depth int) *js.ObjectExpr {
	if depth > maxDepth {
		return nil
	}
	switch e := e.(type) {
	case *js.ObjectExpr:
		return e
	case *js.GroupExpr:
		return r.object(e.X, depth+1)
	case *js.Var:
		if b := r.vars[declared(e)]; b != nil && b.times == 1 && b.expr != nil && b.member == "" {
			return r.object(b.expr, depth+1)
		}
	case *js.DotExpr:
		if o := r.object(e.X, depth+1); o != nil {
			for i := range o.List {
				if p := &o.List[i]; p.Name != nil && p.Name.Computed == nil && keyOf(p.Name) == dotName(e) {
					return r.object(p.Value, depth+1)
				}
			}
		}
	case *js.CallExpr: // Object.freeze
		if n, _ := r.name(e.X, depth+1); n == "Object.freeze" && len(e.Args.List) == 1 {
			return r.object(e.Args.List[0].Value, depth+1)
		}
	}
	return nil
}

func (r *reader) index(e *js.IndexExpr, env env, depth int) value {
	y := r.eval(e.Y, env, depth)
	if y.text != nil && y.whole {
		return r.member(e.X, string(y.text), env, depth)
	}
	if x := r.eval(e.X, env, depth); y.isNum && x.isLst {
		if i := int(y.num); float64(i) == y.num && i >= 0 && i < len(x.list) {
			return x.list[i]
		}
	}
	return value{}
}

// textOf is a value as a part of a text: what is not known is a star.
func textOf(v value) value {
	switch {
	case v.text != nil:
		return v
	case v.isNum:
		if s, ok := integer(v.num); ok {
			return value{text: []byte(s), whole: true, parts: v.parts, how: v.how}
		}
	}
	return value{text: []byte(star)}
}

// concat puts texts together. Stars that meet are one.
func concat(l ...value) value {
	out := value{text: []byte{}, whole: true}
	for _, v := range l {
		out.whole = out.whole && v.whole
		if string(v.text) == star && !v.whole && bytes.HasSuffix(out.text, []byte(star)) {
			continue
		}
		if len(out.text)+len(v.text) > MaxText {
			out.whole = false
			break
		}
		out.text = append(out.text, v.text...)
		out.add(v)
	}
	return out
}

// add takes over where a part comes from.
func (v *value) add(p value) {
	v.parts = joinParts(v.parts, p.parts)
	switch {
	case len(p.parts) == 0:
	case len(v.parts) > 1:
		v.how = sbom.HowJoined
	case v.how == "" || p.how != "":
		v.how = p.how
	}
}

// joinParts is one list of parts behind another, without a part that is the same
// as the one before it.
func joinParts(a, b []sbom.Span) []sbom.Span {
	a = a[:len(a):len(a)]
	for _, p := range b {
		if n := len(a); n > 0 && a[n-1] == p || n >= maxParts {
			continue
		}
		a = append(a, p)
	}
	return a
}
