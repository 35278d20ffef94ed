package capability

import (
	"bytes"
	"fmt"
)

// Scent tells whether it is worth reading a script: whether the pieces of some
// pattern stand in its bytes as they are, or it conspicuously decodes or builds
// text, which its bytes then do not show. Reading is much dearer than this look.
//
// A script is worth it when it has words of a browser family, when some rule may
// hold by what stands in it alone, or when it has what rules cannot do without and
// may find in a module that is asked for, such as what opens databases. A common
// call, such as of fetch or rm, is none of that.
//
// What it passes over: scripts that hold no strong pattern's words. Rules that
// would hold by weak patterns alone, or by a missing word, are not asked.
type Scent struct {
	auto  *automaton
	words []scentWord
	needs []int // by pattern that is looked for: how many words it has
	of    [][]int
	names []int // by the same: the pattern's number in the set
	needed
}

// scentWord is a piece of a pattern that stands in the bytes by itself.
type scentWord struct {
	text  []byte
	fold  bool // ASCII case does not count
	alone bool // no letter or digit on either side
}

// Scent makes the look for a set of rules.
func (s *Set) Scent() (*Scent, error) {
	out := &Scent{}
	at := map[string]int{}
	var keys [][]byte
	const native = kindImport | kindSelector | kindClass | kindClassRef | kindLoad | kindEntitlement
	for i := range s.patterns {
		p := &s.patterns[i]
		if p.weak || p.kinds&^native == 0 || p.kinds == kindConst {
			continue
		}
		name := p.kinds&textKinds == 0 // code may write a dotted name in another way
		words := bytes.FieldsFunc(p.text, func(r rune) bool { return r == '/' || r == '\\' || name && r == '.' })
		n := 0
		for _, w := range words {
			word := scentWord{text: w, fold: p.fold, alone: p.mode != modeContains && p.mode != modePrefix && p.mode != modeSuffix}
			key := fmt.Sprintf("%v %v %s", word.fold, word.alone, w)
			k, ok := at[key]
			if !ok {
				k = len(keys)
				at[key] = k
				keys = append(keys, w)
				out.words = append(out.words, word)
				out.of = append(out.of, nil)
			}
			out.of[k] = append(out.of[k], len(out.needs))
			n++
		}
		if n > 0 {
			out.needs, out.names = append(out.needs, n), append(out.names, i)
		}
	}
	out.needed = s.needed()
	if len(keys) == 0 {
		return out, nil
	}
	auto, err := newAutomaton(keys)
	if err != nil {
		return nil, err
	}
	out.auto = auto
	return out, nil
}

// In reports whether a script is worth reading. It costs one pass over the bytes.
func (s *Scent) In(b []byte) bool {
	if conspicuous(b) {
		return true
	}
	if s.auto == nil {
		return false
	}
	have := make([]int, len(s.needs))
	p := s.presence()
	seen := make([]bool, len(s.words))
	state, pos := s.auto.find(b, 0, 0)
	for pos >= 0 {
		for _, key := range s.auto.ended(state) {
			if seen[key] || !s.words[key].at(b, pos) {
				continue
			}
			seen[key] = true
			for _, n := range s.of[key] {
				if have[n]++; have[n] == s.needs[n] && p.add(s.names[n]) {
					return true
				}
			}
		}
		state, pos = s.auto.find(b, pos, state)
	}
	return p.enough()
}

// at reports whether the word ends at a place of the bytes as it should.
func (w *scentWord) at(b []byte, end int) bool {
	start := end - len(w.text)
	if !w.fold && !bytes.Equal(b[start:end], w.text) {
		return false
	}
	return !w.alone || (start == 0 || !identByte(b[start-1])) && (end == len(b) || !identByte(b[end]))
}

// conspicuous reports whether a script decodes or builds text from pieces.
func conspicuous(b []byte) bool {
	for _, mark := range []string{"fromCharCode", "fromCodePoint", "atob(", "base64", "'hex'", `"hex"`, "`hex`", ".reverse()", ").reverse(", `\x`, "createDecipher"} {
		if bytes.Contains(b, []byte(mark)) {
			return true
		}
	}
	return splitWord(b)
}

// splitWord reports whether a literal that ends within a word is added to one
// that begins within one: 'Saf' + 'ari', on one line. Lines of a long text end
// with a space.
func splitWord(b []byte) bool {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '+')
		if i < 0 {
			return false
		}
		at += i + 1
		left, right := bytes.TrimRight(b[max(0, at-4):at-1], " "), bytes.TrimLeft(b[at:min(len(b), at+4)], " ")
		if n := len(left); n >= 2 && len(right) >= 2 && quote(left[n-1]) && identByte(left[n-2]) && quote(right[0]) && identByte(right[1]) {
			return true
		}
	}
}

func quote(c byte) bool { return c == '"' || c == '\'' || c == '`' }
