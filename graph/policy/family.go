package policy

import (
	"github.com/kinbom/kinbom/sbom"
)

// Family is a family file: which products belong to a vendor's family, what
// each is for, and what the vendor disclosed. See docs/family.md.
type Family struct {
	File        string      // name of the file, for messages
	Digest      sbom.Digest // of the file's bytes
	Vendor      string
	Match       Match
	Products    []Entry // in the order of the file
	Disclosures []Disclosure
	Background  []string // files with models of background code, relative to the family file
	NoBuiltin   bool     // the background model that ships with the tool is not used
}

// Match selects the products that are judged. Team ids and bundle ids are
// claims of the files; nothing is verified.
type Match struct {
	Team   []string // exact team ids
	Bundle []string // bundle ids; * and ? are wildcards
}

// Entry is one product that the family file lists. Exactly one of Bundle, Path
// and Name is set.
type Entry struct {
	Bundle  string // bundle id; * and ? are wildcards
	Path    string // as found under the input, without a slash at its end; * and ? are wildcards
	Name    string // display name, exactly
	Purpose string // a token of the purpose table, or "": ask
	Note    string // for people
	Line    int    // in the file
}

// Key is the text by which the entry finds its product.
func (e Entry) Key() string {
	switch {
	case e.Bundle != "":
		return e.Bundle
	case e.Path != "":
		return e.Path
	}
	return e.Name
}

// Disclosure is a statement of the vendor about some of its products.
type Disclosure struct {
	Products   []string // bundle ids; * and ? are wildcards
	Capability string
	Text       string // what was said; may be "" when there is a URL
	URL        string
	Date       string // YYYY-MM-DD, or ""
}

// Selection says whether a product is judged.
type Selection struct {
	Judged  bool
	Why     string // why it is, or is not
	Entry   int    // index into Family.Products, or -1: the file does not list it
	Purpose string // "" when none is given
}

// Select says whether a product belongs to the family. A product that an entry
// lists belongs to it; so does one whose team id or bundle id is matched;
// without a match section every product does. A nil family judges every
// product and knows no purpose.
func (f *Family) Select(p *sbom.Product) Selection {
	s := Selection{Judged: true, Why: "no family file: every product is judged", Entry: -1}
	if f == nil {
		return s
	}
	if s.Entry = f.entryOf(p); s.Entry >= 0 {
		s.Why, s.Purpose = "listed in the family file", f.Products[s.Entry].Purpose
		return s
	}
	switch {
	case len(f.Match.Team) == 0 && len(f.Match.Bundle) == 0:
		s.Why = "the family file matches every product"
	case p.Team != "" && contains(f.Match.Team, p.Team):
		s.Why = "claims the team id " + p.Team
	case p.BundleID != "" && matchesAny(f.Match.Bundle, p.BundleID):
		s.Why = "has a matching bundle id"
	default:
		s.Judged, s.Why = false, "neither its team id nor its bundle id is matched by the family file"
	}
	return s
}

// entryOf finds the entry of a product: an exact one before one with
// wildcards, then the first in the file.
func (f *Family) entryOf(p *sbom.Product) int {
	for _, wild := range []bool{false, true} {
		for i, e := range f.Products {
			if e.Name == "" && isGlob(e.Key()) != wild || e.Name != "" && wild {
				continue
			}
			if e.matches(p) {
				return i
			}
		}
	}
	return -1
}

func (e Entry) matches(p *sbom.Product) bool {
	switch {
	case e.Bundle != "":
		return p.BundleID != "" && glob(e.Bundle, p.BundleID)
	case e.Path != "":
		for _, path := range p.Paths {
			if path == e.Path || isGlob(e.Path) && glob(e.Path, path) {
				return true
			}
		}
		return false
	}
	return e.Name == p.Name
}

func matchesAny(globs []string, s string) bool {
	for _, g := range globs {
		if glob(g, s) {
			return true
		}
	}
	return false
}

// disclosure returns the first disclosure of a capability that covers the
// product, or nil.
func (f *Family) disclosure(p *sbom.Product, capability string) *Disclosure {
	if f == nil || p.BundleID == "" {
		return nil
	}
	for i := range f.Disclosures {
		d := &f.Disclosures[i]
		if d.Capability == capability && matchesAny(d.Products, p.BundleID) {
			return d
		}
	}
	return nil
}
