// Package pbzx reads pbzx streams, the payloads of newer installer packages and
// of .xip files: chunks, each an xz stream or stored as it is.
//
// What it promises on hostile input: streaming with the memory of one xz
// decoder; a chunk's size is a claim that its content must meet; a wrong chunk
// ends the stream with a typed error after what was good.
//
// No public specification exists. Layout, as real files and public readers have
// it, all numbers big-endian: "pbzx", 8 bytes size of a full chunk; then for
// each chunk 8 bytes size of its content, 8 bytes size of its data, the data.
// Data of the same size as the content are stored, else they are xz. The end of
// the source is the end of the stream; so a cut between two chunks cannot be
// seen here, only in what is inside.
package pbzx

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/sbom/container/compress"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// Magic is at the start of every pbzx stream.
const Magic = "pbzx"

const maxChunk = 1 << 30 // bytes of one chunk's content; real ones have 16 MiB

// format is what messages call these bytes.
const format = "pbzx"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any, err error) *malformed.Error {
	return &malformed.Error{Format: format, Offset: offset, What: what, Value: value, Err: err}
}

// Detect reports whether a stream is pbzx by its first bytes. The relatives
// pbzz, pbze, pbz4 and pbz- are not.
func Detect(head []byte) bool { return bytes.HasPrefix(head, []byte(Magic)) }

// Reader decodes one stream.
type Reader struct {
	src    *counter
	budget *limit.Budget
	begun  bool
	chunk  int64             // offset of the current chunk's header
	data   *io.LimitedReader // of the current chunk; nil: none
	dec    io.Reader
	left   int64 // bytes that the chunk's content still needs
	err    error // sticky
}

// New makes a reader. Nothing is read before the first Read.
func New(r io.Reader, b *limit.Budget) *Reader {
	return &Reader{src: &counter{r: bufio.NewReaderSize(r, 64<<10)}, budget: b}
}

// Read reads decoded bytes. Errors are *malformed.Error, *limit.Error, or the
// source's.
func (r *Reader) Read(p []byte) (n int, err error) {
	for n == 0 && r.err == nil && len(p) > 0 {
		n, r.err = r.read(p)
	}
	if n > 0 {
		return n, nil
	}
	return 0, r.err
}

func (r *Reader) bad(off int64, what string, value any, err error) error {
	return fault(off, what, value, err)
}

func (r *Reader) read(p []byte) (int, error) {
	if !r.begun {
		var h [12]byte
		if _, err := io.ReadFull(r.src, h[:]); err != nil {
			return 0, r.cut(err, "header is cut")
		}
		if string(h[:4]) != Magic {
			return 0, r.bad(0, "magic is missing", fmt.Sprintf("%x", h[:4]), nil)
		}
		r.begun = true
	}
	if r.data == nil {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n, err := r.dec.Read(p)
	if int64(n) > r.left {
		return 0, r.bad(r.chunk, "chunk is larger than its size", nil, nil)
	}
	r.left -= int64(n)
	switch {
	case err == io.EOF && r.data.N > 0 && r.left == 0:
		err = r.bad(r.src.n, "data after the end of a chunk", r.data.N, nil)
	case err == io.EOF && r.left > 0 && r.data.N > 0:
		err = r.cut(io.ErrUnexpectedEOF, "chunk is cut")
	case err == io.EOF && r.left > 0:
		err = r.bad(r.chunk, "chunk is smaller than its size", nil, io.ErrUnexpectedEOF)
	case err == io.EOF:
		r.data, err = nil, nil
	case err != nil && r.src.err == nil:
		err = r.bad(r.src.n, "chunk cannot be decoded", nil, err)
	}
	return n, err
}

// next begins a chunk.
func (r *Reader) next() error {
	r.chunk = r.src.n
	var h [16]byte
	if n, err := io.ReadFull(r.src, h[:]); err == io.EOF && n == 0 {
		return io.EOF
	} else if err != nil {
		return r.cut(err, "chunk header is cut")
	}
	size, packed := binary.BigEndian.Uint64(h[:]), binary.BigEndian.Uint64(h[8:])
	if size > maxChunk || packed > maxChunk+maxChunk/8 {
		return r.bad(r.chunk, "chunk size is not possible", fmt.Sprintf("%d in %d", size, packed), nil)
	}
	r.left = int64(size)
	r.data = &io.LimitedReader{R: r.src, N: int64(packed)}
	r.dec = r.data
	if size != packed {
		r.dec = compress.New(r.data, compress.XZ, r.budget)
	}
	return nil
}

// cut is the error of a source that ended or failed.
func (r *Reader) cut(err error, what string) error {
	if r.src.err != nil {
		return r.src.err
	}
	return r.bad(r.src.n, what, nil, io.ErrUnexpectedEOF)
}

// counter counts what is read and keeps the source's own trouble.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}
