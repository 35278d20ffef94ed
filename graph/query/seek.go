package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

// seeker looks for a word in everything that is known of the family.
type seeker struct {
	f      *Family
	asked  asked
	best   int
	found  map[[2]string]*Match // by kind and name
	broken []Unseen             // images whose code marks turned out to be damaged
}

// maxNames is how many different names that begin with a word are kept: two
// are ambiguous already, the others are for the message.
const maxNames = 64

// note keeps hits of something that the word fits at a level, unless a better
// level was met.
func (s *seeker) note(level int, kind, name string, hits ...Hit) {
	if level == fitsNot || s.best != fitsNot && level > s.best || len(hits) == 0 {
		return
	}
	if level != s.best {
		s.best = level
		clear(s.found)
	}
	key := [2]string{kind, name}
	m := s.found[key]
	if m == nil {
		if level == fitsBeginning && len(s.found) >= maxNames {
			return
		}
		m = &Match{Kind: kind, Name: name}
		s.found[key] = m
	}
	m.Hits = append(m.Hits, hits...)
}

func (s *seeker) seek() {
	for i := range s.f.libraries {
		s.library(&s.f.libraries[i])
	}
	for _, p := range s.f.graph.Products {
		s.note(s.asked.hash(string(p.ID)), KindProduct, string(p.ID), Hit{Product: p.ID, Deed: Carries, How: "digest of its files", Path: ""})
		for i := range p.Images {
			s.image(p, &p.Images[i])
		}
		for i := range p.Links {
			s.link(p, &p.Links[i])
		}
		for _, k := range p.Packages {
			hit := Hit{Product: p.ID, Deed: Carries, How: "package catalog: " + k.FoundBy, Bundle: k.Bundle, Path: k.Place}
			s.note(better(s.asked.name(k.Name), s.asked.name(k.PURL)), KindPackage, k.Name+" "+k.Version, hit)
		}
	}
	for _, c := range s.f.code(every) {
		if s.f.unread[c.Image.Digest] == "" {
			s.code(c)
		}
	}
	s.tidy()
}

// better is the better of two levels.
func better(a, b int) int {
	if a == fitsNot || b != fitsNot && b < a {
		return b
	}
	return a
}

// tidy takes out images that are found as a library of that name already.
func (s *seeker) tidy() {
	in := map[[2]sbom.Digest]bool{}
	for key, m := range s.found {
		if key[0] == KindLibrary {
			for _, h := range m.Hits {
				in[[2]sbom.Digest{h.Product, h.Image}] = true
			}
		}
	}
	for key, m := range s.found {
		if key[0] == KindImage && len(in) > 0 {
			m.Hits = slices.DeleteFunc(m.Hits, func(h Hit) bool { return in[[2]sbom.Digest{h.Product, h.Image}] })
		}
	}
}

// at are hits at all places of an image in a product.
func at(p *sbom.Product, m *sbom.Image, h Hit) []Hit {
	var out []Hit
	for _, w := range m.Places {
		h.Product, h.Image, h.Arch = p.ID, m.Digest, m.Arch
		h.Bundle, h.Path, h.Role, h.SHA256, h.Slice = w.Bundle, w.Path, string(w.Role), w.File, w.Offset
		out = append(out, h)
	}
	return out
}

// everywhere are hits at all places of an image in all products.
func (s *seeker) everywhere(image sbom.Digest, h Hit) []Hit {
	var out []Hit
	for _, c := range s.f.graph.Carriers(image) {
		out = append(out, at(c.Product, c.Image, h)...)
	}
	return out
}

func (s *seeker) library(l *library.Library) {
	id := strings.TrimPrefix(l.ID, "library:")
	level, name := s.asked.name(l.Name), l.Name
	if by := s.asked.hash(id); better(level, by) == by && by != level {
		level = by
	}
	if level == fitsNot {
		return
	}
	kind := KindLibrary
	for _, c := range l.Copies {
		h := Hit{Deed: Carries, How: fmt.Sprintf("%s library: %d of its %d functions", l.Kind, c.Functions, l.Functions), Word: string(c.Word), Functions: c.Functions, Library: l.ID}
		s.note(level, kind, name, s.everywhere(c.Image, h)...)
	}
	if len(l.Copies) == 0 {
		for _, d := range l.Images {
			h := Hit{Deed: Carries, How: l.Kind + " library: " + string(l.Rung), Word: string(library.Identical), Library: l.ID}
			s.note(level, kind, name, s.everywhere(d, h)...)
		}
	}
}

