package kinship

import (
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
	keys := make([]uint64, 0, len(units))
	for i, w := range units {
		if w > 0 {
			keys = append(keys, uint64(of[w-1])<<32|uint64(i))
		}
	}
	slices.Sort(keys)
	x.funcs = make([]uint32, len(keys))
	for i, key := range keys {
		n := uint32(key >> 32)
		x.funcs[i] = uint32(key)
		if len(x.strains) == 0 || x.strains[len(x.strains)-1] != n {
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
