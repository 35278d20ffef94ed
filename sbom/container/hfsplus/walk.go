package hfsplus

import (
	"context"
	"fmt"

	"github.com/kinbom/kinbom/sbom/malformed"
)

// Walk calls visit for every file and folder but the root, in the catalog's
// order: by the number of the folder that holds it, then by name. An error of
// visit ends the walk and is returned as it is. Entries are taken from the
// budget; its error ends the walk too. A *malformed.Damage at the end says that parts
// of the catalog could not be read; all others have been visited.
func (v *Volume) Walk(ctx context.Context, visit func(Entry) error) error {
	w := &walker{v: v, damage: malformed.Damage{Format: "hfs+ catalog"}, ctx: ctx, visit: visit, places: newPlacer(v), seen: map[uint32]*[64]uint64{}, next: v.catalog.first}
	if v.rootErr != nil {
		w.damage.Add(v.rootErr)
	}
	if v.catalog.depth > 0 {
		if err := w.node(v.catalog.root, v.catalog.depth); err != nil {
			return err
		}
	}
	if w.damage.Count == 0 && w.records != int64(v.catalog.records) {
		w.damage.Add(fault(-1, "catalog has another number of records than its header says", uint64(v.catalog.records)))
	}
	if w.damage.Count == 0 && w.next != 0 {
		w.damage.Add(fault(-1, "chain of the catalog's leaves goes on where its index ends, to", uint64(w.next)))
	}
	if w.blocks > v.Blocks {
		w.damage.Add(fault(-1, "files share blocks: they have more than the volume", uint64(w.blocks)))
	}
	if w.damage.Count > 0 {
		return &w.damage
	}
	return nil
}

// walker is the state of one walk.
type walker struct {
	v       *Volume
	ctx     context.Context
	visit   func(Entry) error
	places  *placer
	damage  malformed.Damage
	seen    map[uint32]*[64]uint64 // nodes read, one bit each
	next    uint32                 // leaf that should come next
	parent  uint32                 // of the last record
	records int64
	blocks  int64 // of all files, saturated by the number of entries
}

// again marks a node, and reports whether it was marked before.
func (w *walker) again(num uint32) bool {
	page := w.seen[num>>12]
	if page == nil {
		page = new([64]uint64)
		w.seen[num>>12] = page
	}
	word, bit := &page[num>>6&63], uint64(1)<<(num&63)
	was := *word&bit != 0
	*word |= bit
	return was
}

// node visits what is under a node. It returns errors that end the walk alone.
func (w *walker) node(num uint32, height int) error {
	if err := w.ctx.Err(); err != nil {
		return fmt.Errorf("walking an hfs+ volume: %w", err)
	}
	n, err := w.v.catalog.load(num, height)
	if err != nil {
		w.damage.Add(err)
		return nil
	}
	if w.again(num) {
		w.damage.Add(fault(n.at, "node is met twice in the catalog", uint64(num)))
		return nil
	}
	if height == 1 {
		return w.leaf(n)
	}
	for i := range n.count {
		child, err := n.child(i)
		if err != nil {
			w.damage.Add(err)
			continue
		}
		if err := w.node(child, height-1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) leaf(n *node) error {
	if n.num != w.next {
		w.damage.Add(fault(n.at, "index and chain of the catalog's leaves differ, the chain goes to", uint64(w.next)))
	}
	w.next = n.next
	for i := range n.count {
		w.records++
		rec, err := n.catalogRecord(i)
		if err != nil {
			w.damage.Add(err)
			continue
		}
		if rec.kind == recFolderThread || rec.kind == recFileThread || rec.parent == idRootParent {
			continue
		}
		if rec.parent < w.parent {
			w.damage.Add(fault(rec.at, "catalog is out of order at folder", uint64(rec.parent)))
		}
		w.parent = rec.parent
		if err := w.v.budget.TakeEntries(1); err != nil {
			return err
		}
		if err := w.visit(w.entry(&rec)); err != nil {
			return err
		}
	}
	return nil
}
