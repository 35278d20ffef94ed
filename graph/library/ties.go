package library

import (
	"cmp"
	"path"
	"slices"

	"github.com/kinbom/kinbom/graph/forest"
	"github.com/kinbom/kinbom/sbom"
)

// An equal code section makes two images one library only when it is not
// trivial: wrappers and stubs of different products often have the same few
// functions. We know the number of functions and the size of the whole slice,
// not of the section, so both must pass a bound; an image whose functions are
// not listed (Functions 0) is never tied by its code section.
const (
	minTextFunctions = 32
	minTextImage     = 32 << 10 // bytes
)

// allPairs is the largest class of equal images of which each pair gets an
// edge. In a larger one each image is tied to the first, so that n copies give
// n edges: a rung is transitive, since its values are equal.
const allPairs = 16

// tie says that two images are the same on a rung. a < b are positions in the
// list of images. Of several rungs between two images one is kept: the strongest that
// makes them one library, else the strongest.
type tie struct {
	a, b   int
	rung   Rung
	merges bool // makes them one library
	needed bool // no stronger ties joined the two before
}

// rank orders rungs, strongest first.
func rank(r Rung) int {
	return slices.Index([]Rung{RungBytes, RungCDHash, RungUnsigned, RungCopied, RungUUID, RungText, RungName, RungUnits, RungEvidence}, r)
}

// step is one rung as a search over all images: images with the same key are
// tied. The empty key ties nothing.
type step struct {
	rung   Rung
	merges bool
	key    func(*sbom.Image) string
}

// steps in the order of the ladder. Each key holds the architecture where two
// architectures cannot be the same code.
func steps() []step {
	identity := func(method string) func(*sbom.Image) string {
		return func(m *sbom.Image) string {
			v := m.Identity(method)
			if v == "" {
				return ""
			}
			return m.Arch + " " + v
		}
	}
	return []step{
		{RungCDHash, true, func(m *sbom.Image) string {
			if m.Signature == nil {
				return ""
			}
			return identity(sbom.IdentCDHash)(m)
		}},
		{RungUnsigned, true, identity(sbom.IdentUnsigned)},
		{RungUUID, false, func(m *sbom.Image) string {
			if zeros(m.Identity(sbom.IdentUUID)) {
				return ""
			}
			return identity(sbom.IdentUUID)(m)
		}},
		{RungText, true, func(m *sbom.Image) string {
			if m.Counts.Functions < minTextFunctions || m.Size < minTextImage {
				return ""
			}
			return identity(sbom.IdentText)(m)
		}},
		{RungName, false, func(m *sbom.Image) string {
			if m.InstallName == "" || m.CurrentVersion == "" || zeros(m.CurrentVersion) {
				return ""
			}
			return path.Base(m.InstallName) + " " + m.CurrentVersion
		}},
	}
}

// zeros reports whether a value holds nothing but zeros: a linker's way to say
// that none was given.
func zeros(v string) bool {
	for _, c := range []byte(v) {
		if c != '0' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// findTies lists the ties between images, sorted by pair, each pair once.
func findTies(list []copied) []tie {
	set := forest.New[int](len(list))
	best := map[[2]int]tie{}
	for _, s := range steps() {
		for _, class := range classes(list, s) {
			for _, p := range pairs(class) {
				t := tie{a: p[0], b: p[1], rung: s.rung, merges: s.merges}
				if s.rung == RungName && slices.Equal(list[t.a].files, list[t.b].files) {
					continue // slices of one file: says nothing
				}
				if s.rung == RungCDHash && contradicted(list[t.a].image, list[t.b].image) {
					t.rung, t.merges = RungCopied, false
				}
				if old, ok := best[p]; ok && (old.merges || !t.merges) {
					continue
				}
				t.needed = t.merges && set.Join(t.a, t.b)
				best[p] = t
			}
		}
	}
	ties := make([]tie, 0, len(best))
	for _, t := range best {
		ties = append(ties, t)
	}
	slices.SortFunc(ties, func(x, y tie) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) })
	return ties
}

// contradicted reports whether two images with the same cdhash cannot be the
// same: the code directory holds the digests of all pages, so that images that
// differ without their signature cannot both fit it. One of them carries a
// copied code directory, and it must not speak for the other one's maker.
func contradicted(a, b *sbom.Image) bool {
	x, y := a.Identity(sbom.IdentUnsigned), b.Identity(sbom.IdentUnsigned)
	return x != "" && y != "" && x != y
}

// classes are the positions of images with equal keys, two or more each, in
// the order of their first member.
func classes(list []copied, s step) [][]int {
	at := map[string]int{}
	var all [][]int
	for i := range list {
		key := s.key(list[i].image)
		if key == "" {
			continue
		}
		n, ok := at[key]
		if !ok {
			n = len(all)
			at[key] = n
			all = append(all, nil)
		}
		all[n] = append(all[n], i)
	}
	return slices.DeleteFunc(all, func(c []int) bool { return len(c) < 2 })
}

// pairs of a sorted class; see allPairs.
func pairs(class []int) [][2]int {
	var list [][2]int
	for i, a := range class {
		for _, b := range class[i+1:] {
			list = append(list, [2]int{a, b})
		}
		if len(class) > allPairs {
			break
		}
	}
	return list
}
