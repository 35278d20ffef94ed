package fingerprint

import (
	"errors"
	"fmt"
)

// The saved form of a Set, by convention in a file marks/<image digest>.kmk.
// All numbers are little-endian; "uvarint" is the usual base-128 form of
// encoding/binary.
//
//	magic      4   "KMK\n"
//	format     2   version of this layout: Format
//	algorithm  2   version of the marks: Algorithm
//	image     32   digest of the slice
//	arch      16   name, padded with zeros
//	functions  4   number of functions
//	features   4   number of features
//	sections   4   number of entries of the table that follows, each:
//	               id 4, crc-32c of the content 4, length 8
//	contents       one behind the other, in the order of the table
//
// The sections that are needed to compare code come first and take at most 64
// bytes a function in practice; texts stand apart behind them. A reader skips
// sections whose id it does not know.
const (
	magic      = "KMK\n"
	headerSize = 4 + 2 + 2 + 32 + 16 + 4 + 4 + 4
	entrySize  = 4 + 4 + 8
	archSize   = 16
)

// Format is the version of the layout that Write writes and Read reads.
const Format = 1

// Sections of a file.
const (
	sectionFunctions = 1  // for each function: distance from the last one, size, instructions*2+same (uvarint), shape 8, full 8 unless same
	sectionFeatures  = 2  // for each kind: number (uvarint), then the sorted hashes of 8 bytes
	sectionUses      = 3  // for each function: number, then distances of sorted indices (uvarint)
	sectionCalls     = 4  // for each function: number, then zigzag(callee-caller)*4+kind (uvarint)
	sectionRoots     = 5  // number, then distance of functions and kind (uvarint)
	sectionNames     = 6  // number, then distance of functions, source (uvarint), text
	sectionTexts     = 7  // number, then distance of features (uvarint), text
	sectionClasses   = 8  // number, then texts and methods
	sectionObjects   = 9  // number, texts; then runs of functions with one object: number of functions, object (0: none; uvarint). Left out where no object is known
	sectionHosts     = 10 // number, then distance of features (uvarint), text: literals with an address of the net. Left out where there is none; older readers skip it
	sectionTables    = 11 // number of tables, of each: names (8 each), functions, tables (number, distances); then functions with tables: number, distance of each, tables (number, distances). Left out where no table is known; older readers skip it
)

// Ext is the ending of the name of a saved Set.
const Ext = ".kmk"

// ErrNotMarks says that the bytes are no saved Set at all.
var ErrNotMarks = errors.New("not a file of code marks")

// VersionError says that a saved Set is of another layout, or that its marks
// were made by another version of the algorithm: they must not be compared.
type VersionError struct{ Format, Algorithm int }

func (e *VersionError) Error() string {
	if e.Format != Format {
		return fmt.Sprintf("code marks of layout %d; this version reads layout %d", e.Format, Format)
	}
	return fmt.Sprintf("code marks of algorithm %d; this version compares only algorithm %d: scan again", e.Algorithm, Algorithm)
}

// DamageError says where a saved Set contradicts itself.
type DamageError struct {
	Section int   // id; 0: the header
	Offset  int64 // in the file
	What    string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("code marks are damaged at byte %d (section %d): %s", e.Offset, e.Section, e.What)
}

// Sizes is how many bytes a saved Set takes.
type Sizes struct {
	Code  int64 // header, marks, features, calls and roots: what comparing needs
	Texts int64 // names and texts of features
}
