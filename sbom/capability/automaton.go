package capability

import (
	"fmt"
	"slices"
)

// maxKeyBytes is the most bytes that the keys of all patterns may have
// together: the table of the automaton grows with it (256 bytes a key byte).
const maxKeyBytes = 256 << 10

// automaton finds all keys in one pass over the bytes, overlapping ones too,
// with ASCII letters of either case, and the two separators of paths, taken as
// equal. It is a dense
// Aho-Corasick machine: every state has a row with one entry per byte class,
// and the states that end a key have the highest numbers, so that the inner
// loop is one look-up and one comparison a byte.
type automaton struct {
	class    [256]uint8
	shift    uint     // a row has 1<<shift entries
	next     []uint32 // rows; an entry is the start of the next state's row
	matchMin uint32   // rows from here on end at least one key
	outStart []uint32 // by state number minus that of matchMin: start in outs
	outs     []uint32 // key numbers
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
	return makeAutomaton(keys), nil
}

// makeAutomaton is newAutomaton for keys that were checked.
func makeAutomaton(keys [][]byte) *automaton {
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
	a.link(newTrie(keys, &a.class, total))
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

// link numbers the states and writes their rows, breadth first: a row is that of
// the state behind its failure link, which is complete by then, with the state's
// own children in it. So no failure link is left to follow at run time, and each
// entry is written once. States that end a key are numbered from the last down.
func (a *automaton) link(t *trie) {
	width, n := uint32(1)<<a.shift, uint32(len(t.nodes))
	a.next = make([]uint32, n<<a.shift)
	order := make([]uint32, 1, n)                      // nodes
	number := make([]uint32, n)                        // by node
	node, fail := make([]uint32, n), make([]uint32, n) // by state; the state that a failure leads to
	low, high := uint32(1), n                          // states that are free: [low, high)
	for i := uint32(0); i < n; i++ {
		at := number[order[i]]
		row, back := a.next[at<<a.shift:][:width], a.next[fail[at]<<a.shift:][:width]
		if at != 0 {
			copy(row, back)
		}
		for kid := t.nodes[order[i]].kid; kid != 0; kid = t.nodes[kid].next {
			x, to := &t.nodes[kid], uint32(0)
			if at != 0 {
				to = back[x.class] >> a.shift
			}
			state := low
			if x.key != 0 || to >= high {
				high--
				state = high
			} else {
				low++
			}
			number[kid], node[state], fail[state] = state, kid, to
			row[x.class] = state << a.shift
			order = append(order, kid)
		}
	}
	a.matchMin = high << a.shift
	a.list(t, node, fail)
}

// list notes the keys that end in each state: its own, and those of the states
// behind its failure links.
func (a *automaton) list(t *trie, node, fail []uint32) {
	high, n := a.matchMin>>a.shift, uint32(len(node))
	a.outStart = make([]uint32, 0, n-high+1)
	for state := high; state < n; state++ {
		start := len(a.outs)
		a.outStart = append(a.outStart, uint32(start))
		for at := state; at >= high; at = fail[at] {
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
	next, class, matchMin := a.next, &a.class, a.matchMin
	for i := pos; i < len(data); i++ {
		state = next[state+uint32(class[data[i]])]
		if state >= matchMin {
			return state, i + 1
		}
	}
	return state, -1
}

// ended is the list of keys that end in the state that find returned.
func (a *automaton) ended(state uint32) []uint32 {
	i := (state - a.matchMin) >> a.shift
	return a.outs[a.outStart[i]:a.outStart[i+1]]
}
