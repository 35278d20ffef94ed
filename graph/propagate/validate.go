package propagate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/reach"
	"github.com/kinbom/kinbom/sbom"
)

// Validate checks what must hold in every result for a graph, and names what
// does not. Tests call it on every result they make.
//
//   - sources are sorted by id, carried by product and capability, each once;
//   - a Carried has sources, sorted; its grade, strength and InBundle are the
//     best of theirs; mentions have no strength and no witness;
//   - every source at likely or better has a witness of its own strength and
//     none that is stronger, at most three;
//   - a witness begins at the product, ends at the source, and each hop is an
//     edge of the graph.
func (r *Result) Validate(g *graph.Graph) error {
	v := &validation{g: g, known: map[string]*Source{}}
	for i := range r.Sources {
		s := &r.Sources[i]
		if i > 0 && r.Sources[i-1].ID >= s.ID {
			v.bad("source %s is out of order or there twice", s.ID)
		}
		if len(s.Tags) == 0 || s.Grade.Rank() == 0 {
			v.bad("source %s has no tag or no grade", s.ID)
		}
		v.known[s.ID] = s
	}
	for i := range r.Carried {
		c := &r.Carried[i]
		if i > 0 {
			b := &r.Carried[i-1]
			if cmp.Or(strings.Compare(string(b.Product), string(c.Product)), strings.Compare(b.Capability, c.Capability)) >= 0 {
				v.bad("%s in product %s is out of order or there twice", c.Capability, c.Product.Short())
			}
		}
		v.carried(c)
	}
	return errors.Join(v.errs...)
}

type validation struct {
	g     *graph.Graph
	known map[string]*Source
	errs  []error
}

func (v *validation) bad(format string, a ...any) { v.errs = append(v.errs, fmt.Errorf(format, a...)) }

func (v *validation) carried(c *Carried) {
	what := fmt.Sprintf("%s in product %s", c.Capability, c.Product.Short())
	var grade, strength int
	var inBundle bool
	for i, s := range c.Sources {
		if i > 0 && c.Sources[i-1].ID >= s.ID {
			v.bad("%s: source %s is out of order or there twice", what, s.ID)
		}
		if v.known[s.ID] == nil {
			v.bad("%s: unknown source %s", what, s.ID)
		}
		grade, strength, inBundle = max(grade, s.Grade.Rank()), max(strength, s.Strength.Rank()), inBundle || s.InBundle
		v.witnesses(what, c, s)
	}
	if grade == 0 || grade != c.Grade.Rank() || strength != c.Strength.Rank() || inBundle != c.InBundle {
		v.bad("%s: grade %q, strength %q or inBundle %v is not the best of its sources", what, c.Grade, c.Strength, c.InBundle)
	}
	if (c.Grade == sbom.GradeMentions) != (c.Strength == "") {
		v.bad("%s: grade %q with strength %q", what, c.Grade, c.Strength)
	}
	if (c.Sends == SendsShown) != (c.Flow != nil) || c.Sends == SendsNo && len(c.Hosts) > 0 {
		v.bad("%s: sends %q, but a flow or a host says otherwise", what, c.Sends)
	}
	for _, w := range c.Witnesses {
		if !slices.ContainsFunc(c.Sources, func(s SourceReach) bool { return s.ID == w.Source }) {
			v.bad("%s: a witness to %s, which is no source", what, w.Source)
		}
		v.witness(what, c, &w)
	}
}

func (v *validation) witnesses(what string, c *Carried, s SourceReach) {
	n, best := 0, 0
	for _, w := range c.Witnesses {
		if w.Source == s.ID {
			n, best = n+1, max(best, w.Strength.Rank())
		}
	}
	if best != s.Strength.Rank() || n > maxWitnesses || (s.Grade == sbom.GradeMentions && n > 0) {
		v.bad("%s: source %s has %d witnesses, the best of rank %d, and strength %q", what, s.ID, n, best, s.Strength)
	}
}

func (v *validation) witness(what string, c *Carried, w *Witness) {
	if len(w.Hops) < 2 || w.Hops[0].Node != graph.ProductNode(c.Product) || w.Hops[0].Edge != "" {
		v.bad("%s: witness to %s does not begin at the product", what, w.Source)
		return
	}
	end, _, _ := strings.Cut(w.Source, "#")
	if w.Hops[len(w.Hops)-1].Node != end {
		v.bad("%s: witness to %s ends at %s", what, w.Source, w.Hops[len(w.Hops)-1].Node)
	}
	if n := len(w.Calls); n > 0 {
		last := w.Calls[n-1]
		if w.Strength != Runs || !endsIn(end, last) {
			v.bad("%s: calls to %s end in other code, or its strength is %s", what, w.Source, w.Strength)
		}
	}
	for i, h := range w.Hops[1:] {
		from := w.Hops[i].Node
		if !slices.ContainsFunc(v.g.Out(from), func(e graph.Edge) bool { return e.To == h.Node && string(e.Kind) == h.Edge }) {
			v.bad("%s: witness to %s: no %s edge from %s to %s", what, w.Source, h.Edge, from, h.Node)
		}
	}
}

// endsIn reports whether calls that end in a unit lead to a node: the unit, or the
// image that holds it, where the source is known for the whole image.
func endsIn(node string, last reach.Step) bool {
	return node == graph.UnitNode(last.Image, last.Address) || node == graph.ImageNode(last.Image)
}
