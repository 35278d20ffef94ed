// Package cpio reads cpio archives in the portable forms: odc (magic 070707, in
// installer packages), newc (070701) and newc with checksums (070702).
//
// What it promises on hostile input: streaming, with the memory of one name;
// names and link targets are bounded; what is left of an entry is skipped, not
// kept; checksums are verified when a content was read to its end. A damaged
// header ends the archive with a *malformed.Error after the entries before it.
// Names and links are given as found and may be hostile.
//
// The layout follows cpio(5) of BSD and POSIX.1-2001 (pax, "cpio interchange
// format").
package cpio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom/malformed"
)

const (
	trailer   = "TRAILER!!!"
	maxName   = 64 << 10
	typeMask  = 0o170000
	odcSize   = 76
	newcSize  = 110
	magicSize = 6
)

// format is what messages call these bytes.
const format = "cpio"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any, err error) *malformed.Error {
	return &malformed.Error{Format: format, Offset: offset, What: what, Value: value, Err: err}
}

// Format is one of the forms.
type Format string

// Formats.
const (
	ODC  Format = "odc"
	Newc Format = "newc"
	CRC  Format = "crc"
)

// Detect returns the form of an archive by its first bytes, or "".
func Detect(head []byte) Format {
	if len(head) < magicSize {
		return ""
	}
	switch string(head[:magicSize]) {
	case "070707":
		return ODC
	case "070701":
		return Newc
	case "070702":
		return CRC
	}
	return ""
}

// Type is the type of an entry.
type Type string

// Types of entries.
const (
	TypeFile    Type = "file"
	TypeDir     Type = "dir"
	TypeSymlink Type = "symlink"
	TypeDevice  Type = "device" // character or block device
	TypeOther   Type = "other"  // pipe, socket, or a type that is not known
)

// Header is one entry.
type Header struct {
	Name   string // as found: may be hostile; installer packages begin it with "./"
	Type   Type
	Mode   uint32 // with the type bits, as found
	Size   int64  // bytes of the content
	Link   string // target of a symbolic link, as found; "" when it has more than 64 KiB
	Inode  uint64 // with Device: the same for all names of one file
	Device uint64
	// Links is the number of names of the file. In the newc forms only the last
	// of them has the content, the others have size 0.
	Links  uint32
	Time   int64 // seconds since 1970
	Offset int64 // of the header
	Format Format
	sum    uint32
}

// Reader reads the entries one after the other. It is not safe for concurrent
// use.
type Reader struct {
	src  *bufio.Reader
	off  int64
	cur  *Header
	left int64  // bytes of the current content
	pad  int64  // bytes behind it
	sum  uint32 // of the bytes read of it
	err  error  // sticky
}

// NewReader makes a reader. Nothing is read before the first Next.
func NewReader(r io.Reader) *Reader {
	return &Reader{src: bufio.NewReaderSize(r, 64<<10)}
}

// Next skips what is left of the current entry and reads the next header. At
// the trailer it reads to the end of the source and returns io.EOF; bytes other
// than zero there are a *malformed.Error, for something may be hidden in them.
func (r *Reader) Next() (*Header, error) {
	if r.err != nil {
		return nil, r.err
	}
	h, err := r.next()
	if err != nil {
		r.cur, r.err = nil, err
		return nil, err
	}
	return h, nil
}

func (r *Reader) next() (*Header, error) {
	if r.cur != nil {
		if err := r.discard(r.left + r.pad); err != nil {
			return nil, err
		}
		r.cur = nil
	}
	h, name, err := r.header()
	if err != nil {
		return nil, err
	}
	if name < 1 || name > maxName {
		return nil, fault(h.Offset, "length of a name is not possible", name, nil)
	}
	b := make([]byte, name)
	if err := r.full(b); err != nil {
		return nil, err
	}
	if b[name-1] != 0 {
		return nil, fault(h.Offset, "name does not end with a zero byte", nil, nil)
	}
	h.Name = string(b[:name-1])
	if h.Format != ODC {
		if err := r.discard(-(newcSize + name) & 3); err != nil {
			return nil, err
		}
		r.pad = -h.Size & 3
	} else {
		r.pad = 0
	}
	r.cur, r.left, r.sum = h, h.Size, 0
	if h.Name == trailer && h.Size == 0 {
		return nil, r.finish()
	}
	if h.Type == TypeSymlink && h.Size <= maxName {
		b := make([]byte, h.Size)
		if err := r.full(b); err != nil {
			return nil, err
		}
		h.Link = strings.TrimRight(string(b), "\x00")
		r.left = 0
	}
	return h, nil
}

