package policy

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/kinbom/kinbom/sbom"
)

// Parse reads a family file. name is used in messages. Everything that it does
// not know is an error: each complaint is a *FormatError with its line and,
// where a word comes near a known one, what may have been meant. Nothing is
// returned along with an error.
func Parse(data []byte, name string) (*Family, error) {
	table, err := Builtin()
	if err != nil {
		return nil, err
	}
	r := &reader{file: name}
	root := r.document(data)
	if root == nil {
		return nil, r.err()
	}
	f := &Family{File: name, Digest: sbom.DigestOf(data)}
	r.fields(root, "family file", []string{"vendor", "match", "products", "disclosures", "background", "builtin-background"}, func(k string, v *yaml.Node) {
		switch k {
		case "vendor":
			f.Vendor = r.text(v, k)
		case "match":
			f.Match = r.match(v)
		case "products":
			for _, n := range r.items(v, k) {
				f.Products = append(f.Products, r.entry(n, table))
			}
		case "disclosures":
			for _, n := range r.items(v, k) {
				f.Disclosures = append(f.Disclosures, r.disclosure(n, table))
			}
		case "background":
			f.Background = r.texts(v, k)
		case "builtin-background":
			switch s := r.text(v, k); s {
			case "true":
			case "false":
				f.NoBuiltin = true
			default:
				r.bad(v, "", "builtin-background is %q: true or false is wanted", s)
			}
		}
	})
	if f.Vendor == "" && len(r.errs) == 0 {
		r.bad(nil, "", "names no vendor")
	}
	r.doubles(f.Products)
	if err := r.err(); err != nil {
		return nil, err
	}
	return f, nil
}

var teamForm = regexp.MustCompile(`^[A-Z0-9]{10}$`)

func (r *reader) match(n *yaml.Node) Match {
	var m Match
	r.fields(n, "match", []string{"team", "bundle"}, func(k string, v *yaml.Node) {
		if k == "bundle" {
			m.Bundle = r.patterns(v, k)
			return
		}
		m.Team = r.texts(v, k)
		for _, t := range m.Team {
			if !teamForm.MatchString(t) {
				r.bad(v, "", "team %q is not a team id (ten capital letters and digits)", t)
			}
		}
	})
	return m
}

// patterns returns a list of patterns of bundle ids. One that no bundle id can
// fit would select nothing without a word, so it is a complaint with its line.
func (r *reader) patterns(n *yaml.Node, what string) []string {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	for _, c := range list {
		i := strings.IndexFunc(c.Value, notInBundleID)
		if c.Kind == yaml.ScalarNode && c.Tag != "!!null" && i >= 0 {
			s, _ := utf8.DecodeRuneInString(c.Value[i:])
			r.bad(c, "", "%s %q can match nothing: a bundle id holds no %q (* and ? are the only wildcards)", what, c.Value, s)
		}
	}
	return r.texts(n, what)
}

// notInBundleID reports a character that is in no bundle id (Apple,
// CFBundleIdentifier: letters, digits, hyphen, dot; the underscore is met) and
// is no wildcard.
func notInBundleID(c rune) bool {
	return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("-._*?", c)
}

func (r *reader) entry(n *yaml.Node, table *Table) Entry {
	e := Entry{Line: n.Line}
	ok := r.fields(n, "product", []string{"bundle", "path", "name", "purpose", "note"}, func(k string, v *yaml.Node) {
		s := r.text(v, k)
		switch k {
		case "bundle":
			e.Bundle = s
		case "path":
			e.Path = strings.TrimSuffix(s, "/")
		case "name":
			e.Name = s
		case "note":
			e.Note = s
		case "purpose":
			e.Purpose = s
			if _, known := table.Purpose(s); s != "" && !known {
				r.bad(v, Suggest(s, table.Tokens()), "unknown purpose %q", s)
			}
		}
	})
	given := 0
	for _, s := range []string{e.Bundle, e.Path, e.Name} {
		if s != "" {
			given++
		}
	}
	if ok && given != 1 {
		r.bad(n, "", "product: give exactly one of bundle, path and name, not %d", given)
	}
	return e
}

// doubles complains about entries that name the same product.
func (r *reader) doubles(entries []Entry) {
	seen := map[[3]string]int{}
	for _, e := range entries {
		if e.Key() == "" {
			continue
		}
		k := [3]string{strings.ToLower(e.Bundle), e.Path, e.Name}
		if line, ok := seen[k]; ok {
			r.bad(&yaml.Node{Line: e.Line}, "", "product %q is listed twice, first in line %d", e.Key(), line)
			continue
		}
		seen[k] = e.Line
	}
}

var capabilityForm = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*$`)

func (r *reader) disclosure(n *yaml.Node, table *Table) Disclosure {
	var d Disclosure
	keys := []string{"products", "capability", "text", "url", "date"}
	ok := r.fields(n, "disclosure", keys, func(k string, v *yaml.Node) {
		if k == "products" {
			d.Products = r.patterns(v, k)
			return
		}
		s := r.text(v, k)
		switch k {
		case "capability":
			d.Capability = s
			r.capability(v, s, table)
		case "text":
			d.Text = s
		case "url":
			d.URL = s
			if u, err := url.Parse(s); s != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
				r.bad(v, "", "url %q is not an http or https address", s)
			}
		case "date":
			d.Date = s
			if _, err := time.Parse(time.DateOnly, s); s != "" && err != nil {
				r.bad(v, "", "date %q is not a day written YYYY-MM-DD", s)
			}
		}
	})
	if !ok {
		return d
	}
	if len(d.Products) == 0 || d.Capability == "" {
		r.bad(n, "", "disclosure: products and capability are needed")
	}
	if d.Text == "" && d.URL == "" {
		r.bad(n, "", "disclosure: a text or a url is needed")
	}
	return d
}

// capability complains about an id that is malformed or that comes near a
// known one. Other ids are allowed: rules can be added.
func (r *reader) capability(n *yaml.Node, id string, table *Table) {
	known := table.Capabilities()
	switch {
	case id == "" || slices.Contains(known, id):
	case !capabilityForm.MatchString(id):
		r.bad(n, Suggest(strings.ToLower(id), known), "%q is not a capability id", id)
	case Suggest(id, known) != "":
		r.bad(n, Suggest(id, known), "unknown capability %q", id)
	}
}
