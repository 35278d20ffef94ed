package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// page writes lines and keeps the first error.
type page struct {
	w      *bufio.Writer
	err    error
	labels map[sbom.Digest]string // what the products of the report are called
}

// newPage begins a page about a report; nil where it is about none.
func newPage(w io.Writer, r *finding.Report) *page {
	p := &page{w: bufio.NewWriter(w)}
	if r == nil {
		return p
	}
	var named []finding.Named
	for i := range r.Products {
		named = append(named, r.Products[i].Named())
	}
	p.labels = finding.Labels(named)
	return p
}

// label names a product: name and version, with its path when another product
// has the same, and with its id when that one has the same path too.
func (p *page) label(q *finding.Product) string { return p.labels[q.ID] }

func (p *page) line(s string) { p.raw(strings.TrimRight(s, " ")) }

// raw writes a line whose spaces at the end count.
func (p *page) raw(s string) {
	if p.err == nil {
		_, p.err = p.w.WriteString(s + "\n")
	}
}

// blank writes an empty line.
func (p *page) blank() { p.line("") }

// head writes the title of a section, made plain.
func (p *page) head(s string) {
	p.blank()
	p.under("", "", plain(s))
}

// text writes a paragraph, wrapped: its first line after first, its others
// after as many spaces as rest has. Everything in it is made plain.
func (p *page) text(first, format string, a ...any) {
	p.under(first, strings.Repeat(" ", width(first)), plain(fmt.Sprintf(format, a...)))
}

func (p *page) under(first, rest, s string) {
	if width(rest) > columns/2 { // a long name: what follows begins on its own line
		p.under("", "  ", first)
		first, rest = "    ", "    "
	}
	for i, l := range wrap(s, columns-width(rest)) {
		if i == 0 {
			p.line(first + l)
		} else {
			p.line(rest + l)
		}
	}
}

// table writes rows under each other; a cell that is too long is wrapped. The
// widths and one space between the columns make at most 80.
func (p *page) table(widths []int, rows [][]string) {
	for _, row := range rows {
		cells, height := make([][]string, len(row)), 1
		for i, c := range row {
			cells[i] = wrap(plain(c), widths[i])
			height = max(height, len(cells[i]))
		}
		for n := range height {
			var b strings.Builder
			for i, c := range cells {
				cell := ""
				if n < len(c) {
					cell = c[n]
				}
				b.WriteString(pad(cell, widths[i]))
				b.WriteString(" ")
			}
			p.line(b.String())
		}
	}
}

func (p *page) end() error {
	if p.err != nil {
		return fmt.Errorf("writing the report: %w", p.err)
	}
	if err := p.w.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
