package macho

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Sizes and places in Go's descriptions of types (internal/abi, type.go), as they
// have been since Go 1.7 but for the kind of a map.
const (
	goType       = 48 // size of abi.Type
	goHash       = 16 // four bytes, the same in the tables of methods of an interface
	goFlags      = 20
	goKind       = 23
	goUncommon   = 1  // flag: what follows has methods
	goUncommonSz = 16 // size of abi.UncommonType: package, counts, where the methods are
	goMethod     = 16 // size of abi.Method: name, type, two functions
	goInterface  = 20 // kind
	goItab       = 24 // where the functions of an itab begin
	goMethods    = 64 // where an interface type has the number of its methods
	maxGoMethods = 1 << 12
)

// goKindSize is how large the description of a type of a kind is, without methods;
// 0: no kind. That of maps has been 112 since Go 1.24.
var goKindSize = [27]uint64{
	1: goType, 2: goType, 3: goType, 4: goType, 5: goType, 6: goType, 7: goType, 8: goType, 9: goType, 10: goType, 11: goType, 12: goType, 13: goType, 14: goType,
	15: goType, 16: goType, 17: goType + 24, 18: goType + 16, 19: goType + 8, goInterface: goType + 32, 21: goType + 64, 22: goType + 8, 23: goType + 8,
	24: goType, 25: goType + 32, 26: goType,
}

// goTables lists what data of a Go program hold functions: descriptions of types
// with their methods, the tables of methods that make a type an interface, and
// function values. Whatever else holds an address of a function is no table.
func (f *tableFinder) goTables() {
	for _, d := range f.named("__rodata") {
		if d.data == nil || f.hidden(d) {
			continue
		}
		for at := (8 - d.addr%8) % 8; at+goType <= uint64(len(d.data)); at += 8 {
			f.goTypeAt(d, at)
		}
	}
	slices.SortFunc(f.out.List, func(a, b fingerprint.Table) int { return cmp.Compare(a.Address, b.Address) })
	var itabs []fingerprint.Table
	for i := range f.slots {
		if n := f.goItabAt(i); n > 0 {
			at := f.slots[i].at
			itabs = append(itabs, fingerprint.Table{Address: at, Body: at + goItab + 8*n, End: at + goItab + 8*n, Group: at})
		}
	}
	for _, x := range f.slots {
		if x.kind != slotPlain || !f.inCode(x.to) || f.function(x.to) < 0 {
			continue
		}
		i, exact := slices.BinarySearchFunc(itabs, x.at, func(t fingerprint.Table, a uint64) int { return cmp.Compare(t.Address, a) })
		if p := f.places.find(x.at); exact || i > 0 && x.at < itabs[i-1].End || p == nil || p.holds != holdsHoles {
			continue
		}
		f.out.List = append(f.out.List, fingerprint.Table{Address: x.at, Body: x.at + 8, End: x.at + 8, Group: x.at})
	}
	f.out.List = append(f.out.List, itabs...)
}

// goTypeAt takes what stands in a section for the description of a type with
// methods, where everything about it fits: above all, each method's functions
// begin where functions do.
func (f *tableFinder) goTypeAt(d *section, at uint64) {
	b := d.data[at:]
	kind := b[goKind] & 31
	if b[goFlags]&goUncommon == 0 || int(kind) >= len(goKindSize) || goKindSize[kind] == 0 || b[goFlags+1] > 16 || b[goFlags+2] > 16 {
		return
	}
	for _, size := range []uint64{goKindSize[kind], goType + 40} { // maps of before Go 1.24
		if size != goKindSize[kind] && kind != 21 {
			break
		}
		if size+goUncommonSz > uint64(len(b)) {
			continue
		}
		count, first := uint64(f.bo.Uint16(b[size+4:])), size+uint64(f.bo.Uint32(b[size+8:]))
		if count == 0 || count > maxGoMethods || first < size+goUncommonSz || first > uint64(len(b)) || count*goMethod > uint64(len(b))-first {
			continue
		}
		if found := f.goMethodsAt(b[first:], count); len(found) > 0 {
			addr := d.addr + at
			f.out.List = append(f.out.List, fingerprint.Table{Address: addr, Body: addr + size, End: addr + size, Group: addr})
			for _, to := range found {
				f.out.Pointers = append(f.out.Pointers, fingerprint.Pointer{At: addr, To: to})
			}
			return
		}
	}
}

// goMethodsAt lists the functions of methods, or nil when these are no methods. A
// method that the linker left out has none.
func (f *tableFinder) goMethodsAt(b []byte, count uint64) []uint64 {
	var out []uint64
	for i := range count {
		m := b[i*goMethod:]
		for _, off := range []uint32{f.bo.Uint32(m[8:]), f.bo.Uint32(m[12:])} {
			if off == 0 || off == 1<<32-1 {
				continue
			}
			to := f.goStart + uint64(off)
			if !f.inCode(to) || f.function(to) < 0 {
				return nil
			}
			out = append(out, to)
		}
	}
	return out
}

// goItabAt is how many functions the itab has that begins at a slot, or 0: a
// pointer to an interface type, one to a type, and this one's hash.
func (f *tableFinder) goItabAt(i int) uint64 {
	if i+1 >= len(f.slots) || f.slots[i+1].at != f.slots[i].at+8 {
		return 0
	}
	word := func(addr, size uint64) (uint64, bool) {
		off, ok := f.offset(addr)
		if !ok || off+8 > uint64(len(f.b)) {
			return 0, false
		}
		return f.word(off) & (1<<(8*size-1)<<1 - 1), true
	}
	face, of := f.slots[i].to, f.slots[i+1].to
	kind, ok := word(face+goKind, 1)
	hash, ok2 := word(of+goHash, 4)
	said, ok3 := word(f.slots[i].at+goHash, 4)
	n, ok4 := word(face+goMethods, 8)
	if !ok || !ok2 || !ok3 || !ok4 || kind&31 != goInterface || hash != said || hash == 0 || n == 0 || n > maxGoMethods {
		return 0
	}
	return n
}
