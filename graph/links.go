package graph

import (
	"github.com/kinbom/kinbom/sbom"
)

// addLinks makes the reach edges of a product. A link of an image to itself
// says nothing about reach and is left out.
func (b *builder) addLinks(p *sbom.Product) {
	images := make(map[sbom.Digest]*sbom.Image, len(p.Images))
	for i := range p.Images {
		images[p.Images[i].Digest] = &p.Images[i]
	}
	for i := range p.Links {
		l := &p.Links[i]
		if b.symbols[l.From] || l.From == l.To {
			continue
		}
		e := Edge{From: b.image(l.From), Kind: EdgeKind(l.Kind), Product: p.ID, Load: l.Load, Method: l.How, Name: l.Name,
			Soft: l.Soft || l.Kind == sbom.LinkOpens, Seen: l.Seen}
		if l.Kind == sbom.LinkCalls {
			e.Symbols = l.Symbols
		}
		switch {
		case l.Target == sbom.TargetInside && !b.symbols[l.To]:
			e.To = b.image(l.To)
			b.edges = append(b.edges, e)
		case l.Target == sbom.TargetInside:
			b.addGap(p, e, "leads to debug symbols")
		case l.Target == sbom.TargetSystem:
			e.To = SystemNode(l.Name)
			b.addLeaf(Node{ID: e.To, Kind: NodeSystem, Label: l.Name})
			b.edges = append(b.edges, e)
		default:
			b.addLeaving(p, images, l, e)
		}
	}
}

// addLeaving resolves a reference that the product itself does not answer to.
func (b *builder) addLeaving(p *sbom.Product, images map[sbom.Digest]*sbom.Image, l *sbom.Link, e Edge) {
	found := b.family.find(images, l)
	for _, hit := range found {
		e.To, e.Method, e.Outside = b.image(hit.image), hit.how, !hit.inside
		b.edges = append(b.edges, e)
		if l.Kind == sbom.LinkLoads && len(l.Symbols) > 0 {
			c := e
			c.Kind, c.Load, c.Symbols = EdgeCalls, "", l.Symbols
			b.edges = append(b.edges, c)
		}
	}
	if len(found) > 0 {
		return
	}
	if l.Target == sbom.TargetOutside {
		e.Outside = true
		b.addGap(p, e, "outside the product and not in the input")
		return
	}
	b.addGap(p, e, "nothing in the input answers to it")
}

func (b *builder) addGap(p *sbom.Product, e Edge, why string) {
	e.To = GapNode(p.ID, e.Name)
	b.nodes = append(b.nodes, Node{ID: e.To, Kind: NodeGap, Label: e.Name, Attrs: facts("why", why)})
	b.edges = append(b.edges, e)
}
