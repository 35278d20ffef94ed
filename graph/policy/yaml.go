package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxBytes limits the size of a YAML file that we read.
const maxBytes = 4 << 20

// FormatError is one complaint about a family file, with its line.
type FormatError struct {
	File string
	Line int    // from 1; 0 when the complaint is about the whole file
	What string // what is wrong
	Hint string // what may have been meant, or ""
}

// Error is "file:line: what; did you mean hint?".
func (e *FormatError) Error() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
	}
	s += ": " + e.What
	if e.Hint != "" {
		s += fmt.Sprintf("; did you mean %q?", e.Hint)
	}
	return s
}

// reader walks the nodes of one YAML file and collects complaints.
type reader struct {
	file string
	errs []error
}

func (r *reader) bad(n *yaml.Node, hint, format string, a ...any) {
	line := 0
	if n != nil {
		line = n.Line
	}
	r.errs = append(r.errs, &FormatError{File: r.file, Line: line, What: fmt.Sprintf(format, a...), Hint: hint})
}

func (r *reader) err() error { return errors.Join(r.errs...) }

// document returns the one mapping of the file, or nil.
func (r *reader) document(data []byte) *yaml.Node {
	if len(data) > maxBytes {
		r.bad(nil, "", "has %d bytes; the limit is %d", len(data), maxBytes)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			r.bad(nil, "", "is empty")
		} else {
			r.bad(nil, "", "is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		r.bad(nil, "", "holds more than one document")
		return nil
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		r.bad(nil, "", "is not a mapping of keys to values")
		return nil
	}
	return doc.Content[0]
}

// fields calls set for each key of a mapping. Unknown and repeated keys are
// complaints. It reports whether n is a mapping.
func (r *reader) fields(n *yaml.Node, what string, keys []string, set func(key string, value *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		r.bad(n, "", "%s is not a mapping of keys to values", what)
		return false
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode:
			r.bad(k, "", "%s: a key must be a plain word", what)
		case seen[k.Value]:
			r.bad(k, "", "%s: key %q is given twice", what, k.Value)
		case keys != nil && !contains(keys, k.Value):
			r.bad(k, Suggest(k.Value, keys), "%s: unknown key %q", what, k.Value)
		default:
			seen[k.Value] = true
			set(k.Value, v)
		}
	}
	return true
}

// text returns a scalar. A null or an empty one is "", with a complaint when
// it is needed.
func (r *reader) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode {
		r.bad(n, "", "%s is not a plain text", what)
		return ""
	}
	if n.Tag == "!!null" || strings.TrimSpace(n.Value) == "" {
		r.bad(n, "", "%s is empty", what)
		return ""
	}
	return n.Value
}

// texts returns a list of scalars; one scalar is a list of one.
func (r *reader) texts(n *yaml.Node, what string) []string {
	if n.Kind == yaml.ScalarNode {
		if s := r.text(n, what); s != "" {
			return []string{s}
		}
		return nil
	}
	var out []string
	for _, c := range r.items(n, what) {
		if s := r.text(c, what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// items returns the entries of a list. A null is an empty list.
func (r *reader) items(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.bad(n, "", "%s is not a list", what)
		return nil
	}
	return n.Content
}
