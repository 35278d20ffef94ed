package sbom

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Normalize sorts every list of the product whose order carries no meaning,
// and makes empty lists nil, so that equal products are equal in every byte.
// Loads, rpaths and builds keep their file order: it has a meaning.
func (p *Product) Normalize() {
	slices.Sort(p.Paths)
	p.Paths = slices.Compact(p.Paths)
	slices.SortFunc(p.Bundles, func(a, b Bundle) int { return strings.Compare(a.Path, b.Path) })
	for i := range p.Bundles {
		p.Bundles[i].normalize()
	}
	slices.SortFunc(p.Images, func(a, b Image) int { return strings.Compare(string(a.Digest), string(b.Digest)) })
	for i := range p.Images {
		p.Images[i].normalize()
	}
	SortLinks(p.Links)
	for i := range p.Packages {
		slices.Sort(p.Packages[i].Licenses)
		noneIfEmpty(&p.Packages[i].Licenses)
		SortEvidence(p.Packages[i].Evidence)
		noneIfEmpty(&p.Packages[i].Evidence)
	}
	slices.SortFunc(p.Packages, comparePackages)
	p.Packages = slices.CompactFunc(p.Packages, func(a, b Package) bool { return comparePackages(a, b) == 0 })
	SortTags(p.Tags)
	SortNotes(p.Notes)
	p.Notes = slices.Compact(p.Notes)
	SortGaps(p.Gaps)
	p.Coverage.Normalize()
	noneIfEmpty(&p.Paths)
	noneIfEmpty(&p.Bundles)
	noneIfEmpty(&p.Images)
	noneIfEmpty(&p.Links)
	noneIfEmpty(&p.Packages)
	noneIfEmpty(&p.Tags)
	noneIfEmpty(&p.Notes)
	noneIfEmpty(&p.Gaps)
}

// noneIfEmpty makes an empty list nil: the two mean the same and must compare
// as the same.
func noneIfEmpty[T any](l *[]T) {
	if len(*l) == 0 {
		*l = nil
	}
}

func (b *Bundle) normalize() {
	if b.Nibs != nil {
		SortKeyValues(b.Nibs.Classes)
		slices.Sort(b.Nibs.Sends)
		noneIfEmpty(&b.Nibs.Classes)
		noneIfEmpty(&b.Nibs.Sends)
	}
	SortKeyValues(b.Classes)
	noneIfEmpty(&b.Classes)
	SortKeyValues(b.Usage)
	noneIfEmpty(&b.Usage)
	if b.Privacy == nil {
		return
	}
	for _, l := range []*[]string{&b.Privacy.TrackingDomains, &b.Privacy.Collected, &b.Privacy.Accessed} {
		slices.Sort(*l)
		noneIfEmpty(l)
	}
}

func (m *Image) normalize() {
	slices.SortFunc(m.Places, func(a, b Place) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Offset, b.Offset), strings.Compare(string(a.File), string(b.File)),
			strings.Compare(a.Bundle, b.Bundle), strings.Compare(string(a.Role), string(b.Role)))
	})
	slices.SortFunc(m.Identities, func(a, b Identity) int {
		return cmp.Or(strings.Compare(a.Method, b.Method), strings.Compare(a.Value, b.Value))
	})
	for _, l := range []*[]string{&m.Classes, &m.Categories, &m.Protocols, &m.SwiftTypes, &m.Hosts} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
		noneIfEmpty(l)
	}
	noneIfEmpty(&m.Places)
	noneIfEmpty(&m.Identities)
	noneIfEmpty(&m.Loads)
	noneIfEmpty(&m.Rpaths)
	noneIfEmpty(&m.Builds)
	for i := range m.Builds {
		noneIfEmpty(&m.Builds[i].Tools)
	}
	if m.Signature != nil {
		SortKeyValues(m.Signature.Entitlements)
		noneIfEmpty(&m.Signature.Entitlements)
	}
}

// SortKeyValues sorts by key, then value.
func SortKeyValues(l []KeyValue) {
	slices.SortFunc(l, func(a, b KeyValue) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value))
	})
}

func comparePackages(a, b Package) int {
	return cmp.Or(strings.Compare(a.PURL, b.PURL), strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version),
		strings.Compare(a.Place, b.Place), strings.Compare(a.FoundBy, b.FoundBy), strings.Compare(a.Type, b.Type),
		strings.Compare(a.Bundle, b.Bundle), slices.Compare(a.Licenses, b.Licenses), compareBool(a.Main, b.Main),
		slices.CompareFunc(a.Evidence, b.Evidence, compareEvidence))
}

