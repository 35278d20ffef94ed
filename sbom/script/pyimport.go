package script

import (
	"bytes"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// maxImports is how many names one Python module may import.
const maxImports = 4000

// pyImports notes what a Python module imports, in Python's own words: dotted
// names, with a dot before a name for each package upwards (".x": beside it).
// Of "from a.b import c" that is a, a.b and a.b.c, since each runs, if it is a
// module.
type pyImports struct {
	out   *Module
	texts []hiddenText // that may name a module, where names are imported that code makes
	makes bool         // some name is imported that code makes
}

// ask notes one import: a module's name, and what is taken out of it.
func (p *pyImports) ask(level int, name string, from []string, at sbom.Span) {
	up := strings.Repeat(".", max(level, 0))
	if level < 0 { // Python 2: beside the module, or anywhere
		p.ask(1, name, from, at)
	}
	for i := range len(name) {
		if name[i] == '.' {
			p.add(up+name[:i], at)
		}
	}
	p.add(up+name, at)
	for _, x := range from {
		switch {
		case x == "*":
		case name == "":
			p.add(up+x, at)
		default:
			p.add(up+name+"."+x, at)
		}
	}
}

func (p *pyImports) add(name string, at sbom.Span) {
	if len(name) > 0 && len(name) < 512 && len(p.out.Requires) < maxImports {
		p.out.Requires = append(p.out.Requires, Require{Kind: RequireModule, Name: name, Offset: at.Offset, Length: at.Length})
	}
}

// instructions are the numbers of some instructions of one version of Python
// (Include/opcode.h, Include/opcode_ids.h).
type instructions struct {
	load, name, extended byte
	wide                 bool // every instruction has two bytes, as since 3.6
}

// instructionsOf gives them; ok is false for a version whose numbers are not known.
func instructionsOf(py version) (instructions, bool) {
	switch {
	case py.least(3, 14):
		return instructions{}, false
	case py.least(3, 13):
		return instructions{load: 83, name: 75, extended: 71, wide: true}, true
	case py.least(3, 6):
		return instructions{load: 100, name: 108, extended: 144, wide: true}, true
	case py.least(3, 0):
		return instructions{load: 100, name: 108, extended: 144}, true
	}
	return instructions{load: 100, name: 108, extended: 145}, true
}

// code notes the imports of a code object: IMPORT_NAME, with the level and the list of
// names that are loaded before it. Of an unknown version of Python, any name of the
// code may be one.
func (p *pyImports) code(c *code, py version, base int64) {
	for _, o := range c.names {
		if s := string(o.text); s == "import_module" || s == "__import__" || s == "run_module" {
			p.makes = true
		}
	}
	for _, o := range flat(c.consts, 0) {
		p.text(o.text, o.span(base))
	}
	is, ok := instructionsOf(py)
	if !ok {
		p.names(c, base)
		return
	}
	var loaded [2]int
	arg := 0
	for i := 0; i+1 < len(c.code); {
		op := c.code[i]
		switch {
		case is.wide:
			arg = arg<<8 | int(c.code[i+1])
			i += 2
		case op < 90: // no argument
			i, arg = i+1, 0
			continue
		case i+2 >= len(c.code):
			return
		default:
			arg = arg<<16 | int(c.code[i+1]) | int(c.code[i+2])<<8
			i += 3
		}
		switch op {
		case is.extended:
			arg &= 1<<40 - 1
			continue
		case is.load:
			loaded[0], loaded[1] = loaded[1], arg
		case is.name:
			p.imported(c, loaded, arg, base)
		}
		arg = 0
	}
}

// imported notes one instruction that imports.
func (p *pyImports) imported(c *code, loaded [2]int, name int, base int64) {
	if name >= len(c.names) || c.names[name].at < 0 {
		return
	}
	level := 0
	var from []string
	if i := loaded[0]; i < len(c.consts) && c.consts[i].isNum {
		level = min(c.consts[i].num, 100)
	}
	if i := loaded[1]; i < len(c.consts) {
		for _, o := range c.consts[i].tuple {
			from = append(from, string(o.text))
		}
	}
	p.ask(level, string(c.names[name].text), from, c.names[name].span(base))
}

// names notes all names that code uses as names of modules, and beside others.
func (p *pyImports) names(c *code, base int64) {
	for _, o := range c.names {
		if o.at < 0 {
			continue
		}
		p.ask(0, string(o.text), nil, o.span(base))
		p.ask(1, string(o.text), nil, o.span(base))
		for _, of := range c.names {
			if len(c.names) <= 64 && of.at >= 0 {
				p.ask(0, string(of.text)+"."+string(o.text), nil, o.span(base))
			}
		}
	}
}

// text notes a text that may name a module.
func (p *pyImports) text(b []byte, at sbom.Span) {
	if len(b) > 0 && len(b) <= longestName && len(p.texts) < maxGuesses && !bytes.ContainsAny(b, " /\\\n*") {
		p.texts = append(p.texts, hiddenText{b, at})
	}
}

// guess notes the texts that may name a module that code imports by a name that it
// makes, and those that name a script. Those that no file answers to lead nowhere.
func (p *pyImports) guess(base int64) {
	for _, t := range p.texts {
		if p.makes {
			p.ask(0, string(t.text), nil, t.at)
		}
		if bytes.HasSuffix(t.text, []byte(".py")) {
			p.out.Requires = append(p.out.Requires, Require{Kind: RequireThread, Name: string(t.text), Offset: t.at.Offset, Length: t.at.Length})
		}
	}
}
