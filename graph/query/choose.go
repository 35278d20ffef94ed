package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Choose finds one product by its path, bundle id, name or the beginning of its
// id (four characters or more). An exact word wins over one that differs by
// case. The error is a *WordError.
func Choose(products []*sbom.Product, word string) (*sbom.Product, error) {
	given := word
	word = strings.TrimSuffix(word, "/")
	tests := []func(p *sbom.Product) bool{
		func(p *sbom.Product) bool {
			return string(p.ID) == word || p.BundleID == word || p.Name == word || slices.Contains(p.Paths, word)
		},
		func(p *sbom.Product) bool {
			return strings.EqualFold(p.BundleID, word) || strings.EqualFold(p.Name, word)
		},
		func(p *sbom.Product) bool { return begins(word, string(p.ID)) },
		func(p *sbom.Product) bool {
			return slices.ContainsFunc(p.Paths, func(s string) bool {
				return strings.EqualFold(fileBase(s), word) || strings.EqualFold(strings.TrimSuffix(fileBase(s), ".app"), word)
			})
		},
	}
	for _, test := range tests {
		met := map[sbom.Digest]*sbom.Product{}
		var names []string
		for _, p := range products {
			if word != "" && test(p) {
				met[p.ID] = p
				names = append(names, fmt.Sprintf("%s (id %s)", p.Paths[0], p.ID.Short()))
			}
		}
		switch {
		case len(met) > 1:
			return nil, &WordError{What: "product", Given: given, Candidates: candidates(names), Ambiguous: true}
		case len(met) == 1:
			for _, p := range met {
				return p, nil
			}
		}
	}
	return nil, &WordError{What: "product", Given: given}
}
