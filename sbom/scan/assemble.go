package scan

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/cdx"
	"github.com/kinbom/kinbom/sbom/link"
)

// Reasons for skipped files that hold no content of the product.
const (
	whyIgnored = "Finder or AppleDouble file"
	whySpecial = "device, pipe or socket"
)

// assemble puts one product together from what its files said.
func (s *scanner) assemble(d *draft) (*sbom.Product, error) {
	p := &sbom.Product{ID: d.id(), Kind: d.kind, Name: d.name, Paths: []string{d.path()}, Gaps: d.gaps}
	d.note(p)
	p.Bundles = d.set.Bundles(d.facts)
	p.Gaps = append(p.Gaps, d.lacking(p.Bundles)...)
	bundles := map[string]sbom.Bundle{}
	for _, b := range p.Bundles {
		bundles[b.Path] = b
	}
	linkIn, err := s.images(d, p, bundles)
	if err != nil {
		return nil, err
	}
	d.addScripts(p)
	d.addNibs(p)
	s.components(d, p)
	d.cover(p)
	d.runtimes(p)
	d.integrity(p)
	linkIn.Bundles, linkIn.Links = p.Bundles, d.links()
	links, gaps := link.Resolve(linkIn)
	p.Links = append(p.Links, links...)
	p.Gaps = append(p.Gaps, gaps...)
	for _, k := range d.packages {
		k.Bundle = d.set.Innermost(k.Place)
		p.Packages = append(p.Packages, k)
	}
	d.label(p, bundles)
	p.Normalize()
	cdx.Repair(p) // a text that a BOM cannot hold must not cost the whole scan
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("putting together %s: %w", d.path(), err)
	}
	return p, nil
}

// lacking names the bundles whose executable is not among the files, although
// their property list names one, or is nothing that is known as code, such as an
// empty file: what they run was not looked at.
func (d *draft) lacking(bundles []sbom.Bundle) []sbom.Gap {
	unknown := map[string]bool{}
	for _, f := range d.files {
		unknown[d.rel(f)] = f.kind == "" && f.trouble == nil && f.opened == ""
	}
	var out []sbom.Gap
	for _, b := range bundles {
		if b.Executable != "" && unknown[b.Executable] {
			out = append(out, sbom.Gap{Kind: sbom.GapNotLookedAt, Path: b.Executable, Offset: -1, Count: 1,
				Why: "executable of a bundle, and nothing that is known as code"})
		}
		if name := d.facts.Info[b.Path].Executable; name != "" && b.Executable == "" {
			out = append(out, sbom.Gap{Kind: sbom.GapUnresolved, Path: b.Path, Offset: -1, Count: 1,
				Why: fmt.Sprintf("executable %q of the bundle is not there", name)})
		}
	}
	return out
}

// path is where the product was met.
func (d *draft) path() string {
	if d.root == "" {
		return d.tree.input.Path
	}
	return d.root
}

// images adds the images of the product's binaries, each content once, and
// returns what is needed to tie them.
func (s *scanner) images(d *draft, p *sbom.Product, bundles map[string]sbom.Bundle) (link.Input, error) {
	at := map[sbom.Digest]int{}
	d.beside, d.inside = map[sbom.Digest][]sbom.Fact{}, map[sbom.Digest][]listFact{}
	var in link.Input
	var nouns []*sbom.Image
	for _, f := range d.files {
		r := d.binaries[f]
		if r == nil {
			continue
		}
		a, err := r.load()
		if err != nil {
			return in, err
		}
		rel := d.rel(f)
		for _, g := range a.Gaps {
			g.Path = rel
			p.Gaps = append(p.Gaps, g)
		}
		for i := range a.Slices {
			sl := &a.Slices[i]
			d.sight(rel, sl.Runtimes, true)
			rel := path.Join(rel, sl.Member)
			place := sbom.Place{Path: rel, File: f.digest, Offset: sl.Offset, Bundle: d.set.Innermost(rel),
				Role: d.set.RoleOf(rel, sl.Image.Type, bundles)}
			for _, g := range sl.Gaps {
				g.Path, g.Image = rel, sl.Image.Digest
				p.Gaps = append(p.Gaps, g)
			}
			if j, ok := at[sl.Image.Digest]; ok {
				nouns[j].Places = append(nouns[j].Places, place)
				continue
			}
			at[sl.Image.Digest], d.beside[sl.Image.Digest], d.inside[sl.Image.Digest] = len(nouns), sl.Beside, sl.Listed
			m := sl.Image
			m.Places = []sbom.Place{place}
			nouns = append(nouns, &m)
			in.Images = append(in.Images, link.Image{Noun: &m, Exports: sl.Exports, Imports: sl.imports(), References: sl.references()})
			if m.Encrypted {
				sl.Tags = opaque(sl.Tags)
			}
			p.Tags = append(p.Tags, sl.Tags...)
		}
	}
	for _, m := range nouns {
		p.Images = append(p.Images, *m)
	}
	return in, nil
}

