package lzfse

import (
	"errors"
	"io"
)

// source is the input: bytes in memory, or a reader that is read ahead.
type source struct {
	r        io.Reader // nil: all is in buf
	buf      []byte
	pos, end int   // of buf: the next byte, the end of what was read
	base     int64 // offset of buf in the input
	err      error // of r, once it was met
}

// offset is the place of the next byte in the input.
func (s *source) offset() int64 { return s.base + int64(s.pos) }

// peek returns the next n bytes, or fewer at the end of the input. They stay
// valid until the next call. n is bounded by the caller.
func (s *source) peek(n int) []byte {
	if s.end-s.pos < n && s.r != nil && s.err == nil {
		s.fill(n)
	}
	return s.buf[s.pos:min(s.pos+n, s.end)]
}

func (s *source) fill(n int) {
	to := s.buf
	if len(to) < n {
		to = make([]byte, max(n, 64<<10))
	}
	have := copy(to, s.buf[s.pos:s.end])
	s.buf, s.base, s.pos, s.end = to, s.base+int64(s.pos), 0, have
	m, err := io.ReadAtLeast(s.r, s.buf[have:], n-have)
	s.end += m
	s.err = err
}

// need returns exactly n bytes, or the reason why there are fewer.
func (s *source) need(n int) ([]byte, error) {
	b := s.peek(n)
	if len(b) < n {
		return nil, s.short()
	}
	return b, nil
}

// short is the error for an input that has too few bytes.
func (s *source) short() error {
	if s.err != nil && !errors.Is(s.err, io.EOF) && !errors.Is(s.err, io.ErrUnexpectedEOF) {
		return s.err
	}
	return fault(s.base+int64(s.end), "stream ends too early", io.ErrUnexpectedEOF)
}
