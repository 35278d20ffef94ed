package script

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// Limits of one module.
const (
	MaxParsed = 16 << 20 // bytes of JavaScript that the parser is given; more is read token by token
	MaxFacts  = 200_000  // facts; the rest is left out, and Partial says so
	MaxText   = 16 << 10 // bytes of a text that is put together
	maxParts  = 64       // parts of such a text
	minSteps  = 1 << 18  // expressions that are looked at to follow constants, beside two for each byte
	maxDepth  = 64       // of expressions and bindings that are followed
)

// Module is what one module says.
type Module struct {
	Name     string      // "" for the file itself; of an inner module of a bundle: its name in the bundle's table
	Span     sbom.Span   // bytes of the file that it is
	Facts    []sbom.Fact // sorted by offset, kind and value; offsets count from the start of the FILE
	Requires []Require   // what it asks for, in the order of the file; each name once for each kind
	Partial  string      // why not all of it was understood, in plain words; "" when it was

	// Led is what leads to the module inside its own file, from what runs first to
	// the module itself, for modules that PyInstaller packed; nil where nothing is seen to.
	Led []string

	asksUnknown bool // for a module whose name is not known

	written map[int64]bool // where texts begin that name a file which is only written there

	number int     // among the modules of its script
	flows  []*flow // what becomes of the texts of the scripts that it is made of
}

// RequireKind is how a module asks for another file.
type RequireKind string

// Kinds of Require.
const (
	RequireModule RequireKind = "require" // require, import, export from, importScripts, a script of a page
	RequireWorker RequireKind = "worker"  // fork: runs it beside itself
	RequireThread RequireKind = "thread"  // new Worker: runs it in a thread of its own process
	RequireData   RequireKind = "data"    // reads a file of data, and puts paths together from lists
	RequirePage   RequireKind = "page"    // loadFile, preload: a window shows it
)

// Require is one module or file that a module asks for.
type Require struct {
	Kind   RequireKind
	Name   string // as written; "." stands for the module's own folder
	Offset int64  // of the name in the file
	Length int64
}

// finish sorts facts and drops what is there twice.
func (m *Module) finish() {
	slices.SortStableFunc(m.Facts, func(a, b sbom.Fact) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.How, b.How),
			cmp.Compare(a.Length, b.Length), bytes.Compare(a.Value, b.Value))
	})
	m.Facts = slices.CompactFunc(m.Facts, func(a, b sbom.Fact) bool {
		return a.Offset == b.Offset && a.Kind == b.Kind && a.How == b.How && bytes.Equal(a.Value, b.Value)
	})
	type key struct {
		kind RequireKind
		name string
	}
	slices.SortStableFunc(m.Requires, func(a, b Require) int { return cmp.Compare(a.Offset, b.Offset) })
	seen := map[key]bool{}
	m.Requires = slices.DeleteFunc(m.Requires, func(r Require) bool {
		k := key{r.Kind, r.Name}
		known := seen[k]
		seen[k] = true
		return known
	})
}

// Unit is the module as rules look at it.
func (m *Module) Unit(image sbom.Digest) *sbom.Unit {
	return &sbom.Unit{Image: image, Scope: sbom.ScopeModule, Facts: m.Facts}
}
