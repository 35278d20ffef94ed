package apfs

import "fmt"

// Flags of a record in an object map.
const (
	mapDeleted   = 0x1
	mapEncrypted = 0x4
)

// omap finds the block of a virtual object as it was in a transaction.
type omap struct {
	t   *tree
	xid uint64
}

// openMap opens the object map in a block for the state of a transaction.
func (c *Container) openMap(paddr, xid uint64) (*omap, error) {
	o, err := c.typed(paddr, paddr, typeMap)
	if err != nil {
		return nil, err
	}
	root := le.Uint64(o.data[48:])
	t, err := c.openTree(root, root, typeMap, nil)
	if err != nil {
		return nil, fmt.Errorf("opening the tree of an object map: %w", err)
	}
	if i := t.root.info; i.keySize != 16 || i.valSize != 16 {
		return nil, fault(t.root.at, "object map has values of another size", uint64(i.valSize))
	}
	return &omap{t, xid}, nil
}

// at is the same map for another transaction.
func (m *omap) at(xid uint64) *omap { return &omap{m.t, xid} }

// lookup returns the block of an object: of its newest version that is not
// newer than the map's transaction.
func (m *omap) lookup(oid uint64) (uint64, error) {
	n, i, err := m.t.find(func(key []byte) int { return comparePair(key, oid, m.xid) })
	if err != nil {
		return 0, fmt.Errorf("looking up object %d: %w", oid, err)
	}
	if n == nil || le.Uint64(n.key(i)) != oid || len(n.val(i)) < 16 {
		return 0, fault(-1, "object map does not have the object", oid)
	}
	val := n.val(i)
	switch flags := le.Uint32(val); {
	case flags&mapDeleted != 0:
		return 0, fault(n.at, "object is deleted, but used", oid)
	case flags&mapEncrypted != 0:
		return 0, fmt.Errorf("looking up object %d: %w", oid, ErrEncrypted)
	}
	return le.Uint64(val[8:]), nil
}
