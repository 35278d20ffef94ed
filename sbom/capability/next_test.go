package capability

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// A rule with a way to likely by one store, by two, and by a number of parts.
const nextRules = `format: kinbom.rules/1
capabilities:
  - {id: t.read, title: reads, meaning: reads}
rules:
  - id: t
    capability: t.read
    title: reads
    meaning: reads
    references: ["https://a.example"]
    scope: [function]
    signals:
      root: [{text: aaaaaa, match: whole}]
      store: [{text: bbbbbb, match: whole}]
      sql: [{text: cccccc, match: whole}]
      open: [{text: dddddd, match: whole}]
      odd: [{text: eeeeee, match: whole}]
    grades:
      shown: {all: [root, store, sql, open, {not: odd}]}
      likely:
        any:
          - {all: [{any: [root, store]}, {strong: sql}]}
          - {count: 2, of: [root, open]}
      mentions: {any: [root, store, sql, odd]}
    examples:
      positive:
        - {name: p, facts: [{string: [aaaaaa]}]}
      negative:
        - {name: n, facts: [{string: [zzzzzz]}]}
`

func TestNext(t *testing.T) {
	s, err := Parse(map[string][]byte{"t.yaml": []byte(nextRules)})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		grade sbom.Grade
		has   []string
		want  Next
	}{
		{sbom.GradeMentions, []string{"root"}, Next{sbom.GradeLikely, []string{"a query on the store's tables (a telling one)"}}},
		{sbom.GradeMentions, []string{"sql"}, Next{sbom.GradeLikely, []string{"a browser's folder or the store's file"}}},
		{sbom.GradeMentions, []string{"odd"}, Next{sbom.GradeLikely, []string{"a browser's folder or the store's file", "a query on the store's tables (a telling one)"}}},
		{sbom.GradeMentions, []string{"root", "sql"}, Next{sbom.GradeLikely, nil}}, // the query was a weak one
		{sbom.GradeLikely, []string{"root", "sql"}, Next{sbom.GradeShown, []string{"the store's file", "a call that opens the store"}}},
		{sbom.GradeLikely, []string{"root", "store", "sql", "open", "odd"}, Next{sbom.GradeShown, []string{"the absence of a match of odd, such as eeeeee"}}},
		{sbom.GradeShown, []string{"root"}, Next{}},
	}
	for _, c := range cases {
		tag := sbom.Tag{Rule: "t", RulesDigest: s.Digest(), Grade: c.grade}
		for _, h := range c.has {
			tag.Evidence = append(tag.Evidence, sbom.Evidence{Signal: h})
		}
		got, ok := s.Next(tag)
		if d := cmp.Diff(c.want, got); d != "" || !ok {
			t.Errorf("%s with %v, %v (-want +got):\n%s", c.grade, c.has, ok, d)
		}
	}
	if _, ok := s.Next(sbom.Tag{Rule: "t", RulesDigest: sbom.DigestOf([]byte("others")), Grade: sbom.GradeLikely}); ok {
		t.Error("a tag of other rules is explained by these")
	}
	if _, ok := s.Next(sbom.Tag{Rule: "u", RulesDigest: s.Digest(), Grade: sbom.GradeLikely}); ok {
		t.Error("a tag of an unknown rule is explained")
	}
}

// The built-in rule for browser history speaks in words, and of a second browser
// only where that is nearer.
func TestNextOfBuiltinRules(t *testing.T) {
	s, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	tag := sbom.Tag{Rule: "browser-history-store", RulesDigest: s.Digest(), Grade: sbom.GradeMentions, Stores: []string{"safari"},
		Evidence: []sbom.Evidence{{Signal: "root"}, {Signal: "store"}}}
	got, ok := s.Next(tag)
	if d := cmp.Diff(Next{sbom.GradeLikely, []string{"a query on the store's tables (a telling one)"}}, got); d != "" || !ok {
		t.Errorf("%v (-want +got):\n%s", ok, d)
	}
	tag.Grade, tag.Scope = sbom.GradeLikely, sbom.ScopeFunction
	tag.Evidence = []sbom.Evidence{{Signal: "root"}, {Signal: "store"}, {Signal: "sql"}, {Signal: "open"}}
	for use, missing := range map[string][]string{
		"":               {"a path or a query that is seen to reach what opens, reads or queries"},
		sbom.UseCompares: {"code that does more with the path or the query than to show, compare or write it"},
		sbom.UseReads:    nil,
	} {
		tag.Evidence[1].Use = use
		if got, _ := s.Next(tag); !slices.Equal(got.Missing, missing) {
			t.Errorf("of a path that is %q: %q, want %q", use, got.Missing, missing)
		}
	}
}
