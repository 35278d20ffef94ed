package script

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// method is the value of a method of a text or a list.
func (r *reader) method(d *js.DotExpr, name string, e *js.CallExpr, env env, depth int) value {
	if !slices.Contains(methods(), name) {
		return value{}
	}
	x := r.eval(d.X, env, depth)
	switch {
	case x.text != nil:
		return r.textMethod(x, name, r.args(e.Args.List, env, depth))
	case x.isLst && name == "map" && len(e.Args.List) > 0:
		return r.mapped(x, e.Args.List[0].Value, depth)
	case x.isLst:
		return listMethod(x, name, r.args(e.Args.List, env, depth))
	case name == "reverse":
		r.decoders.reversed = true
	case name == "toString" || name == "decode":
		args := r.args(e.Args.List, env, depth)
		if name == "decode" && len(args) > 0 && args[0].isLst {
			return text(args[0].list)
		}
	}
	return value{}
}

// methods are the names of the methods that are followed.
func methods() []string {
	return []string{"toString", "valueOf", "trim", "normalize", "toLowerCase", "toUpperCase", "concat", "split", "replace", "replaceAll",
		"join", "reverse", "map", "filter", "charCodeAt", "codePointAt", "decode", "slice"}
}

func (r *reader) textMethod(x value, name string, args []value) value {
	switch name {
	case "toString", "valueOf", "normalize", "decode":
		return x
	case "trim":
		x.text = bytes.TrimSpace(x.text)
		return x
	case "toLowerCase":
		x.text = bytes.ToLower(x.text)
	case "toUpperCase":
		x.text = bytes.ToUpper(x.text)
	case "concat":
		l := []value{x}
		for _, a := range args {
			l = append(l, textOf(a))
		}
		return concat(l...)
	case "split":
		return split(x, args)
	case "replace", "replaceAll":
		if len(args) == 2 && args[0].text != nil && args[1].text != nil && len(args[0].text) > 0 {
			x.text = bytes.ReplaceAll(x.text, args[0].text, args[1].text)
			x.parts, x.how = joinParts(x.parts, args[1].parts), sbom.HowJoined
			return x
		}
		return value{}
	case "charCodeAt", "codePointAt":
		c, n := utf8.DecodeRune(x.text)
		if len(x.text) > 0 && n == len(x.text) && x.whole {
			return value{num: float64(c), isNum: true, parts: x.parts, how: x.how}
		}
		return value{}
	default:
		return value{}
	}
	if x.how == "" && len(x.parts) > 0 {
		x.how = sbom.HowEscaped
	}
	return x
}

// split is a text cut at a separator.
func split(x value, args []value) value {
	if len(args) != 1 || args[0].text == nil || !x.whole {
		return value{}
	}
	if len(args[0].text) == 0 {
		return chars(x)
	}
	out := value{isLst: true}
	for i, p := range bytes.Split(x.text, args[0].text) {
		if i == maxList {
			return value{}
		}
		out.list = append(out.list, value{text: p, whole: true, parts: x.parts, how: x.how})
	}
	return out
}

func listMethod(x value, name string, args []value) value {
	switch name {
	case "join":
		sep := known(",")
		if len(args) > 0 {
			sep = textOf(args[0])
		}
		return joined(x, sep)
	case "reverse":
		if len(x.list) > maxList {
			return value{}
		}
		l := slices.Clone(x.list)
		slices.Reverse(l)
		for i := range l { // the characters of one literal, backwards
			if l[i].text != nil && len(l) > 1 && len(l[i].parts) == 1 && len(l[0].parts) == 1 && l[i].parts[0] == l[0].parts[0] {
				l[i].how = reversedHow(l[i].how)
			}
		}
		return value{isLst: true, list: l}
	case "concat":
		out := value{isLst: true, list: slices.Clip(x.list)}
		for _, a := range args {
			if a.isLst {
				out.list = append(out.list, a.list...)
			} else {
				out.list = append(out.list, a)
			}
		}
		return out
	case "filter", "slice":
		if name == "filter" || len(args) == 0 {
			return x
		}
	case "toString", "decode":
		return text(x.list)
	}
	return value{}
}

func reversedHow(how string) string {
	if how == "" {
		return sbom.HowReversed
	}
	return how
}

// joined is a list as one text.
func joined(x, sep value) value {
	if len(x.list) > maxList {
		return value{}
	}
	var l []value
	for i, v := range x.list {
		if i > 0 && len(sep.text) > 0 {
			l = append(l, sep)
		}
		if v.isLst {
			return value{}
		}
		l = append(l, textOf(v))
	}
	if out := runOf(l); out.text != nil {
		return out
	}
	return concat(l...)
}

// runOf is a list of characters that come from codes or one literal as one text:
// its one part reaches over all of them.
func runOf(l []value) value {
	out := value{text: []byte{}, whole: true}
	for i, v := range l {
		if len(v.parts) != 1 || v.how == "" || v.how != l[0].how || v.how == sbom.HowJoined || v.how == sbom.HowEscaped {
			return value{}
		}
		if i > 0 && v.parts[0] != l[0].parts[0] && utf8.RuneCount(v.text) != 1 {
			return value{}
		}
		out.text = append(out.text, v.text...)
		out.parts = span(out.parts, v.parts)
		out.how = v.how
	}
	return out
}

// mapped is a list with a function applied to each element.
func (r *reader) mapped(x value, fn js.IExpr, depth int) value {
	if len(x.list) > maxList {
		return value{}
	}
	f := functionFrom(fn)
	if f == nil {
		f = r.functionOf(fn)
	}
	out := value{isLst: true, list: make([]value, 0, len(x.list))}
	if f == nil {
		if n, _ := r.name(fn, depth); n != "String.fromCharCode" && n != "String.fromCodePoint" {
			return value{}
		}
	}
	for i := range x.list {
		if r.steps > r.maxSteps {
			return value{}
		}
		if f == nil {
			out.list = append(out.list, text(x.list[i:i+1]))
			continue
		}
		out.list = append(out.list, r.apply(f, x.list[i:i+1], depth))
	}
	return out
}
