package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// columns is the width of the text formats.
const columns = 80

// plain makes a text from a file safe for a terminal: control, format and
// unassigned characters, separators other than the space, and invalid bytes
// are escaped as \xNN or \u{N}.
func plain(s string) string {
	ok := true
	for _, c := range s {
		ok = ok && c != utf8.RuneError && (c < 0x7f || unicode.IsPrint(c)) && c >= ' '
	}
	if ok {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == utf8.RuneError && n == 1 || c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !unicode.IsPrint(c):
			fmt.Fprintf(&b, `\u{%x}`, c)
		default:
			b.WriteRune(c)
		}
		i += n
	}
	return b.String()
}

// wide is read only: it holds the characters that take two columns: East Asian wide and
// fullwidth ones, and pictures (Unicode: East Asian Width, W and F).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{{0x1100, 0x115f, 1}, {0x231a, 0x231b, 1}, {0x23e9, 0x23f3, 1}, {0x2614, 0x2615, 1},
		{0x2648, 0x2653, 1}, {0x26a1, 0x26ff, 1}, {0x2705, 0x27bf, 1}, {0x2b1b, 0x2b1c, 1}, {0x2b50, 0x2b55, 1},
		{0x2e80, 0x303e, 1}, {0x3041, 0xa4cf, 1}, {0xa960, 0xa97c, 1}, {0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1},
		{0xfe10, 0xfe19, 1}, {0xfe30, 0xfe6f, 1}, {0xff00, 0xff60, 1}, {0xffe0, 0xffe6, 1}},
	R32: []unicode.Range32{{0x16fe0, 0x18cff, 1}, {0x1aff0, 0x1b2ff, 1}, {0x1f004, 0x1f004, 1}, {0x1f0cf, 0x1f0cf, 1},
		{0x1f18e, 0x1f1ff, 1}, {0x1f200, 0x1faff, 1}, {0x20000, 0x3fffd, 1}},
}

// width is the number of columns that a text takes on a terminal. Where
// terminals differ the greater number is taken.
func width(s string) int {
	n := 0
	for _, c := range s {
		n += runeWidth(c)
	}
	return n
}

func runeWidth(c rune) int {
	switch {
	case unicode.In(c, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, c):
		return 2
	}
	return 1
}

// wrap breaks a text into lines of at most limit columns, at spaces where it
// can. A limit below 2 is taken as 2.
func wrap(s string, limit int) []string {
	limit = max(limit, 2)
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && width(line)+1+width(word) <= limit {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for width(word) > limit {
			head := cut(word, limit)
			lines = append(lines, head)
			word = word[len(head):]
		}
		line = word
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// cut is the longest beginning of a word that fits, at least one character.
// It breaks after a slash, dot or dash when there is one in the second half.
func cut(word string, limit int) string {
	n, end, soft := 0, 0, 0
	for i, c := range word {
		if n += runeWidth(c); n > limit && i > 0 {
			break
		}
		end = i + utf8.RuneLen(c)
		if strings.ContainsRune("/.-_", c) && n > limit/2 {
			soft = end
		}
	}
	if soft > 0 {
		return word[:soft]
	}
	return word[:end]
}

// pad fills a text with spaces up to a number of columns.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-width(s)))
}
