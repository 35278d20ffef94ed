package library

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// backdrop tells background functions of one family: by the model, and by the
// names that a toolchain leaves in every program.
type backdrop struct {
	known    *Background
	number   map[string]int32 // of names that are not of the model
	names    []string
	goNames  goNames
	own      map[string]bool // publishers of the family's own Go programs
	programs []goProgram     // by image
}

// goProgram is what the build information of a Go program says.
type goProgram struct {
	publisher string   // of its main module; "": not known
	modules   []string // that it was built with, the main module not among them; longest first
}

// namedFirst is the number of the first library that is known by name.
const namedFirst = 1 << 20

func newBackdrop(known *Background) *backdrop {
	return &backdrop{known: known, number: map[string]int32{}, goNames: newGoNames(), own: map[string]bool{}}
}

// read takes what the packages of the products say about Go programs. images is
// the family in the order of the run.
func (b *backdrop) read(g *graph.Graph, images []sbom.Digest) {
	at := map[sbom.Digest]int{}
	for i, d := range images {
		at[d] = i
	}
	b.programs = make([]goProgram, len(images))
	for _, p := range g.Products {
		modules := map[string][]*sbom.Package{}
		for i := range p.Packages {
			if k := &p.Packages[i]; k.Type == "go-module" {
				modules[k.Place] = append(modules[k.Place], k)
			}
		}
		for i := range p.Images {
			n, ok := at[p.Images[i].Digest]
			for _, w := range p.Images[i].Places {
				if ok {
					b.program(&b.programs[n], modules[w.Path])
				}
			}
		}
	}
	for i := range b.programs {
		m := b.programs[i].modules
		slices.SortFunc(m, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
		b.programs[i].modules = slices.Compact(m)
	}
}

func (b *backdrop) program(x *goProgram, packages []*sbom.Package) {
	for _, k := range packages {
		if !k.Main {
			if k.Name != "stdlib" {
				x.modules = append(x.modules, k.Name)
			}
			continue
		}
		if who := publisher(k.Name); who != "" {
			x.publisher = who
			b.own[who] = true
		}
	}
}

// goLibrary says whose a Go package is: background of a name, or somebody's own.
func (b *backdrop) goLibrary(image int, p string) (name string, background bool) {
	if b.goNames.isStandard(p) {
		return standardGo, true
	}
	m := b.module(image, p)
	return "Go module " + m, m != ""
}

// module is the module of an import path when it is background: another
// publisher's than that of any program of the family. Where nothing says who
// publishes the program, only modules that anybody uses are.
func (b *backdrop) module(image int, p string) string {
	if m := b.goNames.isPublic(p); m != "" && !b.own[publisher(m)] {
		return m
	}
	if image >= len(b.programs) || b.programs[image].publisher == "" {
		return ""
	}
	for _, m := range b.programs[image].modules {
		if below(p, m) {
			if who := publisher(m); who != "" && !b.own[who] {
				return m
			}
			return ""
		}
	}
	return ""
}

const standardGo = "Go runtime and standard library"

// function reports whether a function of an image is background, and of which
// library.
func (b *backdrop) function(image int, f *fingerprint.Function) (int, bool) {
	switch f.From {
	case fingerprint.NamePclntab:
		if name, ok := b.goLibrary(image, goPackage(f.Name)); ok {
			return b.named(name), true
		}
		if b.goNames.assembly[f.Name] {
			return b.named(standardGo), true
		}
		return 0, false // its name says that it is somebody's own, whatever its mark is
	case fingerprint.NameSymbol, fingerprint.NameExported:
		if isRustStandard(rustCrate(f.Name)) {
			return b.named(standardRust), true
		}
	}
	if b.known == nil {
		return 0, false
	}
	n, ok := b.known.marks[f.Full]
	return int(n), ok
}

// ownName is the package of a function whose name says that it is the
// program's own, or "".
func (b *backdrop) ownName(image int, f *fingerprint.Function) string {
	if f.From != fingerprint.NamePclntab {
		return ""
	}
	p := goPackage(f.Name)
	if _, background := b.goLibrary(image, p); background {
		return ""
	}
	return p
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

// nameOf is the name of a background library, and how its functions are known.
func (b *backdrop) nameOf(n int) (name, how string) {
	if n >= namedFirst {
		return b.names[n-namedFirst], "by the names of its functions"
	}
	return b.known.Entries[n].Name, "by the marks of its functions"
}

// Sizes of what may stand beside known functions without being known itself:
// the linker and another version leave a few such functions in every library.
const (
	strayFunctions = 3
	strayShare     = .1
)

// least source paths of Rust that make a library background.
const (
	rustFunctions = 5   // of a library of any size, with the next
	rustShare     = .05 // of its functions
	rustFew       = 2   // of a small library whose other functions have no text at all, with the next
	rustFewShare  = .3
)

// judge says whether a static library is background, and why. One function that
// is the vendor's own is enough to say no.
func (b *backdrop) judge(t *tally) (name string, background bool, why string) {
	if t.own > 0 {
		return "", false, fmt.Sprintf("%d of its functions are of %s, which is nobody else's", t.own, t.ownName)
	}
	n, known, rest := t.most()
	r := t.rust()
	if known > 0 {
		lib, how := b.nameOf(n)
		if r.functions > 0 && !r.private && !strings.HasPrefix(lib, "Rust ") { // a library that holds Rust code is not its name
			lib = r.name()
		}
		switch {
		case rest <= strayFunctions && rest < known, float64(rest) <= strayShare*float64(len(t.of)):
			return lib, true, lib + ", " + how
		case b.known != nil && b.known.byTextIs(t.restText(), lib):
			return lib, true, lib + ", " + how + " and by the text of the others"
		}
	}
	if b.known != nil {
		if n := b.known.byText(t.features); n >= 0 {
			lib := b.known.Entries[n].Name
			return lib, true, lib + ", by its text; the marks are those of another build"
		}
	}
	if r.background(len(t.of)) {
		return r.name(), true, r.name() + ", by the source paths of " + fmt.Sprint(r.functions) + " functions"
	}
	if known > 0 {
		lib, _ := b.nameOf(n)
		return "", false, fmt.Sprintf("%d of its %d functions are those of %s; the others are not known", known, len(t.of), lib)
	}
	return "", false, "its functions are not among the background code that is known"
}
