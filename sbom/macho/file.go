package macho

import (
	"errors"

	"github.com/kinbom/kinbom/sbom"
)

// ErrNotMachO says that the input is neither a Mach-O nor a universal file.
var ErrNotMachO = errors.New("not a Mach-O file")

// File is what one file says.
type File struct {
	Fat    bool       // a universal file, even when it holds one slice
	Slices []Slice    // in file order of the table
	Gaps   []sbom.Gap // of the universal header itself; as in Slice.Gaps

	// Archives are the slices that are static archives. They are not read here:
	// each has a gap with its offset.
	Archives []Archive
}

// Archive is where a static archive lies in a universal file.
type Archive struct{ Offset, Size int64 }

// Slice is what one architecture of a file says. Byte slices in it alias the
// input.
type Slice struct {
	// Image is what is saved of the slice. Places is empty: the caller knows
	// the path. For a thin file Digest is also the digest of the whole file.
	Image      sbom.Image
	Offset     int64       // of the slice in the file
	Exports    []string    // exported names, sorted, with the leading underscore of the file
	Imports    []Import    // sorted by ordinal, then name
	Unit       sbom.Unit   // facts at image scope, in file order within each kind
	References []Reference // literals that name other code, by offset
	Gaps       []sbom.Gap  // Path is empty; Offset counts from the start of the FILE

	Constructors int // functions that run at load (module initialisers)
	LoadMethods  int // classes and categories whose +load runs at load

	Division []Division // how Code divided the code into functions; nil before

	src *slice // for Code; nil at level Basic
}

// Import is one name that the slice takes from elsewhere.
type Import struct {
	Name    string // with the leading underscore of the file
	Ordinal int    // 1 is Image.Loads[0]; or one of the Ordinal constants
	Weak    bool   // may be absent at run time
}

// Ordinals that name no library of the load list.
const (
	OrdinalSelf = 0  // the image itself
	OrdinalMain = -1 // the main executable
	OrdinalFlat = -2 // whichever loaded image has the name
	OrdinalWeak = -3 // found at run time among all definitions (C++ coalescing)
)

// Reference is a literal that names other code: a path to a library or bundle,
// or something shaped like a bundle id.
type Reference struct {
	Value   string
	Section string // "__TEXT,__cstring"
	Offset  int64  // of the literal in the slice
}

// ReadBytes reads a file from its bytes, which must not change while the
// result is in use. The error is ErrNotMachO, or says that the header cannot
// be read; all other trouble is in the gaps.
func ReadBytes(b []byte, o Options) (*File, error) {
	o = o.withDefaults()
	if isFat(b) {
		return readFat(b, o)
	}
	if !isThin(b) {
		return nil, ErrNotMachO
	}
	s, err := readSlice(b, 0, o)
	if err != nil {
		return nil, err
	}
	return &File{Slices: []Slice{*s}}, nil
}
