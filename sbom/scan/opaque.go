package scan

import (
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// opaque is tags of code of which a part could not be looked into, with the flag
// that says so: what was found stands, and more may be there.
func opaque(tags []sbom.Tag) []sbom.Tag {
	out := slices.Clone(tags)
	for i := range out {
		if !slices.Contains(out[i].Flags, sbom.FlagOpaque) {
			out[i].Flags = append(slices.Clone(out[i].Flags), sbom.FlagOpaque)
		}
	}
	return out
}
