package macho

import (
	"bytes"
	"encoding/binary"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// nothing is the answer for what names no content.
func nothing(kind fingerprint.TargetKind) fingerprint.Target {
	return fingerprint.Target{Kind: kind, Offset: -1}
}

// resolve says what lies at an address; see fingerprint.Code.
func (c *coder) resolve(addr uint64) fingerprint.Target {
	p := c.places.find(addr)
	if p == nil {
		return c.synthetic(addr)
	}
	at := addr - p.addr
	t := c.resolveIn(p, at, addr)
	// Data that names no content has its place: literals in another form, and
	// tables that name literals, are tied to the code by it.
	if t.Offset < 0 && (t.Kind == fingerprint.TargetConst || t.Kind == fingerprint.TargetNone) && at < uint64(len(p.data)) {
		switch p.holds {
		case holdsConst, holdsHoles, holdsData, holdsTexts:
			return fingerprint.Target{Kind: fingerprint.TargetConst, Offset: int64(p.off + at)}
		}
	}
	return t
}

// load gives n bytes of a section that no code writes to, or nil.
func (c *coder) load(addr uint64, n int) []byte {
	p := c.places.find(addr)
	if p == nil {
		return nil
	}
	switch p.holds {
	case holdsConst, holdsHoles, holdsTexts, holdsLiterals:
	default:
		return nil
	}
	if at := addr - p.addr; at <= uint64(len(p.data)) && uint64(n) <= uint64(len(p.data))-at {
		return p.data[at : at+uint64(n) : at+uint64(n)]
	}
	return nil
}

// wordAt is the pointer or number of a pointer's size at an address of data.
func (c *coder) wordAt(addr uint64) (uint64, bool) {
	p := c.places.find(addr)
	if p == nil || p.holds != holdsData && p.holds != holdsConst && p.holds != holdsHoles {
		return 0, false
	}
	at := addr - p.addr
	if n := uint64(c.ptrSize()); at > uint64(len(p.data)) || n > uint64(len(p.data))-at {
		return 0, false
	}
	raw := c.word(p.off + at)
	if to := c.decode(raw, p.format).addr; to != 0 {
		return to, true
	}
	return raw, true
}

// resolveIn says what lies at an address of a section.
func (c *coder) resolveIn(p *place, at, addr uint64) fingerprint.Target {
	switch p.holds {
	case holdsNothing:
		return nothing(fingerprint.TargetNone)
	case holdsCode:
		return nothing(fingerprint.TargetCode)
	case holdsStubs:
		return c.stub(p, at)
	case holdsSenders:
		return c.sender(p, at)
	}
	if at >= uint64(len(p.data)) {
		return nothing(fingerprint.TargetNone)
	}
	switch p.holds {
	case holdsTexts, holdsWide, holdsConst, holdsHoles, holdsLiterals:
		return c.constant(p, at)
	case holdsCFStrings, holdsSelectors, holdsClasses, holdsImports:
		if at%p.stride == 0 && uint64(len(p.data))-at >= p.stride {
			return c.record(p, at)
		}
		return nothing(fingerprint.TargetNone)
	}
	return c.variable(p, at)
}

// constant is what lies in a section of literals.
func (c *coder) constant(p *place, at uint64) fingerprint.Target {
	switch p.holds {
	case holdsTexts:
		return c.literalAt(p, at)
	case holdsWide:
		return c.wideAt(p, at)
	case holdsLiterals:
		if p.stride == 0 { // who loads knows how much counts
			n := min(at+16, uint64(len(p.data)))
			return fingerprint.Target{Kind: fingerprint.TargetConst, Text: p.data[at:n:n], Offset: int64(p.off + at)}
		}
		if at%p.stride == 0 && uint64(len(p.data))-at >= p.stride {
			return fingerprint.Target{Kind: fingerprint.TargetConst, Text: p.data[at : at+p.stride : at+p.stride], Offset: int64(p.off + at)}
		}
	case holdsHoles:
		if c.golang { // the place alone: a literal that a rule found there is tied to the code by it
			return fingerprint.Target{Kind: fingerprint.TargetConst, Offset: int64(p.off + at)}
		}
	case holdsConst:
		if n := c.array(p, at); n > 0 {
			return fingerprint.Target{Kind: fingerprint.TargetString, Text: p.data[at : at+uint64(n) : at+uint64(n)], Offset: int64(p.off + at)}
		}
	}
	return nothing(fingerprint.TargetConst)
}

// pay charges the bytes that resolving looks at; false: used up.
func (c *coder) pay(n int) bool {
	if uint64(n) > c.leads {
		c.leads = 0
		return false
	}
	c.leads -= uint64(n)
	return true
}

// literalAt is the terminated literal at a place, which may be its inside. One
// that does not end in maxName bytes is cut there.
func (c *coder) literalAt(p *place, at uint64) fingerprint.Target {
	b := p.data[at:]
	b = b[:min(len(b), maxName)]
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if !c.pay(len(b) + 1) {
		return nothing(fingerprint.TargetConst)
	}
	return fingerprint.Target{Kind: fingerprint.TargetString, Text: b[:len(b):len(b)], Offset: int64(p.off + at)}
}

// array is the length of a terminated character array that begins in a place, or 0.
func (c *coder) array(p *place, at uint64) int {
	b := p.data[at:]
	b = b[:min(len(b), maxName)]
	n := c.textRun(p, at, len(b))
	if n == len(b) {
		c.pay(n)
		return 0
	}
	if c.pay(n+1) && b[n] == 0 && n >= minRun {
		return n
	}
	return 0
}

// textRun is how many bytes of text begin in a place, at most as many as asked for.
// Compilers that know the length of a literal lay them end to end, so that code
// refers into runs of many thousand bytes again and again, in any order. So where
// the text ends that fills the front of a block is kept: each block is looked at
// once, beside the one that is asked for.
func (c *coder) textRun(p *place, at uint64, most int) int {
	limit := at + uint64(most)
	block := at/textBlock + 1
	if n := textPrefix(p.data[at:min(block*textBlock, limit)]); at+n < block*textBlock || at+n >= limit {
		return int(n)
	}
	if p.textEnds == nil {
		p.textEnds = make([]uint64, len(p.data)/textBlock+1)
	}
	end, last := uint64(0), block
	for ; ; last++ {
		if end = p.textEnds[last]; end != 0 {
			break
		}
		from, to := last*textBlock, min((last+1)*textBlock, uint64(len(p.data)))
		if end = from + textPrefix(p.data[from:to]); end < to || to == uint64(len(p.data)) {
			p.textEnds[last] = end
			break
		}
	}
	for ; block < last; block++ {
		p.textEnds[block] = end
	}
	return int(min(end, limit) - at)
}

// textBlock is the size of a block of textRun, in bytes.
const textBlock = 256

// textPrefix is how many bytes of text begin b.
func textPrefix(b []byte) uint64 {
	n := 0
	for {
		n += plainText(b[n:])
		for ; ; n++ {
			if n == len(b) || !printable[b[n]] {
				return uint64(n)
			} else if b[n] < ' ' { // a tab or line end: go on behind it
				n++
				break
			}
		}
	}
}

// plainText is how many bytes at the start of b are surely from space to tilde,
// 8 at a time: compilers that know the length of a literal lay them end to end, so
// that code refers into runs of many thousand bytes.
func plainText(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; n+8 <= len(b); n += 8 {
		v := binary.LittleEndian.Uint64(b[n:])
		// A byte below space borrows in the difference, one above tilde carries
		// in the sum, and one above 0x7f has the bit itself. What they borrow or
		// carry may condemn a neighbour too, but frees none in front of the first.
		if ((v-' '*ones)|(v+ones)|v)&tops != 0 {
			break
		}
	}
	return n
}

// wideAt is the terminated UTF-16 literal at a place, as UTF-8.
func (c *coder) wideAt(p *place, at uint64) fingerprint.Target {
	n := uint64(0)
	for at+n+1 < uint64(len(p.data)) && n < maxName && c.bo.Uint16(p.data[at+n:]) != 0 {
		n += 2
	}
	return c.wideText(p.off+at, p.data[at:at+n], fingerprint.TargetString)
}

// wideText converts UTF-16 once for each place and length.
func (c *coder) wideText(off uint64, b []byte, kind fingerprint.TargetKind) fingerprint.Target {
	key := off<<16 ^ uint64(len(b))
	text, ok := c.places.wide[key]
	if !ok {
		if !c.pay(8 * (len(b) + 1)) {
			return nothing(fingerprint.TargetConst)
		}
		text = c.utf8(b)
		c.places.wide[key] = text
	}
	return fingerprint.Target{Kind: kind, Text: text, Offset: int64(off), Length: int64(len(b))}
}

// record is what one entry of a section of pointers or records describes.
func (c *coder) record(p *place, at uint64) fingerprint.Target {
	off := p.off + at
	switch p.holds {
	case holdsCFStrings:
		return c.cfStringAt(off)
	case holdsSelectors:
		return c.selectorBehind(off, p.format)
	case holdsClasses:
		if i := at / p.stride; i < uint64(len(p.slots)) {
			return p.slots[i]
		}
		return nothing(fingerprint.TargetNone)
	}
	return c.importAt(p, at)
}

// selectorBehind is the selector that a selector reference holds.
func (c *coder) selectorBehind(off uint64, format uint16) fingerprint.Target {
	if q := c.places.find(c.decode(c.word(off), format).addr); q != nil && q.holds == holdsTexts {
		if at := c.decode(c.word(off), format).addr - q.addr; at < uint64(len(q.data)) {
			t := c.literalAt(q, at)
			if t.Kind == fingerprint.TargetString {
				t.Kind, t.Slot = fingerprint.TargetSelector, true
			}
			return t
		}
	}
	return nothing(fingerprint.TargetNone)
}

// cfStringAt is the text of a CFString record; see cfString.
func (c *coder) cfStringAt(off uint64) fingerprint.Target {
	w := c.ptrSize()
	flags, units := c.u32(off+w), c.word(off+3*w)
	if units == 0 {
		return fingerprint.Target{Kind: fingerprint.TargetCFString, Text: []byte{}, Offset: -1}
	}
	q := c.places.find(c.pointer(off + 2*w).addr)
	if q == nil {
		return nothing(fingerprint.TargetNone)
	}
	at := c.pointer(off+2*w).addr - q.addr
	if at >= uint64(len(q.data)) || units > uint64(len(q.data))-at {
		return nothing(fingerprint.TargetNone)
	}
	if flags&cfWide != 0 {
		if 2*units > uint64(len(q.data))-at {
			return nothing(fingerprint.TargetNone)
		}
		return c.wideText(q.off+at, q.data[at:at+min(2*units, maxName)], fingerprint.TargetCFString)
	}
	n := min(units, maxName)
	if !c.pay(int(n)) {
		return nothing(fingerprint.TargetConst)
	}
	return fingerprint.Target{Kind: fingerprint.TargetCFString, Text: q.data[at : at+n : at+n], Offset: int64(q.off + at)}
}

// variable is what lies in data that may be written: a class of the image, a
// pointer to a literal, or nothing that can be compared.
func (c *coder) variable(p *place, at uint64) fingerprint.Target {
	if t, ok := c.places.class(p.addr + at); ok {
		return t
	}
	if at%c.ptrSize() != 0 || uint64(len(p.data))-at < c.ptrSize() {
		return nothing(fingerprint.TargetNone)
	}
	addr := c.decode(c.word(p.off+at), p.format).addr
	if addr == 0 {
		return nothing(fingerprint.TargetNone)
	}
	var t fingerprint.Target
	switch q := c.places.find(addr); {
	case q == nil || addr-q.addr >= uint64(len(q.data)):
	case q.holds == holdsTexts || q.holds == holdsWide || q.holds == holdsConst:
		t = c.constant(q, addr-q.addr)
	case q.holds == holdsCFStrings && (addr-q.addr)%q.stride == 0 && uint64(len(q.data))-(addr-q.addr) >= q.stride:
		t = c.cfStringAt(q.off + addr - q.addr)
	}
	if (t.Kind == fingerprint.TargetString || t.Kind == fingerprint.TargetCFString) && len(t.Text) > 0 {
		t.Kind, t.Slot = fingerprint.TargetPointer, true
		return t
	}
	return nothing(fingerprint.TargetNone)
}
