package scan

import (
	"bytes"
	"path"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/plist"
)

// listFact is a fact of a property list with the bytes that its evidence shows,
// one text for each part. Offsets count in the file.
type listFact struct {
	Fact sbom.Fact
	Raw  [][]byte
}

// listed is what one property list of a bundle says that a rule looks at.
type listed struct {
	path  string // in the product
	file  sbom.Digest
	slice int64 // offset in the file of the slice that holds the list; 0: the file is the list
	facts []listFact
}

// listFacts makes facts of the keys of a list that was parsed: of each the key
// alone, or with its text behind an equals sign. Only those stay that a rule
// looks at. A list whose places cannot be told has none.
func listFacts(rules *capability.Set, raw []byte) []listFact {
	pairs, err := plist.Pairs(raw, plist.Options{})
	if err != nil { // it was parsed, so it is only too large for this
		return nil
	}
	u := sbom.Unit{Scope: sbom.ScopeComponent}
	for _, p := range pairs {
		u.Facts = append(u.Facts, pairFact(p, raw))
	}
	var out []listFact
	for i, telling := range rules.Telling(&u) {
		if !telling {
			continue
		}
		f := listFact{Fact: u.Facts[i]}
		for _, s := range f.Fact.Parts {
			f.Raw = append(f.Raw, bytesOf(raw, s))
		}
		if f.Fact.How != "" && len(f.Raw) == 0 {
			f.Raw = [][]byte{bytesOf(raw, sbom.Span{Offset: f.Fact.Offset, Length: f.Fact.Length})}
		}
		out = append(out, f)
	}
	return out
}

// bytesOf is the bytes of a part, as far as evidence shows them.
func bytesOf(raw []byte, s sbom.Span) []byte {
	return bytes.Clone(raw[s.Offset : s.Offset+min(s.Length, sbom.MaxEvidenceBytes)])
}

// pairFact is a pair as a fact: joined where it has a text.
func pairFact(p plist.Pair, raw []byte) sbom.Fact {
	f := sbom.Fact{Kind: sbom.FactPlist, Value: []byte(p.Key), Offset: p.KeyAt.Offset, Length: p.KeyAt.Length}
	switch {
	case f.Offset < 0:
	case p.Text && p.ValueAt.Offset >= 0:
		f.How, f.Parts = sbom.HowJoined, []sbom.Span{sbom.Span(p.KeyAt), sbom.Span(p.ValueAt)}
	case string(raw[f.Offset:f.Offset+f.Length]) != p.Key:
		f.How = sbom.HowEscaped
	}
	if p.Text {
		f.Value = []byte(p.Key + "=" + p.Value)
	}
	return f
}

// beside are the facts of an image that units of bundles have too.
func beside(facts []sbom.Fact) []sbom.Fact {
	var out []sbom.Fact
	for _, f := range facts {
		if f.Kind == sbom.FactEntitlement || f.Kind == sbom.FactLoad {
			f.Value = bytes.Clone(f.Value)
			out = append(out, f)
		}
	}
	return out
}

// components judges the bundles of a product, the executables with a property list
// of their own, and then all of them together. The
// tags are those of the bundle's executable (of each architecture), or of the
// next bundle around it that has one. A tag that says no more than one which the
// same rule gave to this image stays away, so the tag of the product too.
func (s *scanner) components(d *draft, p *sbom.Product) {
	var whole around
	for _, b := range p.Bundles {
		if b.Kind == sbom.BundleDSYM || b.Kind == sbom.BundleAsar {
			continue
		}
		var u around
		for _, l := range d.listed[b.Path] {
			u.list(l)
			whole.list(l)
		}
		for i := range p.Images {
			m := &p.Images[i]
			if at := slices.IndexFunc(m.Places, func(pl sbom.Place) bool { return pl.Bundle == b.Path }); at >= 0 {
				u.image(m.Places[at], d.beside[m.Digest])
				whole.image(m.Places[at], d.beside[m.Digest])
			}
		}
		p.Tags = u.judge(s.Rules, sbom.ScopeComponent, carriers(p, b.Path), p.Tags)
	}
	for i := range p.Images {
		p.Tags = s.tool(d, &p.Images[i], &whole, p.Tags)
	}
	p.Tags = whole.judge(s.Rules, sbom.ScopeProduct, carriers(p, ""), p.Tags)
}

