package capability

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxFileBytes is the largest rule file that is read.
const MaxFileBytes = 1 << 20

// SyntaxError is a fault in a rule file, with its place.
type SyntaxError struct {
	File string // as given to Parse or Load
	Line int    // from 1; 0 when the whole file is meant
	What string // what is wrong, with a suggestion where there is one
}

// Error is "file:line: what".
func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.What
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What)
}

// doc reads one YAML file strictly and collects every fault that it meets.
type doc struct {
	file string
	errs []error
}

func (d *doc) bad(n *yaml.Node, format string, a ...any) {
	line := 0
	if n != nil {
		line = n.Line
	}
	d.errs = append(d.errs, &SyntaxError{d.file, line, fmt.Sprintf(format, a...)})
}

// parse reads the content into its root node. Anchors, aliases, tags of one's
// own and several documents in one file are refused: they hide what a rule
// says, and aliases can swell.
func (d *doc) parse(content []byte) *yaml.Node {
	if len(content) > MaxFileBytes {
		d.bad(nil, "file has %d bytes, the limit is %d", len(content), MaxFileBytes)
		return nil
	}
	dec := yaml.NewDecoder(strings.NewReader(string(content)))
	var root, more yaml.Node
	if err := dec.Decode(&root); err != nil {
		d.bad(nil, "not readable as YAML: %v", err)
		return nil
	}
	if dec.Decode(&more) == nil {
		d.bad(&more, "a second YAML document in one file")
		return nil
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 {
		d.bad(&root, "not a YAML document")
		return nil
	}
	if n := forbidden(root.Content[0], 0); n != nil {
		d.bad(n, "anchors, aliases and deep nesting are not allowed in rule files")
		return nil
	}
	return root.Content[0]
}

const maxDepth = 40

func forbidden(n *yaml.Node, depth int) *yaml.Node {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || depth > maxDepth {
		return n
	}
	for _, c := range n.Content {
		if f := forbidden(c, depth+1); f != nil {
			return f
		}
	}
	return nil
}

// entry is one key of a mapping with its value.
type entry struct {
	key   *yaml.Node
	value *yaml.Node
}

// mapping returns the entries of a mapping in file order. Keys that are not
// in known, and keys given twice, are faults. A nil known allows any key.
func (d *doc) mapping(n *yaml.Node, what string, known []string) []entry {
	if n.Kind != yaml.MappingNode {
		d.bad(n, "%s must be a mapping (key: value)", what)
		return nil
	}
	seen := map[string]bool{}
	var out []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case seen[k.Value]:
			d.bad(k, "key %q of %s is given twice", k.Value, what)
			continue
		case known != nil && !contains(known, k.Value):
			d.bad(k, "unknown key %q in %s%s", k.Value, what, suggestion(k.Value, known))
			continue
		}
		seen[k.Value] = true
		out = append(out, entry{k, v})
	}
	return out
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// text returns a scalar with its outer white space cut off.
func (d *doc) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" {
		d.bad(n, "%s must be a text", what)
		return ""
	}
	return strings.TrimSpace(n.Value)
}

// raw returns a scalar as it stands: in patterns and facts spaces count.
func (d *doc) raw(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		d.bad(n, "%s must be a text", what)
		return ""
	}
	return n.Value
}

// items returns the elements of a list; a single scalar or mapping counts as a
// list of one.
func (d *doc) items(n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	return []*yaml.Node{n}
}

// list returns the elements of a list, which must be written as one.
func (d *doc) list(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		d.bad(n, "%s must be a list", what)
		return nil
	}
	return n.Content
}

// texts returns a list of scalars; an empty list is not nil.
func (d *doc) texts(n *yaml.Node, what string) []string {
	out := []string{}
	for _, c := range d.items(n) {
		if s := d.text(c, what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// bool returns true or false.
func (d *doc) bool(n *yaml.Node, what string) bool {
	var b bool
	if n.Kind != yaml.ScalarNode || n.Decode(&b) != nil {
		d.bad(n, "%s must be true or false", what)
	}
	return b
}

// number returns a whole number of at least 1.
func (d *doc) number(n *yaml.Node, what string) int {
	var i int
	if n.Kind != yaml.ScalarNode || n.Decode(&i) != nil || i < 1 || i > 1000 {
		d.bad(n, "%s must be a whole number from 1 to 1000", what)
		return 1
	}
	return i
}

// oneOf returns a scalar that must be one of the words.
func (d *doc) oneOf(n *yaml.Node, what string, words []string) string {
	s := d.text(n, what)
	if s != "" && !contains(words, s) {
		d.bad(n, "%s cannot be %q; it is one of %s%s", what, s, strings.Join(words, ", "), suggestion(s, words))
		return ""
	}
	return s
}

func (d *doc) err() error { return errors.Join(d.errs...) }

// suggestion is `; did you mean "x"?` for the nearest word, or "".
func suggestion(s string, words []string) string {
	best, at := "", len(s)/2+1
	for _, w := range words {
		if n := distance(s, w); n < at {
			best, at = w, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is the Levenshtein distance in bytes. Long texts are not compared.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost++
			}
			diag = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
