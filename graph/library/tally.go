package library

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// tally is what the members of a lineage say about being background.
type tally struct {
	of       []counts // by member
	own      int      // members that are the program's own by name
	ownName  string   // a package of theirs, the first in order
	features []uint64 // text of the fullest copy, each once
}

// counts is what is said of one member; several copies may say it.
type counts struct {
	library  int // number of the background library + 1, 0: not known
	own      bool
	standard bool     // refers to a source of Rust's standard library
	private  string   // source path of Rust that may be the vendor's own
	crates   []string // of the public registry that it refers to
	text     []uint64 // of the fullest copy
}

// add counts one copy of a member.
func (t *tally) add(b *backdrop, member, image int, set *fingerprint.Set, function int, fullest bool) {
	c := &t.of[member]
	f := &set.Functions[function]
	if n, ok := b.function(image, f); ok && c.library == 0 {
		c.library = n + 1
	}
	if p := b.ownName(image, f); p != "" {
		if !c.own {
			t.own++
		}
		c.own = true
		if t.ownName == "" || p < t.ownName {
			t.ownName = p
		}
	}
	for _, k := range set.FeaturesOf(function) {
		x := &set.Features[k]
		if fullest && ownText(x.Kind) {
			c.text = append(c.text, x.Hash)
			t.features = append(t.features, x.Hash)
		}
		if x.Kind == fingerprint.FeatureString || x.Kind == fingerprint.FeaturePointer {
			c.source(x.Text)
		}
	}
}

// source counts a path of a Rust source.
func (c *counts) source(text string) {
	crate, _, public, ok := rustSource(text)
	switch {
	case !ok:
	case crate == standardRust:
		c.standard = true
	case public:
		c.crates = append(c.crates, crate)
	default:
		c.private = text
	}
}

func (t *tally) done() {
	slices.Sort(t.features)
	t.features = slices.Compact(t.features)
}

// most is the background library of most members, how many are of it, and how
// many are of none.
func (t *tally) most() (library, known, rest int) {
	count := map[int]int{}
	for i := range t.of {
		if n := t.of[i].library; n > 0 {
			count[n-1]++
		} else {
			rest++
		}
	}
	for n, c := range count {
		if c > known || c == known && n < library {
			library, known = n, c
		}
	}
	return library, known, rest
}

// restText is the text of the members that are not known.
func (t *tally) restText() []uint64 {
	var out []uint64
	for i := range t.of {
		if t.of[i].library == 0 {
			out = append(out, t.of[i].text...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ownText reports whether a kind of feature is the text of a library: literals
// and its own methods. Selectors and classes that it uses are the system's.
func ownText(k fingerprint.FeatureKind) bool {
	return k == fingerprint.FeatureString || k == fingerprint.FeatureMethod
}

// rustVotes is what source paths of Rust say about a library.
type rustVotes struct {
	functions int  // that refer to a path of the standard library or of a public crate
	text      bool // a function without such a path refers to a literal
	private   bool // some path may be the vendor's own
	crates    map[string]int
}

func (t *tally) rust() rustVotes {
	r := rustVotes{crates: map[string]int{}}
	for i := range t.of {
		c := &t.of[i]
		r.private = r.private || c.private != ""
		if c.standard || len(c.crates) > 0 {
			r.functions++
		} else if len(c.text) > 0 {
			r.text = true
		}
		l := slices.Clone(c.crates)
		slices.Sort(l)
		for _, name := range slices.Compact(l) {
			r.crates[name]++
		}
	}
	return r
}

// background reports whether the paths are enough: a program that keeps its
// source paths names its own files too, in most of its functions.
func (r *rustVotes) background(members int) bool {
	share := float64(r.functions) / float64(max(members, 1))
	return !r.private && (r.functions >= rustFunctions && share >= rustShare || r.functions >= rustFew && share >= rustFewShare && !r.text)
}

// name lists the crates, the most used first.
func (r *rustVotes) name() string {
	var l []string
	for c := range r.crates {
		l = append(l, c)
	}
	slices.SortFunc(l, func(a, b string) int {
		if r.crates[a] != r.crates[b] {
			return r.crates[b] - r.crates[a]
		}
		return strings.Compare(a, b)
	})
	switch {
	case len(l) == 0:
		return standardRust
	case len(l) == 1:
		return "Rust crate " + l[0]
	case len(l) <= 3:
		return "Rust crates " + strings.Join(l, ", ")
	}
	return fmt.Sprintf("Rust crates %s and %d more", strings.Join(l[:3], ", "), len(l)-3)
}
