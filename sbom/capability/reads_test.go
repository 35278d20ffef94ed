package capability

import (
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// used is a unit of a path, a query and what opens, with what the code does with
// the first two.
func used(scope sbom.Scope, path, query string) *sbom.Unit {
	u := &sbom.Unit{Image: sbom.DigestOf(nil), Scope: scope}
	for i, f := range []sbom.Fact{
		{Kind: sbom.FactString, Value: []byte(safari[0]), Use: path},
		{Kind: sbom.FactString, Value: []byte(safari[1]), Use: query},
		{Kind: sbom.FactImport, Value: []byte("sqlite3_open")},
	} {
		f.Offset, f.Length = int64(1000*i), int64(len(f.Value))
		u.Facts = append(u.Facts, f)
	}
	return u
}

// What code does with path and query decides what they are worth; evidence says it.
func TestUseDecides(t *testing.T) {
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		scope       sbom.Scope
		path, query string
		want        sbom.Grade
	}{
		{sbom.ScopeFunction, "", "", sbom.GradeLikely},
		{sbom.ScopeFunction, sbom.UseReads, "", sbom.GradeShown},
		{sbom.ScopeFunction, "", sbom.UseReads, sbom.GradeShown},
		{sbom.ScopeFunction, sbom.UseCompares, sbom.UseReads, sbom.GradeShown},
		{sbom.ScopeFunction, sbom.UseShows, sbom.UseShows, sbom.GradeMentions},
		{sbom.ScopeFunction, sbom.UseCompares, sbom.UseWrites, sbom.GradeMentions},
		{sbom.ScopeFunction, sbom.UseShows, "", sbom.GradeMentions}, // the query alone is no reader
		{sbom.ScopeClass, "", "", sbom.GradeLikely},
		{sbom.ScopeImage, "", "", sbom.GradeLikely},
		{sbom.ScopeImage, sbom.UseReads, sbom.UseReads, sbom.GradeLikely},
		{sbom.ScopeImage, sbom.UseCompares, sbom.UseCompares, sbom.GradeMentions},
		{sbom.ScopeModule, "", "", sbom.GradeShown}, // of scripts less is followed
		{sbom.ScopeModule, sbom.UseShows, sbom.UseShows, sbom.GradeMentions},
	} {
		grade := sbom.Grade("")
		for _, tag := range set.Match(used(x.scope, x.path, x.query), sbom.DigestOf(nil), 0) {
			if tag.Rule != "browser-history-store" {
				continue
			}
			grade = tag.Grade
			for _, e := range tag.Evidence {
				if want := map[int64]string{0: x.path, 1000: x.query}[e.Offset]; e.Use != want {
					t.Errorf("%+v: evidence at %d is said to be %q, want %q", x, e.Offset, e.Use, want)
				}
			}
		}
		if grade != x.want {
			t.Errorf("%s, path %q, query %q: %q, want %q", x.scope, x.path, x.query, grade, x.want)
		}
	}
}

// A rule that wants nothing read takes what is written out as ever.
func TestUseOfOthers(t *testing.T) {
	set, err := Parse(map[string][]byte{"a.yaml": []byte(`format: kinbom.rules/1
capabilities: [{id: a.b, title: a, meaning: b, attack: [], apple: []}]
rules:
  - {id: one, capability: a.b, title: a, meaning: b, references: [c], scope: [image], signals: {place: [some/place]}, grades: {likely: place}, examples: {positive: [{name: x, facts: [{string: some/place, use: writes}]}], negative: [{name: y, facts: [{string: other}]}]}}
  - {id: two, capability: a.b, title: a, meaning: b, references: [c], scope: [image], signals: {place: [some/place]}, grades: {likely: place, mentions: place}, reads: [place], examples: {positive: [{name: x, facts: [{string: some/place}]}], negative: [{name: y, facts: [{string: some/place, use: writes}], expect: mentions}]}}
`)})
	if err != nil {
		t.Fatal(err)
	}
	if failed := set.Test(); len(failed) > 0 {
		t.Error(failed)
	}
	u := &sbom.Unit{Scope: sbom.ScopeImage, Facts: []sbom.Fact{{Kind: sbom.FactString, Value: []byte("in some/place")}}}
	if got := set.ReadSpans(u, 0); len(got) != 1 || got[0] != (Span{3, 13}) {
		t.Errorf("%v", got)
	}
	if tags := set.Match(u, sbom.DigestOf(nil), 0); !set.WantsReads(tags) || set.WantsReads(tags[:1]) {
		t.Errorf("of %+v the second one wants reads", tags)
	}
	if _, err := Parse(map[string][]byte{"a.yaml": []byte("format: kinbom.rules/1\ncapabilities: [{id: a.b, title: a, meaning: b}]\nrules:\n  - {id: one, capability: a.b, title: a, meaning: b, references: [c], scope: [image], signals: {place: [x/y]}, grades: {likely: place}, reads: [palce], examples: {positive: [{name: x, facts: [{string: x/y}]}], negative: [{name: y, facts: [{string: other}]}]}}\n")}); err == nil {
		t.Error("a signal that there is not is taken")
	}
}
