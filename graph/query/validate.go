package query

import (
	"errors"
	"fmt"
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// checker collects what does not hold.
type checker struct {
	errs     []error
	products map[sbom.Digest]bool
}

func (c *checker) bad(format string, a ...any) { c.errs = append(c.errs, fmt.Errorf(format, a...)) }

func newChecker(h *Head, schema string) *checker {
	c := &checker{products: map[sbom.Digest]bool{}}
	if h.Schema != schema {
		c.bad("schema %q is not %q", h.Schema, schema)
	}
	for i, p := range h.Products {
		if c.products[p.ID] || i > 0 && compareProducts(h.Products[i-1], p) >= 0 {
			c.bad("product %s is there twice or out of order", p.ID.Short())
		}
		c.products[p.ID] = true
	}
	v := &h.Coverage
	if v.Files != v.Analysed+v.Skipped+v.Unreadable {
		c.bad("coverage: %d files, but %d analysed + %d skipped + %d unreadable", v.Files, v.Analysed, v.Skipped, v.Unreadable)
	}
	if v.Images != v.Compared+len(v.Unseen) {
		c.bad("coverage: %d images, but %d compared and %d not", v.Images, v.Compared, len(v.Unseen))
	}
	return c
}

func (c *checker) known(what string, ids ...sbom.Digest) {
	for _, id := range ids {
		if !c.products[id] {
			c.bad("%s: unknown product %q", what, id)
		}
	}
}

// Validate checks what must hold in every list of libraries: known products,
// two carriers or more, each with a copy and a word; counts that fit; order.
func (l *Libs) Validate() error {
	c := newChecker(&l.Head, LibsSchema)
	if l.Asked == "" && len(l.Libraries) != l.Kinship+l.Background {
		c.bad("%d libraries, but %d of kinship and %d of background", len(l.Libraries), l.Kinship, l.Background)
	}
	third := 0
	for i := range l.Libraries {
		v := &l.Libraries[i]
		if v.ThirdParty() {
			third++
		}
		if i > 0 && compareLibraries(l.Libraries[i-1], *v) >= 0 {
			c.bad("library %s is out of order", v.ID)
		}
		if len(v.Carriers) < 2 || v.Name == "" || v.Why == "" || v.Rung == "" || !slices.Contains(words[:], v.Word) {
			c.bad("library %s: too few carriers, or no name, reason, rung or word", v.ID)
		}
		for _, s := range v.Similar {
			c.known("library "+v.ID, s.Product)
			if s.Word != words[len(words)-1] {
				c.bad("library %s: %s is %q without being a carrier", v.ID, s.Product.Short(), s.Word)
			}
		}
		for _, k := range v.Carriers {
			c.known("library "+v.ID, k.Product)
			if len(k.Copies) == 0 || !slices.Contains(words[:], k.Word) || k.Functions > v.Functions {
				c.bad("library %s in %s: no copy, no word, or more functions than there are", v.ID, k.Product.Short())
			}
		}
	}
	if l.Asked == "" && third != l.ThirdParty {
		c.bad("%d libraries of third parties, not %d", third, l.ThirdParty)
	}
	return errors.Join(c.errs...)
}

// Validate checks what must hold in every answer: known products, known kinds
// and deeds, products listed by what the hits say.
func (w *Who) Validate() error {
	c := newChecker(&w.Head, WhoSchema)
	if (w.Level == "") != (len(w.Matches) == 0) {
		c.bad("level %q with %d matches", w.Level, len(w.Matches))
	}
	for i := range w.Matches {
		m := &w.Matches[i]
		what := m.Kind + " " + m.Name
		if !slices.Contains(kinds[:], m.Kind) || len(m.Hits) == 0 {
			c.bad("%s: unknown kind, or no hit", what)
		}
		c.known(what, m.Carriers...)
		c.known(what, m.Users...)
		for _, h := range m.Hits {
			carries := slices.Contains(m.Carriers, h.Product)
			if carries == slices.Contains(m.Users, h.Product) || h.Deed == Carries && !carries || h.Deed != Carries && h.Deed != Refers || h.How == "" {
				c.bad("%s: the hit in %s does not fit the lists of products, or does not say how it is known", what, h.Product.Short())
			}
		}
	}
	return errors.Join(c.errs...)
}

// Validate checks what must hold in every comparison: known products, each in
// one pair of its side, shares that do not pass their whole.
func (x *Comparison) Validate() error {
	c := newChecker(&x.Head, CompareSchema)
	c.known("side A", x.A.Products...)
	c.known("side B", x.B.Products...)
	for _, s := range []Share{x.AinB, x.BinA} {
		if s.SameFiles > s.Files || s.SameImages+s.TiedImages > s.Images || s.Exact+s.Kin > s.Functions || s.Background > s.Exact+s.Kin {
			c.bad("a share passes its whole: %+v", s)
		}
	}
	if x.AinB.SameImages != x.BinA.SameImages || x.AinB.SameFiles != x.BinA.SameFiles {
		c.bad("what is the same has different numbers from both sides")
	}
	var a, b []sbom.Digest
	for _, p := range x.Pairs {
		if p.A != "" {
			a = append(a, p.A)
		}
		if p.B != "" {
			b = append(b, p.B)
		}
		if (p.Tie == PairNone) != (p.A == "" || p.B == "") {
			c.bad("a pair with tie %q", p.Tie)
		}
	}
	if !sameSet(a, x.A.Products) || !sameSet(b, x.B.Products) {
		c.bad("a product is in no pair, or in two")
	}
	for _, l := range x.Libraries {
		if len(l.InA) == 0 || len(l.InB) == 0 {
			c.bad("library %s is not on both sides", l.ID)
		}
	}
	return errors.Join(c.errs...)
}

func sameSet(a, b []sbom.Digest) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
