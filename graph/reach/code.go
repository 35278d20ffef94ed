package reach

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// maxKept is how many functions the loader keeps beyond the program at hand.
const maxKept = 1 << 20

// maxFunctions is how many functions a program may have. The code of images
// beyond that is not known.
const maxFunctions = 4 << 20

// Loader reads marks, and keeps those of images that several programs share.
type Loader struct {
	store     Store
	calls     *callbacks
	kept      map[sbom.Digest]*code
	functions int
	most      int // functions to keep: maxKept
}

// NewLoader makes a loader over a store; nil: no code is known.
func NewLoader(store Store) *Loader {
	return &Loader{store: store, calls: newCallbacks(), kept: map[sbom.Digest]*code{}, most: maxKept}
}

// code is what is known of the code of one image.
type code struct {
	set     *fingerprint.Set
	golang  bool
	main    bool // some function is its main
	makes   bool // it makes objects whose class a text names
	nibs    bool // it loads nibs, and so makes objects whose class no code names
	starts  bool // it starts an application
	classes []class
	own     []uint32            // by function: 1 + index in classes; nil: no class
	named   map[string]uint32   // functions by name; made when it is asked for
	blocks  map[uint32][]uint32 // blocks by the function that they stand in
	block   map[uint32]bool     // functions that are such blocks
}

// class is a class or category, with names as the hashes of their features.
type class struct {
	name, super uint64
	label       string
	swift       bool // objects of it are made without naming it
	delegate    bool
	methods     []method // by selector, then function
}

type method struct {
	selector uint64
	function uint32
	callback bool
	argued   bool // it takes arguments
}

// code is the code of an image, or nil when it is not known.
func (l *Loader) code(image sbom.Digest) *code {
	if c, ok := l.kept[image]; ok {
		return c
	}
	var c *code
	if l.store != nil {
		if b, err := l.store(image); err == nil {
			if set, err := fingerprint.Read(b); err == nil && set.Image == image {
				c = newCode(set, l.calls)
			}
		}
	}
	if c != nil {
		if l.functions += len(c.set.Functions); l.functions > l.most {
			clear(l.kept)
			l.functions = len(c.set.Functions)
		}
	}
	l.kept[image] = c
	return c
}

func newCode(set *fingerprint.Set, calls *callbacks) *code {
	c := &code{set: set}
	for i := range set.Functions {
		if set.Functions[i].From == fingerprint.NamePclntab {
			c.golang = true
			break
		}
	}
	for _, r := range set.Roots {
		c.main = c.main || r.Kind == fingerprint.RootMain
	}
	c.readFeatures()
	c.readBlocks()
	if len(set.Classes) == 0 {
		return c
	}
	c.own = make([]uint32, len(set.Functions))
	for i := range set.Classes {
		k := &set.Classes[i]
		to := class{name: fingerprint.FeatureHash(fingerprint.FeatureClass, k.Name), label: k.Name,
			swift: strings.HasPrefix(k.Name, "_Tt") || strings.HasPrefix(k.Name, "$s") || strings.Contains(k.Name, ".")}
		if k.Super != "" {
			to.super = fingerprint.FeatureHash(fingerprint.FeatureClass, k.Super)
		}
		for _, m := range k.Methods {
			to.methods = append(to.methods, method{fingerprint.FeatureHash(fingerprint.FeatureSelector, m.Selector), m.Function, calls.has(m.Selector), strings.Contains(m.Selector, ":")})
			to.delegate = to.delegate || slices.Contains(launched[:], m.Selector)
			if c.own[m.Function] == 0 {
				c.own[m.Function] = uint32(i) + 1
			}
		}
		slices.SortFunc(to.methods, func(a, b method) int {
			return cmp.Or(cmp.Compare(a.selector, b.selector), cmp.Compare(a.function, b.function))
		})
		c.classes = append(c.classes, to)
	}
	return c
}

// begins reports whether it is known where the code of a program begins: at a
// main, or in objects that the system makes.
func (c *code) begins() bool { return c.main || len(c.classes) > 0 }

// readFeatures says by its names how the image makes objects.
func (c *code) readFeatures() {
	for i := range c.set.Features {
		f := &c.set.Features[i]
		switch f.Kind {
		case fingerprint.FeatureImport, fingerprint.FeatureClass:
			c.makes = c.makes || slices.Contains(makers[:], f.Text)
			c.nibs = c.nibs || slices.Contains(nibMakers[:], f.Text)
			c.starts = c.starts || slices.Contains(starters[:], f.Text)
		case fingerprint.FeatureSelector:
			c.nibs = c.nibs || slices.Contains(nibs[:], f.Text)
		}
	}
}

// byName is the function of a name, or -1. Of several, the first counts.
func (c *code) byName(name string) int32 {
	if c.named == nil {
		c.named = make(map[string]uint32, len(c.set.Functions))
		for i := range c.set.Functions {
			if n := c.set.Functions[i].Name; n != "" {
				if _, ok := c.named[n]; !ok {
					c.named[n] = uint32(i)
				}
			}
		}
	}
	if i, ok := c.named[name]; ok {
		return int32(i)
	}
	return -1
}

// at is the function that begins at an address, or -1.
func (c *code) at(address uint64) int32 {
	i, ok := slices.BinarySearchFunc(c.set.Functions, address, func(f fingerprint.Function, a uint64) int { return cmp.Compare(f.Address, a) })
	if !ok {
		return -1
	}
	return int32(i)
}

// features calls do for each feature of a function of a kind.
func (c *code) features(function int, kind fingerprint.FeatureKind, do func(f *fingerprint.Feature)) {
	for _, u := range c.set.FeaturesOf(function) {
		if f := &c.set.Features[u]; f.Kind == kind {
			do(f)
		} else if f.Kind > kind {
			return
		}
	}
}
