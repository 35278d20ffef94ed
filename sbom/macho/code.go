package macho

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Division says how many functions one method found in a slice.
type Division struct {
	Method    string // one of the Division constants
	Functions int    // starts that no earlier method gave
}

// Methods that divide code into functions, in the order of trust. Go's table
// comes first where there is one: it has names, and Go's own linker writes no
// other.
const (
	DividedGo      = "pclntab"
	DividedStarts  = "function-starts"
	DividedSymbols = "symbols"
	DividedUnwind  = "unwind-info" // compact unwind and frame descriptions: neighbours of equal unwinding stay one
)

// coder fills a fingerprint.Code.
type coder struct {
	*slice
	rules     objc
	places    placeIndex
	out       *fingerprint.Code
	golang    bool
	goStart   uint64 // where the text begins that distances of Go count from; 0: not known
	roots     []fingerprint.Root
	addresses []uint64 // addresses of the functions, to find one with little memory; see function
	leads     uint64   // what is left of the bytes that resolving may look at
}

// codeAllowance is how often the bytes of a slice may be looked at in resolving
// references, beyond a fixed amount: code that refers to one long literal from
// everywhere costs no more than that. Further references are holes.
const codeAllowance = 32

// Code is what the pass over the instructions reads of the slice: nil at level
// Basic, and for a slice without readable code. Division says how it was divided
// into functions. Trouble, and code that could not be divided, is added to Gaps.
// The result aliases the input. Its Resolve keeps what it looked up last, so one
// goroutine may use it at a time; code of Go refers to literals that have no end
// of their own, so that its constant data are holes that have a place.
//
// The code of an object file lies from objectBase on: see relocate. Its own
// addresses begin at 0.
//
// The work is linear in the size of the slice. Code is built anew in each call.
func (f *Slice) Code() *fingerprint.Code {
	s := f.src
	if s == nil || s.filetype == typeDSYM {
		return nil
	}
	before := len(f.Gaps)
	defer func() { f.keepNew(before) }()
	work := *s // what is counted down below is counted for this call alone
	work.out, work.left = f, int64(len(s.b))+spareAllowance
	if s.filetype == typeObject {
		work.relocate()
	}
	c := &coder{slice: &work, out: &fingerprint.Code{Arch: f.Image.Arch}, leads: codeAllowance*uint64(len(s.b)) + 64*spareAllowance}
	c.rules = objc{slice: &work, selectors: map[uint64]bool{}, distinct: map[string]bool{}, left: work.o.MaxObjects}
	c.codeSections()
	if len(c.out.Sections) == 0 {
		return nil
	}
	f.Division = c.divide()
	if len(c.out.Functions) == 0 {
		f.undivided()
		return nil
	}
	c.readClasses()
	c.readTypes()
	c.indexPlaces()
	c.nameFunctions()
	c.readDataInCode()
	c.findRoots()
	c.findTables()
	c.out.Resolve, c.out.Load, c.out.Word = c.resolve, c.load, c.wordAt
	return c.out
}

// keepNew settles the gaps that Code added: those that were known before, as
// tables are looked at again, are dropped.
func (f *Slice) keepNew(before int) {
	fresh := slices.Clone(f.Gaps[before:])
	f.Gaps = f.Gaps[:before:before]
	for _, g := range fresh {
		g.Image = f.Image.Digest
		if !slices.Contains(f.Gaps, g) {
			f.Gaps = append(f.Gaps, g)
		}
	}
}

func (f *Slice) undivided() {
	at := int64(0)
	if t := f.src.section("__TEXT,__text"); t != nil {
		at = int64(t.off)
	}
	f.src.out = f
	f.src.gap(sbom.GapNotLookedAt, at, "the code was not divided into functions: neither function starts, symbols, unwind information nor a Go table name any")
}

// isCode reports whether a section holds functions. Stubs are the linker's, and
// are looked through.
func isCode(c *section) bool {
	_, name, _ := strings.Cut(c.name, ",")
	switch {
	case c.flags&hasCode == 0 || c.kind == kindStubs:
		return false
	case strings.HasSuffix(name, "stub_helper") || strings.HasSuffix(name, "stubs") || name == "__delay_helper":
		return false
	}
	return true
}

// codeSections takes the sections with instructions, by address. One that
// overlaps an earlier one is left out.
func (c *coder) codeSections() {
	var all []*section
	for i := range c.sects {
		if t := &c.sects[i]; t.data != nil && isCode(t) && !c.hidden(t) {
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b *section) int { return cmp.Compare(a.addr, b.addr) })
	end := uint64(0)
	for _, t := range all {
		if t.addr < end || t.addr+uint64(len(t.data)) < t.addr {
			c.gap(sbom.GapUnreadable, int64(t.off), "section %s overlaps another section with code", t.name)
			continue
		}
		end = t.addr + uint64(len(t.data))
		c.out.Sections = append(c.out.Sections, fingerprint.Section{Address: t.addr, Bytes: t.data})
	}
}

// inCode reports whether an address lies in a section with functions.
func (c *coder) inCode(addr uint64) bool {
	for i := range c.out.Sections {
		if t := &c.out.Sections[i]; addr >= t.Address && addr-t.Address < uint64(len(t.Bytes)) {
			return true
		}
	}
	return false
}

// function is the index of the function that begins at an address, or -1.
func (c *coder) function(addr uint64) int {
	if c.addresses == nil { // only once, when all functions are known
		c.addresses = make([]uint64, len(c.out.Functions))
		for i := range c.out.Functions {
			c.addresses[i] = c.out.Functions[i].Address
		}
	}
	i, found := slices.BinarySearch(c.addresses, addr)
	if !found {
		return -1
	}
	return i
}

// readDataInCode takes over the ranges of data between instructions.
func (c *coder) readDataInCode() {
	b := c.table(c.t.inCode, "data in code")
	for ; len(b) >= 8; b = b[8:] {
		addr, size := c.base()+uint64(c.bo.Uint32(b)), uint64(c.bo.Uint16(b[4:]))
		if size > 0 && c.inCode(addr) {
			c.out.Data = append(c.out.Data, fingerprint.Range{Address: addr, Size: size})
		}
	}
	slices.SortFunc(c.out.Data, func(a, b fingerprint.Range) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Size, b.Size))
	})
}
