package script

import (
	"bytes"
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// minNumber is the smallest number that becomes a fact: the numbers that tell
// something, such as the beginnings of eras in seconds, are above it.
const minNumber = 1000

// modules walks the script and gives what its modules say.
func (r *reader) modules(ast *js.AST) []Module {
	r.m = &Module{Span: sbom.Span{Offset: r.base, Length: int64(len(r.src))}}
	r.modulesOut = []*Module{r.m}
	js.Walk(walker{r}, ast)
	r.decode()
	r.paths()
	r.guess()
	r.sealed()
	flows := []*flow{{r: r, ast: ast}}
	out := make([]Module, len(r.modulesOut))
	for i, m := range r.modulesOut {
		if r.facts >= MaxFacts || r.steps > r.maxSteps {
			m.Partial = "a limit on the work for one script was hit: some of its texts are left out"
		}
		m.finish()
		m.flows = flows
		m.number = i
		out[i] = *m
	}
	return out
}

// walker makes the facts.
type walker struct{ r *reader }

// Exit ends a text that is put together.
func (w walker) Exit(n js.INode) {
	if l := w.r.built; len(l) > 0 && l[len(l)-1] == n {
		w.r.built = l[:len(l)-1]
	}
}

// Enter makes the facts of one node.
func (w walker) Enter(n js.INode) js.IVisitor {
	r := w.r
	switch n := n.(type) {
	case *js.LiteralExpr:
		r.literalFact(n)
	case *js.TemplateExpr:
		r.templateParts(n)
		r.build(n)
	case *js.BinaryExpr:
		if n.Op == js.AddToken || n.Op == js.MulToken {
			r.build(n)
		} else if n.Op == js.BitXorToken || n.Op == js.BitXorEqToken {
			r.xor(n)
		}
	case *js.CallExpr:
		if r.bundle(n) {
			return nil
		}
		r.calls(n.X)
		r.asks(n)
		r.build(n)
	case *js.NewExpr:
		r.calls(n.X)
		r.asksNew(n)
	case *js.Var:
		r.added(n)
	case *js.ArrayExpr:
		if r.table(n) {
			return nil
		}
		r.numbers(n)
		r.list(n)
	case *js.DotExpr:
		r.key(n)
	case *js.ObjectExpr:
		if r.table(n) {
			return nil
		}
	case *js.Property:
		if n.Name != nil && n.Name.Computed == nil && (string(n.Name.Literal.Data) == "preload" || keyOf(n.Name) == "preload") {
			r.requires(RequirePage, n.Value)
		}
	case *js.ImportStmt:
		r.moduleToken(n.Module)
	case *js.ExportStmt:
		r.moduleToken(n.Module)
	}
	return w
}

// fact adds a fact to the module being walked.
func (r *reader) fact(f sbom.Fact) {
	if r.facts < MaxFacts {
		r.facts++
		r.m.Facts = append(r.m.Facts, f)
	}
}

// valueFact adds a value with the bytes that it comes from.
func (r *reader) valueFact(kind sbom.FactKind, text []byte, v value) {
	f := sbom.Fact{Kind: kind, Value: bytes.Clone(text), Offset: -1}
	switch len(v.parts) {
	case 0:
		return
	case 1:
		f.Offset, f.Length, f.How = v.parts[0].Offset, v.parts[0].Length, v.how
		if raw := r.raw(f.Offset, f.Length); !bytes.Equal(raw, f.Value) && f.How == "" {
			f.How, f.Parts = sbom.HowJoined, v.parts
		} else if bytes.Equal(raw, f.Value) {
			f.How = ""
		}
	default:
		f.Offset, f.Length, f.How, f.Parts = v.parts[0].Offset, v.parts[0].Length, sbom.HowJoined, v.parts
	}
	if f.How == sbom.HowJoined && f.Parts == nil {
		f.Parts = v.parts
	}
	r.fact(f)
}

// literalFact makes the fact of a string or a large number.
func (r *reader) literalFact(n *js.LiteralExpr) {
	v := r.eval(n, nil, 0)
	switch {
	case len(v.text) > 0:
		r.valueFact(sbom.FactString, v.text, v)
		r.candidate(v)
	case v.isNum && v.num >= minNumber:
		r.number(v)
	}
}

func (r *reader) number(v value) {
	if s, ok := integer(v.num); ok {
		if len(v.parts) == 1 {
			v.how = sbom.HowEscaped // cleared where the bytes are the digits
		}
		r.valueFact(sbom.FactNumber, []byte(s), v)
	}
}

// templateParts makes the facts of the parts of a template.
func (r *reader) templateParts(n *js.TemplateExpr) {
	for i := range n.List {
		if v := r.part(n.List[i].Value, 2); len(v.parts) > 0 {
			r.valueFact(sbom.FactString, v.text, v)
		}
	}
	if v := r.part(n.Tail, 1); len(v.parts) > 0 {
		r.valueFact(sbom.FactString, v.text, v)
		if len(n.List) == 0 {
			r.candidate(v)
		}
	}
}

// build makes the fact of a text that an expression puts together, unless it is
// a part of a larger one.
func (r *reader) build(n js.IExpr) {
	if len(r.built) > 0 {
		return
	}
	v := r.eval(n, nil, 0)
	if v.isNum && len(v.parts) > 1 && v.num >= minNumber {
		r.number(v)
	}
	if len(v.text) < 3 || len(v.parts) == 0 {
		return
	}
	if len(v.parts) == 1 && v.how == "" && bytes.Equal(v.text, r.raw(v.parts[0].Offset, v.parts[0].Length)) {
		return // a literal as it is
	}
	r.built = append(r.built, n)
	if decoded(v.how) && !printable(v.text, 3) {
		return
	}
	r.valueFact(sbom.FactString, v.text, v)
}

// decoded reports whether a text was hidden, not only put together.
func decoded(how string) bool {
	return how != "" && how != sbom.HowJoined && how != sbom.HowEscaped
}

// added makes the fact of a variable to which texts are added, once.
func (r *reader) added(v *js.Var) {
	b := r.vars[declared(v)]
	if b == nil || len(b.adds) == 0 || b.value != nil || b.times != 1 {
		return
	}
	if x := r.variable(v, nil, 0); x.text != nil && len(x.parts) > 1 {
		r.valueFact(sbom.FactString, x.text, x)
	}
}

// calls makes the facts of what is called.
func (r *reader) calls(callee js.IExpr) {
	name, ok := r.name(callee, 0)
	if !ok || name == "require" || name == "import" || len(name) > 512 {
		return
	}
	at, n := r.calleeAt(callee)
	if at < 0 {
		return
	}
	parts := strings.Split(name, ".")
	for i := len(parts) - 1; i >= 0; i-- {
		if i > 0 && i < len(parts)-2 {
			continue // the last name, the last two, and all of them
		}
		r.callFact(strings.Join(parts[i:], "."), at, n, callee)
	}
}

// calleeAt is where the last name of a callee stands.
func (r *reader) calleeAt(e js.IExpr) (int64, int64) {
	var data []byte
	switch e := e.(type) {
	case *js.Var:
		data = e.Name()
	case *js.DotExpr:
		data = dotData(e)
	case *js.IndexExpr:
		if v := r.eval(e.Y, nil, 0); len(v.parts) > 0 {
			return v.parts[0].Offset, v.parts[0].Length
		}
	case *js.GroupExpr:
		return r.calleeAt(e.X)
	case *js.CommaExpr:
		if n := len(e.List); n > 0 {
			return r.calleeAt(e.List[n-1])
		}
	}
	return r.offset(data), int64(len(data))
}

// callFact adds a name that is called, at the bytes that say it: as they stand
// where they are the name, else the last of them.
func (r *reader) callFact(name string, at, n int64, callee js.IExpr) {
	key := nameKey{r.m, sbom.FactCall, name}
	if r.names[key] {
		return
	}
	r.names[key] = true
	v := value{parts: []sbom.Span{{Offset: at, Length: n}}}
	if whole := at + n - int64(len(name)); string(r.raw(whole, int64(len(name)))) == name {
		v.parts = []sbom.Span{{Offset: whole, Length: int64(len(name))}}
	} else if from := r.requiredAt(callee, 0); len(from) > 0 && from[0] != v.parts[0] {
		v.parts = append(from, v.parts...)
	}
	r.valueFact(sbom.FactCall, []byte(name), v)
}

// requiredAt is where the module that a callee belongs to is asked for.
func (r *reader) requiredAt(e js.IExpr, depth int) []sbom.Span {
	if depth > 20 {
		return nil
	}
	switch e := e.(type) {
	case *js.DotExpr:
		return r.requiredAt(e.X, depth+1)
	case *js.IndexExpr:
		return r.requiredAt(e.X, depth+1)
	case *js.GroupExpr:
		return r.requiredAt(e.X, depth+1)
	case *js.CommaExpr:
		if n := len(e.List); n > 0 {
			return r.requiredAt(e.List[n-1], depth+1)
		}
	case *js.Var:
		if b := r.vars[declared(e)]; b != nil && b.times == 1 && b.expr != nil && b.fn == nil {
			return r.requiredAt(b.expr, depth+1)
		}
	case *js.CallExpr:
		if _, ok := r.required(e, depth); ok {
			if v := r.eval(e.Args.List[0].Value, nil, depth+1); len(v.parts) > 0 {
				return v.parts[:1:1]
			}
			return r.requiredAt(e.Args.List[0].Value, depth+1)
		}
	}
	return nil
}
