package library

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/kinship"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Store gives the saved code marks of an image: the bytes of its .kmk file. An
// image that has none gives ErrNoMarks.
type Store func(image sbom.Digest) ([]byte, error)

// ErrNoMarks says that an image has no code marks: it was scanned without, or
// its architecture has none.
var ErrNoMarks = errors.New("no code marks")

// Word says how sure it is that a copy is of the library (model, section 3).
type Word string

// Words, surest first.
const (
	Identical  Word = "IDENTICAL"        // enough functions with one mark
	SameSource Word = "SAME SOURCE"      // another build of the same source
	Similar    Word = "SIMILAR EVIDENCE" // some of the same text; never called shared
)

// Copy is the part of a static library that one image holds.
type Copy struct {
	Image     sbom.Digest
	Word      Word
	Build     int     // copies of one build have equal marks, or lack some
	Functions int     // of the library that it has
	Exact     int     // of those, with a mark that another image has too
	Text      float64 // share of the library's own text that it has; 0 where it was not asked
}

// Unit is a code unit of a static library.
type Unit struct {
	Image   sbom.Digest
	Address uint64
}

// static adds what is linked statically: libraries from the lineages of the
// family. tagged are the code units that somebody will ask for.
type static struct {
	g       *graph.Graph
	images  []kinship.Image
	digest  []sbom.Digest // by image
	files   map[sbom.Digest][]sbom.Digest
	nouns   map[sbom.Digest]*sbom.Image
	store   Store
	ids     []sbom.Digest               // products by number
	readers map[sbom.Digest][]*sbom.Tag // see findReaders
	counts  map[sbom.Digest]int         // functions of an image that are long enough to be compared
}

// newStatic lists the images of the family that may share code. list is sorted.
func newStatic(g *graph.Graph, list []copied, store Store) *static {
	s := &static{g: g, store: store, files: map[sbom.Digest][]sbom.Digest{}, nouns: map[sbom.Digest]*sbom.Image{}, counts: map[sbom.Digest]int{}}
	number := map[sbom.Digest]uint32{}
	for i, p := range g.Products {
		number[p.ID] = uint32(i)
		s.ids = append(s.ids, p.ID)
	}
	s.findReaders()
	for i := range list {
		if list[i].image.Type == sbom.TypeModule {
			continue // a script has no functions to mark: its kinship is that of its bytes
		}
		m := kinship.Image{Digest: list[i].digest, Arch: list[i].image.Arch}
		for _, c := range list[i].carriers {
			m.Products = append(m.Products, number[c.Product.ID])
		}
		slices.Sort(m.Products)
		m.Products = slices.Compact(m.Products)
		d := list[i].digest
		m.Marks = func() ([]fingerprint.Function, error) { return opened(s, d, (*fingerprint.File).Marks) }
		m.Named = func() ([]fingerprint.Function, error) { return opened(s, d, (*fingerprint.File).Named) }
		m.Calls = func() (*fingerprint.Set, error) { return opened(s, d, (*fingerprint.File).CallsAlone) }
		m.Bare = func() (*fingerprint.Set, error) { return opened(s, d, (*fingerprint.File).Bare) }
		m.Set = func() (*fingerprint.Set, error) { return opened(s, d, (*fingerprint.File).Set) }
		s.images = append(s.images, m)
		s.digest = append(s.digest, d)
		s.files[d], s.nouns[d] = list[i].files, list[i].image
	}
	return s
}

// opened decodes a part of the saved marks of an image.
func opened[T any](s *static, d sbom.Digest, decode func(*fingerprint.File) (T, error)) (T, error) {
	f, err := s.open(d)
	if err != nil {
		var none T
		return none, err
	}
	return decode(f)
}

// told decodes what says which code an image holds. Images that were given without
// a store have their sets at hand.
func (s *static) told(image int) (*fingerprint.Set, error) {
	if s.store == nil {
		return s.images[image].Set()
	}
	return opened(s, s.digest[image], (*fingerprint.File).Told)
}

func (s *static) open(d sbom.Digest) (*fingerprint.File, error) {
	b, err := s.store(d)
	if err != nil {
		return nil, err
	}
	f, err := fingerprint.Open(b)
	if err != nil {
		return nil, err
	}
	if f.Image != d {
		return nil, fmt.Errorf("code marks of image %s lie where those of %s should", f.Image.Short(), d.Short())
	}
	return f, nil
}

