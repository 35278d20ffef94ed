package query

import (
	"fmt"
	"slices"
	"strings"
)

// WordError says that a word of the user names nothing, or more than one thing.
type WordError struct {
	What       string // library or product
	Given      string
	Candidates []string // what it may have meant, sorted
	Ambiguous  bool
}

// Error names the candidates.
func (e *WordError) Error() string {
	if e.Ambiguous {
		return fmt.Sprintf("%s %q is ambiguous: it may be %s", e.What, e.Given, strings.Join(e.Candidates, ", or "))
	}
	return fmt.Sprintf("no %s %q was found", e.What, e.Given)
}

// maxCandidates is how many candidates an error names.
const maxCandidates = 8

func candidates(l []string) []string {
	l = slices.Clone(l)
	slices.Sort(l)
	l = slices.Compact(l)
	if n := len(l) - maxCandidates; n > 0 {
		l = append(l[:maxCandidates:maxCandidates], fmt.Sprintf("%d more", n))
	}
	for i := range l {
		l[i] = fmt.Sprintf("%q", l[i]) // names of files: made printable
	}
	return l
}

// minPrefix is how many characters a beginning needs to stand for a whole.
const minPrefix = 4

// begins reports whether hexadecimal digits are the beginning of an id.
func begins(word, id string) bool {
	return len(word) >= minPrefix && hexadecimal(word) && strings.HasPrefix(id, strings.ToLower(word))
}

func hexadecimal(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// foldPrefix reports whether a name begins with a word, whatever its case.
func foldPrefix(name, word string) bool {
	return len(word) >= minPrefix && len(name) >= len(word) && strings.EqualFold(name[:len(word)], word)
}
