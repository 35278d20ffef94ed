package macho

import (
	"math"
	"strings"
)

// Region is the bytes of one section.
type Region struct {
	Name    string // "__TEXT,__const"
	Address uint64 // as Code gives addresses
	Offset  int64  // in the slice
	Bytes   []byte // alias the input
}

// Constants lists the sections in which compilers put literals and tables, those
// that may be written too, in file order. Encrypted ones, code, debugging
// information and the tables of runtimes are left out.
func (f *Slice) Constants() []Region {
	s := f.src
	if s == nil || s.filetype == typeDSYM {
		return nil
	}
	var out []Region
	for i := range s.sects {
		c := &s.sects[i]
		if c.data == nil || s.hidden(c) || strings.HasPrefix(c.name, "__DWARF,") {
			continue
		}
		switch _, name, _ := strings.Cut(c.name, ","); name {
		case "__cstring", "__const", "__rodata", "__data", "__noptrdata":
			address := c.addr
			if s.filetype == typeObject {
				address += objectBase
			}
			out = append(out, Region{c.name, address, int64(c.off), c.data})
		}
	}
	return out
}

// Named lists the sections of a name, such as "__gopclntab", in any segment, in
// file order. Encrypted ones are left out.
func (f *Slice) Named(name string) []Region {
	if f.src == nil {
		return nil
	}
	var out []Region
	for _, c := range f.src.named(name) {
		if !f.src.hidden(c) {
			out = append(out, Region{c.name, c.addr, int64(c.off), c.data})
		}
	}
	return out
}

// Bytes gives bytes of the slice, or nil when they lie outside of it.
func (f *Slice) Bytes(offset, size int64) []byte {
	if f.src == nil || offset < 0 || size < 0 {
		return nil
	}
	return f.src.take(uint64(offset), uint64(size))
}

// RegionAt is the section that holds the byte at an address of Code.
func (f *Slice) RegionAt(address uint64) (Region, bool) {
	s := f.src
	if s == nil {
		return Region{}, false
	}
	base := uint64(0)
	if s.filetype == typeObject {
		base = objectBase
	}
	for i := range s.sects {
		if c := &s.sects[i]; address-base-c.addr < uint64(len(c.data)) {
			return Region{c.name, c.addr + base, int64(c.off), c.data}, true
		}
	}
	return Region{}, false
}

// Extent gives addresses between which RegionAt finds all that it finds: from
// low to below high.
func (f *Slice) Extent() (low, high uint64) {
	s := f.src
	if s == nil {
		return 0, 0
	}
	base := uint64(0)
	if s.filetype == typeObject {
		base = objectBase
	}
	low = math.MaxUint64
	for i := range s.sects {
		if c := &s.sects[i]; len(c.data) > 0 {
			end := c.addr + base + uint64(len(c.data))
			if end < c.addr+base { // around the end of all addresses
				return 0, math.MaxUint64
			}
			low, high = min(low, c.addr+base), max(high, end)
		}
	}
	return low, high
}

// OffsetOf says where the byte at an address of Code stands in the slice.
func (f *Slice) OffsetOf(address uint64) (int64, bool) {
	r, ok := f.RegionAt(address)
	if !ok {
		return 0, false
	}
	return r.Offset + int64(address-r.Address), true
}

// SectionAt names the section that holds a byte of the slice, "" outside of all.
func (f *Slice) SectionAt(offset int64) string {
	if f.src == nil {
		return ""
	}
	for i := range f.src.sects {
		if c := &f.src.sects[i]; uint64(offset)-c.off < uint64(len(c.data)) {
			return c.name
		}
	}
	return ""
}
