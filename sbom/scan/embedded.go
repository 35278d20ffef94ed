package scan

import (
	"bytes"
	"errors"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/macho"
	"github.com/kinbom/kinbom/sbom/plist"
)

// embeddedList is the section that holds the property list of an executable that
// has no bundle (Apple: "TN2206", "Information Property List" of a tool).
const embeddedList = "__info_plist"

// embedded takes in what the property list inside a slice says that a rule looks
// at, in the child. Offsets of the facts count in the file.
func (a *sliceAnalysis) embedded(rules *capability.Set, s *macho.Slice, base int64) {
	for _, r := range s.Named(embeddedList) {
		raw := bytes.TrimRight(r.Bytes, "\x00") // sections are padded
		if len(raw) == 0 {
			continue
		}
		if _, err := plist.Parse(raw, plist.Options{}); err != nil {
			g := sbom.Gap{Kind: sbom.GapUnreadable, Image: s.Image.Digest, Offset: s.Offset - base + r.Offset, Count: 1,
				Why: "property list inside the executable: " + strings.TrimPrefix(err.Error(), "property list: ")}
			if over := (*limit.Error)(nil); errors.As(err, &over) {
				g.Kind = sbom.GapLimit
			}
			a.Gaps = append(a.Gaps, g)
			continue
		}
		for _, f := range listFacts(rules, raw) {
			if f.Fact.Offset < 0 {
				continue
			}
			f.Fact.Offset += s.Offset + r.Offset
			for i := range f.Fact.Parts {
				f.Fact.Parts[i].Offset += s.Offset + r.Offset
			}
			a.Listed = append(a.Listed, f)
		}
	}
}

// tool judges an image with a property list of its own: together with its
// entitlements and loads it is a component. whole takes the list in, too.
func (s *scanner) tool(d *draft, m *sbom.Image, whole *around, tags []sbom.Tag) []sbom.Tag {
	facts := d.inside[m.Digest]
	if len(facts) == 0 {
		return tags
	}
	at := m.Places[0]
	l := listed{path: at.Path, file: at.File, slice: at.Offset, facts: facts}
	whole.list(l)
	var u around
	u.list(l)
	u.image(at, d.beside[m.Digest])
	return u.judge(s.Rules, sbom.ScopeComponent, []sbom.Digest{m.Digest}, tags)
}
