package graph

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Build makes the family graph of the products. Their order does not matter,
// and a product that is given twice (same id) counts once, with the paths of
// both. The products are not changed; the graph keeps them.
//
// A reference inside a product leads to the image there. One that leaves the
// product is looked for in the other products (see outside.go). What stays
// unresolved leads to a gap node. References from or to debug symbols (dSYM)
// are not reach: the first are left out, the second lead to a gap node.
//
// The error names products that contradict themselves (sbom's Validate) and
// links of unknown kind or target; no graph is returned then. Time is
// O(n log n) in the number of images and links, plus the number of other
// products that answer to a reference which leaves its product.
func Build(products []*sbom.Product) (*Graph, error) {
	var errs []error
	for i, p := range products {
		switch {
		case p == nil:
			errs = append(errs, fmt.Errorf("building the graph: product number %d is missing", i+1))
		default:
			if err := errors.Join(p.Validate(), checkLinks(p)); err != nil {
				errs = append(errs, fmt.Errorf("building the graph: product %q: %w", p.Name, err))
			}
		}
	}
	if len(errs) > 0 {
		slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		return nil, errors.Join(errs...)
	}
	b := &builder{products: mergeProducts(products), id: map[sbom.Digest]string{}, symbols: map[sbom.Digest]bool{},
		leaves: map[string]bool{}}
	for _, p := range b.products {
		for i := range p.Images {
			if isSymbols(&p.Images[i]) {
				b.symbols[p.Images[i].Digest] = true
			}
		}
	}
	b.family = newFamily(b.products)
	for _, p := range b.products {
		b.addProduct(p)
		b.addLinks(p)
	}
	g := &Graph{Nodes: mergeNodes(b.nodes), Edges: mergeEdges(b.edges), Products: b.products}
	g.index = g.newIndex()
	return g, nil
}

func checkLinks(p *sbom.Product) error {
	for _, l := range p.Links {
		switch l.Kind {
		case sbom.LinkLoads, sbom.LinkCalls, sbom.LinkLaunches, sbom.LinkOpens:
		default:
			return fmt.Errorf("link %q of image %s is of unknown kind %q", l.Name, l.From.Short(), l.Kind)
		}
		switch l.Target {
		case sbom.TargetInside, sbom.TargetSystem, sbom.TargetOutside, sbom.TargetMissing:
		default:
			return fmt.Errorf("link %q of image %s has unknown target %q", l.Name, l.From.Short(), l.Target)
		}
	}
	return nil
}

// isSymbols reports whether an image is debug symbols: paired with another
// image, never code.
func isSymbols(m *sbom.Image) bool { return m.Type == "dsym" }

// builder collects nodes and edges; they are merged and sorted at the end.
type builder struct {
	products []*sbom.Product
	nodes    []Node
	edges    []Edge
	family   *family
	symbols  map[sbom.Digest]bool   // dSYM images
	id       map[sbom.Digest]string // node ids of images, each made once
	leaves   map[string]bool        // nodes added by addLeaf
}

func (b *builder) image(d sbom.Digest) string {
	s, ok := b.id[d]
	if !ok {
		s = ImageNode(d)
		b.id[d] = s
	}
	return s
}

// addLeaf adds a node that every product would make alike, once.
func (b *builder) addLeaf(n Node) {
	if !b.leaves[n.ID] {
		b.leaves[n.ID] = true
		b.nodes = append(b.nodes, n)
	}
}

func (b *builder) contains(from, to, name, method string) {
	b.edges = append(b.edges, Edge{From: from, To: to, Kind: EdgeContains, Name: name, Method: method})
}

