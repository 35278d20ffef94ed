package reach

import (
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// tableAt is a table of an image; the first one of an image is all data that are
// no table.
type tableAt struct{ image, table int32 }

// tables follows what a node refers to, where the image's data were understood:
// a table that code which runs refers to may be run through.
func (r *Reach) tables(u int32) {
	i := r.of(u)
	c := r.codes[i]
	if len(c.set.Tables) == 0 {
		return
	}
	for _, t := range c.set.TablesOf(int(u - r.base[i])) {
		r.table(tableAt{i, int32(t)}, u)
	}
}

// table notes that a table is in use: what it holds is reached, and the tables that
// it refers to are in use too.
func (r *Reach) table(at tableAt, by int32) {
	if r.inUse[at] {
		return
	}
	r.inUse[at] = true
	v := viaTable
	if by < 0 {
		v = viaPointer
	}
	for queue := []tableAt{at}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		c := r.codes[at.image]
		t := &c.set.Tables[at.table]
		for _, f := range t.Functions {
			if !c.block[f] || v == viaTable {
				r.reach(r.base[at.image]+int32(f), by, v)
			}
		}
		for _, to := range t.Leads {
			if next := (tableAt{at.image, int32(to)}); !r.inUse[next] {
				r.inUse[next] = true
				queue = append(queue, next)
			}
		}
	}
}

// looseTables notes which tables of an image are in use whatever its own code
// does: what other data refer to, and what another image of the group names.
func (r *Reach) looseTables(i int32, c *code) {
	r.table(tableAt{i, 0}, -1)
	for t := range c.set.Tables {
		for _, h := range c.set.Tables[t].Names {
			if r.importedBy(i, h) {
				r.table(tableAt{i, int32(t)}, -1)
				break
			}
		}
	}
}

// importedBy reports whether an image of the group, another one than i, may bind
// a name: its code names it, or a tie does.
func (r *Reach) importedBy(i int32, hash uint64) bool {
	if r.tied[groupName{i, hash}] {
		return true
	}
	if r.work -= int64(len(r.codes)); r.work < 0 {
		return true // which is what is not known
	}
	for k, c := range r.codes {
		if c != nil && int32(k) != i && r.group[k] == r.group[i] && c.imports(hash) {
			return true
		}
	}
	return false
}

// imports reports whether code of an image refers to an imported name.
func (c *code) imports(hash uint64) bool {
	_, ok := slices.BinarySearchFunc(c.set.Features, hash, func(f fingerprint.Feature, h uint64) int {
		switch {
		case f.Kind < fingerprint.FeatureImport || f.Kind == fingerprint.FeatureImport && f.Hash < h:
			return -1
		case f.Kind > fingerprint.FeatureImport || f.Hash > h:
			return 1
		}
		return 0
	})
	return ok
}

// tableDoubt calls mark with what a node may lead to through tables.
func (r *Reach) tableDoubt(u int32, mark func(n int32)) {
	i := r.of(u)
	c := r.codes[i]
	if len(c.set.Tables) == 0 {
		return
	}
	for _, t := range c.set.TablesOf(int(u - r.base[i])) {
		if at := (tableAt{i, int32(t)}); !r.inUse[at] && !r.doubted[at] {
			r.doubted[at] = true
			for _, f := range c.set.Tables[t].Functions {
				mark(r.base[i] + int32(f))
			}
		}
	}
}
