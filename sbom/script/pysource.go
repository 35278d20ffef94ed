package script

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// pyToken is a token of Python source: a text, a name with its dots, a number, or
// one mark.
type pyToken struct {
	kind byte // 's' text, 'n' name, '0' number, else the mark itself; '\n' a line's end
	at   sbom.Span
	text []byte
	how  string
	open bool // a text that is put together with values (f"...")
}

// PythonSource reads the source of one Python module by its tokens: texts, what
// is called, what is imported, and paths that are put together with / or join from
// texts and from names that are bound once. It knows no grammar beyond that.
func PythonSource(src []byte) []Module {
	out := Module{Span: sbom.Span{Length: int64(len(src))}}
	if len(src) > MaxParsed {
		out.Partial = "Python source that is too large: not looked into"
		return []Module{out}
	}
	p := &pySource{out: &out, tokens: pyTokens(src), names: map[string]*value{}}
	p.facts()
	p.imports()
	p.bindings()
	p.spread()
	p.written()
	p.hiding.decode(&out)
	out.finish()
	return []Module{out}
}

type pySource struct {
	out    *Module
	tokens []pyToken
	names  map[string]*value // bound once; nil: more often
	hiding hiding
}

// pyTokens cuts source into tokens. Comments are no code.
func pyTokens(src []byte) []pyToken {
	var out []pyToken
	for i := 0; i < len(src) && len(out) < MaxFacts; {
		c := src[i]
		switch {
		case c == '#':
			for i < len(src) && src[i] != '\n' {
				i++
			}
		case c == '\\' && i+1 < len(src) && (src[i+1] == '\n' || src[i+1] == '\r'):
			i += 2
		case c == '"' || c == '\'':
			t, n := pyText(src, i, "")
			out, i = append(out, t), n
		case nameByte(c) && (c < '0' || c > '9'):
			n := i
			for n < len(src) && (nameByte(src[n]) || src[n] == '.' && n+1 < len(src) && nameByte(src[n+1])) {
				n++
			}
			if n < len(src) && n-i <= 2 && (src[n] == '"' || src[n] == '\'') && strings.Trim(strings.ToLower(string(src[i:n])), "rbuf") == "" {
				t, end := pyText(src, n, strings.ToLower(string(src[i:n])))
				out, i = append(out, t), end
				continue
			}
			out, i = append(out, pyToken{kind: 'n', at: sbom.Span{Offset: int64(i), Length: int64(n - i)}, text: src[i:n:n]}), n
		case c >= '0' && c <= '9':
			n := i
			for n < len(src) && (nameByte(src[n]) || src[n] == '.') {
				n++
			}
			out, i = append(out, pyToken{kind: '0', at: sbom.Span{Offset: int64(i), Length: int64(n - i)}, text: src[i:n:n]}), n
		case c == ' ' || c == '\t' || c == '\r' || c == '\f':
			i++
		default:
			out, i = append(out, pyToken{kind: c, at: sbom.Span{Offset: int64(i), Length: 1}}), i+1
		}
	}
	return out
}

func nameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}

// pyText reads the text that begins at a quote, and gives where it ends. One that
// does not end is as long as its line.
func pyText(src []byte, at int, prefix string) (pyToken, int) {
	q := src[at]
	mark := []byte{q}
	if bytes.HasPrefix(src[at:], []byte{q, q, q}) {
		mark = []byte{q, q, q}
	}
	from := at + len(mark)
	raw := strings.Contains(prefix, "r")
	for i := from; i < len(src); i++ {
		switch {
		case src[i] == '\\':
			i++
		case src[i] == '\n' && len(mark) == 1:
			return pyToken{kind: '\n', at: sbom.Span{Offset: int64(i)}}, i
		case bytes.HasPrefix(src[i:], mark):
			t := pyToken{kind: 's', at: sbom.Span{Offset: int64(from), Length: int64(i - from)}, text: src[from:i:i], open: strings.Contains(prefix, "f")}
			if !raw {
				if text, changed := unescape(t.text, false); changed {
					t.text, t.how = text, sbom.HowEscaped
					if strings.Contains(prefix, "b") {
						t.text = []byte(latin(text))
					}
				}
			}
			return t, i + len(mark)
		}
	}
	return pyToken{kind: '\n', at: sbom.Span{Offset: int64(len(src))}}, len(src)
}

// latin is a text as bytes, where all of its letters have codes below 256.
func latin(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, c := range string(b) {
		if c > 255 {
			return b
		}
		out = append(out, byte(c))
	}
	return out
}

// kind is the kind of a token, or 0 behind the last one.
func (p *pySource) kind(i int) byte {
	if i < 0 || i >= len(p.tokens) {
		return 0
	}
	return p.tokens[i].kind
}

