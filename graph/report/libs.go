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
	p.builds(l, r.Asked != "")
	for _, s := range l.SameAs {
		if s.Word == "" {
			p.text("  tied to ", "%s: %s", short(s.Library), s.Rung)
			continue
		}
		p.text("  "+s.Word+" ", "%s has %s of its text; not shared", p.libraryName(r, s.Library), percent(s.Score))
	}
	for _, s := range l.Similar {
		p.text("  "+s.Word+" ", "%s has %s of its text and none of its functions (%s); not shared", p.labels[s.Product], percent(s.Text), s.Path)
	}
	p.text("  id ", "%s", short(l.ID))
	if r.Asked != "" {
		p.copies(l)
		p.members(l)
	}
}

// builds says how the builds of a library are tied, in both directions: the
// fullest with each other one, or all pairs of a library that was asked for.
func (p *page) builds(l *query.Library, all bool) {
	at := map[int]*query.Build{}
	for i := range l.Builds {
		at[l.Builds[i].Number] = &l.Builds[i]
	}
	for i := range l.Builds {
		b := &l.Builds[i]
		if i > 0 && !all {
			break
		}
		n := 0
		for _, t := range b.Ties {
			o := at[t.Build]
			if o == nil || t.Build < b.Number {
				continue
			}
			if n++; n > most {
				p.text("  builds ", "and %d more", len(b.Ties)-most)
				break
			}
			back := query.BuildTie{}
			for _, k := range o.Ties {
				if k.Build == b.Number {
					back = k
				}
			}
			p.text("  builds ", "%d (%s) and %d (%s): %s; %s of the %s of %d are in %d, %s with an equal mark; %s of the %s of %d are in %d, %s with an equal mark",
				b.Number, b.Arch, o.Number, o.Arch, t.Word, percent(t.Score), number(b.Functions, "function"), b.Number, o.Number, percent(t.Exact),
				percent(back.Score), number(o.Functions, "function"), o.Number, b.Number, percent(back.Exact))
		}
	}
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// libraryName is the name of a library of the answer, else its id.
func (p *page) libraryName(r *query.Libs, id string) string {
	for i := range r.Libraries {
		if r.Libraries[i].ID == id {
			return r.Libraries[i].Name + " (" + short(id) + ")"
		}
	}
	return short(id)
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
