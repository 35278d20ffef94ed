package propagate

import (
	"maps"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/reach"
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

// packing is the capability of code that packs files. A reader that is tied to a
// packer, in a product that could send, is taken for one that is tied to a sender.
const packing = "exfil.archive"

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
// nothing. The sinks in the group are returned, too.
func (w *run) sends(c Composite, sources []tied, firm map[string][]tied) (string, []tied) {
	var sinks []tied
	for _, id := range c.Sends {
		sinks = append(sinks, firm[id]...)
	}
	if len(sinks) == 0 || sources[0].grade == sbom.GradeMentions {
		return SendsNo, nil
	}
	start := map[int32]bool{}
	for _, t := range sources {
		start[w.n.number[t.o.Image]] = true
	}
	group := w.group(slices.Sorted(maps.Keys(start)))
	near := slices.DeleteFunc(sinks, func(t tied) bool { return !group[w.n.number[t.o.Image]] })
	if len(near) == 0 {
		return SendsNo, nil
	}
	return SendsPossible, near
}

// sending fills what a Carried says of sending. Sending is shown only with a tie
// in code between a reader and a sender, or a packer, whose places are known; it
// needs no entry point, so it is shown of dormant code, too.
func (w *run) sending(product int32, out *Carried, c Composite, sources []tied, firm map[string][]tied, code *reach.Reach) {
	var near []tied
	out.Sends, near = w.sends(c, sources, firm)
	if out.Sends == SendsNo {
		return
	}
	if flow, ok := sameModule(sources, near); ok {
		out.Sends, out.Flow = SendsShown, &flow
	} else if flow, ok := w.twoModules(product, sources, near); ok {
		out.Sends, out.Flow = SendsShown, &flow
	}
	if code == nil || out.Flow != nil {
		return
	}
	readers, senders := units(sources), units(near)
	out.Hosts = code.Hosts(senders)
	for _, to := range [][]reach.Unit{senders, units(firm[packing])} {
		if flow, ok := code.Flow(readers, to); ok {
			out.Sends, out.Flow = SendsShown, &flow
			return
		}
	}
}

// sameModule looks for a module of a script that itself reads and sends: a module
// is a unit of code, as a class is in native code. It may read with the help of the
// modules that it asks for directly, but must send by itself. A file that is too
// large to be one module has no such tags.
func sameModule(sources, sinks []tied) (reach.Flow, bool) {
	for _, r := range sources {
		if !inModule(r, sbom.ScopeModule, sbom.ScopeModules) {
			continue
		}
		for _, s := range sinks {
			if s.o.Image == r.o.Image && inModule(s, sbom.ScopeModule) {
				step := reach.Step{Unit: reach.Unit{Image: r.o.Image}, Name: "module"}
				return reach.Flow{How: "one module of a script reads and sends", Reader: []reach.Step{step}, Sink: []reach.Step{step}}, true
			}
		}
	}
	return reach.Flow{}, false
}

// twoModules looks for a module of a script that reads and another one that sends,
// between which data is seen to go: the reader hands some to the sender, the sender
// takes it from the reader, or a third module hands it on. That they ask for each
// other is not enough: a main module asks for everything.
func (w *run) twoModules(product int32, sources, sinks []tied) (reach.Flow, bool) {
	p := w.n.g.Products[product]
	for i := range p.Links {
		l := &p.Links[i]
		how, taken := strings.CutSuffix(l.How, sbom.HowTakes)
		given := strings.HasSuffix(how, sbom.HowGives) || strings.HasPrefix(how, sbom.HowHandsOn)
		if !given && !taken {
			continue
		}
		ties := func(reader, sender sbom.Digest) bool {
			return has(sources, reader, sbom.ScopeModule, sbom.ScopeModules) && has(sinks, sender, sbom.ScopeModule)
		}
		reader, sender := l.From, l.To
		switch {
		case given && ties(reader, sender):
		case taken && ties(sender, reader):
			reader, sender = sender, reader
		default:
			continue
		}
		return reach.Flow{How: "data goes from a module of a script that reads to one that sends (" + l.How + ")",
			Reader: []reach.Step{{Unit: reach.Unit{Image: reader}, Name: "module"}}, Sink: []reach.Step{{Unit: reach.Unit{Image: sender}, Name: "module"}}}, true
	}
	return reach.Flow{}, false
}

// has reports whether a module is one of some sources at one of some scopes.
func has(list []tied, image sbom.Digest, scopes ...sbom.Scope) bool {
	return slices.ContainsFunc(list, func(t tied) bool { return t.o.Image == image && inModule(t, scopes...) })
}

// inModule reports whether a source has a tag at likely or better of one of these scopes.
func inModule(t tied, scopes ...sbom.Scope) bool {
	return slices.ContainsFunc(t.o.Tags, func(g sbom.Tag) bool {
		return slices.Contains(scopes, g.Scope) && g.Grade.Rank() >= sbom.GradeLikely.Rank()
	})
}

// units are the code units of sources, as far as they have one.
func units(list []tied) []reach.Unit {
	var out []reach.Unit
	for _, t := range list {
		if t.o.Address != nil {
			out = append(out, reach.Unit{Image: t.o.Image, Address: *t.o.Address})
		}
	}
	return out
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
