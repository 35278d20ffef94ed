package compress

import (
	"encoding/binary"
	"io"
)

// bitAhead is how many bytes of input look promises: more than a group of
// bzip2 symbols can use (50 of 20 bits), and one whole load.
const bitAhead = 160

// bitReader takes bits from a source, the highest of a byte first. It looks at
// the buffer of the source in place. Behind the end come zeros; over tells that
// some of them were used.
type bitReader struct {
	src  *source
	in   []byte // what is looked at: the buffer of src, or tail
	base int64  // offset of in in the source
	ip   int    // next byte of in to load
	acc  uint64 // loaded bits, the next one on top
	n    uint   // how many of acc count
	end  int    // bytes of in that are real, once the source has ended
	last bool   // the source has ended; in is tail
	past bool   // zeros behind tail were asked for
	err  error  // why the source ended, if not with io.EOF
	tail [2*bitAhead + 8]byte
}

func (b *bitReader) reset(s *source) {
	*b = bitReader{src: s, base: s.offset()}
}

// offset is that of the byte with the next bit.
func (b *bitReader) offset() int64 {
	at := b.base + int64(b.ip) - int64(b.n+7)/8
	if b.last {
		at = min(at, b.base+int64(b.end))
	}
	return at
}

// over reports that more bits were used than there are.
func (b *bitReader) over() bool {
	return b.last && (b.past || 8*b.ip-int(b.n) > 8*b.end)
}

// cut is the error of a source that ended too early.
func (b *bitReader) cut() error {
	if b.err != nil {
		return b.err
	}
	return io.ErrUnexpectedEOF
}

// look makes sure that bitAhead bytes follow ip. It fails when ip is behind the
// end of the source.
func (b *bitReader) look() bool {
	if len(b.in)-b.ip >= bitAhead {
		return true
	}
	if b.last {
		return false
	}
	b.drop()
	some, err := b.src.buf.Peek(bitAhead)
	if err == nil {
		b.in, _ = b.src.buf.Peek(b.src.buf.Buffered())
		return true
	}
	if err != io.EOF {
		b.err = err
	}
	b.last, b.end = true, copy(b.tail[:], some)
	_, _ = b.src.buf.Discard(b.end) // they are there
	b.in = b.tail[:]
	return true
}

// drop tells the source what was used of its buffer.
func (b *bitReader) drop() {
	if !b.last {
		m, _ := b.src.buf.Discard(b.ip) // they are there
		b.base += int64(m)
		b.in, b.ip = nil, 0
	}
}

// load fills acc: afterwards at least 56 bits count.
func (b *bitReader) load() {
	if len(b.in)-b.ip < 8 && !b.look() {
		if b.ip+8 > len(b.in) { // zeros without end
			b.n, b.past = 63, true
			return
		}
	}
	b.acc |= binary.BigEndian.Uint64(b.in[b.ip:]) >> b.n
	b.ip += int((63 - b.n) >> 3)
	b.n |= 56
}

// take takes up to 32 bits.
func (b *bitReader) take(k uint) uint32 {
	if b.n < k {
		b.load()
	}
	v := b.acc >> (64 - k)
	b.acc <<= k
	b.n -= k
	return uint32(v)
}

// align skips to the next byte.
func (b *bitReader) align() { b.take(b.n & 7) }

// ended reports that there is no further byte. Bits must be aligned.
func (b *bitReader) ended() bool {
	b.look()
	return b.last && 8*b.ip-int(b.n) >= 8*b.end
}
