package macho

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// holding is what a section holds, as far as a reference into it is concerned.
type holding uint8

const (
	holdsNothing   holding = iota // nothing to compare
	holdsCode                     //
	holdsTexts                    // terminated literals
	holdsWide                     // terminated UTF-16 literals
	holdsConst                    // constants, among them character arrays
	holdsHoles                    // constants that are distances, or literals without an end
	holdsLiterals                 // numbers of one size
	holdsCFStrings                // records
	holdsSelectors                // pointers to selectors
	holdsClasses                  // pointers to classes
	holdsImports                  // pointers to imports
	holdsStubs                    // jumps to imports
	holdsSenders                  // stubs that send a selector
	holdsData                     // anything else that may be written
)

// place is one section while references are resolved.
type place struct {
	addr, end uint64
	off       uint64
	data      []byte // may be shorter than the section in memory
	holds     holding
	stride    uint64 // size of a record
	format    uint16 // of its pointers
	first     uint64 // indirect symbol of the first record
	slots     []fingerprint.Target
	textEnds  []uint64 // by block: where the text ends that fills its front; 0: not looked at; see textRun
}

// placeIndex finds what lies at an address.
type placeIndex struct {
	list    []place // by address, not overlapping
	last    int     // where the last address was found
	classes []classAt
	wide    map[uint64][]byte // UTF-16 literals as UTF-8, by offset
	bound   []boundAt         // classic binds, by offset
	tables  struct{ indirect, symbols, names []byte }
}

// boundAt is a pointer that is bound to a name.
type boundAt struct {
	off  uint64
	name imported
}

