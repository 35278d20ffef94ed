package finding

import (
	"errors"
	"fmt"
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// checker collects what does not hold in one report.
type checker struct {
	r         *Report
	errs      []error
	products  map[sbom.Digest]*Product
	libraries map[string]bool
	sources   map[string]*Source
}

func (c *checker) bad(format string, a ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, a...))
}

// token complains when a value is not one of the tokens. An empty value is
// allowed when optional is true.
func (c *checker) token(what, value string, optional bool, tokens []string) {
	if optional && value == "" {
		return
	}
	if !slices.Contains(tokens, value) {
		c.bad("%s %q is not one of %v", what, value, tokens)
	}
}

// Validate checks what must hold in every finished report and names each thing
// that does not: ids are unique and references resolve, tokens are known,
// mentions carry no strength, provenance or verdict, the summary equals a
// recount, coverage adds up, and lists are sorted. It is nil for a good report.
func (r *Report) Validate() error {
	c := &checker{r: r, products: map[sbom.Digest]*Product{}, libraries: map[string]bool{}, sources: map[string]*Source{}}
	if r.Schema != Schema {
		c.bad("schema %q is not %q", r.Schema, Schema)
	}
	if r.Model != nil && r.Model.Digest == "" {
		c.bad("the background model has no digest")
	}
	c.index()
	for i := range r.Products {
		c.product(&r.Products[i])
	}
	for i := range r.Libraries {
		c.library(&r.Libraries[i])
	}
	for i := range r.Sources {
		c.source(&r.Sources[i])
	}
	for i := range r.Findings {
		c.finding(&r.Findings[i])
	}
	for i := range r.Gaps {
		c.gap(&r.Gaps[i])
	}
	c.coverage()
	c.summary()
	c.exit()
	return errors.Join(c.errs...)
}

// index fills the tables of ids and complains about doubles and disorder.
func (c *checker) index() {
	for i := range c.r.Products {
		p := &c.r.Products[i]
		if !p.ID.Valid() || c.products[p.ID] != nil {
			c.bad("product id %q is not a digest, or is listed twice", p.ID)
		}
		c.products[p.ID] = p
	}
	for _, o := range c.r.Others {
		if !o.ID.Valid() || c.products[o.ID] != nil {
			c.bad("other product id %q is not a digest, or is judged too", o.ID)
		}
		if o.Why == "" {
			c.bad("other product %q says not why it is not judged", o.Path)
		}
	}
	for _, l := range c.r.Libraries {
		if l.ID == "" || c.libraries[l.ID] {
			c.bad("library id %q is empty, or is listed twice", l.ID)
		}
		c.libraries[l.ID] = true
	}
	for i := range c.r.Sources {
		s := &c.r.Sources[i]
		if s.ID == "" || c.sources[s.ID] != nil {
			c.bad("source id %q is empty, or is listed twice", s.ID)
		}
		c.sources[s.ID] = s
	}
	c.sorted("products", slices.IsSortedFunc(c.r.Products, CompareProducts))
	c.sorted("others", slices.IsSortedFunc(c.r.Others, CompareOthers))
	c.sorted("libraries", slices.IsSortedFunc(c.r.Libraries, CompareLibraries))
	c.sorted("sources", slices.IsSortedFunc(c.r.Sources, CompareSources))
	c.sorted("findings", slices.IsSortedFunc(c.r.Findings, CompareFindings))
	c.sorted("gaps", slices.IsSortedFunc(c.r.Gaps, CompareGaps))
}

func (c *checker) sorted(what string, ok bool) {
	if !ok {
		c.bad("%s are not sorted", what)
	}
}

func (c *checker) product(p *Product) {
	if p.Name == "" || len(p.Paths) == 0 || p.Path != p.Paths[0] {
		c.bad("product %s: no name, no path, or a path that is not the first of its paths", p.ID.Short())
	}
	if p.TeamVerified {
		c.bad("product %s: no signature is verified in this version", p.ID.Short())
	}
	if (p.Purpose == "") != (p.Security == nil) {
		c.bad("product %s: security is known exactly when a purpose is given", p.ID.Short())
	}
	seen := ""
	for i := range p.Capabilities {
		k := &p.Capabilities[i]
		if k.ID <= seen {
			c.bad("product %s: capability %q is out of order or listed twice", p.ID.Short(), k.ID)
		}
		seen = k.ID
		c.capability(p, k)
	}
	c.components(p)
}