// image looks at what the file of an image says by itself.
func (s *seeker) image(p *sbom.Product, m *sbom.Image) {
	a := &s.asked
	carry := func(how string) []Hit { return at(p, m, Hit{Deed: Carries, How: how}) }
	if l := a.hash(string(m.Digest)); l != fitsNot {
		s.note(l, KindImage, string(m.Digest), carry("digest of the slice")...)
	}
	for _, i := range m.Identities {
		if l := a.hash(i.Value); l != fitsNot {
			s.note(l, KindIdentity, i.Value, carry(i.Method)...)
		}
	}
	for _, w := range m.Places {
		if l := a.hash(string(w.File)); l != fitsNot {
			one := *m
			one.Places = []sbom.Place{w}
			s.note(l, KindFile, string(w.File), at(p, &one, Hit{Deed: Carries, How: "digest of the file"})...)
		}
		if l := a.name(fileBase(w.Path)); l != fitsNot {
			one := *m
			one.Places = []sbom.Place{w}
			s.note(l, KindImage, fileBase(w.Path), at(p, &one, Hit{Deed: Carries, How: "file name"})...)
		}
	}
	if base := fileBase(m.InstallName); better(a.name(base), a.name(m.InstallName)) != fitsNot {
		s.note(better(a.name(base), a.name(m.InstallName)), KindImage, base, carry("install name "+m.InstallName)...)
	}
	for _, list := range []struct {
		kind, how string
		names     []string
	}{{KindClass, "class list", m.Classes}, {KindProtocol, "protocol list", m.Protocols}, {KindSwift, "type descriptors", m.SwiftTypes}, {KindCategory, "category list", m.Categories}} {
		for _, n := range list.names {
			l := a.name(n)
			switch list.kind {
			case KindSwift: // the type without its module
				l = better(l, a.name(n[strings.LastIndexByte(n, '.')+1:]))
			case KindCategory:
				class, _, _ := strings.Cut(n, "(")
				l = better(l, a.name(class))
			}
			if l != fitsNot {
				s.note(l, list.kind, n, carry(list.how)...)
			}
		}
	}
}

// link looks at what an image refers to.
func (s *seeker) link(p *sbom.Product, l *sbom.Link) {
	m := imageOf(p, l.From)
	if m == nil {
		return
	}
	refer := func(how string) []Hit { return at(p, m, Hit{Deed: Refers, How: how}) }
	if l.Kind == sbom.LinkLoads {
		base := fileBase(l.Name)
		if fit := better(s.asked.name(base), s.asked.name(l.Name)); fit != fitsNot {
			s.note(fit, KindLoad, base, refer(fmt.Sprintf("load command %s (%s)", l.Name, l.Target))...)
		}
	}
	if l.Kind != sbom.LinkLoads && l.Kind != sbom.LinkCalls {
		return
	}
	for _, name := range l.Symbols {
		if class := classSymbol(name); class != "" {
			if fit := s.asked.name(class); fit != fitsNot {
				s.note(fit, KindClass, class, refer("imported class, bound to "+l.Name)...)
				continue
			}
		}
		if fit := s.asked.name(strings.TrimPrefix(name, "_")); fit != fitsNot {
			s.note(fit, KindImport, strings.TrimPrefix(name, "_"), refer("bound to "+l.Name)...)
		}
	}
}

func imageOf(p *sbom.Product, d sbom.Digest) *sbom.Image {
	i := slices.IndexFunc(p.Images, func(m sbom.Image) bool { return m.Digest == d })
	if i < 0 {
		return nil
	}
	return &p.Images[i]
}