// cover counts every file of the product once.
func (d *draft) cover(p *sbom.Product) {
	p.Coverage.Add(d.lost)
	notRead := map[string]*sbom.Gap{}
	for _, f := range d.files {
		rel := d.rel(f)
		p.Coverage.Add(f.lost)
		switch r := d.binaries[f]; {
		case f.trouble != nil:
			p.Coverage.AddUnreadable(f.trouble.Why, 1)
			g := *f.trouble
			g.Path = rel
			p.Gaps = append(p.Gaps, g)
		case f.ignored:
			p.Coverage.AddSkipped(whyIgnored, 1)
		case f.special:
			p.Coverage.AddSkipped(whySpecial, 1)
		case r != nil:
			r.cover(&p.Coverage)
		case d.scripts[f] != nil && d.scripts[f].trouble != nil:
			g := *d.scripts[f].trouble
			g.Path = rel
			p.Coverage.AddUnreadable(g.Why, 1)
			p.Gaps = append(p.Gaps, g)
		case f.used != "", f.opened != "", d.scripts[f] != nil:
			p.Coverage.AddAnalysed(1)
		case f.kind == "":
			p.Coverage.AddSkipped("no code", 1)
		default:
			p.Coverage.AddSkipped(f.kind+": not looked at", 1)
			if g := notRead[f.kind]; g != nil {
				g.Count++
				continue
			}
			notRead[f.kind] = &sbom.Gap{Kind: sbom.GapNotLookedAt, Path: rel, Offset: -1, Count: 1, Why: f.kind + " is not looked at by this version"}
		}
	}
	for _, g := range notRead {
		if g.Count > 1 {
			g.Why += fmt.Sprintf(" (the first of %d files)", g.Count)
		}
		p.Gaps = append(p.Gaps, *g)
	}
}

// links are the symbolic links of the product, by path in it.
func (d *draft) links() map[string]string {
	out := map[string]string{}
	for p, target := range d.tree.links {
		if d.root == "" {
			out[p] = target
		} else if strings.HasPrefix(p, d.root+"/") && !d.away(p) {
			out[d.relPath(p)] = target
		}
	}
	return out
}

// label names the product from its root bundle and main executable.
func (d *draft) label(p *sbom.Product, bundles map[string]sbom.Bundle) {
	main := ""
	if d.kind == sbom.KindApp {
		b := bundles[""]
		p.Name, p.BundleID, p.Version, p.Build = b.Name, b.ID, b.Version, b.Build
		if p.Name == "" || p.Name == "." {
			p.Name = d.name
		}
		if p.Version == "" {
			p.Version = b.Build
		}
		main = b.Executable
	}
	for i := range p.Images {
		m := &p.Images[i]
		if d.kind == sbom.KindLibraries || !slices.ContainsFunc(m.Places, func(pl sbom.Place) bool { return d.kind == sbom.KindExecutable || pl.Path == main }) {
			continue
		}
		if m.Signature != nil && p.Team == "" {
			p.Team = m.Signature.Team
		}
		if len(m.Builds) > 0 && p.Platform == "" {
			p.Platform = m.Builds[0].Platform
		}
	}
}

// merge unites products of one id: the same content met at several places.
func merge(l []*sbom.Product) []*sbom.Product {
	byID := map[sbom.Digest]*sbom.Product{}
	var out []*sbom.Product
	for _, p := range l {
		old := byID[p.ID]
		if old == nil {
			byID[p.ID] = p
			out = append(out, p)
			continue
		}
		old.Paths = append(old.Paths, p.Paths...)
		old.Notes = append(old.Notes, p.Notes...) // what was split off is not in the id
		old.Coverage.Add(p.Coverage)
		old.Normalize()
	}
	slices.SortFunc(out, func(a, b *sbom.Product) int {
		if c := strings.Compare(a.Paths[0], b.Paths[0]); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return out
}
