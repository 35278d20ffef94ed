package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
)

// capabilitiesOut lists what one product carries, sorted by capability.
func (r *run) capabilitiesOut(p *sbom.Product) []finding.Capability {
	out := []finding.Capability{}
	for i := range r.result.Carried {
		k := &r.result.Carried[i]
		if k.Product != p.ID {
			continue
		}
		c := finding.Capability{ID: k.Capability, Grade: string(k.Grade), Sends: k.Sends, InBundle: k.InBundle,
			Stores: list(k.Stores), Flags: list(k.Flags), Sources: []string{}, Witnesses: []finding.Witness{}, Why: []string{}}
		for _, s := range k.Sources {
			c.Sources = append(c.Sources, s.ID)
		}
		slices.Sort(c.Sources)
		if j := r.judgement(p.ID, k.Capability); j != nil {
			c.Strength, c.Provenance, c.Verdict, c.Declared = string(k.Strength), j.Provenance, j.Verdict, j.Declared
			c.DeclaredBy = j.DeclaredBy
			c.Witnesses = r.witnessesOut(k)
			c.Why = append(append([]string{strengthWhy(k)}, dormantWhy(k)...), j.Why...)
			c.Dormant = append(c.Dormant, k.Dormant...)
		}
		c.Hosts, c.Flow = hostsOut(k.Hosts), flowOut(k.Flow)
		switch k.Sends {
		case finding.SendsShown:
			c.Why = append(c.Why, "sends shown: "+name(k.Flow.How)+"; that what is read is what is sent is not shown")
		case finding.SendsPossible:
			c.Why = append(c.Why, "sends possible: an upload is imported in the same code or in code tied to it; no flow is shown, and nearly every product has one")
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b finding.Capability) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// list is a sorted copy that is never null in JSON.
func list(l []string) []string {
	out := append([]string{}, l...)
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *run) witnessesOut(k *propagate.Carried) []finding.Witness {
	out := []finding.Witness{}
	for _, w := range k.Witnesses {
		v := finding.Witness{Source: w.Source, Strength: string(w.Strength), Calls: callsOut(w.Calls)}
		for _, h := range w.Hops {
			v.Hops = append(v.Hops, finding.Hop{Node: h.Node, Kind: string(graph.KindOf(h.Node)), Label: h.Label, Edge: h.Edge, How: h.How})
		}
		out = append(out, v)
	}
	return out
}

// strengthWhy says in one sentence what the strength rests on.
func strengthWhy(k *propagate.Carried) string {
	n := 0
	for _, s := range k.Sources {
		if s.Strength == k.Strength {
			n++
		}
	}
	text := map[propagate.Strength]string{
		propagate.Carries:   "it lies in the product, and no load, call or launch that was seen leads to it",
		propagate.Linked:    "it is in an entry image, or in one that an entry image loads",
		propagate.Reachable: "an imported name, class, selector or launch leads to it",
		propagate.Runs:      "a call path from an entry point reaches it",
	}[k.Strength]
	where := ""
	if k.Strength == propagate.Runs {
		where = overWhy(k)
	}
	if !k.InBundle {
		where += "; it lies outside the product"
	}
	return fmt.Sprintf("strength %s: %s (%d of %s)%s", k.Strength, text, n, count(len(k.Sources), "source", "sources"), where)
}

// sourcesOut lists every source with its places and evidence.
func (r *run) sourcesOut() []finding.Source {
	known := map[string]bool{}
	for _, l := range r.libraries {
		known[l.ID] = true
	}
	out := []finding.Source{}
	for i := range r.result.Sources {
		s := &r.result.Sources[i]
		v := finding.Source{ID: s.ID, Capability: s.Capability, Grade: string(s.Grade), Image: s.Image, Address: s.Address,
			Rules: []string{}, Flags: list(s.Flags), Stores: list(s.Stores), Places: []finding.SourcePlace{}}
		if s.Mark != "" {
			v.Mark = &s.Mark
		}
		if known[s.Library] {
			v.Library = &s.Library
		}
		for _, t := range s.Tags {
			v.Rules = append(v.Rules, t.Rule)
			v.Symbol = max(v.Symbol, t.Symbol)
			if t.Scope != "" {
				v.Scopes = append(v.Scopes, string(t.Scope))
			}
		}
		slices.Sort(v.Scopes)
		v.Scopes = slices.Compact(v.Scopes)
		v.Next = r.nextGrades(s.Tags)
		v.Rules = list(v.Rules)
		v.Arch, v.Places = r.placesOf(s.Image)
		v.Evidence = evidenceOut(s.Tags)
		out = append(out, v)
	}
	slices.SortFunc(out, finding.CompareSources)
	return out
}

// placesOf lists where an image lies, in every judged product.
func (r *run) placesOf(image sbom.Digest) (arch string, out []finding.SourcePlace) {
	out = []finding.SourcePlace{}
	for _, p := range r.judged {
		for i := range p.Images {
			m := &p.Images[i]
			if m.Digest != image {
				continue
			}
			arch = m.Arch
			for _, at := range m.Places {
				out = append(out, finding.SourcePlace{Product: p.ID, Path: at.Path, Role: string(at.Role), SHA256: at.File})
			}
		}
	}
	slices.SortFunc(out, func(a, b finding.SourcePlace) int {
		return strings.Compare(string(a.Product)+a.Path, string(b.Product)+b.Path)
	})
	return arch, slices.Compact(out)
}

// evidenceOut joins the evidence of all tags of a source; the same bytes for
// the same rule and signal are listed once.
func evidenceOut(tags []sbom.Tag) []finding.Evidence {
	out := []finding.Evidence{}
	seen := map[string]bool{}
	for _, t := range tags {
		for _, e := range t.Evidence {
			key := fmt.Sprintf("%s %d %d %d %s %s %s %s %q %d %q %s", e.File, e.Slice, e.Offset, e.Length, e.Kind, e.Signal, t.Rule, e.How, e.Meaning, e.Function, e.Path, e.Use)
			if seen[key] {
				continue
			}
			seen[key] = true
			f := finding.Evidence{Symbol: e.Symbol, SHA256: e.File, Slice: e.Slice, Section: e.Section, Offset: e.Offset,
				Length: e.Length, Bytes: append([]byte{}, e.Bytes...), Text: printable(e.Bytes), Kind: string(e.Kind), Signal: e.Signal, Rule: t.Rule,
				How: e.How, Meaning: printable(e.Meaning), Path: e.Path, Use: e.Use}
			if e.Function != 0 {
				f.Function = fmt.Sprintf("0x%x", e.Function)
			}
			out = append(out, f)
		}
	}
	slices.SortFunc(out, compareEvidence)
	return out
}