func (c *checker) components(p *Product) {
	for i := range p.Components {
		k := &p.Components[i]
		if i > 0 && k.Path <= p.Components[i-1].Path {
			c.bad("product %s: component %q is out of order or listed twice", p.ID.Short(), k.Path)
		}
		for _, o := range k.Observed {
			c.token("component "+k.Path+" declared", o.Declared, false, declarations())
			if has := p.Find(o.ID); has == nil || sbom.Grade(o.Grade).Rank() < sbom.GradeLikely.Rank() {
				c.bad("product %s: component %q shows %s at %q, which the product does not carry", p.ID.Short(), k.Path, o.ID, o.Grade)
			}
		}
	}
}

func (c *checker) capability(p *Product, k *Capability) {
	what := fmt.Sprintf("product %s, %s:", p.ID.Short(), k.ID)
	if sbom.Grade(k.Grade).Rank() == 0 {
		c.bad("%s grade %q is not known", what, k.Grade)
	}
	c.token(what+" sends", k.Sends, true, sendings())
	c.token(what+" verdict", k.Verdict, true, Verdicts())
	if k.Grade == string(sbom.GradeMentions) {
		if k.Strength+k.Provenance+k.Verdict+k.Declared != "" || len(k.Witnesses) > 0 {
			c.bad("%s a mention has no strength, provenance, verdict, declaration or witness", what)
		}
	} else {
		c.token(what+" strength", k.Strength, false, strengths())
		c.token(what+" provenance", k.Provenance, false, provenances())
		c.token(what+" declared", k.Declared, false, declarations())
	}
	if len(k.Sources) == 0 {
		c.bad("%s no source", what)
	}
	if (k.Sends == SendsShown) != (k.Flow != nil) || (k.Sends == SendsNo || k.Sends == "") && len(k.Hosts) > 0 {
		c.bad("%s sends %q, but a flow or a host says otherwise", what, k.Sends)
	}
	for _, id := range k.Dormant {
		if !slices.Contains(k.Sources, id) || k.Strength == "" {
			c.bad("%s dormant source %q is not among its sources, or it only mentions", what, id)
		}
	}
	for _, id := range k.Sources {
		if c.sources[id] == nil {
			c.bad("%s unknown source %q", what, id)
		}
	}
	for _, w := range k.Witnesses {
		c.token(what+" witness strength", w.Strength, false, strengths())
		if !slices.Contains(k.Sources, w.Source) {
			c.bad("%s witness of %q, which is not among its sources", what, w.Source)
		}
		if len(w.Hops) == 0 || w.Hops[0].Node != "product:"+string(p.ID) || w.Hops[0].Edge != "" {
			c.bad("%s a witness starts at its product, with no edge", what)
		}
		if len(w.Calls) > 0 && w.Strength != "runs" {
			c.bad("%s a witness of strength %s with calls", what, w.Strength)
		}
		for _, h := range w.Hops[min(1, len(w.Hops)):] {
			if h.Edge == "" || h.Kind == "" {
				c.bad("%s hop %q has no edge or no kind", what, h.Node)
			}
		}
	}
}

func (c *checker) library(l *Library) {
	if l.Kind != "dynamic" && l.Kind != "static" {
		c.bad("library %s: kind %q is neither dynamic nor static", l.ID, l.Kind)
	}
	if len(l.ProductIDs) < 2 || len(l.Products) != len(l.ProductIDs) {
		c.bad("library %s: fewer than two products, or paths and ids differ in number", l.ID)
	}
	for _, id := range l.ProductIDs {
		if c.products[id] == nil {
			c.bad("library %s: unknown product %s", l.ID, id.Short())
		}
	}
	if l.Rung == "" || l.Name == "" {
		c.bad("library %s: no rung or no name", l.ID)
	}
	for _, b := range l.Builds {
		for _, t := range b.Ties {
			if t.Score < 0 || t.Score > 1 || t.Exact < 0 || t.Exact > t.Score {
				c.bad("library %s: build %d is tied to %d by %v, %v equal", l.ID, b.Number, t.Build, t.Score, t.Exact)
			}
		}
	}
	for _, s := range l.Similar {
		if c.products[s.Product] == nil || s.Word == "" || s.Text < 0 || s.Text > 1 {
			c.bad("library %s: similar evidence in unknown product %s, without a word, or out of bounds", l.ID, s.Product.Short())
		}
	}
	for _, s := range l.SameAs {
		if !c.libraries[s.Library] {
			c.bad("library %s: same as unknown library %q", l.ID, s.Library)
		}
		if s.Score < 0 || s.Score > 1 {
			c.bad("library %s: score %v is not between 0 and 1", l.ID, s.Score)
		}
	}
}

