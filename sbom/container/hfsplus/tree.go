package hfsplus

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/kinbom/kinbom/sbom/limit"
)

// Kinds of a node.
const (
	nodeIndex  = 0
	nodeHeader = 1
	nodeLeaf   = -1
)

const (
	descriptorSize = 14
	maxDepth       = 32 // of a tree; a full one of 512-byte nodes has fewer
	cacheBytes     = 2 << 20
)

// Values of a tree's key compare type.
const compareBinary = 0xbc

// tree is a B-tree file.
type tree struct {
	v        *Volume
	f        *forkReader
	nodeSize int64
	nodes    uint32 // that the file has room for
	depth    int
	root     uint32
	first    uint32 // leaf
	records  uint32 // in leaves, as claimed
	maxKey   int
	variable bool // index records hold keys of their own length
	compare  uint8

	mu    sync.Mutex // guards the cache
	cache map[uint32]*node
}

// openTree reads a tree's header.
func (v *Volume) openTree(f fork, id uint32) (*tree, error) {
	r, err := v.fileFork(f, id, forkData)
	if err != nil {
		return nil, err
	}
	h, err := limit.ReadNAt(r, 0, descriptorSize+106, r.size)
	if err != nil {
		return nil, fmt.Errorf("reading the tree's header: %w", err)
	}
	be := binary.BigEndian
	t := &tree{v: v, f: r, cache: map[uint32]*node{}}
	at := t.imageOffset(0)
	if int8(h[8]) != nodeHeader {
		return nil, fault(at+8, "first node is no header", uint64(h[8]))
	}
	h = h[descriptorSize:]
	t.depth, t.root, t.records, t.first = int(be.Uint16(h)), be.Uint32(h[2:]), be.Uint32(h[6:]), be.Uint32(h[10:])
	t.nodeSize, t.maxKey, t.compare = int64(be.Uint16(h[18:])), int(be.Uint16(h[20:])), h[37]
	t.variable = be.Uint32(h[38:])&4 != 0
	if t.nodeSize < 512 || t.nodeSize&(t.nodeSize-1) != 0 {
		return nil, fault(at+32, "impossible node size", uint64(t.nodeSize))
	}
	if t.depth > maxDepth {
		return nil, fault(at+14, "tree is too deep", uint64(t.depth))
	}
	t.nodes = uint32(min(r.size/t.nodeSize, int64(be.Uint32(h[22:]))))
	return t, nil
}

// imageOffset is the place of a tree's byte in the caller's reader, or -1.
func (t *tree) imageOffset(off int64) int64 {
	at, _, err := t.f.locate(off)
	if err != nil {
		return -1
	}
	return t.v.base + at
}

// node is one node of a tree.
type node struct {
	t      *tree
	num    uint32
	at     int64 // in the caller's reader
	next   uint32
	kind   int8
	height int
	count  int // records
	data   []byte
}

// load reads a node that stands at the given height above the leaves' 1.
func (t *tree) load(num uint32, height int) (*node, error) {
	n, err := t.read(num)
	if err != nil {
		return nil, err
	}
	want := int8(nodeIndex)
	if height == 1 {
		want = nodeLeaf
	}
	if n.kind != want || n.height != height {
		return nil, fault(n.at+8, "node is of another kind or height than the tree needs there", uint64(n.height))
	}
	return n, nil
}

func (t *tree) read(num uint32) (*node, error) {
	t.mu.Lock()
	n := t.cache[num]
	t.mu.Unlock()
	if n != nil {
		return n, nil
	}
	if num >= t.nodes {
		return nil, fault(-1, "node is outside its tree", uint64(num))
	}
	data := make([]byte, t.nodeSize)
	if _, err := t.f.ReadAt(data, int64(num)*t.nodeSize); err != nil {
		return nil, fmt.Errorf("reading tree node %d: %w", num, err)
	}
	n = &node{t: t, num: num, at: t.imageOffset(int64(num) * t.nodeSize), data: data, next: binary.BigEndian.Uint32(data),
		kind: int8(data[8]), height: int(data[9]), count: int(binary.BigEndian.Uint16(data[10:]))}
	if int64(n.count) > (t.nodeSize-descriptorSize-2)/4 { // an offset and at least the length of a key
		return nil, fault(n.at+10, "more records than the node has room for", uint64(n.count))
	}
	t.mu.Lock()
	if int64(len(t.cache)+1)*t.nodeSize > cacheBytes {
		clear(t.cache)
	}
	t.cache[num] = n
	t.mu.Unlock()
	return n, nil
}

// bounds gives the bytes of record i: the list of offsets grows from the node's end.
func (n *node) bounds(i int) (start, end int, err error) {
	slot := len(n.data) - 2*(i+1)
	start, end = int(binary.BigEndian.Uint16(n.data[slot:])), int(binary.BigEndian.Uint16(n.data[slot-2:]))
	if start < descriptorSize || start >= end || end > len(n.data)-2*(n.count+1) {
		return 0, 0, fault(n.at+int64(slot), "record is outside its node, or overlaps the next", uint64(start))
	}
	return start, end, nil
}

// record splits record i into its key, without the length, and its body.
func (n *node) record(i int) (key, body []byte, err error) {
	start, end, err := n.bounds(i)
	if err != nil {
		return nil, nil, err
	}
	rec := n.data[start:end]
	if len(rec) < 2 {
		return nil, nil, fault(n.at+int64(start), "record has no key", uint64(len(rec)))
	}
	length := int(binary.BigEndian.Uint16(rec))
	room := length
	if n.kind == nodeIndex && !n.t.variable {
		room = n.t.maxKey
	}
	room += room & 1 // what follows is aligned
	if length > room || 2+room > len(rec) {
		return nil, nil, fault(n.at+int64(start), "key is longer than its record", uint64(length))
	}
	return rec[2 : 2+length], rec[2+room:], nil
}

// child gives the node that an index record leads to.
func (n *node) child(i int) (uint32, error) {
	_, body, err := n.record(i)
	if err != nil {
		return 0, err
	}
	if len(body) < 4 {
		return 0, fault(n.at, "index record leads nowhere", uint64(i))
	}
	return binary.BigEndian.Uint32(body), nil
}

// search finds the last leaf record whose key is not above the one wanted. It
// returns the index -1 when there is none. compare says how a key stands to the
// one wanted, and false when the key is malformed.
func (t *tree) search(compare func(key []byte) (int, bool)) (*node, int, error) {
	num := t.root
	for height := t.depth; height > 0; height-- {
		n, err := t.load(num, height)
		if err != nil {
			return nil, -1, err
		}
		lo, hi := 0, n.count // records before lo are not above, those from hi on are
		for lo < hi {
			mid := (lo + hi) / 2
			key, _, err := n.record(mid)
			if err != nil {
				return nil, -1, err
			}
			c, ok := compare(key)
			if !ok {
				return nil, -1, fault(n.at, "malformed key in record", uint64(mid))
			}
			if c <= 0 {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		if height == 1 || lo == 0 {
			return n, lo - 1, nil
		}
		if num, err = n.child(lo - 1); err != nil {
			return nil, -1, err
		}
	}
	return nil, -1, nil // an empty tree
}
