package query

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Who is the answer to: who carries what this word names?
type Who struct {
	Head
	Word    string  `json:"word"`
	Level   string  `json:"level"`   // how the word fits: exact, but for case, beginning; "" when nothing was found
	Matches []Match `json:"matches"` // by kind, then name; empty: nothing was found in what was looked at
}

// Match is one thing that the word names.
type Match struct {
	Kind     string        `json:"kind"`     // see the Kind constants
	Name     string        `json:"name"`     // the whole name or value
	Carriers []sbom.Digest `json:"carriers"` // products that hold it, sorted by path
	Users    []sbom.Digest `json:"users"`    // products that refer to it and do not hold it
	Hits     []Hit         `json:"hits"`     // sorted by product path, path, image, address
}

// Kinds of things that a word can name.
const (
	KindLibrary   = "library"        // found: two or more products carry it
	KindImage     = "image"          // by its file name, install name or digest
	KindLoad      = "loaded library" // named by a load command
	KindProduct   = "product"
	KindFile      = "file"
	KindIdentity  = "identity" // cdhash, UUID, digest without signature, digest of the code section
	KindClass     = "Objective-C class"
	KindCategory  = "Objective-C category"
	KindProtocol  = "Objective-C protocol"
	KindSwift     = "Swift type"
	KindFunction  = "function"
	KindGoPackage = "Go package"
	KindSelector  = "selector"
	KindImport    = "imported name"
	KindMark      = "code mark"
	KindPackage   = "package" // as a package catalog names it
)

// Deeds of a hit.
const (
	Carries = "carries"   // the thing itself is there
	Refers  = "refers to" // only its name is used
)

// Hit is one place.
type Hit struct {
	Product sbom.Digest `json:"product"`
	Deed    string      `json:"deed"`
	How     string      `json:"how"`    // how it is known
	Bundle  string      `json:"bundle"` // path of the innermost bundle; "" is the product's own
	Path    string      `json:"path"`   // of the file, in the product
	Role    string      `json:"role,omitempty"`
	SHA256  sbom.Digest `json:"sha256,omitempty"` // of the file
	Image   sbom.Digest `json:"image,omitempty"`
	Arch    string      `json:"arch,omitempty"`
	Slice   int64       `json:"slice"` // offset of the image in the file

	Address   *uint64 `json:"address,omitempty"`   // in the image; of the first function where there are several
	Functions int     `json:"functions,omitempty"` // how many functions it stands for, where more than one can be meant
	Mark      string  `json:"mark,omitempty"`      // full mark of the function
	Word      string  `json:"word,omitempty"`      // of copies of a library
	Library   string  `json:"library,omitempty"`   // id of the static library that the function is of
}

// Levels at which a word fits, best first. Only the best that fits is told.
const (
	fitsNot = iota
	fitsExactly
	fitsButCase
	fitsBeginning
)

var levelNames = [...]string{"", "exact", "but for case", "beginning"}

// Who looks for everything that a word names: library, image, class, type,
// function, Go package, selector, imported name or loaded library by name, and
// product, file, image, identity, library or code mark by digits. A whole name
// wins over one that differs by case, and that over a beginning of four
// characters or more, which must be of one name only: else the error is a
// *WordError. Finding nothing is no error.
func (f *Family) Who(word string) (*Who, error) {
	s := &seeker{f: f, asked: newAsked(word), found: map[[2]string]*Match{}}
	if word != "" {
		s.seek()
	}
	if s.best == fitsBeginning {
		names := map[string]bool{}
		var list []string
		for k := range s.found {
			if !names[k[1]] {
				names[k[1]] = true
				list = append(list, k[1]+" ("+k[0]+")")
			}
		}
		if len(names) > 1 {
			slices.Sort(list)
			return nil, &WordError{What: "word", Given: word, Candidates: candidates(list), Ambiguous: true}
		}
	}
	out := &Who{Head: f.head(WhoSchema), Word: word, Level: levelNames[s.best], Matches: []Match{}}
	f.without(&out.Coverage, s.broken)
	for _, m := range s.found {
		if f.finish(m); len(m.Hits) > 0 {
			out.Matches = append(out.Matches, *m)
		}
	}
	slices.SortFunc(out.Matches, func(a, b Match) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds[:], a.Kind), slices.Index(kinds[:], b.Kind)), strings.Compare(a.Name, b.Name))
	})
	if len(out.Matches) == 0 {
		out.Level = ""
	}
	return out, nil
}

// kinds is the order in which matches are told.
var kinds = [...]string{KindLibrary, KindProduct, KindFile, KindImage, KindIdentity, KindPackage, KindClass, KindCategory, KindProtocol, KindSwift,
	KindGoPackage, KindFunction, KindMark, KindSelector, KindImport, KindLoad}

// finish sorts the hits and lists the products.
func (f *Family) finish(m *Match) {
	path := map[sbom.Digest]string{}
	for _, p := range f.graph.Products {
		path[p.ID] = p.Paths[0]
	}
	slices.SortFunc(m.Hits, func(a, b Hit) int {
		return cmp.Or(strings.Compare(path[a.Product], path[b.Product]), strings.Compare(string(a.Product), string(b.Product)),
			strings.Compare(a.Path, b.Path), strings.Compare(string(a.Image), string(b.Image)), cmp.Compare(address(a), address(b)),
			strings.Compare(a.Deed, b.Deed), strings.Compare(a.How, b.How), strings.Compare(string(a.SHA256), string(b.SHA256)), cmp.Compare(a.Slice, b.Slice))
	})
	m.Carriers, m.Users = []sbom.Digest{}, []sbom.Digest{}
	holds := map[sbom.Digest]bool{}
	for _, h := range m.Hits {
		holds[h.Product] = holds[h.Product] || h.Deed == Carries
	}
	for _, h := range m.Hits {
		list := &m.Users
		if holds[h.Product] {
			list = &m.Carriers
		}
		if n := len(*list); n == 0 || (*list)[n-1] != h.Product {
			*list = append(*list, h.Product)
		}
	}
}

func address(h Hit) uint64 {
	if h.Address == nil {
		return 0
	}
	return *h.Address
}
