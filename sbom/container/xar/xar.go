// Package xar reads xar archives, the outer form of flat installer packages
// (.pkg, .mpkg) and of .xip files: a header, a table of contents in compressed
// XML, and a heap with the files' data.
//
// What it promises on hostile input: New reads the table streaming and keeps at
// most as many entries as the budget allows; data ranges are checked against
// the file when an entry is opened; contents are streamed and stop at their
// size; checksums are verified when a content was read to its end. What is
// wrong with one entry is in that entry (Trouble), and the others stay
// readable. Paths and links are given as found and may be hostile.
//
// The layout follows the public xar source (xar.h, "xar file format" of its
// wiki) and real archives.
package xar

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash"
	"io"

	"github.com/kinbom/kinbom/sbom/container/compress"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// Magic is at the start of every xar archive.
const Magic = "xar!"

const (
	headerSize = 28
	maxHeader  = 4096
)

// format is what messages call these bytes.
const format = "xar"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any, err error) *malformed.Error {
	return &malformed.Error{Format: format, Offset: offset, What: what, Value: value, Err: err}
}

// Type is the type of an entry. Words that are not listed here are kept as they
// are in the archive ("fifo", "character special", ...).
type Type string

// Types of entries.
const (
	TypeFile     Type = "file"
	TypeDir      Type = "directory"
	TypeSymlink  Type = "symlink"
	TypeHardlink Type = "hardlink"
)

// Checksum is a checksum as the table of contents gives it.
type Checksum struct {
	Style string // sha1, sha256, sha512, md5; "" for none
	Value string // lower-case hexadecimal
}

// Entry is one file, folder or link.
type Entry struct {
	ID       string // as the archive names it
	Path     string // names joined with slashes, as found: may be hostile
	Type     Type
	Mode     uint32 // permission bits
	Link     string // target of a symbolic link, as found; id of a hard link's original ("original": this one is it)
	Size     int64  // bytes of the content, as claimed
	Offset   int64  // of the stored data, in the archive
	Length   int64  // bytes of the stored data
	Encoding string // MIME type of how the data are stored; "" is application/octet-stream
	Archived Checksum
	Content  Checksum // the "extracted" checksum
	HasData  bool     // the table names data; a file without is empty
	Trouble  error    // why the entry cannot be read, or nil; *malformed.Error or *limit.Error
}

// Reader is an open archive. Its methods may be used concurrently when the
// source allows it.
type Reader struct {
	// Entries are all entries in the order of the table of contents: a folder
	// before what is in it.
	Entries []Entry
	// Troubles says what is wrong beside the entries (a wrong checksum of the
	// table of contents, say). The entries are usable nevertheless.
	Troubles []error
	// Signed tells that the table names a signature. Nothing about it is verified.
	Signed bool
	// TOCSize is the size of the table of contents, uncompressed, as claimed.
	TOCSize int64

	r      io.ReaderAt
	size   int64
	start  int64 // of the table of contents
	heap   int64
	budget *limit.Budget
	byID   map[string]int // id to the first entry that has a content
}

// Detect reports whether a file is a xar archive by its first bytes.
func Detect(head []byte) bool { return bytes.HasPrefix(head, []byte(Magic)) }

// New reads the header and the table of contents of an archive of size bytes.
// Errors are *malformed.Error, *limit.Error, or the source's.
func New(r io.ReaderAt, size int64, b *limit.Budget) (*Reader, error) {
	h, err := limit.ReadNAt(r, 0, headerSize, size)
	if err != nil {
		return nil, fault(min(size, headerSize), "header is cut", nil, err)
	}
	if string(h[:4]) != Magic {
		return nil, fault(0, "magic is missing", fmt.Sprintf("%x", h[:4]), nil)
	}
	be := binary.BigEndian
	length, version, packed, plain, alg := int64(be.Uint16(h[4:])), be.Uint16(h[6:]), be.Uint64(h[8:]), be.Uint64(h[16:]), be.Uint32(h[24:])
	switch {
	case length < headerSize || length > maxHeader:
		return nil, fault(4, "header size is not possible", length, nil)
	case version > 1:
		return nil, fault(6, "version is not known", version, nil)
	case packed > 1<<62 || !limit.Inside(length, int64(packed), size):
		return nil, fault(8, "table of contents is not inside the file", packed, io.ErrUnexpectedEOF)
	case plain > 1<<62:
		return nil, fault(16, "size of the table of contents is not possible", plain, nil)
	}
	x := &Reader{r: r, size: size, start: length, heap: length + int64(packed), budget: b, byID: map[string]int{}, TOCSize: int64(plain)}
	sum := tocHash(alg, h, r, length, size)
	var toc io.Reader = io.NewSectionReader(r, length, int64(packed))
	if sum != nil {
		toc = io.TeeReader(toc, sum)
	}
	z := &counter{r: compress.New(toc, compress.Zlib, b)}
	w := &walker{x: x}
	if err := w.walk(z); err != nil {
		return nil, err
	}
	if z.n != x.TOCSize {
		x.trouble(16, "size of the table of contents differs", fmt.Sprintf("%d, claimed %d", z.n, plain))
	}
	io.Copy(io.Discard, toc) // the checksum is over all stored bytes
	x.checkTOC(sum, &w.toc)
	return x, nil
}

func (x *Reader) trouble(off int64, what string, value any) {
	x.Troubles = append(x.Troubles, fault(off, what, value, nil))
}

// tocHash returns the hash of the table of contents that the header names, or nil.
func tocHash(alg uint32, h []byte, r io.ReaderAt, length, size int64) hash.Hash {
	style := map[uint32]string{1: "sha1", 2: "md5", 3: "sha256", 4: "sha512"}[alg]
	if alg == 3 && length > headerSize { // then the name follows
		if name, err := limit.ReadNAt(r, headerSize, length-headerSize, size); err == nil {
			style = string(bytes.TrimRight(name, "\x00"))
		}
	}
	return newHash(style)
}

// checkTOC compares the hash of the table of contents with the one in the heap.
func (x *Reader) checkTOC(sum hash.Hash, c *tocSum) {
	if sum == nil || c.size == 0 {
		return
	}
	if c.size != int64(sum.Size()) || c.offset < 0 || c.offset > x.size {
		x.trouble(-1, "checksum of the table of contents has the wrong size", c.size)
		return
	}
	want, err := limit.ReadNAt(x.r, x.heap+c.offset, c.size, x.size)
	if err != nil {
		x.trouble(x.heap, "checksum of the table of contents is not inside the file", c.offset)
	} else if !bytes.Equal(want, sum.Sum(nil)) {
		x.trouble(x.heap+c.offset, "checksum of the table of contents differs", nil)
	}
}

// Lookup returns the first entry of a path, or nil.
func (x *Reader) Lookup(path string) *Entry {
	for i := range x.Entries {
		if x.Entries[i].Path == path {
			return &x.Entries[i]
		}
	}
	return nil
}

// Original returns the entry that holds the content of a hard link; for other
// entries the entry itself. It is nil when no file has the id.
func (x *Reader) Original(e *Entry) *Entry {
	if e.Type != TypeHardlink || e.Link == "original" {
		return e
	}
	i, ok := x.byID[e.Link]
	if !ok {
		return nil
	}
	return &x.Entries[i]
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