// find makes the static libraries, sorted by id, and says of which images the
// marks could not be read.
func (s *static) find(dynamic []Library, known *Background) ([]Library, []Unread) {
	b := newBackdrop(known)
	b.read(s.g, s.digest)
	r := kinship.Find(s.images, kinship.Options{Thresholds: kinship.Measured(), Background: b.function})
	var libs []Library
	of := map[int][]int{} // libraries of a lineage
	for _, batch := range batches(r.Lineages) {
		for _, p := range s.parts(r.Lineages, batch, b) {
			l, ok := s.library(p.lineage, p.described, b)
			if !ok {
				continue
			}
			if s.whole(&l) {
				if within(dynamic, l.Images) {
					continue // said already, on a stronger rung
				}
				l.Kind = KindDynamic
			}
			of[p.of] = append(of[p.of], len(libs))
			libs = append(libs, l)
		}
	}
	distinct(libs)
	tieSimilar(libs, of, r)
	slices.SortFunc(libs, func(a, b Library) int { return strings.Compare(a.ID, b.ID) })
	return libs, s.unread(r)
}

// reads is a capability of one of the library's code units to read a browser's
// store, or "": see judge.
func (s *static) reads(l *Library) string {
	best := ""
	for _, d := range l.Images {
		for _, t := range s.readers[d] {
			if (best == "" || t.Capability < best) && l.Has(d, *t.Address) {
				best = t.Capability
			}
		}
	}
	return best
}

// findReaders lists the tags of code units that read a browser's store, by image.
func (s *static) findReaders() {
	s.readers = map[sbom.Digest][]*sbom.Tag{}
	for _, p := range s.g.Products {
		for i := range p.Tags {
			t := &p.Tags[i]
			if t.Address != nil && t.Grade.Rank() >= sbom.GradeLikely.Rank() && len(t.Stores) > 0 && !slices.Contains(t.Flags, sbom.FlagEngine) {
				s.readers[t.Image] = append(s.readers[t.Image], t)
			}
		}
	}
}

// unread lists the images that could not be compared.
func (s *static) unread(r *kinship.Result) []Unread {
	var out []Unread
	for _, g := range r.Gaps {
		out = append(out, Unread{s.digest[g.Image], g.Err})
	}
	return out
}

// mostOf is the share of an image's functions that makes a copy the image itself.
const mostOf = .5

// whole reports whether all copies of a library are whole libraries: then it is
// not code that was linked into something else, but versions of one library.
func (s *static) whole(l *Library) bool {
	for _, c := range l.Copies {
		m := s.nouns[c.Image]
		if m.Type == "execute" || float64(c.Functions) < mostOf*float64(s.long(c.Image)) {
			return false
		}
	}
	return true
}

// long counts the functions of an image that are long enough to be compared.
func (s *static) long(d sbom.Digest) int {
	n, ok := s.counts[d]
	if !ok {
		n = s.countLong(d)
		s.counts[d] = n
	}
	return n
}

func (s *static) countLong(d sbom.Digest) int {
	f, err := s.open(d)
	if err != nil {
		return 0
	}
	list, err := f.Marks()
	if err != nil {
		return 0
	}
	n := 0
	for i := range list {
		if list[i].Instructions >= 8 {
			n++
		}
	}
	return n
}

// within reports whether one dynamic library has all the images.
func within(dynamic []Library, images []sbom.Digest) bool {
	return slices.ContainsFunc(dynamic, func(l Library) bool {
		return !slices.ContainsFunc(images, func(d sbom.Digest) bool { return !slices.Contains(l.Images, d) })
	})
}

// Unread is an image whose code could not be compared: it has no marks
// (ErrNoMarks), or there are some and they could not be used.
type Unread struct {
	Image sbom.Digest
	Err   error
}

// Why says in plain words what is missing and what helps.
func (u Unread) Why() string {
	var version *fingerprint.VersionError
	var damage *fingerprint.DamageError
	var crowd *kinship.CrowdError
	switch {
	case errors.Is(u.Err, ErrNoMarks):
		return "no marks of its code were saved: its kinship is unknown; scan again"
	case errors.As(u.Err, &crowd):
		return crowd.Error()
	case errors.As(u.Err, &version):
		return "marks made by another version of kinbom: " + strings.TrimSuffix(version.Error(), ": scan again") + "; its kinship is unknown; scan again"
	case errors.As(u.Err, &damage), errors.Is(u.Err, fingerprint.ErrNotMarks):
		return u.Err.Error() + "; its kinship is unknown; scan again"
	}
	return "the marks of its code cannot be read: " + u.Err.Error() + "; its kinship is unknown; scan again"
}

