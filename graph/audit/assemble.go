package audit

import (
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/policy"
	"github.com/kinbom/kinbom/sbom"
)

// report puts the parts together.
func (r *run) report() *finding.Report {
	out := &finding.Report{
		Schema:    finding.Schema,
		Tool:      finding.Tool{Name: "kinbom", Version: r.options.Version},
		Rules:     finding.Rules{Digest: r.scan.Rules},
		Inputs:    []finding.Input{},
		Products:  []finding.Product{},
		Others:    []finding.Other{},
		Libraries: r.librariesOut(),
		Sources:   r.sourcesOut(),
		Gaps:      r.gapsOut(),
		Outside:   coverageOut(r.scan.Outside),
		Coverage:  r.total(),
	}
	for _, i := range r.scan.Inputs {
		out.Inputs = append(out.Inputs, finding.Input{Path: i.Path, Kind: i.Kind, SHA256: i.Digest, Files: i.Files, Bytes: i.Bytes})
	}
	slices.SortFunc(out.Inputs, func(a, b finding.Input) int {
		return strings.Compare(a.Path+"\x00"+string(a.SHA256), b.Path+"\x00"+string(b.SHA256))
	})
	for _, p := range r.products {
		if s := r.selections[p.ID]; s.Judged {
			out.Products = append(out.Products, r.productOut(p))
		} else {
			out.Others = append(out.Others, finding.Other{ID: p.ID, Name: p.Name, BundleID: p.BundleID, Team: p.Team,
				Path: p.Paths[0], Why: s.Why, Coverage: coverageOut(p.Coverage)})
		}
	}
	slices.SortFunc(out.Products, finding.CompareProducts)
	slices.SortFunc(out.Others, finding.CompareOthers)
	if m := r.options.Background; m != nil {
		out.Model = &finding.Model{Digest: m.Digest(), Libraries: len(m.Entries)}
	}
	out.Family = r.familyOut()
	out.Findings = r.findings(out)
	out.Summary = out.Summarize(Headline)
	out.Exit = r.exit(out)
	return out
}

func (r *run) productOut(p *sbom.Product) finding.Product {
	out := finding.Product{ID: p.ID, Name: p.Name, Kind: string(p.Kind), BundleID: p.BundleID, Version: p.Version,
		Build: p.Build, Team: p.Team, Path: p.Paths[0], Paths: slices.Clone(p.Paths),
		Purpose: r.selections[p.ID].Purpose, Images: len(p.Images), Coverage: coverageOut(p.Coverage),
		Capabilities: r.capabilitiesOut(p), Components: r.componentsOut(p)}
	if row, ok := r.table.Purpose(out.Purpose); ok {
		out.Security = &row.Security
	}
	return out
}

// familyOut says which entries of the family file were met.
func (r *run) familyOut() *finding.Family {
	if r.family == nil {
		return nil
	}
	met := map[int]bool{}
	for _, s := range r.selections {
		met[s.Entry] = true
	}
	out := &finding.Family{Vendor: r.family.Vendor, Digest: r.family.Digest, Declared: len(r.family.Products), NotMet: []string{}}
	for i, e := range r.family.Products {
		if met[i] {
			out.Met++
		} else {
			out.NotMet = append(out.NotMet, e.Key())
		}
	}
	slices.Sort(out.NotMet)
	return out
}

// total is the coverage of everything met: every product, and what belongs to
// none.
func (r *run) total() finding.Coverage {
	var sum sbom.Coverage
	for _, p := range r.products {
		sum.Add(p.Coverage)
	}
	sum.Add(r.scan.Outside)
	return coverageOut(sum)
}

func coverageOut(c sbom.Coverage) finding.Coverage {
	var sum sbom.Coverage
	sum.Add(c)
	out := finding.Coverage{Files: sum.Files, Analysed: sum.Analysed, Skipped: sum.Skipped, Unreadable: sum.Unreadable,
		Reasons: []finding.Reason{}}
	for _, w := range sum.Reasons {
		out.Reasons = append(out.Reasons, finding.Reason{Status: w.Status, Why: w.Why, Count: w.Count})
	}
	return out
}

// gapsOut lists the gaps of the judged products and of no product, and a gap
// for each product whose tags were made with other rules than the scan names.
// Gaps of products that are not judged are left out: nothing is said of those.
func (r *run) gapsOut() []finding.Gap {
	out := []finding.Gap{}
	for _, g := range r.scan.Gaps {
		out = append(out, gapOut(g, nil, g.Path))
	}
	for _, p := range r.judged {
		id := p.ID
		missing := missingLoads(p)
		for _, g := range p.Gaps {
			v := gapOut(g, &id, placed(p, g.Path))
			v.Weak = g.Kind == sbom.GapUnresolved && onlyWeak(missing[g.Image], g.Why)
			out = append(out, v)
		}
		for _, d := range otherRules(p, r.scan.Rules) {
			out = append(out, finding.Gap{Product: &id, Path: p.Paths[0], Kind: string(sbom.GapInconsistent), Offset: -1,
				Why: "its capabilities were looked for with other rules (" + d.Short() + ") than this run names (" + r.scan.Rules.Short() + ")", Count: 1})
		}
	}
	out = append(out, r.uncompared()...)
	slices.SortFunc(out, finding.CompareGaps)
	return slices.CompactFunc(out, func(a, b finding.Gap) bool { return finding.CompareGaps(a, b) == 0 })
}

// missingLoads lists by image the loads of a product that lead nowhere.
func missingLoads(p *sbom.Product) map[sbom.Digest][]sbom.Link {
	out := map[sbom.Digest][]sbom.Link{}
	for _, l := range p.Links {
		if l.Kind == sbom.LinkLoads && l.Target == sbom.TargetMissing {
			out[l.From] = append(out[l.From], l)
		}
	}
	return out
}

// onlyWeak reports whether an unresolved reference is weak. A gap tells which
// of its image's missing loads it is about by their name in its text; where
// several fit, one that is not weak is enough for false, and where none does,
// nothing is known and it is false.
func onlyWeak(missing []sbom.Link, why string) bool {
	weak := false
	for _, l := range missing {
		if !strings.Contains(why, l.Name) {
			continue
		}
		if l.Load != sbom.LoadWeak {
			return false
		}
		weak = true
	}
	return weak
}

// placed is a path in a product as found under the input. The path of a bare
// executable is already that of its only file.
func placed(p *sbom.Product, rel string) string {
	if p.Kind == sbom.KindExecutable {
		return p.Paths[0]
	}
	return path.Join(p.Paths[0], rel)
}

func gapOut(g sbom.Gap, product *sbom.Digest, at string) finding.Gap {
	return finding.Gap{Product: product, Path: at, Image: g.Image, Kind: string(g.Kind), Offset: max(g.Offset, -1),
		Why: g.Why, Count: max(g.Count, 1)}
}

// otherRules lists the digests of rules that made the product's tags and that
// are not the given one; sorted.
func otherRules(p *sbom.Product, rules sbom.Digest) []sbom.Digest {
	var out []sbom.Digest
	for _, t := range p.Tags {
		if t.RulesDigest != rules {
			out = append(out, t.RulesDigest)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// judgement returns what policy says, or nil for a mention.
func (r *run) judgement(product sbom.Digest, capability string) *policy.Judgement {
	j, ok := r.judgements[product][capability]
	if !ok {
		return nil
	}
	return &j
}
