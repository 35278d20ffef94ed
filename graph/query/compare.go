package query

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

// Comparison is the answer to: what do two products or two releases share?
type Comparison struct {
	Head
	A         Side       `json:"a"`
	B         Side       `json:"b"`
	AinB      Share      `json:"aInB"` // of A's, what B has
	BinA      Share      `json:"bInA"` // of B's, what A has
	Pairs     []Pair     `json:"pairs"`
	Images    []ImageTie `json:"images"`    // images of both, or tied on the sameness ladder; sorted by paths
	Libraries []Between  `json:"libraries"` // that a product of each side carries; kinship first
	OnlyA     Only       `json:"onlyA"`
	OnlyB     Only       `json:"onlyB"`
}

// Side is one of the two that are compared.
type Side struct {
	Label    string        `json:"label"`    // the user's word
	Products []sbom.Digest `json:"products"` // sorted by path
}

// Share counts, in one direction, what one side has and the other has too. All
// numbers are of different images and of functions in them; functions that are
// too short to tell anything are left out.
type Share struct {
	Files      int `json:"files"`     // different files of code
	SameFiles  int `json:"sameFiles"` // of those, the other side has the same bytes
	Images     int `json:"images"`
	SameImages int `json:"sameImages"` // the other side has the same bytes
	TiedImages int `json:"tiedImages"` // not the same bytes, but tied on a lower step of the ladder
	Functions  int `json:"functions"`
	Exact      int `json:"exact"`      // the other side has a function with the same full mark
	Kin        int `json:"kin"`        // not exact, but paired by text, place or calls
	Background int `json:"background"` // of exact and kin, those in a library that is background
}

// Pair is a product of A with its counterpart in B.
type Pair struct {
	A      sbom.Digest `json:"a,omitempty"` // absent: only B has it
	B      sbom.Digest `json:"b,omitempty"` // absent: only A has it
	Tie    string      `json:"tie"`         // same files, same bundle id, same path, or none
	Gained []string    `json:"gained"`      // ids of libraries that B's product carries and A's does not
	Lost   []string    `json:"lost"`        // the other way round: not met in B's product, which is no proof that it is gone
}

// Ties of a pair.
const (
	PairFiles  = "same files"
	PairBundle = "same bundle id"
	PairPath   = "same path"
	PairAsked  = "as asked"
	PairNone   = "none"
)

// ImageTie says that an image of A and one of B are the same on a step of the
// ladder. Of several the strongest is told, once for each image of A.
type ImageTie struct {
	A     sbom.Digest `json:"a"`
	B     sbom.Digest `json:"b"`
	PathA string      `json:"pathA"` // product and path in it
	PathB string      `json:"pathB"`
	Arch  string      `json:"arch"`
	Rung  string      `json:"rung"`
}

// Between is a library that both sides carry.
type Between struct {
	ID         string        `json:"id"`
	Kind       string        `json:"kind"`
	Name       string        `json:"name"`
	Background bool          `json:"background"`
	Rung       string        `json:"rung"`
	Word       string        `json:"word"` // weakest word of its copies on both sides
	Functions  int           `json:"functions"`
	FunctionsA int           `json:"functionsA"` // of the fullest copy of each side
	FunctionsB int           `json:"functionsB"`
	InA        []sbom.Digest `json:"inA"`
	InB        []sbom.Digest `json:"inB"`
}

// Only is what one side has and the other does not, as far as it was looked at.
// Libraries are those found in two or more products of the side.
type Only struct {
	Libraries []Between `json:"libraries"`
	Classes   []string  `json:"classes"` // Objective-C
	Types     []string  `json:"types"`   // Swift
	Packages  []string  `json:"packages"`
	Loads     []string  `json:"loads"` // libraries of the system
}

// Compare compares products. Each list has one or more ids of products of the
// family; a product may be on both sides. asked says that the user named one
// product on each side: then they are a pair whatever they are called.
func (f *Family) Compare(a, b []sbom.Digest, labelA, labelB string, asked bool) (*Comparison, error) {
	out := &Comparison{Head: f.head(CompareSchema), A: Side{labelA, f.byPath(a)}, B: Side{labelB, f.byPath(b)}}
	x, y := f.side(out.A.Products), f.side(out.B.Products)
	out.Images = f.ties(x, y)
	var err error
	if out.AinB, out.BinA, err = f.shares(x, y, out.Images); err != nil {
		return nil, err
	}
	out.Libraries, out.OnlyA.Libraries, out.OnlyB.Libraries = f.between(x, y)
	out.Pairs = f.pairs(out.A.Products, out.B.Products, asked)
	only(x, y, &out.OnlyA)
	only(y, x, &out.OnlyB)
	return out, nil
}

// Products lists all products by id: one side of a comparison of inputs.
func Products(s *sbom.Scan) []sbom.Digest {
	var out []sbom.Digest
	for _, p := range s.Products {
		out = append(out, p.ID)
	}
	return out
}

func (f *Family) byPath(ids []sbom.Digest) []sbom.Digest {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b sbom.Digest) int {
		return cmp.Or(strings.Compare(f.graph.Product(a).Paths[0], f.graph.Product(b).Paths[0]), strings.Compare(string(a), string(b)))
	})
	return slices.Compact(ids)
}

// sided is one side with what it holds.
type sided struct {
	ids                             map[sbom.Digest]bool
	products                        []*sbom.Product
	images                          map[sbom.Digest]string // code -> product and path of its first place
	order                           []sbom.Digest          // of images, by that path, then digest
	files                           map[sbom.Digest]bool
	classes, types, packages, loads map[string]bool
}

