package capability

import (
	"fmt"
	"slices"
)

// maxKeyBytes is the most bytes that the keys of all patterns may have together:
// a key byte is at most one state.
const maxKeyBytes = 256 << 10

// denseStates is how many states have a row. They are the ones near the start,
// where a search is nearly always; rows for all would take longer to make than
// most binaries take to search, and would not stay in the processor's cache.
const denseStates = 4096

// automaton finds all keys in one pass over the bytes, overlapping ones too,
// with ASCII letters of either case, and the two separators of paths, taken as
// equal. It is an Aho-Corasick machine: the first states, breadth first, have a
// row with one entry per byte class, so that the inner loop is one look-up and two
// comparisons a byte there; the others have a list of children and a failure link.
// States that end a key have the highest numbers, and no row.
type automaton struct {
	class    [256]uint8
	shift    uint     // a row has 1<<shift entries
	next     []uint32 // rows of the first states; an entry is a state
	dense    uint32   // states from here on have no row
	cells    []cell   // by state
	matchMin uint32   // states from here on end at least one key
	outStart []uint32 // by state minus matchMin: start in outs
	outs     []uint32 // key numbers
}

// cell is what a state without a row goes by.
type cell struct {
	kid, next uint32 // first child, and the next child of the same parent; 0: none
	fail      uint32 // the state that a failure leads to
	class     uint8  // what leads here
}