func (c *checker) source(s *Source) {
	if sbom.Grade(s.Grade).Rank() == 0 || s.Capability == "" || !s.Image.Valid() {
		c.bad("source %s: no capability, an unknown grade %q, or no image", s.ID, s.Grade)
	}
	if s.Library != nil && !c.libraries[*s.Library] {
		c.bad("source %s: unknown library %q", s.ID, *s.Library)
	}
	if len(s.Evidence) == 0 || len(s.Places) == 0 {
		c.bad("source %s: no evidence or no place", s.ID)
	}
	for _, p := range s.Places {
		if c.products[p.Product] == nil {
			c.bad("source %s: place in unknown product %s", s.ID, p.Product.Short())
		}
	}
	for _, e := range s.Evidence {
		if !e.SHA256.Valid() || e.Offset < e.Slice || e.Slice < 0 || e.Length < int64(len(e.Bytes)) {
			c.bad("source %s: evidence %q at %d is out of bounds or names no file", s.ID, e.Signal, e.Offset)
		}
		if len(e.Bytes) > sbom.MaxEvidenceBytes {
			c.bad("source %s: evidence %q has more than %d bytes", s.ID, e.Signal, sbom.MaxEvidenceBytes)
		}
	}
}

func (c *checker) finding(f *Finding) {
	what := fmt.Sprintf("finding %s:", sbom.Digest(f.ID).Short())
	c.token(what+" kind", f.Kind, false, Kinds())
	p := c.products[f.Product]
	if p == nil {
		c.bad("%s unknown product %s", what, f.Product.Short())
		return
	}
	i := slices.IndexFunc(p.Capabilities, func(k Capability) bool { return k.ID == f.Capability })
	if i < 0 {
		c.bad("%s product %s does not carry %s", what, f.Product.Short(), f.Capability)
		return
	}
	k := p.Capabilities[i]
	if f.Verdict != k.Verdict || f.Provenance != k.Provenance || f.Grade != k.Grade || f.Strength != k.Strength {
		c.bad("%s verdict, provenance, grade or strength differ from the product's", what)
	}
	if f.Text == "" || f.Path != p.Path {
		c.bad("%s no text, or another path than its product", what)
	}
	for _, id := range f.Kin {
		if c.products[id] == nil || id == f.Product {
			c.bad("%s kin %s is not another judged product", what, id.Short())
		}
	}
	for _, id := range f.Origins {
		if !slices.Contains(f.Kin, id) {
			c.bad("%s origin %s is not among its kin", what, id.Short())
		}
	}
	for _, l := range f.Libraries {
		if !c.libraries[l] {
			c.bad("%s unknown library %q", what, l)
		}
	}
	for _, s := range f.Sources {
		if !slices.Contains(k.Sources, s) {
			c.bad("%s source %q is not one of the product's", what, s)
		}
	}
}

func (c *checker) gap(g *Gap) {
	if g.Product != nil && c.products[*g.Product] == nil {
		c.bad("gap at %q: unknown product %s", g.Path, g.Product.Short())
	}
	if g.Weak && g.Kind != string(sbom.GapUnresolved) {
		c.bad("gap at %q: weak, but its kind is %q", g.Path, g.Kind)
	}
	if g.Kind == "" || g.Why == "" || g.Count < 1 || g.Offset < -1 {
		c.bad("gap at %q: no kind, no reason, a count of %d or an offset of %d", g.Path, g.Count, g.Offset)
	}
}
