// Package compress decodes compressed byte streams: gzip, zlib, bzip2, xz, lzma
// and zstd, told apart by their first bytes.
//
// What it promises on hostile input: decoding streams; the memory of one reader
// is bounded (a window of MaxWindow bytes at most, allocated as output really
// fills it where the decoder is ours); output over the budget's ratio stops;
// checksums that a format carries are verified; a reader that failed keeps
// failing with the same error. Errors are *malformed.Error, *limit.Error, or what
// the source itself returned. A panic in a decoder of others becomes a
// *malformed.Error.
//
// Bytes are not taken from the budget here, for the content is counted where it
// is used; only the ratio is checked.
package compress

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// MaxWindow is the largest window (dictionary) in bytes that a stream may ask
// for. xz -9 asks for 64 MiB, zstd --ultra -22 for 128 MiB.
const MaxWindow = 128 << 20

// Window is the limit on the window of a stream.
const Window limit.Kind = "decoder window"

// Method is a way of compressing bytes.
type Method string

// Methods. None is for bytes that are not compressed in a way known here.
const (
	None  Method = ""
	Gzip  Method = "gzip"
	Zlib  Method = "zlib"
	Bzip2 Method = "bzip2"
	XZ    Method = "xz"
	LZMA  Method = "lzma" // the older .lzma format
	Zstd  Method = "zstd"
)

// HeadSize is how many first bytes Detect wants to see.
const HeadSize = 14

// Format is the format of errors of this package: none, for they name the method.
const Format = ""

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any, err error) *malformed.Error {
	return &malformed.Error{Format: Format, Offset: offset, What: what, Value: value, Err: err}
}

// Detect returns the method of a stream by its first bytes (HeadSize are
// enough), or None. Zlib and lzma have no real magic: they are reported only
// when their whole header fits what writers write.
func Detect(head []byte) Method {
	switch {
	case bytes.HasPrefix(head, []byte{0x1F, 0x8B, 8}):
		return Gzip
	case len(head) >= 10 && string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9' &&
		(string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17rE8P\x90"):
		return Bzip2
	case bytes.HasPrefix(head, []byte(xzMagic)):
		return XZ
	case bytes.HasPrefix(head, []byte{0x28, 0xB5, 0x2F, 0xFD}), len(head) >= 4 && head[0]&0xF0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2A, 0x4D, 0x18}):
		return Zstd // a frame, or a skippable frame before it
	case len(head) >= 2 && head[0] == 0x78 && head[1]&0x20 == 0 && (uint(head[0])<<8|uint(head[1]))%31 == 0:
		return Zlib
	case looksLZMA(head):
		return LZMA
	}
	return None
}

// Reader decodes one stream. It is not safe for concurrent use.
type Reader struct {
	method Method
	src    *source
	dec    io.Reader
	budget *limit.Budget
	out    int64
	err    error // sticky
}

// New makes a reader of a stream. Nothing is read before the first Read, where
// a wrong header is reported. None reads the bytes as they are; an unknown
// method gives a *malformed.Error.
func New(r io.Reader, m Method, b *limit.Budget) *Reader {
	return &Reader{method: m, src: newSource(r), budget: b}
}

// resetter is a decoder that can decode another source, and keeps its memory.
type resetter interface{ reset(*source) }

// Reset makes r read another stream of the same method. What it decoded with is
// used again where the decoder is ours: many small streams cost less so.
func (r *Reader) Reset(src io.Reader) {
	r.src.reset(src)
	r.out, r.err = 0, nil
	if d, ok := r.dec.(resetter); ok {
		d.reset(r.src)
	} else {
		r.dec = nil
	}
}

// Method returns the method that the reader was made for.
func (r *Reader) Method() Method { return r.method }

// Offset returns how many bytes of the source were used so far. bzip2 and zstd
// streams are read ahead.
func (r *Reader) Offset() int64 { return r.src.offset() }

// Read reads decoded bytes.
func (r *Reader) Read(p []byte) (n int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err = r.read(p)
	r.out += int64(n)
	if over := r.budget.CheckRatio(r.src.n, r.out); over != nil && n > 0 {
		n, err = 0, over
	}
	if err != nil && err != io.EOF {
		err = r.explain(err)
	}
	r.err = err
	return n, err
}

func (r *Reader) read(p []byte) (n int, err error) {
	defer func() {
		if x := recover(); x != nil { // a decoder of others met bytes that it cannot stand
			n, err = 0, fault(r.src.offset(), string(r.method)+" decoder failed", x, nil)
		}
	}()
	if r.dec == nil {
		if r.dec, err = open(r.src, r.method); err != nil {
			return 0, err
		}
	}
	return r.dec.Read(p)
}

func open(s *source, m Method) (io.Reader, error) {
	switch m {
	case None:
		return s, nil
	case Gzip:
		return eofIsCut(gzip.NewReader(s.buf)) // its fast path knows *bufio.Reader
	case Zlib:
		return eofIsCut(zlib.NewReader(s.buf))
	case Bzip2:
		return newBzip2Reader(s), nil
	case XZ:
		return &xzReader{src: s}, nil
	case LZMA:
		return newLZMAReader(s)
	case Zstd:
		return zstd.NewReader(s, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(MaxWindow))
	}
	return nil, fault(-1, "compression method is not known", string(m), nil)
}

// eofIsCut makes an end inside the header an unexpected one.
func eofIsCut[T io.Reader](r T, err error) (io.Reader, error) {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// explain makes the error of a decoder one of ours.
func (r *Reader) explain(err error) error {
	var over *limit.Error
	switch {
	case r.src.err != nil && r.src.err != io.EOF && errors.Is(err, r.src.err):
		return err // the source's own trouble
	case malformed.In(err, Format) != nil, errors.As(err, &over):
		return err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return &limit.Error{Limit: Window, Max: MaxWindow, Value: MaxWindow + 1}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault(r.src.offset(), string(r.method)+" data end too early", nil, io.ErrUnexpectedEOF)
	}
	return fault(r.src.offset(), string(r.method)+" data are damaged", nil, err)
}

// source counts the bytes that decoders use. As an io.ByteReader it keeps them
// from reading ahead.
type source struct {
	buf *bufio.Reader
	r   io.Reader
	n   int64 // read from r
	err error // from r
}

func newSource(r io.Reader) *source {
	s := &source{r: r}
	s.buf = bufio.NewReaderSize(readFunc(s.fill), 16<<10)
	return s
}

// reset goes on with another reader.
func (s *source) reset(r io.Reader) {
	s.r, s.n, s.err = r, 0, nil
	s.buf.Reset(readFunc(s.fill))
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func (s *source) fill(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if err != nil {
		s.err = err
	}
	return n, err
}

func (s *source) offset() int64              { return s.n - int64(s.buf.Buffered()) }
func (s *source) Read(p []byte) (int, error) { return s.buf.Read(p) }
func (s *source) ReadByte() (byte, error)    { return s.buf.ReadByte() }

// full reads len(p) bytes; an end inside is unexpected.
func (s *source) full(p []byte) error {
	_, err := io.ReadFull(s.buf, p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
