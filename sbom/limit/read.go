package limit

import (
	"errors"
	"fmt"
	"io"
)

// chunk is how much memory is given to a claim before any byte of it is seen.
const chunk = 1 << 20

// Inside reports whether n bytes at off lie inside size bytes. It is safe
// against overflow and against negative values.
func Inside(off, n, size int64) bool {
	return off >= 0 && n >= 0 && size >= 0 && off <= size && n <= size-off
}

// ReadN reads exactly n bytes, as a file claims them. Memory grows in steps, so
// that a false claim costs no more than twice what is there (and 1 MiB). Fewer
// bytes give io.ErrUnexpectedEOF, and no data beside it.
func ReadN(r io.Reader, n int64) ([]byte, error) {
	if n < 0 {
		return nil, fmt.Errorf("reading %d bytes: %w", n, io.ErrUnexpectedEOF)
	}
	buf := make([]byte, 0, min(n, chunk))
	for int64(len(buf)) < n {
		if len(buf) == cap(buf) {
			bigger := make([]byte, len(buf), min(n, 2*int64(cap(buf))))
			copy(bigger, buf)
			buf = bigger
		}
		m, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return buf, nil
}

// ReadNAt reads exactly n bytes at off of a source of size bytes. A range that
// is not inside fails with io.ErrUnexpectedEOF before anything is allocated.
func ReadNAt(r io.ReaderAt, off, n, size int64) ([]byte, error) {
	if !Inside(off, n, size) {
		return nil, fmt.Errorf("reading %d bytes at %d of %d: %w", n, off, size, io.ErrUnexpectedEOF)
	}
	return ReadN(io.NewSectionReader(r, off, n), n)
}

// ReadAll reads to the end. More than top bytes give an *Error of kind
// FileSize, and no data beside it.
func ReadAll(r io.Reader, top int64) ([]byte, error) {
	if top < 0 {
		top = 0
	}
	data, err := io.ReadAll(io.LimitReader(r, saturatedSum(top, 1)))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > top {
		return nil, &Error{FileSize, top, int64(len(data))}
	}
	return data, nil
}

// Reader returns a reader of one file that takes every byte from the budget
// and fails once the file is too large.
func (b *Budget) Reader(r io.Reader) io.Reader { return &reader{r: r, b: b} }

type reader struct {
	r    io.Reader
	b    *Budget
	size int64
	err  error // sticky
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.r.Read(p)
	r.size += int64(n)
	for _, e := range []error{r.b.TakeBytes(int64(n)), r.b.CheckFileSize(r.size)} {
		if e != nil {
			r.err = e
			return 0, e
		}
	}
	r.err = err
	return n, err
}
