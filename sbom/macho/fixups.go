package macho

import (
	"github.com/kinbom/kinbom/sbom"
)

// Pointer formats (mach-o/fixup-chains.h, DYLD_CHAINED_PTR_*).
const (
	ptrARM64E     = 1
	ptr64         = 2
	ptr32         = 3
	ptr64Offset   = 6
	ptrKernel     = 7
	ptrUserland   = 9
	ptrUserland24 = 12
)

// fixups says how the pointers of each segment are written.
type fixups struct {
	formats  []uint16   // by segment; 0: plain addresses
	imports  []imported // by bind ordinal, of chained fixups
	threaded bool       // arm64e pointers without chained fixups
}

// pointer is a decoded pointer: an address, or a bound name.
type pointer struct {
	addr uint64
	name []byte
}

// readFixups reads the chained fixups: their names and the formats. The chains
// themselves are not walked: the places that we look through are known.
func (s *slice) readFixups() {
	b := s.table(s.t.fixups, "chained fixups")
	if len(b) == 0 {
		return
	}
	if len(b) < 28 {
		s.gap(sbom.GapUnreadable, int64(s.t.fixups.off), "chained fixups have %d bytes, less than their header", len(b))
		return
	}
	w := func(at int) uint32 { return s.bo.Uint32(b[at:]) }
	s.readStarts(b, uint64(w(4)))
	if w(24) != 0 {
		s.gap(sbom.GapUnsupported, int64(s.t.fixups.off)+24, "names of chained fixups are compressed (format %d)", w(24))
		return
	}
	s.readFixupImports(b, uint64(w(8)), uint64(w(12)), uint64(w(16)), w(20))
}

// readStarts notes the pointer format of each segment.
func (s *slice) readStarts(b []byte, at uint64) {
	if at > uint64(len(b))-4 {
		s.gap(sbom.GapUnreadable, int64(s.t.fixups.off)+4, "chained fixups: starts lie outside")
		return
	}
	count := uint64(s.bo.Uint32(b[at:]))
	s.fix.formats = make([]uint16, len(s.segs))
	for i := range min(count, uint64(len(s.segs)), (uint64(len(b))-at-4)/4) {
		o := uint64(s.bo.Uint32(b[at+4+4*i:]))
		if o == 0 {
			continue
		}
		if at+o+8 > uint64(len(b)) {
			s.gap(sbom.GapUnreadable, int64(s.t.fixups.off), "chained fixups: starts of segment %d lie outside", i)
			continue
		}
		s.fix.formats[i] = s.bo.Uint16(b[at+o+6:])
	}
}

// readFixupImports reads the table of names in any of its three formats.
func (s *slice) readFixupImports(b []byte, at, names, count uint64, format uint32) {
	size, ok := map[uint32]uint64{1: 4, 2: 8, 3: 16}[format]
	if !ok || at > uint64(len(b)) || names > uint64(len(b)) || count > (uint64(len(b))-at)/max(size, 1) {
		if count > 0 {
			s.gap(sbom.GapUnreadable, int64(s.t.fixups.off)+8, "chained fixups: table of %d names in format %d does not fit", count, format)
		}
		return
	}
	for i := range min(count, uint64(s.o.MaxImports)) {
		e := b[at+i*size:]
		var m imported
		var off uint64
		if format == 3 {
			v := s.bo.Uint64(e)
			m.ordinal, m.weak, off = int(int16(v)), v>>16&1 != 0, v>>32
		} else {
			v := s.bo.Uint32(e)
			m.ordinal, m.weak, off = int(int8(v)), v>>8&1 != 0, uint64(v>>9)
			if m.ordinal < OrdinalWeak {
				m.ordinal = int(uint8(v))
			}
		}
		if names+off < uint64(len(b)) {
			m.name, m.at = cString(b[names+off:]), s.t.fixups.off+names+off
		}
		if m.name == nil {
			s.gap(sbom.GapUnreadable, s.clamp(s.t.fixups.off+at+i*size), "chained fixups: name %d lies outside", i)
		}
		if !s.spend(len(m.name)) {
			return
		}
		s.fix.imports = append(s.fix.imports, m)
	}
}

// pointer decodes the pointer at an offset of the slice.
func (s *slice) pointer(off uint64) pointer {
	raw := s.word(off)
	if name := s.bound[off]; name != nil {
		return pointer{name: name}
	}
	if raw == 0 {
		return pointer{}
	}
	return s.decode(raw, s.formatAt(off))
}

// formatAt is how pointers at an offset of the slice are written.
func (s *slice) formatAt(off uint64) uint16 {
	for i := range s.fix.formats {
		if g := &s.segs[i]; off >= g.off && off-g.off < g.bytes {
			return s.fix.formats[i]
		}
	}
	if s.fix.threaded {
		return ptrARM64E
	}
	return 0
}

// decode takes a raw pointer apart. Unknown formats are read as plain
// addresses: such an address then leads nowhere.
func (s *slice) decode(raw uint64, format uint16) pointer {
	switch format {
	case ptr64, ptr64Offset:
		if raw>>63 != 0 {
			return s.boundTo(raw & 0xffffff)
		}
		addr := raw & (1<<36 - 1)
		if format == ptr64Offset {
			addr += s.base()
		}
		return pointer{addr: addr}
	case ptr32:
		if raw>>31&1 != 0 {
			return s.boundTo(raw & 0xfffff)
		}
		return pointer{addr: raw & (1<<26 - 1)}
	case ptrARM64E, ptrKernel, ptrUserland, ptrUserland24:
		auth, bind := raw>>63 != 0, raw>>62&1 != 0
		switch {
		case bind && format == ptrUserland24:
			return s.boundTo(raw & 0xffffff)
		case bind:
			return s.boundTo(raw & 0xffff)
		case auth:
			return pointer{addr: s.base() + raw&0xffffffff}
		case format == ptrARM64E:
			return pointer{addr: raw & (1<<43 - 1)}
		}
		return pointer{addr: s.base() + raw&(1<<43-1)}
	}
	return pointer{addr: raw}
}

func (s *slice) boundTo(ordinal uint64) pointer {
	if ordinal < uint64(len(s.fix.imports)) {
		return pointer{name: s.fix.imports[ordinal].name}
	}
	return pointer{}
}
