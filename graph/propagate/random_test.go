package propagate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

// randomFamily has two or three products of up to six images, many of them
// shared, with cycles and links that leave the product.
func randomFamily(t testing.TB, r *rand.Rand) *family {
	var lines []string
	verbs := []string{"loads", "loads", "calls", "calls", "launches", "starts", "opens"}
	pool := []string{"i0", "i1", "i2", "i3", "i4", "i5", "i6"}
	for _, p := range []string{"P", "Q", "R"}[:2+r.IntN(2)] {
		held := []string{p + "main"}
		line := p + " holds " + p + "main:main"
		if r.IntN(2) == 0 {
			held = append(held, p+"help")
			line += " " + p + "help:helper"
		}
		for _, i := range r.Perm(len(pool))[:2+r.IntN(3)] {
			held = append(held, pool[i])
			line += " " + pool[i]
		}
		lines = append(lines, line)
		for range 2 + r.IntN(3*len(held)) {
			lines = append(lines, fmt.Sprintf("%s %s %s %s", p, held[r.IntN(len(held))], verbs[r.IntN(len(verbs))], held[r.IntN(len(held))]))
		}
		if r.IntN(2) == 0 {
			lines = append(lines, fmt.Sprintf("%s %s %s %s", p, held[r.IntN(len(held))], []string{"leaves", "leaves-calls"}[r.IntN(2)], pool[r.IntN(len(pool))]))
		}
		for i, h := range held {
			lines = append(lines, fmt.Sprintf("%s has c%d %s", h, (i+r.IntN(2))%3, []string{"likely", "likely", "shown", "mentions"}[r.IntN(4)]))
		}
	}
	for _, i := range pool {
		lines = append(lines, i+" has every likely")
	}
	for _, p := range []string{"P", "Q", "R"} {
		lines = append(lines, p+"main has every likely", p+"help has every likely")
	}
	return newFamily(t, lines...)
}

// spot is an image in a product, for the slow search.
type spot struct{ product, image sbom.Digest }

// slowWay is a way that the slow search found.
type slowWay struct {
	spots    []spot
	strength Strength
}

// slow lists every way from an entry of a product to every spot that passes no
// spot twice (but may end where it began), straight from the graph's edges.
func slow(g *graph.Graph, p *sbom.Product) map[sbom.Digest][]slowWay {
	all := map[sbom.Digest][]slowWay{}
	var walk func(path []spot, strength Strength)
	walk = func(path []spot, strength Strength) {
		at := path[len(path)-1]
		for _, e := range g.OutIn(graph.ImageNode(at.image), at.product) {
			s := Linked
			switch {
			case e.Kind == graph.EdgeCalls, e.Kind == graph.EdgeLaunches && e.Seen:
				s = Reachable
			case e.Kind != graph.EdgeLoads && e.Kind != graph.EdgeLaunches && e.Kind != graph.EdgeOpens:
				continue
			}
			if strength.Rank() < s.Rank() {
				s = strength
			}
			to, ok := graph.ImageOf(e.To)
			if !ok {
				continue
			}
			for _, c := range g.Carriers(to) {
				if (c.Product.ID == at.product) == e.Outside {
					continue
				}
				next := spot{c.Product.ID, to}
				way := slowWay{append(slices.Clone(path), next), s}
				if i := slices.Index(path, next); i >= 0 {
					if i == 0 {
						all[to] = append(all[to], way)
					}
					continue
				}
				all[to] = append(all[to], way)
				walk(way.spots, s)
			}
		}
	}
	for i := range p.Images {
		m := &p.Images[i]
		if m.Places[0].Role.Entry() {
			start := []spot{{p.ID, m.Digest}}
			all[m.Digest] = append(all[m.Digest], slowWay{start, Linked})
			walk(start, Runs)
		}
	}
	return all
}

// TestAgainstSlowSearch compares strengths, and what the witnesses promise,
// with an enumeration of all ways.
func TestAgainstSlowSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	seen := map[string]int{}
	for range 400 {
		f := randomFamily(t, r)
		g, res := f.run()
		for _, p := range g.Products {
			ways := slow(g, p)
			c := find(res, p.ID, "every")
			for _, name := range slices.Compact(slices.Sorted(slices.Values(f.names))) {
				compare(t, f, g, p, c, digest(name), ways[digest(name)], seen)
			}
		}
		if t.Failed() {
			t.Logf("family: %v", f.order)
			return
		}
	}
	for _, k := range []string{"reachable", "linked", "carries", "", "outside", "disjoint", "shared part"} {
		if seen[k] < 20 {
			t.Errorf("%q came only %d times: the families are too simple", k, seen[k])
		}
	}
}

func find(r *Result, product sbom.Digest, capability string) Carried {
	for _, c := range r.Carried {
		if c.Product == product && c.Capability == capability {
			return c
		}
	}
	return Carried{}
}

