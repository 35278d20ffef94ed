package audit

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
)

func compareEvidence(a, b finding.Evidence) int {
	return cmp.Or(strings.Compare(string(a.SHA256), string(b.SHA256)), cmp.Compare(a.Offset, b.Offset),
		cmp.Compare(a.Length, b.Length), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Signal, b.Signal),
		strings.Compare(a.Kind, b.Kind), cmp.Compare(a.Slice, b.Slice), strings.Compare(a.How, b.How),
		strings.Compare(a.Meaning, b.Meaning), strings.Compare(a.Function, b.Function), strings.Compare(a.Path, b.Path),
		strings.Compare(a.Use, b.Use))
}

// printable writes bytes as printable ASCII; every other byte, and the
// backslash, is escaped.
func printable(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c == '\\':
			s.WriteString(`\\`)
		case c >= 0x20 && c < 0x7f:
			s.WriteByte(c)
		default:
			fmt.Fprintf(&s, `\x%02x`, c)
		}
	}
	return s.String()
}