// facts makes the facts of single tokens.
func (p *pySource) facts() {
	seen := map[string]bool{}
	for i := range p.tokens {
		t := &p.tokens[i]
		switch t.kind {
		case 's':
			if k := p.kind(i - 1); (k == 0 || k == '\n' || k == ':') && p.kind(i+1) == '\n' {
				continue // stands alone: it explains
			}
			p.add(sbom.FactString, value{text: t.text, parts: []sbom.Span{t.at}, how: t.how})
			p.hiding.text(t.text, t.at)
		case 'n':
			name := string(t.text)
			p.hiding.name(name[strings.LastIndexByte(name, '.')+1:])
			if seen[name] {
				continue
			}
			prev := ""
			if p.kind(i-1) == 'n' {
				prev = string(p.tokens[i-1].text)
			}
			switch {
			case prev == "import" || prev == "from":
				seen[name] = true
				p.add(sbom.FactModule, value{text: t.text, parts: []sbom.Span{t.at}})
			case p.kind(i+1) == '(' && prev != "def" && prev != "class":
				seen[name] = true
				p.calls(t)
			}
		case '0':
			if n, err := strconv.ParseInt(string(t.text), 0, 64); err == nil {
				p.number(i, n)
			}
		case '[', '(':
			p.codes(i)
		}
	}
}

// imports notes what import statements name.
func (p *pySource) imports() {
	asks := &pyImports{out: p.out}
	for i := range p.tokens {
		t := &p.tokens[i]
		switch string(t.text) {
		case "import":
			if k := p.kind(i - 1); t.kind == 'n' && (k == 0 || k == '\n' || k == ':' || k == ';') {
				for j := i + 1; p.kind(j) == 'n' || p.kind(j) == ','; j++ {
					x := &p.tokens[j]
					switch {
					case p.kind(j) == ',':
					case string(x.text) == "as":
						j++
					default:
						asks.ask(0, string(x.text), nil, x.at)
					}
				}
			}
		case "from":
			if k := p.kind(i - 1); t.kind == 'n' && (k == 0 || k == '\n' || k == ':' || k == ';') {
				p.importsFrom(asks, i+1)
			}
		case "import_module", "importlib.import_module", "__import__", "runpy.run_module":
			asks.makes = asks.makes || t.kind == 'n'
		}
		if t.kind == 's' && !t.open {
			asks.text(t.text, t.at)
		}
	}
	asks.guess(0)
}

// importsFrom notes a statement whose word "from" stands before a token.
func (p *pySource) importsFrom(asks *pyImports, i int) {
	level, name, at := 0, "", sbom.Span{}
	for p.kind(i) == '.' {
		level, at = level+1, p.tokens[i].at
		i++
	}
	if p.kind(i) == 'n' && string(p.tokens[i].text) != "import" {
		name, at = string(p.tokens[i].text), p.tokens[i].at
		i++
	}
	if p.kind(i) != 'n' || string(p.tokens[i].text) != "import" {
		return
	}
	var from []string
	open := p.kind(i+1) == '('
	for j := i + 1; j < len(p.tokens) && len(from) < maxListItems*16; j++ {
		switch p.kind(j) {
		case 'n':
			if x := string(p.tokens[j].text); x != "as" {
				from = append(from, x)
			} else {
				j++
			}
			continue
		case ',', '(':
			continue
		case '\n':
			if open {
				continue
			}
		}
		break
	}
	asks.ask(level, name, from, at)
}

// number makes the fact of a large number, and notes a small one.
func (p *pySource) number(i int, n int64) {
	t := &p.tokens[i]
	if n >= minNumber {
		v := value{text: []byte(strconv.FormatInt(n, 10)), parts: []sbom.Span{t.at}}
		if !bytes.Equal(v.text, t.text) {
			v.how = sbom.HowEscaped
		}
		p.add(sbom.FactNumber, v)
		return
	}
	if p.kind(i-1) == '-' {
		n = -n
	}
	if n != 1 {
		p.hiding.number(int(n))
	}
}

// codes notes a list of small numbers.
func (p *pySource) codes(i int) {
	var l []int
	for j := i + 1; ; j++ {
		switch p.kind(j) {
		case '0':
			n, err := strconv.ParseInt(string(p.tokens[j].text), 0, 16)
			if err != nil || len(l) > maxHidden {
				return
			}
			l = append(l, int(n))
		case ',', '\n':
		case ']', ')':
			from, to := p.tokens[i].at.Offset, p.tokens[j].at.Offset+1
			p.hiding.list(l, sbom.Span{Offset: from, Length: to - from})
			return
		default:
			return
		}
	}
}

