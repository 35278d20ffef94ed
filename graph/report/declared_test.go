package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph/finding"
)

// Capabilities of which the same was declared share a text; a mention, and what
// nothing is known of, have none.
func TestDeclaredLines(t *testing.T) {
	list := []string{"PrivacyInfo.xcprivacy: lists X"}
	q := &finding.Product{Capabilities: []finding.Capability{
		{ID: "a", Grade: "likely", Declared: finding.DeclaredYes, DeclaredBy: list},
		{ID: "b", Grade: "shown", Declared: finding.DeclaredNone},
		{ID: "c", Grade: "shown", Declared: finding.DeclaredYes, DeclaredBy: list},
		{ID: "d", Grade: "mentions"},
		{ID: "e", Grade: "likely", Declared: finding.DeclaredUnknown},
		{ID: "f", Grade: "likely", Declared: finding.DeclaredContradicted, DeclaredBy: []string{"m"}},
	}}
	want := []string{
		"observed a (likely), c (shown); declared: PrivacyInfo.xcprivacy: lists X",
		"observed b (shown); no declaration",
		"observed f (likely); declaration contradicted: m",
	}
	if diff := cmp.Diff(want, declaredLines(q)); diff != "" {
		t.Error(diff)
	}
}
