package macho

import "github.com/kinbom/kinbom/sbom"

// Level is how deep a file is read.
type Level int

// Levels.
const (
	// Full reads everything.
	Full Level = iota
	// Basic reads the structure only: header, load commands, identities,
	// loads, rpaths, builds, signature and the number of symbols. It uses no
	// foreign code and walks no table twice. It is for files whose Full
	// reading killed a child process. A gap says what was left out.
	Basic
)

// Options bounds the reading of one file. Zero fields stand for the defaults.
type Options struct {
	Level Level

	// Digest is that of the whole file, when the caller knows it: then a thin
	// file is not hashed again. It is taken at its word.
	Digest sbom.Digest

	MaxStrings  int // facts that one slice may give; default 1<<20
	MaxImports  int // imported names; default 1<<18
	MaxExports  int // exported names; default 1<<20
	MaxSymbols  int // symbol table entries looked at; default 1<<23
	MaxBinds    int // bind opcodes' locations walked; default 1<<22
	MaxObjects  int // Objective-C and Swift records followed; default 1<<18
	MaxCommands int // load commands; default 1<<14
	MaxDepth    int // nodes from the root of an export trie; default 2048
	MaxRefs     int // references to other code kept; default 4096
}

// Limits that are not worth an option.
const (
	maxSlices      = 64        // slices of a universal file
	maxGaps        = 32        // located gaps of one slice; more are counted in the last
	maxName        = 32 << 10  // bytes of one symbol, class or selector name
	maxBadNames    = 4096      // symbols without a name after which the symbol table is given up
	maxEntitlement = 1 << 20   // bytes of an entitlement property list
	maxPlistDepth  = 32        // nesting of an entitlement value
	maxBlobs       = 64        // blobs of a code signature
	maxReference   = 1024      // bytes of a literal that is looked at as a reference
	minString      = 2         // shortest literal of a string section that is kept
	minRun         = 4         // shortest printable run of a constant section that is kept between zero bytes
	minLooseRun    = 6         // and elsewhere, where shorter ones are mostly numbers
	maxRun         = 64 << 10  // longest piece of a run; longer runs are cut with an overlap
	runOverlap     = 1 << 10   // bytes that two pieces of a cut run share
	spareAllowance = 1 << 20   // bytes of shared names beyond the size of the slice
	maxExportBytes = 256 << 20 // bytes of all exported names together
)

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		v *int
		n int
	}{
		{&o.MaxStrings, 1 << 20}, {&o.MaxImports, 1 << 18}, {&o.MaxExports, 1 << 20}, {&o.MaxSymbols, 1 << 23},
		{&o.MaxBinds, 1 << 22}, {&o.MaxObjects, 1 << 18}, {&o.MaxCommands, 1 << 14}, {&o.MaxDepth, 2048}, {&o.MaxRefs, 4096},
	} {
		if *d.v <= 0 {
			*d.v = d.n
		}
	}
	return o
}
