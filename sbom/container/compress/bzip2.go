package compress

import (
	"errors"
	"io"

	"github.com/kinbom/kinbom/sbom/malformed"
)

// The format has no specification by its author. This decoder follows "BZIP2
// Format Specification" (Joe Tsai, 2016) and, for blocks that old versions
// randomised, the manual and the behaviour of bzip2 1.0.
//
// What a stream costs: at most 5 bytes for each byte of a block (900,000 at
// most), allocated when a block has that many, and some 20 KB.

const (
	bzip2Block = 0x314159265359 // pi
	bzip2End   = 0x177245385090 // its square root
	groupSize  = 50             // symbols that one code is used for
	maxCodes   = 6
)

// bzip2Reader decodes streams, one after the other, each of blocks.
type bzip2Reader struct {
	bits   bitReader
	size   int    // most bytes of a block of this stream; 0: before its header
	any    bool   // a stream was complete
	sum    uint32 // of the stream, so far
	want   uint32 // checksum of the block
	odd    bool   // blocks that decoders read in different ways: randomised, or strange codes
	codes  [maxCodes]huffman
	groups []uint8 // which code each group uses
	used   [256]byte
	nUsed  int
	last   []byte // last column of the sorted block
	count  [256]uint32
	block  bzip2Output
	err    error
}

func newBzip2Reader(s *source) *bzip2Reader {
	d := new(bzip2Reader)
	d.reset(s)
	return d
}

// reset makes d ready for another source. It keeps its memory.
func (d *bzip2Reader) reset(s *source) {
	d.bits.reset(s)
	d.size, d.any, d.odd, d.err = 0, false, false, nil
	d.block.left, d.block.repeats = 0, 0
	d.block.sum, d.want = 0, 0
}

// Read reads decoded bytes. The bytes of a block come before its checksum is
// compared; a wrong one is an error instead of what follows.
func (d *bzip2Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for d.err == nil {
		if n := d.block.read(p); n > 0 {
			return n, nil
		}
		err := d.next()
		switch {
		case err == nil, err == io.EOF:
		case d.bits.over():
			err = d.bits.cut()
		case malformed.In(err, Format) == nil:
			err = fault(d.bits.offset(), "bzip2 data are damaged", nil, err)
		}
		d.err = err
	}
	return 0, d.err
}

// next ends a block and decodes the next one. A stream may end in between, and
// another one begin.
func (d *bzip2Reader) next() error {
	if d.block.sum != d.want {
		return fault(d.bits.offset(), "bzip2 block checksum differs", nil, nil)
	}
	for {
		if d.size == 0 {
			if err := d.stream(); err != nil {
				return err
			}
		}
		magic := uint64(d.bits.take(24)) << 24
		magic |= uint64(d.bits.take(24))
		switch magic {
		case bzip2Block:
			return d.decode()
		case bzip2End:
			if want := d.bits.take(32); d.bits.over() {
				return io.ErrUnexpectedEOF
			} else if want != d.sum {
				return fault(d.bits.offset(), "bzip2 stream checksum differs", nil, nil)
			}
			d.bits.align()
			d.size, d.any = 0, true
		default:
			return errors.New("neither a block nor the end")
		}
	}
}

// stream reads the header of the next stream; after the last one comes nothing.
func (d *bzip2Reader) stream() error {
	if d.any && d.bits.ended() {
		if d.bits.err != nil {
			return d.bits.err
		}
		return io.EOF
	}
	magic, level := d.bits.take(24), d.bits.take(8)
	switch {
	case d.bits.over():
		return io.ErrUnexpectedEOF
	case magic != 'B'<<16|'Z'<<8|'h':
		return errors.New("header is missing")
	case level < '1' || level > '9':
		return errors.New("block size is not possible")
	}
	d.size, d.sum = int(level-'0')*100_000, 0
	return nil
}

// decode decodes one block, up to the point where its bytes can be read.
func (d *bzip2Reader) decode() error {
	d.want = d.bits.take(32)
	d.sum = (d.sum<<1 | d.sum>>31) ^ d.want
	randomised := d.bits.take(1) != 0
	origin := int(d.bits.take(24))
	for _, part := range []func() error{d.alphabet, d.selectors, d.symbols} {
		if err := part(); err != nil {
			return err
		}
	}
	switch {
	case d.bits.over():
		return io.ErrUnexpectedEOF
	case origin >= len(d.last):
		return errors.New("origin is outside of the block")
	}
	d.block.start(d.last, &d.count, origin)
	if randomised {
		d.odd = true
		d.block.derandomise()
	}
	return nil
}

// alphabet reads which bytes the block has: 16 bits for the sixteenths with
// some, and 16 for each of those.
func (d *bzip2Reader) alphabet() error {
	d.nUsed = 0
	sixteenths := d.bits.take(16)
	for i := range 16 {
		if sixteenths>>(15-i)&1 == 0 {
			continue
		}
		those := d.bits.take(16)
		for j := range 16 {
			if those>>(15-j)&1 != 0 {
				d.used[d.nUsed] = byte(16*i + j)
				d.nUsed++
			}
		}
	}
	if d.nUsed == 0 {
		return errors.New("block without bytes")
	}
	return nil
}

// selectors reads which code each group uses, and the codes.
func (d *bzip2Reader) selectors() error {
	codes, groups := int(d.bits.take(3)), int(d.bits.take(15))
	if codes < 2 || codes > maxCodes || groups == 0 {
		return errors.New("number of codes is not possible")
	}
	order := [maxCodes]uint8{0, 1, 2, 3, 4, 5}
	d.groups = d.groups[:0]
	for range groups {
		i := 0
		for d.bits.take(1) != 0 {
			if i++; i >= codes {
				return errors.New("code of a group does not exist")
			}
		}
		c := order[i]
		copy(order[1:i+1], order[:i])
		order[0] = c
		d.groups = append(d.groups, c)
		if d.bits.past {
			return io.ErrUnexpectedEOF
		}
	}
	for i := range codes {
		if err := d.code(&d.codes[i]); err != nil {
			return err
		}
	}
	return nil
}

// code reads the lengths of one code: each as steps from the one before.
func (d *bzip2Reader) code(h *huffman) error {
	var lengths [maxSymbols]uint8
	n := d.bits.take(5)
	for i := range d.nUsed + 2 {
		for {
			if n < 1 || n > maxCode {
				return errCodeLength
			}
			if d.bits.take(1) == 0 {
				break
			}
			n += 1 - 2*d.bits.take(1)
		}
		lengths[i] = uint8(n)
	}
	h.build(lengths[:d.nUsed+2])
	d.odd = d.odd || h.gaps || h.many
	return nil
}
