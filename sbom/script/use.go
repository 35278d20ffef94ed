package script

import (
	"bytes"
	"slices"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// Bounds of following what becomes of texts.
const (
	maxUsed   = 8 << 20   // bytes of a script in which it is followed
	maxStates = 4000      // places that one text is followed to
	maxMoves  = 4_000_000 // of all texts of a script together
)

// uses are the sorts of ends that a text has.
type uses uint8

const (
	usedUnknown uses = 1 << iota
	usedReads
	usedShows
	usedCompares
	usedWrites
)

// flow is what becomes of the values of one script: a graph of the places that
// hold values, with edges for what is assigned, passed and returned. It is built
// when somebody first asks.
//
// It is an approximation: the order of statements and the object that a member
// belongs to play no part beyond names, and all calls of a function meet in its
// parameters. Where a value goes out of sight (a function that is not known, an
// export, an object of somebody else) its use is not known, so that what is said
// to be only shown or compared goes nowhere else that the script shows.
type flow struct {
	r     *reader
	ast   *js.AST
	built bool
	edges [][]edge         // by node
	at    map[int64]int32  // node of a literal, by where its text begins in the file
	shown map[string]label // of the names by which windows show texts
	vars  map[*js.Var]int32
	funcs map[js.INode]*routine
	decls map[*js.Var][]*routine // functions that are declared, by their variable

	methods map[string][]*routine // functions that are members of something, by name
	classes map[*js.Var]*class    // by the variable that names them
	stores  map[string]bool       // members that hold a Map or a Set

	requires map[string]int32  // what other modules give, by the name they are asked for
	imported map[string]member // names that import statements bind
	passes   []passed          // calls of functions of other modules
	inner    map[string]bool   // names of the modules of a bundle

	ret, this      int32 // of the function that is being read
	loose, exports int32 // this of all functions outside classes; what the module gives others
	number         int   // of the module that is being read
	module         bool  // asks for modules or gives exports: its variables are its own
	moves          int
}

// member is a member of what another module gives; "" is all of it.
type member struct{ module, member string }

// passed is a call of a function of another module.
type passed struct {
	module, member string
	by             int // number of the module that calls it
	args           []argument
	ends           []int32 // of each argument: the node that leads out of sight
	result         int32   // what the call gives
}

// Use says what the code of the module does with a text: see sbom.Fact.Use. The
// file's bytes must be those that the module was read from.
func (m *Module) Use(f *sbom.Fact) string {
	if f.Kind != sbom.FactString {
		return ""
	}
	parts := f.Parts
	if len(parts) == 0 {
		parts = []sbom.Span{{Offset: f.Offset, Length: f.Length}}
	}
	reads := false
	for _, p := range parts {
		switch use := m.useAt(p.Offset, f.Value); use {
		case sbom.UseShows, sbom.UseCompares, sbom.UseWrites:
			return use // all of the text goes where this part of it goes
		case sbom.UseReads:
			reads = true
		}
	}
	if reads {
		return sbom.UseReads
	}
	return ""
}

func (m *Module) useAt(at int64, text []byte) string {
	if m.written[at] {
		return sbom.UseWrites
	}
	for _, g := range m.flows {
		if at < g.r.base || at >= g.r.base+int64(len(g.r.src)) {
			continue
		}
		g.build()
		if n, ok := g.at[at]; ok {
			return worded(g.follow(n, text))
		}
	}
	return ""
}

// worded is the word for the ends of a text. What is read is said to be read,
// whatever else becomes of it; all else is said only when all ends are known.
func worded(u uses) string {
	switch {
	case u&usedReads != 0:
		return sbom.UseReads
	case u == 0 || u&usedUnknown != 0:
		return ""
	case u&usedWrites != 0:
		return sbom.UseWrites
	case u&usedShows != 0:
		return sbom.UseShows
	}
	return sbom.UseCompares
}

// stack are the members of containers that a value lies in, the innermost first.
type stack struct {
	n int8
	l [maxStack]label
}

// maxStack is how deep in containers a value is followed.
const maxStack = 5

type state struct {
	node int32
	in   stack
}

// follow finds the ends of the value of a node.
func (g *flow) follow(from int32, text []byte) uses {
	var out uses
	todo := []state{{node: from}}
	seen := map[state]bool{todo[0]: true}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.node < ends {
			out |= g.end(s, text)
			continue
		}
		for _, e := range g.edges[s.node] {
			if g.moves++; g.moves > maxMoves || len(seen) > maxStates {
				return out | usedUnknown
			}
			in, ok := e.move(s.in)
			if !ok {
				if e.op == opPut { // deeper than is followed
					out |= usedUnknown
				}
				continue
			}
			if next := (state{e.to, in}); !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return out
}

// end is the use of a value that reaches an end.
func (g *flow) end(s state, text []byte) uses {
	switch s.node {
	case endUnknown:
		if slices.ContainsFunc(s.in.l[:s.in.n], func(l label) bool { return l >= labelShown && l < labelsFixed }) {
			return usedShows // a label of a menu, the title of a window
		}
		return usedUnknown
	case endReads:
		return usedReads
	case endShows:
		return usedShows
	case endCompares:
		return usedCompares
	case endWrites:
		return usedWrites
	case endQuery, endMaybeQuery:
		return query(text, s.node == endMaybeQuery)
	}
	return 0
}

// query is the use of a text that a database is given, or something that may be
// one.
func query(text []byte, maybe bool) uses {
	word := bytes.ToUpper(bytes.TrimLeft(text[:min(len(text), 64)], " \t\r\n("))
	switch {
	case bytes.HasPrefix(word, []byte("INSERT")), bytes.HasPrefix(word, []byte("REPLACE")), bytes.HasPrefix(word, []byte("CREATE ")):
		return usedWrites
	case bytes.HasPrefix(word, []byte("DELETE")), bytes.HasPrefix(word, []byte("UPDATE")), bytes.HasPrefix(word, []byte("DROP ")):
		return usedUnknown
	case maybe && !bytes.HasPrefix(word, []byte("SELECT")) && !bytes.HasPrefix(word, []byte("WITH ")):
		return usedUnknown
	}
	return usedReads
}
