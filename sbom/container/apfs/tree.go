package apfs

import (
	"errors"
	"fmt"
	"sort"
)

// cacheBytes is how much the cache of nodes may hold.
const cacheBytes = 8 << 20

// nodeKey is a node as one kind of tree sees it: fixed sizes come from the root.
type nodeKey struct {
	paddr            uint64
	keySize, valSize uint32
	subtype          uint32
}

// tree is a B-tree. Keys are compared as its subtype wants.
type tree struct {
	c       *Container
	root    *node
	oid     uint64 // of the root
	subtype uint32
	objs    *omap // finds children; nil where they are block numbers
}

// openTree opens the tree whose root is in a block and has a number. subtype 0
// is any. objs is the map that finds the children of a virtual tree.
func (c *Container) openTree(paddr, oid uint64, subtype uint32, objs *omap) (*tree, error) {
	t := &tree{c: c, oid: oid, subtype: subtype, objs: objs}
	n, err := t.load(paddr, oid, nil, subtype)
	if err != nil {
		return nil, err
	}
	if n.info.flags&treePhysical != 0 {
		t.objs = nil
	} else if t.objs == nil {
		return nil, fault(n.at, "tree is virtual where it cannot be, flags are", uint64(n.info.flags))
	}
	t.root = n
	return t, nil
}

// load reads a node, from the cache or from the container.
func (t *tree) load(paddr, oid uint64, info *treeInfo, subtype uint32) (*node, error) {
	k := nodeKey{paddr: paddr, subtype: subtype}
	if info != nil {
		k.keySize, k.valSize = info.keySize, info.valSize
	}
	c := t.c
	c.mu.Lock()
	n := c.nodes[k]
	c.mu.Unlock()
	if n == nil {
		o, err := c.object(paddr, subtype == typeFiles)
		if err != nil {
			return nil, err
		}
		if n, err = t.check(o, info); err != nil {
			return nil, err
		}
		c.mu.Lock()
		if int64(len(c.nodes)) >= cacheBytes/c.BlockSize {
			clear(c.nodes)
		}
		c.nodes[k] = n
		c.mu.Unlock()
	}
	if n.root != (info == nil) {
		return nil, fault(n.at+32, "root of a tree is not where it should be, number", oid)
	}
	if n.kind != 0 && n.oid != oid {
		return nil, fault(n.at+8, fmt.Sprintf("node has not the number %d but", oid), n.oid)
	}
	return n, nil
}

// check judges an object that should be a node.
func (t *tree) check(o *object, info *treeInfo) (*node, error) {
	want := uint32(typeTree)
	if info != nil {
		want = typeTreeNode
	}
	flags := le.Uint16(o.data[32:])
	switch {
	case o.kind == 0 && flags&(nodeHashed|nodeNoHeader) == 0:
		return nil, fault(o.at, "node has no header, its flags are", uint64(flags))
	case o.kind != 0 && o.kind != want:
		return nil, fault(o.at+24, "object is no node of a tree but of type", uint64(o.kind))
	case o.kind != 0 && t.subtype != 0 && o.subtype != t.subtype:
		return nil, fault(o.at+28, fmt.Sprintf("node is not of a tree of type %d but", t.subtype), uint64(o.subtype))
	}
	n, err := parseNode(o, info)
	if err != nil {
		return nil, err
	}
	return n, n.inOrder(t.compare)
}

// child reads the child of a record of an index node.
func (t *tree) child(n *node, i int) (*node, error) {
	val := n.val(i)
	if len(val) < 8 {
		return nil, fault(n.at+int64(n.recs[i].key), "record of an index node has no child, bytes are", uint64(len(val)))
	}
	oid := le.Uint64(val)
	if t.root.info.flags&treeHashed != 0 {
		oid += t.oid
	}
	paddr := oid
	if t.objs != nil {
		var err error
		if paddr, err = t.objs.lookup(oid); err != nil {
			return nil, err
		}
	}
	m, err := t.load(paddr, oid, &t.root.info, t.subtype)
	if err != nil {
		return nil, err
	}
	if m.level != n.level-1 {
		return nil, fault(m.at+34, fmt.Sprintf("node below level %d has level", n.level), uint64(m.level))
	}
	if t.compare(m.key(0), n.key(i)) < 0 {
		return nil, fault(m.at, "node starts before its place in the tree, number", oid)
	}
	return m, nil
}

// find returns the last record whose key is not after what where asks for:
// where is negative for keys before the place, zero at it, positive after it.
// The node is nil when there is none.
func (t *tree) find(where func(key []byte) int) (*node, int, error) {
	n := t.root
	for {
		i := sort.Search(len(n.recs), func(i int) bool { return where(n.key(i)) > 0 }) - 1
		if i < 0 {
			return nil, 0, nil
		}
		if n.leaf {
			return n, i, nil
		}
		var err error
		if n, err = t.child(n, i); err != nil {
			return nil, 0, err
		}
	}
}

// errStop ends a scan; it is not an error.
var errStop = errors.New("scan ends")

// scan visits the records for which where is zero, in order. Nodes that cannot
// be read are given to lost, and the scan goes on; without lost they end it. An
// error of visit ends it too; errStop ends it without error.
func (t *tree) scan(where func(key []byte) int, visit func(n *node, key, val []byte) error, lost func(error)) error {
	s := scanner{t, where, visit, lost, map[int64]bool{}}
	if err := s.node(t.root); !errors.Is(err, errStop) {
		return err
	}
	return nil
}

type scanner struct {
	t     *tree
	where func([]byte) int
	visit func(*node, []byte, []byte) error
	lost  func(error)
	seen  map[int64]bool // nodes met: no node has two places
}

func (s *scanner) node(n *node) error {
	if s.seen[n.at] {
		return s.damage(fault(n.at, "node is met twice in a tree of type", uint64(s.t.subtype)))
	}
	s.seen[n.at] = true
	first := sort.Search(len(n.recs), func(i int) bool { return s.where(n.key(i)) >= 0 })
	if !n.leaf && first > 0 {
		first-- // its end may be inside
	}
	for i := first; i < len(n.recs) && s.where(n.key(i)) <= 0; i++ {
		if n.leaf {
			if err := s.visit(n, n.key(i), n.val(i)); err != nil {
				return err
			}
			continue
		}
		child, err := s.t.child(n, i)
		if err != nil {
			err = s.damage(err)
		} else {
			err = s.node(child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) damage(err error) error {
	if s.lost == nil {
		return err
	}
	s.lost(err)
	return nil
}
