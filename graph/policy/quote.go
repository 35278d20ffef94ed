package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable reports whether the text is not empty and holds printable
// characters only, so that it can stand in a family file as it is.
func printable(s string) bool {
	if strings.TrimSpace(s) == "" || !utf8.ValidString(s) || len(s) > 1024 {
		return false
	}
	for _, c := range s {
		if !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}

// comment makes a text safe to stand in a comment line: one line, printable.
func comment(s string) string {
	var b strings.Builder
	for i, c := range s {
		switch {
		case i > 200:
			return b.String() + "..."
		case c == utf8.RuneError || !unicode.IsPrint(c):
			fmt.Fprintf(&b, "\\u%04x", c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// quote writes a printable text as a double-quoted YAML scalar.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
