package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// columns is the width of what is written for people.
const columns = 80

// fold breaks a line at spaces so that it has at most 80 columns: its first line
// begins with first, the others with rest. A word is never broken, so that paths
// and commands can be copied: one that is longer stands on a line of its own.
func fold(first, rest, text string) string {
	var b strings.Builder
	line, n := first, utf8.RuneCountInString(first)
	empty := true
	for _, w := range strings.Fields(text) {
		k := utf8.RuneCountInString(w)
		switch {
		case empty:
		case n+1+k > columns:
			b.WriteString(line + "\n")
			line, n = rest, utf8.RuneCountInString(rest)
		default:
			line, n = line+" ", n+1
		}
		line, n, empty = line+w, n+k, false
	}
	b.WriteString(strings.TrimRight(line, " "))
	return b.String()
}

// foldLines folds the lines of a text that are too wide, each below its own
// indentation. Others are left as they are.
func foldLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if utf8.RuneCountInString(l) > columns {
			indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
			lines[i] = fold(indent, indent, l)
		}
	}
	return strings.Join(lines, "\n")
}

// say writes a message for people to standard error: "kinbom: warning: ...". On
// a terminal it is folded; elsewhere a message is one line, as logs want it.
func (e *env) say(kind, format string, a ...any) {
	lines := strings.Split("kinbom: "+kind+": "+fmt.Sprintf(format, a...), "\n")
	for i, l := range lines {
		indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
		if e.terminal && utf8.RuneCountInString(l) > columns {
			lines[i] = fold(indent, indent+"  ", l)
		}
	}
	fmt.Fprintln(e.stderr, strings.Join(lines, "\n"))
}

// foldHelp folds the texts of a command and of those below it.
func foldHelp(c *cobra.Command) {
	c.Long = foldLines(c.Long)
	for _, s := range c.Commands() {
		foldHelp(s)
	}
}
