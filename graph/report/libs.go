package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
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
	third := ""
	if r.ThirdParty > 0 {
		third = fmt.Sprintf(" (%d of third parties)", r.ThirdParty)
	}
	p.text("", "kinbom libs: %s; code that two or more carry: %s%s, and %d that are background", number(len(r.Products), "product"), number(r.Kinship, "library"), third, r.Background)
	if r.Kinship+r.Background == 0 {
		p.blank()
		p.text("  ", "No code that two products carry was found. That is worth as much as what was looked at:")
	}
	var background []*query.Library
	section := ""
	for i := range r.Libraries {
		l := &r.Libraries[i]
		if s := sectionOf(l); s != section && r.Asked == "" && (!l.Background || o.Background) {
			section = s
			p.head(s)
		}
		if l.Background && !o.Background && r.Asked == "" {
			background = append(background, l)
			continue
		}
		p.library(r, l)
	}
	p.background(background)
	p.rests(&r.Head)
	return p.end()
}

// background lists libraries of the background by name. Found code can be several
// pieces of one library, each carried by others: they share a line.
func (p *page) background(list []*query.Library) {
	if len(list) == 0 {
		return
	}
	p.head("BACKGROUND, no kinship (--background shows more)")
	of := map[string][]*query.Library{}
	var names []string
	for _, l := range list {
		if of[l.Name] == nil {
			names = append(names, l.Name)
		}
		of[l.Name] = append(of[l.Name], l)
	}
	for _, name := range names {
		least, most := len(of[name][0].Carriers), 0
		for _, l := range of[name] {
			least, most = min(least, len(l.Carriers)), max(most, len(l.Carriers))
		}
		in := "in " + number(most, "product")
		if least < most {
			in = fmt.Sprintf("each in %d to %d products", least, most)
		} else if len(of[name]) > 1 {
			in = "each " + in
		}
		if n := len(of[name]); n > 1 {
			in = number(n, "piece") + ", " + in
		}
		p.text("  - ", "%s: %s", name, in)
	}
}

// sectionOf is the title that a library stands under; "" for what only the family
// is known to have.
func sectionOf(l *query.Library) string {
	switch {
	case l.Background:
		return "BACKGROUND, no kinship"
	case l.ThirdParty():
		return "THIRD-PARTY, of public packages: in common here, and others may have it too"
	}
	return ""
}

func (p *page) library(r *query.Libs, l *query.Library) {
	p.head(l.Name)
	what := l.Kind
	if l.Functions > 0 {
		what += ", " + functionsOf(l)
	}
	switch {
	case l.Background:
		what = "background, no kinship; " + what
	case l.ThirdParty():
		what = "third-party; " + what
	}
	p.text("  ", "%s, %s; rung: %s; in %d of %s", what, l.Word, l.Rung, len(l.Carriers), number(len(r.Products), "product"))
	p.text("  carried by ", "%s", p.carriers(l))
	for i, n := range l.Names {
		if i == 0 || r.Asked != "" {
			p.text("  named by ", "%s", naming(&n))
		}
	}
	p.text("  background: ", "%s; %s", map[bool]string{true: "yes", false: "no"}[l.Background], l.Why)
	for i, k := range l.Packages {
		if i == most && r.Asked == "" {
			p.text("  third-party: ", "and %d more; JSON has all", len(l.Packages)-i)
			break
		}
		p.text("  third-party: ", "%s, by %s: %s", k.PURL, k.How, k.Text)
	}
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

// functionsOf says how many different functions a library has, and how many of
// them an image has at most where that is another number: each architecture, and
// each version, has its own.
func functionsOf(l *query.Library) string {
	fullest, archs := 0, map[string]int{}
	for _, c := range l.Carriers {
		for _, k := range c.Copies {
			archs[k.Arch] = max(archs[k.Arch], k.Functions)
			fullest = max(fullest, k.Functions)
		}
	}
	s := number(l.Functions, "function")
	if fullest == l.Functions || fullest == 0 {
		return s
	}
	var each []string
	for _, a := range slices.Sorted(maps.Keys(archs)) {
		each = append(each, fmt.Sprintf("%d for %s", archs[a], cmp.Or(a, "an unknown architecture")))
	}
	return fmt.Sprintf("%d different functions (an image has at most %s)", l.Functions, strings.Join(each, ", "))
}

// carriers names the products, with how many functions each has where it lacks
// some that another has, and the word where it is not the same for all.
func (p *page) carriers(l *query.Library) string {
	fullest := 0
	for _, c := range l.Carriers {
		fullest = max(fullest, c.Functions)
	}
	var out []string
	for _, c := range l.Carriers {
		var more []string
		if c.Functions > 0 && c.Functions < fullest {
			more = append(more, fmt.Sprintf("%d of %d functions", c.Functions, fullest))
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
		s += ", " + counted(n)
	}
	return s
}

// counted says what the number of a naming counts: each way has its own.
func counted(n *query.Naming) string {
	switch n.How {
	case "class prefix":
		return number(n.Count, "class")
	case "symbol prefix":
		return number(n.Count, "function name")
	case "object file", "Go package", "Swift module":
		return number(n.Count, "function") + " in all copies together"
	}
	return number(n.Count, "reference") + " in all copies together"
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
