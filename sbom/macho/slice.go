package macho

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/kinbom/kinbom/sbom"
)

// slice is one slice while it is read. Offsets count from its start.
type slice struct {
	o        Options
	b        []byte
	at       int64 // of the slice in the file
	bo       binary.ByteOrder
	wide     bool // 64-bit layout
	filetype uint32
	flags    uint32
	header   int64 // bytes of the header
	cmdEnd   int64 // end of the load commands
	segs     []segment
	sects    []section
	said     commands
	t        tables
	fix      fixups
	symbols  symbols
	left     int64             // what is left of the allowance for shared names
	object   linked            // of an object file, once relocate has been called
	exported *trie             // of the exports, nil: none
	full     bool              // MaxStrings was hit, and its gap is written
	bound    map[uint64][]byte // classic binds inside Objective-C sections: offset of the pointer, name
	out      *Slice
}

// span is a range that a load command names.
type span struct{ off, size uint64 }

// tables is where the tables of the slice lie.
type tables struct {
	symOff, symCount  uint32
	strings           span
	binds, weak, lazy span   // classic bind opcodes
	exports           span   // export trie, of either command
	fixups            span   // chained fixups
	starts            span   // function starts
	rebases           span   // classic rebase opcodes
	inCode            span   // data in code
	indirect          span   // indirect symbols, 4 bytes each
	mainAt            uint64 // entry point: offset from the start of the slice
	hasMain           bool
	thread            []byte // LC_UNIXTHREAD
	signature         span
	signatureCmd      int64 // offset of LC_CODE_SIGNATURE, 0: none
	linkedit          int64 // offset of the segment command of __LINKEDIT, 0: none
	encrypted         span  // encrypted range, size 0: none
}

const (
	flagTwoLevel = 0x80 // MH_TWOLEVEL: imports name their library
)

// readSlice reads one thin image. The error says that even the header is cut.
func readSlice(b []byte, at int64, o Options) (*Slice, error) {
	if !isThin(b) {
		return nil, ErrNotMachO
	}
	s := &slice{o: o, b: b, at: at, bo: binary.LittleEndian, header: 28, left: int64(len(b)) + spareAllowance,
		out: &Slice{Offset: at}}
	switch binary.BigEndian.Uint32(b) {
	case magicThin32BE:
		s.bo = binary.BigEndian
	case magicThin64BE:
		s.bo, s.wide, s.header = binary.BigEndian, true, 32
	case magicThin64LE:
		s.wide, s.header = true, 32
	}
	if int64(len(b)) < s.header {
		return nil, fmt.Errorf("reading the header: only %d bytes", len(b))
	}
	m := &s.out.Image
	s.filetype, s.flags = s.bo.Uint32(b[12:]), s.bo.Uint32(b[24:])
	m.Format, m.Size, m.Type = "macho", int64(len(b)), typeName(s.filetype)
	m.Arch = archName(s.bo.Uint32(b[4:]), s.bo.Uint32(b[8:]))
	s.readCommands()
	if o.Level == Full {
		s.askLibrary()
	}
	s.fill()
	s.readSignature()
	s.identify()
	s.out.Unit.Image, s.out.Unit.Scope = m.Digest, sbom.ScopeImage
	s.loadFacts()
	if o.Level == Basic {
		m.Counts.Symbols = int(s.t.symCount)
		s.gap(sbom.GapNotLookedAt, 0, "read at basic level: names, literals and classes were not looked at")
		return s.finish(), nil
	}
	s.readDeep()
	s.out.src = s
	return s.finish(), nil
}

// readDeep is what Full reads beyond the structure. The order matters: later
// steps use what earlier ones found.
func (s *slice) readDeep() {
	s.readSymbols()
	s.readFixups()
	s.readExports()
	s.readImports()
	s.readFunctions()
	if s.filetype == typeDSYM {
		return // holds no code and no data of the image
	}
	s.readLiterals()
	s.readCFStrings()
	s.readObjC()
	s.readSwift()
	s.findReferences()
}

// finish states the encryption and hands the result out.
func (s *slice) finish() *Slice {
	if s.out.Image.Encrypted {
		s.gap(sbom.GapEncrypted, int64(s.t.encrypted.off), "%d bytes of the slice are encrypted: nothing in them was read", s.t.encrypted.size)
	}
	for i := range s.out.Gaps {
		s.out.Gaps[i].Image = s.out.Image.Digest
	}
	return s.out
}

// gap notes trouble at an offset in the slice; one beyond its end is shown as the end.
func (s *slice) gap(kind sbom.GapKind, off int64, format string, args ...any) {
	g := &s.out.Gaps
	if len(*g) >= maxGaps {
		last := &(*g)[len(*g)-1]
		last.Kind, last.Offset, last.Why = sbom.GapUnreadable, -1, "more trouble in this slice than is listed"
		return
	}
	*g = append(*g, sbom.Gap{Kind: kind, Offset: s.at + min(off, int64(len(s.b))), Why: fmt.Sprintf(format, args...), Count: 1})
}

// take returns the bytes of a range, or nil when it leaves the slice.
func (s *slice) take(off, size uint64) []byte {
	if off > uint64(len(s.b)) || size > uint64(len(s.b))-off {
		return nil
	}
	return s.b[off : off+size]
}

// table returns the bytes of a table that a load command names. One that
// leaves the slice is cut at its end and noted.
func (s *slice) table(t span, what string) []byte {
	if t.size == 0 {
		return nil
	}
	if b := s.take(t.off, t.size); b != nil {
		return b
	}
	s.gap(sbom.GapUnreadable, s.clamp(t.off), "%s leaves the slice: offset %d, size %d", what, t.off, t.size)
	if t.off >= uint64(len(s.b)) {
		return nil
	}
	return s.b[t.off:]
}

// clamp makes an offset that may be absurd fit to be shown.
func (s *slice) clamp(off uint64) int64 { return int64(min(off, uint64(len(s.b)))) }

// spend charges n bytes of names that records may share; false: used up.
func (s *slice) spend(n int) bool {
	if int64(n) > s.left {
		if s.left >= 0 {
			s.left = -1
			s.gap(sbom.GapLimit, 0, "names that records share unfold to more than the size of the slice: the rest was left out")
		}
		return false
	}
	s.left -= int64(n)
	return true
}

// text returns the zero-terminated bytes at an offset: at most maxName, nil
// when the offset is outside the slice or the text does not end.
func (s *slice) text(off uint64) []byte {
	if off >= uint64(len(s.b)) {
		return nil
	}
	return cString(s.b[off:])
}

// cString cuts b before its first zero; nil when there is none in maxName bytes.
func cString(b []byte) []byte {
	if i := bytes.IndexByte(b[:min(len(b), maxName)], 0); i >= 0 {
		return b[:i:i]
	}
	return nil
}

// u32 reads a word; 0 outside the slice.
func (s *slice) u32(off uint64) uint32 {
	if b := s.take(off, 4); b != nil {
		return s.bo.Uint32(b)
	}
	return 0
}

// word reads a pointer-sized word; 0 outside the slice.
func (s *slice) word(off uint64) uint64 {
	if !s.wide {
		return uint64(s.u32(off))
	}
	if b := s.take(off, 8); b != nil {
		return s.bo.Uint64(b)
	}
	return 0
}

// ptrSize is the size of a pointer. arm64_32 has the 32-bit layout.
func (s *slice) ptrSize() uint64 {
	if s.wide {
		return 8
	}
	return 4
}
