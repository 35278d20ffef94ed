package fingerprint

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Table is an object of data whose bounds are known, and that holds addresses of
// functions: a vtable, a block. Code that runs one of these goes through a
// reference to the table.
type Table struct {
	Address uint64
	Body    uint64 // up to here nothing but the table begins: a reference behind it shows that another object begins there
	End     uint64
	Group   uint64 // tables of one group are referred to as one: the parts of one class
}

// Pointer is a word of data that holds an address.
type Pointer struct{ At, To uint64 }

// NameAt is the name that an address is exported under, as files have it.
type NameAt struct {
	Name    string
	Address uint64
}

// Tables is what data lead to, of an image whose data were understood so far.
type Tables struct {
	List     []Table   // any order; of those that overlap the first by address counts
	Pointers []Pointer // all in data that lead to a function or into a table, where they stand for themselves; each once
	Slots    []Pointer // words that code loads the address of a table from: they stand for the table
	Names    []NameAt  // exported, of tables
}

// TableOf is the tables of one group, as functions of the set.
type TableOf struct {
	Names     []uint64 // that it is exported under: hashes that an import of each has, sorted
	Functions []uint32 // that it holds, sorted
	Leads     []uint32 // tables that it refers to, sorted
}

// TablesOf lists the tables that function i refers to, as indices into Tables,
// sorted, each once. The slice must not be changed.
func (s *Set) TablesOf(i int) []uint32 {
	start := uint32(0)
	if i > 0 {
		start = s.Functions[i-1].tables
	}
	return s.Refers[start:s.Functions[i].tables:s.Functions[i].tables]
}

