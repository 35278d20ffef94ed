package capability

import "bytes"

// Verbs of an SQL statement as far as rules tell them apart.
type verb uint8

const (
	verbNone verb = iota
	verbRead
	verbClear // DELETE, UPDATE, DROP
	verbCreate
)

// How far an SQL statement is followed from the name of its table. A run of
// constants may hold other literals, so it is followed less far.
const (
	sqlBack       = 2048
	sqlBackConst  = 768
	sqlAhead      = 1024
	sqlAheadConst = 400
)

// sqlUse is what the statement around b[start:end], the name of a table, does
// with it, and where in b the statement begins. Upper and lower case are
// equal; names may be quoted and have a schema before them. Running text does
// not count: the word before the name must be FROM, JOIN, UPDATE, TABLE or a
// comma of a FROM list, and a verb must govern it or the literal must begin
// with FROM or JOIN (a statement split over literals). The verb of the
// outermost statement decides: a SELECT inside a DELETE is not a read.
func sqlUse(b []byte, start, end int, run bool) (verb, int) {
	if end < len(b) && (b[end] == '_' || !run && identByte(b[end])) {
		return verbNone, 0
	}
	at, ok := beforeName(b, start)
	if !ok {
		return verbNone, 0
	}
	limit := max(0, at-sqlBack)
	if run {
		limit = max(0, at-sqlBackConst)
	}
	if b[at-1] == ',' {
		if at = fromList(b, at-1, limit); at < 0 {
			return verbNone, 0
		}
	}
	word := wordStart(b, at, limit, run)
	switch {
	case equalFold(b[word:at], "from"), equalFold(b[word:at], "join"):
		return governing(b, word, limit, run)
	case equalFold(b[word:at], "update"):
		return verbClear, word
	case equalFold(b[word:at], "table"), equalFold(b[word:at], "exists"):
		return tableVerb(b, word, limit)
	}
	return verbNone, 0
}

