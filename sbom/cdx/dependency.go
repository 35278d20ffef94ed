package cdx

import (
	"maps"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// edges is a dependency graph of bom-refs.
type edges map[string]map[string]bool

func (e edges) node(from string) {
	if e[from] == nil {
		e[from] = map[string]bool{}
	}
}

func (e edges) add(from, to string) {
	e.node(from)
	if from != to {
		e[from][to] = true
	}
}

// reach adds to seen everything that can be reached from start.
func (e edges) reach(start string, seen map[string]bool) {
	todo := []string{start}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		for to := range e[at] {
			if !seen[to] {
				todo = append(todo, to)
			}
		}
	}
}

// dependencies is the dependency graph, in which everything can be reached
// from the product: a bundle depends on its executable, an image on what it
// links to, and what nothing else leads to hangs off its bundle. Products,
// bundles and images are always listed, also with nothing to depend on. What
// was not read (packages, libraries of the system, outside, missing) is not:
// CycloneDX takes an unlisted component to have unknown dependencies.
func (w *writer) dependencies() []cyclonedx.Dependency {
	e := edges{}
	e.node(w.productRef())
	for i := range w.p.Bundles {
		b := &w.p.Bundles[i]
		if b.Path != "" {
			e.add(w.bundleRef(w.parent[b.Path]), w.bundleRef(b.Path))
			e.node(w.bundleRef(b.Path))
		}
		for _, m := range w.files[b.Executable] {
			if b.Executable != "" {
				e.add(w.bundleRef(b.Path), imageRef(w.p.Images[m].Digest))
			}
		}
	}
	for i := range w.p.Images {
		e.node(imageRef(w.p.Images[i].Digest))
	}
	for _, l := range w.p.Links {
		e.add(imageRef(l.From), linkRef(l))
	}
	for at, list := range w.pkgs {
		for _, i := range list {
			e.add(w.bundleRef(at), w.pkgRefs[i])
		}
	}
	w.hangUnreached(e)
	out := make([]cyclonedx.Dependency, 0, len(e))
	for _, ref := range slices.Sorted(maps.Keys(e)) {
		d := cyclonedx.Dependency{Ref: ref}
		if to := slices.Sorted(maps.Keys(e[ref])); len(to) > 0 {
			d.Dependencies = &to
		}
		out = append(out, d)
	}
	return out
}

// hangUnreached ties images that nothing leads to to their bundle: first those
// that the system or the user starts, for they lead on to others.
func (w *writer) hangUnreached(e edges) {
	seen := map[string]bool{}
	e.reach(w.productRef(), seen)
	at := slices.Sorted(maps.Keys(w.images))
	for _, entries := range []bool{true, false} {
		for _, bundle := range at {
			for _, i := range w.images[bundle] {
				m := &w.p.Images[i]
				if ref := imageRef(m.Digest); !seen[ref] && (!entries || m.Places[0].Role.Entry()) {
					e.add(w.bundleRef(bundle), ref)
					e.reach(ref, seen)
				}
			}
		}
	}
}

// compositions say what is complete. Assemblies speak of what a component
// holds, dependencies of what it depends on.
func (w *writer) compositions() []cyclonedx.Composition {
	whole := cyclonedx.CompositionAggregateComplete
	if !w.complete() {
		whole = cyclonedx.CompositionAggregateIncomplete
	}
	root := []cyclonedx.BOMReference{cyclonedx.BOMReference(w.productRef())}
	out := []cyclonedx.Composition{{Aggregate: whole, Assemblies: &root, Dependencies: &root}}
	var good, bad, unknown []cyclonedx.BOMReference
	for i := range w.p.Images {
		ref := cyclonedx.BOMReference(imageRef(w.p.Images[i].Digest))
		if w.holed[w.p.Images[i].Digest] {
			bad = append(bad, ref)
		} else {
			good = append(good, ref)
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(w.leaves)) {
		unknown = append(unknown, cyclonedx.BOMReference(ref))
	}
	for _, ref := range w.pkgRefs {
		unknown = append(unknown, cyclonedx.BOMReference(ref))
	}
	slices.Sort(unknown)
	for _, c := range []struct {
		refs []cyclonedx.BOMReference
		as   cyclonedx.CompositionAggregate
	}{
		{good, cyclonedx.CompositionAggregateComplete},
		{bad, cyclonedx.CompositionAggregateIncomplete},
		{unknown, cyclonedx.CompositionAggregateUnknown},
	} {
		if len(c.refs) > 0 {
			out = append(out, cyclonedx.Composition{Aggregate: c.as, Dependencies: &c.refs})
		}
	}
	return out
}

// complete reports whether the product has no gap, no file that could not be
// read, and none that was not looked at.
func (w *writer) complete() bool {
	if len(w.p.Gaps) > 0 || w.p.Coverage.Unreadable > 0 {
		return false
	}
	for _, r := range w.p.Coverage.Reasons {
		if strings.Contains(r.Why, "not looked at") {
			return false
		}
	}
	return true
}
