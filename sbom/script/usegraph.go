package script

import (
	"hash/fnv"
	"strconv"

	"github.com/tdewolff/parse/v2/js"
)

// Nodes that are ends: values go no farther.
const (
	endNothing int32 = iota // a condition, a statement: nothing becomes of it
	endUnknown
	endReads
	endShows
	endCompares
	endWrites
	endQuery      // what runs queries
	endMaybeQuery // what runs queries if it is a database
	ends          // the first node that is none
)

// label names a member of a container.
type label int32

const (
	labelItem   label = iota // an element whose place is not known
	labelStar                // a member whose name is not known
	labelKey                 // the name of a member itself
	labelResult              // what a function returns
	labelWithin              // somewhere in it
	labelShown               // from here on, what windows and menus show by their members' names
	labelsFixed = labelShown + 32
)

// op is what an edge does to a value.
type op uint8

const (
	opPass op = iota
	opPut     // into a member
	opGet     // out of a member
	opAny     // out of some member
	opKeys    // the names of members
	opFlat    // a text of all that is in it
)

type edge struct {
	to    int32
	op    op
	label label
}

// move gives where a value lies after an edge; ok is false where it does not
// pass it.
func (e edge) move(in stack) (stack, bool) {
	switch e.op {
	case opPut:
		if int(in.n) == len(in.l) {
			return in, false
		}
		copy(in.l[1:], in.l[:in.n])
		in.l[0] = e.label
		in.n++
	case opFlat:
		if in.n > 0 && in.l[in.n-1] == labelResult {
			return in, false
		}
		return stack{}, true
	case opGet, opAny, opKeys:
		return e.taken(in)
	}
	return in, true
}

// taken is a value taken out of its container. A text has elements, and no
// members that are texts.
func (e edge) taken(in stack) (stack, bool) {
	if in.n == 0 {
		return in, e.op == opAny
	}
	top := in.l[0]
	if top == labelWithin {
		return in, e.op != opGet || e.label != labelResult
	}
	ok := false
	switch e.op {
	case opAny:
		ok = top != labelKey && top != labelResult
	case opKeys:
		ok = top == labelKey
	default:
		ok = top == e.label || top == labelStar && e.label != labelResult && e.label != labelKey || top == labelItem && e.label >= labelsFixed
	}
	if !ok {
		return in, false
	}
	copy(in.l[:], in.l[1:in.n])
	in.n--
	in.l[in.n] = 0
	return in, true
}

// routine is a function of the script.
type routine struct {
	params    []int32 // a node for each
	rest      int32   // of a list of the others; 0: none
	ret, this int32
	own       bool // this is that of a class
}

// class is a class of the script: one node stands for it and all its objects.
type class struct {
	this int32
	make *routine // its constructor, or nil
}

func (g *flow) node() int32 {
	g.edges = append(g.edges, nil)
	return int32(len(g.edges) - 1)
}

func (g *flow) edge(from, to int32, o op, l label) {
	if from >= ends && to != endNothing {
		g.edges[from] = append(g.edges[from], edge{to, o, l})
	}
}

func (g *flow) pass(from, to int32) { g.edge(from, to, opPass, 0) }

// via gives a node from which values come to another one through an edge.
func (g *flow) via(to int32, o op, l label) int32 {
	if to == endNothing {
		return endNothing
	}
	n := g.node()
	g.edge(n, to, o, l)
	return n
}

// label is the label of a name. Two names may have one label, which only lets
// values flow farther.
func (g *flow) label(name string) label {
	if l, ok := g.shown[name]; ok {
		return l
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	return labelsFixed + label(h.Sum32()>>2)
}

func (g *flow) index(i int) label { return g.label(strconv.Itoa(i)) }

// variable is the node of a variable.
func (g *flow) variable(v *js.Var) int32 {
	v = declared(v)
	n, ok := g.vars[v]
	if !ok {
		n = g.node()
		g.vars[v] = n
	}
	return n
}

// routine is the function that a node of the script is.
func (g *flow) routine(n js.INode) *routine {
	if f := g.funcs[n]; f != nil {
		return f
	}
	p, _ := parts(n)
	if p == nil {
		return nil
	}
	f := &routine{ret: g.node(), this: g.loose}
	for range p.List {
		f.params = append(f.params, g.node())
	}
	if p.Rest != nil {
		f.rest = g.node()
	}
	g.funcs[n] = f
	return f
}

// parts are the parameters and the body of a function.
func parts(n js.INode) (*js.Params, *js.BlockStmt) {
	switch n := n.(type) {
	case *js.FuncDecl:
		return &n.Params, &n.Body
	case *js.ArrowFunc:
		return &n.Params, &n.Body
	case *js.MethodDecl:
		return &n.Params, &n.Body
	}
	return nil, nil
}
