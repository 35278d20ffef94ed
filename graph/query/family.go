package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Schemas of the results. Within a version fields are only added.
const (
	LibsSchema    = "kinbom.libs/1"
	WhoSchema     = "kinbom.who/1"
	CompareSchema = "kinbom.compare/1"
)

// ErrNoProduct says that there is nothing to ask.
var ErrNoProduct = errors.New("the input holds no product")

// Options are what a query may use beside the scan.
type Options struct {
	Version    string              // of kinbom
	Marks      library.Store       // code marks of the images; nil: none
	Background *library.Background // code that is no kinship; nil: told by names alone
}

// Family is what queries are asked of: the products of a scan, their graph, and
// the libraries found in it. It does not change.
type Family struct {
	options   Options
	scans     []*sbom.Scan
	inputs    []Input
	rules     sbom.Digest
	graph     *graph.Graph
	libraries []library.Library
	coverage  Coverage
	unread    map[sbom.Digest]string // images without usable code marks, and why
}

// Open prepares queries of one or more scans together. It fails with
// ErrNoProduct when they hold no product.
func Open(scans []*sbom.Scan, o Options) (*Family, error) {
	f := &Family{options: o, inputs: []Input{}, unread: map[sbom.Digest]string{}}
	var products []*sbom.Product
	for _, s := range scans {
		products = append(products, s.Products...)
		f.rules = max(f.rules, s.Rules)
		for _, i := range s.Inputs {
			f.inputs = append(f.inputs, Input{Path: i.Path, Kind: i.Kind, SHA256: i.Digest, Files: i.Files, Bytes: i.Bytes})
		}
	}
	if len(products) == 0 {
		return nil, ErrNoProduct
	}
	slices.SortFunc(f.inputs, func(a, b Input) int {
		return strings.Compare(a.Path+"\x00"+string(a.SHA256), b.Path+"\x00"+string(b.SHA256))
	})
	f.inputs = slices.Compact(f.inputs)
	var err error
	if f.graph, err = graph.Build(products); err != nil {
		return nil, err
	}
	var unread []library.Unread
	f.libraries, unread = library.Find(f.graph, library.Options{Store: o.Marks, Background: o.Background})
	for _, u := range unread {
		f.unread[u.Image] = u.Err.Error()
	}
	f.scans = scans
	f.coverage = f.cover(every)
	return f, nil
}

// set reads the code marks of an image; nil where there are none.
func (f *Family) set(d sbom.Digest) (*fingerprint.Set, error) {
	if f.options.Marks == nil {
		return nil, library.ErrNoMarks
	}
	b, err := f.options.Marks(d)
	if err != nil {
		return nil, err
	}
	s, err := fingerprint.Read(b)
	if err != nil {
		return nil, err
	}
	if s.Image != d {
		return nil, fmt.Errorf("code marks of image %s lie where those of %s should", s.Image.Short(), d.Short())
	}
	return s, nil
}

// head begins a result.
func (f *Family) head(schema string) Head {
	h := Head{Schema: schema, Tool: Tool{Name: "kinbom", Version: f.options.Version}, Rules: f.rules, Inputs: f.inputs, Coverage: f.coverage, Products: []Product{}}
	if m := f.options.Background; m != nil {
		h.Model = &Model{Digest: m.Digest(), Libraries: len(m.Entries)}
	}
	for _, p := range f.graph.Products {
		h.Products = append(h.Products, Product{ID: p.ID, Name: p.Name, Kind: string(p.Kind), BundleID: p.BundleID, Version: p.Version, Path: p.Paths[0]})
	}
	slices.SortFunc(h.Products, compareProducts)
	return h
}

// every is all products.
func every(sbom.Digest) bool { return true }

// code lists the images of the products that are in and that are code, each
// once, sorted by digest.
func (f *Family) code(in func(product sbom.Digest) bool) []graph.Carrier {
	var out []graph.Carrier
	seen := map[sbom.Digest]bool{}
	for _, p := range f.graph.Products {
		for i := range p.Images {
			if m := &p.Images[i]; m.Type != "dsym" && !seen[m.Digest] && in(p.ID) {
				seen[m.Digest] = true
				out = append(out, graph.Carrier{Product: p, Image: m})
			}
		}
	}
	slices.SortFunc(out, func(a, b graph.Carrier) int { return strings.Compare(string(a.Image.Digest), string(b.Image.Digest)) })
	return out
}
