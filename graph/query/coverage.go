package query

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// cover is the coverage of the products that are in, and of what belongs to no
// product.
func (f *Family) cover(in func(product sbom.Digest) bool) Coverage {
	var sum sbom.Coverage
	c := Coverage{Reasons: []Reason{}, Unseen: []Unseen{}, Gaps: []Gap{}}
	for _, s := range f.scans {
		sum.Add(s.Outside)
		for _, g := range s.Gaps {
			c.Gaps = append(c.Gaps, gapOf("", g))
		}
	}
	path := map[sbom.Digest]string{}
	for _, p := range f.graph.Products {
		path[p.ID] = p.Paths[0]
		if !in(p.ID) {
			continue
		}
		sum.Add(p.Coverage)
		for _, g := range p.Gaps {
			c.Gaps = append(c.Gaps, gapOf(p.ID, g))
		}
	}
	slices.SortFunc(c.Gaps, func(a, b Gap) int {
		return cmp.Or(strings.Compare(path[a.Product], path[b.Product]), strings.Compare(string(a.Product), string(b.Product)), strings.Compare(a.Path, b.Path),
			strings.Compare(a.Kind, b.Kind), strings.Compare(a.Why, b.Why), strings.Compare(string(a.Image), string(b.Image)), cmp.Compare(a.Count, b.Count))
	})
	c.Gaps = slices.Compact(c.Gaps)
	c.Files, c.Analysed, c.Skipped, c.Unreadable = sum.Files, sum.Analysed, sum.Skipped, sum.Unreadable
	for _, r := range sum.Reasons {
		c.Reasons = append(c.Reasons, Reason{r.Status, r.Why, r.Count})
	}
	for _, m := range f.code(in) {
		c.Images++
		why := cmp.Or(f.unread[m.Image.Digest], f.unseen(m.Image))
		if why == "" {
			c.Compared++
			continue
		}
		f.unread[m.Image.Digest] = why
		c.Unseen = append(c.Unseen, Unseen{m.Image.Digest, m.Image.Arch, m.Product.ID, m.Image.Places[0].Path, why})
	}
	f.sortUnseen(c.Unseen)
	return c
}

func (f *Family) sortUnseen(l []Unseen) {
	slices.SortFunc(l, func(a, b Unseen) int {
		return cmp.Or(strings.Compare(f.graph.Product(a.Product).Paths[0], f.graph.Product(b.Product).Paths[0]),
			strings.Compare(a.Path, b.Path), strings.Compare(string(a.Image), string(b.Image)))
	})
}

// without takes images out of what was compared: their code marks turned out
// to be damaged.
func (f *Family) without(c *Coverage, broken []Unseen) {
	c.Compared -= len(broken)
	c.Unseen = append(slices.Clone(c.Unseen), broken...)
	f.sortUnseen(c.Unseen)
}

func gapOf(product sbom.Digest, g sbom.Gap) Gap {
	return Gap{Product: product, Path: g.Path, Image: g.Image, Kind: string(g.Kind), Why: g.Why, Count: max(g.Count, 1)}
}

// unseen says why the functions of an image cannot be looked at, or "".
func (f *Family) unseen(m *sbom.Image) string {
	if m.Type == sbom.TypeModule {
		return "" // a script: compared by its bytes
	}
	if m.Encrypted {
		return "its code is encrypted"
	}
	if f.options.Marks == nil {
		return library.ErrNoMarks.Error()
	}
	b, err := f.options.Marks(m.Digest)
	if err == nil {
		_, err = fingerprint.Open(b)
	}
	switch {
	case err == nil:
		return ""
	case errors.Is(err, library.ErrNoMarks):
		return "it has no code marks"
	}
	return err.Error()
}
