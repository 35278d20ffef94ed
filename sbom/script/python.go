package script

import (
	"encoding/binary"

	"github.com/kinbom/kinbom/sbom"
)

// Python reads one compiled Python module (.pyc of Python 2.7 and 3.3 to 3.14):
// its constants as texts, and the names that its code uses as calls and modules.
// Which of the names are modules is not told by the constants alone: every name
// is given as both.
func Python(src []byte) []Module {
	out := Module{Span: sbom.Span{Length: int64(len(src))}}
	head, py, ok := pycHead(src)
	if !ok {
		out.Partial = "compiled Python of an unknown version: not looked into"
		return []Module{out}
	}
	out.Partial = out.marshalled(src[head:], int64(head), py)
	out.finish()
	return []Module{out}
}

// pycHead says how long the head of a .pyc is, and which Python wrote it: magic
// number, "\r\n", then two words, in 3.7 and later one of flags, before the code.
func pycHead(b []byte) (int, version, bool) {
	if len(b) < 16 || b[2] != '\r' || b[3] != '\n' {
		return 0, version{}, false
	}
	py, ok := versionOf(binary.LittleEndian.Uint16(b))
	switch {
	case !ok:
		return 0, py, false
	case py.least(3, 7):
		return 16, py, true
	case py.major == 3:
		return 12, py, true
	}
	return 8, py, true
}

// marshalled adds what a code object says, and gives why it could not be read,
// or "". base is where it begins in the file.
func (out *Module) marshalled(b []byte, base int64, py version) string {
	m := &marshal{b: b, py: py}
	asks := &pyImports{out: out}
	names := map[string]bool{}
	h := &hiding{}
	var tables []value
	m.found = func(c *code) {
		for _, o := range c.consts {
			h.constant(o, base, 0)
		}
		for _, o := range c.names {
			h.name(string(o.text))
		}
		asks.code(c, py, base)
		for _, o := range flat(c.consts, 0) {
			out.text(sbom.FactString, o, base)
		}
		tables = append(tables, tablePaths(c.consts, base)...)
		for _, o := range c.names {
			if s := string(o.text); o.at >= 0 && !names[s] && len(names) < MaxFacts {
				names[s] = true
				out.text(sbom.FactCall, o, base)
				out.text(sbom.FactModule, o, base)
			}
		}
	}
	m.object(0)
	asks.guess(base)
	h.decode(out)
	if names["join"] || names["joinpath"] {
		for _, v := range tables {
			out.data(v)
		}
	}
	if m.bad {
		return "compiled Python that could not be read to its end"
	}
	return ""
}

// flat are the texts of constants and of tuples of them.
func flat(l []object, depth int) []object {
	var out []object
	for _, o := range l {
		if o.at >= 0 {
			out = append(out, o)
		} else if depth < 8 {
			out = append(out, flat(o.tuple, depth+1)...)
		}
	}
	return out
}

// tablePaths are the paths that the rows of constant tables make: tuples in a tuple
// that hold nothing but short texts. Tuples that stand alone are lists of names.
func tablePaths(consts []object, base int64) []value {
	var out []value
	for _, o := range consts {
		for _, row := range o.tuple {
			var l []value
			for _, x := range row.tuple {
				if x.at >= 0 && len(x.text) > 0 && len(x.text) <= maxListText {
					l = append(l, value{text: x.text, whole: true, parts: []sbom.Span{x.span(base)}})
				}
			}
			if len(l) > 1 && len(l) == len(row.tuple) && len(l) <= maxListItems && len(out) < maxLists {
				out = append(out, joinPath(l))
			}
		}
	}
	return out
}

func (out *Module) text(kind sbom.FactKind, o object, base int64) {
	if len(o.text) == 0 || len(out.Facts) >= MaxFacts {
		return
	}
	s := o.span(base)
	out.Facts = append(out.Facts, sbom.Fact{Kind: kind, Value: o.text, Offset: s.Offset, Length: s.Length})
}
