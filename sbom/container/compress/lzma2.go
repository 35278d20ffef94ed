package compress

import (
	"errors"
	"io"
)

// lzma2Reader decodes the chunks of LZMA2.
type lzma2Reader struct {
	src      *source
	d        *lzmaDecoder
	rd       int // next byte of the window that was not read
	left     int // bytes that the chunk still gives
	raw      bool
	end      int  // bytes of the chunk's input
	needDict bool // a reset must come first
	needProp bool
	buf      []byte
	err      error
}

func newLZMA2Reader(s *source, dict int) *lzma2Reader {
	l := &lzma2Reader{d: newLZMADecoder(dict)}
	l.reset(s)
	return l
}

// reset makes l ready for other chunks with the same dictionary size.
func (l *lzma2Reader) reset(s *source) {
	l.d.pos, l.d.hist, l.d.remain, l.d.ended = 0, 0, 0, false
	*l = lzma2Reader{src: s, d: l.d, buf: l.buf, needDict: true, needProp: true}
}

func (l *lzma2Reader) Read(p []byte) (int, error) {
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

// more decodes some bytes into the window.
func (l *lzma2Reader) more() error {
	d := l.d
	if l.left == 0 {
		if err := l.chunk(); err != nil {
			return err
		}
	}
	d.room()
	l.rd = d.pos
	limit := min(len(d.win), d.pos+l.left)
	if l.raw {
		if err := l.src.full(d.win[d.pos:limit]); err != nil {
			return err
		}
		d.hist += int64(limit - d.pos)
		d.pos = limit
	} else if err := d.decode(limit, l.end); err != nil {
		return err
	}
	l.left -= d.pos - l.rd
	switch {
	case l.raw:
	case d.ended:
		return errLZMAEnd
	case d.ip > l.end || d.pos < limit:
		return errLZMAInput
	case l.left == 0 && (d.ip != l.end || d.code != 0 || d.remain != 0):
		return errors.New("a chunk is longer than its content")
	}
	return nil
}

// chunk reads the header of the next chunk, and its input.
func (l *lzma2Reader) chunk() error {
	var h [6]byte
	if err := l.src.full(h[:1]); err != nil {
		return err
	}
	c := h[0]
	if c == 0 {
		return io.EOF
	}
	if c == 1 || c >= 0xE0 {
		l.needDict, l.needProp, l.d.hist = false, true, 0
	} else if l.needDict || c > 2 && c < 0x80 {
		return errors.New("chunk of a kind that cannot be here")
	}
	n := 2
	if c >= 0x80 {
		n = 4
		if c >= 0xC0 {
			n = 5
		}
	}
	if err := l.src.full(h[1 : 1+n]); err != nil {
		return err
	}
	l.left = int(h[1])<<8 + int(h[2]) + 1
	if l.raw = c < 0x80; l.raw {
		return nil
	}
	l.left += int(c&0x1F) << 16
	l.end = int(h[3])<<8 + int(h[4]) + 1
	if c >= 0xC0 {
		if !l.d.setProps(h[5], 4) {
			return errors.New("properties are not valid")
		}
		l.needProp = false
	} else if l.needProp {
		return errors.New("chunk without properties")
	}
	if c >= 0xA0 {
		l.d.resetState()
	}
	if l.end < 5 {
		return errLZMAInput
	}
	if len(l.buf) < l.end+lzmaPad {
		l.buf = make([]byte, min(2*l.end, 1<<16)+lzmaPad)
	}
	l.d.in = l.buf[:l.end+lzmaPad]
	clear(l.d.in[l.end:])
	if err := l.src.full(l.d.in[:l.end]); err != nil {
		return err
	}
	if !l.d.startRange() {
		return errors.New("range coder does not start with zero")
	}
	return nil
}
