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
	for _, batch := range batches(r.Lineages) {
		list := some(r.Lineages, batch)
		for i, d := range s.describe(list, b) {
			l = append(l, entries(list[i], d, b, from)...)
		}
	}
	return NewBackground(l), s.unread(r)
}

// unnamedPublic is the name of code that unrelated vendors share and that
// nothing names.
const unnamedPublic = "public code without a name"

// entries makes background libraries of a lineage: one, or of Rust one for each
// crate that a function's source paths name.
func entries(l *kinship.Lineage, d *described, b *backdrop, from string) []BackgroundEntry {
	name, known, _ := b.judge(&d.tally)
	if d.own > 0 || known && strings.HasPrefix(name, "Go ") {
		return nil
	}
	r := d.rust()
	rest := unnamedPublic
	names := d.evidence()
	switch {
	case len(r.crates) > 0: // what names no crate may be of any
	case r.functions > 0 || name == standardRust:
		rest = standardRust
	case len(names) > 0 && sure(names[0].How):
		rest = withoutVersion(names[0].Name)
	}
	of := map[string]*BackgroundEntry{}
	for i := range l.Members {
		name := rest
		if c := d.of[i].crates; len(c) > 0 {
			name = "Rust crate " + c[0]
		}
		e := of[name]
		if e == nil {
			e = &BackgroundEntry{Name: name, From: from}
			of[name] = e
		}
		for _, m := range d.markAt[i] {
			if m != 0 {
				e.Marks = append(e.Marks, m)
			}
		}
		if name != unnamedPublic {
			e.Features = append(e.Features, d.of[i].text...)
		}
	}
	var out []BackgroundEntry
	for _, e := range of {
		if len(e.Marks) > 0 {
			out = append(out, *e)
		}
	}
	return out // NewBackground sorts
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
