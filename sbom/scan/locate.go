package scan

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// locate ties the tags of an image to the code units that refer to their
// evidence. set and refs are what the pass found in the image.
func locate(rules *capability.Set, u *sbom.Unit, tags []sbom.Tag, set *fingerprint.Set, refs []fingerprint.Reference, file sbom.Digest, sliceOffset int64) []sbom.Tag {
	if !slices.ContainsFunc(tags, func(t sbom.Tag) bool { return t.Grade.Rank() >= sbom.GradeLikely.Rank() }) {
		return tags
	}
	parts := partsOf(set)
	places := tellingPlaces(rules, u)
	for i := range refs {
		r := &refs[i]
		if r.Offset < 0 || int(r.Function) >= len(parts) {
			continue
		}
		p := &parts[r.Function]
		p.Facts = append(p.Facts, places.at(u, r)...)
	}
	for i := range parts {
		slices.Sort(parts[i].Facts)
		parts[i].Facts = slices.Compact(parts[i].Facts)
	}
	return rules.Locate(u, tags, parts, file, sliceOffset)
}

// partsOf makes a part of every function.
func partsOf(set *fingerprint.Set) []capability.Part {
	parts := make([]capability.Part, len(set.Functions))
	for i := range parts {
		parts[i].Address, parts[i].Mark = set.Functions[i].Address, set.Functions[i].Full.String()
		for _, c := range set.CallsOf(i) {
			if c.Kind == fingerprint.CallDirect && int(c.Callee) != i {
				parts[i].Callees = append(parts[i].Callees, int(c.Callee))
			}
		}
		slices.Sort(parts[i].Callees)
		parts[i].Callees = slices.Compact(parts[i].Callees)
	}
	number := map[string]int{} // a category's methods are those of the class
	for i := range set.Classes {
		c := &set.Classes[i]
		if number[c.Name] == 0 {
			number[c.Name] = len(number) + 1
		}
		for _, m := range c.Methods {
			if int(m.Function) < len(parts) {
				parts[m.Function].Class = number[c.Name]
			}
		}
	}
	return parts
}

// places are the facts that a rule could look at, by where they lie.
type places []place

type place struct {
	from, to int64 // in the slice
	fact     int
}

func tellingPlaces(rules *capability.Set, u *sbom.Unit) places {
	var out places
	for i, telling := range rules.Telling(u) {
		if f := &u.Facts[i]; telling && f.Offset >= 0 {
			out = append(out, place{f.Offset, f.Offset + max(f.Length, 1), i})
		}
	}
	slices.SortFunc(out, func(a, b place) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.fact, b.fact)) })
	return out
}

// lookBack bounds how many facts that begin before a reference are looked at:
// a literal can be referred to in its middle.
const lookBack = 8

// at lists the facts that a reference leads to: those that hold the byte and
// are of its kind.
func (l places) at(u *sbom.Unit, r *fingerprint.Reference) []int {
	off := r.Offset
	if r.Kind == fingerprint.TargetImport {
		off++ // facts leave the underscore of the file out
	}
	n, _ := slices.BinarySearchFunc(l, off+1, func(p place, off int64) int { return cmp.Compare(p.from, off) })
	var out []int
	for i := n - 1; i >= max(0, n-lookBack); i-- {
		if p := l[i]; off < p.to && kindFits(u.Facts[p.fact].Kind, r.Kind) {
			out = append(out, p.fact)
		}
	}
	return out
}

// kindFits reports whether a fact is of the kind of thing that a reference
// leads to.
func kindFits(f sbom.FactKind, t fingerprint.TargetKind) bool {
	switch f {
	case sbom.FactString, sbom.FactCFString, sbom.FactConst:
		return t == fingerprint.TargetString || t == fingerprint.TargetCFString || t == fingerprint.TargetPointer || t == fingerprint.TargetConst
	case sbom.FactImport:
		return t == fingerprint.TargetImport
	case sbom.FactSelector:
		return t == fingerprint.TargetSelector
	case sbom.FactClass, sbom.FactClassRef:
		return t == fingerprint.TargetClass
	}
	return false
}
