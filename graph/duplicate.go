package graph

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// mergeProducts sorts products by id and makes one product of those with the
// same id. It changes none of them.
func mergeProducts(products []*sbom.Product) []*sbom.Product {
	list := slices.Clone(products)
	slices.SortStableFunc(list, func(a, b *sbom.Product) int { return strings.Compare(string(a.ID), string(b.ID)) })
	out := list[:0]
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].ID == list[0].ID {
			n++
		}
		p := list[0]
		if n > 1 {
			p = joinProducts(list[:n])
		}
		out = append(out, p)
		list = list[n:]
	}
	return out
}

// joinProducts makes one product of several with the same id, that is with the
// same files. Paths, links, packages, tags, notes and gaps are united: they differ
// when the product was read with other rules or another version. All else
// comes from the one whose saved form is the smallest, so that the order does
// not matter. Coverage is over all paths: it is added for those that share no
// path with the ones before.
func joinProducts(list []*sbom.Product) *sbom.Product {
	type saved struct {
		p    *sbom.Product
		form []byte
	}
	all := make([]saved, len(list))
	for i, p := range list {
		all[i] = saved{p, form(p)}
	}
	slices.SortFunc(all, func(a, b saved) int { return bytes.Compare(a.form, b.form) })
	all = slices.CompactFunc(all, func(a, b saved) bool { return bytes.Equal(a.form, b.form) })
	p := *all[0].p
	p.Paths = slices.Clone(p.Paths)
	for _, s := range all[1:] {
		o := s.p
		if !slices.ContainsFunc(o.Paths, func(w string) bool { return slices.Contains(p.Paths, w) }) {
			p.Coverage.Reasons = slices.Clone(p.Coverage.Reasons)
			p.Coverage.Add(o.Coverage)
		}
		p.Paths = append(p.Paths, o.Paths...)
		p.Links = unite(p.Links, o.Links)
		p.Packages = unite(p.Packages, o.Packages)
		p.Tags = unite(p.Tags, o.Tags)
		p.Notes = unite(p.Notes, o.Notes)
		p.Gaps = unite(p.Gaps, o.Gaps)
	}
	bundles, images := p.Bundles, p.Images // shared with the input, sorted there
	p.Bundles, p.Images = nil, nil
	p.Normalize()
	p.Bundles, p.Images = bundles, images
	return &p
}

// unite is a copy of a with those of b that it lacks.
func unite[T any](a, b []T) []T {
	a = slices.Clone(a)
	have := make(map[string]bool, len(a))
	for _, v := range a {
		have[string(form(v))] = true
	}
	for _, v := range b {
		if !have[string(form(v))] {
			a = append(a, v)
		}
	}
	return a
}

// form is a value written out, to compare it with another one.
func form(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("graph: writing out a plain value: " + err.Error()) // cannot happen: the nouns hold no channels, functions or cycles
	}
	return b
}
