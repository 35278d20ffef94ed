package compress

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
)

// lzmaHeader is the header of the older .lzma format: properties, dictionary
// size and uncompressed size (all ones: up to an end marker).
const lzmaHeader = 13

// looksLZMA accepts what writers write: lc 3, lp 0, pb 2 with a dictionary of a
// power of two, or of one and a half of it, and a size that is possible.
func looksLZMA(head []byte) bool {
	if len(head) < lzmaHeader+1 || head[0] != 0x5D || head[lzmaHeader] != 0 {
		return false
	}
	dict, size := binary.LittleEndian.Uint32(head[1:]), binary.LittleEndian.Uint64(head[5:])
	for n := 12; n < 32; n++ {
		if dict == 1<<n || dict == 3<<(n-1) {
			return size == 1<<64-1 || size < 1<<40
		}
	}
	return false
}

// lzmaReader decodes the older .lzma format.
type lzmaReader struct {
	src  *source
	d    *lzmaDecoder
	rd   int
	left int64 // bytes still to come, or -1: up to the end marker
	buf  []byte
	n    int  // bytes of input in buf
	eof  bool // no more input
	err  error
}

func newLZMAReader(s *source) (*lzmaReader, error) {
	var h [lzmaHeader]byte
	if err := s.full(h[:]); err != nil {
		return nil, err
	}
	dict, size := binary.LittleEndian.Uint32(h[1:]), binary.LittleEndian.Uint64(h[5:])
	l := &lzmaReader{src: s, left: -1, buf: make([]byte, 64<<10+lzmaPad)}
	if size != 1<<64-1 {
		if size > 1<<62 {
			return nil, fault(5, "lzma size is not possible", size, nil)
		}
		l.left = int64(size)
		dict = uint32(min(uint64(dict), size))
	}
	if dict > MaxWindow {
		return nil, &limit.Error{Limit: Window, Max: MaxWindow, Value: int64(dict)}
	}
	l.d = newLZMADecoder(int(dict))
	if !l.d.setProps(h[0], 12) {
		return nil, fault(0, "lzma properties are not valid", h[0], nil)
	}
	l.d.resetState()
	if err := l.refill(); err != nil {
		return nil, err
	}
	if l.n < 5 {
		return nil, io.ErrUnexpectedEOF
	}
	if !l.d.startRange() {
		return nil, errors.New("range coder does not start with zero")
	}
	return l, nil
}

// refill moves what is left of the input to the front and reads more.
func (l *lzmaReader) refill() error {
	copy(l.buf, l.buf[l.d.ip:l.n])
	l.n -= l.d.ip
	l.d.ip = 0
	for l.n < len(l.buf)-lzmaPad && !l.eof {
		m, err := l.src.Read(l.buf[l.n : len(l.buf)-lzmaPad])
		l.n += m
		if err == io.EOF {
			l.eof = true
		} else if err != nil {
			return err
		}
	}
	clear(l.buf[l.n : l.n+lzmaPad])
	l.d.in = l.buf[:l.n+lzmaPad]
	return nil
}

func (l *lzmaReader) Read(p []byte) (int, error) {
	for l.rd == l.d.pos && l.err == nil {
		l.err = l.more()
	}
	if l.rd == l.d.pos {
		return 0, l.err
	}
	n := copy(p, l.d.win[l.rd:l.d.pos])
	l.rd += n
	return n, nil
}

func (l *lzmaReader) more() error {
	d := l.d
	if l.left == 0 || d.ended {
		return io.EOF
	}
	safe := l.n
	if !l.eof {
		if safe = l.n - lzmaPad; d.ip > safe {
			return l.refill()
		}
	}
	d.room()
	l.rd = d.pos
	limit := len(d.win)
	if l.left >= 0 {
		limit = int(min(int64(limit), int64(d.pos)+l.left))
	}
	if err := d.decode(limit, safe); err != nil {
		if l.eof && d.ip > l.n {
			return io.ErrUnexpectedEOF // what was decoded last is made up
		}
		return err
	}
	if l.left >= 0 {
		l.left -= int64(d.pos - l.rd)
	}
	switch {
	case l.eof && d.ip > l.n, l.eof && d.ip == l.n && d.pos < limit && !d.ended:
		return io.ErrUnexpectedEOF
	case d.ended && l.left > 0:
		return errLZMAEnd
	case l.left == 0 && d.remain > 0:
		return errors.New("data are longer than their size")
	}
	return nil
}
