package library

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/kinship"
)

// LearnBackground makes a model from products of unrelated vendors: what two of
// them share is nobody's own. With a name, everything in the products is of the
// one library of that name. from says where it was learnt. Go code is left out:
// names tell it better.
func LearnBackground(g *graph.Graph, store Store, name, from string) (*Background, []Unread) {
	s := newStatic(g, collect(g), store)
	if name != "" {
		e, unread := s.everything(name, from)
		return NewBackground([]BackgroundEntry{e}), unread
	}
	b := newBackdrop(nil)
	b.read(g, s.digest)
	r := kinship.Find(s.images, kinship.Options{Thresholds: kinship.Measured(), Background: b.function})
	var l []BackgroundEntry
	for i := range r.Lineages {
		if e, ok := s.entry(&r.Lineages[i], b, from); ok {
			l = append(l, e)
		}
	}
	return NewBackground(l), s.unread(r)
}

// unnamedPublic is the name of code that unrelated vendors share and that
// nothing names.
const unnamedPublic = "public code without a name"

// entry makes a background library of a lineage.
func (s *static) entry(l *kinship.Lineage, b *backdrop, from string) (BackgroundEntry, bool) {
	d := s.describe(l, b)
	name, known, _ := b.judge(&d.tally)
	if d.own > 0 || known && strings.HasPrefix(name, "Go ") {
		return BackgroundEntry{}, false
	}
	if names := d.evidence(); name == "" {
		name = unnamedPublic
		if len(names) > 0 && sure(names[0].How) {
			name = withoutVersion(names[0].Name)
		}
	}
	e := BackgroundEntry{Name: name, From: from}
	if name != unnamedPublic {
		e.Features = d.features
	}
	for i := range l.Members {
		for _, u := range l.Members[i].Units {
			if m, ok := d.markAt[u]; ok {
				e.Marks = append(e.Marks, m)
			}
		}
	}
	return e, len(e.Marks) > 0
}

// sure reports whether a way of naming is good enough for a name that every
// user of the model will read.
func sure(how string) bool {
	switch how {
	case NamedObject, NamedPackage, NamedCrate, NamedSwift, NamedBanner:
		return true
	}
	return false
}

// withoutVersion cuts the version behind a name: a model is of all versions.
func withoutVersion(name string) string {
	words := strings.Fields(name)
	if n := len(words); n > 1 && strings.Trim(words[n-1], "v0123456789.-abcrw") == "" {
		return strings.Join(words[:n-1], " ")
	}
	return name
}

// everything makes one background library of all functions of all images.
func (s *static) everything(name, from string) (BackgroundEntry, []Unread) {
	e := BackgroundEntry{Name: name, From: from}
	var unread []Unread
	for i := range s.images {
		set, err := s.images[i].Set()
		if err != nil {
			unread = append(unread, Unread{s.digest[i], err})
			continue
		}
		least := leastOf(set.Arch)
		for k := range set.Functions {
			if f := &set.Functions[k]; f.Instructions >= least {
				e.Marks = append(e.Marks, f.Full)
			}
		}
		for k := range set.Features {
			if ownText(set.Features[k].Kind) {
				e.Features = append(e.Features, set.Features[k].Hash)
			}
		}
	}
	slices.SortFunc(unread, func(a, b Unread) int { return cmp.Compare(a.Image, b.Image) })
	return e, unread
}

// leastOf is how many instructions a function of the model has at least.
func leastOf(arch string) uint32 {
	t := kinship.Measured()
	if strings.HasPrefix(arch, "x86_64") {
		return uint32(t.LeastX86)
	}
	return uint32(t.LeastARM)
}
