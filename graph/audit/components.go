package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// componentsOut lists the bundles of a product with what they declare and what
// was observed in their code, sorted by path. A product that is no bundle is one
// component.
func (r *run) componentsOut(p *sbom.Product) []finding.Component {
	at := map[string]*finding.Component{}
	for _, b := range p.Bundles {
		if b.Kind == sbom.BundleDSYM {
			continue
		}
		at[b.Path] = &finding.Component{Path: b.Path, Kind: string(b.Kind), Role: string(b.Role), Name: b.Name, BundleID: b.ID,
			Usage: keyValues(b.Usage), Privacy: privacyOut(b.Privacy)}
	}
	for i := range p.Images {
		imageFacts(at, &p.Images[i])
	}
	for _, j := range r.judgements[p.ID] {
		for _, d := range j.Components {
			if c := at[d.Bundle]; c != nil {
				c.Observed = append(c.Observed, finding.Observed{ID: d.Capability, Grade: string(d.Grade), Declared: d.Declared, Why: d.Why, By: d.By})
			}
		}
	}
	out := []finding.Component{}
	for _, c := range at {
		slices.Sort(c.Hosts)
		c.Hosts = slices.Compact(c.Hosts)
		slices.SortFunc(c.Entitlements, func(a, b finding.KeyValue) int {
			return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value))
		})
		c.Entitlements = slices.Compact(c.Entitlements)
		slices.SortFunc(c.Observed, func(a, b finding.Observed) int { return strings.Compare(a.ID, b.ID) })
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b finding.Component) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// imageFacts adds what an image says to the components that hold it, once each.
// Debug symbols are not code and say nothing.
func imageFacts(at map[string]*finding.Component, m *sbom.Image) {
	seen := map[string]bool{}
	for _, place := range m.Places {
		if seen[place.Bundle] || place.Role == sbom.RoleSymbols {
			continue
		}
		seen[place.Bundle] = true
		c := at[place.Bundle]
		if c == nil {
			c = &finding.Component{Path: place.Bundle}
			at[place.Bundle] = c
		}
		c.Images++
		c.Hosts = append(c.Hosts, m.Hosts...)
		c.HostsMore += m.HostsMore
		if m.Signature != nil {
			c.Entitlements = append(c.Entitlements, keyValues(m.Signature.Entitlements)...)
		}
	}
}

func keyValues(l []sbom.KeyValue) []finding.KeyValue {
	var out []finding.KeyValue
	for _, k := range l {
		out = append(out, finding.KeyValue(k))
	}
	return out
}

func privacyOut(p *sbom.Privacy) *finding.Privacy {
	if p == nil {
		return nil
	}
	return &finding.Privacy{File: p.File, Tracking: p.Tracking, TrackingDomains: list(p.TrackingDomains), Collected: list(p.Collected), Accessed: list(p.Accessed)}
}
