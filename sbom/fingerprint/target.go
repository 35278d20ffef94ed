package fingerprint

import (
	"encoding/binary"
	"math/bits"
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
	last     uint32 // 1 + the function that referred to it last
	leads    uint32 // 1 + index in contents, or of the function where kind is TargetCode; 0: a hole
	place    uint32 // 1 + index in targets.places; 0: it is no reference
	kind     TargetKind
	purpose  purpose
	indirect bool // a slot that linkers may look through: loading it only builds an address
}

// placed is where the content of a target lies: that of a reference to it.
type placed struct {
	address uint64 // that code names
	offset  int64
	length  int64
	kind    TargetKind
}

// targets remembers what lies at addresses: open addressing into a list, so that
// the table is small enough to be near, and what is new is written side by side.
type targets struct {
	table  []uint32 // 1 + index in list; 0: free. Its length is a power of two
	list   []target
	places []placed
}

// slot is the place in the table of an address: where its entry is, or a free one.
// What lies side by side stands side by side: code refers to its literals in their
// order.
func (t *targets) slot(address uint64, why purpose) *uint32 {
	mask := uint64(len(t.table) - 1)
	for i := ((address>>9^uint64(why)<<48)*mixState>>24<<4 + address>>5&15) & mask; ; i = (i + 1) & mask {
		at := &t.table[i]
		if *at == 0 {
			return at
		}
		if e := &t.list[*at-1]; e.address == address && e.purpose == why {
			return at
		}
	}
}

// grow makes room for n entries.
func (t *targets) grow(n int) {
	size := 1024
	for 3*size < 4*n {
		size *= 2
	}
	t.table = make([]uint32, size)
	for i := range t.list {
		e := &t.list[i]
		*t.slot(e.address, e.purpose) = uint32(i) + 1
	}
}

// target resolves an address for a purpose. The result is good until the next call.
func (p *pass) target(address uint64, why purpose) *target {
	at := p.targets.slot(address, why)
	if *at != 0 {
		return &p.targets.list[*at-1]
	}
	if n := len(p.targets.list); 4*n >= 3*len(p.targets.table) {
		p.targets.grow(2 * n)
		at = p.targets.slot(address, why)
	}
	p.targets.list = append(p.targets.list, target{address: address, purpose: why})
	*at = uint32(len(p.targets.list))
	t := &p.targets.list[*at-1]
	found := p.code.Resolve(address)
	if why == purposeBranch {
		address, found = p.through(address, found)
	}
	t.kind = found.Kind
	switch found.Kind {
	case TargetNone:
	case TargetCode:
		t.indirect = found.Slot
		if found.Slot {
			break
		}
		if i, exact := p.function(address); i >= 0 && (exact || why == purposeBranch) {
			t.leads = uint32(i) + 1
		}
	default:
		t.indirect = found.Slot && found.Kind != TargetSelector && found.Kind != TargetClass && found.Kind != TargetPointer
		var length int64
		t.leads, length = p.contentOf(&found, why)
		if t.leads != 0 || found.Kind == TargetConst && found.Offset >= 0 { // no content, no feature: a place alone
			p.targets.places = append(p.targets.places, placed{address: t.address, offset: found.Offset, length: length, kind: found.Kind})
			t.place = uint32(len(p.targets.places))
		}
	}
	return t
}

// branch records that the function calls what lies at an address. Most calls
// lead to a function of the image: that is found without resolving.
func (p *pass) branch(address uint64) {
	if i, ok := p.exactly(address); ok {
		if e := &p.entries[i]; !e.island {
			if e.called != p.index+1 {
				e.called = p.index + 1
				p.calls = append(p.calls, Call{Callee: i, Kind: CallDirect})
			}
			return
		}
	}
	p.refer(address, purposeBranch)
}

// contentOf interns what a target holds: 1 + the index, or 0; and how many bytes
// of the slice that is.
func (p *pass) contentOf(found *Target, why purpose) (uint32, int64) {
	c, text, length := &p.contents, found.Text, int64(len(found.Text))
	if found.Length > 0 {
		length = found.Length
	}
	switch found.Kind {
	case TargetString, TargetCFString:
		return c.feature(FeatureString, text) + 1, length
	case TargetImport:
		return c.imported(text) + 1, length
	case TargetSelector:
		return c.feature(FeatureSelector, text) + 1, length
	case TargetClass:
		return c.feature(FeatureClass, text) + 1, length
	case TargetPointer:
		return c.feature(FeaturePointer, text) + 1, length
	case TargetConst:
		if why < purposeBuild {
			if len(text) < 1<<why {
				return 0, 0
			}
			text, length = text[:1<<why], 1<<why
		}
		if len(text) > 0 {
			return p.constContent(text), length
		}
	}
	return 0, 0
}

