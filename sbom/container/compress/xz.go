package compress

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
)

// The container follows "The .xz File Format", version 1.2.1 (tukaani.org).
// Filters beside LZMA2 are reported, not decoded.

const (
	xzMagic     = "\xFD7zXZ\x00"
	filterLZMA2 = 0x21
)

// xzReader decodes streams, one after the other, each of blocks.
type xzReader struct {
	src    *source
	flags  [2]byte // of the stream; flags[1] is the kind of check
	inside bool    // a stream
	any    bool    // a stream was complete
	block  *xzBlock
	seen   xzRecords
	spare  *lzma2Reader // of the block before
}

func (x *xzReader) reset(s *source) { *x = xzReader{src: s, spare: x.spare} }

// xzBlock is the block that is being read.
type xzBlock struct {
	lz                       *lzma2Reader
	check                    hash.Hash // nil: none, or of a kind that is not known
	header, start            int64     // bytes of the header; offset of the data
	compressed, uncompressed int64     // as the header claims, or -1
	out                      int64
}

// xzRecords counts and digests (unpadded size, uncompressed size) of blocks, to
// be compared with the index without keeping them.
type xzRecords struct {
	n   uint64
	sum hash.Hash
}

func (r *xzRecords) add(unpadded, out uint64) {
	if r.sum == nil {
		r.sum = sha256.New()
	}
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], unpadded)
	binary.LittleEndian.PutUint64(b[8:], out)
	r.sum.Write(b[:])
	r.n++
}

func (r *xzRecords) same(o *xzRecords) bool {
	return r.n == o.n && (r.n == 0 || bytes.Equal(r.sum.Sum(nil), o.sum.Sum(nil)))
}

// Read reads decoded bytes.
func (x *xzReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if !x.inside {
			if err := x.stream(); err != nil {
				return 0, err
			}
		}
		if x.block == nil {
			if err := x.next(); err != nil {
				return 0, err
			}
			continue
		}
		n, err := x.block.lz.Read(p)
		x.block.out += int64(n)
		if x.block.check != nil {
			x.block.check.Write(p[:n])
		}
		if err == io.EOF {
			err = x.endBlock()
		} else if c := x.block.uncompressed; err == nil && c >= 0 && x.block.out > c {
			err = x.bad("xz block is larger than it says", c)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (x *xzReader) bad(what string, value any) error {
	return fault(x.src.offset(), what, value, nil)
}

// stream reads the header of the next stream. After the first one there may be
// padding and then nothing.
func (x *xzReader) stream() error {
	var h [12]byte
	for {
		_, err := io.ReadFull(x.src, h[:4])
		if err == io.EOF && x.any {
			return io.EOF
		}
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		if !x.any || binary.LittleEndian.Uint32(h[:]) != 0 {
			break
		}
	}
	if err := x.src.full(h[4:]); err != nil {
		return err
	}
	switch {
	case string(h[:6]) != xzMagic:
		return x.bad("xz header is missing", nil)
	case crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]):
		return x.bad("xz header checksum differs", nil)
	case h[6] != 0 || h[7] > 15:
		return x.bad("xz flags are not known", fmt.Sprintf("%x", h[6:8]))
	}
	x.flags, x.inside, x.seen = [2]byte{h[6], h[7]}, true, xzRecords{}
	return nil
}

