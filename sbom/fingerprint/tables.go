package fingerprint

import (
	"cmp"
	"encoding/binary"
	"math/bits"
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
	index       tableIndex
	found       []found      // pages of interest and whole addresses, in the order of the code
	pages       [32][]uint64 // by register: the pages that the function at hand has in it
	mixed       []uint32     // functions with data in them, rising
	refs        []reference
	left        int
}

// reference says that a function refers to an address.
type reference struct {
	function uint32
	address  uint64
}

// found is what the pass saw an instruction of arm64 put in a register.
type found struct {
	address  uint64
	function uint32
	register uint8 // wholeAddress: address is no page
}

// wholeAddress is no register.
const wholeAddress = 32

// startTables makes ready for what the pass sees.
func (p *pass) startTables() {
	if p.code.Tables == nil || len(p.code.Tables.List) == 0 {
		return
	}
	t := &tabler{pass: p, list: slices.Clone(p.code.Tables.List), slots: slices.Clone(p.code.Tables.Slots)}
	t.order()
	t.index.fill(t)
	p.tabler = t
}

// tables fills Tables and Refers. A table that nothing refers to is taken for one
// that everything does, as a reference may have been missed.
func (p *pass) tables() {
	t := p.tabler
	if t == nil {
		return
	}
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

// through is where a reference to an address leads: through a slot, or there.
func (t *tabler) through(address uint64) uint64 {
	if n := len(t.slots); n == 0 || address < t.slots[0].At || address > t.slots[n-1].At {
		return address
	}
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

// note keeps a reference that leads into a table.
func (t *tabler) note(function uint32, address uint64) {
	if address >= t.first && address <= t.last {
		if address = t.through(address); t.holds(address) >= 0 {
			t.refs = append(t.refs, reference{function, address})
		}
	}
}

// page takes over a page that the function at hand puts in a register.
func (t *tabler) page(register uint32, page uint64) {
	if t.inPage(page) {
		t.found = append(t.found, found{page, t.pass.index, uint8(register)})
	}
}

// whole takes over an address that the function at hand builds in one instruction,
// or loads from.
func (t *tabler) whole(address uint64) {
	if address >= t.first && address <= t.last {
		t.found = append(t.found, found{address, t.pass.index, wholeAddress})
	}
}

// fromPages takes, of each function, all addresses that a page and an offset may
// make together, in whatever order the code runs: the pass itself follows
// straight code only, and what it misses would be called dormant. Data in a
// function are taken for code: where they are, boundaries may be wrong. false: too many.
func (t *tabler) fromPages() bool {
	t.left = 1 << 16
	for i := range t.set.Functions {
		function := uint32(i)
		t.left += maxTableWork * int(t.sizes[i]) / 4
		n := 0
		for n < len(t.found) && t.found[n].function == function {
			n++
		}
		seen := t.found[:n]
		t.found = t.found[n:]
		if len(t.mixed) > 0 && t.mixed[0] == function {
			t.mixed = t.mixed[1:]
			seen = t.decoded(function)
		}
		if len(seen) > 0 {
			t.pagesOf(function, seen)
		}
		if t.left < 0 {
			return false
		}
	}
	return true
}

// decoded finds in all of a function what the pass finds in what it takes for
// instructions.
func (t *tabler) decoded(function uint32) []found {
	before := t.found
	t.found, t.pass.index = nil, function
	code := t.bytesAt(t.starts[function])[:t.sizes[function]]
	for at := 0; at+4 <= len(code); at += 4 {
		w, pc := binary.LittleEndian.Uint32(code[at:]), t.starts[function]+uint64(at)
		switch {
		case w&0x9f000000 == 0x90000000: // adrp
			t.page(w&31, adrpTarget(w, pc))
		case w&0x9f000000 == 0x10000000: // adr
			t.whole(adrTarget(w, pc))
		case w&0xff000000 == 0x58000000: // ldr of a literal
			t.whole(pc + armDistance(armFar, w))
		}
	}
	out := t.found
	t.found = before
	return out
}

// pagesOf looks for what a function adds to the pages in its registers.
func (t *tabler) pagesOf(function uint32, seen []found) {
	pages, held := &t.pages, uint32(0)
	for _, x := range seen {
		if x.register == wholeAddress {
			t.note(function, x.address)
			continue
		}
		of := &pages[x.register]
		if t.left -= len(*of); !slices.Contains(*of, x.address) {
			*of = append(*of, x.address)
			held |= 1 << x.register
		}
	}
	defer func() {
		for ; held != 0; held &= held - 1 {
			r := bits.TrailingZeros32(held)
			pages[r] = pages[r][:0]
		}
	}()
	if held == 0 || t.left < 0 {
		return
	}
	for code := t.bytesAt(t.starts[function])[:t.sizes[function]]; len(code) >= 4; code = code[4:] {
		w := binary.LittleEndian.Uint32(code)
		if (held|1<<31)>>(w>>5&31)&1 == 0 {
			continue
		}
		if w&0xffe0ffe0 == 0xaa0003e0 && held&^(1<<31)>>(w>>16&31)&1 == 1 { // mov
			for _, page := range pages[w>>16&31] {
				if t.left -= len(pages[w&31]) + 1; !slices.Contains(pages[w&31], page) {
					pages[w&31] = append(pages[w&31], page)
					held |= 1 << (w & 31)
				}
			}
		}
		of := pages[w>>5&31]
		if len(of) == 0 {
			continue
		}
		offset, ok := pageOffset(w)
		if !ok {
			continue
		}
		if t.left -= len(of); t.left < 0 {
			return
		}
		for _, page := range of {
			t.note(function, page+offset)
		}
	}
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
	numbers := make([]uint32, len(t.list))
	for i, x := range t.list {
		n, ok := number[x.Group]
		if !ok {
			n = uint32(len(number)) + 1
			number[x.Group] = n
		}
		numbers[i] = n
	}
	out := make([]TableOf, len(number)+1)
	at := func(address uint64) uint32 {
		if i := t.holds(address); i >= 0 {
			return numbers[i]
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
	last := make([]uint32, len(out)) // 1 + the function that referred to it last
	for _, r := range t.refs {
		if g := at(r.address); g != 0 && last[g] != r.function+1 {
			refers, known[g], last[g] = append(refers, [2]uint32{r.function, g}), true, r.function+1
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
