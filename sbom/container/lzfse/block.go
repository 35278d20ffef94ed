package lzfse

import (
	"bytes"
	"encoding/binary"
)

type blockKind int

const (
	blockNone blockKind = iota // between blocks
	blockRaw
	blockLZVN
	blockFSE
	blockEnd
)

// decoder unpacks blocks into out. It stops where out is full and goes on when
// there is room again; what is pending then is lit, m and dist.
type decoder struct {
	src   source
	out   []byte // the window: what was written before is at out[:n]
	n     int
	block blockKind
	bare  bool  // LZVN data without headers
	left  int64 // bytes of output that the block still owes

	lit  []byte // pending literals, in src or in fse.literals
	m    int    // pending bytes of the match
	dist int    // distance of the match, or of the last one; 0: there was none

	payload int64 // bytes of input left in a block of LZVN
	fse     *fseBlock
}

// run unpacks until the stream ends (done) or out is full.
func (d *decoder) run() (done bool, err error) {
	for {
		full := false
		switch d.block {
		case blockNone:
			err = d.header()
		case blockRaw:
			full, err = d.raw()
		case blockLZVN:
			full, err = d.lzvn()
		case blockFSE:
			full, err = d.sequences()
		case blockEnd:
			return true, nil
		}
		if full || err != nil {
			return false, err
		}
	}
}

// header reads the head of the next block.
func (d *decoder) header() error {
	b, err := d.src.need(4)
	if err != nil {
		return err
	}
	at := d.src.offset()
	switch magic := string(b); magic {
	case "bvx$":
		d.src.pos += 4
		d.block = blockEnd
		return nil
	case "bvx-":
		if b, err = d.src.need(8); err != nil {
			return err
		}
		d.left = int64(binary.LittleEndian.Uint32(b[4:]))
		d.src.pos += 8
		d.block = blockRaw
		return nil
	case "bvxn":
		if b, err = d.src.need(12); err != nil {
			return err
		}
		d.left = int64(binary.LittleEndian.Uint32(b[4:]))
		d.payload = int64(binary.LittleEndian.Uint32(b[8:]))
		d.src.pos += 12
		d.block, d.dist = blockLZVN, 0
		return nil
	case "bvx1", "bvx2":
		return d.openFSE(magic == "bvx1")
	default:
		return fault(at, "unknown block", bytes.Clone(b))
	}
}

// raw copies a stored block.
func (d *decoder) raw() (full bool, err error) {
	for d.left > 0 {
		space := d.out[d.n:]
		if len(space) == 0 {
			return true, nil
		}
		b := d.src.peek(int(min(d.left, int64(len(space)), 32<<10)))
		if len(b) == 0 {
			return false, d.src.short()
		}
		copy(space, b)
		d.n += len(b)
		d.left -= int64(len(b))
		d.src.pos += len(b)
	}
	d.block = blockNone
	return false, nil
}

// emit copies what is pending, as far as there is room. The distance was
// checked before.
func (d *decoder) emit() (full bool) {
	k := copy(d.out[d.n:], d.lit)
	d.n += k
	if d.lit = d.lit[k:]; len(d.lit) > 0 {
		return true
	}
	k = min(d.m, len(d.out)-d.n)
	d.n = match(d.out, d.n, d.dist, k)
	d.m -= k
	return d.m > 0
}

// match repeats k bytes from dist bytes before n, where the two ranges may lie
// over each other, and returns the new end.
func match(out []byte, n, dist, k int) int {
	if dist >= k {
		copy(out[n:n+k], out[n-dist:])
		return n + k
	}
	from := n - dist
	for end := n + k; n < end; {
		n += copy(out[n:end], out[from:n])
	}
	return n
}

// take checks the next step of a block (literals, then m bytes from dist
// before) and makes it pending. at is where the step stands in the input.
func (d *decoder) take(at int64, lit []byte, m int) error {
	size := int64(len(lit)) + int64(m)
	if size > d.left {
		return fault(at, "block gives more than its header says", nil)
	}
	if m > 0 && (d.dist <= 0 || d.dist > d.n+len(lit)) {
		return fault(at, "match reaches before the beginning", d.dist)
	}
	d.left -= size
	d.lit, d.m = lit, m
	return nil
}
