package propagate

import (
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/reach"
	"github.com/kinbom/kinbom/sbom"
)

// follow says which of the sources at likely or better run and which are
// dormant, by the calls in the images that hold sources and in those that lead
// to one of these. It is nil when calls are not followed or no source has a
// place in code.
func (w *run) follow(product int32, firm map[string][]tied) *reach.Reach {
	if w.loader == nil {
		return nil
	}
	var images []int32
	for _, list := range firm {
		for _, t := range list {
			if t.o.Address != nil || len(t.o.code()) > 0 {
				images = append(images, w.n.number[t.o.Image])
			}
		}
	}
	if len(images) == 0 {
		return nil
	}
	slices.Sort(images)
	code := w.loader.Solve(w.program(product, w.above(slices.Compact(images))))
	for _, list := range firm {
		for i := range list {
			t := &list[i]
			if t.level == 0 {
				continue
			}
			if t.o.Address == nil {
				if last, ok := t.o.runs(code); ok {
					t.level, t.calls = levelRuns, code.Path(last)
				}
				continue
			}
			u := reach.Unit{Image: t.o.Image, Address: *t.o.Address}
			switch {
			case code.Runs(u):
				t.level, t.calls = levelRuns, code.Path(u)
			case code.Known(u):
				t.dormant = true
			}
		}
	}
	return code
}

// above is the states of some images, and those from which links lead to one of
// them; of the product, or reached by it. Sorted.
func (w *run) above(images []int32) []int32 {
	n, r := w.n, w.r
	seen := map[int32]bool{}
	var queue []int32
	visit := func(s int32) {
		if (r.inside(s) || r.level[s] > 0) && !seen[s] {
			seen[s] = true
			queue = append(queue, s)
		}
	}
	for _, k := range images {
		for _, s := range n.statesOf[k] {
			visit(s)
		}
	}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		for _, k := range n.in[n.inFirst[s]:n.inFirst[s+1]] {
			visit(n.links[k].from)
		}
	}
	slices.Sort(queue)
	return queue
}

// program is what the states are as images and ties. An image that several
// products hold is there once, with the ties of all.
func (w *run) program(product int32, states []int32) *reach.Program {
	n := w.n
	p := &reach.Program{}
	at := map[int32]int{} // of an image
	registered, nibs := classesOf(n.g.Products[product]), nibsOf(n.g.Products[product])
	for _, s := range states {
		k := n.image[s]
		i, ok := at[k]
		if !ok {
			i = len(p.Images)
			at[k] = i
			p.Images = append(p.Images, reach.Image{Digest: n.images[k]})
		}
		m := &p.Images[i]
		if !w.r.inside(s) {
			continue
		}
		m.Entry = n.entry[s] != entryNone
		noun := n.g.ImageIn(n.g.Products[product].ID, m.Digest)
		m.Plugin = noun.Type == "bundle"
		for _, x := range noun.Places {
			m.Plugin = m.Plugin || strings.HasSuffix(x.Path, ".node")
			m.Classes = append(m.Classes, registered[x.Path]...)
			m.Nib.Classes = append(m.Nib.Classes, nibs.classes[x.Path]...)
			m.Nib.Sends = append(m.Nib.Sends, nibs.sends[x.Path]...)
		}
		m.Nib.Known = nibs.known
	}
	for _, s := range states {
		for _, l := range n.links[n.out[s]:n.out[s+1]] {
			if to, ok := at[n.image[l.to]]; ok && w.known(l.to) {
				e := &n.g.Edges[l.edge]
				t := reach.Tie{From: at[n.image[s]], To: to, Kind: sbom.LinkKind(e.Kind), Symbols: e.Symbols}
				if l.level == levelRuns {
					t.Kind = sbom.LinkOpens // a script loads it while it runs
				}
				p.Ties = append(p.Ties, t)
			}
		}
	}
	return p
}

func (w *run) known(s int32) bool { return w.r.inside(s) || w.r.level[s] > 0 }

// classesOf lists the classes that property lists of a product name, by the path
// of the executable that is to have them.
func classesOf(p *sbom.Product) map[string][]string {
	out := map[string][]string{}
	for i := range p.Bundles {
		b := &p.Bundles[i]
		for _, c := range b.Classes {
			if b.Executable != "" {
				out[b.Executable] = append(out[b.Executable], c.Value)
			}
		}
	}
	return out
}

// nibs is what the interface files of a product name, by the path of the
// executable of their bundle or, where that has none, of the next one around it.
type nibs struct {
	classes, sends map[string][]string
	known          bool // there are some, and all were read
}

func nibsOf(p *sbom.Product) nibs {
	out := nibs{classes: map[string][]string{}, sends: map[string][]string{}}
	executable := map[string]string{}
	for i := range p.Bundles {
		executable[p.Bundles[i].Path] = p.Bundles[i].Executable
	}
	read, unread := 0, 0
	for i := range p.Bundles {
		b := &p.Bundles[i]
		if b.Nibs == nil {
			continue
		}
		read, unread = read+b.Nibs.Read, unread+b.Nibs.Unread
		at := b.Path
		for executable[at] == "" && at != "" {
			if at = path.Dir(at); at == "." {
				at = ""
			}
		}
		x := executable[at]
		for _, c := range b.Nibs.Classes {
			out.classes[x] = append(out.classes[x], c.Value)
		}
		out.sends[x] = append(out.sends[x], b.Nibs.Sends...)
	}
	out.known = read > 0 && unread == 0
	return out
}

// called puts the calls on the first witness whose images are those that the
// calls pass, or else on the first one, and that one before the others.
func called(list []Witness, calls []reach.Step) []Witness {
	if len(calls) == 0 || len(list) == 0 {
		return list
	}
	i := max(slices.IndexFunc(list, func(w Witness) bool { return w.passes(calls) }), 0)
	w := list[i]
	w.Strength, w.Calls = Runs, calls
	return slices.Insert(slices.Delete(list, i, i+1), 0, w)
}

// passes reports whether the hops of a witness pass all images of the calls.
func (w *Witness) passes(calls []reach.Step) bool {
	for _, c := range calls {
		if !slices.ContainsFunc(w.Hops, func(h Hop) bool { return h.Node == graph.ImageNode(c.Image) }) {
			return false
		}
	}
	return true
}
