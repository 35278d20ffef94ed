package attribute

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
)

// nameWhole gives the evidence of tags of the whole image the functions that refer
// to it: the parts that a rule asks for do not meet in one of them, but each stands
// in some code. Of several functions the first one is named; evidence that no
// function refers to keeps none. parts have their facts, whose indices go into facts.
func nameWhole(tags []sbom.Tag, parts []capability.Part, facts []sbom.Fact, sliceOffset int64) {
	var by map[int64][]referrer
	for i := range tags {
		t := &tags[i]
		if t.Address != nil || t.Grade == sbom.GradeMentions {
			continue
		}
		if by == nil {
			by = referrers(parts, facts)
		}
		for k := range t.Evidence {
			if e := &t.Evidence[k]; e.Function == 0 {
				e.Function = firstAt(by[e.Offset-sliceOffset], e)
			}
		}
	}
}

// referrer is a function that refers to a fact of a kind.
type referrer struct {
	kind     sbom.FactKind
	function uint64
}

// referrers lists the functions that refer to facts, by where these begin.
func referrers(parts []capability.Part, facts []sbom.Fact) map[int64][]referrer {
	by := map[int64][]referrer{}
	for i := range parts {
		for _, f := range parts[i].Facts {
			if x := &facts[f]; x.Offset >= 0 {
				by[x.Offset] = append(by[x.Offset], referrer{x.Kind, parts[i].Address})
			}
		}
	}
	for _, list := range by {
		slices.SortFunc(list, func(a, b referrer) int {
			return cmp.Or(cmp.Compare(a.function, b.function), cmp.Compare(a.kind, b.kind))
		})
	}
	return by
}

// firstAt is the first function that refers to what a piece of evidence is, or 0.
func firstAt(list []referrer, e *sbom.Evidence) uint64 {
	if i := slices.IndexFunc(list, func(u referrer) bool { return u.kind == e.Kind }); i >= 0 {
		return list[i].function
	}
	return 0
}