func compare(t *testing.T, f *family, g *graph.Graph, p *sbom.Product, c Carried, image sbom.Digest, ways []slowWay, seen map[string]int) {
	t.Helper()
	inside := g.ImageIn(p.ID, image) != nil
	var want Strength
	if inside {
		want = Carries
	}
	for _, w := range ways {
		if w.strength.Rank() > want.Rank() {
			want = w.strength
		}
	}
	var got SourceReach
	for _, s := range c.Sources {
		if s.ID == graph.ImageNode(image)+"#every" {
			got = s
		}
	}
	what := f.readable(string(image)) + " in " + p.Name
	if got.Strength != want || got.InBundle != (inside && want != "") {
		t.Errorf("%s: strength %q, inside %v; want %q, %v", what, got.Strength, got.InBundle, want, inside)
	}
	seen[string(want)]++
	if want != "" && !inside {
		seen["outside"]++
	}
	checkWitnesses(t, what, p, c, image, ways, want, seen)
}

// checkWitnesses looks at the ways that pass no entry in between: those are
// what the finder promises to choose from.
func checkWitnesses(t *testing.T, what string, p *sbom.Product, c Carried, image sbom.Digest, ways []slowWay, best Strength, seen map[string]int) {
	t.Helper()
	inner := func(w slowWay) []string {
		var list []string
		for _, s := range w.spots[1:max(len(w.spots)-1, 1)] {
			list = append(list, string(s.image))
		}
		return list
	}
	entry := map[sbom.Digest]bool{}
	for i := range p.Images {
		entry[p.Images[i].Digest] = p.Images[i].Places[0].Role.Entry()
	}
	ways = slices.DeleteFunc(slices.Clone(ways), func(w slowWay) bool {
		return slices.ContainsFunc(inner(w), func(s string) bool { return entry[sbom.Digest(s)] || s == string(image) })
	})
	distinct, shortest, apart := map[string]bool{}, 0, false
	for i, w := range ways {
		distinct[fmt.Sprint(w.spots)] = true
		if w.strength == best && (shortest == 0 || len(w.spots) < shortest) {
			shortest = len(w.spots)
		}
		for _, v := range ways[:i] {
			overlap := slices.ContainsFunc(inner(w), func(s string) bool { return slices.Contains(inner(v), s) })
			apart = apart || (!overlap && fmt.Sprint(v.spots) != fmt.Sprint(w.spots) && (v.strength == best || w.strength == best))
		}
	}
	var got [][]string
	for _, w := range c.Witnesses {
		if w.Source != graph.ImageNode(image)+"#every" {
			continue
		}
		var images []string
		for _, h := range w.Hops {
			if d, ok := graph.ImageOf(h.Node); ok {
				images = append(images, string(d))
			}
		}
		got = append(got, images)
	}
	if len(distinct) == 0 {
		return // carried only
	}
	if (len(distinct) >= 2) != (len(got) >= 2) {
		t.Errorf("%s: %d ways, %d witnesses", what, len(distinct), len(got))
	}
	disjoint := true
	for i, a := range got {
		for _, b := range got[:i] {
			for _, s := range a[1:max(len(a)-1, 1)] {
				disjoint = disjoint && !slices.Contains(b[1:max(len(b)-1, 1)], s)
			}
		}
	}
	switch {
	case apart && !disjoint:
		t.Errorf("%s: two ways have nothing in common, the witnesses have: %s", what, strings.Join(flat(got), "; "))
	case apart:
		seen["disjoint"]++
	case len(got) >= 2:
		seen["shared part"]++
	}
	if !apart && len(got[0]) != shortest {
		t.Errorf("%s: the first witness has %d images, the shortest way %d", what, len(got[0]), shortest)
	}
}

func flat(list [][]string) []string {
	var out []string
	for _, l := range list {
		out = append(out, strings.Join(l, " "))
	}
	return out
}

func benchProduct(r *rand.Rand, i int) *sbom.Product {
	f := &family{products: map[string]*sbom.Product{}}
	name := fmt.Sprint("P", i)
	images := []string{fmt.Sprintf("main%d:main", i)}
	for j := 1; j < 50; j++ {
		images = append(images, fmt.Sprintf("lib%d.%d", j, i%(1+j%20)))
	}
	f.holds(name, images)
	p := f.products[name]
	held := make([]string, 50)
	for j, x := range images {
		held[j], _, _ = strings.Cut(x, ":")
	}
	for j := range held {
		for range 4 {
			f.link(p, held[j], []string{"loads", "calls"}[r.IntN(2)], held[r.IntN(50)])
		}
	}
	for j := range 10 {
		p.Tags = append(p.Tags, sbom.Tag{Capability: fmt.Sprint("c", j%5), Grade: sbom.GradeLikely, Image: digest(held[1+j*4]), Rule: "r", Evidence: []sbom.Evidence{{}}})
	}
	p.Normalize()
	return p
}
