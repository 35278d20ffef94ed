package macho

import (
	"bytes"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// segment is a range of addresses and the bytes that fill it.
type segment struct {
	name       string
	addr       uint64
	size       uint64 // in memory
	off, bytes uint64 // in the slice; within it
}

// section is a named part of a segment.
type section struct {
	name  string // "__TEXT,__cstring"
	addr  uint64
	off   uint64
	data  []byte // its content; nil when it has none in the file
	kind  uint32 // section type
	flags uint32
	size  uint64 // in memory

	reserved1, reserved2 uint32 // first indirect symbol and size of a stub, in sections of pointers and stubs
	relocs, relocCount   uint32 // relocation entries: offset in the slice, number
}

// Section types and attributes (mach-o/loader.h).
const (
	kindMask       = 0xff
	kindZero       = 0x1
	kindCStrings   = 0x2
	kindLiteral4   = 0x3
	kindLiteral8   = 0x4
	kindPointers   = 0x6 // pointers to imports
	kindLazy       = 0x7
	kindStubs      = 0x8
	kindInits      = 0x9
	kindGBZero     = 0xc
	kindLiteral16  = 0xe
	kindThreadZero = 0x12
	kindThreadPtrs = 0x14
	kindInitOffs   = 0x16
	hasCode        = 0x80000400 // pure or some instructions
)

// segmentCommand reads one segment with its sections.
func (s *slice) segmentCommand(b []byte, off int64, wide bool) {
	head, rec := 56, 68
	if wide {
		head, rec = 72, 80
	}
	if !s.fits(b, off, head) {
		return
	}
	g := segment{name: fixedName(b[8:24])}
	var count uint32
	if wide {
		g.addr, g.size, g.off, g.bytes = s.bo.Uint64(b[24:]), s.bo.Uint64(b[32:]), s.bo.Uint64(b[40:]), s.bo.Uint64(b[48:])
		count = s.bo.Uint32(b[64:])
	} else {
		w := func(at int) uint64 { return uint64(s.bo.Uint32(b[at:])) }
		g.addr, g.size, g.off, g.bytes = w(24), w(28), w(32), w(36)
		count = s.bo.Uint32(b[48:])
	}
	if g.name == "__LINKEDIT" {
		s.t.linkedit = off
	}
	if n := uint64(len(s.b)); g.bytes > 0 && (g.off > n || g.bytes > n-g.off) {
		s.gap(sbom.GapUnreadable, off, "segment %s leaves the slice: offset %d, size %d", g.name, g.off, g.bytes)
		g.off = min(g.off, n)
		g.bytes = min(g.bytes, n-g.off)
	}
	s.segs = append(s.segs, g)
	if fit := uint32((len(b) - head) / rec); count > fit {
		s.gap(sbom.GapUnreadable, off, "segment %s claims %d sections, but only %d fit", g.name, count, fit)
		count = fit
	}
	for i := range int(count) {
		s.sectionRecord(b[head+i*rec:head+(i+1)*rec], off+int64(head+i*rec), wide)
	}
}

func (s *slice) sectionRecord(b []byte, off int64, wide bool) {
	c := section{name: fixedName(b[16:32]) + "," + fixedName(b[:16])}
	var size uint64
	tail := b[40:] // from the file offset on both layouts have the same fields
	if wide {
		c.addr, size, tail = s.bo.Uint64(b[32:]), s.bo.Uint64(b[40:]), b[48:]
	} else {
		c.addr, size = uint64(s.bo.Uint32(b[32:])), uint64(s.bo.Uint32(b[36:]))
	}
	c.off, c.size = uint64(s.bo.Uint32(tail)), size
	c.relocs, c.relocCount, c.flags = s.bo.Uint32(tail[8:]), s.bo.Uint32(tail[12:]), s.bo.Uint32(tail[16:])
	c.reserved1, c.reserved2 = s.bo.Uint32(tail[20:]), s.bo.Uint32(tail[24:])
	c.kind = c.flags & kindMask
	switch {
	case c.kind == kindZero || c.kind == kindGBZero || c.kind == kindThreadZero || c.off == 0 || size == 0:
	case s.take(c.off, size) != nil:
		c.data = s.take(c.off, size)
	default:
		s.gap(sbom.GapUnreadable, off, "section %s leaves the slice: offset %d, size %d", c.name, c.off, size)
		if c.off < uint64(len(s.b)) {
			c.data = s.b[c.off:]
		}
	}
	s.sects = append(s.sects, c)
}

// fixedName cuts a padded name of 16 bytes.
func fixedName(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// section returns the first section of a full name that has content, or nil.
func (s *slice) section(name string) *section {
	for i := range s.sects {
		if s.sects[i].name == name && s.sects[i].data != nil {
			return &s.sects[i]
		}
	}
	return nil
}

// named returns the sections of a name in any data segment, which linkers
// choose differently (__DATA, __DATA_CONST, __DATA_DIRTY, __AUTH_CONST, ...).
func (s *slice) named(name string) []*section {
	var out []*section
	for i := range s.sects {
		c := &s.sects[i]
		if c.data != nil && len(c.name) > len(name) && c.name[len(c.name)-len(name)-1] == ',' && c.name[len(c.name)-len(name):] == name {
			out = append(out, c)
		}
	}
	return out
}

// sectionAt returns the section that holds an offset of the slice, or nil.
func (s *slice) sectionAt(off uint64) *section {
	for i := range s.sects {
		if c := &s.sects[i]; off >= c.off && off-c.off < uint64(len(c.data)) {
			return c
		}
	}
	return nil
}

// offset turns an address into an offset of the slice.
func (s *slice) offset(addr uint64) (uint64, bool) {
	for i := range s.segs {
		if g := &s.segs[i]; addr >= g.addr && addr-g.addr < g.bytes {
			return g.off + addr - g.addr, true
		}
	}
	return 0, false
}

// base is the address of the slice's first byte.
func (s *slice) base() uint64 {
	for i := range s.segs {
		if g := &s.segs[i]; g.off == 0 && g.bytes > 0 {
			return g.addr
		}
	}
	return s.object.base
}

// hidden reports whether a section lies in the encrypted range.
func (s *slice) hidden(c *section) bool {
	e := s.t.encrypted
	return e.size > 0 && c.off < e.off+e.size && e.off < c.off+uint64(len(c.data))
}

// splitName takes the full name of a section apart.
func splitName(full string) (segment, name string) {
	segment, name, _ = strings.Cut(full, ",")
	return segment, name
}
