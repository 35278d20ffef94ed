package library

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/kinship"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// backdrop tells background functions of one family: by the model, and by the
// names that a toolchain leaves in every program.
type backdrop struct {
	known  *Background
	number map[string]int32 // of names that are not of the model
	names  []string
}

// namedFirst is the number of the first library that is known by name.
const namedFirst = 1 << 20

func newBackdrop(known *Background) *backdrop {
	return &backdrop{known: known, number: map[string]int32{}}
}

// function reports whether a function is background, and of which library.
func (b *backdrop) function(_ int, f *fingerprint.Function) (int, bool) {
	if f.From == fingerprint.NamePclntab {
		if p := goPackage(f.Name); standardGo(p) {
			return b.named("Go runtime and standard library"), true
		}
	}
	if f.From == fingerprint.NameSymbol || f.From == fingerprint.NameExported {
		switch rustCrate(f.Name) {
		case "std", "core", "alloc", "compiler_builtins", "hashbrown", "rustc_demangle", "gimli", "addr2line", "miniz_oxide", "object", "memchr", "panic_unwind", "unwind":
			return b.named("Rust standard library"), true
		}
	}
	if b.known == nil {
		return 0, false
	}
	n, ok := b.known.marks[f.Full]
	return int(n), ok
}

// standardGo reports whether an import path is of Go's own packages: their
// first element has no dot, and is not the program itself.
func standardGo(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return p != "" && first != "main" && !strings.Contains(first, ".") && !strings.ContainsAny(first, "(*[ ")
}

func (b *backdrop) named(name string) int {
	n, ok := b.number[name]
	if !ok {
		n = int32(namedFirst + len(b.names))
		b.number[name] = n
		b.names = append(b.names, name)
	}
	return int(n)
}

// judge says whether a static library is background, and why.
func (b *backdrop) judge(n int, features []uint64) (name string, background bool, why string) {
	switch {
	case n >= namedFirst:
		return b.names[n-namedFirst], true, b.names[n-namedFirst] + ", by the names of its functions"
	case n >= 0:
		return b.known.Entries[n].Name, true, fmt.Sprintf("%s, by the marks of its functions", b.known.Entries[n].Name)
	}
	if b.known != nil {
		if n := b.known.byText(features); n >= 0 {
			return b.known.Entries[n].Name, true, fmt.Sprintf("%s, by its text; the marks are those of another build", b.known.Entries[n].Name)
		}
	}
	return "", false, "its functions are not among the background code that is known"
}

// LearnBackground makes a model from products of unrelated vendors: what two of
// them share is nobody's own. With a name, everything in the products is of the
// one library of that name. from says where it was learnt.
func LearnBackground(g *graph.Graph, store Store, name, from string) (*Background, []Unread) {
	s := newStatic(g, collect(g), store)
	if name != "" {
		e, unread := s.everything(name, from)
		return NewBackground([]BackgroundEntry{e}), unread
	}
	r := kinship.Find(s.images, kinship.Options{Thresholds: kinship.Measured()})
	var l []BackgroundEntry
	for i := range r.Lineages {
		if e, ok := s.entry(&r.Lineages[i], from); ok {
			l = append(l, e)
		}
	}
	return NewBackground(l), s.unread(r)
}

// entry makes a background library of a lineage.
func (s *static) entry(l *kinship.Lineage, from string) (BackgroundEntry, bool) {
	d := s.describe(l)
	names := d.evidence()
	e := BackgroundEntry{Name: nameOf(names, d.marks), From: from, Features: d.features}
	for i := range l.Members {
		for _, u := range l.Members[i].Units {
			if m, ok := d.markAt[u]; ok {
				e.Marks = append(e.Marks, m)
			}
		}
	}
	return e, len(e.Marks) > 0
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
		t := kinship.Measured()
		for k := range set.Functions {
			if f := &set.Functions[k]; float64(f.Instructions) >= t.LeastARM {
				e.Marks = append(e.Marks, f.Full)
			}
		}
		for k := range set.Features {
			if kinship.Telling(set.Features[k].Kind) {
				e.Features = append(e.Features, set.Features[k].Hash)
			}
		}
	}
	slices.SortFunc(unread, func(a, b Unread) int { return cmp.Compare(a.Image, b.Image) })
	return e, unread
}
