package reach

import (
	"cmp"
	"fmt"
	"slices"
)

// maxNear is how many steps below a method of a class a reader or a sink may lie
// for the class to tie them; both together have one step less than twice that.
const maxNear = 2

// Flow says what ties code that reads to code that sends.
type Flow struct {
	How    string
	Reader []Step // from what ties them to the reader; or from the reader to the sink, when it calls it
	Sink   []Step // from what ties them to the sink; nil when the reader calls it
}

// Flow finds what ties one of the readers to one of the sinks, in this order: the
// reader leads to the sink over calls; both are methods of one class, or such
// methods call them within two steps (three for both together), unless it is an
// application's delegate; one function calls both. Steps that go too far do not count, entry points play no part, and
// no data is followed: it is a tie between code, not proof that what was read is
// what is sent. ok is false when there is no such tie.
func (r *Reach) Flow(readers, sinks []Unit) (flow Flow, ok bool) {
	from, to := r.nodes(readers), r.nodes(sinks)
	if len(from) == 0 || len(to) == 0 {
		return Flow{}, false
	}
	all := r.backwards(to, -1)
	for _, n := range from {
		if d, ok := all.steps[n]; ok && (flow.Reader == nil || int(d) < len(flow.Reader)-1) {
			flow = Flow{How: "the reader leads to the sender", Reader: r.along(all, n)}
		}
	}
	if flow.Reader != nil {
		return flow, true
	}
	read, send := r.backwards(from, maxNear), r.backwards(to, maxNear)
	if f, ok := r.sameClass(read, send); ok {
		return f, true
	}
	return r.caller(read, send)
}

// nodes are the nodes of units, sorted.
func (r *Reach) nodes(units []Unit) []int32 {
	var out []int32
	for _, u := range units {
		if n := r.node(u); n >= 0 {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// cone is what leads to some nodes.
type cone struct {
	order []int32         // nearest first
	steps map[int32]int32 // to the nearest of them
	next  map[int32]int32 // the next node on the way there
}

// backwards finds what leads to some nodes in at most so many steps; -1: any.
func (r *Reach) backwards(goals []int32, most int32) *cone {
	c := &cone{order: slices.Clone(goals), steps: map[int32]int32{}, next: map[int32]int32{}}
	for _, n := range goals {
		c.steps[n] = 0
	}
	for i := 0; i < len(c.order); i++ {
		n := c.order[i]
		d := c.steps[n]
		if d == most {
			continue
		}
		for _, m := range r.callers(n) {
			if _, ok := c.steps[m]; !ok {
				c.steps[m], c.next[m] = d+1, n
				c.order = append(c.order, m)
			}
		}
	}
	return c
}

// along is the way from a node of a cone to what it leads to.
func (r *Reach) along(c *cone, n int32) []Step {
	out := []Step{r.step(n, viaNone)}
	for c.steps[n] > 0 {
		m := c.next[n]
		i := slices.IndexFunc(r.out(n), func(e edge) bool { return e.to == m })
		out = append(out, r.step(m, r.out(n)[i].via))
		n = m
	}
	return out
}

// nearest is the method of a class that is nearest to some nodes.
type nearest struct{ reader, sink int32 }

// sameClass looks for a class of which one method reads and another one sends.
func (r *Reach) sameClass(read, send *cone) (Flow, bool) {
	by := map[groupName]nearest{}
	var order []groupName
	for _, n := range read.order {
		if key, ok := r.classOf(n); ok {
			if _, met := by[key]; !met { // the order is that of distance
				by[key] = nearest{n, -1}
				order = append(order, key)
			}
		}
	}
	for _, n := range send.order {
		if key, ok := r.classOf(n); ok {
			if b, met := by[key]; met && b.sink < 0 && b.reader != n {
				b.sink = n
				by[key] = b
			}
		}
	}
	sum := func(k groupName) int32 { return read.steps[by[k].reader] + send.steps[by[k].sink] }
	order = slices.DeleteFunc(order, func(k groupName) bool {
		return by[k].sink < 0 || sum(k) >= 2*maxNear || sum(k) > 0 && r.delegates(k)
	})
	if len(order) == 0 {
		return Flow{}, false
	}
	best := slices.MinFunc(order, func(a, b groupName) int {
		return cmp.Or(cmp.Compare(sum(a), sum(b)), cmp.Compare(by[a].reader, by[b].reader))
	})
	b := by[best]
	c, f := r.function(b.reader)
	return Flow{How: fmt.Sprintf("methods of one class, %s, read and send", c.classes[c.own[f]-1].label),
		Reader: r.along(read, b.reader), Sink: r.along(send, b.sink)}, true
}

// delegates reports whether a class is an application's delegate: a class of all
// trades, which ties nothing by what its methods call.
func (r *Reach) delegates(k groupName) bool {
	return slices.ContainsFunc(r.names[k], func(at classAt) bool { return r.codes[at.image].classes[at.class].delegate })
}

// classOf is the class that a node is a method of.
func (r *Reach) classOf(n int32) (groupName, bool) {
	i := r.of(n)
	c := r.codes[i]
	f := n - r.base[i]
	if c.own == nil || c.own[f] == 0 {
		return groupName{}, false
	}
	return groupName{r.group[i], c.classes[c.own[f]-1].name}, true
}

// caller looks for a function that itself calls a reader and a sink.
func (r *Reach) caller(read, send *cone) (Flow, bool) {
	best := int32(-1)
	for _, n := range read.order {
		if d, ok := send.steps[n]; ok && d == 1 && read.steps[n] == 1 && (best < 0 || n < best) {
			best = n
		}
	}
	if best < 0 {
		return Flow{}, false
	}
	return Flow{How: "one function calls the reader and the sender", Reader: r.along(read, best), Sink: r.along(send, best)}, true
}
