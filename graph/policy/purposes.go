package policy

import (
	_ "embed" // the purpose table is a data file
	"fmt"
	"slices"

	"github.com/kinbom/kinbom/graph/finding"
)

//go:embed purposes.yaml
var purposesYAML string

// Cell is what a purpose says about one column of the table.
type Cell string

// Cells; see purposes.yaml.
const (
	Expected           Cell = "expected"
	Ask                Cell = "ask"
	Unexpected         Cell = "unexpected"
	ExpectedIfDeclared Cell = "expected-if-declared" // else ask
	AskIfDeclared      Cell = "ask-if-declared"      // else unexpected
)

// Column names that logic refers to.
const (
	columnSends = "sends"
	columnClear = "clear"
)

// Purpose is one row of the table.
type Purpose struct {
	Token    string
	Security bool            // whether the purpose is a security one
	Cells    map[string]Cell // by column, "sends" included
}

// Table says what is expected of each purpose. It is read-only.
type Table struct {
	purposes []Purpose           // in the order of the file
	columns  map[string]string   // capability -> column
	declares map[string][]string // capability -> data types of a privacy manifest that declare it
}

// Builtin returns the purpose table that kinbom ships with.
func Builtin() (*Table, error) {
	t, err := parseTable([]byte(purposesYAML), "purposes.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the built-in purposes: %w", err)
	}
	return t, nil
}

// Tokens lists the purpose tokens in the order of the table.
func (t *Table) Tokens() []string {
	out := make([]string, 0, len(t.purposes))
	for _, p := range t.purposes {
		out = append(out, p.Token)
	}
	return out
}

// Purpose returns the row of a token.
func (t *Table) Purpose(token string) (Purpose, bool) {
	i := slices.IndexFunc(t.purposes, func(p Purpose) bool { return p.Token == token })
	if i < 0 {
		return Purpose{}, false
	}
	return t.purposes[i], true
}

// Capabilities lists the capabilities that have a column, sorted.
func (t *Table) Capabilities() []string {
	out := make([]string, 0, len(t.columns))
	for c := range t.columns {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

// Verdict says whether a purpose calls for a capability. sends is the value
// that stands beside a composite ("" for none): only "shown" counts. declared
// is one of finding's Declared values. A capability in no column has the
// verdict ""; a purpose that is "" or not in the table has the verdict ask.
func (t *Table) Verdict(purpose, capability, sends, declared string) string {
	column, ok := t.columns[capability]
	if !ok {
		return ""
	}
	return t.verdict(purpose, column, sends, declared)
}

func (t *Table) verdict(purpose, column, sends, declared string) string {
	row, ok := t.Purpose(purpose)
	if !ok {
		return finding.VerdictAsk
	}
	v := row.Cells[column].resolve(declared)
	if sends == finding.SendsShown && column != columnClear {
		v = finding.Worse(v, row.Cells[columnSends].resolve(declared))
	}
	return v
}

func (c Cell) resolve(declared string) string {
	yes := declared == finding.DeclaredYes
	switch {
	case c == Expected, c == ExpectedIfDeclared && yes:
		return finding.VerdictExpected
	case c == Unexpected, c == AskIfDeclared && !yes:
		return finding.VerdictUnexpected
	}
	return finding.VerdictAsk
}
