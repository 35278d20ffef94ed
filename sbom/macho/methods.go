package macho

import "github.com/kinbom/kinbom/sbom"

// Flags of a method list's entry size (objc-runtime-new.h, method_list_t).
const (
	listSmall = 0x80000000 // three relative offsets for each method
	listSize  = 0x0000fffc
)

// methods gives the selectors of the method list that the pointer at an offset
// leads to: absolute records, or relative ones whose name is a selector reference.
func (o *objc) methods(at uint64) {
	list, ok := o.offset(o.pointer(at).addr)
	if !ok {
		return
	}
	c := o.sectionAt(list)
	if c == nil {
		return
	}
	head, count := o.u32(list), uint64(o.u32(list+4))
	size, small := uint64(head&listSize), head&listSmall != 0
	if size < 12 || size > 64 {
		o.gap(sbom.GapUnreadable, int64(list), "method list with records of %d bytes", size)
		return
	}
	// A list ends with its section, whatever it claims.
	if room := (max(uint64(len(c.data))-(list-c.off), 8) - 8) / size; count > room {
		o.gap(sbom.GapUnreadable, int64(list), "method list claims %d methods where its section has room for %d", count, room)
		count = room
	}
	for i := range count {
		if !o.more(c) {
			return
		}
		p := list + 8 + i*size
		if !small {
			o.selectorAt(o.pointer(p).addr)
			continue
		}
		if addr, ok := o.address(p); ok {
			// The sum wraps for negative distances; a bad one leads outside.
			if ref, ok := o.offset(addr + uint64(int64(int32(o.u32(p))))); ok {
				o.selectorAt(o.pointer(ref).addr)
			}
		}
	}
}

// address turns an offset of the slice into an address.
func (s *slice) address(off uint64) (uint64, bool) {
	for i := range s.segs {
		if g := &s.segs[i]; off >= g.off && off-g.off < g.bytes {
			return g.addr + off - g.off, true
		}
	}
	return 0, false
}
