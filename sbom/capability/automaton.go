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

// trieNode is a state while the automaton is built.
type trieNode struct {
	kids []uint32 // by class
	fail uint32
	outs []uint32
}

// newAutomaton builds the machine for the keys; a key's number is its index.
func newAutomaton(keys [][]byte) (*automaton, error) {
	a := &automaton{}
	total := 0
	classes := 1 // class 0: bytes in no key
	for _, k := range keys {
		if len(k) == 0 {
			return nil, fmt.Errorf("building the automaton: empty key")
		}
		total += len(k)
		for _, b := range k {
			b = keyByte(b)
			if a.class[b] == 0 {
				a.class[b] = uint8(classes)
				classes++
			}
		}
	}
	if total > maxKeyBytes {
		return nil, fmt.Errorf("building the automaton: patterns have %d bytes together, the limit is %d", total, maxKeyBytes)
	}
	for b := range a.class {
		a.class[b] = a.class[keyByte(byte(b))]
	}
	for 1<<a.shift < classes {
		a.shift++
	}
	nodes := buildTrie(keys, &a.class, 1<<a.shift)
	order := linkTrie(nodes)
	a.flatten(nodes, order)
	return a, nil
}

func buildTrie(keys [][]byte, class *[256]uint8, width int) []trieNode {
	nodes := []trieNode{{kids: make([]uint32, width)}}
	for n, k := range keys {
		at := uint32(0)
		for _, b := range k {
			c := class[keyByte(b)]
			if nodes[at].kids[c] == 0 {
				nodes[at].kids[c] = uint32(len(nodes))
				nodes = append(nodes, trieNode{kids: make([]uint32, width)})
			}
			at = nodes[at].kids[c]
		}
		nodes[at].outs = append(nodes[at].outs, uint32(n))
	}
	return nodes
}

// linkTrie completes the rows breadth first, so that no failure link is left
// to follow at run time, and returns the nodes in that order.
func linkTrie(nodes []trieNode) []uint32 {
	order := []uint32{0}
	for i := 0; i < len(order); i++ {
		at := order[i]
		fail := nodes[at].fail
		for c, kid := range nodes[at].kids {
			if kid == 0 {
				if at != 0 {
					nodes[at].kids[c] = nodes[fail].kids[c]
				}
				continue
			}
			if at != 0 {
				nodes[kid].fail = nodes[fail].kids[c]
			}
			nodes[kid].outs = append(nodes[kid].outs, nodes[nodes[kid].fail].outs...)
			order = append(order, kid)
		}
	}
	return order
}

// flatten numbers the states (root first, then breadth first, those that end
// a key last) and writes the table.
func (a *automaton) flatten(nodes []trieNode, order []uint32) {
	number := make([]uint32, len(nodes))
	n := uint32(0)
	for _, ends := range []bool{false, true} {
		for _, at := range order {
			if (len(nodes[at].outs) > 0) != ends {
				continue
			}
			number[at] = n
			n++
			if ends {
				slices.Sort(nodes[at].outs)
				a.outStart = append(a.outStart, uint32(len(a.outs)))
				a.outs = append(a.outs, nodes[at].outs...)
			}
		}
		if !ends {
			a.matchMin = n << a.shift
		}
	}
	a.outStart = append(a.outStart, uint32(len(a.outs)))
	a.next = make([]uint32, len(nodes)<<a.shift)
	for at := range nodes {
		row := a.next[number[at]<<a.shift:]
		for c, kid := range nodes[at].kids {
			row[c] = number[kid] << a.shift
		}
	}
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