// find returns the place that holds an address, or nil.
func (x *placeIndex) find(addr uint64) *place {
	if x.last < len(x.list) {
		if p := &x.list[x.last]; addr >= p.addr && addr < p.end {
			return p
		}
	}
	lo, hi := 0, len(x.list)
	for lo < hi {
		if m := int(uint(lo+hi) / 2); x.list[m].end <= addr {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < len(x.list) && addr >= x.list[lo].addr {
		x.last = lo
		return &x.list[lo]
	}
	return nil
}

// indexPlaces prepares Resolve.
func (c *coder) indexPlaces() {
	x := &c.places
	x.wide = map[uint64][]byte{}
	x.tables.indirect = c.cut(c.t.indirect)
	size := uint64(12)
	if c.wide {
		size = 16
	}
	x.tables.symbols = c.cut(span{uint64(c.t.symOff), uint64(c.t.symCount) * size})
	x.tables.names = c.cut(c.t.strings)
	for i := range c.sects {
		d := &c.sects[i]
		p := place{addr: d.addr, end: d.addr + d.size, off: d.off, data: d.data, format: c.formatAt(d.off), first: uint64(d.reserved1)}
		if d.size == 0 || p.end < p.addr || strings.HasPrefix(d.name, "__DWARF,") {
			continue
		}
		p.holds, p.stride = c.holding(d)
		if d.data == nil || c.hidden(d) {
			p.data, p.holds = nil, holdsNothing
		}
		x.list = append(x.list, p)
	}
	slices.SortStableFunc(x.list, func(a, b place) int { return cmp.Compare(a.addr, b.addr) })
	end := uint64(0)
	x.list = slices.DeleteFunc(x.list, func(p place) bool {
		if p.addr < end {
			return true
		}
		end = p.end
		return false
	})
	c.readBoundAt()
	c.fillClassSlots()
}

// holding classifies a section by its type, else by its name.
func (c *coder) holding(d *section) (holding, uint64) {
	segment, name := splitName(d.name)
	w := c.ptrSize()
	switch {
	case isCode(d):
		return holdsCode, 0
	case d.kind == kindCStrings || name == "__swift5_reflstr":
		return holdsTexts, 0
	case d.kind == kindLiteral4:
		return holdsLiterals, 4
	case d.kind == kindLiteral8:
		return holdsLiterals, 8
	case d.kind == kindLiteral16:
		return holdsLiterals, 16
	case name == "__literals": // numbers of 16, 8 and 4 bytes that a linker put together
		return holdsLiterals, 0
	case d.kind == kindPointers || d.kind == kindLazy || d.kind == kindThreadPtrs || name == "__got" || name == "__auth_got":
		return holdsImports, w
	case d.kind == kindStubs && d.reserved2 > 0:
		return holdsStubs, uint64(d.reserved2)
	}
	switch name {
	case "__objc_stubs":
		return holdsSenders, 4
	case "__objc_selrefs":
		return holdsSelectors, w
	case "__objc_classrefs", "__objc_superrefs":
		return holdsClasses, w
	case "__cfstring":
		return holdsCFStrings, 4 * w
	case "__ustring":
		return holdsWide, 2
	case "__rodata":
		if c.golang {
			return holdsHoles, 0
		}
	case "__stub_helper":
		return holdsCode, 0
	}
	if segment != "__TEXT" {
		return holdsData, w
	}
	if name == "__const" || name == "__rodata" {
		return holdsConst, 0
	}
	return holdsHoles, 0
}

// readBoundAt walks the classic binds once more, for the places of the names.
// There are at most as many as the slice has room for pointers.
func (c *coder) readBoundAt() {
	if c.t.binds.size+c.t.lazy.size+c.t.weak.size == 0 || c.fix.threaded {
		return
	}
	budget := min(c.o.MaxBinds, len(c.b)/4)
	x := &c.places
	for _, t := range []struct {
		span
		lazy, weak bool
	}{{c.t.binds, false, false}, {c.t.lazy, true, false}, {c.t.weak, false, true}} {
		d := binder{s: c.slice, b: c.cut(t.span), at: t.off, lazy: t.lazy, weak: t.weak, budget: &budget, seg: -1, emit: func(imported) {}}
		d.place = func(off uint64, m imported) { x.bound = append(x.bound, boundAt{off, m}) }
		_ = d.run() // said when the imports were read
	}
	slices.SortStableFunc(x.bound, func(a, b boundAt) int { return cmp.Compare(a.off, b.off) })
}

// boundTo is the name that the pointer at an offset is bound to.
func (x *placeIndex) boundTo(off uint64) (imported, bool) {
	i, found := slices.BinarySearchFunc(x.bound, off, func(b boundAt, off uint64) int { return cmp.Compare(b.off, off) })
	if !found {
		return imported{}, false
	}
	return x.bound[i].name, true
}

// fillClassSlots settles what the class references lead to. The place of the
// name is that of the fact of the class, so that both can be held together.
func (c *coder) fillClassSlots() {
	at := map[string]int64{}
	for i := range c.slice.out.Unit.Facts {
		if f := &c.slice.out.Unit.Facts[i]; f.Kind == sbom.FactClassRef {
			at[string(f.Value)] = f.Offset
		}
	}
	left := c.o.MaxObjects
	for i := range c.places.list {
		p := &c.places.list[i]
		if p.holds != holdsClasses {
			continue
		}
		n := min(len(p.data)/int(p.stride), left)
		left -= n
		p.slots = make([]fingerprint.Target, n)
		for j := range n {
			p.slots[j] = fingerprint.Target{Offset: -1}
			off := p.off + uint64(j)*p.stride
			ref := c.pointer(off)
			if ref.name == nil {
				if m, ok := c.places.boundTo(off); ok {
					ref.name = m.name
				}
			}
			if name, ok := bytes.CutPrefix(ref.name, classPrefix); ok {
				o, known := at[string(name)]
				if !known {
					o = -1
				}
				p.slots[j] = fingerprint.Target{Kind: fingerprint.TargetClass, Slot: true, Text: name, Offset: o}
			} else if t, ok := c.places.class(ref.addr); ok {
				t.Slot = true
				p.slots[j] = t
			}
		}
	}
}

// class is the class of the image that lies at an address.
func (x *placeIndex) class(addr uint64) (fingerprint.Target, bool) {
	i, found := slices.BinarySearchFunc(x.classes, addr, func(k classAt, a uint64) int { return cmp.Compare(k.addr, a) })
	if !found {
		return fingerprint.Target{}, false
	}
	return fingerprint.Target{Kind: fingerprint.TargetClass, Text: x.classes[i].name, Offset: int64(x.classes[i].off)}, true
}