// carriers are the images of a bundle's executable, or of that of the nearest
// bundle around it.
func carriers(p *sbom.Product, bundle string) []sbom.Digest {
	for {
		for _, b := range p.Bundles {
			if b.Path != bundle || b.Executable == "" {
				continue
			}
			var out []sbom.Digest
			for i := range p.Images {
				if slices.ContainsFunc(p.Images[i].Places, func(pl sbom.Place) bool { return pl.Path == b.Executable }) {
					out = append(out, p.Images[i].Digest)
				}
			}
			if len(out) > 0 {
				return out
			}
		}
		if bundle == "" {
			return nil
		}
		if bundle = path.Dir(bundle); bundle == "." {
			bundle = ""
		}
	}
}

// around is the facts of a bundle or a product, from several files. The offsets
// of source i count from i times sourceSize, so that each byte has one number.
type around struct {
	sources []source
	facts   []sbom.Fact
}

// source is one file that the facts are of.
type source struct {
	file  sbom.Digest
	slice int64  // offset of the slice in the file
	path  string // for Evidence.Path
	raw   map[int64][]byte
}

const sourceSize = 1 << 40 // larger than any file that is read

// list takes in the facts of a property list.
func (a *around) list(l listed) {
	if len(l.facts) == 0 {
		return
	}
	src := source{file: l.file, path: l.path, slice: l.slice, raw: map[int64][]byte{}}
	for _, f := range l.facts {
		for i, s := range f.Fact.Parts {
			src.raw[s.Offset] = f.Raw[i]
		}
		if len(f.Fact.Parts) == 0 && len(f.Raw) == 1 {
			src.raw[f.Fact.Offset] = f.Raw[0]
		}
		a.fact(f.Fact, 0)
	}
	a.sources = append(a.sources, src)
}

// image takes in the facts of an image at one of its places.
func (a *around) image(at sbom.Place, facts []sbom.Fact) {
	if len(facts) == 0 {
		return
	}
	for _, f := range facts {
		a.fact(f, at.Offset)
	}
	a.sources = append(a.sources, source{file: at.File, slice: at.Offset, path: at.Path})
}

// fact adds a fact of the source that comes next. One without a place is at the
// start of its slice, with no bytes.
func (a *around) fact(f sbom.Fact, slice int64) {
	base := int64(len(a.sources))*sourceSize + slice
	if f.Offset < 0 {
		f.Offset, f.Length, f.How, f.Parts = 0, 0, "", nil
	}
	f.Offset += base
	f.Parts = slices.Clone(f.Parts)
	for i := range f.Parts {
		f.Parts[i].Offset += base
	}
	a.facts = append(a.facts, f)
}

// judge adds to tags those that rules give to these facts.
func (a *around) judge(rules *capability.Set, scope sbom.Scope, images []sbom.Digest, tags []sbom.Tag) []sbom.Tag {
	if len(a.facts) == 0 || len(images) == 0 {
		return tags
	}
	before := len(tags)
	for _, t := range rules.Match(&sbom.Unit{Scope: scope, Facts: a.facts}, "", 0) {
		for i := range t.Evidence {
			a.place(&t.Evidence[i])
		}
		for _, m := range images {
			t.Image = m
			if !slices.ContainsFunc(tags[:before], func(o sbom.Tag) bool {
				return o.Rule == t.Rule && (o.Image == m && o.Scope != scope || scope == sbom.ScopeProduct) && o.Grade.Rank() >= t.Grade.Rank()
			}) {
				t.Evidence = slices.Clone(t.Evidence)
				tags = append(tags, t)
			}
		}
	}
	return tags
}

// place gives an evidence its file, and the bytes of a text that is joined.
func (a *around) place(e *sbom.Evidence) {
	n := e.Offset / sourceSize
	src := &a.sources[n]
	e.File, e.Slice, e.Path = src.file, src.slice, src.path
	e.Offset -= n * sourceSize
	if e.How != "" {
		e.Bytes = src.raw[e.Offset]
		e.Bytes = e.Bytes[:min(int64(len(e.Bytes)), e.Length)]
	}
}
