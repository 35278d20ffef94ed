package script

import (
	"strings"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// Bounds of lists that a path may be put together from.
const (
	maxLists     = 5000 // of one script
	maxListItems = 16   // texts of one of them
	maxListText  = 64   // bytes of each
)

// key makes a fact of a property that code asks for by a name of several words,
// such as .DownloadEntryURL or .bookmark_bar: it is a key of a file as much as one
// in quotes is. The point before it stays, so that it is no word by itself.
func (r *reader) key(n *js.DotExpr) {
	name := dotData(n)
	if !severalWords(name) {
		return
	}
	at := r.offset(name)
	if at <= r.base {
		return
	}
	raw := r.raw(at-1, int64(len(name))+1)
	k := nameKey{r.m, sbom.FactString, string(raw)}
	if len(raw) == 0 || raw[0] != '.' || r.names[k] {
		return
	}
	r.names[k] = true
	r.fact(sbom.Fact{Kind: sbom.FactString, Value: raw, Offset: at - 1, Length: int64(len(raw))})
}

// severalWords reports whether a name is of several words as keys of files are:
// UpperUpper or lower_lower. Code's own names are mostly lowerUpper.
func severalWords(b []byte) bool {
	if len(b) < 6 || len(b) > maxListText {
		return false
	}
	upper, lower, under := 0, false, false
	for i, c := range b {
		switch {
		case c == '_' && i > 0:
			under = true
		case 'A' <= c && c <= 'Z':
			if lower || i == 0 {
				upper++
			}
			lower = false
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' && i > 0:
			lower = true
		default:
			return false
		}
	}
	return upper >= 2 && b[0] <= 'Z' || under && upper == 0 && lower
}

// list notes a list of short texts: the components of a path, maybe.
func (r *reader) list(n *js.ArrayExpr) {
	if len(n.List) < 2 || len(n.List) > maxListItems || len(r.lists) >= maxLists {
		return
	}
	v := value{isLst: true}
	for i := range n.List {
		l, ok := n.List[i].Value.(*js.LiteralExpr)
		if !ok || l.TokenType != js.StringToken || n.List[i].Spread {
			return
		}
		x := r.eval(l, nil, 0)
		if len(x.text) == 0 || len(x.text) > maxListText {
			return
		}
		v.list = append(v.list, x)
	}
	r.lists = append(r.lists, literal{r.m, v})
}

// paths adds the paths that the script's lists make, when it puts a path together
// from a list and it is not seen from which, and asks for the files of data that
// may hold such lists. Other data says nothing of code that merely looks into it.
func (r *reader) paths() {
	if !r.spreads && !r.dataPaths {
		return
	}
	for _, l := range r.data {
		r.m = l.m
		r.ask(RequireData, l.v)
	}
	for _, l := range r.lists {
		if !r.spreads {
			break
		}
		r.m = l.m
		v := joinPath(l.v.list)
		r.valueFact(sbom.FactString, v.text, v)
	}
}

// joinsData notes a path that is put together from a member of a file of data.
func (r *reader) joinsData(l []js.Arg, depth int) {
	for i := range l {
		if _, ok := l[i].Value.(*js.DotExpr); ok && !r.dataPaths {
			name, _ := r.name(l[i].Value, depth)
			r.dataPaths = strings.HasPrefix(name, ".") && strings.Contains(name, ".json.")
		}
	}
}

// sealed says of a module that decrypts and runs what it decrypts that its code
// cannot be seen.
func (r *reader) sealed() {
	for _, m := range r.modulesOut {
		opens, runs := false, false
		for i := range m.Facts {
			if f := &m.Facts[i]; f.Kind == sbom.FactCall {
				switch string(f.Value) {
				case "createDecipheriv", "createDecipher", "subtle.decrypt", "AES.decrypt":
					opens = true
				case "_compile", "eval", "Function", "vm.runInThisContext", "vm.runInNewContext", "vm.runInContext", "vm.Script", "vm.compileFunction":
					runs = true
				}
			}
		}
		if opens && runs && m.Partial == "" {
			m.Partial = "decrypts code and runs it: that code is opaque"
		}
	}
}