// calls makes the facts of a name that is called: all of it, and its end.
func (p *pySource) calls(t *pyToken) {
	name := t.text
	p.add(sbom.FactCall, value{text: name, parts: []sbom.Span{t.at}})
	if i := bytes.LastIndexByte(name, '.'); i >= 0 {
		p.add(sbom.FactCall, value{text: name[i+1:], parts: []sbom.Span{{Offset: t.at.Offset + int64(i) + 1, Length: int64(len(name) - i - 1)}}})
	}
}

func (p *pySource) add(kind sbom.FactKind, v value) {
	if len(v.text) == 0 || len(v.parts) == 0 || len(p.out.Facts) >= MaxFacts {
		return
	}
	f := sbom.Fact{Kind: kind, Value: bytes.Clone(v.text), Offset: v.parts[0].Offset, Length: v.parts[0].Length, How: v.how}
	if len(v.parts) > 1 {
		f.How, f.Parts = sbom.HowJoined, v.parts
	}
	p.out.Facts = append(p.out.Facts, f)
}

// bindings follows the texts that are put together, in the order of the file, and
// keeps those that a name is bound to.
func (p *pySource) bindings() {
	for i := 0; i < len(p.tokens); {
		bound := ""
		if p.kind(i) == 'n' && p.kind(i+1) == '=' && p.kind(i+2) != '=' && (p.kind(i-1) == '\n' || p.kind(i-1) == 0) {
			bound = string(p.tokens[i].text)
			i += 2
		}
		v, n := p.chain(i, 0)
		if v.text != nil && len(v.parts) > 1 {
			p.add(sbom.FactString, v)
		}
		if bound != "" {
			_, again := p.names[bound]
			p.names[bound] = nil
			if !again && v.text != nil {
				p.names[bound] = &v
			}
		}
		i = max(i+1, n)
	}
}

// chain is the value of texts and names that / or + tie, and the token behind it.
func (p *pySource) chain(i, depth int) (value, int) {
	v, n := p.primary(i, depth)
	for v.text != nil && len(v.parts) < maxParts && (p.kind(n) == '/' || p.kind(n) == '+') {
		x, m := p.primary(n+1, depth)
		if x.text == nil {
			x, m = value{text: []byte(star)}, max(m, n+2)
		}
		if p.kind(n) == '/' {
			v = joinPath([]value{v, x})
		} else {
			v = concat(v, x)
		}
		n = m
	}
	return v, n
}

// primary is the value of one text, name or call, and the token behind it.
func (p *pySource) primary(i, depth int) (value, int) {
	switch p.kind(i) {
	case 's':
		v := value{text: []byte{}, whole: true}
		for p.kind(i) == 's' {
			t := &p.tokens[i]
			if t.open {
				v = concat(v, value{text: blankValues(t.text), parts: []sbom.Span{t.at}, how: sbom.HowJoined})
			} else {
				v = concat(v, value{text: t.text, whole: true, parts: []sbom.Span{t.at}, how: t.how})
			}
			i++
			for depth > 0 && p.kind(i) == '\n' {
				i++
			}
		}
		return v, i
	case '(':
		if depth < maxDepth {
			if v, n := p.chain(i+1, depth+1); p.kind(n) == ')' {
				return v, n + 1
			}
		}
	case 'n':
		return p.called(i, depth)
	}
	return value{}, i + 1
}

// called is the value of a name, or of what it gives when it is called.
func (p *pySource) called(i, depth int) (value, int) {
	name := string(p.tokens[i].text)
	if p.kind(i+1) != '(' {
		if v := p.names[name]; v != nil {
			return *v, i + 1
		}
		return value{}, i + 1
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if depth >= maxDepth {
		return value{}, i + 1
	}
	switch {
	case name == "Path.home" || name == "pathlib.Path.home":
		if p.kind(i+2) == ')' {
			return known("~"), i + 3
		}
	case name == "os.path.join" || name == "path.join" || name == "join" || last == "joinpath" || name == "Path" || name == "str" || last == "expanduser":
		var l []value
		n := i + 2
		for {
			for p.kind(n) == '\n' {
				n++
			}
			v, m := p.chain(n, depth+1)
			if v.text == nil {
				v, m = value{text: []byte(star)}, n+1
				for k := p.kind(m); k != 0 && k != ',' && k != ')' && k != '(' && k != '\n'; k = p.kind(m) {
					m++
				}
			}
			l, n = append(l, v), m
			if p.kind(n) != ',' || len(l) > maxListItems {
				break
			}
			n++
		}
		if p.kind(n) == ')' {
			return joinPath(l), n + 1
		}
	}
	return value{}, i + 1
}

// blankValues is a text with a star for each value that is put into it.
func blankValues(b []byte) []byte {
	var out []byte
	deep := 0
	for _, c := range b {
		switch {
		case c == '{':
			if deep == 0 {
				out = append(out, star...)
			}
			deep++
		case c == '}':
			deep = max(0, deep-1)
		case deep == 0:
			out = append(out, c)
		}
	}
	return out
}
