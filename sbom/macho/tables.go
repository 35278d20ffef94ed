package macho

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// typeInfo begins the names of the vtables that the descriptions of C++ classes
// point to (Itanium C++ ABI, "RTTI Layout"); globalBlock is the class of a block
// without captured values ("Block Implementation Specification").
var (
	typeInfo    = []byte("__ZTVN10__cxxabiv1")
	globalBlock = []byte("__NSConcreteGlobalBlock")
	vtableNames = []byte("__ZT") // of vtables and what belongs to them
)

// blockSize is the size of a block without captured values; blockCode is where it
// holds the address of its code.
const (
	blockSize = 32
	blockCode = 16
)

// maxOffsetToTop bounds how far a part of a C++ object may lie behind its start.
const maxOffsetToTop = 1 << 24

// slot is a word of data that is a pointer.
type slot struct {
	at, to uint64 // addresses; to is 0 where it is bound to another image
	kind   slotKind
}

type slotKind uint8

const (
	slotPlain slotKind = iota
	slotBound          // to a name
	slotTypeInfo
	slotBlock
)

// tableFinder finds the objects of data whose bounds and use are known.
type tableFinder struct {
	*coder
	slots   []slot
	exports map[string]uint64 // of vtables
	out     fingerprint.Tables
	infos   map[uint64]bool // addresses of descriptions of C++ classes
}

// findTables lists vtables of C++ classes with run-time type information, blocks
// that capture nothing, and of Go types, itabs and function values. All other data are taken for used by everything.
func (c *coder) findTables() {
	if c.ptrSize() != 8 || c.filetype == typeObject || !c.bindsTables() {
		return
	}
	f := &tableFinder{coder: c, exports: map[string]uint64{}, infos: map[uint64]bool{}}
	f.readNames()
	f.readSlots()
	for _, x := range f.slots {
		switch x.kind {
		case slotTypeInfo:
			f.infos[x.at] = true
		case slotBlock:
			f.out.List = append(f.out.List, fingerprint.Table{Address: x.at, Body: x.at + blockSize, End: x.at + blockSize, Group: x.at})
		}
	}
	for i := range f.slots {
		f.vtable(i)
	}
	if c.golang && c.goStart != 0 {
		f.goTables()
	}
	if len(f.out.List) == 0 {
		return
	}
	f.pointers()
	c.out.Tables = &f.out
}

// bindsTables reports whether the image names what only tables need.
func (c *coder) bindsTables() bool {
	tells := func(m imported) bool { return bytes.HasPrefix(m.name, typeInfo) || bytes.Equal(m.name, globalBlock) }
	return c.golang && c.goStart != 0 || slices.ContainsFunc(c.fix.imports, tells) || slices.ContainsFunc(c.places.bound, func(b boundAt) bool { return tells(b.name) })
}

// readNames keeps under which names vtables may be exported.
func (f *tableFinder) readNames() {
	note := func(name []byte, addr uint64) {
		if bytes.HasPrefix(name, vtableNames) && f.spend(len(name)) {
			f.exports[string(name)] = addr
			f.out.Names = append(f.out.Names, fingerprint.NameAt{Name: string(name), Address: addr})
		}
	}
	if t := f.exported; t != nil {
		start := 0
		for i, end := range t.ends {
			if a := t.addrs[i]; a != noAddress {
				note(t.text[start:end], f.base()+a)
			}
			start = end
		}
	} else {
		f.eachSymbol(func(_ int, n nlist) {
			if n.kind&symExternal != 0 && n.kind&symPrivate == 0 && f.begins(n) {
				note(f.symbolName(n), n.value)
			}
		})
	}
	slices.SortFunc(f.out.Names, func(a, b fingerprint.NameAt) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Address, b.Address))
	})
}

// readSlots lists the pointers of the data, by address.
func (f *tableFinder) readSlots() {
	f.eachSlot(func(off uint64) {
		at, ok := f.address(off)
		if !ok {
			return
		}
		p := f.decode(f.word(off), f.formatAt(off))
		if p.name == nil {
			f.slots = append(f.slots, slot{at: at, to: p.addr})
			return
		}
		f.bind(at, p.name)
	})
	for i := range f.places.bound {
		if at, ok := f.address(f.places.bound[i].off); ok {
			f.bind(at, f.places.bound[i].name.name)
		}
	}
	slices.SortStableFunc(f.slots, func(a, b slot) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.kind, a.kind)) })
	kept := f.slots[:0]
	for _, x := range f.slots { // what is bound counts, and leads where the pointer does without that
		if n := len(kept); n == 0 || kept[n-1].at != x.at {
			kept = append(kept, x)
		} else if kept[n-1].to == 0 {
			kept[n-1].to = x.to
		}
	}
	f.slots = kept
}

// bind notes a pointer that is bound to a name, which may be one of the image's own.
func (f *tableFinder) bind(at uint64, name []byte) {
	x := slot{at: at, kind: slotBound, to: f.exports[string(name)]}
	switch {
	case bytes.HasPrefix(name, typeInfo):
		x.kind = slotTypeInfo
	case bytes.Equal(name, globalBlock):
		x.kind = slotBlock
	}
	f.slots = append(f.slots, x)
}

// vtable takes the pointer to the description of a class for a part of a vtable,
// where the distance to the top of the object stands before it and functions
// behind it. An object of another kind behind it is cut off by what refers to that.
func (f *tableFinder) vtable(i int) {
	x := &f.slots[i]
	if !f.infos[x.to] || x.kind != slotPlain && x.kind != slotBound || i > 0 && f.slots[i-1].at+8 == x.at {
		return
	}
	off, ok := f.offset(x.at - 8)
	if top := int64(f.word(off)); !ok || top > 0 || top < -maxOffsetToTop {
		return
	}
	end, functions := x.at+8, 0
	for _, s := range f.slots[i+1:] {
		code := s.to != 0 && f.inCode(s.to) && f.function(s.to) >= 0
		if s.at != end || !code && s.kind != slotBound {
			break
		}
		if code {
			functions++
		}
		end += 8
	}
	if functions > 0 {
		f.out.List = append(f.out.List, fingerprint.Table{Address: x.at - 8, Body: x.at + 8, End: end, Group: x.to})
	}
}

// pointers lists what leads to functions and into tables. A pointer among those
// to other images (a global offset table) stands for what it leads to.
func (f *tableFinder) pointers() {
	list := slices.Clone(f.out.List)
	slices.SortFunc(list, func(a, b fingerprint.Table) int { return cmp.Compare(a.Address, b.Address) })
	inTable := func(addr uint64) bool {
		i, exact := slices.BinarySearchFunc(list, addr, func(t fingerprint.Table, a uint64) int { return cmp.Compare(t.Address, a) })
		return exact || i > 0 && addr < list[i-1].End
	}
	said := f.saidElsewhere()
	for _, x := range f.slots {
		table := x.to != 0 && inTable(x.to)
		if !table && (x.to == 0 || !f.inCode(x.to) || f.function(x.to) < 0) {
			continue
		}
		if off, ok := f.offset(x.at); ok && slices.ContainsFunc(said, func(d *section) bool { return off-d.off < uint64(len(d.data)) }) {
			continue
		}
		p := f.places.find(x.at)
		if table && x.kind == slotBound && p != nil && p.holds == holdsImports {
			f.out.Slots = append(f.out.Slots, fingerprint.Pointer{At: x.at, To: x.to})
			continue
		}
		f.out.Pointers = append(f.out.Pointers, fingerprint.Pointer{At: x.at, To: x.to})
	}
}
