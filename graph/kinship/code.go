package kinship

import (
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// code is what comparing needs of an image, without marks, names and texts: it is
// a fifth of the Set that it was made from.
type code struct {
	functions []function
	uses      []uint32 // features, by function: see featuresOf
	calls     []uint32 // callees, by function: see calleesOf
	features  []feature
}

// function is one function of a code.
type function struct {
	instructions     uint32
	useEnd, callsEnd uint32 // where its parts of uses and calls end
}

// feature is one thing that functions refer to. Features are sorted by kind, then hash.
type feature struct {
	hash  uint64
	kind  fingerprint.FeatureKind
	users uint32 // number of the image's functions that use it
}

// sizes in memory, in bytes
const (
	functionBytes = 12
	featureBytes  = 16
	indexBytes    = 4
)

func newCode(s *fingerprint.Set) *code {
	c := &code{
		functions: make([]function, len(s.Functions)),
		uses:      make([]uint32, 0, len(s.Uses)),
		calls:     make([]uint32, 0, len(s.Calls)),
		features:  make([]feature, len(s.Features)),
	}
	for i := range s.Features {
		c.features[i] = feature{hash: s.Features[i].Hash, kind: s.Features[i].Kind}
	}
	for i := range s.Functions {
		c.uses = append(c.uses, s.FeaturesOf(i)...)
		for _, k := range s.CallsOf(i) {
			c.calls = append(c.calls, k.Callee)
		}
		c.functions[i] = function{s.Functions[i].Instructions, uint32(len(c.uses)), uint32(len(c.calls))}
	}
	for _, u := range c.uses {
		c.features[u].users++
	}
	return c
}

// bytes is how much memory it takes.
func (c *code) bytes() int64 {
	return functionBytes*int64(cap(c.functions)) + featureBytes*int64(cap(c.features)) + indexBytes*int64(cap(c.uses)+cap(c.calls))
}

// featuresOf lists the features of a function, sorted, each once.
func (c *code) featuresOf(i uint32) []uint32 {
	from := uint32(0)
	if i > 0 {
		from = c.functions[i-1].useEnd
	}
	return c.uses[from:c.functions[i].useEnd]
}

// calleesOf lists the functions that a function calls, in the order of the calls.
func (c *code) calleesOf(i uint32) []uint32 {
	from := uint32(0)
	if i > 0 {
		from = c.functions[i-1].callsEnd
	}
	return c.calls[from:c.functions[i].callsEnd]
}

// own counts the telling features that these functions use and no other function
// of the image does, and calls do for each.
func (c *code) own(funcs []uint32, d *desk, do func(hash uint64)) (n uint32) {
	d.tally(c, funcs, func(u, inside uint32) {
		if f := &c.features[u]; inside == f.users && Telling(f.kind) {
			do(f.hash)
			n++
		}
	})
	return n
}

// used calls do for each telling feature that these functions use.
func (c *code) used(funcs []uint32, d *desk, do func(hash uint64)) {
	d.tally(c, funcs, func(u, _ uint32) {
		if f := &c.features[u]; Telling(f.kind) {
			do(f.hash)
		}
	})
}
