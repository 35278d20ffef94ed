package query

import (
	"cmp"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Head is what every result begins with.
type Head struct {
	Schema   string      `json:"schema"`
	Tool     Tool        `json:"tool"`
	Rules    sbom.Digest `json:"rules"`
	Model    *Model      `json:"backgroundModel"` // null: background was told by names alone
	Inputs   []Input     `json:"inputs"`
	Products []Product   `json:"products"` // all that were asked, sorted by path
	Coverage Coverage    `json:"coverage"`
}

// Tool names what made the result.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Model names the background model in force.
type Model struct {
	Digest    sbom.Digest `json:"digest"`    // of its saved form
	Libraries int         `json:"libraries"` // that it knows
}

// Input is one input as it was given to the scan.
type Input struct {
	Path   string      `json:"path"`
	Kind   string      `json:"kind"`
	SHA256 sbom.Digest `json:"sha256"`
	Files  int         `json:"files"`
	Bytes  int64       `json:"bytes"`
}

// Product is one product that was asked.
type Product struct {
	ID       sbom.Digest `json:"id"`
	Name     string      `json:"name"`
	Kind     string      `json:"kind"`
	BundleID string      `json:"bundleId"`
	Version  string      `json:"version"`
	Path     string      `json:"path"` // the first where it was met
}

func compareProducts(a, b Product) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.ID), string(b.ID)))
}

// Coverage says what a result rests on: a negative is worth as much as this.
type Coverage struct {
	Files      int      `json:"files"` // met, those of no product too
	Analysed   int      `json:"analysed"`
	Skipped    int      `json:"skipped"`
	Unreadable int      `json:"unreadable"`
	Reasons    []Reason `json:"reasons"`
	Images     int      `json:"images"`   // different ones that are code
	Compared   int      `json:"compared"` // of those, with code marks that could be read
	Unseen     []Unseen `json:"unseen"`   // the others; sorted by product path, path, image
	Gaps       []Gap    `json:"gaps"`
}

// Reason is why files were skipped or unreadable.
type Reason struct {
	Status string `json:"status"`
	Why    string `json:"why"`
	Count  int    `json:"count"`
}

// Unseen is an image whose functions could not be looked at. Its file, its names
// and what it loads were, unless a gap says otherwise.
type Unseen struct {
	Image   sbom.Digest `json:"image"`
	Arch    string      `json:"arch"`
	Product sbom.Digest `json:"product"` // the first that carries it
	Path    string      `json:"path"`
	Why     string      `json:"why"`
}

// Gap is something that could not be looked at.
type Gap struct {
	Product sbom.Digest `json:"product,omitempty"` // absent: of no product
	Path    string      `json:"path"`              // in the product, or under the input
	Image   sbom.Digest `json:"image,omitempty"`
	Kind    string      `json:"kind"`
	Why     string      `json:"why"`
	Count   int         `json:"count"`
}

// Complete reports whether nothing was left out: every image's functions were
// seen, no file was unreadable or of a kind of code that is not looked at, and
// there is no gap.
func (c *Coverage) Complete() bool {
	for _, r := range c.Reasons {
		if strings.HasSuffix(r.Why, "not looked at") {
			return false
		}
	}
	return c.Unreadable == 0 && c.Images == c.Compared && len(c.Gaps) == 0
}