// header reads the fixed part of a header and the length of the name.
func (r *Reader) header() (*Header, int64, error) {
	start := r.off
	var b [newcSize]byte
	if _, err := r.src.Peek(1); err == io.EOF {
		return nil, 0, fault(start, "trailer is missing", nil, io.ErrUnexpectedEOF)
	}
	if err := r.full(b[:magicSize]); err != nil {
		return nil, 0, err
	}
	h := &Header{Format: Detect(b[:magicSize]), Offset: start}
	f := &fields{b: b[magicSize:]}
	var name int64
	switch h.Format {
	case "":
		what := "magic is not known"
		if b[0] == 0x71 && b[1] == 0xC7 || b[0] == 0xC7 && b[1] == 0x71 {
			what = "old binary form cannot be read"
		}
		return nil, 0, fault(start, what, fmt.Sprintf("%x", b[:magicSize]), nil)
	case ODC:
		if err := r.full(b[magicSize:odcSize]); err != nil {
			return nil, 0, err
		}
		h.Device, h.Inode, h.Mode = f.octal(6), f.octal(6), uint32(f.octal(6))
		f.octal(6) // owner
		f.octal(6) // group
		h.Links = uint32(f.octal(6))
		f.octal(6) // device number
		h.Time = int64(f.octal(11))
		name, h.Size = int64(f.octal(6)), int64(f.octal(11))
	default:
		if err := r.full(b[magicSize:]); err != nil {
			return nil, 0, err
		}
		h.Inode, h.Mode = f.hex(), uint32(f.hex())
		f.hex() // owner
		f.hex() // group
		h.Links, h.Time, h.Size = uint32(f.hex()), int64(f.hex()), int64(f.hex())
		h.Device = f.hex()<<32 | f.hex()
		f.hex() // device number
		f.hex()
		name, h.sum = int64(f.hex()), uint32(f.hex())
	}
	if f.bad {
		return nil, 0, fault(start, "header holds something that is no number", fmt.Sprintf("%q", b[:]), nil)
	}
	h.Type = typeOf(h.Mode)
	return h, name, nil
}

func typeOf(mode uint32) Type {
	switch mode & typeMask {
	case 0o100000, 0: // some writers leave the type of a file out
		return TypeFile
	case 0o040000:
		return TypeDir
	case 0o120000:
		return TypeSymlink
	case 0o020000, 0o060000:
		return TypeDevice
	}
	return TypeOther
}

// Read reads the content of the current entry; io.EOF at its end.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.cur == nil || r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.src.Read(p[:min(int64(len(p)), r.left)])
	r.off += int64(n)
	r.left -= int64(n)
	if r.cur.Format == CRC {
		for _, c := range p[:n] {
			r.sum += uint32(c)
		}
	}
	switch {
	case err != nil:
		r.err = r.cut(err)
		return n, r.err
	case r.left == 0 && r.cur.Format == CRC && r.cur.Type == TypeFile && r.sum != r.cur.sum:
		// Only this content is wrong: the next entry can still be read.
		return n, fault(r.cur.Offset, "checksum of a content differs", fmt.Sprintf("%08x", r.sum), nil)
	}
	return n, nil
}

// finish reads what is behind the trailer.
func (r *Reader) finish() error {
	for {
		b, err := r.src.Peek(4096)
		if rest := bytes.TrimLeft(b, "\x00"); len(rest) > 0 {
			return fault(r.off+int64(len(b)-len(rest)), "data after the trailer", nil, nil)
		}
		n, _ := r.src.Discard(len(b))
		r.off += int64(n)
		if err == io.EOF {
			return io.EOF
		}
		if err != nil {
			return err
		}
	}
}

// full reads len(p) bytes.
func (r *Reader) full(p []byte) error {
	n, err := io.ReadFull(r.src, p)
	r.off += int64(n)
	if err != nil {
		return r.cut(err)
	}
	return nil
}

func (r *Reader) discard(n int64) error {
	m, err := io.CopyN(io.Discard, r.src, n)
	r.off += m
	if err != nil {
		return r.cut(err)
	}
	return nil
}

// cut makes an end of the source a *malformed.Error, and leaves other errors.
func (r *Reader) cut(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) && !typed(err) {
		return fault(r.off, "ends too early", nil, io.ErrUnexpectedEOF)
	}
	return err
}

// typed reports whether an error says more than that the source ended.
func typed(err error) bool { return err != io.ErrUnexpectedEOF }

// fields takes numbers out of a header.
type fields struct {
	b   []byte
	bad bool
}

// octal takes n digits. Leading spaces are what some writers pad with.
func (f *fields) octal(n int) uint64 { return f.number(n, 8) }

func (f *fields) hex() uint64 { return f.number(8, 16) }

func (f *fields) number(n, base int) uint64 {
	s := strings.TrimLeft(string(f.b[:n]), " ")
	f.b = f.b[n:]
	v, err := strconv.ParseUint(s, base, 63)
	if err != nil {
		f.bad = true
	}
	return v
}