// library makes a library of one lineage that n describes; ok is false when fewer
// than two products carry it.
func (s *static) library(l *kinship.Lineage, n *described, b *backdrop) (Library, bool) {
	lib := Library{Kind: KindStatic, Rung: RungUnits, Functions: len(l.Members)}
	for _, c := range l.Copies {
		if c.Units == 0 {
			continue // some of the same text and no function: that carries nothing
		}
		k := Copy{Image: s.digest[c.Image], Build: c.Build, Functions: c.Units, Exact: c.Exact, Text: c.Text}
		k.Word = wordOf(c, len(l.Members))
		lib.Copies = append(lib.Copies, k)
		lib.Images = append(lib.Images, k.Image)
		lib.Files = append(lib.Files, s.files[k.Image]...)
		for _, p := range s.images[c.Image].Products {
			lib.Products = append(lib.Products, s.ids[p])
		}
	}
	for _, d := range []*[]sbom.Digest{&lib.Images, &lib.Files, &lib.Products} {
		slices.Sort(*d)
		*d = slices.Compact(*d)
	}
	if len(lib.Products) < 2 {
		return Library{}, false
	}
	slices.SortFunc(lib.Copies, func(a, b Copy) int { return strings.Compare(string(a.Image), string(b.Image)) })
	lib.ID = "library:" + string(sbom.DigestOfList(n.marks))
	lib.Units, lib.Member = n.units, n.members
	lib.Builds, lib.Alike = s.builds(l, n), s.alike(l)
	lib.Names = n.evidence()
	lib.Name = nameOf(lib.Names, n.marks)
	name := ""
	name, lib.Background, lib.Why = b.judge(&n.tally)
	reads := s.reads(&lib)
	if lib.Background && reads != "" {
		lib.Background, lib.Why = false, fmt.Sprintf("like %s, but that does not clear code with %s", name, reads)
	}
	if lib.Background {
		lib.Name = name
	}
	if reads == "" {
		lib.Packages = cratesOf(lib.Names, &n.tally, lib.Background)
	}
	return lib, true
}

// enoughExact is how many functions with equal marks make a copy identical.
const enoughExact = 5

// wordOf says how sure a copy is, of a library of so many functions: a copy is
// not identical by one function of many.
func wordOf(c kinship.Copy, functions int) Word {
	if c.Exact >= min(enoughExact, functions) {
		return Identical
	}
	return SameSource
}

// addStatic adds nodes and edges for libraries that were found by their code
// units. An image contains the static libraries that were linked into it, with
// the share of their units that its copy has; a library contains those of its
// units that are nodes already. So the way from a product to a unit is product,
// bundle, image, library, unit. A library whose copies are whole images contains
// those, as other dynamic ones do.
func addStatic(g *graph.Graph, libs []Library) {
	var nodes []graph.Node
	var edges []graph.Edge
	for i := range libs {
		l := &libs[i]
		nodes = append(nodes, graph.Node{ID: l.ID, Kind: graph.NodeLibrary, Label: l.Name, Attrs: map[string]string{
			"kind": l.Kind, "background": strconv.FormatBool(l.Background), "rung": string(l.Rung), "functions": strconv.Itoa(l.Functions),
			"products": strconv.Itoa(len(l.Products))}})
		for _, c := range l.Copies {
			e := graph.Edge{From: graph.ImageNode(c.Image), To: l.ID, Kind: graph.EdgeContains, Method: string(c.Word),
				Score: float64(c.Functions) / float64(max(l.Functions, 1))}
			if l.Kind == KindDynamic {
				e.From, e.To = e.To, e.From
			}
			edges = append(edges, e)
		}
		for _, u := range l.Units {
			if unit := graph.UnitNode(u.Image, u.Address); l.Kind == KindStatic && known(g, unit) {
				edges = append(edges, graph.Edge{From: l.ID, To: unit, Kind: graph.EdgeContains, Method: "code unit"})
			}
		}
		more, ties := addTies(l)
		nodes, edges = append(nodes, more...), append(edges, ties...)
	}
	g.Add(nodes, edges)
}

func known(g *graph.Graph, id string) bool {
	_, ok := g.Node(id)
	return ok
}
