package attribute

import (
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/macho"
)

// Image gives the tags of a slice whose instructions nobody read: all of its
// facts stand beside one another. file is the digest of the file that holds the
// slice. hidden also looks for literals in another form, such as base64.
func Image(rules *capability.Set, s *macho.Slice, file sbom.Digest, hidden bool) []sbom.Tag {
	u := s.Unit
	if hidden {
		u.Facts = append(slices.Clip(u.Facts), hiddenFacts(rules, s)...)
	}
	tags := rules.Match(&u, file, s.Offset)
	showHidden(s, tags)
	return tags
}

// Units gives the tags of a slice with the code units that they hold in. code is
// what the pass read, or nil where a slice has no code; set and refs are what it
// found. file is the digest of the file that holds the slice. The second result is
// a limit that was hit, or nil: then literals are tied to less code than name them.
func Units(rules *capability.Set, s *macho.Slice, code *fingerprint.Code, set *fingerprint.Set, refs []fingerprint.Reference, file sbom.Digest) ([]sbom.Tag, *limit.Error) {
	u := s.Unit
	u.Facts = append(slices.Clip(u.Facts), hiddenFacts(rules, s)...)
	plain, known := len(u.Facts), placesOf(rules, &u)
	if code == nil {
		tags := rules.Match(&u, file, s.Offset)
		showHidden(s, tags)
		return tags, nil
	}
	d := derive(rules, s, code, set, refs, known)
	for i := range d.out {
		u.Facts = append(u.Facts, d.out[i].fact)
	}
	tags := rules.Match(&u, file, s.Offset)
	if rules.Locatable(tags) {
		var uses map[literalAt]string
		if rules.WantsReads(tags) {
			judged := u
			if judged.Facts, uses = d.used(&u, plain); len(uses) > 0 {
				tags = rules.Match(&judged, file, s.Offset)
				copy(u.Facts[plain:], judged.Facts[plain:])
			}
		}
		tags = locate(rules, &u, known.places, plain, d.out, tags, set, d.refs, uses, file, s.Offset, s.Image.Size)
	}
	showHidden(s, tags)
	nameUnits(tags, set)
	return tags, d.over
}

// showHidden gives evidence whose text does not stand in the file as it is the
// bytes that are there.
func showHidden(s *macho.Slice, tags []sbom.Tag) {
	for i := range tags {
		for j := range tags[i].Evidence {
			if e := &tags[i].Evidence[j]; e.How != "" {
				e.Bytes = slices.Clone(s.Bytes(e.Offset-e.Slice, min(e.Length, sbom.MaxEvidenceBytes)))
			}
		}
		sbom.SortEvidence(tags[i].Evidence)
	}
	sbom.SortTags(tags)
}
