package compress

import (
	"encoding/binary"
	"errors"
)

// The LZMA decoder follows the specification in the LZMA SDK (LZMA
// specification, draft of 2015, placed in the public domain).

var (
	errLZMADistance = errors.New("match before the start of the data")
	errLZMAInput    = errors.New("a chunk is shorter than its content")
	errLZMAEnd      = errors.New("end marker in the middle")
)

const (
	lzmaPad    = 32 // more than one symbol can use of the input
	probInit   = 1 << 10
	topValue   = 1 << 24
	firstWin   = 16 << 10
	noDistance = 0xFFFFFFFF
	winSlack   = 8 // bytes of the window beyond the dictionary, for copyMatch
)

type lenCoder struct {
	choice, choice2 uint16
	low, mid        [16][8]uint16
	high            [256]uint16
}

type lzmaProbs struct {
	isMatch, isRep0Long              [16][16]uint16
	isRep, isRepG0, isRepG1, isRepG2 [12]uint16
	posSlot                          [4][64]uint16
	posSpecial                       [128]uint16
	align                            [16]uint16
	length, repLength                lenCoder
	literal                          []uint16
}

// rangeDecoder takes bits from in. The caller makes sure that lzmaPad bytes
// follow ip before each symbol.
type rangeDecoder struct {
	rng, code uint32
	in        []byte
	ip        int
}

func (r *rangeDecoder) bit(p *uint16) uint32 {
	v := uint32(*p)
	bound := r.rng >> 11 * v
	var b uint32
	if r.code < bound {
		r.rng = bound
		*p = uint16(v + (2048-v)>>5)
	} else {
		r.rng -= bound
		r.code -= bound
		*p = uint16(v - v>>5)
		b = 1
	}
	if r.rng < topValue {
		r.rng <<= 8
		r.code = r.code<<8 | uint32(r.in[r.ip])
		r.ip++
	}
	return b
}

// tree takes a number of the given bits, the highest first. Like literal it
// keeps the state in local variables.
func (r *rangeDecoder) tree(p []uint16, bits int) uint32 {
	rng, code, in, ip := r.rng, r.code, r.in, r.ip
	top := uint32(1) << bits
	p = p[:top]
	m := uint32(1)
	for m < top && int(m) < len(p) {
		v := uint32(p[m])
		bound := rng >> 11 * v
		low := uint32((uint64(code) - uint64(bound)) >> 32) // all ones: the bit is 0
		p[m] = uint16(int32(v) - (int32(v)-int32(low&2017))>>5)
		rng -= bound
		rng ^= (rng ^ bound) & low
		code -= bound &^ low
		m = m<<1 + 1 + low
		if rng < topValue {
			rng <<= 8
			code = code<<8 | uint32(in[ip])
			ip++
		}
	}
	r.rng, r.code, r.ip = rng, code, ip
	return m - top
}

// reverse takes a number of the given bits, the lowest first, as tree does.
func (r *rangeDecoder) reverse(p []uint16, bits int) uint32 {
	rng, code, in, ip := r.rng, r.code, r.in, r.ip
	top := uint32(1) << bits
	m, sym := uint32(1), uint32(0)
	for bit := uint32(1); bit < top && int(m) < len(p); bit <<= 1 {
		v := uint32(p[m])
		bound := rng >> 11 * v
		low := uint32((uint64(code) - uint64(bound)) >> 32)
		p[m] = uint16(int32(v) - (int32(v)-int32(low&2017))>>5)
		rng -= bound
		rng ^= (rng ^ bound) & low
		code -= bound &^ low
		m = m<<1 + 1 + low
		sym |= bit &^ low
		if rng < topValue {
			rng <<= 8
			code = code<<8 | uint32(in[ip])
			ip++
		}
	}
	r.rng, r.code, r.ip = rng, code, ip
	return sym
}

func (r *rangeDecoder) direct(bits int) uint32 {
	res := uint32(0)
	for ; bits > 0; bits-- {
		r.rng >>= 1
		r.code -= r.rng
		t := 0 - r.code>>31
		r.code += r.rng & t
		if r.rng < topValue {
			r.rng <<= 8
			r.code = r.code<<8 | uint32(r.in[r.ip])
			r.ip++
		}
		res = res<<1 + t + 1
	}
	return res
}

func (r *rangeDecoder) length(c *lenCoder, posState uint32) int {
	switch {
	case r.bit(&c.choice) == 0:
		return 2 + int(r.tree(c.low[posState][:], 3))
	case r.bit(&c.choice2) == 0:
		return 10 + int(r.tree(c.mid[posState][:], 3))
	}
	return 18 + int(r.tree(c.high[:], 8))
}

// lzmaDecoder decodes into a window that is used in circles. The window grows
// up to the dictionary size as output fills it, so a claimed size costs nothing.
type lzmaDecoder struct {
	rangeDecoder
	probs      lzmaProbs
	lc, lp, pb uint
	state      uint32
	rep        [4]uint32
	remain     int // bytes of the last match that did not fit before the limit
	ended      bool

	win  []byte
	pos  int
	hist int64 // bytes since the last reset of the dictionary
	dict int
}

