package kinship

import (
	"errors"
	"fmt"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Result is what the family shares.
type Result struct {
	Lineages []Lineage // sorted by their first unit
	Similar  []Similar // lineages that have some of the same text and are not one; sorted by A, then B
	Gaps     []Unread  // images whose marks could not be read, by image
}

// Similar says that two lineages talk of the same things: they have some of the
// same rare text, and their functions are not the same. That is no kinship.
type Similar struct {
	A, B         int     // indices into Lineages, A < B
	TextA, TextB float64 // share of the own text of each that the other has too
}

// Unread is an image that could not be compared, or of which some functions were
// left out (*CrowdError).
type Unread struct {
	Image int // index into the images given
	Err   error
}

// CrowdError says that functions of an image were left out: the family has more
// different sets of carriers than there is room for.
type CrowdError struct{ Functions int }

func (e *CrowdError) Error() string {
	return fmt.Sprintf("%d of its functions were not compared: the family has too many different sets of products that share a function", e.Functions)
}

var errNobody = errors.New("no product carries it")

// Lineage is code that two or more products carry and that belongs together: a
// static library, in all its copies.
type Lineage struct {
	Members    []Member // functions; in the link order of the fullest copy as far as it has them
	Copies     []Copy   // sorted by image
	Background int      // number of the background library, -1: none
}

// Member is one function in all its copies.
type Member struct {
	Units []Unit // sorted by image, then function; the same mark may be in one image twice
}

// Unit is a function of an image.
type Unit struct {
	Image    uint32 // index into the images given
	Function uint32 // index into the Set's Functions
	How      How
}

// How is what ties a unit to its member.
type How uint8

// Ways in which a unit is tied, surest first.
const (
	Exact   How = iota + 1 // its full mark is that of another unit
	ByText                 // it refers to the same rare things
	ByPlace                // it lies between the same neighbours
	ByCalls                // the same functions call it
)

// Copy is the part of a lineage that lies in one image.
type Copy struct {
	Image uint32
	Build int     // copies of one build have equal marks, or lack some of them; 0 is the fullest copy's
	Units int     // members that it has; 0: it has some of the same text and no function that was paired, so it is no carrier
	Exact int     // of those, with a mark that the fullest copy of its build has too
	Text  float64 // share of the fullest copy's own rare features that it has; 0 where it was not asked
}

// markOf is what equal functions have in common. The number of instructions
// takes part, so that a collision of marks needs equal lengths too.
func markOf(f *fingerprint.Function) uint64 {
	return uint64(f.Full) ^ uint64(f.Instructions)*0x9e3779b97f4a7c15
}
