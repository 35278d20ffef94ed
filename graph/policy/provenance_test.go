package policy

import (
	"testing"

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
			carried:   []*propagate.Carried{whole, part},
			judgement: map[*propagate.Carried]*Judgement{whole: {Verdict: "unexpected"}, part: {Verdict: "ask"}}}
		if got := j.explains(whole); got != (c.want == "origin") {
			t.Errorf("%s: explains %v, want provenance %s", c.part, got, c.want)
		}
	}
}
