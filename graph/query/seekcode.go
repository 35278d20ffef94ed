package query

import (
	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// sources says how the name of a function is known.
var sources = [...]string{fingerprint.NameSymbol: "symbol table", fingerprint.NameMethod: "Objective-C method list",
	fingerprint.NamePclntab: "Go line table", fingerprint.NameExported: "export trie"}

func sourceOf(f *fingerprint.Function) string {
	if int(f.From) < len(sources) && sources[f.From] != "" {
		return sources[f.From]
	}
	return "code marks"
}

// code looks at the code marks of an image.
func (s *seeker) code(c graph.Carrier) {
	set, err := s.f.set(c.Image.Digest)
	if err != nil {
		s.broken = append(s.broken, Unseen{c.Image.Digest, c.Image.Arch, c.Product.ID, c.Image.Places[0].Path, err.Error()})
		return
	}
	s.functions(set)
	s.methods(set)
	s.features(set)
}

func (s *seeker) functions(set *fingerprint.Set) {
	a := &s.asked
	var packages group
	for i := range set.Functions {
		f := &set.Functions[i]
		if l := better(a.fitsMark(f.Full), a.fitsMark(f.Shape)); l != fitsNot {
			m, how := f.Full, "full mark"
			if a.fitsMark(f.Full) != l {
				m, how = f.Shape, "shape mark"
			}
			if f.Full == f.Shape {
				how = "full and shape mark"
			}
			if f.Name != "" {
				how += " of " + f.Name
			}
			s.note(l, KindMark, m.String(), s.function(set, i, how)...)
		}
		if f.Name == "" {
			continue
		}
		if l := a.name(f.Name); l != fitsNot {
			s.note(l, KindFunction, f.Name, s.function(set, i, sourceOf(f))...)
		}
		if f.From == fingerprint.NamePclntab {
			if p := goPackage(f.Name); a.name(p) != fitsNot {
				packages.add(p, i)
			}
		}
	}
	packages.each(func(name string, first, n int) {
		hits := s.function(set, first, "Go line table")
		for i := range hits {
			hits[i].Functions, hits[i].Mark, hits[i].Library = n, "", ""
		}
		s.note(a.name(name), KindGoPackage, name, hits...)
	})
}

// function is a hit on one function, at all places of its image.
func (s *seeker) function(set *fingerprint.Set, i int, how string) []Hit {
	f := &set.Functions[i]
	at := f.Address
	h := Hit{Deed: Carries, How: how, Address: &at, Mark: f.Full.String()}
	for k := range s.f.libraries {
		if l := &s.f.libraries[k]; l.Kind == library.KindStatic && l.Has(set.Image, at) {
			h.Library = l.ID
			break
		}
	}
	return s.everywhere(set.Image, h)
}

// methods looks for selectors and classes among the implemented methods.
func (s *seeker) methods(set *fingerprint.Set) {
	for i := range set.Classes {
		c := &set.Classes[i]
		for _, m := range c.Methods {
			if l := s.asked.name(m.Selector); l != fitsNot {
				s.note(l, KindSelector, m.Selector, s.function(set, int(m.Function), "Objective-C method list, class "+c.Name)...)
			}
		}
	}
}

// references are the features that are names.
var references = [fingerprint.FeatureKindCount]struct{ kind, how string }{
	fingerprint.FeatureImport:   {KindImport, "a reference in code"},
	fingerprint.FeatureSelector: {KindSelector, "a message sent in code"},
	fingerprint.FeatureClass:    {KindClass, "a class reference in code"},
}

// features looks for names that functions refer to. One hit stands for all
// functions of an image that do.
func (s *seeker) features(set *fingerprint.Set) {
	fit := map[uint32]int{}
	for k := range set.Features {
		f := &set.Features[k]
		if references[f.Kind].kind == "" {
			continue
		}
		if l := s.asked.name(f.Text); l != fitsNot {
			fit[uint32(k)] = l
		}
	}
	if len(fit) == 0 {
		return
	}
	first, count := map[uint32]int{}, map[uint32]int{}
	for i := range set.Functions {
		for _, k := range set.FeaturesOf(i) {
			if fit[k] == fitsNot {
				continue
			}
			if count[k] == 0 {
				first[k] = i
			}
			count[k]++
		}
	}
	for k := range set.Features {
		n := uint32(k)
		if count[n] == 0 {
			continue
		}
		f, r := &set.Features[k], references[set.Features[k].Kind]
		address := set.Functions[first[n]].Address
		h := Hit{Deed: Refers, How: r.how, Address: &address, Functions: count[n]}
		s.note(fit[n], r.kind, f.Text, s.everywhere(set.Image, h)...)
	}
}

// group counts functions by a name, in the order of the first of each.
type group struct {
	names []string
	first map[string]int
	count map[string]int
}

func (g *group) add(name string, function int) {
	if g.first == nil {
		g.first, g.count = map[string]int{}, map[string]int{}
	}
	if g.count[name] == 0 {
		g.names = append(g.names, name)
		g.first[name] = function
	}
	g.count[name]++
}

func (g *group) each(do func(name string, first, n int)) {
	for _, name := range g.names {
		do(name, g.first[name], g.count[name])
	}
}
