package script

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// maxList is the longest list whose elements are looked at one by one.
const maxList = 8192

// args are the values of a call's arguments; a list that is spread is flat.
func (r *reader) args(l []js.Arg, env env, depth int) []value {
	var out []value
	for i := range l {
		v := r.eval(l[i].Value, env, depth)
		if l[i].Rest && v.text != nil && v.whole {
			v = chars(v)
		}
		r.spreads = r.spreads || l[i].Rest && !v.isLst
		if l[i].Rest && v.isLst && len(out)+len(v.list) <= maxList {
			out = append(out, v.list...)
			continue
		}
		if l[i].Rest {
			v = value{}
		}
		out = append(out, v)
	}
	return out
}

// call is the value of a call, where it is one of those that put texts together.
func (r *reader) call(e *js.CallExpr, env env, depth int) value {
	if f := r.functionOf(e.X); f != nil {
		return r.apply(f, r.args(e.Args.List, env, depth), depth)
	}
	name, _ := r.name(e.X, depth)
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case name == "os.homedir" || name == "homedir":
		return known("~")
	case strings.HasSuffix(name, "app.getPath"):
		return electronPath(r.args(e.Args.List, env, depth))
	case name == "path.normalize" || name == "upath.normalize" || name == "path.posix.normalize" || name == "url.pathToFileURL" || name == "url.fileURLToPath" || name == "String" || name == "Object.freeze" || name == "decodeURIComponent" || name == "path.toNamespacedPath":
		if a := r.args(e.Args.List, env, depth); len(a) == 1 {
			return a[0]
		}
		return value{}
	case last == "parseInt" && len(e.Args.List) == 2:
		if base := r.eval(e.Args.List[1].Value, env, depth); base.isNum && base.num == 16 {
			r.decoders.hex = true
		}
		return value{}
	case last == "fromCharCode" || last == "fromCodePoint":
		return r.fromCodes(e, env, depth)
	case last == "atob" && len(e.Args.List) == 1:
		return r.fromBase64(r.eval(e.Args.List[0].Value, env, depth))
	case name == "Buffer.from" || name == "buffer.Buffer.from" || name == "Uint8Array.from" || name == "Array.from":
		return r.buffer(r.args(e.Args.List, env, depth))
	case isPathJoin(name, last, len(e.Args.List)):
		r.joinsData(e.Args.List, depth)
		return joinPath(r.args(e.Args.List, env, depth))
	}
	if d, ok := e.X.(*js.DotExpr); ok {
		return r.method(d, last, e, env, depth)
	}
	return value{}
}

// functionOf is the function that a callee is bound to, when it is followed.
func (r *reader) functionOf(e js.IExpr) *function {
	switch e := e.(type) {
	case *js.Var:
		if b := r.vars[declared(e)]; b != nil && b.times == 1 {
			return b.fn
		}
	case *js.DotExpr: // a method of the object's own class
		if this, ok := e.X.(*js.LiteralExpr); ok && this.TokenType == js.ThisToken {
			if b := r.methods[dotName(e)]; b != nil && b.times == 1 {
				return b.fn
			}
		}
	case *js.GroupExpr:
		return functionFrom(e.X)
	}
	return nil
}

// apply is the result of a function for some arguments.
func (r *reader) apply(f *function, args []value, depth int) value {
	env := env{}
	for i, p := range f.params {
		env[p] = value{}
		if i < len(args) {
			env[p] = args[i]
		}
	}
	if f.rest != nil {
		env[f.rest] = value{isLst: true, list: args[min(len(f.params), len(args)):]}
	}
	return r.eval(f.result, env, depth+1)
}

// isPathJoin reports whether a call joins components of a path. A minified
// program calls its path module as it likes: of join with two arguments or more
// nothing else is known.
func isPathJoin(name, last string, args int) bool {
	switch name {
	case "path.join", "path.resolve", "path.posix.join", "path.posix.resolve", "path.win32.join", "pathe.join", "upath.join":
		return true
	}
	return args >= 2 && (last == "join" || last == "resolve" && strings.Contains(strings.ToLower(name), "path"))
}

// joinPath joins components of a path as Node does, as far as they are known.
func joinPath(l []value) value {
	var parts []value
	for i, v := range l {
		v = textOf(v)
		if i > 0 {
			parts = append(parts, known("/"))
		}
		parts = append(parts, v)
	}
	out := concat(parts...)
	for bytes.Contains(out.text, []byte("//")) {
		out.text = bytes.ReplaceAll(out.text, []byte("//"), []byte("/"))
	}
	if up := bytes.TrimPrefix(out.text, []byte("./")); len(up) < len(out.text) && bytes.HasPrefix(up, []byte("../")) {
		out.text = up
	}
	return out
}

