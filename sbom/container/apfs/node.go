package apfs

import "fmt"

// Flags of a node and of a tree, and where parts of a node are.
const (
	nodeRoot     = 0x1
	nodeLeaf     = 0x2
	nodeFixed    = 0x4
	nodeHashed   = 0x8
	nodeNoHeader = 0x10

	treePhysical = 0x10
	treeHashed   = 0x80

	nodeData = 56 // bytes before the table of contents
	infoSize = 40 // bytes at the end of a root
	noValue  = 0xffff
	maxLevel = 16
)

// node is a node of a tree with its records found.
type node struct {
	*object
	root, leaf bool
	level      int
	recs       []place
	info       treeInfo // of a root
}

// place is where a record's key and value are in a node.
type place struct{ key, keyLen, val, valLen uint16 }

// treeInfo is what the end of a root says of the whole tree.
type treeInfo struct {
	flags, nodeSize, keySize, valSize uint32
}

func (n *node) key(i int) []byte {
	p := n.recs[i]
	return n.data[p.key : int(p.key)+int(p.keyLen)]
}

// val is the value of a record, nil where it has none.
func (n *node) val(i int) []byte {
	p := n.recs[i]
	return n.data[p.val : int(p.val)+int(p.valLen)]
}

// parseNode finds the records of a node. Every range is checked here, once.
// root is the tree's info, or nil for the root itself.
func parseNode(o *object, root *treeInfo) (*node, error) {
	d := o.data
	flags := le.Uint16(d[32:])
	n := &node{object: o, root: flags&nodeRoot != 0, leaf: flags&nodeLeaf != 0, level: int(le.Uint16(d[34:]))}
	end := len(d)
	if n.root {
		end -= infoSize
		i := d[end:]
		n.info = treeInfo{le.Uint32(i), le.Uint32(i[4:]), le.Uint32(i[8:]), le.Uint32(i[12:])}
	}
	if root == nil {
		root = &n.info
	}
	switch {
	case n.root != (root == &n.info):
		return nil, fault(o.at+32, "root of a tree is not where it should be, flags are", uint64(flags))
	case n.root && int(n.info.nodeSize) != len(d):
		return nil, &UnsupportedError{"a tree with nodes that are not one block", uint64(n.info.nodeSize)}
	case n.leaf != (n.level == 0) || n.level > maxLevel:
		return nil, fault(o.at+34, "level of a node is wrong", uint64(n.level))
	}
	count := le.Uint32(d[36:])
	toc, tocLen := nodeData+int(le.Uint16(d[40:])), int(le.Uint16(d[42:]))
	size := 8
	if flags&nodeFixed != 0 {
		size = 4
	}
	if toc+tocLen > end || int64(count)*int64(size) > int64(tocLen) {
		return nil, fault(o.at+36, "table of a node does not fit, records are", uint64(count))
	}
	if count == 0 && !n.root {
		return nil, fault(o.at+36, "node is empty", 0)
	}
	n.recs = make([]place, count)
	for i := range n.recs {
		p, ok := findRecord(d[toc+i*size:], flags, root, toc+tocLen, end)
		if !ok {
			return nil, fault(o.at+int64(toc+i*size), "record does not fit in its node", uint64(i))
		}
		n.recs[i] = p
	}
	return n, nil
}

// findRecord decodes one entry of a node's table. Keys are counted forwards
// from the table's end, values backwards from the end of the node.
func findRecord(entry []byte, flags uint16, root *treeInfo, keys, end int) (place, bool) {
	var key, keyLen, val, valLen int
	if flags&nodeFixed != 0 {
		key, keyLen = int(le.Uint16(entry)), int(root.keySize)
		val, valLen = int(le.Uint16(entry[2:])), int(root.valSize)
		if flags&nodeLeaf == 0 {
			valLen = 8
		}
	} else {
		key, keyLen = int(le.Uint16(entry)), int(le.Uint16(entry[2:]))
		val, valLen = int(le.Uint16(entry[4:])), int(le.Uint16(entry[6:]))
	}
	key += keys
	if keyLen < 0 || keyLen > end-key {
		return place{}, false
	}
	if val == noValue {
		return place{uint16(key), uint16(keyLen), 0, 0}, true
	}
	if val > end-keys || valLen < 0 || valLen > val {
		return place{}, false
	}
	return place{uint16(key), uint16(keyLen), uint16(end - val), uint16(valLen)}, true
}

// inOrder checks that the keys of a node rise.
func (n *node) inOrder(compare func(a, b []byte) int) error {
	for i := 1; i < len(n.recs); i++ {
		if compare(n.key(i-1), n.key(i)) > 0 {
			return fault(n.at+int64(n.recs[i].key), fmt.Sprintf("record %d of a node is out of order, of", i), uint64(len(n.recs)))
		}
	}
	return nil
}
