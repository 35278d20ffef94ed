package macho

import (
	"github.com/kinbom/kinbom/sbom"
)

// cfWide marks a CFString record whose text is UTF-16 (CFString.c, __kCFIsUnicode).
const cfWide = 0x10

// readCFStrings reads the constant CFString records: class, flags, pointer to
// the text, length. A text ends where its section does, whatever the record says.
func (s *slice) readCFStrings() {
	size := 4 * s.ptrSize()
	for _, c := range s.named("__cfstring") {
		if s.filetype == typeObject {
			continue // its pointers are still to be relocated
		}
		bad := 0
		for p := uint64(0); p+size <= uint64(len(c.data)); p += size {
			if !s.cfString(c.off + p) {
				bad++
			}
		}
		if bad > 0 {
			s.gap(sbom.GapUnreadable, int64(c.off), "%d CFString records lead outside the slice or claim more text than there is", bad)
		}
	}
}

// cfString keeps the text of one record; false: there is none to keep.
func (s *slice) cfString(at uint64) bool {
	w := s.ptrSize()
	flags, units := s.u32(at+w), s.word(at+3*w)
	if units == 0 {
		return true // @""
	}
	off, ok := s.offset(s.pointer(at + 2*w).addr)
	if !ok {
		return false
	}
	c := s.sectionAt(off)
	if c == nil {
		return false
	}
	if s.hidden(c) {
		return true
	}
	room, length := uint64(len(c.data))-(off-c.off), units
	wide := flags&cfWide != 0
	if wide {
		length = 2 * units
	}
	if units > room || length > room || !s.spend(int(length)) {
		return false
	}
	f := sbom.Fact{Kind: sbom.FactCFString, Value: s.b[off : off+length : off+length], Section: c.name, Offset: int64(off), Length: int64(length)}
	if wide {
		f.Value = s.utf8(f.Value)
	}
	s.out.Image.Counts.CFStrings++
	s.literal(f)
	return true
}
