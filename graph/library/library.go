// Package library finds which nodes carry the same library: it adds library
// nodes and same-as edges to a graph and lists what it found. Two builds of one
// library stay two libraries with a same-as edge; nothing is merged by name.
package library

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Rung is a step of the sameness ladder (model, section 2).
type Rung string

// The ladder, strongest first. RungCopied stands on it for the output only: it
// says that one of two signatures does not belong to its content, it never
// makes one library of two, and it is no kinship.
const (
	RungBytes    Rung = "same bytes"
	RungCDHash   Rung = "same cdhash"
	RungUnsigned Rung = "same without signature"
	RungCopied   Rung = "same cdhash, other content" // no sameness: see contradicted
	RungUUID     Rung = "same UUID"
	RungText     Rung = "same code section"
	RungName     Rung = "same name and version"
	RungUnits    Rung = "share of common code units"
	RungEvidence Rung = "share of common text" // no sameness: similar evidence
)

// Library is code that two or more products carry.
type Library struct {
	ID         string // "library:<digest>"
	Kind       string // dynamic, static
	Name       string
	Background bool          // runtime, toolchain or widely known open-source code: not kinship
	Why        string        // what says that it is, or is not, background
	Rung       Rung          // weakest rung that ties its copies
	Images     []sbom.Digest // sorted
	Files      []sbom.Digest // of the files that hold them, sorted
	Products   []sbom.Digest // that carry it, sorted; at least two
	SameAs     []SameAs      // sorted by library
	Packages   []Package     // of public registries that it is of, sorted; background or not

	// Of static libraries only.
	Functions int            // code units, in all copies together
	Copies    []Copy         // one for each image, sorted by it
	Builds    []Build        // by number; their ties are same-as ties within the library
	Alike     []Copy         // images with some of its text and none of its functions, sorted: no carriers
	Names     []NameEvidence // what names it, best first
	Member    []MemberOf     // its functions, in link order
	Units     []Unit         // all units of all copies, sorted
}

// Kinds of libraries.
const (
	KindDynamic = "dynamic" // an image that two or more products carry
	KindStatic  = "static"  // code that was linked into images of two or more products
)

// Has reports whether a code unit belongs to a static library.
func (l *Library) Has(image sbom.Digest, address uint64) bool {
	_, found := slices.BinarySearchFunc(l.Units, Unit{image, address}, func(a, b Unit) int {
		return cmp.Or(strings.Compare(string(a.Image), string(b.Image)), cmp.Compare(a.Address, b.Address))
	})
	return found
}

// SameAs ties a library to another that is not the same.
type SameAs struct {
	Library string
	Rung    Rung
	Word    Word    // "" where the rung says all
	Score   float64 // share of the first library's units (RungUnits) or own text (RungEvidence) that the other has
}
