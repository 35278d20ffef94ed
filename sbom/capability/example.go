package capability

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kinbom/kinbom/sbom"
)

// example is a list of facts with what a rule must say about it.
type example struct {
	name     string
	line     int
	positive bool
	facts    []sbom.Fact
	grade    sbom.Grade // "": no tag
	stores   []string   // sorted; nil: any
	flags    []string   // sorted
	scope    sbom.Scope
}

var (
	exampleKeys = []string{"name", "facts", "expect", "stores", "flags", "scope"}
	factKeys    = []string{"string", "cfstring", "const", "import", "selector", "class", "class-ref", "load", "entitlement",
		"plist", "number", "module", "call", "use"}
	useWords = []string{sbom.UseReads, sbom.UseShows, sbom.UseCompares, sbom.UseWrites}
)

// examples reads the positive and negative lists of a rule.
func (d *doc) examples(n *yaml.Node) []example {
	var out []example
	for _, e := range d.mapping(n, "examples", []string{"positive", "negative"}) {
		positive := e.key.Value == "positive"
		for _, c := range d.list(e.value, e.key.Value) {
			out = append(out, d.example(c, positive))
		}
	}
	return out
}

func (d *doc) example(n *yaml.Node, positive bool) example {
	x := example{line: n.Line, positive: positive, scope: sbom.ScopeImage}
	if positive {
		x.grade = sbom.GradeLikely
	}
	for _, e := range d.mapping(n, "an example", exampleKeys) {
		switch e.key.Value {
		case "name":
			x.name = d.text(e.value, "name")
		case "facts":
			x.facts = d.facts(e.value)
		case "expect":
			x.grade = sbom.Grade(strings.TrimPrefix(d.oneOf(e.value, "expect", []string{"none", "mentions", "likely", "shown"}), "none"))
		case "stores":
			x.stores = d.texts(e.value, "stores")
			slices.Sort(x.stores)
		case "flags":
			x.flags = d.texts(e.value, "flags")
			slices.Sort(x.flags)
		case "scope":
			x.scope = sbom.Scope(d.oneOf(e.value, "scope", scopeWords))
		}
	}
	if x.name == "" || len(x.facts) == 0 {
		d.bad(n, "an example needs name and facts")
	}
	if positive != (x.grade.Rank() >= sbom.GradeLikely.Rank()) {
		d.bad(n, "a positive example expects likely or shown, a negative one none or mentions")
	}
	return x
}

// facts reads a list of {kind: text or list of texts}. The facts get places
// one after the other, as in a file.
func (d *doc) facts(n *yaml.Node) []sbom.Fact {
	var out []sbom.Fact
	at := int64(0)
	for _, c := range d.list(n, "facts") {
		before := len(out)
		use := ""
		for _, e := range d.mapping(c, "a fact", factKeys) {
			if e.key.Value == "use" {
				use = d.oneOf(e.value, "use", useWords)
				continue
			}
			for _, v := range d.items(e.value) {
				s := d.raw(v, "a fact")
				out = append(out, sbom.Fact{Kind: sbom.FactKind(e.key.Value), Value: []byte(s), Offset: at, Length: int64(len(s))})
				at += int64(len(s)) + 1
			}
		}
		for i := range out[before:] {
			out[before+i].Use = use
		}
	}
	return out
}

// Failure is one example on which a rule does not say what it should.
type Failure struct {
	File    string
	Line    int // of the example
	Rule    string
	Example string // its name, or "" when the whole file is meant
	Want    string
	Got     string
}

// String is one line for people.
func (f Failure) String() string {
	return fmt.Sprintf("%s:%d: rule %s, example %q: want %s, got %s", f.File, f.Line, f.Rule, f.Example, f.Want, f.Got)
}

// Test replays the examples of the rules in the named files, or of all files
// when none is named, and returns those that fail, in the order of the files
// and their lines. A name that no file of the set has is a failure too.
func (s *Set) Test(files ...string) []Failure {
	var out []Failure
	for _, f := range files {
		if _, ok := s.files[f]; !ok {
			out = append(out, Failure{File: f, Want: "a file of the set", Got: "no such file"})
		}
	}
	for _, r := range s.rules {
		if len(files) > 0 && !contains(files, r.File) {
			continue
		}
		for i := range r.examples {
			if f, failed := s.replay(r, &r.examples[i]); failed {
				out = append(out, f)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Failure) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return a.Line - b.Line
	})
	return out
}

// Examples is the number of examples that Test replays for these files.
func (s *Set) Examples(files ...string) int {
	n := 0
	for _, r := range s.rules {
		if len(files) == 0 || contains(files, r.File) {
			n += len(r.examples)
		}
	}
	return n
}

// tagBy is what a rule says of an example; without a grade, nothing.
func (s *Set) tagBy(r *rule, x *example) sbom.Tag {
	u := sbom.Unit{Image: sbom.DigestOf(nil), Scope: x.scope, Facts: x.facts}
	for _, t := range s.Match(&u, sbom.DigestOf(nil), 0) {
		if t.Rule == r.ID {
			return t
		}
	}
	return sbom.Tag{}
}

func (s *Set) replay(r *rule, x *example) (Failure, bool) {
	got := s.tagBy(r, x)
	f := Failure{File: r.File, Line: x.line, Rule: r.ID, Example: x.name}
	f.Want = outcome(x.grade, x.stores, x.flags)
	stores := got.Stores
	if x.stores == nil {
		stores = nil
	}
	f.Got = outcome(got.Grade, stores, got.Flags)
	return f, f.Want != f.Got
}

func outcome(g sbom.Grade, stores, flags []string) string {
	s := string(g)
	if g == "" {
		s = "none"
	}
	if len(stores) > 0 {
		s += " of " + strings.Join(stores, ", ")
	}
	if len(flags) > 0 {
		s += " [" + strings.Join(flags, ", ") + "]"
	}
	return s
}

// place is where a node of a file stands, for errors found after reading it.
func place(file string, n *yaml.Node, format string, a ...any) error {
	line := 0
	if n != nil {
		line = n.Line
	}
	return &SyntaxError{file, line, fmt.Sprintf(format, a...)}
}
