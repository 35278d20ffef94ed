package fingerprint

import (
	"encoding/binary"
	"math/bits"
)

// run takes the instructions of a part of the function. Offsets are multiples of 4.
func (a *arm) run(code []byte, from, to uint64) {
	if from != a.passed {
		a.passOver(from)
	}
	left := uint64(0)
	for at := from; ; at += 4 {
		end := min(to, a.joins.next)
		if !a.texts {
			if a.known|a.pending != 0 {
				at, a.state, a.known = a.plain(code[:end], at, a.state, a.known, a.pending)
			}
			if a.known|a.pending == 0 {
				at, a.state = a.quick(code[:end], at, a.state)
			}
		}
		if at >= end {
			if at >= to {
				break
			}
			a.join(at)
			at -= 4 // once more, without the snapshot
			continue
		}
		w := binary.LittleEndian.Uint32(code[at:])
		if w>>26 == armCallTop && !a.texts && a.pending&armCalleeGone == 0 && a.joins.nothing[at>>2&joinMask] != a.joins.first+uint32(at>>2) {
			// The most frequent one: as special does it.
			a.pass.branch(a.base + at + armDistance(armBL, w))
			a.known &^= armCalleeGone
			a.state = mix(a.state, tagBranch|0x94000000)
			continue
		}
		if w&0x9f000000 == 0x90000000 && at+8 <= end && !a.texts {
			if token, ok := a.paged(w, at); ok {
				if left++; token != 0 {
					a.state = mix(a.state, token)
				} else {
					left++
				}
				at += 4
				continue
			}
		}
		if token := a.special(armClasses[w>>21], w, at); token != 0 {
			a.state = mix(a.state, token)
		} else {
			left++
		}
		if a.texts {
			a.leaveTexts(at + 4)
		}
	}
	a.passed = to
	a.count += (to-from)/4 - left
	a.ends(code, from, to)
}

// paged takes a page and the instruction behind it that completes an address
// from it, in one step: the page counts nothing, and the token is of the other.
// It reports whether that is what stands there.
func (a *arm) paged(w uint32, at uint64) (uint64, bool) {
	rd, next := w&31, binary.LittleEndian.Uint32(a.code[at+4:])
	class := armClasses[next>>21]
	position := a.joins.first + uint32(at>>2)
	if class != armAdd && class != armOffset || next>>5&31 != rd || rd == 31 || a.pending>>rd&1 != 0 ||
		a.joins.nothing[at>>2&joinMask] == position || a.joins.nothing[(at>>2+1)&joinMask] == position+1 {
		return 0, false
	}
	a.known |= 1 << rd
	a.page |= 1 << rd
	a.address[rd] = adrpTarget(w, a.base+at)
	if a.tabler != nil {
		a.tabler.page(rd, a.address[rd])
	}
	if class == armAdd {
		return a.add(next), true
	}
	return a.memory(next), true
}

// passOver goes on behind data.
func (a *arm) passOver(to uint64) {
	if !a.texts {
		a.settle(a.passed)
	}
	a.small.since, a.begins = to, to
	a.joins.passTo(to)
}

// quick takes instructions from an offset on while nothing is known of any
// register, up to one that is special or to the end of code. It gives the offset
// of that one, and the state in front of it. Like plain it calls nothing and
// keeps what it changes in registers of the machine: most code passes here.
func (a *arm) quick(code []byte, at, state uint64) (uint64, uint64) {
	var low uint64 // the state is its exclusive-or with state: see digest
	for at < uint64(len(code)) {
		w := uint32(code[at+3])<<24 | uint32(code[at+2])<<16 | uint32(code[at+1])<<8 | uint32(code[at]) // one load
		if does := armQuick[w>>21]; does != 0 {
			if does&armSpecial != 0 {
				break
			}
			to := at + quickDistance(does, w)
			if to >= uint64(len(a.code)) {
				break
			}
			if to-at-1 < joinReach<<2 {
				a.joins.nothing[to>>2&joinMask] = a.joins.first + uint32(to>>2)
			}
		}
		state, low = bits.Mul64(state^(low^(uint64(w)^mixBytes)), mixState)
		at += 4
	}
	return at, state ^ low
}

// plain takes instructions from an offset on while an address or a large
// immediate is known, up to one that is special or to the end of code. It gives
// the offset of that one, and the state in front of it.
func (a *arm) plain(code []byte, at, state uint64, known, pending uint32) (uint64, uint64, uint32) {
	var low uint64
	for at < uint64(len(code)) {
		if a.joins.nothing[at>>2&joinMask] == a.joins.first+uint32(at>>2) {
			known = 0
		}
		if known|pending == 0 {
			break
		}
		w := uint32(code[at+3])<<24 | uint32(code[at+2])<<16 | uint32(code[at+1])<<8 | uint32(code[at]) // one load
		does := uint32(armDoes[w>>21<<2|w>>10&3])
		rn := w >> 5 & 31
		writes := (does&1<<(w&31) | does>>1&1<<rn | does>>2&1<<(w>>10&31)) &^ (armSaved * (does >> 3 & ((rn + 1) >> 5)))
		if does&armSpecial|known>>rn<<4&does&armBase|(known|pending)>>(w&31)<<5&does&armPerhaps|pending&writes != 0 {
			if known|^does&armJump != 0 {
				break
			}
			to := at + armDistance(armClasses[w>>21], w)
			if to >= uint64(len(a.code)) {
				break
			}
			if to-at-1 < joinReach<<2 {
				a.joins.nothing[to>>2&joinMask] = a.joins.first + uint32(to>>2)
			}
			writes = 0
		}
		known &^= writes
		state, low = bits.Mul64(state^(low^(uint64(w)^mixBytes)), mixState)
		at += 4
	}
	return at, state ^ low, known
}

// ends notes where the last instruction of a part of the function is that is no
// nop: those at the end are padding.
func (a *arm) ends(code []byte, from, to uint64) {
	for ; to > from; to -= 4 {
		if binary.LittleEndian.Uint32(code[to-4:]) != armNop {
			a.end = to
			return
		}
	}
}
