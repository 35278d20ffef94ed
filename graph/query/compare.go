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
	Images    []ImageTie `json:"images"`            // images of both, or tied on the sameness ladder; sorted by paths
	Libraries []Between  `json:"libraries"`         // that a product of each side carries; kinship first
	Similar   []Apart    `json:"similar,omitempty"` // libraries of one side of which a product of the other has some text and no function: not shared
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
	A    sbom.Digest `json:"a,omitempty"` // absent: only B has it
	B    sbom.Digest `json:"b,omitempty"` // absent: only A has it
	Tie  string      `json:"tie"`         // same files, as asked, same bundle id, same path, or none
	Lost []Held      `json:"lost"`        // libraries of A's product of which B's lacks functions: not found, which is no proof that they are gone
	New  []Held      `json:"new"`         // libraries of B's product of which A's lacks functions
}

// Held says how much of a library's copy in one product another product has,
// as static code or in an image of its own. Of several copies, such as those for
// two architectures, the one of which most is there counts.
type Held struct {
	Library   string `json:"library"` // id
	Name      string `json:"name"`
	Functions int    `json:"functions"` // of the copy
	Found     int    `json:"found"`     // of those, the other product has
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

// Between is a library of one side, and which products of the other have it: at
// least five functions of a copy, or all. The numbers of functions have a
// direction: how much of a copy on the library's own side the other side has.
type Between struct {
	ID         string        `json:"id"`
	Kind       string        `json:"kind"`
	Name       string        `json:"name"`
	Background bool          `json:"background"`
	Functions  int           `json:"functions"` // of the copy of which the other side has most
	Found      int           `json:"found"`     // of those, the fullest product of the other side has
	InA        []sbom.Digest `json:"inA"`       // sorted by path
	InB        []sbom.Digest `json:"inB"`
}

// Apart is similar evidence: a product of one side has some of the text of a
// library that the other side carries, and none of its functions.
type Apart struct {
	ID      string      `json:"id"` // of the library
	Name    string      `json:"name"`
	Product sbom.Digest `json:"product"`
	Word    string      `json:"word"` // SIMILAR EVIDENCE
	Text    float64     `json:"text"` // share of the library's own text
}

// apart lists similar evidence between the two sides, in both directions.
func (f *Family) apart(x, y *sided) []Apart {
	var out []Apart
	for i := range f.libraries {
		l := &f.libraries[i]
		for _, s := range f.similar(l) {
			for _, id := range l.Products {
				if x.ids[id] && y.ids[s.Product] || y.ids[id] && x.ids[s.Product] {
					out = append(out, Apart{ID: l.ID, Name: cmp.Or(l.Name, l.ID), Product: s.Product, Word: s.Word, Text: s.Text})
					break
				}
			}
		}
	}
	return slices.Compact(out) // an image may lie in several places
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

// Case is what is compared.
type Case struct {
	All            *Family       // holds the products of both sides
	A, B           *Family       // each side's own family: its libraries are those that are told; nil: All
	InA, InB       []sbom.Digest // the products of each side, one or more; a product may be on both
	LabelA, LabelB string        // what the user calls them
}

// Compare compares two sides. A side whose family has one product alone takes
// the libraries of both sides together, since a library is what two products
// carry.
func Compare(c Case) (*Comparison, error) {
	f := c.All
	for _, own := range []**Family{&c.A, &c.B} {
		if *own == nil || len((*own).graph.Products) < 2 {
			*own = f
		}
	}
	out := &Comparison{Head: f.head(CompareSchema), A: Side{c.LabelA, f.byPath(c.InA)}, B: Side{c.LabelB, f.byPath(c.InB)}}
	x, y := f.side(out.A.Products), f.side(out.B.Products)
	in := func(id sbom.Digest) bool { return x.ids[id] || y.ids[id] }
	out.Head.Products = slices.DeleteFunc(out.Head.Products, func(p Product) bool { return !in(p.ID) })
	out.Coverage = f.cover(in)
	out.Images, out.Similar = f.ties(x, y), f.apart(x, y)
	p := f.paired(x, y)
	var err error
	if out.AinB, out.BinA, err = f.shares(p, x, y, out.Images); err != nil {
		return nil, err
	}
	b := newProbe(p)
	out.Libraries, out.OnlyA.Libraries = b.between(c.A, x, y)
	_, out.OnlyB.Libraries = b.between(c.B, y, x)
	for i := range out.OnlyB.Libraries {
		l := &out.OnlyB.Libraries[i]
		l.InA, l.InB = l.InB, l.InA
	}
	out.Pairs = f.pairs(out.A.Products, out.B.Products)
	for i := range out.Pairs {
		q := &out.Pairs[i]
		q.Lost, q.New = []Held{}, []Held{}
		if q.Tie != PairNone {
			q.Lost, q.New = b.lacks(c.A, q.A, q.B), b.lacks(c.B, q.B, q.A)
		}
	}
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
// nothing. The only product of A and the only one of B are a pair in any case.
func (f *Family) pairs(a, b []sbom.Digest) []Pair {
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
	join(PairBundle, func(p *sbom.Product) string { return p.BundleID })
	join(PairPath, func(p *sbom.Product) string { return p.Paths[0] })
	if len(a) == 1 && len(b) == 1 {
		join(PairAsked, func(*sbom.Product) string { return "asked" })
	}
	out := []Pair{}
	for _, id := range a {
		pair := taken[id]
		if pair.Tie == "" {
			pair = Pair{A: id, Tie: PairNone}
		}
		out = append(out, pair)
	}
	for _, id := range b {
		if !used[id] {
			out = append(out, Pair{B: id, Tie: PairNone})
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

func (f *Family) has(l *library.Library, product sbom.Digest) bool {
	_, ok := slices.BinarySearch(l.Products, product)
	return ok
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
