package fingerprint

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// implemented says that a function implements a method.
type implemented struct {
	function uint32
	feature  uint32 // index in contents
}

// classes maps the methods of the classes to functions, and lists them in the
// order of the functions. A method whose code is in no function is left out. A
// function without a name is called after its first method.
func (p *pass) classes() {
	var text []byte
	for i := range p.code.Classes {
		c := &p.code.Classes[i]
		out := ClassOf{Name: c.Name, Category: c.Category, Super: c.Super}
		for _, m := range c.Methods {
			f, _ := p.function(m.Address)
			if f < 0 {
				continue
			}
			out.Methods = append(out.Methods, MethodOf{Selector: m.Selector, Types: m.Types, Function: uint32(f), Meta: m.Meta})
			text = appendMethod(text[:0], c.Name, &m)
			if at := &p.set.Functions[f]; at.Name == "" {
				at.Name, at.From = string(text), NameMethod
			}
			text = append(append(text, ' '), m.Types...)
			p.methods = append(p.methods, implemented{uint32(f), p.contents.feature(FeatureMethod, text)})
		}
		p.set.Classes = append(p.set.Classes, out)
	}
	p.types()
	slices.SortStableFunc(p.methods, func(a, b implemented) int { return cmp.Compare(a.function, b.function) })
}

// types gives the functions of Swift types features that say so: the accessor is
// known by the type and its fields, a method by the type and what it does. They
// are features of kind FeatureMethod and no part of a mark.
func (p *pass) types() {
	var text []byte
	note := func(address uint64, parts ...string) {
		f, _ := p.function(address)
		if f < 0 {
			return
		}
		text = text[:0]
		for _, s := range parts {
			text = append(text, s...)
		}
		p.methods = append(p.methods, implemented{uint32(f), p.contents.feature(FeatureMethod, text)})
	}
	for i := range p.code.Types {
		t := &p.code.Types[i]
		if t.Accessor != 0 {
			note(t.Accessor, t.Name)
			for _, field := range t.Fields {
				note(t.Accessor, t.Name, ".", field)
			}
		}
		for _, m := range t.Methods {
			note(m.Address, t.Name, " ", m.Deed)
		}
	}
}

// appendMethod writes a method as debuggers do: -[Class selector].
func appendMethod(text []byte, class string, m *Method) []byte {
	sign := byte('-')
	if m.Meta {
		sign = '+'
	}
	text = append(append(text, sign, '['), class...)
	text = append(append(text, ' '), m.Selector...)
	return append(text, ']')
}

// maxObjectName is how much of the name of an object file is kept, in bytes.
const maxObjectName = 255

// object maps an object file of Code to one of the Set, which has the name of the
// archive and the object alone: the folders are those of whoever built it.
func (p *pass) object(n uint32) uint32 {
	if n == 0 || int(n) > len(p.code.Objects) {
		return 0
	}
	if p.objects == nil {
		p.objects = make([]uint32, len(p.code.Objects))
		p.named = map[string]uint32{}
	}
	at := &p.objects[n-1]
	if *at == 0 {
		name := objectName(p.code.Objects[n-1])
		if name == "" {
			return 0
		}
		if p.named[name] == 0 {
			p.set.Objects = append(p.set.Objects, name)
			p.named[name] = uint32(len(p.set.Objects))
		}
		*at = p.named[name]
	}
	return *at
}

// objectName is the name of an object file without folders, of the archive that
// holds it too: "libfoo.a(bar.o)". What cannot be a name is "".
func objectName(path string) string {
	archive, member := path, ""
	if open := strings.LastIndexByte(path, '('); open > 0 && strings.HasSuffix(path, ")") {
		archive, member = path[:open], path[open:]
		member = "(" + member[strings.LastIndexAny(member, "/\\(")+1:]
	}
	name := archive[strings.LastIndexAny(archive, "/\\")+1:] + member
	if len(name) > maxObjectName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return ""
	}
	return name
}

// roots maps the roots to functions, each once per kind.
func (p *pass) roots() {
	for _, r := range p.code.Roots {
		if f, _ := p.function(r.Address); f >= 0 {
			p.set.Roots = append(p.set.Roots, RootOf{Function: uint32(f), Kind: r.Kind})
		}
	}
	slices.SortFunc(p.set.Roots, func(a, b RootOf) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Kind, b.Kind))
	})
	p.set.Roots = slices.Compact(p.set.Roots)
}