// SetTables gives the set its tables and says which functions refer to them: pairs
// of a function and a table, in any order.
func (s *Set) SetTables(tables []TableOf, refers [][2]uint32) {
	slices.SortFunc(refers, func(a, b [2]uint32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	refers = slices.Compact(refers)
	s.Tables, s.Refers = tables, nil
	for i := range s.Functions {
		for len(refers) > 0 && refers[0][0] == uint32(i) {
			s.Refers = append(s.Refers, refers[0][1])
			refers = refers[1:]
		}
		s.Functions[i].tables = uint32(len(s.Refers))
	}
}

// maxTableWork bounds the references that are looked at for tables, for each
// instruction of the image.
const maxTableWork = 32

// maxPageOffset is above every offset that linkers have an instruction add to a page.
const maxPageOffset = 1 << 12

// tabler finds who refers to which table.
type tabler struct {
	*pass
	list        []Table // by address, not overlapping
	slots       []Pointer
	first, last uint64 // that a reference of interest has
	refs        []reference
	left        int
}

// reference says that a function refers to an address.
type reference struct {
	function uint32
	address  uint64
}

// tables fills Tables and Refers. A table that nothing refers to is taken for one
// that everything does, as a reference may have been missed.
func (p *pass) tables() {
	if p.code.Tables == nil || len(p.code.Tables.List) == 0 {
		return
	}
	t := &tabler{pass: p, list: slices.Clone(p.code.Tables.List), slots: slices.Clone(p.code.Tables.Slots)}
	t.order()
	if p.x86 {
		t.fromSeen()
	} else if !t.fromPages() {
		return
	}
	for _, r := range t.refs {
		t.cut(r.address)
	}
	for _, x := range p.code.Tables.Pointers {
		t.cut(x.To)
	}
	t.settle()
}

// order sorts the tables and takes out what overlaps.
func (t *tabler) order() {
	slices.SortStableFunc(t.list, func(a, b Table) int { return cmp.Compare(a.Address, b.Address) })
	end := uint64(0)
	t.list = slices.DeleteFunc(t.list, func(x Table) bool {
		if x.Address < end || x.Body < x.Address || x.End < x.Body {
			return true
		}
		end = x.End
		return false
	})
	slices.SortStableFunc(t.slots, func(a, b Pointer) int { return cmp.Compare(a.At, b.At) })
	t.first, t.last = ^uint64(0), 0
	for _, x := range t.list {
		t.first, t.last = min(t.first, x.Address), max(t.last, x.End)
	}
	for _, x := range t.slots {
		t.first, t.last = min(t.first, x.At), max(t.last, x.At)
	}
}

// holds is the index of the table that holds an address, or -1.
func (t *tabler) holds(address uint64) int {
	i, exact := slices.BinarySearchFunc(t.list, address, func(x Table, a uint64) int { return cmp.Compare(x.Address, a) })
	if !exact {
		i--
	}
	if i < 0 || address >= t.list[i].End {
		return -1
	}
	return i
}

// through is where a reference to an address leads: through a slot, or there.
func (t *tabler) through(address uint64) uint64 {
	if i, ok := slices.BinarySearchFunc(t.slots, address, func(x Pointer, a uint64) int { return cmp.Compare(x.At, a) }); ok {
		return t.slots[i].To
	}
	return address
}

// cut ends a table where something else is referred to.
func (t *tabler) cut(address uint64) {
	if i := t.holds(address); i >= 0 && address > t.list[i].Body {
		t.list[i].End = address
	}
}

// fromSeen takes the references that the pass has seen: on x86_64 an instruction
// names a whole address.
func (t *tabler) fromSeen() {
	for _, s := range t.seen {
		if s.place < shortPlace {
			t.note(s.function, t.targets.places[s.place].address)
		}
	}
}

func (t *tabler) note(function uint32, address uint64) {
	if address >= t.first && address <= t.last {
		t.refs = append(t.refs, reference{function, t.through(address)})
	}
}

// fromPages takes, of each function, all addresses that a page and an offset may
// make together, in whatever order the code runs: the pass itself follows
// straight code only, and what it misses would be called dormant. false: too many.
func (t *tabler) fromPages() bool {
	t.left = 1 << 16
	for i := range t.set.Functions {
		code := t.bytesAt(t.starts[i])[:t.sizes[i]]
		t.left += maxTableWork * len(code) / 4
		t.pagesOf(uint32(i), code)
		if t.left < 0 {
			return false
		}
	}
	return true
}

func (t *tabler) pagesOf(function uint32, code []byte) {
	var pages [32][]uint64
	some := false
	for at := 0; at+4 <= len(code); at += 4 {
		w, pc := binary.LittleEndian.Uint32(code[at:]), t.starts[function]+uint64(at)
		switch {
		case w&0x9f000000 == 0x90000000: // adrp
			page := adrpTarget(w, pc)
			if page+maxPageOffset < t.first || page > t.last || !t.inPage(page) {
				break
			}
			if t.left -= len(pages[w&31]); !slices.Contains(pages[w&31], page) {
				pages[w&31] = append(pages[w&31], page)
				some = true
			}
		case w&0x9f000000 == 0x10000000: // adr
			t.note(function, pc+uint64(int64(int32(w<<8)>>11&^3)+int64(w>>29&3)))
		case w&0xff000000 == 0x58000000: // ldr of a literal
			t.note(function, pc+uint64(int64(int32(w<<8)>>13)<<2))
		}
		if t.left < 0 {
			return
		}
	}
	for at := 0; some && at+4 <= len(code); at += 4 {
		w := binary.LittleEndian.Uint32(code[at:])
		if w&0xffe0ffe0 == 0xaa0003e0 && w>>16&31 != 31 { // mov
			for _, page := range pages[w>>16&31] {
				if t.left -= len(pages[w&31]) + 1; !slices.Contains(pages[w&31], page) {
					pages[w&31] = append(pages[w&31], page)
				}
			}
		}
		offset, ok := pageOffset(w)
		if !ok {
			continue
		}
		if t.left -= len(pages[w>>5&31]); t.left < 0 {
			return
		}
		for _, page := range pages[w>>5&31] {
			t.note(function, page+offset)
		}
	}
}

// inPage reports whether a table or a slot lies where an offset from a page may lead.
func (t *tabler) inPage(page uint64) bool {
	i, _ := slices.BinarySearchFunc(t.list, page, func(x Table, a uint64) int { return cmp.Compare(x.End, a) })
	j, _ := slices.BinarySearchFunc(t.slots, page, func(x Pointer, a uint64) int { return cmp.Compare(x.At, a) })
	return i < len(t.list) && t.list[i].Address < page+maxPageOffset || j < len(t.slots) && t.slots[j].At < page+maxPageOffset
}

// pageOffset is the offset that an instruction adds to a page: an addition, or a
// load or store.
func pageOffset(w uint32) (uint64, bool) {
	imm := uint64(w >> 10 & 0xfff)
	switch {
	case w&0xffc00000 == 0x91000000:
		return imm, w&31 != 31
	case w&0x3b000000 == 0x39000000:
		scale := w >> 30
		if w>>26&1 == 1 {
			scale |= w >> 23 & 1 << 2
		}
		return imm << scale, imm<<scale < maxPageOffset
	}
	return 0, false
}

// settle turns addresses into functions and tables of the set. The first table
// stands for all data that are no table.
func (t *tabler) settle() {
	number := map[uint64]uint32{} // by group
	for _, x := range t.list {
		if number[x.Group] == 0 {
			number[x.Group] = uint32(len(number)) + 1
		}
	}
	out := make([]TableOf, len(number)+1)
	at := func(address uint64) uint32 {
		if i := t.holds(address); i >= 0 {
			return number[t.list[i].Group]
		}
		return 0
	}
	known := make([]bool, len(out)) // something refers to it
	for _, x := range t.code.Tables.Pointers {
		holder := at(x.At)
		if to := at(x.To); to != 0 && to != holder {
			out[holder].Leads, known[to] = append(out[holder].Leads, to), true
		}
		if f, ok := t.exactly(x.To); ok {
			out[holder].Functions = append(out[holder].Functions, f)
		}
	}
	for _, n := range t.code.Tables.Names {
		if g := at(n.Address); g != 0 {
			name := n.Name
			if len(name) > 0 && name[0] == '_' {
				name = name[1:]
			}
			out[g].Names = append(out[g].Names, FeatureHash(FeatureImport, name))
		}
	}
	refers := make([][2]uint32, 0, len(t.refs))
	for _, r := range t.refs {
		if g := at(r.address); g != 0 {
			refers, known[g] = append(refers, [2]uint32{r.function, g}), true
		}
	}
	for g := 1; g < len(out); g++ {
		if !known[g] {
			out[0].Leads = append(out[0].Leads, uint32(g))
		}
	}
	for g := range out {
		x := &out[g]
		slices.Sort(x.Names)
		slices.Sort(x.Functions)
		slices.Sort(x.Leads)
		x.Names, x.Functions, x.Leads = slices.Compact(x.Names), slices.Compact(x.Functions), slices.Compact(x.Leads)
	}
	t.set.SetTables(out, refers)
}
