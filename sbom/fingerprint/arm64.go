package fingerprint

import "math/bits"

// Tags in the upper half of a token: the word below is not what the code says.
const (
	tagMemory = 1 << 32 // load or store whose address is known: base and offset are cut out
	tagBranch = 2 << 32 // branch to the outside: distance cut out
	tagByte   = 3 << 32 // a byte that could not be decoded
	tagZero   = 4 << 32 // a word of zeros, which is no instruction
)

const (
	armNop        = 0xd503201f
	armCallTop    = 0b100101   // the upper six bits of bl
	armCalleeGone = 0x4003ffff // x0-x17 and x30: what a call may change
)

// arm is the state of the pass in one function of arm64: what is known of the
// general registers. Bit 31 of the sets stands for sp or the zero register and
// is never set.
//
// Immediates of 16 bits are in most code, and mean nothing until movk adds to one
// or a Swift short string is completed. So only larger ones are followed as they
// come; the others are looked up in the code when they are needed: see small.go.
type arm struct {
	*pass
	code    []byte // of the function
	base    uint64 // its address
	begins  uint64 // offset of the first instruction that follows on without data between
	passed  uint64 // offset behind the last instruction, while run is not at work
	known   uint32 // registers whose address is known
	page    uint32 // of these: only the page, made by adrp; means nothing of others
	pending uint32 // registers with an immediate that was not looked at yet: large ones, or all where texts is set
	big     uint32 // of these: above 16 bits
	texts   bool   // one of these may be the end of a short string
	address [32]uint64
	value   [32]uint64
	moved   [32]uint64 // address of the instruction that completes the value
	buffer  [16]byte
	small   small
	joins   joins
}

func (p *pass) passARM() {
	a := &arm{pass: p, joins: joins{first: 1}}
	run := a.run
	for i := range p.set.Functions {
		a.code = p.begin(i)
		a.base, a.begins, a.passed = p.starts[i], 0, 0
		a.known, a.page, a.pending, a.big, a.texts = 0, 0, 0, 0, false
		a.small.reset()
		a.joins.reset()
		p.runs(a.code, run)
		a.flush(a.pending)
		p.close()
		a.joins.first += uint32(len(a.code)/4) + 1
	}
}

// special is the token of an instruction that neither quick nor plain takes; 0: none.
func (a *arm) special(class armClass, w uint32, at uint64) uint64 {
	if a.joins.nothing[at>>2&joinMask] == a.joins.first+uint32(at>>2) {
		a.known = 0
	}
	pc := a.base + at
	switch class {
	case armKeep:
		if w == 0 {
			return tagZero
		}
	case armRd, armIndexed, armPair, armVector:
		a.kill(armPlainWrites(w))
	case armOffset:
		if a.known>>(w>>5&31)&1 != 0 {
			return a.memory(w)
		}
		a.kill(armPlainWrites(w))
	case armAdd:
		return a.add(w)
	case armMove:
		a.move(w, at)
	case armPage:
		if rd := w & 31; rd != 31 {
			if a.pending>>rd&1 != 0 {
				a.kill(1 << rd)
			}
			a.known |= 1 << rd
			a.page |= 1 << rd
			a.address[rd] = adrpTarget(w, pc)
		}
		if a.tabler != nil {
			a.tabler.page(w&31, adrpTarget(w, pc))
		}
		return 0
	case armAddress:
		a.kill(1 << (w & 31))
		to := adrTarget(w, pc)
		if a.tabler != nil {
			a.tabler.whole(to)
		}
		a.setAddress(w&31, to)
		a.refer(to, purposeBuild)
		return 0
	case armLiteral:
		return a.literal(w, pc)
	case armB, armFar, armNear:
		return a.branch(class, w, at)
	case armBL:
		a.pass.branch(pc + armDistance(armBL, w))
		a.kill(armCalleeGone)
		return tagBranch | 0x94000000
	case armRegister:
		if w>>21&7 == 1 {
			a.kill(armCalleeGone)
		}
	case armSystem:
		if w == armNop {
			return 0
		}
		a.kill(armWrites(class, w) & (a.known | a.pending))
	default:
		a.kill(armWrites(class, w) & (a.known | a.pending))
	}
	return uint64(w)
}

func adrpTarget(w uint32, pc uint64) uint64 {
	return pc&^0xfff + uint64((int64(int32(w<<8)>>13)<<2+int64(w>>29&3))<<12)
}

func adrTarget(w uint32, pc uint64) uint64 {
	return pc + uint64(int64(int32(w<<8)>>11&^3)+int64(w>>29&3))
}

// armDistance is how far a branch leads, in bytes, as a step.
func armDistance(class armClass, w uint32) uint64 {
	switch class {
	case armFar:
		return uint64(int64(int32(w<<8)>>13) << 2)
	case armNear:
		return uint64(int64(int32(w<<13)>>18) << 2)
	}
	return uint64(int64(int32(w<<6) >> 4))
}

// branch is the token of a branch: whole inside of the function, without its
// distance to the outside.
func (a *arm) branch(class armClass, w uint32, at uint64) uint64 {
	to := at + armDistance(class, w)
	if to < uint64(len(a.code)) {
		if to > at {
			a.joins.add(a, to, at)
		}
		return uint64(w)
	}
	a.pass.branch(a.base + to)
	switch class {
	case armFar:
		w &^= 0x7ffff << 5
	case armNear:
		w &^= 0x3fff << 5
	default:
		w &^= 0x3ffffff
	}
	return tagBranch | uint64(w)
}