// electronPath is a folder that Electron knows by a name.
func electronPath(args []value) value {
	if len(args) == 1 {
		switch string(args[0].text) {
		case "home":
			return known("~")
		case "appData":
			return known("~/Library/Application Support")
		case "downloads":
			return known("~/Downloads")
		case "desktop":
			return known("~/Desktop")
		}
	}
	return value{}
}

// make is the value of an object that holds what it is made of.
func (r *reader) make(e *js.NewExpr, env env, depth int) value {
	name, _ := r.name(e.X, depth)
	if e.Args == nil {
		return value{}
	}
	switch args := r.args(e.Args.List, env, depth); name {
	case "Uint8Array", "Buffer", "Int8Array", "Uint8ClampedArray":
		return r.buffer(args)
	case "URL", "url.URL":
		if len(args) == 2 {
			return args[0]
		}
	case "String":
		if len(args) == 1 {
			return args[0]
		}
	}
	return value{}
}

// buffer is what a buffer of bytes is made of: a text in some encoding, or a list.
func (r *reader) buffer(args []value) value {
	switch {
	case len(args) == 0:
		return value{}
	case args[0].isLst || len(args) == 1:
		return args[0]
	case args[0].text == nil:
		r.decoders.note(string(args[1].text))
		return value{}
	}
	switch strings.ToLower(string(args[1].text)) {
	case "base64", "base64url":
		return r.fromBase64(args[0])
	case "hex":
		return fromHex(args[0])
	}
	return args[0]
}

// fromCodes is the text of character codes.
func (r *reader) fromCodes(e *js.CallExpr, env env, depth int) value {
	args := r.args(e.Args.List, env, depth)
	if d, ok := e.X.(*js.DotExpr); ok && dotName(d) == "apply" && len(args) == 2 {
		args = args[1].list
	}
	v := text(args)
	if v.text == nil && len(args) > 0 {
		r.decoders.codes = true
		if len(e.Args.List) == 1 {
			r.shift(e.Args.List[0].Value, env, depth)
		}
	}
	return v
}

// text is the text of a list of character codes, or no value.
func text(l []value) value {
	if len(l) == 0 || len(l) > maxList {
		return value{}
	}
	out := value{text: []byte{}, whole: true}
	how := ""
	for _, v := range l {
		if !v.isNum || v.num < 0 || v.num > utf8.MaxRune || v.num != float64(rune(v.num)) {
			return value{}
		}
		out.text = utf8.AppendRune(out.text, rune(v.num))
		if v.how != "" && v.how != sbom.HowJoined {
			how = v.how
		}
		out.parts = span(out.parts, v.parts)
	}
	if out.how = how; how == "" {
		out.how = sbom.HowCodes
	}
	return out
}

// span is one part that reaches over all of two lists.
func span(a, b []sbom.Span) []sbom.Span {
	for _, p := range b {
		if len(a) == 0 {
			a = []sbom.Span{p}
			continue
		}
		from, to := min(a[0].Offset, p.Offset), max(a[0].Offset+a[0].Length, p.Offset+p.Length)
		a = []sbom.Span{{Offset: from, Length: to - from}}
	}
	return a
}

// chars is a text as the list of its characters.
func chars(v value) value {
	if len(v.text) > maxList {
		return value{}
	}
	out := value{isLst: true, how: v.how}
	for _, c := range string(v.text) {
		out.list = append(out.list, value{text: []byte(string(c)), whole: true, parts: v.parts, how: v.how})
	}
	return out
}

// fromBase64 decodes a text.
func (r *reader) fromBase64(v value) value {
	if v.text == nil || !v.whole {
		r.decoders.base64 = true
		return value{}
	}
	b, ok := decodeBase64(v.text)
	if !ok {
		return value{}
	}
	return value{text: b, whole: true, parts: v.parts, how: decodedAs(v, sbom.HowBase64)}
}

// decodedAs is how a decoded value follows from its parts.
func decodedAs(v value, how string) string {
	if len(v.parts) > 1 {
		return sbom.HowJoined
	}
	return how
}

func fromHex(v value) value {
	b, err := hex.DecodeString(string(v.text))
	if err != nil || !v.whole || len(b) == 0 {
		return value{}
	}
	return value{text: b, whole: true, parts: v.parts, how: decodedAs(v, sbom.HowHex)}
}

// decodeBase64 decodes the usual and the URL alphabet, with padding or without.
func decodeBase64(b []byte) ([]byte, bool) {
	s := strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "").Replace(string(b))
	out, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return out, err == nil && len(out) > 0
}

// xorNumber is a number combined with a constant key.
func xorNumber(x, y value) value {
	if len(x.parts) == 0 {
		x, y = y, x
	}
	key := int64(y.num)
	v := value{isNum: true, num: float64(int64(x.num) ^ key), parts: x.parts, how: x.how}
	if key > 0 && key < 256 {
		v.how = howXOR(byte(key))
	}
	return v
}

func howXOR(key byte) string { return fmt.Sprintf("%s %02x", sbom.HowXOR, key) }
