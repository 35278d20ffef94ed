package macho

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

const (
	symAltEntry = 0x0200 // of n_desc: a second entry into the piece before it
	symWeakDef  = 0x0080 // of n_desc: one of equal definitions, chosen at run time
)

// divide fills the functions: Go's table and function starts together, where
// there is either; else symbols; else unwind information.
func (c *coder) divide() []Division {
	var out []Division
	use := func(method string, list []fingerprint.Boundary) {
		before := len(c.out.Functions)
		c.out.Functions = c.merge(c.out.Functions, list)
		if n := len(c.out.Functions) - before; n > 0 {
			out = append(out, Division{method, n})
		}
	}
	table := c.goTable()
	c.golang = len(table) > 0
	use(DividedGo, table)
	use(DividedStarts, c.starts())
	if len(c.out.Functions) == 0 {
		use(DividedSymbols, c.symbolStarts())
	}
	if len(c.out.Functions) == 0 {
		use(DividedUnwind, c.unwindStarts())
	}
	return out
}

// merge joins two lists of starts. Where both have one, the first wins; what
// lies in no section with functions is left out.
func (c *coder) merge(a, b []fingerprint.Boundary) []fingerprint.Boundary {
	b = slices.DeleteFunc(b, func(f fingerprint.Boundary) bool { return !c.inCode(f.Address) })
	all := append(a, b...)
	slices.SortStableFunc(all, func(a, b fingerprint.Boundary) int { return cmp.Compare(a.Address, b.Address) })
	return slices.CompactFunc(all, func(a, b fingerprint.Boundary) bool { return a.Address == b.Address })
}

// starts reads LC_FUNCTION_STARTS: distances from the image's first byte.
func (c *coder) starts() []fingerprint.Boundary {
	b := c.cut(c.t.starts)
	n, _ := countStarts(b)
	if n == 0 {
		return nil
	}
	out := make([]fingerprint.Boundary, 0, n)
	addr := c.base()
	for p := 0; p < len(b); {
		v, k := uleb(b[p:])
		if k == 0 || v == 0 {
			break
		}
		addr += v
		p += k
		out = append(out, fingerprint.Boundary{Address: addr})
	}
	return out
}

// nlist is one entry of the symbol table.
type nlist struct {
	kind, sect byte
	desc       uint16
	value      uint64
	name       uint32 // offset in the string table
}

// eachSymbol calls do with every symbol, up to MaxSymbols.
func (s *slice) eachSymbol(do func(i int, n nlist)) {
	size := uint64(12)
	if s.wide {
		size = 16
	}
	tab := s.cut(span{uint64(s.t.symOff), uint64(s.t.symCount) * size})
	for i := range min(len(tab)/int(size), s.o.MaxSymbols) {
		do(i, s.nlist(tab[uint64(i)*size:]))
	}
}

func (s *slice) nlist(e []byte) nlist {
	n := nlist{kind: e[4], sect: e[5], desc: s.bo.Uint16(e[6:]), value: s.value(e), name: s.bo.Uint32(e)}
	if n.kind&symKind == symSection {
		n.value += s.object.base
	}
	return n
}

// cut is table for what was complained of before: as much of the range as is there.
func (s *slice) cut(t span) []byte {
	n := uint64(len(s.b))
	if t.off >= n {
		return nil
	}
	return s.b[t.off : t.off+min(t.size, n-t.off)]
}

// symbolName is the name of a symbol; nil when it is not to be had.
func (s *slice) symbolName(n nlist) []byte {
	if uint64(n.name) >= s.t.strings.size {
		return nil
	}
	return cString(s.cut(s.t.strings)[min(uint64(n.name), uint64(len(s.cut(s.t.strings)))):])
}

// begins reports whether a symbol begins a function: defined in a section, no
// debugging entry, no second entry of another one, no label of an assembler.
func (s *slice) begins(n nlist) bool {
	if n.kind&symDebug != 0 || n.kind&symKind != symSection || n.desc&symAltEntry != 0 {
		return false
	}
	name := s.symbolName(n)
	return len(name) > 0 && name[0] != 'l' && name[0] != 'L'
}

// symbolStarts takes the starts from the symbols in sections with functions. An
// object file whose header does not say that it may be divided by symbols
// (MH_SUBSECTIONS_VIA_SYMBOLS; assembly often does not) is divided all the same:
// some of its functions may then be parts of functions.
func (c *coder) symbolStarts() []fingerprint.Boundary {
	var out []fingerprint.Boundary
	c.eachSymbol(func(_ int, n nlist) {
		if c.inCode(n.value) && c.begins(n) {
			out = append(out, fingerprint.Boundary{Address: n.value})
		}
	})
	return out
}
