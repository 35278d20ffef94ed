package macho

import (
	"github.com/kinbom/kinbom/sbom"
)

// Bits of a symbol table entry (mach-o/nlist.h).
const (
	symDebug    = 0xe0 // any bit: debugging entry
	symPrivate  = 0x10
	symKind     = 0x0e
	symExternal = 0x01
	symUndef    = 0x00
	symSection  = 0x0e
	symPrebound = 0x0c
	symWeakRef  = 0x40 // of n_desc
)

// imported is an imported name before it is settled; name aliases the slice.
type imported struct {
	name    []byte
	at      uint64 // offset of name in the slice
	ordinal int
	weak    bool
}

// symbols is what one walk over the symbol table found.
type symbols struct {
	read      bool
	imports   []imported
	exports   [][]byte
	locals    int // defined, not external
	functions int // defined in sections that hold code
}

// readSymbols walks the symbol table once. Names are looked up only where they
// are kept.
func (s *slice) readSymbols() {
	size := uint64(12)
	if s.wide {
		size = 16
	}
	tab := s.table(span{uint64(s.t.symOff), uint64(s.t.symCount) * size}, "symbol table")
	n := min(len(tab)/int(size), s.o.MaxSymbols)
	if n < int(s.t.symCount) && n == s.o.MaxSymbols {
		s.gap(sbom.GapLimit, int64(s.t.symOff), "symbol table has more than %d entries", n)
	}
	names := s.table(s.t.strings, "string table")
	s.symbols.read = n > 0
	s.out.Image.Counts.Symbols = n
	bad := 0
	for i := range n {
		e := tab[uint64(i)*size : uint64(i+1)*size]
		if e[4]&symDebug != 0 {
			continue
		}
		if s.symbol(e, names) {
			continue
		}
		if bad++; bad > maxBadNames {
			break
		}
	}
	if bad > 0 {
		s.gap(sbom.GapUnreadable, int64(s.t.symOff), "%d symbols or more have their name outside the string table", bad)
	}
	// A stripped image has no symbols of its own left. One without any table
	// is stripped too, but an object file or symbol file is not called so.
	s.out.Image.Stripped = s.symbols.locals == 0 && s.filetype != typeObject && s.filetype != typeDSYM
}

// symbol keeps what matters of one entry; false: its name is not to be had.
func (s *slice) symbol(e, names []byte) bool {
	kind, external := e[4]&symKind, e[4]&symExternal != 0 && e[4]&symPrivate == 0
	if kind == symSection {
		if !external {
			s.symbols.locals++
		}
		if c := int(e[5]) - 1; c >= 0 && c < len(s.sects) && s.sects[c].flags&hasCode != 0 {
			s.symbols.functions++
		}
	}
	defined := kind != symUndef && kind != symPrebound
	if kind == symUndef && s.value(e) != 0 {
		return true // a common symbol of an object file: storage, not a reference
	}
	switch {
	case defined && external && s.t.exports.size == 0 && len(s.symbols.exports) < s.o.MaxExports:
	case !defined && e[4]&symExternal != 0 && len(s.symbols.imports) < s.o.MaxImports:
	default:
		return true
	}
	at := uint64(s.bo.Uint32(e))
	if at >= uint64(len(names)) {
		return false
	}
	name := cString(names[at:])
	if name == nil {
		return false
	}
	if len(name) == 0 || !s.spend(len(name)) {
		return true
	}
	if defined {
		s.symbols.exports = append(s.symbols.exports, name)
		return true
	}
	desc := s.bo.Uint16(e[6:])
	s.symbols.imports = append(s.symbols.imports, imported{name, s.t.strings.off + at, s.symbolOrdinal(desc), desc&symWeakRef != 0})
	return true
}

func (s *slice) value(e []byte) uint64 {
	if s.wide {
		return s.bo.Uint64(e[8:])
	}
	return uint64(s.bo.Uint32(e[8:]))
}

// symbolOrdinal is the library ordinal of a two-level name.
func (s *slice) symbolOrdinal(desc uint16) int {
	if s.flags&flagTwoLevel == 0 {
		return OrdinalFlat
	}
	switch n := int(desc >> 8); n {
	case 0xfe:
		return OrdinalFlat
	case 0xff:
		return OrdinalMain
	default:
		return n
	}
}
