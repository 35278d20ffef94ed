package propagate

import (
	"maps"
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// Composite is a capability that others make up: a product has it when it has
// one of Any. Parts are capabilities that rules give, not other composites.
type Composite struct {
	ID    string
	Any   []string // ids of the capabilities that make it up
	Sends []string // ids of the capabilities that can send data away: upload sinks
}

// Values of Carried.Sends.
const (
	SendsNo       = "no"
	SendsPossible = "possible"
	SendsShown    = "shown" // not given at image scope
)

// compose lists the sources of a composite in one product: those of its parts
// at likely or better, else those that mention. A source all of whose tags only
// clear (delete, do not read) is none; one that also has a tag that reads counts
// with the grade of that tag.
func compose(c Composite, firm, mentions map[string][]tied) []tied {
	var likely, names []tied
	for _, part := range sorted(c.Any) {
		for _, t := range slices.Concat(firm[part], mentions[part]) {
			t.grade = t.o.reads
			switch {
			case t.grade.Rank() >= sbom.GradeLikely.Rank():
				likely = append(likely, t)
			case t.grade == sbom.GradeMentions && t.inBundle:
				names = append(names, t)
			}
		}
	}
	if len(likely) > 0 {
		return likely
	}
	return names
}

// sends says whether what a composite reads could be sent. It is possible when
// a sink at likely or better is in the same image as a source, or in an image
// tied to it: the product's images, and the code of other products that it
// reaches, fall into groups that loads, calls and launches join, in whatever
// direction and over however many steps; a sink in the source's group counts.
// References in strings (opens) do not tie. Sources that only mention send
// nothing.
func (w *run) sends(c Composite, sources []tied, firm map[string][]tied) string {
	var sinks []int32
	for _, id := range c.Sends {
		for _, t := range firm[id] {
			sinks = append(sinks, w.n.number[t.o.Image])
		}
	}
	if len(sinks) == 0 || sources[0].grade == sbom.GradeMentions {
		return SendsNo
	}
	start := map[int32]bool{}
	for _, t := range sources {
		start[w.n.number[t.o.Image]] = true
	}
	group := w.group(slices.Sorted(maps.Keys(start)))
	for _, k := range sinks {
		if group[k] {
			return SendsPossible
		}
	}
	return SendsNo
}

// group is the images that are tied to one of those given.
func (w *run) group(images []int32) map[int32]bool {
	n, r := w.n, w.r
	in := func(s int32) bool { return r.inside(s) || r.level[s] > 0 }
	seen := map[int32]bool{}
	var queue []int32
	visit := func(s int32) {
		if in(s) && !seen[s] {
			seen[s] = true
			queue = append(queue, s)
		}
	}
	for _, k := range images {
		for _, s := range n.statesOf[k] {
			visit(s)
		}
	}
	group := map[int32]bool{}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		group[n.image[s]] = true
		for _, l := range n.links[n.out[s]:n.out[s+1]] {
			if !l.opens {
				visit(l.to)
			}
		}
		for _, i := range n.in[n.inFirst[s]:n.inFirst[s+1]] {
			if l := n.links[i]; !l.opens {
				visit(l.from)
			}
		}
	}
	return group
}