// SortLinks sorts by from, kind, target, to and name, and then by the rest, so
// that no two different links are equal to it.
func SortLinks(l []Link) {
	for i := range l {
		slices.Sort(l[i].Symbols)
		noneIfEmpty(&l[i].Symbols)
		SortEvidence(l[i].Evidence)
		noneIfEmpty(&l[i].Evidence)
	}
	slices.SortFunc(l, func(a, b Link) int {
		return cmp.Or(strings.Compare(string(a.From), string(b.From)), strings.Compare(string(a.Kind), string(b.Kind)),
			strings.Compare(string(a.Target), string(b.Target)), strings.Compare(string(a.To), string(b.To)),
			strings.Compare(a.Name, b.Name), strings.Compare(string(a.Load), string(b.Load)), strings.Compare(a.How, b.How),
			compareBool(a.Soft, b.Soft), compareBool(a.Seen, b.Seen), slices.Compare(a.Symbols, b.Symbols),
			slices.CompareFunc(a.Evidence, b.Evidence, compareEvidence))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// SortTags sorts by capability, image, address and rule, and then by the rest.
func SortTags(l []Tag) {
	for i := range l {
		slices.Sort(l[i].Flags)
		slices.Sort(l[i].Stores)
		noneIfEmpty(&l[i].Flags)
		noneIfEmpty(&l[i].Stores)
		SortEvidence(l[i].Evidence)
		noneIfEmpty(&l[i].Evidence)
	}
	slices.SortFunc(l, func(a, b Tag) int {
		return cmp.Or(strings.Compare(a.Capability, b.Capability), strings.Compare(string(a.Image), string(b.Image)),
			compareAddress(a.Address, b.Address), strings.Compare(a.Rule, b.Rule), strings.Compare(string(a.Grade), string(b.Grade)),
			strings.Compare(a.Mark, b.Mark), strings.Compare(string(a.RulesDigest), string(b.RulesDigest)),
			slices.Compare(a.Stores, b.Stores), slices.Compare(a.Flags, b.Flags),
			slices.CompareFunc(a.Evidence, b.Evidence, compareEvidence), strings.Compare(string(a.Scope), string(b.Scope)),
			strings.Compare(a.Symbol, b.Symbol))
	})
}

func compareAddress(a, b *uint64) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Compare(*a, *b)
}

// SortEvidence sorts by file, offset, length and signal, and then by the rest.
func SortEvidence(l []Evidence) {
	for i := range l {
		noneIfEmpty(&l[i].Bytes)
		noneIfEmpty(&l[i].Meaning)
	}
	slices.SortFunc(l, compareEvidence)
}

func compareEvidence(a, b Evidence) int {
	return cmp.Or(strings.Compare(string(a.File), string(b.File)), cmp.Compare(a.Offset, b.Offset),
		cmp.Compare(a.Length, b.Length), strings.Compare(a.Signal, b.Signal), strings.Compare(string(a.Kind), string(b.Kind)),
		bytes.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Slice, b.Slice), strings.Compare(a.Section, b.Section),
		strings.Compare(a.How, b.How), strings.Compare(a.Use, b.Use), bytes.Compare(a.Meaning, b.Meaning), cmp.Compare(a.Function, b.Function),
		strings.Compare(a.Symbol, b.Symbol), strings.Compare(a.Path, b.Path))
}

// SortNotes sorts by path, kind, digest and text.
func SortNotes(l []Note) {
	slices.SortFunc(l, func(a, b Note) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.Kind), string(b.Kind)),
			strings.Compare(string(a.Digest), string(b.Digest)), strings.Compare(a.Text, b.Text))
	})
}

// SortGaps sorts by path, kind, offset and reason.
func SortGaps(l []Gap) {
	slices.SortFunc(l, func(a, b Gap) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.Kind), string(b.Kind)),
			cmp.Compare(a.Offset, b.Offset), strings.Compare(a.Why, b.Why), strings.Compare(string(a.Image), string(b.Image)),
			cmp.Compare(a.Count, b.Count))
	})
}

// Normalize merges equal reasons and sorts them.
func (c *Coverage) Normalize() {
	slices.SortFunc(c.Reasons, func(a, b Reason) int {
		return cmp.Or(strings.Compare(a.Status, b.Status), strings.Compare(a.Why, b.Why))
	})
	var out []Reason
	for _, r := range c.Reasons {
		if n := len(out); n > 0 && out[n-1].Status == r.Status && out[n-1].Why == r.Why {
			out[n-1].Count += r.Count
			continue
		}
		out = append(out, r)
	}
	c.Reasons = out
}

// Statuses of a Reason.
const (
	StatusSkipped    = "skipped"
	StatusUnreadable = "unreadable"
)

// AddAnalysed counts n files that were analysed.
func (c *Coverage) AddAnalysed(n int) { c.Files += n; c.Analysed += n }

// AddSkipped counts n files that were skipped, with the reason.
func (c *Coverage) AddSkipped(why string, n int) {
	c.Files += n
	c.Skipped += n
	c.Reasons = append(c.Reasons, Reason{StatusSkipped, why, n})
}

// AddUnreadable counts n files that could not be read, with the reason.
func (c *Coverage) AddUnreadable(why string, n int) {
	c.Files += n
	c.Unreadable += n
	c.Reasons = append(c.Reasons, Reason{StatusUnreadable, why, n})
}

// Add adds the counts of another coverage.
func (c *Coverage) Add(o Coverage) {
	c.Files += o.Files
	c.Analysed += o.Analysed
	c.Skipped += o.Skipped
	c.Unreadable += o.Unreadable
	c.Reasons = append(c.Reasons, o.Reasons...)
	c.Normalize()
}