func (b *builder) addProduct(p *sbom.Product) {
	b.nodes = append(b.nodes, Node{ID: ProductNode(p.ID), Kind: NodeProduct, Label: p.Name, Attrs: facts(
		"kind", string(p.Kind), "bundle-id", p.BundleID, "version", p.Version, "build", p.Build,
		"platform", p.Platform, "team-claimed", p.Team, "path", p.Paths[0])})
	h := newHolders(p)
	for i := range p.Bundles {
		u := &p.Bundles[i]
		id := BundleNode(p.ID, u.Path)
		b.nodes = append(b.nodes, Node{ID: id, Kind: NodeBundle, Label: cmp.Or(u.Name, path.Base(u.Path)), Attrs: facts(
			"kind", string(u.Kind), "role", string(u.Role), "bundle-id", u.ID, "version", u.Version)})
		b.contains(h.above(u.Path), id, u.Path, "bundle contents")
	}
	owners := symbolOwners(p)
	for i := range p.Images {
		b.addImage(h, &p.Images[i], owners)
	}
	for _, k := range p.Packages {
		id := PackageNode(k)
		b.nodes = append(b.nodes, Node{ID: id, Kind: NodePackage, Label: k.Name, Attrs: facts("type", k.Type, "version", k.Version)})
		b.contains(h.at(k.Bundle), id, k.Place, k.FoundBy)
	}
	b.addTags(p)
}

func (b *builder) addImage(h *holders, m *sbom.Image, owners map[string][]string) {
	id := b.image(m.Digest)
	uuid := m.Identity(sbom.IdentUUID)
	attrs := facts("format", m.Format, "arch", m.Arch, "type", m.Type, "size", strconv.FormatInt(m.Size, 10),
		"uuid", uuid, "install-name", m.InstallName)
	if isSymbols(m) && uuid != "" {
		if of := strings.Join(owners[uuid], " "); of != "" {
			attrs["symbols-of"] = of
		}
	}
	label := m.InstallName
	if label == "" {
		label = m.Places[0].Path
	}
	b.nodes = append(b.nodes, Node{ID: id, Kind: NodeImage, Label: path.Base(label), Attrs: attrs})
	for _, w := range m.Places {
		b.contains(h.at(w.Bundle), id, w.Path, "bundle contents")
	}
}

// symbolOwners maps a UUID to the images of the product that have it and are
// code: those that a dSYM with the same UUID belongs to.
func symbolOwners(p *sbom.Product) map[string][]string {
	owners := map[string][]string{}
	for i := range p.Images {
		m := &p.Images[i]
		if uuid := m.Identity(sbom.IdentUUID); uuid != "" && !isSymbols(m) {
			owners[uuid] = append(owners[uuid], string(m.Digest))
		}
	}
	for _, list := range owners {
		slices.Sort(list)
	}
	return owners
}

// addTags makes the capability nodes, the code units and the has edges. The
// method of a has edge is the grade, its name is the rule.
func (b *builder) addTags(p *sbom.Product) {
	for _, t := range p.Tags {
		if b.symbols[t.Image] {
			continue
		}
		from := b.image(t.Image)
		if t.Address != nil {
			unit := UnitNode(t.Image, *t.Address)
			b.nodes = append(b.nodes, Node{ID: unit, Kind: NodeUnit, Label: "0x" + strconv.FormatUint(*t.Address, 16), Attrs: facts("mark", t.Mark)})
			b.contains(from, unit, "", "code unit")
			from = unit
		}
		to := CapabilityNode(t.Capability)
		b.addLeaf(Node{ID: to, Kind: NodeCapability, Label: t.Capability})
		b.edges = append(b.edges, Edge{From: from, To: to, Kind: EdgeHas, Method: string(t.Grade), Name: t.Rule})
	}
}

// facts makes an attribute map of keys and values, without those that are empty.
func facts(list ...string) map[string]string {
	attrs := make(map[string]string, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		if list[i+1] != "" {
			attrs[list[i]] = list[i+1]
		}
	}
	return attrs
}

// holders knows the bundles of a product by path.
type holders struct {
	product sbom.Digest
	bundles map[string]bool
}

func newHolders(p *sbom.Product) *holders {
	h := &holders{product: p.ID, bundles: make(map[string]bool, len(p.Bundles))}
	for i := range p.Bundles {
		h.bundles[p.Bundles[i].Path] = true
	}
	return h
}

// at is the node of the bundle with the path, or of the next one above it that
// is known, or of the product.
func (h *holders) at(p string) string {
	if h.bundles[p] {
		return BundleNode(h.product, p)
	}
	return h.above(p)
}

// above is the node of the innermost bundle around a path, or of the product.
func (h *holders) above(p string) string {
	for p != "" {
		i := strings.LastIndexByte(p, '/')
		p = p[:max(i, 0)]
		if h.bundles[p] {
			return BundleNode(h.product, p)
		}
	}
	return ProductNode(h.product)
}
