package macho

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// trie walks an export trie (mach-o/loader.h, EXPORT_SYMBOL_FLAGS_*). A node
// is visited once, so that a cyclic or shared trie ends; its depth, the number
// of names and their total length have limits.
type trie struct {
	b       []byte
	visited []uint64 // one bit for each byte of b
	name    []byte   // of the node being read
	text    []byte   // all names, end to end
	ends    []int    // end of each name in text
	addrs   []uint64 // what each name leads to, from the start of the image; noAddress: elsewhere
	stack   []trieEdge
	parsed  int // bytes read so far; in an honest trie no byte is read twice
}

// trieEdge is an edge that is still to be followed.
type trieEdge struct {
	node  uint64
	label []byte
	keep  int // length of the parent's name
	depth int
}

// readExports fills the exported names from the trie, else from the symbol table.
func (s *slice) readExports() {
	if b := s.table(s.t.exports, "export trie"); len(b) > 0 {
		t := trie{b: b, visited: make([]uint64, len(b)/64+1)}
		if err := t.walk(s.o); err != nil {
			s.gap(sbom.GapUnreadable, int64(s.t.exports.off), "export trie: %v", err)
		}
		s.out.Exports = t.names()
		s.exported = &t
	} else {
		for _, e := range s.symbols.exports {
			s.out.Exports = append(s.out.Exports, string(e))
		}
	}
	slices.Sort(s.out.Exports)
	s.out.Exports = slices.Compact(s.out.Exports)
	s.out.Image.Counts.Exports = len(s.out.Exports)
}

// walk visits all nodes. It keeps what it found when it meets an error, and
// goes on with the other branches where it can.
func (t *trie) walk(o Options) error {
	var first error
	note := func(err error) {
		if first == nil {
			first = err
		}
	}
	t.stack = append(t.stack, trieEdge{})
	for len(t.stack) > 0 {
		e := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.name = append(t.name[:e.keep], e.label...)
		switch {
		case e.node >= uint64(len(t.b)):
			note(fmt.Errorf("node at %d lies outside", e.node))
		case t.visited[e.node/64]>>(e.node%64)&1 != 0:
			note(fmt.Errorf("node at %d is reached twice", e.node))
		case e.depth > o.MaxDepth || len(t.name) > maxName:
			note(fmt.Errorf("node at %d is %d levels and %d bytes deep", e.node, e.depth, len(t.name)))
		case t.parsed > 2*len(t.b)+maxName:
			note(fmt.Errorf("nodes overlap: more than twice the size of the trie was read"))
			return first
		case len(t.ends) >= o.MaxExports || len(t.text) > min(maxExportBytes, 64*len(t.b)+spareAllowance):
			note(fmt.Errorf("more than %d names or %d bytes of names", len(t.ends), len(t.text)))
			return first
		default:
			t.visited[e.node/64] |= 1 << (e.node % 64)
			if err := t.node(e.node, e.depth); err != nil {
				note(err)
			}
		}
	}
	return first
}

// node keeps the name of a terminal node and stacks the edges to its children.
func (t *trie) node(at uint64, depth int) error {
	size, n := uleb(t.b[at:])
	p := at + uint64(n)
	defer func() { t.parsed += int(p - at) }()
	if n == 0 || size > uint64(len(t.b))-p {
		return fmt.Errorf("node at %d does not fit", at)
	}
	if size > 0 {
		t.text = append(t.text, t.name...)
		t.ends = append(t.ends, len(t.text))
		t.addrs = append(t.addrs, exportAddress(t.b[p:p+size]))
	}
	p += size
	if p >= uint64(len(t.b)) {
		return fmt.Errorf("node at %d does not fit", at)
	}
	count := t.b[p]
	p++
	keep := len(t.name)
	for range count {
		i := bytes.IndexByte(t.b[p:min(uint64(len(t.b)), p+maxName)], 0)
		if i < 0 {
			t.parsed += maxName
			return fmt.Errorf("label at %d does not end", p)
		}
		label := t.b[p : p+uint64(i)]
		p += uint64(i) + 1
		child, n := uleb(t.b[p:])
		if n == 0 {
			return fmt.Errorf("child at %d does not fit", p)
		}
		p += uint64(n)
		t.stack = append(t.stack, trieEdge{child, label, keep, depth + 1})
	}
	return nil
}

// noAddress stands for a name that leads to no place of the image.
const noAddress = ^uint64(0)

// exportAddress reads what a terminal node leads to.
func exportAddress(b []byte) uint64 {
	const kind, absolute, reexport = 3, 2, 8
	flags, n := uleb(b)
	if n == 0 || flags&reexport != 0 || flags&kind == absolute {
		return noAddress
	}
	v, k := uleb(b[n:])
	if k == 0 {
		return noAddress
	}
	return v
}

// names cuts the collected text; all names share one allocation.
func (t *trie) names() []string {
	var b strings.Builder
	b.Write(t.text)
	all, start := b.String(), 0
	out := make([]string, 0, len(t.ends))
	for _, end := range t.ends {
		if end > start {
			out = append(out, all[start:end])
		}
		start = end
	}
	return out
}
