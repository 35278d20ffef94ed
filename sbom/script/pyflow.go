package script

import (
	"bytes"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// maxAround is how many tokens from a text its parentheses are looked for.
const maxAround = 200

// spread adds the paths that lists of short texts make, where the module puts a
// path together from a list ("join(home, *parts)") and it is not seen from which.
func (p *pySource) spread() {
	spreads := false
	for i := range p.tokens {
		name := string(p.tokens[i].text)
		if p.kind(i) != 'n' || p.kind(i+1) != '(' || name[strings.LastIndexByte(name, '.')+1:] != "join" && name != "Path" && !strings.HasSuffix(name, "joinpath") {
			continue
		}
		for j, deep := i+2, 1; deep > 0 && j < i+maxAround && p.kind(j) != 0 && p.kind(j) != '\n'; j++ {
			switch p.kind(j) {
			case '(':
				deep++
			case ')':
				deep--
			case '*':
				spreads = spreads || deep == 1 && (p.kind(j-1) == ',' || p.kind(j-1) == '(') && p.kind(j+1) == 'n'
			}
		}
	}
	for i := 0; spreads && i < len(p.tokens); i++ {
		if k := p.kind(i); k == '(' && p.kind(i-1) != 'n' || k == '[' {
			p.shortTexts(i)
		}
	}
}

// shortTexts adds the path of a list that holds nothing but short texts.
func (p *pySource) shortTexts(i int) {
	var l []value
	for j := i + 1; len(l) <= maxListItems; j++ {
		switch p.kind(j) {
		case 's':
			t := &p.tokens[j]
			if t.open || len(t.text) == 0 || len(t.text) > maxListText || p.kind(j-1) == 's' {
				return
			}
			l = append(l, value{text: t.text, whole: true, parts: []sbom.Span{t.at}, how: t.how})
		case ',', '\n':
		case ')', ']':
			if len(l) > 1 {
				p.add(sbom.FactString, joinPath(l))
			}
			return
		default:
			return
		}
	}
}

// written notes the texts that name a file which is only written where they stand:
// (folder / "x").write_text(...) and open("x", "w").
func (p *pySource) written() {
	for i := range p.tokens {
		if p.kind(i) != 's' {
			continue
		}
		from, to := p.around(i)
		switch {
		case from < 0:
		case p.kind(from-1) != 'n' && p.kind(to+1) == '.' && p.kind(to+2) == 'n' && p.kind(to+3) == '(':
			if slices.Contains([]string{"write_text", "write_bytes", "touch", "mkdir"}, string(p.tokens[to+2].text)) {
				p.note(i)
			}
		case p.kind(from-1) == 'n' && string(p.tokens[from-1].text) == "open":
			if mode := p.kind(to-1) == 's' && p.kind(to-2) == ',' && to-1 != i; mode && bytes.ContainsAny(p.tokens[to-1].text[:min(1, len(p.tokens[to-1].text))], "wxa") {
				p.note(i)
			}
		}
	}
}

func (p *pySource) note(i int) {
	if p.out.written == nil {
		p.out.written = map[int64]bool{}
	}
	p.out.written[p.tokens[i].at.Offset] = true
}

// around are the parentheses right around a token, on its line; from is -1 where
// there are none.
func (p *pySource) around(i int) (from, to int) {
	from, to = i-1, i+1
	for deep := 0; ; from-- {
		if from < i-maxAround {
			return -1, -1
		}
		switch p.kind(from) {
		case 0, '\n', '[', '{':
			return -1, -1
		case ')':
			deep++
		case '(':
			deep--
		}
		if deep < 0 {
			break
		}
	}
	for deep := 0; ; to++ {
		if to > i+maxAround {
			return -1, -1
		}
		switch p.kind(to) {
		case 0, '\n':
			return -1, -1
		case '(':
			deep++
		case ')':
			deep--
		}
		if deep < 0 {
			return from, to
		}
	}
}
