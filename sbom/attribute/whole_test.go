package attribute

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
)

// Evidence of a whole image has the first function that refers to it; tags of a
// unit, mentions and what no function refers to stay as they are.
func TestNameWhole(t *testing.T) {
	facts := []sbom.Fact{{Kind: sbom.FactString, Offset: 16}, {Kind: sbom.FactImport, Offset: 16}, {Kind: sbom.FactString, Offset: 32}, {Kind: sbom.FactString, Offset: -1}}
	parts := []capability.Part{{Address: 0x300, Facts: []int{0, 3}}, {Address: 0x100, Facts: []int{1}}, {Address: 0x200, Facts: []int{0}}}
	unit := uint64(0x900)
	evidence := func() []sbom.Evidence {
		return []sbom.Evidence{{Kind: sbom.FactString, Offset: 1016}, {Kind: sbom.FactImport, Offset: 1016}, {Kind: sbom.FactString, Offset: 1032}, {Kind: sbom.FactString, Offset: 1016, Function: 7}}
	}
	tags := []sbom.Tag{{Grade: sbom.GradeLikely, Evidence: evidence()}, {Grade: sbom.GradeMentions, Evidence: evidence()}, {Grade: sbom.GradeLikely, Address: &unit, Evidence: evidence()}}
	nameWhole(tags, parts, facts, 1000)
	var got [][]uint64
	for _, g := range tags {
		var list []uint64
		for _, e := range g.Evidence {
			list = append(list, e.Function)
		}
		got = append(got, list)
	}
	if d := cmp.Diff([][]uint64{{0x200, 0x100, 0, 7}, {0, 0, 0, 7}, {0, 0, 0, 7}}, got); d != "" {
		t.Error(d)
	}
}
