package finding

import (
	"cmp"
	"slices"
	"strings"
)

// CompareProducts orders products by path, then id.
func CompareProducts(a, b Product) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.ID), string(b.ID)))
}

// CompareOthers orders products that are not judged by path, then id.
func CompareOthers(a, b Other) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.ID), string(b.ID)))
}

// CompareLibraries puts kinship before background, then orders by id.
func CompareLibraries(a, b Library) int {
	if a.Background != b.Background {
		if a.Background {
			return 1
		}
		return -1
	}
	return strings.Compare(a.ID, b.ID)
}

// CompareSources orders sources by id.
func CompareSources(a, b Source) int { return strings.Compare(a.ID, b.ID) }

// CompareFindings puts the gravest kind first, then orders by capability, path
// and id.
func CompareFindings(a, b Finding) int {
	return cmp.Or(cmp.Compare(slices.Index(Kinds(), a.Kind), slices.Index(Kinds(), b.Kind)),
		strings.Compare(a.Capability, b.Capability), strings.Compare(a.Path, b.Path), strings.Compare(a.ID, b.ID))
}

// CompareGaps orders gaps by path, kind, offset, reason, image and product.
func CompareGaps(a, b Gap) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Kind, b.Kind), cmp.Compare(a.Offset, b.Offset),
		strings.Compare(a.Why, b.Why), strings.Compare(string(a.Image), string(b.Image)),
		strings.Compare(productOf(a), productOf(b)), cmp.Compare(a.Count, b.Count))
}

func productOf(g Gap) string {
	if g.Product == nil {
		return ""
	}
	return string(*g.Product)
}
