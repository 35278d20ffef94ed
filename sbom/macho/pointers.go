package macho

import "slices"

// Rebase opcodes (mach-o/loader.h, REBASE_OPCODE_*).
const (
	rebaseDone     = 0x00
	rebaseType     = 0x10
	rebaseSegment  = 0x20
	rebaseAdd      = 0x30
	rebaseAddScale = 0x40
	rebaseTimes    = 0x50
	rebaseTimesLEB = 0x60
	rebaseDoAdd    = 0x70
	rebaseDoSkip   = 0x80
)

// flagPIE marks an image that may be loaded anywhere, so that all its pointers
// are listed somewhere.
const flagPIE = 0x200000

// eachPointer calls do with the address that each pointer of the data holds. It
// takes the pointers from the relocations of an object file, from the fixup
// chains, or from the rebase opcodes; an image that has none of them is searched for words that are addresses. At most as many are
// followed as the slice has room for, whatever the tables say.
func (c *coder) eachPointer(do func(addr uint64)) {
	said := c.saidElsewhere()
	c.eachSlot(func(off uint64) {
		if p := c.decode(c.word(off), c.formatAt(off)); p.name == nil && c.inCode(p.addr) {
			if !slices.ContainsFunc(said, func(d *section) bool { return off-d.off < uint64(len(d.data)) }) {
				do(p.addr)
			}
		}
	})
}

// eachSlot calls do with the offset of each pointer; see eachPointer.
func (c *coder) eachSlot(do func(off uint64)) {
	left := len(c.b)/4 + 1
	take := func(off uint64) bool {
		if left--; left < 0 {
			return false
		}
		do(off)
		return true
	}
	switch {
	case c.filetype == typeObject:
		for _, off := range c.object.pointers {
			take(off)
		}
	case len(c.fix.formats) > 0:
		c.walkChains(take)
	case c.t.rebases.size > 0:
		c.walkRebases(take)
	case c.flags&flagPIE == 0 || c.fix.threaded:
		c.searchPointers(take)
	}
}

// saidElsewhere are the sections whose pointers to code are roots of a kind of
// their own: method lists and constructors.
func (c *coder) saidElsewhere() []*section {
	out := c.named("__objc_const")
	for i := range c.sects {
		if d := &c.sects[i]; d.kind == kindInits {
			out = append(out, d)
		}
	}
	return out
}

// holdsPointers reports whether pointers to code in a section are meant for the
// running program. Those in tables for unwinding and debugging are not.
func holdsPointers(d *section) bool {
	segment, _ := splitName(d.name)
	return d.flags&hasCode == 0 && segment != "__TEXT" && segment != "__DWARF" && segment != "__LD"
}

// searchPointers takes every aligned word of the data.
func (c *coder) searchPointers(take func(off uint64) bool) {
	w := c.ptrSize()
	for i := range c.sects {
		d := &c.sects[i]
		if !holdsPointers(d) || c.hidden(d) {
			continue
		}
		for p := (w - d.off%w) % w; p+w <= uint64(len(d.data)); p += w {
			if !take(d.off + p) {
				return
			}
		}
	}
}

// walkRebases interprets the classic rebase opcodes as far as they make sense.
func (c *coder) walkRebases(take func(off uint64) bool) {
	b, w := c.cut(c.t.rebases), c.ptrSize()
	var g *segment
	at := uint64(0) // in the segment
	number := func() uint64 {
		v, n := uleb(b)
		if n == 0 {
			b = nil
			return 0
		}
		b = b[n:]
		return v
	}
	rebase := func(count, step uint64) {
		for ; count > 0 && g != nil; count-- {
			if at >= g.bytes || !take(g.off+at) {
				b = nil
				return
			}
			at += step
		}
	}
	for len(b) > 0 {
		op, imm := b[0]&0xf0, uint64(b[0]&0x0f)
		b = b[1:]
		switch op {
		case rebaseDone:
			return
		case rebaseType:
		case rebaseSegment:
			at = number()
			if g = nil; imm < uint64(len(c.segs)) {
				g = &c.segs[imm]
			}
		case rebaseAdd:
			at += number()
		case rebaseAddScale:
			at += imm * w
		case rebaseTimes:
			rebase(imm, w)
		case rebaseTimesLEB:
			rebase(number(), w)
		case rebaseDoAdd:
			rebase(1, w+number())
		case rebaseDoSkip:
			count := number()
			rebase(count, w+number())
		default:
			return
		}
	}
}

// Marks in the list of page starts (mach-o/fixup-chains.h).
const (
	chainNone  = 0xffff
	chainMulti = 0x8000 // 32-bit pages may begin several chains, listed behind
)

// walkChains follows the chained pointers of every page.
func (c *coder) walkChains(take func(off uint64) bool) {
	b := c.cut(c.t.fixups)
	if len(b) < 28 {
		return
	}
	at := uint64(c.bo.Uint32(b[4:]))
	for i := range c.segs {
		if at > uint64(len(b)) || at+8+4*uint64(i) > uint64(len(b)) || uint32(i) >= c.bo.Uint32(b[at:]) {
			return
		}
		o := uint64(c.bo.Uint32(b[at+4+4*uint64(i):]))
		if o == 0 || at+o+22 > uint64(len(b)) {
			continue
		}
		h := b[at+o:]
		size, format, pages := uint64(c.bo.Uint16(h[4:])), c.bo.Uint16(h[6:]), uint64(c.bo.Uint16(h[20:]))
		for p := range min(pages, uint64(len(h)-22)/2) {
			start := uint64(c.bo.Uint16(h[22+2*p:]))
			if start == chainNone || start&chainMulti != 0 {
				continue
			}
			if !c.chain(&c.segs[i], p*size+start, (p+1)*size, format, take) {
				return
			}
		}
	}
}

// chain follows one chain to its end or to the end of its page.
func (c *coder) chain(g *segment, at, end uint64, format uint16, take func(off uint64) bool) bool {
	for at < min(end, g.bytes) {
		if !take(g.off + at) {
			return false
		}
		next := chainStep(c.word(g.off+at), format)
		if next == 0 {
			return true
		}
		at += next
	}
	return true
}

// chainStep is the distance to the next pointer of a chain in bytes, 0 at its end.
func chainStep(raw uint64, format uint16) uint64 {
	switch format {
	case ptr64, ptr64Offset:
		return raw >> 51 & 0xfff * 4
	case ptr32:
		return raw >> 26 & 0x1f * 4
	case ptrARM64E, ptrUserland, ptrUserland24:
		return raw >> 51 & 0x7ff * 8
	case ptrKernel:
		return raw >> 51 & 0x7ff * 4
	}
	return 0
}
