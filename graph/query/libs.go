package query

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

// Libs is the answer to: which libraries does the family have?
type Libs struct {
	Head
	Asked      string    `json:"asked,omitempty"` // the user's word for a library; absent: all
	Kinship    int       `json:"kinship"`         // libraries found that are not background
	Background int       `json:"background"`      // those that are
	ThirdParty int       `json:"thirdParty"`      // of those of kinship, known to be of public packages
	Libraries  []Library `json:"libraries"`       // kinship first, third parties behind it, then background; then by number of carriers, of functions, name, id
}

// Library is code that two or more products carry.
type Library struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind"` // dynamic, static
	Name       string    `json:"name"`
	Background bool      `json:"background"` // no kinship
	Why        string    `json:"why"`        // why it is, or is not, background
	Rung       string    `json:"rung"`       // weakest step of the sameness ladder that ties its copies
	Word       string    `json:"word"`       // weakest word of its copies
	Functions  int       `json:"functions"`  // different ones, over all copies; 0: it was not found by its functions
	Carriers   []Carrier `json:"carriers"`   // sorted by path
	Names      []Naming  `json:"names"`      // what names it, best first
	SameAs     []SameAs  `json:"sameAs"`
	Packages   []Package `json:"packages"`          // of public registries that it is of
	Builds     []Build   `json:"builds,omitempty"`  // when there are several; by number
	Similar    []Similar `json:"similar,omitempty"` // products with similar evidence: some of its text and none of its functions, so they do not carry it
	Members    []Member  `json:"members,omitempty"` // in link order; only of a library that was asked for
}

// Carrier is a product with what it holds of a library.
type Carrier struct {
	Product   sbom.Digest `json:"product"`
	Word      string      `json:"word"`      // of its surest copy
	Functions int         `json:"functions"` // of its fullest copy
	Copies    []Copy      `json:"copies"`    // sorted by path, then image
}

// Copy is the part of a library that one image holds.
type Copy struct {
	Image     sbom.Digest `json:"image"`
	Arch      string      `json:"arch"`
	Bundle    string      `json:"bundle"` // path of the innermost bundle; "" is the product's own
	Path      string      `json:"path"`   // of the file, in the product
	Word      string      `json:"word"`
	Build     int         `json:"build"`     // copies of one build have equal marks, or lack some
	Functions int         `json:"functions"` // of the library that it has
	Exact     int         `json:"exact"`     // of those, with a mark that another image has too
}

// Naming is one thing that names a library.
type Naming struct {
	How   string `json:"how"`
	Name  string `json:"name"`
	Text  string `json:"text"`
	Count int    `json:"count"` // classes of a class prefix, names of a symbol prefix; else references or functions, in all copies together
}

// Package is a package of a public registry that a library is known to be of.
type Package struct {
	PURL string `json:"purl"`
	How  string `json:"how"`  // crate path, package list
	Text string `json:"text"` // the source path, or the place of the file in the product
}

// ThirdParty reports whether a library is of public packages and no background:
// two products have it in common, and others may have it too.
func (l *Library) ThirdParty() bool { return !l.Background && len(l.Packages) > 0 }

// SameAs ties a library to another one that is not the same.
type SameAs struct {
	Library string  `json:"library"`
	Rung    string  `json:"rung"`
	Word    string  `json:"word,omitempty"`
	Score   float64 `json:"score,omitempty"` // of what this one has, the share that the other has too
}

// Build is one build of a static library: another version, compiler, level or
// architecture is another one.
type Build struct {
	Number    int        `json:"number"`
	Arch      string     `json:"arch"`
	Images    int        `json:"images"`    // that hold it
	Functions int        `json:"functions"` // of the library, in its fullest copy
	Ties      []BuildTie `json:"ties"`      // to other builds
}

// BuildTie is a same-as tie of one build to another, in this direction.
type BuildTie struct {
	Build int     `json:"build"`
	Rung  string  `json:"rung"`
	Word  string  `json:"word"`
	Score float64 `json:"score"` // share of this build's functions that the other has
	Exact float64 `json:"exact"` // share that it has with an equal mark
}

// Similar is a product with some of a library's text and none of its functions.
type Similar struct {
	Product sbom.Digest `json:"product"`
	Path    string      `json:"path"` // of the image
	Image   sbom.Digest `json:"image"`
	Word    string      `json:"word"` // SIMILAR EVIDENCE
	Text    float64     `json:"text"` // share of the library's own text that it has
}

