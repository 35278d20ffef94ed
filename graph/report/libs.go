package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/kinbom/kinbom/graph/query"
	"github.com/kinbom/kinbom/sbom"
)

// LibsOptions say what the text of a list of libraries shows.
type LibsOptions struct {
	Background bool // list background libraries like the others, not by name alone
}

// Libs writes for people which libraries a family has. Of a library that was
// asked for it shows all copies and functions.
func Libs(w io.Writer, r *query.Libs, o LibsOptions) error {
	p := newQueryPage(w, &r.Head)
	p.text("", "kinbom libs: %s; code that two or more carry: %s, and %d that are background", number(len(r.Products), "product"), number(r.Kinship, "library"), r.Background)
	if r.Kinship+r.Background == 0 {
		p.blank()
		p.text("  ", "No code that two products carry was found. That is worth as much as what was looked at:")
	}
	var background []string
	for i := range r.Libraries {
		l := &r.Libraries[i]
		if l.Background && !o.Background && r.Asked == "" {
			background = append(background, fmt.Sprintf("%s (in %d)", l.Name, len(l.Carriers)))
			continue
		}
		p.library(r, l)
	}
	if len(background) > 0 {
		p.head("BACKGROUND, no kinship (--background shows more)")
		p.text("  ", "%s", strings.Join(background, ", "))
	}
	p.rests(&r.Head)
	return p.end()
}

func (p *page) library(r *query.Libs, l *query.Library) {
	p.head(l.Name)
	what := l.Kind
	if l.Functions > 0 {
		what += ", " + number(l.Functions, "function")
	}
	if l.Background {
		what = "background, no kinship; " + what
	}
	p.text("  ", "%s, %s; rung: %s; in %d of %s", what, l.Word, l.Rung, len(l.Carriers), number(len(r.Products), "product"))
	p.text("  carried by ", "%s", p.carriers(l))
	for i, n := range l.Names {
		if i == 0 || r.Asked != "" {
			p.text("  named by ", "%s", naming(&n))
		}
	}
	p.text("  background: ", "%s; %s", map[bool]string{true: "yes", false: "no"}[l.Background], l.Why)
	for _, s := range l.SameAs {
		p.text("  tied to ", "%s: %s", short(s.Library), s.Rung)
	}
	p.text("  id ", "%s", short(l.ID))
	if r.Asked != "" {
		p.copies(l)
		p.members(l)
	}
}

// short is the beginning of a library's id.
func short(id string) string { return sbom.Digest(strings.TrimPrefix(id, "library:")).Short() }

// carriers names the products, with how many functions each has where they
// differ, and the word where it is not the same for all.
func (p *page) carriers(l *query.Library) string {
	var out []string
	for _, c := range l.Carriers {
		var more []string
		if c.Functions > 0 && c.Functions < l.Functions {
			more = append(more, fmt.Sprintf("%d of %d functions", c.Functions, l.Functions))
		}
		if c.Word != l.Word {
			more = append(more, c.Word)
		}
		s := p.labels[c.Product]
		if len(more) > 0 {
			s += " (" + strings.Join(more, ", ") + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func naming(n *query.Naming) string {
	s := n.How + ": " + n.Name
	if n.Text != "" && n.Text != n.Name && !strings.Contains(n.Name, n.Text) {
		s += `, from "` + n.Text + `"`
	}
	if n.Count > 1 {
		s += fmt.Sprintf(", %d times", n.Count)
	}
	return s
}

func (p *page) copies(l *query.Library) {
	p.head("COPIES")
	for _, c := range l.Carriers {
		p.text("  ", "%s", p.labels[c.Product])
		for _, k := range c.Copies {
			functions := ""
			if l.Functions > 0 {
				functions = fmt.Sprintf("; %d of %s, %d with a mark that others have; build %d", k.Functions, number(l.Functions, "function"), k.Exact, k.Build)
			}
			p.text("    ", "%s (%s, image %s): %s%s", k.Path, k.Arch, k.Image.Short(), k.Word, functions)
		}
	}
}

func (p *page) members(l *query.Library) {
	if len(l.Members) == 0 {
		return
	}
	p.head("FUNCTIONS, in the order of the link")
	rows := [][]string{{"MARK", "IMAGES", "BYTES", "IMAGE", "ADDRESS", "NAME"}}
	for _, m := range l.Members {
		rows = append(rows, []string{m.Mark, fmt.Sprint(m.Images), fmt.Sprint(m.Size), m.Image.Short(), fmt.Sprintf("0x%x", m.Address), cmp.Or(m.Name, "-")})
	}
	p.table([]int{16, 6, 6, 12, 12, 23}, rows)
}