// dictSize is the size of a dictionary that is used for a claimed one.
func dictSize(dict int) int { return max(dict, 4096) }

func newLZMADecoder(dict int) *lzmaDecoder {
	dict = dictSize(dict)
	return &lzmaDecoder{dict: dict, win: make([]byte, min(dict+winSlack, firstWin))}
}

// setProps sets lc, lp and pb from their byte; most is the largest lc+lp.
func (d *lzmaDecoder) setProps(b byte, most uint) bool {
	if b >= 9*5*5 {
		return false
	}
	d.lc, d.lp, d.pb = uint(b%9), uint(b/9%5), uint(b/45)
	if d.lc+d.lp > most {
		return false
	}
	if n := 0x300 << (d.lc + d.lp); cap(d.probs.literal) < n {
		d.probs.literal = make([]uint16, n)
	} else {
		d.probs.literal = d.probs.literal[:n]
	}
	return true
}

// resetState starts anew with the same properties.
func (d *lzmaDecoder) resetState() {
	d.state, d.rep, d.remain = 0, [4]uint32{}, 0
	p := &d.probs
	for i := range p.isMatch {
		fill(p.isMatch[i][:])
		fill(p.isRep0Long[i][:])
	}
	fill(p.isRep[:])
	fill(p.isRepG0[:])
	fill(p.isRepG1[:])
	fill(p.isRepG2[:])
	for i := range p.posSlot {
		fill(p.posSlot[i][:])
	}
	fill(p.posSpecial[:])
	fill(p.align[:])
	for _, c := range []*lenCoder{&p.length, &p.repLength} {
		c.choice, c.choice2 = probInit, probInit
		for i := range c.low {
			fill(c.low[i][:])
			fill(c.mid[i][:])
		}
		fill(c.high[:])
	}
	fill(p.literal)
}

func fill(p []uint16) {
	for i := range p {
		p[i] = probInit
	}
}

// startRange starts the range decoder at the front of in; false: bad first byte.
func (d *lzmaDecoder) startRange() bool {
	d.rng, d.code = 0xFFFFFFFF, uint32(d.in[1])<<24|uint32(d.in[2])<<16|uint32(d.in[3])<<8|uint32(d.in[4])
	d.ip = 5
	return d.in[0] == 0 && d.code != d.rng
}

// room makes sure that there is room in the window: more of it, or its front.
func (d *lzmaDecoder) room() {
	if d.pos < len(d.win) {
		return
	}
	if full := d.dict + winSlack; len(d.win) < full {
		bigger := make([]byte, min(2*len(d.win), full))
		copy(bigger, d.win)
		d.win = bigger
		return
	}
	d.pos = 0
}

// decode decodes up to limit in the window, or until ip has passed safe.
func (d *lzmaDecoder) decode(limit, safe int) error {
	start, hist := d.pos, d.hist
	defer func() { d.hist = hist + int64(d.pos-start) }()
	if d.remain > 0 {
		d.copyMatch(d.remain, limit)
	}
	posMask := uint32(1)<<d.pb - 1
	for d.pos < limit && d.ip <= safe {
		if !d.literals(hist-int64(start), limit, safe) {
			return nil
		}
		have := hist + int64(d.pos-start)
		posState := uint32(have) & posMask
		n, short := 1, false
		if d.bit(&d.probs.isRep[d.state]) == 0 {
			n = d.match(posState)
			if d.rep[0] == noDistance {
				d.ended = true
				return nil
			}
		} else if have == 0 {
			return errLZMADistance
		} else if n, short = d.repMatch(posState); short {
			n = 1
		}
		if int64(d.rep[0]) >= have || int64(d.rep[0]) >= int64(d.dict) {
			return errLZMADistance
		}
		d.copyMatch(n, limit)
	}
	return nil
}

// afterLiteral is the state that follows one, when a byte is decoded.
var afterLiteral = [16]uint32{0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5}