// constContent is constant data: of a load, only what it loads, as what lies
// behind may be another object. A number of 4 or 8 bytes is also a feature.
func (p *pass) constContent(text []byte) uint32 {
	if len(text) == 4 || len(text) == 8 {
		var word [8]byte
		copy(word[:], text)
		if v, rare := rareConstant(binary.LittleEndian.Uint64(word[:])); rare {
			binary.LittleEndian.PutUint64(word[:], v)
			return p.contents.intern(FeatureConstant, digest(uint64(FeatureConstant), word[:]), hexadecimal(v)) + 1
		}
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
		if t.leads != 0 && (t.leads != p.index+1 || why == purposeBranch) {
			p.call(t.leads-1, why)
		}
		return t
	}
	if t.place != 0 {
		p.seen = append(p.seen, seen{p.index, t.place - 1})
	}
	if t.leads == 0 {
		return t
	}
	c := &p.contents.list[t.leads-1]
	if t.kind != TargetPointer && c.last != p.index+1 {
		c.last = p.index + 1
		p.sum += finish(c.hash, uint64(c.kind))
	}
	if c.kind != 0 && c.used != p.index+1 {
		c.used = p.index + 1
		p.uses = append(p.uses, t.leads-1)
	}
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
	kind, last := CallAddress, &p.addressed[callee]
	if why == purposeBranch {
		kind, last = CallDirect, &p.entries[callee].called
	}
	if *last != p.index+1 {
		*last = p.index + 1
		p.calls = append(p.calls, Call{Callee: callee, Kind: kind})
	}
}

// function finds the function that holds an address, or -1; exact: it begins there.
func (p *pass) function(address uint64) (int, bool) {
	if i, ok := p.exactly(address); ok {
		return int(i), true
	}
	i, _ := slices.BinarySearch(p.starts, address)
	if i--; i < 0 || address-p.starts[i] >= p.sizes[i] {
		return -1, false
	}
	return i, false
}

// piece is a piece of code with the functions that begin in it, to find one by
// its address at the cost of one look at memory.
type piece struct {
	begins uint32 // by step: a function begins there
	first  uint32 // index of the first one
}

// Steps are the places where functions usually begin: at each instruction of
// arm64, at each 16th byte of x86_64.
const (
	stepARM    = 2
	stepX86    = 4
	pieceSteps = 5   // 32 in a piece
	maxInPiece = 256 // functions of one piece; beyond that there is no index
)

// indexFunctions makes the index. It is left out where the functions lie too far
// apart for that, or too dense.
func (p *pass) indexFunctions() {
	p.step = stepARM
	if p.x86 {
		p.step = stepX86
	}
	p.first = p.starts[0] &^ (1<<p.step - 1)
	total, span := uint64(0), p.starts[len(p.starts)-1]-p.first
	for _, s := range p.sizes {
		total += s
	}
	if span>>1 > total {
		p.astray = true
		return
	}
	p.near = make([]piece, span>>(p.step+pieceSteps)+1)
	for i, s := range p.starts {
		at := (s - p.first) >> p.step
		near, bit := &p.near[at>>pieceSteps], uint32(1)<<(at&(1<<pieceSteps-1))
		if near.begins == 0 {
			near.first = uint32(i)
		}
		p.between = p.between || near.begins&bit != 0 || s&(1<<p.step-1) != 0
		p.astray = p.astray || uint32(i)-near.first >= maxInPiece
		near.begins |= bit
	}
}

// exactly finds the function that begins at an address.
func (p *pass) exactly(address uint64) (uint32, bool) {
	if p.astray {
		i, ok := slices.BinarySearch(p.starts, address)
		return uint32(i), ok
	}
	at := (address - p.first) >> (p.step & 63)
	if at>>pieceSteps >= uint64(len(p.near)) {
		return 0, false
	}
	near := &p.near[at>>pieceSteps]
	bit := uint32(1) << (at & (1<<pieceSteps - 1))
	i := near.first + uint32(bits.OnesCount32(near.begins&(bit-1)))
	if near.begins&bit == 0 || !p.between {
		return i, near.begins&bit != 0 && address&(1<<(p.step&63)-1) == 0
	}
	for int(i) < len(p.starts) && p.starts[i] < address { // those that share a step
		i++
	}
	return i, int(i) < len(p.starts) && p.starts[i] == address
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
