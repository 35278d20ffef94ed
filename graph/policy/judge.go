package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
)

// Case is what one family is judged on. Its graph holds the judged products
// only: products of others never make kinship.
type Case struct {
	Graph     *graph.Graph
	Libraries []library.Library
	Result    *propagate.Result
	Family    *Family // nil: no family file, no purposes
	Table     *Table
	Unread    []library.Unread // images whose code could not be compared
}

// Judgement is what policy says of one capability in one product. Capabilities
// of grade mentions are not judged.
type Judgement struct {
	Product    sbom.Digest
	Capability string
	Verdict    string // "" for a capability in no column of the purpose table
	Provenance string
	Declared   string
	DeclaredBy []string      // files that say so, with what they say; sorted
	Components []Component   // bundles that hold the code, each with what was declared; sorted by path; none for a composite
	Libraries  []string      // ids of the shared libraries that its sources belong to; sorted
	Kin        []sbom.Digest // other products that carry the same code; sorted
	Origins    []sbom.Digest // of those, the origins; sorted
	Why        []string      // one short sentence each: verdict, declared, provenance
}

// judge holds the tables of one run.
type judge struct {
	Case
	kin       *kinship
	sources   map[string]*propagate.Source
	purposes  map[sbom.Digest]string
	called    map[sbom.Digest]string               // products by a name that tells them apart
	labels    map[sbom.Digest]string               // products by name and purpose
	carried   []*propagate.Carried                 // at likely or better
	of        map[sbom.Digest][]*propagate.Carried // by product
	members   map[string][]*propagate.Carried      // code and capability -> what carries it
	judgement map[*propagate.Carried]*Judgement
	explained map[*propagate.Carried]bool // see explains
	unread    map[sbom.Digest]bool        // images whose code could not be compared
	blind     map[string]int              // see uncompared; nil: not counted yet
}

// Judge gives a judgement for every capability at grade likely or better in
// every product, sorted by product and capability.
func Judge(c Case) []Judgement {
	j := &judge{Case: c, kin: newKinship(c.Graph, c.Libraries, c.Result),
		sources: map[string]*propagate.Source{}, purposes: map[sbom.Digest]string{},
		labels: map[sbom.Digest]string{}, of: map[sbom.Digest][]*propagate.Carried{}, unread: map[sbom.Digest]bool{},
		members: map[string][]*propagate.Carried{}, judgement: map[*propagate.Carried]*Judgement{}, explained: map[*propagate.Carried]bool{}}
	for _, u := range c.Unread {
		j.unread[u.Image] = true
	}
	for i := range c.Result.Sources {
		j.sources[c.Result.Sources[i].ID] = &c.Result.Sources[i]
	}
	var named []finding.Named
	for _, p := range c.Graph.Products {
		j.purposes[p.ID] = c.Family.Select(p).Purpose
		named = append(named, finding.Named{ID: p.ID, Name: p.Name, Version: p.Version, Path: firstPath(p)})
	}
	j.called = finding.ShortLabels(named)
	for _, p := range c.Graph.Products {
		j.labels[p.ID] = j.label(p.ID)
	}
	for i := range c.Result.Carried {
		if k := &c.Result.Carried[i]; sure(k.Grade) {
			j.carried = append(j.carried, k)
			j.of[k.Product] = append(j.of[k.Product], k)
			for _, code := range j.codes(k) {
				j.members[code] = append(j.members[code], k)
			}
		}
	}
	for _, k := range j.carried {
		j.judgement[k] = j.verdict(k)
	}
	for _, k := range j.carried {
		j.provenance(k)
	}
	out := make([]Judgement, 0, len(j.carried))
	for _, k := range j.carried {
		out = append(out, *j.judgement[k])
	}
	slices.SortFunc(out, func(a, b Judgement) int {
		return cmp.Or(strings.Compare(string(a.Product), string(b.Product)), strings.Compare(a.Capability, b.Capability))
	})
	return out
}

func sure(g sbom.Grade) bool { return g.Rank() >= sbom.GradeLikely.Rank() }

// likely returns the sources at likely or better of what is carried.
func (j *judge) likely(k *propagate.Carried) []*propagate.Source {
	var out []*propagate.Source
	for _, s := range k.Sources {
		if src := j.sources[s.ID]; src != nil && sure(s.Grade) {
			out = append(out, src)
		}
	}
	return out
}

// codes names the code, kept apart by capability, that the product holds
// inside and that could tie it to others; sorted.
func (j *judge) codes(k *propagate.Carried) []string {
	var out []string
	for _, s := range k.Sources {
		if code := j.kin.code(s.ID); s.InBundle && sure(s.Grade) && code != "" {
			out = append(out, k.Capability+" in "+code)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// verdict fills verdict, declared and libraries.
func (j *judge) verdict(k *propagate.Carried) *Judgement {
	out := &Judgement{Product: k.Product, Capability: k.Capability}
	purpose := j.purposes[k.Product]
	d, components := j.declared(k)
	out.Declared, out.DeclaredBy, out.Components = d.Declared, d.By, components
	v, how := j.verdictOf(k, purpose, out.Declared)
	out.Verdict = v
	out.Why = append(out.Why, how, "declared "+d.Declared+": "+d.Why)
	for _, s := range k.Sources {
		if s.Library != nil && sure(s.Grade) {
			out.Libraries = append(out.Libraries, s.Library.ID)
		}
	}
	slices.Sort(out.Libraries)
	out.Libraries = slices.Compact(out.Libraries)
	return out
}

func (j *judge) verdictOf(k *propagate.Carried, purpose, declared string) (verdict, why string) {
	column, ok := j.Table.columns[k.Capability]
	if !ok {
		return "", fmt.Sprintf("no verdict: %s alone is neutral, no purpose speaks of it", k.Capability)
	}
	note := ""
	if column != columnClear && j.onlyClears(k) {
		column, note = columnClear, "; its code deletes such data and is judged as that"
	}
	verdict = j.Table.verdict(purpose, column, k.Sends, declared)
	if k.Sends == finding.SendsShown {
		note += "; sending is shown"
	}
	switch {
	case purpose == "":
		return verdict, "verdict ask: no purpose is given for this product" + note
	case verdict == finding.VerdictExpected:
		return verdict, fmt.Sprintf("verdict expected: the purpose %s calls for %s%s", purpose, k.Capability, note)
	case verdict == finding.VerdictAsk:
		return verdict, fmt.Sprintf("verdict ask: the purpose %s may call for %s; ask for the reason%s", purpose, k.Capability, note)
	}
	return verdict, fmt.Sprintf("verdict unexpected: nothing in the purpose %s calls for %s%s", purpose, k.Capability, note)
}

// onlyClears reports whether every tag at likely or better only deletes. One
// tag that reads, in whatever source, is enough for false: code that reads is
// not excused by code beside it that deletes. The other flags stand beside the
// grade and change no verdict.
func (j *judge) onlyClears(k *propagate.Carried) bool {
	n := 0
	for _, s := range j.likely(k) {
		for _, t := range s.Tags {
			if !sure(t.Grade) {
				continue
			}
			if !slices.Contains(t.Flags, sbom.FlagClears) {
				return false
			}
			n++
		}
	}
	return n > 0
}
