package audit

import (
	"testing"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// A form that was read by an unconfirmed reader makes no run incomplete; any
// other gap does.
func TestUntestedIsComplete(t *testing.T) {
	out := &finding.Report{Gaps: []finding.Gap{{Path: "apps.dmg", Kind: string(sbom.GapUntested), Offset: -1, Why: "a feature", Count: 1}}}
	if r := incomplete(out); len(r) > 0 {
		t.Errorf("incomplete: %v", r)
	}
	out.Gaps = append(out.Gaps, finding.Gap{Path: "b.dmg", Kind: string(sbom.GapEncrypted), Offset: -1, Why: "encrypted", Count: 1})
	if r := incomplete(out); len(r) != 1 || r[0] != "incomplete: 1 gap" {
		t.Errorf("incomplete: %v", r)
	}
}
