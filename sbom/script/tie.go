package script

import (
	"cmp"
	"slices"
)

// maxTied is how many calls of other modules are looked at for ties.
const maxTied = 2000

// Tie says that code of one module hands something to code of another one. From
// and To are modules by the names they are asked for; "" is the module that does it.
type Tie struct{ From, To string }

// Ties are what the module hands on, sorted: what it gives to functions of other
// modules, what it does more with of what they give it than to show it or to
// compare it, and what it hands from one of them to another. Only data says so,
// no order of calls.
func (m *Module) Ties() []Tie {
	var out []Tie
	for _, g := range m.flows {
		g.build()
		n := 0
		for i := range g.passes {
			p := &g.passes[i]
			if p.by != m.number {
				continue
			}
			if n++; n > maxTied {
				break
			}
			if len(p.args) > 0 {
				out = append(out, Tie{"", p.module})
			}
			out = append(out, g.handed(p)...)
		}
	}
	slices.SortFunc(out, func(a, b Tie) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return slices.Compact(out)
}

// handed is where the result of a call goes, and what the call gives a function
// that it is given.
func (g *flow) handed(p *passed) []Tie {
	goals := map[int32]string{}
	for i := range g.passes {
		if o := &g.passes[i]; o.module != p.module {
			for _, n := range o.ends {
				goals[n] = o.module
			}
		}
	}
	from := []int32{p.result}
	for _, a := range p.args {
		for _, f := range a.funcs {
			from = append(from, f.params...)
		}
	}
	var out []Tie
	for _, n := range from {
		met, used := g.meets(n, goals)
		for _, m := range met {
			out = append(out, Tie{p.module, m})
		}
		if used {
			out = append(out, Tie{p.module, ""})
		}
	}
	return out
}

// meets lists the modules whose functions a value comes to, and reports whether
// it goes out of sight elsewhere.
func (g *flow) meets(from int32, goals map[int32]string) ([]string, bool) {
	var out []string
	used := false
	start := state{node: from, in: stack{n: 1, l: [maxStack]label{labelWithin}}}
	todo := []state{start}
	seen := map[state]bool{start: true}
	for len(todo) > 0 && len(seen) < maxStates {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if m, ok := goals[s.node]; ok {
			out = append(out, m)
			continue
		}
		if s.node < endReads {
			used = used || s.node == endUnknown
			continue
		}
		if s.node < ends {
			continue
		}
		for _, e := range g.edges[s.node] {
			g.moves++
			in, ok := e.move(s.in)
			if !ok || g.moves > maxMoves {
				continue
			}
			if next := (state{e.to, in}); !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return out, used
}
