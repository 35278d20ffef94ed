package capability

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kinbom/kinbom/sbom"
)

const besideRules = `format: kinbom.rules/1
capabilities:
  - {id: a.b, title: t, meaning: m, attack: [], apple: []}
rules:
  - id: options
    capability: a.b
    title: t
    meaning: m
    references: [https://example.invalid/]
    scope: [function]
    signals:
      call: [{import: [set_option, "tap*"]}]
      value: [{number: [10015, 3072, 978307200, 3072]}]
    grades: {shown: {all: [call, value]}, mentions: {all: [call, value]}}
    examples:
      positive: [{name: p, scope: function, expect: shown, facts: [{import: set_option}, {number: 10015}]}]
      negative: [{name: n, facts: [{import: set_option}]}]
  - id: others
    capability: a.b
    title: t
    meaning: m
    references: [https://example.invalid/]
    scope: [image]
    signals:
      other: [{import: fopen}]
      epoch: [{number: 978307200}]
    grades: {likely: {all: [other, epoch]}}
    examples:
      positive: [{name: p, facts: [{import: fopen}, {number: 978307200}]}]
      negative: [{name: n, facts: [{import: fopen}]}]
`

// Small numbers come with the names of their own rule alone; a large number
// makes no name of its rule telling.
func TestBeside(t *testing.T) {
	s, err := Parse(map[string][]byte{"a.yaml": []byte(besideRules)})
	if err != nil {
		t.Fatal(err)
	}
	u := &sbom.Unit{}
	for _, name := range []string{"set_option", "fopen", "tapCreate", "close"} {
		u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactImport, Value: []byte(name)})
	}
	numbers, named := s.Beside(u)
	if d := cmp.Diff([]uint64{3072, 10015}, numbers); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]bool{true, false, true, false}, named); d != "" {
		t.Error(d)
	}
}
