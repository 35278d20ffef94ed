package macho

import (
	"github.com/kinbom/kinbom/sbom"
)

// readFunctions counts functions: by LC_FUNCTION_STARTS, else by the Go
// linker's table, else by the symbols in code sections. It also counts the
// functions that run at load.
func (s *slice) readFunctions() {
	c := &s.out.Image.Counts
	if b := s.table(s.t.starts, "function starts"); len(b) > 0 {
		n, ok := countStarts(b)
		c.Functions = n
		if !ok {
			s.gap(sbom.GapUnreadable, s.clamp(s.t.starts.off), "function starts: a number does not end")
		}
	} else if n := s.goFunctions(); n > 0 {
		c.Functions = n
	} else {
		c.Functions = s.symbols.functions
	}
	for i := range s.sects {
		switch d := &s.sects[i]; d.kind {
		case kindInits:
			s.out.Constructors += len(d.data) / int(s.ptrSize())
		case kindInitOffs:
			s.out.Constructors += len(d.data) / 4
		}
	}
}

// countStarts counts the distances of a function starts table, which ends at a
// distance of zero; false: a number is cut or passes 64 bits.
func countStarts(b []byte) (n int, ok bool) {
	for p := 0; p < len(b); {
		if c := b[p]; c < 0x80 { // one byte: by far the most
			if c == 0 {
				return n, true
			}
			n++
			p++
			continue
		}
		v, k := uleb(b[p:])
		if k == 0 {
			return n, false
		}
		if v == 0 {
			return n, true
		}
		n++
		p += k
	}
	return n, true
}

// goFunctions reads the number of functions in a Go program's line table
// (runtime/symtab.go, pcHeader; Go 1.16 and later), or 0.
func (s *slice) goFunctions() int {
	for _, c := range s.named("__gopclntab") {
		if len(c.data) < 16 || c.data[7] != byte(s.ptrSize()) {
			continue
		}
		switch s.bo.Uint32(c.data) {
		case 0xfffffffa, 0xfffffff0, 0xfffffff1:
			n := s.word(c.off + 8)
			if n <= uint64(len(c.data))/8 { // each function has a record of 8 bytes and more
				return int(n)
			}
		}
	}
	return 0
}
