package query

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

// probe tells how much of a library's code a product has, wherever it lies in
// it: a library that moved from a framework into the executable is still there.
type probe struct {
	p     *pairing
	marks map[sbom.Digest]map[functionKey]bool // by product
	long  map[sbom.Digest][]unit               // by image: functions that count
}

// unit is a function that counts.
type unit struct {
	address uint64
	key     functionKey
}

func newProbe(p *pairing) *probe {
	return &probe{p: p, marks: map[sbom.Digest]map[functionKey]bool{}, long: map[sbom.Digest][]unit{}}
}

// units are the functions of a library in one image.
func (b *probe) units(l *library.Library, image sbom.Digest) []unit {
	all, ok := b.long[image]
	if !ok && b.p.f.unread[image] == "" {
		list, err := b.p.f.functions(image)
		for i := range list {
			if err == nil && b.p.counts(b.p.f.arch(image), &list[i]) {
				all = append(all, unit{list[i].Address, functionKey{list[i].Full, list[i].Instructions}})
			}
		}
		b.long[image] = all
	}
	if l.Kind == library.KindDynamic {
		return all
	}
	var out []unit
	for _, u := range all {
		if l.Has(image, u.address) {
			out = append(out, u)
		}
	}
	return out
}

// of is what a product's functions are.
func (b *probe) of(product sbom.Digest) map[functionKey]bool {
	m, ok := b.marks[product]
	if !ok {
		var images []sbom.Digest
		p := b.p.f.graph.Product(product)
		for i := range p.Images {
			images = append(images, p.Images[i].Digest)
		}
		m = b.p.marks(images)
		b.marks[product] = m
	}
	return m
}

// found says how much of a copy in one of the images a product has: of the copy
// of which it has the largest share. An image that the product holds as it is
// needs no functions: then all is found.
func (b *probe) found(l *library.Library, images []sbom.Digest, product sbom.Digest) (functions, found int) {
	q := b.p.f.graph.Product(product)
	for _, d := range images {
		list := b.units(l, d)
		n := 0
		if imageOf(q, d) != nil {
			n = len(list)
		} else {
			for _, u := range list {
				if b.of(product)[u.key] || slices.ContainsFunc(b.p.kin[library.Unit{Image: d, Address: u.address}], func(k sbom.Digest) bool { return imageOf(q, k) != nil }) {
					n++
				}
			}
		}
		if len(list) > 0 && (functions == 0 || n*functions > found*len(list) || n*functions == found*len(list) && len(list) > functions) {
			functions, found = len(list), n
		}
	}
	return functions, found
}

// enough is how many functions of a library a product has when it counts as
// having it; fewer only when they are all.
const enough = 5

// lacks lists the libraries of a family that product p has and of which q lacks
// functions; background is left out.
func (b *probe) lacks(own *Family, p, q sbom.Digest) []Held {
	out := []Held{}
	for i := range own.libraries {
		l := &own.libraries[i]
		if l.Background || !own.has(l, p) {
			continue
		}
		if functions, found := b.found(l, held(b.p.f.graph.Product(p), l), q); found < functions {
			out = append(out, Held{Library: l.ID, Name: cmp.Or(l.Name, l.ID), Functions: functions, Found: found})
		}
	}
	slices.SortFunc(out, func(a, b Held) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Library, b.Library))
	})
	return out
}

// held are the images of a product that hold a library.
func held(p *sbom.Product, l *library.Library) []sbom.Digest {
	var out []sbom.Digest
	for _, d := range l.Images {
		if imageOf(p, d) != nil {
			out = append(out, d)
		}
	}
	return out
}

// between divides the libraries of a family that products of x carry: those
// that a product of y has too, and those that none has.
func (b *probe) between(own *Family, x, y *sided) (both, only []Between) {
	both, only = []Between{}, []Between{}
	for i := range own.libraries {
		l := &own.libraries[i]
		v := Between{ID: l.ID, Kind: l.Kind, Name: cmp.Or(l.Name, l.ID), Background: l.Background, InA: []sbom.Digest{}, InB: []sbom.Digest{}}
		var images []sbom.Digest
		for _, p := range x.products {
			if own.has(l, p.ID) {
				v.InA = append(v.InA, p.ID)
				images = append(images, held(p, l)...)
			}
		}
		slices.Sort(images)
		images = slices.Compact(images)
		for _, q := range y.products {
			functions, found := b.found(l, images, q.ID)
			if found > v.Found || v.Functions == 0 {
				v.Functions, v.Found = functions, found
			}
			whole := slices.ContainsFunc(images, func(d sbom.Digest) bool { return l.Kind == library.KindDynamic && imageOf(q, d) != nil })
			if whole || found >= enough || found > 0 && found == functions {
				v.InB = append(v.InB, q.ID)
			}
		}
		switch {
		case len(v.InA) == 0:
		case len(v.InB) > 0:
			both = append(both, v)
		default:
			only = append(only, v)
		}
	}
	slices.SortFunc(both, compareBetween)
	slices.SortFunc(only, compareBetween)
	return both, only
}

func compareBetween(a, b Between) int {
	if a.Background != b.Background {
		if b.Background {
			return -1
		}
		return 1
	}
	return cmp.Or(-cmp.Compare(len(a.InA)+len(a.InB), len(b.InA)+len(b.InB)), -cmp.Compare(a.Functions, b.Functions), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
}
