package fingerprint

import (
	"encoding/binary"
	"slices"
)

// purpose is what an instruction does with an address: a load of 2^n bytes, or
// one of the others.
type purpose uint8

// Purposes.
const (
	purposeBuild  purpose = 16 + iota // the address itself is wanted
	purposeBranch                     // execution goes there
)

// target is what lies at an address, for one purpose, as the pass needs it. It
// is resolved once and kept.
type target struct {
	address  uint64
	offset   int64
	length   int64
	content  uint32 // 1 + index in contents; 0: a hole
	callee   uint32 // 1 + index of the function; 0: none
	last     uint32 // 1 + the function that referred to it last
	kind     TargetKind
	purpose  purpose
	indirect bool // a slot that linkers may look through: loading it only builds an address
}

// targets remembers what lies at addresses: open addressing over a list.
type targets struct {
	table []uint32 // 1 + index in list
	list  []target
}

// slot is the place in the table of an address, and the entry if there is one.
func (t *targets) slot(address uint64, why purpose) (*uint32, *target) {
	mask := uint64(len(t.table) - 1)
	for i := (address ^ uint64(why)<<48) * mixState >> 24 & mask; ; i = (i + 1) & mask {
		at := &t.table[i]
		if *at == 0 {
			return at, nil
		}
		if e := &t.list[*at-1]; e.address == address && e.purpose == why {
			return at, e
		}
	}
}

// grow makes room for n entries.
func (t *targets) grow(n int) {
	size := 1024
	for size < 2*n {
		size *= 2
	}
	t.table = make([]uint32, size)
	for i := range t.list {
		at, _ := t.slot(t.list[i].address, t.list[i].purpose)
		*at = uint32(i + 1)
	}
}

// target resolves an address for a purpose. The result is good until the next call.
func (p *pass) target(address uint64, why purpose) *target {
	at, t := p.targets.slot(address, why)
	if t != nil {
		return t
	}
	if n := len(p.targets.list); 2*n >= len(p.targets.table) {
		p.targets.grow(2 * n)
		at, _ = p.targets.slot(address, why)
	}
	p.targets.list = append(p.targets.list, target{address: address, purpose: why, offset: -1})
	*at = uint32(len(p.targets.list))
	t = &p.targets.list[*at-1]
	found := p.code.Resolve(address)
	if why == purposeBranch {
		address, found = p.through(address, found)
	}
	t.kind, t.offset, t.length = found.Kind, found.Offset, int64(len(found.Text))
	if found.Length > 0 {
		t.length = found.Length
	}
	switch found.Kind {
	case TargetNone:
	case TargetCode:
		t.indirect = found.Slot
		if i, exact := p.function(address); i >= 0 && (exact || why == purposeBranch) && !found.Slot {
			t.callee = uint32(i) + 1
		}
	default:
		t.indirect = found.Slot && found.Kind != TargetSelector && found.Kind != TargetClass && found.Kind != TargetPointer
		t.content = p.contentOf(&found, why, t)
	}
	return t
}

// branch records that the function calls what lies at an address. Most calls
// lead to a function of the image: that is found without resolving.
func (p *pass) branch(address uint64) {
	if i, ok := p.exactly(address); ok && !p.islands[i] {
		p.call(i, purposeBranch)
		return
	}
	p.refer(address, purposeBranch)
}

// contentOf interns what a target holds: 1 + the index, or 0.
func (p *pass) contentOf(found *Target, why purpose, t *target) uint32 {
	c, text := &p.contents, found.Text
	switch found.Kind {
	case TargetString, TargetCFString:
		return c.feature(FeatureString, text) + 1
	case TargetImport:
		return c.imported(text) + 1
	case TargetSelector:
		return c.feature(FeatureSelector, text) + 1
	case TargetClass:
		return c.feature(FeatureClass, text) + 1
	case TargetPointer:
		return c.feature(FeaturePointer, text) + 1
	case TargetConst:
		return p.constContent(text, why, t)
	}
	return 0
}

// constContent is constant data. Of a load, only what it loads counts: what lies
// behind may be another object. A number of 4 or 8 bytes is also a feature.
func (p *pass) constContent(text []byte, why purpose, t *target) uint32 {
	if why < purposeBuild {
		if len(text) < 1<<why {
			t.length = 0
			return 0
		}
		text = text[:1<<why]
		t.length = int64(len(text))
	}
	if len(text) == 4 || len(text) == 8 {
		var word [8]byte
		copy(word[:], text)
		if v, rare := rareConstant(binary.LittleEndian.Uint64(word[:])); rare {
			binary.LittleEndian.PutUint64(word[:], v)
			return p.contents.intern(FeatureConstant, digest(uint64(FeatureConstant), word[:]), hexadecimal(v)) + 1
		}
	}
	if len(text) == 0 {
		return 0
	}
	return p.contents.intern(0, digest(hidden, text), nil) + 1
}