// Member is one function of a library, as its fullest copy has it.
type Member struct {
	Mark    string      `json:"mark"`   // full mark
	Name    string      `json:"name"`   // "" where no copy has one
	Images  int         `json:"images"` // that hold it
	Image   sbom.Digest `json:"image"`
	Address uint64      `json:"address"`
	Size    uint32      `json:"size"` // bytes
}

// Libs lists the libraries, or with a word those that it names: a name, the
// beginning of one that no other library's begins with, or an id or its
// beginning. Its error is a *WordError.
func (f *Family) Libs(word string) (*Libs, error) {
	out := &Libs{Head: f.head(LibsSchema), Asked: word, Libraries: []Library{}}
	chosen := f.libraries
	if word != "" {
		var err error
		if chosen, err = f.named(word); err != nil {
			return nil, err
		}
	}
	for i := range f.libraries {
		if f.libraries[i].Background {
			out.Background++
		} else {
			out.Kinship++
			if len(f.libraries[i].Packages) > 0 {
				out.ThirdParty++
			}
		}
	}
	for i := range chosen {
		v := f.library(&chosen[i])
		if word != "" {
			v.Members = members(&chosen[i])
		}
		out.Libraries = append(out.Libraries, v)
	}
	slices.SortFunc(out.Libraries, compareLibraries)
	return out, nil
}