// literals decodes bytes up to a match, whose first bit is taken; false: the
// limit or safe came before one. It is the hot path: the state of the range
// decoder is kept in local variables, and the bits of a byte are decoded without
// branches, for nobody can foretell them. base is what the history is longer than
// pos.
func (d *lzmaDecoder) literals(base int64, limit, safe int) bool {
	rng, code, in, ip := d.rng, d.code, d.in, d.ip
	pos, state, win := d.pos, d.state, d.win
	prev := uint32(0)
	if base+int64(pos) > 0 {
		prev = uint32(d.back(1))
	}
	found := false
	for pos < limit && ip <= safe {
		have := uint32(base + int64(pos))
		p := &d.probs.isMatch[state&15][have&(1<<d.pb-1)&15]
		v := uint32(*p)
		bound := rng >> 11 * v
		if code >= bound {
			rng -= bound
			code -= bound
			*p = uint16(v - v>>5)
			found = true
		} else {
			rng = bound
			*p = uint16(v + (2048-v)>>5)
		}
		if rng < topValue {
			rng <<= 8
			code = code<<8 | uint32(in[ip])
			ip++
		}
		if found {
			break
		}
		ctx := (have&(1<<d.lp-1))<<d.lc + prev>>(8-d.lc)
		probs := d.probs.literal[0x300*ctx:][:0x300]
		sym, offs, match := uint32(1), uint32(0), uint32(0)
		if state >= 7 { // behind a match: its next byte is part of the context
			from := pos - int(d.rep[0]) - 1
			if from < 0 {
				from += len(win)
			}
			offs, match = 0x100, uint32(win[from])
		}
		for sym < 0x100 {
			match <<= 1
			m := match & offs
			p := &probs[offs+m+sym]
			v := uint32(*p)
			bound := rng >> 11 * v
			low := uint32((uint64(code) - uint64(bound)) >> 32) // as in tree
			*p = uint16(int32(v) - (int32(v)-int32(low&2017))>>5)
			rng -= bound
			rng ^= (rng ^ bound) & low
			code -= bound &^ low
			sym = sym<<1 + 1 + low
			offs &= m ^ low
			if rng < topValue {
				rng <<= 8
				code = code<<8 | uint32(in[ip])
				ip++
			}
		}
		prev = sym & 0xFF
		win[pos] = byte(sym)
		pos++
		state = afterLiteral[state&15]
	}
	d.rng, d.code, d.ip, d.pos, d.state = rng, code, ip, pos, state
	return found
}

// back returns the byte dist before pos.
func (d *lzmaDecoder) back(dist int) byte {
	i := d.pos - dist
	if i < 0 {
		i += len(d.win)
	}
	return d.win[i]
}

// match decodes a match with a new distance.
func (d *lzmaDecoder) match(posState uint32) int {
	n := d.length(&d.probs.length, posState)
	d.rep[3], d.rep[2], d.rep[1] = d.rep[2], d.rep[1], d.rep[0]
	if d.state < 7 {
		d.state = 7
	} else {
		d.state = 10
	}
	slot := d.tree(d.probs.posSlot[min(n-2, 3)][:], 6)
	dist := slot
	if slot >= 4 {
		bits := int(slot>>1 - 1)
		dist = (2 | slot&1) << bits
		if slot < 14 {
			dist += d.reverse(d.probs.posSpecial[dist-slot:], bits)
		} else {
			dist += d.direct(bits-4) << 4
			dist += d.reverse(d.probs.align[:], 4)
		}
	}
	d.rep[0] = dist
	return n
}

// repMatch decodes a match at one of the last four distances.
func (d *lzmaDecoder) repMatch(posState uint32) (n int, short bool) {
	s := d.state
	if d.bit(&d.probs.isRepG0[s]) == 0 {
		if d.bit(&d.probs.isRep0Long[s][posState]) == 0 {
			d.state = 9
			if s >= 7 {
				d.state = 11
			}
			return 0, true
		}
	} else {
		dist := d.rep[1]
		if d.bit(&d.probs.isRepG1[s]) != 0 {
			dist = d.rep[2]
			if d.bit(&d.probs.isRepG2[s]) != 0 {
				dist = d.rep[3]
				d.rep[3] = d.rep[2]
			}
			d.rep[2] = d.rep[1]
		}
		d.rep[1], d.rep[0] = d.rep[0], dist
	}
	d.state = 8
	if s >= 7 {
		d.state = 11
	}
	return d.length(&d.probs.repLength, posState), false
}

// copyMatch copies n bytes from rep[0]+1 back, as far as limit allows.
func (d *lzmaDecoder) copyMatch(n, limit int) {
	d.remain = max(0, n-(limit-d.pos))
	n -= d.remain
	dist := int(d.rep[0]) + 1
	from := d.pos - dist
	if from >= 0 && dist >= 8 && d.pos+n+8 <= len(d.win) {
		// Words, up to 7 bytes too many: the window has room for those.
		src, dst := d.win[from:from+n+8], d.win[d.pos:d.pos+n+8]
		for i := 0; i < n && i+8 <= len(src) && i+8 <= len(dst); i += 8 {
			binary.LittleEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(src[i:]))
		}
		d.pos += n
		return
	}
	for n > 0 {
		if from < 0 {
			from += len(d.win)
		}
		m := min(n, len(d.win)-from)
		if from < d.pos && dist < 16 {
			for i := 0; i < m; i++ {
				d.win[d.pos+i] = d.win[from+i]
			}
		} else {
			if from < d.pos {
				m = min(m, dist)
			}
			copy(d.win[d.pos:d.pos+m], d.win[from:from+m])
		}
		d.pos += m
		n -= m
		from = d.pos - dist
	}
}
