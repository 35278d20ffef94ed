// Package link ties the images of one product together: it resolves library
// references as dyld does, follows re-exports to the image that really has a
// symbol, and finds launches and opens. It works on nouns alone, does no I/O,
// and bounds its work: references number at most what the readers let through,
// and every search is bounded by images times entry images.
//
// How dyld resolves (source: Apple's dyld man page and dyld's own source):
// @executable_path is the folder of the process's main executable,
// @loader_path the folder of the image that has the reference, and @rpath tries
// the run paths of the loading image, then of its loaders up to the executable.
package link

import (
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Image is what link needs to know of one image beyond its saved noun.
type Image struct {
	Noun       *sbom.Image
	Exports    []string    // sorted
	Imports    []Import    //
	References []Reference // literals that name other code
}

// Import is an imported name and the library it is bound to.
type Import struct {
	Name    string
	Ordinal int // 1-based index into Noun.Loads; 0 self, -1 main executable, -2 flat lookup, -3 weak
}

// Reference is a literal that may name other code: a bundle id or a path.
type Reference struct {
	Value   string
	Section string
	Offset  int64 // in the slice
}

// Input is one product as link sees it.
type Input struct {
	Images  []Image
	Bundles []sbom.Bundle
	Links   map[string]string // symbolic links of the product: path -> target as written
}

// Resolve gives all links of the product, sorted, and a gap for every
// reference that leads nowhere.
func Resolve(in Input) ([]sbom.Link, []sbom.Gap) {
	r := newResolver(in)
	for _, e := range r.entries() {
		r.walk(e, e.noun.Type != "execute")
	}
	for _, s := range r.slices {
		if !s.visited && s.role != sbom.RoleSymbols && s.role != sbom.RoleObject {
			r.walk(s, true)
		}
	}
	r.calls()
	r.launches()
	r.opens()
	return r.result()
}

// slice is one image at one place.
type slice struct {
	image   *Image
	noun    *sbom.Image
	path    string
	dir     string
	bundle  string
	role    sbom.Role
	visited bool
}

type resolver struct {
	in       Input
	images   map[sbom.Digest]*Image
	slices   []*slice            // sorted by path, then arch
	byPath   map[string][]*slice // path -> slices of the file there
	byFold   map[string]string   // lower-case path -> path
	links    map[linkKey]*sbom.Link
	targets  map[loadKey]map[sbom.Digest]bool // image and load index -> images that it leads to
	mains    map[sbom.Digest][]*slice         // image -> main executables of the processes that load it
	exportOf map[*Image]map[string]bool       // lazily made
}

type linkKey struct {
	kind     sbom.LinkKind
	from, to sbom.Digest
	target   sbom.Target
	name     string
	load     sbom.LoadKind
}

type loadKey struct {
	image sbom.Digest
	index int
}

func newResolver(in Input) *resolver {
	r := &resolver{
		in: in, images: map[sbom.Digest]*Image{}, byPath: map[string][]*slice{}, byFold: map[string]string{},
		links: map[linkKey]*sbom.Link{}, targets: map[loadKey]map[sbom.Digest]bool{},
		mains: map[sbom.Digest][]*slice{}, exportOf: map[*Image]map[string]bool{},
	}
	for i := range in.Images {
		m := &in.Images[i]
		r.images[m.Noun.Digest] = m
		for _, p := range m.Noun.Places {
			s := &slice{image: m, noun: m.Noun, path: p.Path, dir: dirOf(p.Path), bundle: p.Bundle, role: p.Role}
			r.slices = append(r.slices, s)
			r.byPath[p.Path] = append(r.byPath[p.Path], s)
		}
	}
	slices.SortFunc(r.slices, func(a, b *slice) int {
		if c := strings.Compare(a.path, b.path); c != 0 {
			return c
		}
		return strings.Compare(string(a.noun.Digest), string(b.noun.Digest))
	})
	for _, s := range r.slices {
		if f := strings.ToLower(s.path); r.byFold[f] == "" {
			r.byFold[f] = s.path
		}
	}
	return r
}

// entries are the images that the system or the user starts, mains first.
func (r *resolver) entries() []*slice {
	var out []*slice
	for _, s := range r.slices {
		if s.role.Entry() {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b *slice) int {
		return boolInt(b.role == sbom.RoleMain) - boolInt(a.role == sbom.RoleMain)
	})
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func dirOf(p string) string {
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		return p[:i]
	}
	return ""
}

// add records a link once (a calls link has no name, so there is one for each
// pair of images); symbols and evidence of equal links are united.
func (r *resolver) add(l sbom.Link) {
	k := linkKey{l.Kind, l.From, l.To, l.Target, l.Name, l.Load}
	old := r.links[k]
	if old == nil {
		r.links[k] = &l
		return
	}
	old.Symbols = union(old.Symbols, l.Symbols)
	if l.Seen && !old.Seen {
		old.Seen, old.How, old.Evidence = true, l.How, l.Evidence
	}
	if l.How < old.How && old.Seen == l.Seen {
		old.How = l.How // the order of visits must not show
	}
}

func union(a, b []string) []string {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *resolver) result() ([]sbom.Link, []sbom.Gap) {
	var links []sbom.Link
	var gaps []sbom.Gap
	paths := map[sbom.Digest]string{}
	for _, s := range r.slices {
		if _, ok := paths[s.noun.Digest]; !ok {
			paths[s.noun.Digest] = s.path
		}
	}
	for _, l := range r.links {
		links = append(links, *l)
		if l.Kind == sbom.LinkLoads && l.Target == sbom.TargetMissing {
			why := "library reference " + l.Name + " leads nowhere in the product (" + string(l.Load) + ", " + l.How + ")"
			gaps = append(gaps, sbom.Gap{Kind: sbom.GapUnresolved, Path: paths[l.From], Image: l.From, Offset: -1, Why: why, Count: 1})
		}
	}
	sbom.SortLinks(links)
	sbom.SortGaps(gaps)
	return links, gaps
}
