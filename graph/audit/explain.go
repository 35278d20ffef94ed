package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/policy"
)

// Explanation is what a user asked to have explained.
type Explanation struct {
	Product    *finding.Product
	Capability string              // its id, also when the product does not carry it
	Carried    *finding.Capability // nil: the product does not carry it
}

// LookupError says that a word of the user names nothing, or more than one
// thing, in a report.
type LookupError struct {
	What       string   // product or capability
	Given      string   // the user's word
	Candidates []string // what it may have meant: several when ambiguous; sorted
	Ambiguous  bool
}

// Error names the candidates.
func (e *LookupError) Error() string {
	if e.Ambiguous {
		return fmt.Sprintf("%s %q is ambiguous: it may be %s", e.What, e.Given, strings.Join(e.Candidates, ", or "))
	}
	s := fmt.Sprintf("no %s %q in the report", e.What, e.Given)
	if len(e.Candidates) > 0 {
		s += "; did you mean " + strings.Join(e.Candidates, ", or ") + "?"
	}
	return s
}

// Explain finds a product and a capability in a report. The product is given
// by its path, bundle id, name or the beginning of its id (four characters or
// more); the capability by its id or the beginning of it. An exact word wins
// over one that differs by case. Its errors are *LookupError.
func Explain(r *finding.Report, product, capability string) (*Explanation, error) {
	p, err := findProduct(r, product)
	if err != nil {
		return nil, err
	}
	id, err := findCapability(r, capability)
	if err != nil {
		return nil, err
	}
	return &Explanation{Product: p, Capability: id, Carried: p.Find(id)}, nil
}

func findProduct(r *finding.Report, given string) (*finding.Product, error) {
	word := strings.TrimSuffix(given, "/")
	tests := []func(p *finding.Product) bool{
		func(p *finding.Product) bool {
			return string(p.ID) == word || p.BundleID == word || p.Name == word || slices.Contains(p.Paths, word)
		},
		func(p *finding.Product) bool {
			return strings.EqualFold(p.BundleID, word) || strings.EqualFold(p.Name, word) ||
				slices.ContainsFunc(p.Paths, func(s string) bool { return strings.EqualFold(s, word) })
		},
		func(p *finding.Product) bool { return len(word) >= 4 && strings.HasPrefix(string(p.ID), word) },
		func(p *finding.Product) bool {
			return slices.ContainsFunc(p.Paths, func(s string) bool {
				base := s[strings.LastIndex(s, "/")+1:]
				return strings.EqualFold(base, word) || strings.EqualFold(strings.TrimSuffix(base, ".app"), word)
			})
		},
	}
	for _, test := range tests {
		var met []*finding.Product
		for i := range r.Products {
			if word != "" && test(&r.Products[i]) {
				met = append(met, &r.Products[i])
			}
		}
		switch {
		case len(met) == 1:
			return met[0], nil
		case len(met) > 1:
			e := &LookupError{What: "product", Given: given, Ambiguous: true}
			for _, p := range met {
				e.Candidates = append(e.Candidates, fmt.Sprintf("%q (id %s)", p.Path, p.ID.Short()))
			}
			slices.Sort(e.Candidates)
			return nil, e
		}
	}
	return nil, unknownProduct(r, given)
}

func unknownProduct(r *finding.Report, given string) error {
	e := &LookupError{What: "product", Given: given}
	for _, o := range r.Others {
		if o.Name == given || o.BundleID == given || o.Path == given {
			e.What = "judged product"
			return e
		}
	}
	var known []string
	for _, p := range r.Products {
		known = append(known, p.Name, p.BundleID)
	}
	if s := policy.Suggest(given, known); s != "" {
		e.Candidates = []string{fmt.Sprintf("%q", s)}
	}
	return e
}

// findCapability knows the ids of the report and those of the purpose table.
func findCapability(r *finding.Report, given string) (string, error) {
	known := []string{r.Summary.Capability}
	for _, p := range r.Products {
		for _, c := range p.Capabilities {
			known = append(known, c.ID)
		}
	}
	if table, err := policy.Builtin(); err == nil {
		known = append(known, table.Capabilities()...)
	}
	known = list(known)
	word := strings.ToLower(given)
	if slices.Contains(known, word) {
		return word, nil
	}
	var met []string
	for _, k := range known {
		if word != "" && strings.HasPrefix(k, word) {
			met = append(met, k)
		}
	}
	switch {
	case len(met) == 1:
		return met[0], nil
	case len(met) > 1:
		return "", &LookupError{What: "capability", Given: given, Candidates: met, Ambiguous: true}
	}
	e := &LookupError{What: "capability", Given: given}
	if s := policy.Suggest(word, known); s != "" {
		e.Candidates = []string{s}
	}
	return "", e
}