func (f *Family) side(ids []sbom.Digest) *sided {
	s := &sided{ids: map[sbom.Digest]bool{}, images: map[sbom.Digest]string{}, files: map[sbom.Digest]bool{},
		classes: map[string]bool{}, types: map[string]bool{}, packages: map[string]bool{}, loads: map[string]bool{}}
	for _, id := range ids {
		p := f.graph.Product(id)
		s.ids[id] = true
		s.products = append(s.products, p)
		for i := range p.Images {
			s.image(p, &p.Images[i])
		}
		for _, k := range p.Packages {
			s.packages[strings.TrimSpace(k.Name+" "+k.Version)] = true
		}
		for i := range p.Links {
			if l := &p.Links[i]; l.Kind == sbom.LinkLoads && l.Target == sbom.TargetSystem {
				s.loads[l.Name] = true
			}
		}
	}
	for d := range s.images {
		s.order = append(s.order, d)
	}
	slices.SortFunc(s.order, func(a, b sbom.Digest) int {
		return cmp.Or(strings.Compare(s.images[a], s.images[b]), strings.Compare(string(a), string(b)))
	})
	return s
}

func (s *sided) image(p *sbom.Product, m *sbom.Image) {
	if m.Type == "dsym" {
		return
	}
	if _, ok := s.images[m.Digest]; !ok {
		s.images[m.Digest] = placed(p, m.Places[0].Path)
	}
	for _, w := range m.Places {
		s.files[w.File] = true
	}
	for _, c := range m.Classes {
		s.classes[c] = true
	}
	for _, t := range m.SwiftTypes {
		s.types[t] = true
	}
}

// placed is the path of a file as found under the input.
func placed(p *sbom.Product, rel string) string {
	if p.Kind == sbom.KindExecutable {
		return p.Paths[0]
	}
	return strings.TrimSuffix(p.Paths[0], "/") + "/" + rel
}

// pairs joins products of A with those of B: same files first, then the same
// bundle id, then the same path. A bundle id or path that a side has twice ties
// nothing.
func (f *Family) pairs(a, b []sbom.Digest, asked bool) []Pair {
	taken := map[sbom.Digest]Pair{} // by A's
	used := map[sbom.Digest]bool{}
	join := func(tie string, key func(*sbom.Product) string) {
		x, y := f.keyed(a, key), f.keyed(b, key)
		for k, id := range x {
			if other := y[k]; id != "" && other != "" && taken[id].Tie == "" && !used[other] {
				taken[id] = Pair{A: id, B: other, Tie: tie}
				used[other] = true
			}
		}
	}
	join(PairFiles, func(p *sbom.Product) string { return string(p.ID) })
	if asked && len(a) == 1 && len(b) == 1 {
		join(PairAsked, func(*sbom.Product) string { return "asked" })
	}
	join(PairBundle, func(p *sbom.Product) string { return p.BundleID })
	join(PairPath, func(p *sbom.Product) string { return p.Paths[0] })
	out := []Pair{}
	for _, id := range a {
		pair := taken[id]
		if pair.Tie == "" {
			pair = Pair{A: id, Tie: PairNone}
		}
		out = append(out, f.changes(pair))
	}
	for _, id := range b {
		if !used[id] {
			out = append(out, f.changes(Pair{B: id, Tie: PairNone}))
		}
	}
	return out
}

// keyed maps keys to the one product that has each; "" where several do.
func (f *Family) keyed(ids []sbom.Digest, key func(*sbom.Product) string) map[string]sbom.Digest {
	out := map[string]sbom.Digest{}
	for _, id := range ids {
		k := key(f.graph.Product(id))
		if _, twice := out[k]; twice {
			id = ""
		}
		if k != "" {
			out[k] = id
		}
	}
	return out
}

// changes lists the libraries that one product of a pair has and the other
// lacks. The same framework built anew is no change: where a library is tied to
// one that the other has, neither is told.
func (f *Family) changes(p Pair) Pair {
	p.Gained, p.Lost = []string{}, []string{}
	if p.A == "" || p.B == "" {
		return p
	}
	for i := range f.libraries {
		l := &f.libraries[i]
		inA, inB := f.has(l, p.A), f.has(l, p.B)
		switch {
		case l.Background || inA == inB:
		case inA && !f.hasTied(l, p.B):
			p.Lost = append(p.Lost, l.ID)
		case inB && !f.hasTied(l, p.A):
			p.Gained = append(p.Gained, l.ID)
		}
	}
	return p
}

func (f *Family) has(l *library.Library, product sbom.Digest) bool {
	_, ok := slices.BinarySearch(l.Products, product)
	return ok
}

// hasTied reports whether a product carries a library that is tied to l.
func (f *Family) hasTied(l *library.Library, product sbom.Digest) bool {
	for _, s := range l.SameAs {
		i, ok := slices.BinarySearchFunc(f.libraries, s.Library, func(l library.Library, id string) int { return strings.Compare(l.ID, id) })
		if ok && f.has(&f.libraries[i], product) {
			return true
		}
	}
	return false
}

// only lists the names that x has and y has not.
func only(x, y *sided, out *Only) {
	less := func(a, b map[string]bool) []string {
		l := []string{}
		for n := range a {
			if !b[n] {
				l = append(l, n)
			}
		}
		slices.Sort(l)
		return l
	}
	out.Classes, out.Types = less(x.classes, y.classes), less(x.types, y.types)
	out.Packages, out.Loads = less(x.packages, y.packages), less(x.loads, y.loads)
}
