// Package tarball reads tar archives, plain or compressed with gzip, bzip2, xz,
// lzma or zstd.
//
// What it promises on hostile input: streaming with bounded memory (see package
// compress); sparse files and compressed data may not grow over the budget's
// ratio of the archive's size; a damaged header ends the archive with a
// *malformed.Error after the entries before it. Names and links are given as found
// and may be hostile.
//
// The forms are those of archive/tar: ustar, pax, GNU, and what is older.
package tarball

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"

	"github.com/kinbom/kinbom/sbom/container/compress"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

const block = 512

// format is what messages call these bytes.
const format = "tar"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any, err error) *malformed.Error {
	return &malformed.Error{Format: format, Offset: offset, What: what, Value: value, Err: err}
}

// Type is the type of an entry.
type Type string

// Types of entries.
const (
	TypeFile     Type = "file"
	TypeDir      Type = "dir"
	TypeSymlink  Type = "symlink"
	TypeHardlink Type = "hardlink" // Link is the name of an entry before it
	TypeOther    Type = "other"    // device, pipe, or a type that is not known
)

// Entry is one entry.
type Entry struct {
	Name   string // as found: may be hostile
	Type   Type
	Flag   byte   // type flag, as found
	Size   int64  // bytes of the content, holes of a sparse file included
	Link   string // target of a link, as found
	Mode   int64
	Offset int64 // of the header or before it, after decompression
}

// Reader reads the entries one after the other. It is not safe for concurrent
// use.
type Reader struct {
	method compress.Method
	src    *counter
	tar    *tar.Reader
	size   int64 // bytes of the archive, compressed
	out    int64 // bytes of contents so far
	budget *limit.Budget
	err    error // sticky
}

// Detect reports whether the first bytes are a tar header that is not
// compressed: the checksum of the header tells.
func Detect(head []byte) bool {
	if len(head) < block || head[0] == 0 {
		return false
	}
	want, digits := int64(0), 0
	for _, c := range bytes.Trim(head[148:156], " \x00") {
		if c < '0' || c > '7' {
			return false
		}
		want, digits = want<<3|int64(c-'0'), digits+1
	}
	sum, signed := int64(0), int64(0)
	for i, c := range head[:block] {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
		signed += int64(int8(c))
	}
	return digits > 0 && (sum == want || signed == want)
}

// New makes a reader of an archive of size bytes, and tells by its first bytes
// how it is compressed. A *malformed.Error says that it is no tar archive.
func New(r io.ReaderAt, size int64, b *limit.Budget) (*Reader, error) {
	head := make([]byte, min(block, size))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if err == io.EOF || err == nil {
			err = fault(int64(n), "ends too early", nil, io.ErrUnexpectedEOF)
		}
		return nil, err
	}
	t := &Reader{method: compress.Detect(head), size: size, budget: b}
	if Detect(head) {
		t.method = compress.None
	}
	var src io.Reader = io.NewSectionReader(r, 0, size)
	if t.method != compress.None {
		src = compress.New(src, t.method, b)
	}
	first := make([]byte, block)
	n, err := io.ReadFull(src, first)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	if !Detect(first[:n]) && !empty(first[:n]) {
		return nil, fault(0, "no tar header", nil, nil)
	}
	t.src = &counter{r: io.MultiReader(bytes.NewReader(first[:n]), src)}
	t.tar = tar.NewReader(t.src)
	return t, nil
}

// empty reports whether a first block is the end of an archive.
func empty(first []byte) bool {
	return len(first) == block && len(bytes.TrimLeft(first, "\x00")) == 0
}

// Method returns how the archive is compressed.
func (t *Reader) Method() compress.Method { return t.method }

// Next skips what is left of the current entry and reads the next header. At
// the end it reads to the end of the source, where checksums of the compression
// are verified, and returns io.EOF; bytes other than zero there are a
// *malformed.Error, for something may be hidden in them.
func (t *Reader) Next() (*Entry, error) {
	if t.err != nil {
		return nil, t.err
	}
	at := t.src.n
	h, err := t.tar.Next()
	if errors.Is(err, tar.ErrInsecurePath) {
		err = nil // the caller judges names
	}
	if err == io.EOF {
		err = t.finish()
	}
	if err != nil {
		t.err = t.explain(err)
		return nil, t.err
	}
	e := &Entry{Name: h.Name, Flag: h.Typeflag, Size: h.Size, Link: h.Linkname, Mode: h.Mode, Offset: at, Type: TypeOther}
	switch h.Typeflag {
	case tar.TypeReg, '\x00', '7', tar.TypeGNUSparse:
		e.Type = TypeFile
	case tar.TypeDir:
		e.Type = TypeDir
	case tar.TypeSymlink:
		e.Type = TypeSymlink
	case tar.TypeLink:
		e.Type = TypeHardlink
	}
	return e, nil
}

// Read reads the content of the current entry; io.EOF at its end.
func (t *Reader) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.tar.Read(p)
	t.out += int64(n)
	if n > 0 {
		if over := t.budget.CheckRatio(t.size, t.out); over != nil {
			n, err = 0, over
		}
	}
	if err != nil && err != io.EOF {
		err = t.explain(err)
		t.err = err
	}
	return n, err
}

// finish reads what is behind the end. An archive that just stops between two
// entries was cut: writers end it with a block of zeros.
func (t *Reader) finish() error {
	if !t.src.zeros {
		return fault(t.src.n, "end of the archive is missing", nil, io.ErrUnexpectedEOF)
	}
	buf := make([]byte, 16<<10)
	for {
		n, err := t.src.Read(buf)
		if rest := bytes.TrimLeft(buf[:n], "\x00"); len(rest) > 0 {
			return fault(t.src.n-int64(len(rest)), "data after the end of the archive", nil, nil)
		}
		if err != nil {
			return err
		}
	}
}

func (t *Reader) explain(err error) error {
	switch {
	case err == io.EOF || malformed.In(err, format) != nil:
		return err
	case t.src.err != nil && t.src.err != io.EOF:
		return t.src.err // of the decoder or of the source
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault(t.src.n, "ends too early", nil, io.ErrUnexpectedEOF)
	}
	return fault(t.src.n, "damaged", nil, err)
}

// counter counts bytes, keeps the source's error, and knows whether the last
// whole block that was read is zeros.
type counter struct {
	r     io.Reader
	n     int64
	err   error
	zeros bool
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if n > 0 {
		c.zeros = (c.zeros || n >= block) && len(bytes.TrimLeft(p[max(0, n-block):n], "\x00")) == 0
	}
	if err != nil {
		c.err = err
	}
	return n, err
}
