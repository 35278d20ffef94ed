package attribute

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

func TestNameUnits(t *testing.T) {
	set := &fingerprint.Set{Functions: []fingerprint.Function{{Address: 16, Name: "_open"}, {Address: 32, Name: "-[A b]"}, {Address: 48}}}
	at := func(a uint64) *uint64 { return &a }
	tags := []sbom.Tag{
		{Address: at(32), Evidence: []sbom.Evidence{{Function: 16}, {Function: 17}, {}}},
		{Address: at(48)}, {Address: at(20)}, {},
	}
	nameUnits(tags, set)
	got := []string{tags[0].Symbol, tags[0].Evidence[0].Symbol, tags[0].Evidence[1].Symbol, tags[0].Evidence[2].Symbol, tags[1].Symbol, tags[2].Symbol, tags[3].Symbol}
	if d := cmp.Diff([]string{"-[A b]", "_open", "", "", "", "", ""}, got); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
}