// foldByte maps an ASCII upper-case letter to lower case.
func foldByte(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// keyByte is what the automaton sees of a byte: letters in lower case, and
// both separators of paths as one.
func keyByte(b byte) byte {
	if b == '\\' {
		return '/'
	}
	return foldByte(b)
}

// checkKeys reports what no machine can be made of.
func checkKeys(keys [][]byte) error {
	total := 0
	for _, k := range keys {
		if len(k) == 0 {
			return fmt.Errorf("building the automaton: empty key")
		}
		total += len(k)
	}
	if total > maxKeyBytes {
		return fmt.Errorf("building the automaton: patterns have %d bytes together, the limit is %d", total, maxKeyBytes)
	}
	return nil
}

// newAutomaton builds the machine for the keys; a key's number is its index.
func newAutomaton(keys [][]byte) (*automaton, error) {
	if err := checkKeys(keys); err != nil {
		return nil, err
	}
	return makeAutomaton(keys, denseStates), nil
}

// makeAutomaton is newAutomaton for keys that were checked, with rows for at most
// so many states, at least one.
func makeAutomaton(keys [][]byte, most uint32) *automaton {
	a := &automaton{}
	total := 0
	classes := 1 // class 0: bytes in no key
	for _, k := range keys {
		total += len(k)
		for _, b := range k {
			b = keyByte(b)
			if a.class[b] == 0 {
				a.class[b] = uint8(classes)
				classes++
			}
		}
	}
	for b := range a.class {
		a.class[b] = a.class[keyByte(byte(b))]
	}
	for 1<<a.shift < classes {
		a.shift++
	}
	a.link(newTrie(keys, &a.class, total), most)
	return a
}

// trie holds the keys as they branch, node 0 first. Lists of a node's children
// and keys are chained, so that a set of rules costs no allocation a node.
type trie struct {
	nodes []trieNode
	same  []int32 // by key: 1 + index of another key of the same node; 0: none
}

type trieNode struct {
	kid, next uint32 // first child, and the next child of the same parent; 0: none
	key       int32  // 1 + index of the last key that ends here; 0: none
	class     uint8  // what leads here
}

func newTrie(keys [][]byte, class *[256]uint8, total int) *trie {
	t := &trie{nodes: make([]trieNode, 1, total+1), same: make([]int32, len(keys))}
	for n, k := range keys {
		at := uint32(0)
		for _, b := range k {
			c := class[b]
			kid := t.nodes[at].kid
			for kid != 0 && t.nodes[kid].class != c {
				kid = t.nodes[kid].next
			}
			if kid == 0 {
				kid = uint32(len(t.nodes))
				t.nodes = append(t.nodes, trieNode{class: c, next: t.nodes[at].kid})
				t.nodes[at].kid = kid
			}
			at = kid
		}
		t.same[n], t.nodes[at].key = t.nodes[at].key, int32(n)+1
	}
	return t
}

// link numbers the states and writes their rows and cells, breadth first: a row is
// that of the state behind its failure link, which is complete by then, with the
// state's own children in it. States that end a key are numbered from the last down.
func (a *automaton) link(t *trie, most uint32) {
	n := uint32(len(t.nodes))
	a.cells = make([]cell, n)
	a.next = make([]uint32, min(n, most)<<a.shift)
	a.dense = 0                                            // until its row is written, a state goes by its cell
	order, node := make([]uint32, 1, n), make([]uint32, n) // states; node by state
	low, high := uint32(1), n                              // states that are free: [low, high)
	for i := 0; i < len(order); i++ {
		at := order[i]
		x := &a.cells[at]
		for kid := t.nodes[node[at]].kid; kid != 0; kid = t.nodes[kid].next {
			k, to := &t.nodes[kid], uint32(0)
			if at != 0 {
				to = a.step(x.fail, k.class)
			}
			state := low
			if k.key != 0 || to >= high {
				high--
				state = high
			} else {
				low++
			}
			node[state] = kid
			a.cells[state] = cell{next: x.kid, fail: to, class: k.class}
			x.kid = state
			order = append(order, state)
		}
		if at == a.dense && at < min(n, most) {
			a.row(at)
		}
	}
	a.matchMin = high
	a.dense = min(a.dense, high)
	a.next = a.next[:a.dense<<a.shift]
	a.list(t, node)
}

// row writes the row of the first state that has none yet.
func (a *automaton) row(at uint32) {
	row, x := a.next[at<<a.shift:][:1<<a.shift], &a.cells[at]
	switch {
	case at == 0: // what leads nowhere stays at the start
	case x.fail < a.dense:
		copy(row, a.next[x.fail<<a.shift:])
	default:
		for c := range row {
			row[c] = a.step(x.fail, uint8(c))
		}
	}
	for kid := x.kid; kid != 0; kid = a.cells[kid].next {
		row[a.cells[kid].class] = kid
	}
	a.dense++
}

// step is where a byte of a class leads from a state.
func (a *automaton) step(state uint32, class uint8) uint32 {
	for state >= a.dense {
		for kid := a.cells[state].kid; kid != 0; kid = a.cells[kid].next {
			if a.cells[kid].class == class {
				return kid
			}
		}
		if state == 0 {
			return 0
		}
		state = a.cells[state].fail
	}
	return a.next[state<<a.shift+uint32(class)]
}

// list notes the keys that end in each state: its own, and those of the states
// behind its failure links.
func (a *automaton) list(t *trie, node []uint32) {
	n := uint32(len(node))
	a.outStart = make([]uint32, 0, n-a.matchMin+1)
	for state := a.matchMin; state < n; state++ {
		start := len(a.outs)
		a.outStart = append(a.outStart, uint32(start))
		for at := state; at >= a.matchMin; at = a.cells[at].fail {
			for k := t.nodes[node[at]].key; k != 0; k = t.same[k-1] {
				a.outs = append(a.outs, uint32(k-1))
			}
		}
		slices.Sort(a.outs[start:])
	}
	a.outStart = append(a.outStart, uint32(len(a.outs)))
}

// find goes on in data at byte pos in the given state (0 at the start of a
// literal) and stops behind the next byte that ends a key. It returns the
// state and the position behind that byte, or pos == -1 when data ends.
func (a *automaton) find(data []byte, pos int, state uint32) (uint32, int) {
	next, class, shift, dense, matchMin := a.next, &a.class, a.shift&31, a.dense, a.matchMin
	for i := pos; i < len(data); i++ {
		if c := class[data[i]]; state < dense {
			state = next[state<<shift+uint32(c)]
		} else {
			state = a.step(state, c)
		}
		if state >= matchMin {
			return state, i + 1
		}
	}
	return state, -1
}

// ended is the list of keys that end in the state that find returned.
func (a *automaton) ended(state uint32) []uint32 {
	i := state - a.matchMin
	return a.outs[a.outStart[i]:a.outStart[i+1]]
}
