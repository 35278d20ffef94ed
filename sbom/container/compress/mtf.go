package compress

import (
	"encoding/binary"
	"errors"
	"io"
)

// Symbols of a bzip2 block: two digits of a run's length, places in the list of
// bytes less one, and the end.
const (
	runA = 0
	runB = 1
)

// recent is a list of bytes, the most recently used first: eight in a word, the
// first in its lowest bits, so that a word moves at once.
type recent [32]uint64

func (r *recent) set(b []byte) {
	var all [256]byte
	copy(all[:], b)
	for i := range r {
		r[i] = binary.LittleEndian.Uint64(all[8*i:])
	}
}

// use returns the byte at a place and moves it to the front.
func (r *recent) use(place uint) byte {
	at, shift := place>>3&31, place&7*8
	w := r[at]
	b := w >> shift & 0xFF
	carry := b
	for i := range r[:at] {
		t := r[i]
		r[i] = t<<8 | carry
		carry = t >> 56
	}
	low := uint64(1)<<shift - 1
	r[at] = w&^(low<<8|0xFF) | w&low<<8 | carry
	return byte(b)
}

// symbols decodes the groups of a block into its last column, and counts bytes.
func (d *bzip2Reader) symbols() error {
	var list recent
	list.set(d.used[:d.nUsed])
	clear(d.count[:])
	d.last = d.last[:0]
	end := uint16(d.nUsed + 1)
	run, digit := 0, 1
	var group [groupSize]uint16
	for _, c := range d.groups {
		n, err := d.group(&d.codes[c], &group, end)
		if err != nil {
			return err
		}
		out := d.room()
		for _, s := range group[:n] {
			if s <= runB {
				run += digit << s
				digit <<= 1
				if run > 2<<20 { // as bzip2 itself: digits must not overflow
					return errors.New("run is too long")
				}
				continue
			}
			if digit > 1 {
				if len(out)+run > d.size {
					return errors.New("run goes beyond the block")
				}
				out = d.repeat(out, byte(list[0]), run)
				run, digit = 0, 1
			}
			if s == end {
				d.last = out
				return nil
			}
			b := list.use(uint(s) - 1)
			if len(out) >= d.size {
				return errors.New("block is larger than it can be")
			}
			out = append(out, b)
			d.count[b]++
		}
		d.last = out
	}
	return errors.New("block has more symbols than groups")
}

// room returns the last column with room for the bytes of a group. The column
// grows with what there is, up to the size of a block.
func (d *bzip2Reader) room() []byte {
	if have := cap(d.last); have-len(d.last) < groupSize && have < d.size {
		bigger := make([]byte, len(d.last), min(max(2*have, 64<<10), d.size))
		copy(bigger, d.last)
		d.last = bigger
	}
	return d.last
}

// repeat adds a run of one byte.
func (d *bzip2Reader) repeat(out []byte, b byte, run int) []byte {
	d.count[b] += uint32(run)
	if run > cap(out)-len(out) {
		bigger := make([]byte, len(out), min(2*cap(out)+run, d.size))
		copy(bigger, out)
		out = bigger
	}
	from := len(out)
	out = out[:from+run]
	for i := range out[from:] {
		out[from+i] = b
	}
	return out
}

// group decodes symbols of one group, up to the end of the block. It is a hot
// path: the bits are kept in local variables, and two symbols take one load.
func (d *bzip2Reader) group(h *huffman, group *[groupSize]uint16, end uint16) (int, error) {
	if h.many {
		return 0, errCodeMany
	}
	if !d.bits.look() {
		return 0, io.ErrUnexpectedEOF
	}
	in, ip, acc, n := d.bits.in, d.bits.ip, d.bits.acc, d.bits.n
	i := 0
	for i < groupSize {
		acc |= binary.BigEndian.Uint64(in[ip:]) >> (n & 63)
		ip += int((63 - n) >> 3)
		n |= 56
		e := h.fast[acc>>(64-fastBits)]
		if e == 0 {
			if e = h.long(acc); e == 0 {
				return 0, errCodeNone
			}
		}
		acc <<= e & 31
		n -= uint(e & 31)
		group[i] = e >> 5
		i++
		if e>>5 == end {
			break
		}
		e = h.fast[acc>>(64-fastBits)]
		if e == 0 {
			if e = h.long(acc); e == 0 {
				return 0, errCodeNone
			}
		}
		acc <<= e & 31
		n -= uint(e & 31)
		group[i] = e >> 5
		i++
		if e>>5 == end {
			break
		}
	}
	d.bits.ip, d.bits.acc, d.bits.n = ip, acc, n
	return i, nil
}
