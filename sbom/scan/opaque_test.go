package scan

import (
	"slices"
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// The flag is added once, and the tags that were given stay as they are.
func TestOpaqueTags(t *testing.T) {
	given := []sbom.Tag{{Rule: "a"}, {Rule: "b", Flags: []string{sbom.FlagImporter}}, {Rule: "c", Flags: []string{sbom.FlagOpaque}}}
	for i, g := range opaque(given) {
		want := append(slices.Clone(given[i].Flags), sbom.FlagOpaque)
		slices.Sort(want)
		slices.Sort(g.Flags)
		if !slices.Equal(g.Flags, slices.Compact(want)) {
			t.Errorf("%s: flags %q", g.Rule, g.Flags)
		}
	}
	if len(given[0].Flags) != 0 || len(given[1].Flags) != 1 {
		t.Errorf("the tags that were given were changed: %+v", given)
	}
}