// beforeName steps back from a name over its quotes, its schema and the white
// space before them. It returns the place behind the byte before, which is
// the end of a word or a comma.
func beforeName(b []byte, start int) (int, bool) {
	i := start
	for i > 0 && (b[i-1] == '"' || b[i-1] == '`' || b[i-1] == '[' || b[i-1] == '\'' || b[i-1] == '\\' || b[i-1] == '(') {
		i--
	}
	if i > 1 && b[i-1] == '.' {
		i--
		for i > 0 && (identByte(b[i-1]) || b[i-1] == '"' || b[i-1] == '`' || b[i-1] == ']' || b[i-1] == '[') {
			i--
		}
	}
	j := skipSpaceBack(b, i)
	if j == 0 || j == i && b[j-1] != ',' {
		return 0, false
	}
	return j, true
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// skipSpaceBack steps back over white space, also over line ends that are
// still escaped ("\n" in a script within a literal).
func skipSpaceBack(b []byte, i int) int {
	for i > 0 {
		switch {
		case isSpace(b[i-1]):
			i--
		case i > 1 && b[i-2] == '\\' && (b[i-1] == 'n' || b[i-1] == 't' || b[i-1] == 'r'):
			i -= 2
		default:
			return i
		}
	}
	return i
}

// wordStart is the start of the word that ends at end. In a run of constants
// a keyword may follow another literal's letters without a gap.
func wordStart(b []byte, end, limit int, run bool) int {
	i := end
	for i > limit && identByte(b[i-1]) {
		if i > 1 && b[i-2] == '\\' { // the letter of an escaped line end
			break
		}
		i--
	}
	if run && end-i > 6 {
		for _, k := range [...]string{"from", "join", "update", "table", "exists"} {
			if end-len(k) >= i && equalFold(b[end-len(k):end], k) {
				return end - len(k)
			}
		}
	}
	return i
}

// fromList finds the FROM before a comma: between them only names, aliases
// and commas. It returns the end of that word, or -1.
func fromList(b []byte, comma, limit int) int {
	for i := comma; i > limit; i-- {
		c := b[i-1]
		if i-4 >= 0 && equalFold(b[i-4:i], "from") && (i == len(b) || !identByte(b[i])) {
			return i
		}
		if !identByte(c) && !isSpace(c) && c != ',' && c != '.' && c != '"' && c != '`' && c != '[' && c != ']' {
			return -1
		}
	}
	return -1
}

// tableVerb looks for CREATE or DROP before TABLE [IF [NOT] EXISTS].
func tableVerb(b []byte, word, limit int) (verb, int) {
	for i := word; i >= max(limit, word-48) && i >= 0; i-- {
		if b[max(i-1, 0)] == ';' {
			return verbNone, 0
		}
		switch {
		case keywordAt(b, i, "create"):
			return verbCreate, i
		case keywordAt(b, i, "drop"):
			return verbClear, i
		}
	}
	return verbNone, 0
}

// governing finds the verb of the statement that the FROM or JOIN at word
// belongs to.
func governing(b []byte, word, limit int, run bool) (verb, int) {
	inner := -1 // start of a nested SELECT
	i := word - 1
	for ; i >= limit && b[i] != ';'; i-- {
		switch foldByte(b[i]) {
		case 's':
			if !keywordAt(b, i, "select") || !verbEdge(b, i, run, true) || !columns(b[i+6:word]) {
				continue
			}
			if p := skipSpaceBack(b, i); p == 0 || b[p-1] != '(' {
				return verbRead, i
			}
			inner = i
		case 'd':
			if keywordAt(b, i, "delete") && verbEdge(b, i, run, false) {
				return verbClear, i
			}
		case 'u':
			if keywordAt(b, i, "update") && verbEdge(b, i, run, false) {
				return verbClear, i
			}
		}
	}
	if inner >= 0 {
		return verbRead, inner
	}
	if !run && joinWords(b[i+1:word]) && (i < 0 || b[i] != ';') && limit == 0 {
		return verbRead, word
	}
	return verbNone, 0
}

// keywordAt reports whether the word stands at i and ends there.
func keywordAt(b []byte, i int, word string) bool {
	e := i + len(word)
	return e < len(b) && equalFold(b[i:e], word) && !identByte(b[e]) && b[e] != '('
}

// verbEdge reports whether a verb can begin at i. In a run of constants the
// literal before may end there: SELECT may follow any letter, the other verbs
// (which are common words) only one of the other case.
func verbEdge(b []byte, i int, run, sel bool) bool {
	if i == 0 || !identByte(b[i-1]) {
		return true
	}
	if i >= 2 && b[i-2] == '\\' { // an escaped line end
		return true
	}
	if !run || b[i-1] == '_' {
		return false
	}
	upper := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	return sel || upper(b[i-1]) != upper(b[i])
}

// joinWords reports whether b holds nothing but white space and kinds of join.
func joinWords(b []byte) bool {
	for len(b) > 0 {
		before, word, rest := cutWord(b)
		if !blank(before) {
			return false
		}
		switch {
		case equalFold(word, "left"), equalFold(word, "inner"), equalFold(word, "outer"), equalFold(word, "cross"), equalFold(word, "natural"), len(word) == 0:
		default:
			return false
		}
		b = rest
	}
	return true
}

// columns reports whether the text behind a SELECT, up to the first FROM,
// looks like a list of columns and not like a sentence: no three plain words
// follow each other.
func columns(b []byte) bool {
	for row := 0; len(b) > 0; {
		before, word, rest := cutWord(b)
		if !blank(before) {
			row = 0
		}
		switch {
		case equalFold(word, "from"):
			return true
		case columnKeyword(word):
			row = 0
		default:
			if row++; row > 2 && len(word) > 0 {
				return false
			}
		}
		b = rest
	}
	return true
}

// cutWord cuts b around its first word. Without a word all of b is before it.
func cutWord(b []byte) (before, word, rest []byte) {
	i := 0
	for i < len(b) && !identByte(b[i]) {
		i++
	}
	j := i
	for j < len(b) && identByte(b[j]) {
		j++
	}
	return b[:i], b[i:j], b[j:]
}

func blank(b []byte) bool { return len(bytes.TrimLeft(b, " \n\t\r")) == 0 }

func columnKeyword(w []byte) bool {
	for _, k := range [...]string{"as", "distinct", "all", "case", "when", "then", "else", "end", "and", "or", "not", "is", "null",
		"in", "like", "between", "cast", "collate", "over", "partition", "by", "order", "desc", "asc", "filter", "where", "escape", "glob"} {
		if equalFold(w, k) {
			return true
		}
	}
	return false
}

// equalFold reports whether b is the lower-case ASCII word in any case.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		if foldByte(b[i]) != word[i] {
			return false
		}
	}
	return true
}

// statement is the part of b from the start of a statement to its end: the
// next semicolon, or the limit.
func statement(b []byte, from, end int, run bool) []byte {
	to := min(len(b), end+sqlAhead)
	if run {
		to = min(len(b), end+sqlAheadConst)
	}
	for i := end; i < to; i++ {
		if b[i] == ';' {
			to = i
		}
	}
	return b[from:to]
}

// hasWord reports whether the lower-case word stands in b in any case and is
// not a part of a longer name.
func hasWord(b, word []byte) bool {
	for i := 0; i+len(word) <= len(b); i++ {
		if foldByte(b[i]) != word[0] || i > 0 && identByte(b[i-1]) {
			continue
		}
		j := 1
		for j < len(word) && foldByte(b[i+j]) == word[j] {
			j++
		}
		if j == len(word) && (i+j == len(b) || !identByte(b[i+j])) {
			return true
		}
	}
	return false
}
