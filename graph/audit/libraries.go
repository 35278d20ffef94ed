package audit

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

// librariesOut lists what two or more judged products carry, with the
// capabilities that start in it.
func (r *run) librariesOut() []finding.Library {
	known := map[string]bool{}
	for _, l := range r.libraries {
		known[l.ID] = true
	}
	out := []finding.Library{}
	for i := range r.libraries {
		l := &r.libraries[i]
		v := finding.Library{ID: l.ID, Kind: l.Kind, Name: cmp.Or(l.Name, l.ID), Background: l.Background, Why: l.Why,
			Rung: string(l.Rung), SHA256: digests(l.Files), Images: digests(l.Images), Products: []string{},
			ProductIDs: digests(l.Products), Capabilities: r.startsIn(l), SameAs: []finding.SameAs{}}
		for _, id := range v.ProductIDs {
			if p := r.product(id); p != nil {
				v.Products = append(v.Products, p.Paths[0])
			}
		}
		slices.Sort(v.Products)
		for _, s := range l.SameAs {
			if known[s.Library] {
				v.SameAs = append(v.SameAs, finding.SameAs{Library: s.Library, Rung: string(s.Rung), Word: string(s.Word), Score: s.Score})
			}
		}
		for _, k := range l.Packages {
			v.Packages = append(v.Packages, finding.Package{PURL: k.PURL, How: k.How, Text: k.Text})
		}
		r.unitsOut(l, &v)
		out = append(out, v)
	}
	slices.SortFunc(out, finding.CompareLibraries)
	return out
}

// startsIn lists the capabilities of the sources at likely or better that
// belong to the library, or lie in one of its images when it is dynamic.
func (r *run) startsIn(l *library.Library) []string {
	out := []string{}
	for _, s := range r.result.Sources {
		in := s.Library == l.ID || l.Kind == "dynamic" && slices.Contains(l.Images, s.Image)
		if in && s.Grade.Rank() >= sbom.GradeLikely.Rank() {
			out = append(out, s.Capability)
		}
	}
	return list(out)
}

// unitsOut adds what is known of a library that was found by its code units.
func (r *run) unitsOut(l *library.Library, v *finding.Library) {
	v.Functions = l.Functions
	for _, c := range l.Copies {
		for _, p := range r.judged {
			for i := range p.Images {
				if p.Images[i].Digest != c.Image {
					continue
				}
				for _, at := range p.Images[i].Places {
					v.Copies = append(v.Copies, finding.Copy{Image: c.Image, Product: p.ID, Path: at.Path, Word: string(c.Word),
						Build: c.Build, Functions: c.Functions, Exact: c.Exact, Text: c.Text})
				}
			}
		}
	}
	slices.SortFunc(v.Copies, func(a, b finding.Copy) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Image, b.Image))
	})
	r.tiesOut(l, v)
	for _, n := range l.Names {
		v.Names = append(v.Names, finding.Naming{How: n.How, Name: n.Name, Text: printable([]byte(n.Text)), Count: n.Count})
	}
	tagged := map[string]bool{} // marks of sources in the library
	for _, s := range r.result.Sources {
		if s.Library == l.ID && s.Mark != "" {
			tagged[s.Mark] = true
		}
	}
	for i, m := range l.Member {
		if i < finding.MaxMembers || tagged[m.Mark.String()] {
			v.Members = append(v.Members, finding.Member{Mark: m.Mark.String(), Name: m.Name, Copies: m.Copies, Image: m.Image, Address: m.At, Size: m.Size})
		}
	}
}

// tiesOut adds the builds of a library that has several, and where similar
// evidence lies.
func (r *run) tiesOut(l *library.Library, v *finding.Library) {
	for _, b := range l.Builds {
		if len(l.Builds) < 2 {
			break
		}
		o := finding.Build{Number: b.Number, Arch: b.Arch, Functions: b.Functions, Ties: []finding.BuildTie{}}
		for _, t := range b.Ties {
			o.Ties = append(o.Ties, finding.BuildTie{Build: t.Build, Rung: string(t.Rung), Word: string(t.Word), Score: t.Score, Exact: t.Exact})
		}
		v.Builds = append(v.Builds, o)
	}
	for _, c := range l.Alike {
		for _, p := range r.judged {
			for i := range p.Images {
				if p.Images[i].Digest != c.Image {
					continue
				}
				for _, at := range p.Images[i].Places {
					v.Similar = append(v.Similar, finding.Similar{Image: c.Image, Product: p.ID, Path: at.Path, Word: string(c.Word), Text: c.Text})
				}
			}
		}
	}
	slices.SortFunc(v.Similar, func(a, b finding.Similar) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Image, b.Image))
	})
}

func digests(l []sbom.Digest) []sbom.Digest {
	out := append([]sbom.Digest{}, l...)
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *run) product(id sbom.Digest) *sbom.Product {
	i := slices.IndexFunc(r.products, func(p *sbom.Product) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return r.products[i]
}
