package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kinbom/kinbom/graph/query"
)

// Compare writes for people what two sides share, in both directions, and what
// only one of them has.
func Compare(w io.Writer, r *query.Comparison) error {
	p := newQueryPage(w, &r.Head)
	p.text("", "kinbom compare: A is %s (%s), B is %s (%s)", r.A.Label, number(len(r.A.Products), "product"), r.B.Label, number(len(r.B.Products), "product"))
	p.shares(r)
	p.changes(r)
	p.between(r)
	for _, s := range r.Similar {
		p.text("  "+s.Word+" ", "%s has %s of the text of %s and none of its functions; not shared", p.labels[s.Product], percent(s.Text), s.Name)
	}
	p.ties(r)
	p.only("ONLY IN A, as far as was looked", &r.OnlyA)
	p.only("ONLY IN B, as far as was looked", &r.OnlyB)
	p.rests(&r.Head)
	return p.end()
}

func (p *page) shares(r *query.Comparison) {
	p.head("SHARED, in both directions")
	a, b := &r.AinB, &r.BinA
	rows := [][]string{{"", "OF A, B HAS", "OF B, A HAS"}}
	row := func(name string, x, wholeX, y, wholeY int) {
		rows = append(rows, []string{"  " + name, part(x, wholeX), part(y, wholeY)})
	}
	row("files of code, same bytes", a.SameFiles, a.Files, b.SameFiles, b.Files)
	row("images, same bytes", a.SameImages, a.Images, b.SameImages, b.Images)
	row("images, tied below that", a.TiedImages, a.Images, b.TiedImages, b.Images)
	row("functions, same mark", a.Exact, a.Functions, b.Exact, b.Functions)
	row("functions, kin by other signs", a.Kin, a.Functions, b.Kin, b.Functions)
	row("of those functions, background", a.Background, a.Exact+a.Kin, b.Background, b.Exact+b.Kin)
	p.table([]int{30, 24, 24}, rows)
}

// part is a number of a whole, with its share.
func part(n, whole int) string {
	if whole == 0 {
		return "none of 0"
	}
	return fmt.Sprintf("%d of %d (%.1f %%)", n, whole, 100*float64(n)/float64(whole))
}

// changes shows which product is which, and of which libraries one has
// functions that the other lacks.
func (p *page) changes(r *query.Comparison) {
	p.head("PRODUCTS, and libraries of which one side lacks functions")
	same, quiet := 0, 0
	for _, q := range r.Pairs {
		switch {
		case q.B == "":
			p.text("  - ", "only in A: %s", p.labels[q.A])
		case q.A == "":
			p.text("  - ", "only in B: %s", p.labels[q.B])
		case q.Tie == query.PairFiles:
			same++
		case len(q.Lost)+len(q.New) == 0:
			quiet++
		default:
			p.text("  - ", "%s -> %s (%s)", p.labels[q.A], p.labels[q.B], q.Tie)
			for _, h := range q.Lost {
				p.text("    ", "in A %s: B has %d of its %s", h.Name, h.Found, number(h.Functions, "function"))
			}
			for _, h := range q.New {
				p.text("    ", "in B %s: A has %d of its %s", h.Name, h.Found, number(h.Functions, "function"))
			}
		}
	}
	if same > 0 {
		p.text("  ", "%s the same files on both sides.", number(same, "product")+verb(same, " has", " have"))
	}
	if quiet > 0 {
		p.text("  ", "%s all functions of the other side's shared libraries.", number(quiet, "pair")+verb(quiet, " has", " have"))
	}
}

func (p *page) between(r *query.Comparison) {
	p.head("LIBRARIES OF BOTH")
	if len(r.Libraries) == 0 {
		p.text("  ", "None was found.")
		return
	}
	rows := [][]string{{"LIBRARY OF A", "KIND", "IN A", "IN B", "OF ITS FUNCTIONS B HAS"}}
	var background []string
	for _, l := range r.Libraries {
		if l.Background {
			background = append(background, l.Name)
			continue
		}
		rows = append(rows, []string{l.Name, l.Kind, fmt.Sprint(len(l.InA)), fmt.Sprint(len(l.InB)), part(l.Found, l.Functions)})
	}
	if len(rows) > 1 {
		p.table([]int{28, 8, 5, 5, 30}, rows)
	}
	if len(background) > 0 {
		p.text("  ", "Background, no kinship (%d): %s", len(background), strings.Join(background, ", "))
	}
}

func (p *page) ties(r *query.Comparison) {
	n := 0
	for _, t := range r.Images {
		if t.A == t.B {
			continue
		}
		if n++; n == 1 {
			p.head("IMAGES TIED BELOW SAME BYTES")
		}
		if n <= most {
			p.text("  - ", "%s (%s): %s as %s", t.PathA, t.Arch, t.Rung, t.PathB)
		}
	}
	p.left(n, "image")
}

func (p *page) only(title string, o *query.Only) {
	var libraries []string
	for _, l := range o.Libraries {
		s := l.Name
		if l.Background {
			s += " (background)"
		}
		libraries = append(libraries, fmt.Sprintf("%s in %d", s, max(len(l.InA), len(l.InB))))
	}
	first := true
	for _, f := range []struct {
		name string
		list []string
	}{{"libraries", libraries}, {"classes", o.Classes}, {"types", o.Types}, {"packages", o.Packages}, {"loads", o.Loads}} {
		if len(f.list) == 0 {
			continue
		}
		if first {
			p.head(title)
			first = false
		}
		shown := f.list[:min(len(f.list), most)]
		more := ""
		if left := len(f.list) - len(shown); left > 0 {
			more = fmt.Sprintf("; and %d more in JSON", left)
		}
		p.text("  "+pad(f.name, 10)+" ", "%s%s", strings.Join(shown, "; "), more)
	}
}
