package macho

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

var classPrefix = []byte("_OBJC_CLASS_$_")

// readImports joins what the symbol table and the bind information say. The
// symbol table gives the names: it is complete unless somebody thinned it out.
// The bind information gives the library where the two differ, because dyld
// goes by it: the Go linker leaves MH_TWOLEVEL out of the header, so that the
// symbol table alone would say "any library". A name that only the bind
// information has is added. A coalesced name (OrdinalWeak) says nothing about a
// library that is known otherwise; one that the image exports is its own.
func (s *slice) readImports() {
	list := s.symbols.imports
	known := make(map[string]int, len(list)) // index into list
	for i := range list {
		known[string(list[i].name)] = i
	}
	settled := make([]bool, len(list)) // has the library of the bind information
	own := func(name []byte) bool {
		_, found := slices.BinarySearchFunc(s.out.Exports, name, func(e string, n []byte) int { return strings.Compare(e, string(n)) })
		return found
	}
	add := func(m imported) {
		i, found := known[string(m.name)]
		switch {
		case len(m.name) == 0:
		case found:
			if m.ordinal != OrdinalWeak && i < len(settled) && !settled[i] {
				list[i].ordinal, settled[i] = m.ordinal, true
			}
		case len(list) >= s.o.MaxImports:
		case m.ordinal == OrdinalWeak && own(m.name):
		case s.spend(len(m.name)):
			known[string(m.name)] = len(list)
			list = append(list, m)
		}
	}
	for _, m := range s.fix.imports {
		add(m)
	}
	s.readBinds(add)
	if len(list) >= s.o.MaxImports {
		s.gap(sbom.GapLimit, 0, "more than %d imported names", s.o.MaxImports)
	}
	s.keepImports(list)
}

// keepImports sorts the names, counts them per library and gives them as facts.
func (s *slice) keepImports(list []imported) {
	slices.SortFunc(list, func(a, b imported) int {
		return cmp.Or(cmp.Compare(a.ordinal, b.ordinal), bytes.Compare(a.name, b.name), cmp.Compare(a.at, b.at))
	})
	list = slices.CompactFunc(list, func(a, b imported) bool { return a.ordinal == b.ordinal && bytes.Equal(a.name, b.name) })
	s.out.Imports = make([]Import, 0, len(list))
	m := &s.out.Image
	for i := range list {
		d := &list[i]
		s.out.Imports = append(s.out.Imports, Import{Name: string(d.name), Ordinal: d.ordinal, Weak: d.weak})
		if d.ordinal > 0 && d.ordinal <= len(m.Loads) {
			m.Loads[d.ordinal-1].Imports++
		}
		f := sbom.Fact{Kind: sbom.FactImport, Value: d.name, Offset: int64(d.at), Length: int64(len(d.name))}
		if class, ok := bytes.CutPrefix(d.name, classPrefix); ok {
			n := int64(len(classPrefix))
			s.addFact(sbom.Fact{Kind: sbom.FactClassRef, Value: class, Offset: f.Offset + n, Length: f.Length - n})
		}
		if len(f.Value) > 0 && f.Value[0] == '_' {
			f.Value, f.Offset, f.Length = f.Value[1:], f.Offset+1, f.Length-1
		}
		s.addFact(f)
	}
	m.Counts.Imports = len(list)
}
