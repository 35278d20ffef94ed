package capability

import "bytes"

// accepts reports whether the pattern counts for the bytes b[start:end] of a
// fact of the given kind, where its key was found, and where the text that
// shows it begins. It checks case and edges; acceptsSQL is for tables.
func (p *pattern) accepts(b []byte, start, end int, kind kindSet) (from int, ok bool) {
	if !p.fold && !equalText(b[start:end], p.text, p.mode == modePath) {
		return 0, false
	}
	run := kind == kindConst
	switch p.mode {
	case modeWhole, modeTable:
		ok = start == 0 && end == len(b)
	case modePrefix:
		ok = start == 0
	case modeSuffix:
		ok = end == len(b)
	case modeWord:
		ok = (start == 0 || !identByte(b[start-1])) && (end == len(b) || !identByte(b[end]))
	case modePath:
		ok = p.pathEdges(b, start, end, run)
	case modeKey:
		ok = start == 0 && (end == len(b) || b[end] == '=')
	case modeModule:
		ok = end == len(b) && (start == 0 || string(b[:start]) == "node:")
	default:
		ok = true
	}
	if ok {
		for _, x := range p.except {
			if bytes.HasPrefix(b[end:], x) && (p.mode != modePath || run || endsComponent(x, b[end+len(x):])) {
				return 0, false
			}
		}
		for _, x := range p.behind {
			if n := start - len(x); n >= 0 && bytes.EqualFold(b[n:start], x) {
				return 0, false
			}
		}
	}
	return start, ok
}

// endsComponent reports whether a text of a path, in front of the rest of it, ends
// where a component does: /extensions is not the beginning of /extensions.json.
func endsComponent(text, rest []byte) bool {
	if len(rest) == 0 || separator(text[len(text)-1]) {
		return true
	}
	if rest[0] == '.' { // of a sentence, not of a file's name
		return len(rest) == 1 || rest[1] == ' '
	}
	return pathEnd(rest[0], true)
}

// equalText compares with case; in paths both separators are equal.
func equalText(b, text []byte, path bool) bool {
	if !path {
		return bytes.Equal(b, text)
	}
	for i := range text {
		if b[i] != text[i] && !(separator(b[i]) && separator(text[i])) {
			return false
		}
	}
	return true
}

func separator(c byte) bool { return c == '/' || c == '\\' }

// pathEdges reports whether components of a path stand alone at b[start:end].
// A path of several components needs its right edge only; a single component
// needs both. In a run of constants nobody knows where a literal ends: there
// several components always count, and a single one needs a separator on both
// sides. Web addresses have no paths in this sense.
func (p *pattern) pathEdges(b []byte, start, end int, run bool) bool {
	if run {
		return p.multi || start > 0 && separator(b[start-1]) && end < len(b) && separator(b[end]) || start == 0 && end == len(b)
	}
	if bytes.HasPrefix(b, []byte("http://")) || bytes.HasPrefix(b, []byte("https://")) {
		return false
	}
	if end < len(b) && !separator(p.text[len(p.text)-1]) && !pathEnd(b[end], p.multi) {
		return false
	}
	return p.multi || start == 0 || separator(p.text[0]) || separator(b[start-1]) || b[start-1] == '"' || b[start-1] == '\'' || b[start-1] == '='
}

func pathEnd(c byte, multi bool) bool {
	switch c {
	case '/', '\\', '"', '\'', '`', '?', '|', ';', '\n', '#', '%', '*', ')':
		return true
	case ' ', ',', ':', '.', '&', ']', '<':
		return multi
	}
	return false
}

// acceptsSQL reports whether the pattern counts for a statement that does v
// with a table, begins at from in b and names the table up to end.
func (p *pattern) acceptsSQL(b []byte, v verb, from, end int, run bool) bool {
	switch {
	case v == verbNone,
		p.mode == modeRead && v != verbRead,
		p.mode == modeClear && v != verbClear,
		p.mode == modeCreate && v != verbCreate:
		return false
	}
	if len(p.with) == 0 && len(p.none) == 0 {
		return true
	}
	st := statement(b, from, end, run)
	for _, w := range p.none {
		if hasWord(st, w) {
			return false
		}
	}
	for _, w := range p.with {
		if hasWord(st, w) {
			return true
		}
	}
	return len(p.with) == 0
}

// How far around a match running text is looked for, and how many ends of
// sentences make it running text. A path that is opened has no sentence beside it.
const (
	proseWindow    = 160
	proseSentences = 2
	prosePath      = 1
)

// prose reports whether b[start:end] stands in running text: help,
// documentation, a licence. Runs of constants are not judged, because their
// neighbours are other literals.
func prose(b []byte, start, end, sentences int) bool {
	w := b[max(0, start-proseWindow):min(len(b), end+proseWindow)]
	n := 0
	for i := 1; i+2 < len(w); i++ {
		if w[i] == '.' && isSpace(w[i+1]) && sentenceEnd(w[i-1]) && 'A' <= w[i+2] && w[i+2] <= 'Z' {
			if n++; n == sentences {
				return true
			}
		}
	}
	return false
}

// exampleStatement reports whether a statement that begins at from is told in
// running text: an end of a sentence stands in front of it in the same literal.
// In a run, where that may be another literal, a quotation mark must too.
func exampleStatement(b []byte, from int, run bool) bool {
	if run && (from == 0 || b[from-1] != '"' && b[from-1] != '\'' && b[from-1] != '`') {
		return false
	}
	w := b[max(0, from-proseWindow):from]
	for i := 1; i+2 < len(w); i++ {
		if w[i] == '.' && isSpace(w[i+1]) && sentenceEnd(w[i-1]) && 'A' <= w[i+2] && w[i+2] <= 'Z' {
			return true
		}
	}
	return false
}

func sentenceEnd(c byte) bool {
	return 'a' <= c && c <= 'z' || c == ')' || c == '"' || c == '\'' || c == '`'
}

// quotation is a kind of text that quotes what it looks for, such as rule
// files inside security products: markers of it near a match make the match
// count for mentions only.
type quotation struct {
	id      string
	needs   int // distinct markers
	within  int // bytes on each side
	markers [][]byte
}

// around reports whether enough markers stand near b[start:end].
func (q *quotation) around(b []byte, start, end int) bool {
	w := b[max(0, start-q.within):min(len(b), end+q.within)]
	n := 0
	for _, m := range q.markers {
		if bytes.Contains(w, m) {
			n++
		}
	}
	return n >= q.needs
}