// next reads a block header, or the index and the end of the stream.
func (x *xzReader) next() error {
	start := x.src.offset()
	size, err := x.src.ReadByte()
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	if size == 0 {
		return x.index(start)
	}
	h := make([]byte, (int(size)+1)*4)
	h[0] = size
	if err := x.src.full(h[1:]); err != nil {
		return err
	}
	body, sum := h[:len(h)-4], binary.LittleEndian.Uint32(h[len(h)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return x.bad("xz block header checksum differs", nil)
	}
	b := &xzBlock{header: int64(len(h)), start: x.src.offset()}
	dict, err := x.blockHeader(b, body[1:])
	if err != nil {
		return err
	}
	if b.uncompressed >= 0 {
		dict = min(dict, b.uncompressed)
	}
	if dict > MaxWindow {
		return &limit.Error{Limit: Window, Max: MaxWindow, Value: dict}
	}
	if x.spare == nil || x.spare.d.dict != dictSize(int(dict)) {
		x.spare = newLZMA2Reader(x.src, int(dict))
	}
	x.spare.reset(x.src)
	b.lz, b.check = x.spare, newCheck(x.flags[1])
	x.block = b
	return nil
}

// blockHeader reads flags, sizes and filters, and returns the dictionary size.
func (x *xzReader) blockHeader(b *xzBlock, h []byte) (dict int64, err error) {
	flags := h[0]
	r := &vliReader{b: h[1:]}
	b.compressed, b.uncompressed = -1, -1
	if flags&0x40 != 0 {
		b.compressed = r.vli()
	}
	if flags&0x80 != 0 {
		b.uncompressed = r.vli()
	}
	id, n := r.vli(), r.vli()
	switch {
	case flags&0x3C != 0:
		return 0, x.bad("xz block flags are not known", flags)
	case r.bad:
		return 0, x.bad("xz block header is cut", nil)
	case flags&3 != 0 || id != filterLZMA2:
		return 0, x.bad("xz filter cannot be decoded", fmt.Sprintf("%#x", id))
	case n != 1 || len(r.b) < 1 || r.b[0] > 40:
		return 0, x.bad("xz filter properties are not valid", nil)
	}
	bits := r.b[0]
	if len(bytes.Trim(r.b[1:], "\x00")) > 0 {
		return 0, x.bad("xz block header padding is not zero", nil)
	}
	if bits == 40 {
		return 1<<32 - 1, nil
	}
	return int64(2|bits&1) << (bits/2 + 11), nil
}

// endBlock checks sizes, padding and checksum of a block.
func (x *xzReader) endBlock() error {
	b := x.block
	used := x.src.offset() - b.start
	if b.compressed >= 0 && used != b.compressed || b.uncompressed >= 0 && b.out != b.uncompressed {
		return x.bad("xz block sizes differ", nil)
	}
	var buf [3 + 64]byte
	pad := int(-used & 3)
	sum := buf[:pad+checkSize(x.flags[1])]
	if err := x.src.full(sum); err != nil {
		return err
	}
	if !bytes.Equal(sum[:pad], make([]byte, pad)) {
		return x.bad("xz block padding is not zero", nil)
	}
	if b.check != nil {
		want := b.check.Sum(nil)
		if x.flags[1] != 10 { // the standard library writes CRCs big end first
			for i, j := 0, len(want)-1; i < j; i, j = i+1, j-1 {
				want[i], want[j] = want[j], want[i]
			}
		}
		if !bytes.Equal(sum[pad:], want) {
			return x.bad("xz block checksum differs", nil)
		}
	}
	x.seen.add(uint64(b.header+used)+uint64(checkSize(x.flags[1])), uint64(b.out))
	x.block = nil
	return nil
}

// index reads the index and the footer; start is the offset of the index.
func (x *xzReader) index(start int64) error {
	crc := crc32.NewIEEE()
	crc.Write([]byte{0})
	in := &vliSource{src: x.src, crc: crc}
	var listed xzRecords
	for n := in.vli(); n > 0 && in.err == nil; n-- {
		if listed.n >= x.seen.n {
			return x.bad("xz index differs from the blocks", nil)
		}
		listed.add(uint64(in.vli()), uint64(in.vli()))
	}
	for in.err == nil && (x.src.offset()-start)%4 != 0 {
		if c := in.byte(); c != 0 && in.err == nil {
			return x.bad("xz index padding is not zero", nil)
		}
	}
	if in.err != nil {
		return in.err
	}
	size := x.src.offset() - start + 4
	var f [16]byte
	if err := x.src.full(f[:]); err != nil {
		return err
	}
	switch {
	case binary.LittleEndian.Uint32(f[:]) != crc.Sum32():
		return x.bad("xz index checksum differs", nil)
	case !listed.same(&x.seen):
		return x.bad("xz index differs from the blocks", nil)
	case string(f[14:]) != "YZ" || crc32.ChecksumIEEE(f[8:14]) != binary.LittleEndian.Uint32(f[4:]):
		return x.bad("xz footer is damaged", nil)
	case (int64(binary.LittleEndian.Uint32(f[8:]))+1)*4 != size || [2]byte(f[12:14]) != x.flags:
		return x.bad("xz footer differs from the header", nil)
	}
	x.inside, x.any = false, true
	return nil
}

// newCheck returns the checksum of a kind, or nil.
func newCheck(kind byte) hash.Hash {
	switch kind {
	case 1:
		return crc32.NewIEEE()
	case 4:
		return crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		return sha256.New()
	}
	return nil
}

// checkSize is the size of a check of any kind, known or not (section 2.1.1.2).
func checkSize(kind byte) int {
	if kind == 0 {
		return 0
	}
	return 4 << ((kind - 1) / 3)
}

// vliReader reads multibyte integers from memory.
type vliReader struct {
	b   []byte
	bad bool
}

func (r *vliReader) vli() int64 {
	n, used := binary.Uvarint(r.b)
	if used <= 0 || used > 9 || n > 1<<63-1 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[used:]
	return int64(n)
}

// vliSource reads multibyte integers from the stream.
type vliSource struct {
	src *source
	crc hash.Hash32
	err error
}

func (r *vliSource) byte() byte {
	if r.err != nil {
		return 0
	}
	c, err := r.src.ReadByte()
	if err != nil {
		r.err = io.ErrUnexpectedEOF
		return 0
	}
	r.crc.Write([]byte{c})
	return c
}

func (r *vliSource) vli() int64 {
	var n uint64
	for shift := 0; shift < 63; shift += 7 {
		c := r.byte()
		n |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return int64(n)
		}
	}
	if r.err == nil {
		r.err = errors.New("an integer is too long")
	}
	return 0
}
