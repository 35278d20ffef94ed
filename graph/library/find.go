package library

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/forest"
	"github.com/kinbom/kinbom/sbom"
)

// Find lists the libraries of the graph: code that two or more products carry,
// executables too, sorted by id. It adds to the graph a node per library, an
// edge library -> image (contains) per image, and same-as edges between images
// and between libraries. Calling it again changes nothing.
//
// Copies are one library when they have the same bytes, the same cdhash, are
// the same without their signature, or have the same code section (see
// ties.go for the conditions); its rung is the weakest tie that was needed.
// The same UUID, or the same name and version, is a same-as edge and no more;
// so is a cdhash that the content contradicts, under a name of its own.
// Images that live in exactly the same files (the slices of a fat file) are one
// library. Debug symbols are no code and take no part.
//
// Nothing here is a proof of who wrote the code: cdhash and team are claims of
// a signature that was not verified.
//
// With a store of code marks it also lists what was linked statically: code
// units that images of two or more products share (package kinship). Images that
// could not be compared are named, sorted by image.
//
// The time is O(n log n) in the number of images and their places, and of the
// functions of the family where marks are given.
func Find(g *graph.Graph, o Options) ([]Library, []Unread) {
	list := collect(g)
	ties := findTies(list)
	groups := group(list, ties)
	rungs := weakest(groups, ties)
	j := newJudge(g)
	var libs []Library
	of := map[int]int{} // position of an image in list -> library
	for n, members := range groups {
		lib, ok := newLibrary(list, members, j)
		if !ok {
			continue
		}
		lib.Rung = rungs[n]
		for _, i := range members {
			of[i] = len(libs)
		}
		libs = append(libs, lib)
	}
	tellApart(libs, list)
	addons(g, libs, j)
	same := tieLibraries(libs, of, ties)
	addTo(g, list, libs, ties, same)
	var unread []Unread
	if o.Store != nil {
		s := newStatic(g, list, o.Store)
		found, gaps := s.find(libs, o.Background)
		addStatic(g, found)
		libs, unread = append(libs, found...), gaps
	}
	slices.SortFunc(libs, func(a, b Library) int { return strings.Compare(a.ID, b.ID) })
	return libs, unread
}

// Options is what Find may use beside the graph.
type Options struct {
	Store      Store       // of code marks; nil: only whole images are compared
	Background *Background // nil: background is told by names alone
}

// copied is an image with all that the products say about it.
type copied struct {
	digest   sbom.Digest
	image    *sbom.Image // as the first product holds it
	carriers []graph.Carrier
	files    []sbom.Digest // sorted
}

func collect(g *graph.Graph) []copied {
	var list []copied
	seen := map[sbom.Digest]bool{}
	for _, p := range g.Products {
		for i := range p.Images {
			m := &p.Images[i]
			if seen[m.Digest] || m.Type == "dsym" {
				continue
			}
			seen[m.Digest] = true
			c := copied{digest: m.Digest, image: m, carriers: g.Carriers(m.Digest)}
			for _, r := range c.carriers {
				for _, w := range r.Image.Places {
					c.files = append(c.files, w.File)
				}
			}
			slices.Sort(c.files)
			c.files = slices.Compact(c.files)
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b copied) int { return strings.Compare(string(a.digest), string(b.digest)) })
	return list
}

// group puts images that are the same together, then joins groups that live in
// exactly the same files. Groups and their members are sorted.
func group(list []copied, ties []tie) [][]int {
	set := forest.New[int](len(list))
	for _, t := range ties {
		if t.merges {
			set.Join(t.a, t.b)
		}
	}
	files := map[int][]sbom.Digest{}
	for i := range list {
		r := set.Root(i)
		files[r] = append(files[r], list[i].files...)
	}
	first := map[string]int{}
	for i := range list {
		r := set.Root(i)
		if files[r] == nil {
			continue // done
		}
		slices.Sort(files[r])
		key := join(slices.Compact(files[r]))
		files[r] = nil
		if o, ok := first[key]; ok {
			set.Join(o, r)
			continue
		}
		first[key] = r
	}
	members := map[int][]int{}
	var roots []int
	for i := range list {
		r := set.Root(i)
		if members[r] == nil {
			roots = append(roots, r)
		}
		members[r] = append(members[r], i)
	}
	var groups [][]int
	for _, r := range roots {
		groups = append(groups, members[r])
	}
	return groups
}

func join(list []sbom.Digest) string {
	var b strings.Builder
	for _, d := range list {
		b.WriteString(string(d))
		b.WriteByte(' ')
	}
	return b.String()
}

// newLibrary describes a group; ok is false when only one product carries it.
func newLibrary(list []copied, members []int, j *judge) (Library, bool) {
	lib := Library{Kind: KindDynamic}
	for _, i := range members {
		lib.Images = append(lib.Images, list[i].digest)
		lib.Files = append(lib.Files, list[i].files...)
		for _, c := range list[i].carriers {
			lib.Products = append(lib.Products, c.Product.ID)
		}
	}
	slices.Sort(lib.Products)
	lib.Products = slices.Compact(lib.Products)
	if len(lib.Products) < 2 {
		return Library{}, false
	}
	slices.Sort(lib.Files)
	lib.Files = slices.Compact(lib.Files)
	lib.ID = "library:" + string(idOf(lib.Images))
	lib.Name = commonName(list, members)
	lib.Background, lib.Why = j.of(list, members)
	return lib, true
}

