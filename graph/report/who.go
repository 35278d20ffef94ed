package report

import (
	"cmp"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/graph/query"
	"github.com/kinbom/kinbom/sbom"
)

// Who writes for people who carries what a word names: product, bundle, file,
// image, address, and how each is known. Where nothing was found it says so,
// with what was looked at.
func Who(w io.Writer, r *query.Who) error {
	p := newQueryPage(w, &r.Head)
	carry, refer := map[sbom.Digest]bool{}, map[sbom.Digest]bool{}
	for _, m := range r.Matches {
		for _, id := range m.Carriers {
			carry[id] = true
		}
		for _, id := range m.Users {
			refer[id] = true
		}
	}
	for id := range carry {
		delete(refer, id)
	}
	if len(r.Matches) == 0 {
		p.text("", "kinbom who %s: nothing that the word fits was found in %s", r.Word, number(len(r.Products), "product"))
		p.text("  ", "Names that were taken out of a file (stripped) cannot be found by name, and functions of the system that nearly every program imports are not kept.")
		if r.Coverage.Complete() {
			p.text("  ", "All functions of all images were looked at, and there is no gap.")
		} else {
			p.text("  ", "That is worth as much as what was looked at:")
		}
		p.rests(&r.Head)
		return p.end()
	}
	p.text("", "kinbom who %s: %d of %s %s it, %d more %s to it%s", r.Word, len(carry), number(len(r.Products), "product"),
		verb(len(carry), "carries", "carry"), len(refer), verb(len(refer), "refers", "refer"), fitting(r.Level))
	for i := range r.Matches {
		p.match(&r.Matches[i])
	}
	p.rests(&r.Head)
	return p.end()
}

func fitting(level string) string {
	switch level {
	case "but for case":
		return " (found with other capitals)"
	case "beginning":
		return " (found by its beginning)"
	}
	return ""
}

func (p *page) match(m *query.Match) {
	p.head(fmt.Sprintf("%s %s: carried by %d, referred to by %d more", m.Kind, m.Name, len(m.Carriers), len(m.Users)))
	var last query.Hit
	for i, h := range m.Hits {
		if i == 0 || h.Product != last.Product {
			p.text("  ", "%s", p.labels[h.Product])
		}
		if h.Path != "" && (i == 0 || h.Product != last.Product || h.Path != last.Path || h.Image != last.Image) {
			p.text("    ", "%s", place(&h))
		}
		p.text("      ", "%s", deed(&h))
		last = h
	}
}

// place is the file and image of a hit.
func place(h *query.Hit) string {
	s := h.Path
	if h.Bundle != "" {
		s = "bundle " + h.Bundle + " -> " + s
	}
	if h.Image != "" {
		s += fmt.Sprintf(" -> image %s (%s, at byte %d)", h.Image.Short(), cmp.Or(h.Arch, "unknown architecture"), h.Slice)
	}
	return s
}

// deed says what a hit is and how it is known.
func deed(h *query.Hit) string {
	s := h.Deed
	if h.Address != nil {
		s += fmt.Sprintf(" at 0x%x", *h.Address)
		if h.Functions > 1 {
			s += fmt.Sprintf(" and in %s more", number(h.Functions-1, "function"))
		}
	}
	s += ", known by " + h.How
	if h.Word != "" {
		s += ", " + h.Word
	}
	if h.Mark != "" {
		s += "; mark " + h.Mark
	}
	if h.Library != "" {
		s += "; library " + short(h.Library)
	}
	return s
}