func compareLibraries(a, b Library) int {
	if a.Background != b.Background {
		if b.Background {
			return -1
		}
		return 1
	}
	if a.ThirdParty() != b.ThirdParty() {
		if b.ThirdParty() {
			return -1
		}
		return 1
	}
	return cmp.Or(-cmp.Compare(len(a.Carriers), len(b.Carriers)), -cmp.Compare(a.Functions, b.Functions), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
}

// named are the libraries that a word means.
func (f *Family) named(word string) ([]library.Library, error) {
	id := strings.TrimPrefix(word, "library:")
	tests := []func(l *library.Library) bool{
		func(l *library.Library) bool { return l.Name == word || l.ID == "library:"+id },
		func(l *library.Library) bool { return strings.EqualFold(l.Name, word) },
		func(l *library.Library) bool { return begins(id, strings.TrimPrefix(l.ID, "library:")) },
		func(l *library.Library) bool {
			return len(word) > 1 && len(l.Name) > len(word) && strings.EqualFold(l.Name[:len(word)], word)
		},
	}
	for n, test := range tests {
		var met []library.Library
		var names []string
		for i := range f.libraries {
			if l := &f.libraries[i]; test(l) {
				met, names = append(met, *l), append(names, l.Name+" (id "+strings.TrimPrefix(l.ID, "library:")[:12]+")")
			}
		}
		switch {
		case len(met) == 0:
		case n >= 2 && len(met) > 1:
			return nil, &WordError{What: "library", Given: word, Candidates: candidates(names), Ambiguous: true}
		default:
			return met, nil
		}
	}
	return nil, &WordError{What: "library", Given: word}
}

func (f *Family) library(l *library.Library) Library {
	v := Library{ID: l.ID, Kind: l.Kind, Name: cmp.Or(l.Name, l.ID), Background: l.Background, Why: l.Why, Rung: string(l.Rung), Functions: l.Functions,
		Carriers: []Carrier{}, Names: []Naming{}, SameAs: []SameAs{}, Packages: []Package{}}
	for _, id := range l.Products {
		c := f.carrier(l, id)
		v.Carriers = append(v.Carriers, c)
		for _, k := range c.Copies {
			v.Word = weaker(v.Word, k.Word)
		}
	}
	slices.SortFunc(v.Carriers, func(a, b Carrier) int {
		return cmp.Or(strings.Compare(f.graph.Product(a.Product).Paths[0], f.graph.Product(b.Product).Paths[0]), strings.Compare(string(a.Product), string(b.Product)))
	})
	for _, n := range l.Names {
		v.Names = append(v.Names, Naming{n.How, n.Name, n.Text, n.Count})
	}
	for _, k := range l.Packages {
		v.Packages = append(v.Packages, Package{k.PURL, k.How, k.Text})
	}
	if l.Functions == 0 {
		v.Names = append(v.Names, f.fileName(l))
	}
	for _, s := range l.SameAs {
		v.SameAs = append(v.SameAs, SameAs{s.Library, string(s.Rung), string(s.Word), s.Score})
	}
	v.Builds, v.Similar = builds(l), f.similar(l)
	return v
}

func builds(l *library.Library) []Build {
	var out []Build
	if len(l.Builds) < 2 {
		return nil
	}
	for _, b := range l.Builds {
		v := Build{Number: b.Number, Arch: b.Arch, Images: len(b.Images), Functions: b.Functions, Ties: []BuildTie{}}
		for _, t := range b.Ties {
			v.Ties = append(v.Ties, BuildTie{t.Build, string(t.Rung), string(t.Word), t.Score, t.Exact})
		}
		out = append(out, v)
	}
	return out
}

// similar lists the places of images with similar evidence, by path of the
// product, then of the image.
func (f *Family) similar(l *library.Library) []Similar {
	var out []Similar
	for _, c := range l.Alike {
		for _, r := range f.graph.Carriers(c.Image) {
			for _, at := range r.Image.Places {
				out = append(out, Similar{Product: r.Product.ID, Path: at.Path, Image: c.Image, Word: string(c.Word), Text: c.Text})
			}
		}
	}
	slices.SortFunc(out, func(a, b Similar) int {
		return cmp.Or(strings.Compare(f.graph.Product(a.Product).Paths[0], f.graph.Product(b.Product).Paths[0]), strings.Compare(a.Path, b.Path), strings.Compare(string(a.Image), string(b.Image)))
	})
	return out
}

// fileName is what names a library of whole images: the install name or the path
// that its name is the last part of, and no other file's. Of several the first in
// order is taken, install names first.
func (f *Family) fileName(l *library.Library) Naming {
	install, file := "", ""
	for _, d := range l.Images {
		for _, c := range f.graph.Carriers(d) {
			install = firstNamed(install, c.Image.InstallName, l.Name)
			for _, at := range c.Image.Places {
				file = firstNamed(file, at.Path, l.Name)
			}
		}
	}
	if install != "" {
		return Naming{How: "install name", Name: l.Name, Text: install}
	}
	return Naming{How: "file name", Name: l.Name, Text: file}
}

// firstNamed is the first in order of two paths that a library is named after. Its
// name may have architectures in parentheses behind it.
func firstNamed(old, p, name string) string {
	base := fileBase(p)
	if base == "" || base != name && !strings.HasPrefix(name, base+" (") || old != "" && old <= p {
		return old
	}
	return p
}

// carrier is what a product holds of a library. A library of whole images, tied
// by a rung that equal code needs, is identical in all its copies.
func (f *Family) carrier(l *library.Library, product sbom.Digest) Carrier {
	out := Carrier{Product: product, Copies: []Copy{}}
	add := func(c library.Copy) {
		m := f.graph.ImageIn(product, c.Image)
		if m == nil {
			return
		}
		for _, at := range m.Places {
			out.Copies = append(out.Copies, Copy{Image: c.Image, Arch: m.Arch, Bundle: at.Bundle, Path: at.Path, Word: string(c.Word),
				Build: c.Build, Functions: c.Functions, Exact: c.Exact})
		}
		if out.Word == "" || weaker(out.Word, string(c.Word)) == out.Word {
			out.Word = string(c.Word)
		}
		out.Functions = max(out.Functions, c.Functions)
	}
	for _, c := range l.Copies {
		add(c)
	}
	if len(l.Copies) == 0 {
		for _, d := range l.Images {
			add(library.Copy{Image: d, Word: library.Identical})
		}
	}
	slices.SortFunc(out.Copies, func(a, b Copy) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.Image), string(b.Image)))
	})
	return out
}

// words are the words for a tie, surest first.
var words = [...]string{string(library.Identical), string(library.SameSource), string(library.Similar)}

func weaker(a, b string) string {
	if slices.Index(words[:], b) > slices.Index(words[:], a) {
		return b
	}
	return a
}

func members(l *library.Library) []Member {
	out := []Member{}
	for _, m := range l.Member {
		out = append(out, Member{Mark: m.Mark.String(), Name: m.Name, Images: m.Copies, Image: m.Image, Address: m.At, Size: m.Size})
	}
	return out
}

// fileBase is the last part of a path or install name.
func fileBase(p string) string {
	if p == "" {
		return ""
	}
	return path.Base(p)
}
