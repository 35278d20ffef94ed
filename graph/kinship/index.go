package kinship

import (
	"cmp"
	"slices"
)

// index lists the functions of an image that have a twin, by strain.
type index struct {
	strains []uint32 // that the image has, sorted
	ends    []uint32 // where the functions of each end
	funcs   []uint32 // sorted within a strain
}

// newIndex makes the index of an image for a numbering of twins.
func (f *family) newIndex(image int, of []uint32) index {
	units := f.twin[f.base[image]:f.base[image+1]]
	var x index
	for i, w := range units {
		if w > 0 {
			x.funcs = append(x.funcs, uint32(i))
		}
	}
	slices.SortFunc(x.funcs, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(of[units[a]-1], of[units[b]-1]), cmp.Compare(a, b))
	})
	for i, fn := range x.funcs {
		if n := of[units[fn]-1]; len(x.strains) == 0 || x.strains[len(x.strains)-1] != n {
			x.strains = append(x.strains, n)
			x.ends = append(x.ends, 0)
		}
		x.ends[len(x.ends)-1] = uint32(i) + 1
	}
	return x
}

// of lists the functions of a strain, sorted.
func (x *index) of(strain uint32) []uint32 {
	i, found := slices.BinarySearch(x.strains, strain)
	if !found {
		return nil
	}
	from := uint32(0)
	if i > 0 {
		from = x.ends[i-1]
	}
	return x.funcs[from:x.ends[i]]
}

// reindex makes the indexes of all images anew.
func (f *family) reindex(k *stock) {
	k.index = make([]index, len(f.images))
	each(len(f.images), func(i int) { k.index[i] = f.newIndex(i, k.of) })
}
