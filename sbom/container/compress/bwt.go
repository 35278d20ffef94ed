package compress

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// bzip2Output gives the bytes of one block: it walks through the sorted block
// and undoes the run lengths.
type bzip2Output struct {
	next    []uint32 // by row of the sorted block: row of the next byte <<8 | byte
	row     uint32
	left    int    // rows to come
	last    byte   // byte before
	run     int    // how many of it in a row, up to 4
	repeats int    // copies of last to give
	sum     uint32 // of what was given
	mirror  [4096]byte
}

// start undoes the sorting (Burrows and Wheeler, "A Block-sorting Lossless Data
// Compression Algorithm", 1994): last is the last column, count its bytes, and
// origin the row of the block itself. It uses count up.
func (o *bzip2Output) start(last []byte, count *[256]uint32, origin int) {
	if cap(o.next) < len(last) {
		o.next = make([]uint32, len(last), cap(last))
	}
	next := o.next[:len(last)]
	sum := uint32(0)
	for b, n := range count {
		count[b] = sum
		sum += n
	}
	for i, b := range last {
		row := count[b]
		count[b] = row + 1
		next[row] = uint32(i)<<8 | uint32(b)
	}
	o.next, o.row, o.left = next, uint32(origin), len(last)
	o.run, o.repeats, o.sum = 0, 0, 0
}

// read gives some bytes; none: the block has ended.
func (o *bzip2Output) read(p []byte) int {
	n := 0
	next, row, left, last, run := o.next, o.row, o.left, o.last, o.run
	for n < len(p) {
		if o.repeats > 0 {
			m := min(o.repeats, len(p)-n)
			for i := range p[n : n+m] {
				p[n+i] = last
			}
			n += m
			o.repeats -= m
			continue
		}
		if left == 0 {
			break
		}
		e := next[row]
		row = e >> 8
		left--
		b := byte(e)
		switch {
		case run == 4: // four in a row: this byte says how many more
			o.repeats, run = int(b), 0
			continue
		case run > 0 && b == last:
			run++
		default:
			last, run = b, 1
		}
		p[n] = b
		n++
	}
	o.row, o.left, o.last, o.run = row, left, last, run
	o.sum = o.update(o.sum, p[:n])
	return n
}

// update goes on with the checksum of a block: CRC-32 with the highest bit of
// each byte first. That is the usual one of mirrored bytes, mirrored, and the
// library has the usual one in hardware.
func (o *bzip2Output) update(sum uint32, p []byte) uint32 {
	crc := bits.Reverse32(sum)
	for len(p) > 0 {
		n := min(len(p), len(o.mirror))
		i := 0
		for ; i+8 <= n; i += 8 {
			binary.LittleEndian.PutUint64(o.mirror[i:], mirrored(binary.LittleEndian.Uint64(p[i:])))
		}
		for ; i < n; i++ {
			o.mirror[i] = bits.Reverse8(p[i])
		}
		crc = crc32.Update(crc, crc32.IEEETable, o.mirror[:n])
		p = p[n:]
	}
	return bits.Reverse32(crc)
}

// mirrored turns the bits of each byte round.
func mirrored(x uint64) uint64 {
	x = x>>1&0x5555555555555555 | x&0x5555555555555555<<1
	x = x>>2&0x3333333333333333 | x&0x3333333333333333<<2
	return x>>4&0x0F0F0F0F0F0F0F0F | x&0x0F0F0F0F0F0F0F0F<<4
}
