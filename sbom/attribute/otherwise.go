package attribute

import (
	"cmp"
	"math"
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// otherwise makes the uses of literals unknown that the code may come to in another
// way: a function was seen to walk a table, the literal lies behind its front, and data
// that is no part of the table points in between. There another table may begin, whose
// function nobody sees. Only what says that a literal is not read is worth the look.
func (d *deriver) otherwise(f *follower, found map[literalAt]useSet) {
	var idle []fingerprint.Reference
	low, high := uint64(math.MaxUint64), uint64(0)
	for _, l := range f.wanted {
		for _, r := range l {
			begins, ok := f.tabled[tableStart{r.Slot, r.Function}]
			if ok && found[literalAt{r.Function, r.Offset}]&(useReads|useUnknown) == 0 {
				idle = append(idle, r)
				low, high = min(low, begins), max(high, r.Slot)
			}
		}
	}
	if len(idle) == 0 {
		return
	}
	type pointer struct{ to, at uint64 }
	var pointers []pointer
	for _, c := range d.slice.Constants() {
		for at := (c.Address + 7) &^ 7; at+8 <= c.Address+uint64(len(c.Bytes)); at += 8 {
			if to, ok := d.word(at); ok && to > low && to <= high {
				pointers = append(pointers, pointer{to, at})
			}
		}
	}
	slices.SortFunc(pointers, func(a, b pointer) int { return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.at, b.at)) })
	for _, r := range idle {
		begins := f.tabled[tableStart{r.Slot, r.Function}]
		i, _ := slices.BinarySearchFunc(pointers, begins+1, func(p pointer, a uint64) int { return cmp.Compare(p.to, a) })
		for ; i < len(pointers) && pointers[i].to <= r.Slot; i++ {
			if at := pointers[i].at; at < begins || at > r.Slot {
				found[literalAt{r.Function, r.Offset}] |= useUnknown
				break
			}
		}
	}
}
