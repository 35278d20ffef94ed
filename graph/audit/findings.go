package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// findings makes one finding per product and composite, and per capability
// with a verdict that is part of no composite. What has neither (an upload
// alone) is listed with its product and is no finding.
func (r *run) findings(out *finding.Report) []finding.Finding {
	composite, part := map[string]bool{}, map[string]bool{}
	for _, c := range r.options.Composites {
		composite[c.ID] = true
		for _, id := range append(slices.Clone(c.Any), c.Sends...) {
			part[id] = true
		}
	}
	var named []finding.Named
	for i := range out.Products {
		named = append(named, out.Products[i].Named())
	}
	called := finding.ShortLabels(named)
	list := []finding.Finding{}
	for i := range out.Products {
		p := &out.Products[i]
		for k := range p.Capabilities {
			c := &p.Capabilities[k]
			if composite[c.ID] || !part[c.ID] && c.Verdict != "" {
				list = append(list, r.finding(out, p, c, called[p.ID]))
			}
		}
	}
	slices.SortFunc(list, finding.CompareFindings)
	return list
}

func (r *run) finding(out *finding.Report, p *finding.Product, c *finding.Capability, name string) finding.Finding {
	f := finding.Finding{Kind: kindOf(c), Capability: c.ID, Product: p.ID, Path: p.Path, Verdict: c.Verdict,
		Provenance: c.Provenance, Grade: c.Grade, Strength: c.Strength, Libraries: []string{}, Sources: slices.Clone(c.Sources),
		Kin: []sbom.Digest{}, Origins: []sbom.Digest{}}
	if j := r.judgement(p.ID, c.ID); j != nil {
		f.Kin, f.Origins = digests(j.Kin), digests(j.Origins)
		f.Libraries = append(f.Libraries, j.Libraries...)
	}
	f.ID = string(sbom.DigestOfList(append([]string{f.Kind, f.Capability, string(f.Product)}, f.Libraries...)))
	f.Text = r.sentence(out, p, c, name, f.Libraries)
	return f
}

func kindOf(c *finding.Capability) string {
	switch {
	case c.Grade == string(sbom.GradeMentions):
		return finding.KindMention
	case c.Provenance == finding.ProvenanceInherited:
		return finding.KindInherited
	case c.Verdict == finding.VerdictUnexpected:
		return finding.KindUnexpected
	case c.Verdict == finding.VerdictAsk:
		return finding.KindAsk
	}
	return finding.KindExpected
}

// sentence states the fact first: what the product carries, in which code, how
// many products carry that code, how firmly and how surely.
func (r *run) sentence(out *finding.Report, p *finding.Product, c *finding.Capability, name string, libraries []string) string {
	who := fmt.Sprintf("%s (%s)", name, cmp.Or(p.Purpose, "no purpose given"))
	if c.Grade == string(sbom.GradeMentions) {
		return fmt.Sprintf("%s %s what %s looks for: a name or a path alone, no code that reads it", who, p.Verb("mentions", "mention"), c.ID)
	}
	var where []string
	for _, l := range out.Libraries {
		if slices.Contains(libraries, l.ID) {
			where = append(where, fmt.Sprintf("%s in %d products, %s", sameness(l.Rung), len(l.ProductIDs), l.Name))
		}
	}
	if len(where) == 0 {
		where = r.files(p, c)
	}
	if len(where) > 2 {
		where = append(where[:2:2], fmt.Sprintf("and %d more", len(where)-2))
	}
	strength := c.Strength
	if c.AllDormant() {
		strength += " and dormant"
	}
	parts := []string{strings.Join(where, ", "), strength, "grade " + c.Grade}
	if c.Sends != "" {
		parts = append(parts, "sends "+c.Sends)
	}
	if c.Verdict != "" {
		parts = append(parts, c.Verdict)
	}
	return fmt.Sprintf("%s %s %s: %s", who, p.Verb("carries", "carry"), c.ID, strings.Join(parts, "; "))
}

// sameness says a rung as a fact; a share of code units or a name is said to
// be no more than that.
func sameness(rung string) string {
	if strings.HasPrefix(rung, "same ") {
		return rung
	}
	return "common code"
}

// files names the files of the product that hold the sources, when no shared
// library does.
func (r *run) files(p *finding.Product, c *finding.Capability) []string {
	var out []string
	for _, s := range r.result.Sources {
		if !slices.Contains(c.Sources, s.ID) {
			continue
		}
		_, places := r.placesOf(s.Image)
		for _, at := range places {
			if at.Product == p.ID {
				out = append(out, at.Path)
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) == 0 {
		return []string{"in code outside the product"}
	}
	out[0] = "in " + out[0]
	return out
}