// add is the second half of building an address, or a step from one.
func (a *arm) add(w uint32) uint64 {
	from, to := w>>5&31, w&31
	if from == 31 || a.known>>from&1 == 0 {
		a.kill(1 << to)
		return uint64(w)
	}
	page := a.page>>from&1 == 1
	address := a.address[from] + uint64(w>>10&0xfff)
	a.kill(1 << to)
	a.setAddress(to, address)
	if address >= minAddress {
		a.refer(address, purposeBuild)
	}
	if page {
		return 0
	}
	return uint64(w)
}

// minAddress is below every address that code refers to: the first page is never
// mapped. A register that was loaded from a slot counts as 0.
const minAddress = 4096

// setAddress notes the whole address in a register that was forgotten before.
func (a *arm) setAddress(register uint32, address uint64) {
	if register != 31 {
		a.known |= 1 << register
		a.page &^= 1 << register
		a.address[register] = address
	}
}

// memory is the token of a load or store with an unsigned offset from a known
// address; 0 when it loads a slot that linkers look through.
func (a *arm) memory(w uint32) uint64 {
	scale := w >> 30
	if w>>26&1 == 1 {
		scale |= w >> 23 & 1 << 2
	}
	address := a.address[w>>5&31] + uint64(w>>10&0xfff)<<scale
	return a.access(w&^(0x1ffff<<5), address, scale)
}

// literal is the token of a load of a literal: outside of the function, that of
// the load with an unsigned offset that does the same.
func (a *arm) literal(w uint32, pc uint64) uint64 {
	address := pc + armDistance(armFar, w)
	if a.tabler != nil && w>>24 == 0x58 {
		a.tabler.whole(address)
	}
	i := w>>30 | w>>26&1<<2
	form := [8]uint32{0xb9400000, 0xf9400000, 0xb9800000, 0xf9800000, 0xbd400000, 0xfd400000, 0x3dc00000, 0}[i]
	scale := [8]uint32{2, 3, 2, 3, 2, 3, 4, 0}[i]
	if form == 0 || address-a.base < uint64(len(a.code)) {
		if w>>26&1 == 0 {
			a.kill(1 << (w & 31))
		}
		return uint64(w)
	}
	return a.access(form|w&31, address, scale)
}

// access is a load or store at a known address, in its form without base and offset.
func (a *arm) access(form uint32, address uint64, scale uint32) uint64 {
	rt, vector := form&31, form>>26&1 == 1
	load := form>>22&3 != 0
	if vector {
		load = form>>22&1 != 0
	}
	indirect := false
	if load && address >= minAddress {
		indirect = a.refer(address, purpose(scale)).indirect
	}
	if load && !vector {
		a.kill(1 << rt)
	}
	pointer := form>>22 == 0xf9400000>>22 || a.half && form>>22 == 0xb9400000>>22
	if indirect && pointer {
		a.setAddress(rt, 0)
		return 0
	}
	return tagMemory | uint64(form)
}

// move follows an immediate that is put together in a register.
func (a *arm) move(w uint32, at uint64) {
	rd, bit := w&31, uint32(1)<<(w&31)
	if rd == 31 {
		return
	}
	if w>>29&3 == 3 && (a.pending&bit != 0 || !a.texts && a.isSmall(rd, at)) { // movk
		shift := w >> 21 & 3 << 4
		a.value[rd] = a.value[rd]&^(0xffff<<shift) | uint64(w>>5&0xffff)<<shift
		a.moved[rd] = a.base + at
		a.pending |= bit
		a.big |= bit
		a.enterTexts(rd, at)
		return
	}
	a.kill(bit)
	v, ok := immediate(w)
	if !ok || v <= maxSmall && !a.texts {
		return
	}
	a.value[rd], a.moved[rd] = v, a.base+at
	a.pending |= bit
	if v > maxSmall {
		a.big |= bit
		a.enterTexts(rd, at)
	}
}

// kill forgets registers.
func (a *arm) kill(set uint32) {
	set &= 1<<31 - 1
	if done := a.pending & set; done != 0 {
		a.flush(done)
	}
	a.known &^= set
}

// flush looks at the immediates of registers that are about to be forgotten.
func (a *arm) flush(set uint32) {
	if a.big == 0 { // neither a rare number nor the end of a text
		a.pending &^= set
		return
	}
	done, ends := set, false
	for rest := a.pending; rest != 0; rest &= rest - 1 {
		ends = ends || endsShort(a.value[bits.TrailingZeros32(rest)])
	}
	for ; set != 0; set &= set - 1 {
		r := uint32(bits.TrailingZeros32(set))
		if ends && a.text(r) {
			set &= a.pending | 1<<r
			continue
		}
		if a.value[r] > 0xffff {
			a.constant(a.value[r])
		}
	}
	a.pending &^= done
	a.big &^= done
}

// text looks for the other half of a Swift short string: the next register, else
// the only one that fits. Both halves are done with then.
func (a *arm) text(r uint32) bool {
	last := endsShort(a.value[r])
	near := r + 1
	if last {
		near = r - 1
	}
	if near > 30 || a.pending>>near&1 == 0 || a.pair(r, near, last) == 0 {
		near = 32
		for rest := a.pending &^ (1 << r); rest != 0; rest &= rest - 1 {
			other := uint32(bits.TrailingZeros32(rest))
			if a.pair(r, other, last) != 0 {
				if near != 32 {
					return false // two fit
				}
				near = other
			}
		}
		if near == 32 {
			return false
		}
	}
	n := a.pair(r, near, last)
	a.pending &^= 1<<r | 1<<near
	a.big &^= 1<<r | 1<<near
	a.short(a.buffer[:n], max(a.moved[r], a.moved[near]))
	return true
}

// pair reads two registers as a short string into the buffer, and gives its length.
func (a *arm) pair(r, other uint32, last bool) int {
	if last == endsShort(a.value[other]) {
		return 0
	}
	if last {
		r, other = other, r
	}
	return len(shortText(&a.buffer, a.value[r], a.value[other]))
}
