package policy

import (
	"testing"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
)

// A product whose purpose explains one part of a composite is its origin, even if
// another part is undeclared; a part of another column of the purpose table is
// no ground.
func TestOriginByPart(t *testing.T) {
	for _, c := range []struct{ part, want string }{{"browser.history.read", "origin"}, {"browser.data.clear", "shared"}} {
		whole := &propagate.Carried{Product: id("a"), Capability: "browser-collection", Grade: sbom.GradeLikely,
			Sources: []propagate.SourceReach{{ID: "s", Grade: sbom.GradeLikely}}}
		part := &propagate.Carried{Product: id("a"), Capability: c.part, Grade: sbom.GradeLikely}
		j := &judge{Case: Case{Table: builtin(t)}, purposes: map[sbom.Digest]string{id("a"): "antivirus"},
			sources:   map[string]*propagate.Source{"s": {ID: "s", Capability: c.part, Grade: sbom.GradeLikely}},
			of:        map[sbom.Digest][]*propagate.Carried{id("a"): {whole, part}, id("b"): {}},
			explained: map[*propagate.Carried]bool{},
			judgement: map[*propagate.Carried]*Judgement{whole: {Verdict: "unexpected"}, part: {Verdict: "ask"}}}
		if got := j.explains(whole); got != (c.want == "origin") {
			t.Errorf("%s: explains %v, want provenance %s", c.part, got, c.want)
		}
	}
}

// Four products are named at most, by name and purpose, in order; of more, three and
// how many the others are.
func TestNames(t *testing.T) {
	j := &judge{labels: map[sbom.Digest]string{"1": "Writer", "2": "Cleaner (cleaner)", "3": "Reader", "4": "Battery (battery)", "5": "Zip", "6": "Cleaner (cleaner)"}}
	for want, ids := range map[string][]sbom.Digest{
		"":                  nil,
		"Zip":               {"5"},
		"Reader and Writer": {"1", "3"},
		"Battery (battery), Cleaner (cleaner), Reader and Writer":            {"1", "2", "3", "4"},
		"Battery (battery), Cleaner (cleaner), Cleaner (cleaner) and Reader": {"2", "3", "4", "6"},
		"Battery (battery), Cleaner (cleaner), Reader and 2 more":            {"1", "2", "3", "4", "5"},
		"Battery (battery), Cleaner (cleaner), Cleaner (cleaner) and 3 more": {"1", "2", "3", "4", "5", "6"},
	} {
		if got := j.names(ids); got != want {
			t.Errorf("%v: %q, want %q", ids, got, want)
		}
	}
}

// Other products that carry the same capability in code that could not be compared
// are counted; the product itself is none of them.
func TestUncompared(t *testing.T) {
	carried := func(product sbom.Digest, capability, source string) *propagate.Carried {
		return &propagate.Carried{Product: product, Capability: capability, Grade: sbom.GradeLikely, Sources: []propagate.SourceReach{{ID: source, Grade: sbom.GradeLikely}}}
	}
	blind, other, seen, besides := carried("1", "c", "dark"), carried("2", "c", "dark"), carried("3", "c", "bright"), carried("4", "d", "bright")
	j := &judge{Case: Case{Unread: []library.Unread{{Image: "dark image"}}}, unread: map[sbom.Digest]bool{"dark image": true},
		sources: map[string]*propagate.Source{"dark": {ID: "dark", Image: "dark image", Grade: sbom.GradeLikely}, "bright": {ID: "bright", Image: "bright image", Grade: sbom.GradeLikely}},
		carried: []*propagate.Carried{blind, other, seen, besides}}
	for k, want := range map[*propagate.Carried]int{blind: 1, other: 1, seen: 2, besides: 0} {
		if got := j.uncompared(k); got != want {
			t.Errorf("product %s: %d, want %d", k.Product, got, want)
		}
	}
}
