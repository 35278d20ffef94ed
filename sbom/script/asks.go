package script

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// moduleToken notes the module that a statement names.
func (r *reader) moduleToken(b []byte) {
	at := r.offset(b)
	if at < 0 || len(b) < 2 {
		return
	}
	raw := r.raw(at+1, int64(len(b))-2)
	text, changed := unescape(raw, false)
	v := value{text: text, whole: true, parts: []sbom.Span{{Offset: at + 1, Length: int64(len(raw))}}}
	if changed {
		v.how = sbom.HowEscaped
	}
	r.ask(RequireModule, v)
	r.moduleFact(v)
}

func (r *reader) moduleFact(v value) {
	key := nameKey{r.m, sbom.FactModule, string(v.text)}
	if len(v.text) > 0 && len(v.text) < 1024 && !r.names[key] {
		r.names[key] = true
		r.valueFact(sbom.FactModule, v.text, v)
	}
}

// openRequire is a require whose name is known but for one piece.
type openRequire struct {
	m           *Module
	kind        RequireKind
	front, back string
	at          sbom.Span
}

// Bounds of what such a piece is tried with.
const (
	maxOpen     = 32  // requires of one script
	maxGuesses  = 256 // literals
	longestName = 64  // bytes of a literal
)

// guess gives requires that are known but for one piece the names that literals
// of their module make of them. Those that no file answers to lead nowhere.
func (r *reader) guess() {
	for _, o := range r.open {
		n := 0
		for i := range o.m.Facts {
			f := &o.m.Facts[i]
			if f.Kind != sbom.FactString || f.How != "" || len(f.Value) > longestName || bytes.ContainsAny(f.Value, " \n*") {
				continue
			}
			if n++; n > maxGuesses {
				break
			}
			o.m.Requires = append(o.m.Requires, Require{Kind: o.kind, Name: o.front + string(f.Value) + o.back, Offset: o.at.Offset, Length: o.at.Length})
		}
	}
}

// ask notes a file that the module asks for.
func (r *reader) ask(kind RequireKind, v value) {
	if len(v.text) == 0 || len(v.text) > 1024 {
		return
	}
	if !v.whole {
		front, back, _ := strings.Cut(string(v.text), star)
		if strings.HasPrefix(front, ".") && !strings.Contains(back, star) && len(r.open) < maxOpen {
			o := openRequire{m: r.m, kind: kind, front: front, back: back, at: sbom.Span{Offset: r.base}}
			if len(v.parts) > 0 {
				o.at = v.parts[0]
			}
			r.open = append(r.open, o)
		}
		return
	}
	q := Require{Kind: kind, Name: string(v.text), Offset: r.base}
	if len(v.parts) > 0 {
		q.Offset, q.Length = v.parts[0].Offset, v.parts[0].Length
	}
	r.m.Requires = append(r.m.Requires, q)
}

// requires notes the file that an expression names.
func (r *reader) requires(kind RequireKind, e js.IExpr) { r.ask(kind, r.eval(e, nil, 0)) }

// asks notes what a call asks for.
func (r *reader) asks(n *js.CallExpr) {
	if len(n.Args.List) == 0 {
		return
	}
	name, _ := r.name(n.X, 0)
	last := name[strings.LastIndexByte(name, '.')+1:]
	arg := n.Args.List[0].Value
	switch {
	case name == "require" || name == "import" || name == "__require" || name == "require.resolve":
		v := r.eval(arg, nil, 0)
		r.ask(RequireModule, v)
		r.readsData(v)
		if v.text != nil && v.whole {
			r.moduleFact(v)
		} else {
			r.m.asksUnknown = true
		}
	case name == "importScripts":
		for i := range n.Args.List {
			r.requires(RequireModule, n.Args.List[i].Value)
		}
	case name == "define":
		r.asksList(n)
	case last == "readFileSync" || last == "readFile" || last == "readJsonSync" || last == "readJson":
		r.readsData(r.eval(arg, nil, 0))
	case last == "fork" || last == "utilityProcess.fork":
		r.requires(RequireWorker, arg)
	case last == "loadFile" || last == "loadURL" || last == "setPreloads" || last == "executeScript":
		r.requires(RequirePage, arg)
	case last == "register" && strings.HasSuffix(name, "serviceWorker.register"):
		r.requires(RequireThread, arg)
	}
}

// readsData notes a file of data beside the module.
func (r *reader) readsData(v value) {
	if v.whole && bytes.HasPrefix(v.text, []byte(".")) && bytes.HasSuffix(v.text, []byte(".json")) && len(r.data) < maxOpen {
		r.data = append(r.data, literal{r.m, v})
	}
}

// asksList notes the modules of an AMD definition.
func (r *reader) asksList(n *js.CallExpr) {
	for i := range min(2, len(n.Args.List)) {
		l, ok := n.Args.List[i].Value.(*js.ArrayExpr)
		if !ok {
			continue
		}
		for j := range l.List {
			if v := r.eval(l.List[j].Value, nil, 0); v.text != nil && v.whole && !slices.Contains([]string{"require", "exports", "module"}, string(v.text)) {
				r.ask(RequireModule, v)
				r.moduleFact(v)
			}
		}
	}
}

// asksNew notes the script that a new worker runs.
func (r *reader) asksNew(n *js.NewExpr) {
	if n.Args == nil || len(n.Args.List) == 0 {
		return
	}
	name, _ := r.name(n.X, 0)
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "Worker", "SharedWorker":
		r.requires(RequireThread, n.Args.List[0].Value)
	}
}
