package attribute

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// maxSymbol is how many bytes of a name are kept: names of C++ and Swift have no
// bound.
const maxSymbol = 512

// nameUnits gives the tags of an image, and their evidence, the names of the
// functions that they lie in, as far as the image has them.
func nameUnits(tags []sbom.Tag, set *fingerprint.Set) {
	name := func(address uint64) string {
		i, ok := slices.BinarySearchFunc(set.Functions, address, func(f fingerprint.Function, a uint64) int { return cmp.Compare(f.Address, a) })
		if !ok {
			return ""
		}
		s := set.Functions[i].Name
		return s[:min(len(s), maxSymbol)]
	}
	for i := range tags {
		t := &tags[i]
		if t.Address != nil {
			t.Symbol = name(*t.Address)
		}
		for k := range t.Evidence {
			if e := &t.Evidence[k]; e.Function != 0 {
				e.Symbol = name(e.Function)
			}
		}
	}
}
