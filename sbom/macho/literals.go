package macho

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kinbom/kinbom/sbom"
)

// addFact keeps a fact, up to MaxStrings of them.
func (s *slice) addFact(f sbom.Fact) {
	u := &s.out.Unit
	if len(u.Facts) >= s.o.MaxStrings {
		if !s.full {
			s.full = true
			s.gap(sbom.GapLimit, f.Offset, "more than %d facts: the rest was left out", s.o.MaxStrings)
		}
		return
	}
	u.Facts = append(u.Facts, f)
}

// literal keeps a fact that is a literal, and counts it even when it is one too many.
func (s *slice) literal(f sbom.Fact) {
	s.out.Image.Counts.Strings++
	s.addFact(f)
}

// readLiterals takes the literals out of the sections that hold them: all
// sections of the C string type and Swift's reflection names, terminated; the
// UTF-16 section; and printable runs of constant sections. Encrypted sections
// are passed by. Method type encodings are not literals.
func (s *slice) readLiterals() {
	s.reserve()
	for i := range s.sects {
		c := &s.sects[i]
		if c.data == nil || s.hidden(c) {
			continue
		}
		_, name, _ := strings.Cut(c.name, ",")
		switch {
		case name == "__objc_methtype" || name == "__objc_methname":
			// encodings; method names are selectors, see readObjC
		case c.kind == kindCStrings || name == "__swift5_reflstr":
			s.strings(c)
		case name == "__ustring":
			s.wideStrings(c)
		case name == "__const" || name == "__rodata":
			s.runs(c)
		}
	}
}

// reserve makes room for about as many facts as there will be, at once.
func (s *slice) reserve() {
	n := len(s.out.Unit.Facts) + 1024
	for i := range s.sects {
		if c := &s.sects[i]; c.kind == kindCStrings {
			n += bytes.Count(c.data, []byte{0})
		}
	}
	facts := make([]sbom.Fact, len(s.out.Unit.Facts), min(n, s.o.MaxStrings))
	copy(facts, s.out.Unit.Facts)
	s.out.Unit.Facts = facts
}

// strings keeps the terminated literals of a section.
func (s *slice) strings(c *section) {
	for p := 0; p < len(c.data); {
		n := bytes.IndexByte(c.data[p:], 0)
		if n < 0 {
			n = len(c.data) - p
		}
		if n >= minString {
			s.literal(sbom.Fact{Kind: sbom.FactString, Value: c.data[p : p+n : p+n], Section: c.name,
				Offset: int64(c.off) + int64(p), Length: int64(n)})
		}
		p += n + 1
	}
}

// wideStrings keeps the terminated UTF-16 literals of a section, as UTF-8.
func (s *slice) wideStrings(c *section) {
	start := 0
	for p := 0; p+1 < len(c.data); p += 2 {
		if s.bo.Uint16(c.data[p:]) != 0 {
			continue
		}
		if p-start >= 2*minString {
			s.literal(sbom.Fact{Kind: sbom.FactString, Value: s.utf8(c.data[start:p]), Section: c.name,
				Offset: int64(c.off) + int64(start), Length: int64(p - start)})
		}
		start = p + 2
	}
}

// utf8 turns UTF-16 in the slice's byte order into UTF-8.
func (s *slice) utf8(b []byte) []byte {
	out := make([]byte, 0, len(b)/2)
	for p := 0; p+1 < len(b); p += 2 {
		r := rune(s.bo.Uint16(b[p:]))
		if utf16.IsSurrogate(r) && p+3 < len(b) {
			if d := utf16.DecodeRune(r, rune(s.bo.Uint16(b[p+2:]))); d != utf8.RuneError {
				r = d
				p += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// printable says which bytes may stand in a run: ASCII without control codes,
// and tab, line feed and carriage return, which SQL texts contain.
var printable = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = true
	}
	t['\t'], t['\n'], t['\r'] = true, true, true
	return t
}()

// runs keeps the printable runs of a constant section. Compilers that know the
// length of a literal (Go, Rust) lay them end to end, so a run may hold many; it
// is kept whole, and cut with an overlap only when it is longer than maxRun.
//
// Only every minRun-th byte is looked at until one is printable: no run of that
// length can lie between two that are not.
func (s *slice) runs(c *section) {
	b := c.data
	for p := minRun - 1; p < len(b); {
		if !printable[b[p]] {
			p += minRun
			continue
		}
		start, end := p, p+1
		for start > 0 && printable[b[start-1]] {
			start--
		}
		for end < len(b) && printable[b[end]] {
			end++
		}
		if n := end - start; n >= minLooseRun || n >= minRun && alone(b, start, end) {
			s.run(c, start, end)
		}
		p = end + minRun
	}
}

// alone reports whether a run stands between zero bytes, as a character array does.
func alone(b []byte, start, end int) bool {
	return (start == 0 || b[start-1] == 0) && end < len(b) && b[end] == 0
}

func (s *slice) run(c *section, start, end int) {
	for {
		stop := min(end, start+maxRun)
		s.literal(sbom.Fact{Kind: sbom.FactConst, Value: c.data[start:stop:stop], Section: c.name,
			Offset: int64(c.off) + int64(start), Length: int64(stop - start)})
		if stop == end {
			return
		}
		start = stop - runOverlap
	}
}