// refer records that the function refers to what lies at an address.
func (p *pass) refer(address uint64, why purpose) *target {
	t := p.target(address, why)
	if t.kind == TargetNone || t.last == p.index+1 {
		return t
	}
	t.last = p.index + 1
	if t.kind == TargetCode {
		if t.callee != 0 && (t.callee != p.index+1 || why == purposeBranch) {
			p.call(t.callee-1, why)
		}
		return t
	}
	if t.content == 0 {
		if t.kind == TargetConst && t.offset >= 0 { // no content, no feature: a place alone
			p.references = append(p.references, Reference{Function: p.index, Kind: t.kind, Slot: address, Offset: t.offset})
		}
		return t
	}
	p.references = append(p.references, Reference{Function: p.index, Kind: t.kind, Slot: address, Offset: t.offset, Length: t.length})
	if c := &p.contents.list[t.content-1]; t.kind != TargetPointer && c.last != p.index+1 {
		c.last = p.index + 1
		p.sum += finish(c.hash, uint64(c.kind))
	}
	p.use(t.content - 1)
	return t
}

// use adds a content to the features of the function, once.
func (p *pass) use(id uint32) {
	if c := &p.contents.list[id]; c.kind != 0 && c.used != p.index+1 {
		c.used = p.index + 1
		p.uses = append(p.uses, id)
	}
}

// call adds an edge, once per kind.
func (p *pass) call(callee uint32, why purpose) {
	kind, last := CallAddress, p.addressed
	if why == purposeBranch {
		kind, last = CallDirect, p.called
	}
	if last[callee] != p.index+1 {
		last[callee] = p.index + 1
		p.calls = append(p.calls, Call{Callee: callee, Kind: kind})
	}
}

// function finds the function that holds an address, or -1; exact: it begins there.
func (p *pass) function(address uint64) (int, bool) {
	i, exact := slices.BinarySearch(p.starts, address)
	if exact {
		return i, true
	}
	if i--; i < 0 || address-p.starts[i] >= p.sizes[i] {
		return -1, false
	}
	return i, false
}

// nearBits is the size of the pieces of code that the index of functions has.
const nearBits = 6

// indexFunctions makes the index: for each piece of the code in front of the
// last function, the first function that begins there or behind. It is left out
// where the functions lie too far apart for that.
func (p *pass) indexFunctions() {
	first, last := p.starts[0], p.starts[len(p.starts)-1]
	total := uint64(0)
	for _, s := range p.sizes {
		total += s
	}
	if (last-first)>>1 > total {
		return
	}
	p.near = make([]uint32, (last-first)>>nearBits+1)
	piece := 0
	for i, s := range p.starts {
		for ; piece <= int((s-first)>>nearBits); piece++ {
			p.near[piece] = uint32(i)
		}
	}
}

// exactly finds the function that begins at an address.
func (p *pass) exactly(address uint64) (uint32, bool) {
	piece := (address - p.starts[0]) >> nearBits
	if piece >= uint64(len(p.near)) {
		return 0, false
	}
	for i := p.near[piece]; int(i) < len(p.starts) && p.starts[i] <= address; i++ {
		if p.starts[i] == address {
			return i, true
		}
	}
	return 0, false
}

// maxIslands is how many branch islands in a row are looked through.
const maxIslands = 4

// maxIsland is the size up to which a function may be a branch island: three
// instructions, and others behind it that no boundary tells apart.
const maxIsland = 64

// through follows branch islands: code that linkers put in where a branch does
// not reach far enough. It is a lone branch, or the three instructions that
// branch through x16.
func (p *pass) through(address uint64, found Target) (uint64, Target) {
	if p.x86 {
		return address, found
	}
	for range maxIslands {
		if found.Kind != TargetNone && found.Kind != TargetCode || found.Slot {
			break
		}
		next, ok := p.island(address, p.bytesAt(address))
		if !ok {
			break
		}
		address = next
		found = p.code.Resolve(address)
	}
	return address, found
}

// island is where the branch island at an address leads, whose code is b.
func (p *pass) island(address uint64, b []byte) (uint64, bool) {
	if p.x86 || len(b) < 4 {
		return 0, false
	}
	first := binary.LittleEndian.Uint32(b)
	if first>>26 == 0b000101 {
		return address + uint64(int64(int32(first<<6)>>4)), true
	}
	if len(b) < 12 || first&0x9f00001f != 0x90000010 {
		return 0, false
	}
	second, third := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	if second&0xffc003ff != 0x91000210 || third != 0xd61f0200 {
		return 0, false
	}
	return adrpTarget(first, address) + uint64(second>>10&0xfff), true
}

// bytesAt is the code from an address to the end of its section, or nil.
func (p *pass) bytesAt(address uint64) []byte {
	if i := p.section; i >= len(p.code.Sections) || address-p.code.Sections[i].Address >= uint64(len(p.code.Sections[i].Bytes)) {
		at, exact := slices.BinarySearchFunc(p.code.Sections, address, func(s Section, a uint64) int { return compare(s.Address, a) })
		if !exact {
			at--
		}
		if at < 0 || address-p.code.Sections[at].Address >= uint64(len(p.code.Sections[at].Bytes)) {
			return nil
		}
		p.section = at
	}
	s := &p.code.Sections[p.section]
	return s.Bytes[address-s.Address:]
}
