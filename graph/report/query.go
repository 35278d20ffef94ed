package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/query"
)

// QueryJSON writes the result of a query (*query.Libs, *query.Who or
// *query.Comparison) as indented JSON with a newline at its end. The same result
// gives the same bytes.
func QueryJSON(w io.Writer, result any) error { return writeJSON(w, result) }

// newQueryPage begins a page about the products of a result.
func newQueryPage(w io.Writer, h *query.Head) *page {
	p := &page{w: bufio.NewWriter(w)}
	var named []finding.Named
	for _, q := range h.Products {
		named = append(named, finding.Named{ID: q.ID, Name: q.Name, Version: q.Version, Path: q.Path})
	}
	p.labels = finding.Labels(named)
	return p
}

// rests says what a result of a query rests on.
func (p *page) rests(h *query.Head) {
	c := &h.Coverage
	p.head("LOOKED AT")
	p.text("  ", "%s: %d analysed, %d skipped, %d unreadable; functions of %d of %s.", number(c.Files, "file"), c.Analysed, c.Skipped, c.Unreadable,
		c.Compared, number(c.Images, "image"))
	for _, r := range c.Reasons {
		p.text("  "+pad(fmt.Sprint(r.Count), 5)+" ", "%s: %s", r.Status, r.Why)
	}
	if c.Complete() {
		return
	}
	p.head("COULD NOT BE LOOKED AT")
	for _, u := range c.Unseen[:min(len(c.Unseen), most)] {
		p.text("  - ", "functions of %s (%s, image %s) in %s: %s", u.Path, cmp.Or(u.Arch, "unknown architecture"), u.Image.Short(), p.labels[u.Product], u.Why)
	}
	p.left(len(c.Unseen), "image")
	for _, g := range c.Gaps[:min(len(c.Gaps), most)] {
		where := g.Path
		if g.Product != "" {
			where = p.labels[g.Product] + ": " + g.Path
		}
		p.text("  - ", "%s: %s: %s", cmp.Or(where, "the input"), g.Kind, g.Why)
	}
	p.left(len(c.Gaps), "gap")
}

// left says that a list was cut.
func (p *page) left(n int, noun string) {
	if n > most {
		p.text("  ", "The first %d of %s; JSON has all.", most, number(n, noun))
	}
}