// idOf is the digest of the one image, or of the sorted list of several.
func idOf(images []sbom.Digest) sbom.Digest {
	if len(images) == 1 {
		return images[0]
	}
	var l []string
	for _, d := range images {
		l = append(l, string(d))
	}
	return sbom.DigestOfList(l)
}

// commonName is the most common name of the images: the last part of the
// install name, or of the path where there is none, counted once per place. Of
// names that are equally common the first in order is taken.
func commonName(list []copied, members []int) string {
	votes := map[string]int{}
	for _, i := range members {
		for _, c := range list[i].carriers {
			for _, w := range c.Image.Places {
				name := c.Image.InstallName
				if name == "" {
					name = w.Path
				}
				votes[path.Base(name)]++
			}
		}
	}
	best := ""
	for name, n := range votes {
		if best == "" || n > votes[best] || (n == votes[best] && name < best) {
			best = name
		}
	}
	return best
}

// tellApart adds the architectures to the names of libraries that have the same
// name and not the same architectures: slices of a fat file can belong to
// different libraries.
func tellApart(libs []Library, list []copied) {
	arch := map[sbom.Digest]string{}
	for i := range list {
		arch[list[i].digest] = list[i].image.Arch
	}
	same := map[string][]int{} // name -> libraries
	archs := make([]string, len(libs))
	for n := range libs {
		var l []string
		for _, d := range libs[n].Images {
			l = append(l, arch[d])
		}
		slices.Sort(l)
		archs[n] = strings.Join(slices.Compact(l), ", ")
		same[libs[n].Name] = append(same[libs[n].Name], n)
	}
	for _, group := range same {
		first := archs[group[0]]
		if !slices.ContainsFunc(group, func(n int) bool { return archs[n] != first }) {
			continue
		}
		for _, n := range group {
			libs[n].Name += " (" + archs[n] + ")"
		}
	}
}

// weakest is, for each group, the rung of the weakest tie that was needed to
// join its members. Slices that only share their files need no tie.
func weakest(groups [][]int, ties []tie) []Rung {
	rungs := make([]Rung, len(groups))
	of := map[int]int{}
	for n, members := range groups {
		rungs[n] = RungBytes
		for _, i := range members {
			of[i] = n
		}
	}
	for _, t := range ties {
		if n := of[t.a]; t.needed && rank(t.rung) > rank(rungs[n]) {
			rungs[n] = t.rung
		}
	}
	return rungs
}

// tieLibraries joins libraries whose images are tied without being the same.
// Of several rungs the strongest stays. It fills SameAs on both sides and
// returns the pairs once, by id.
func tieLibraries(libs []Library, of map[int]int, ties []tie) map[[2]string]Rung {
	same := map[[2]string]Rung{}
	for _, t := range ties {
		a, aok := of[t.a]
		b, bok := of[t.b]
		if !aok || !bok || a == b {
			continue
		}
		pair := [2]string{libs[a].ID, libs[b].ID}
		slices.Sort(pair[:])
		if old, ok := same[pair]; !ok || rank(t.rung) < rank(old) {
			same[pair] = t.rung
		}
	}
	at := map[string]int{}
	for i := range libs {
		at[libs[i].ID] = i
	}
	for pair, rung := range same {
		a, b := at[pair[0]], at[pair[1]]
		libs[a].SameAs = append(libs[a].SameAs, SameAs{Library: pair[1], Rung: rung})
		libs[b].SameAs = append(libs[b].SameAs, SameAs{Library: pair[0], Rung: rung})
	}
	for i := range libs {
		slices.SortFunc(libs[i].SameAs, func(a, b SameAs) int { return strings.Compare(a.Library, b.Library) })
	}
	return same
}

func addTo(g *graph.Graph, list []copied, libs []Library, ties []tie, same map[[2]string]Rung) {
	var nodes []graph.Node
	var edges []graph.Edge
	for _, l := range libs {
		nodes = append(nodes, graph.Node{ID: l.ID, Kind: graph.NodeLibrary, Label: l.Name, Attrs: map[string]string{
			"kind": l.Kind, "background": strconv.FormatBool(l.Background), "rung": string(l.Rung)}})
		for _, d := range l.Images {
			edges = append(edges, graph.Edge{From: l.ID, To: graph.ImageNode(d), Kind: graph.EdgeContains, Method: string(l.Rung)})
		}
	}
	for _, t := range ties { // a < b, and the list is sorted by digest; each pair once
		edges = append(edges, graph.Edge{From: graph.ImageNode(list[t.a].digest), To: graph.ImageNode(list[t.b].digest),
			Kind: graph.EdgeSameAs, Method: string(t.rung)})
	}
	for pair, rung := range same {
		edges = append(edges, graph.Edge{From: pair[0], To: pair[1], Kind: graph.EdgeSameAs, Method: string(rung)})
	}
	g.Add(nodes, edges) // which sorts
}
