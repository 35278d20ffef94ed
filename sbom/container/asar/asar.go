// Package asar reads asar archives, in which Electron apps carry their
// JavaScript: a header in JSON, then the files one after the other.
//
// What it promises on hostile input: the header is read token by token, with
// bounded size, nesting and number of entries; data ranges are checked against
// the file; integrity hashes are verified when they are asked for (Verify).
// What is wrong with one entry is in that entry (Trouble), and the others stay
// readable. Paths and links are given as found and may be hostile. Several
// entries may lie over the same data: the caller's budget counts each.
//
// The layout follows the README of electron/asar and files that it made: four
// little-endian 32-bit numbers (4, size of the header's pickle, size of the
// pickle's payload, length of the JSON), the JSON, padding, the data. Offsets of
// files are decimal strings, relative to the end of the header.
package asar

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"strings"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

const (
	prefix    = 16       // bytes before the JSON
	maxHeader = 64 << 20 // bytes of JSON; 100,000 files with hashes need some 35 MB
	maxPaths  = 64 << 20 // bytes of all paths together
)

// Format is what messages call these bytes.
const Format = "asar"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any, err error) *malformed.Error {
	return &malformed.Error{Format: Format, Offset: offset, What: what, Value: value, Err: err}
}

// Type is the type of an entry.
type Type string

// Types of entries.
const (
	TypeFile Type = "file"
	TypeDir  Type = "dir"
	TypeLink Type = "link"
)

// Entry is one file, folder or link.
type Entry struct {
	Path       string // names joined with slashes, as found: may be hostile
	Type       Type
	Size       int64 // bytes of the content, as claimed
	Offset     int64 // of the content in the archive
	Executable bool
	// Unpacked: the content is not in the archive but in the folder beside it
	// that has the archive's name and ".unpacked", under the same path.
	Unpacked  bool
	Link      string     // target of a link, as found; relative to the archive's root
	Integrity *Integrity // nil: none given
	Trouble   error      // why the entry cannot be read, or nil; *malformed.Error or *limit.Error
}

// Integrity is the hash that the archive gives for a file.
type Integrity struct {
	Algorithm string   // SHA256
	Hash      string   // of the whole content, lower-case hexadecimal
	BlockSize int64    // bytes of a block, the last one may be shorter
	Blocks    []string // hash of each block
}

// Reader is an open archive. Its methods may be used concurrently when the
// source allows it.
type Reader struct {
	Entries []Entry // in the order of the header; a folder before what is in it
	// HeaderDigest is the SHA-256 of the JSON, in hexadecimal: what an app's
	// Info.plist names under ElectronAsarIntegrity.
	HeaderDigest string

	r    io.ReaderAt
	size int64
}

// Detect reports whether a file is an asar archive by its first 17 bytes.
func Detect(head []byte) bool {
	if len(head) < prefix+1 || head[prefix] != '{' {
		return false
	}
	_, err := parsePrefix(head, 1<<62)
	return err == nil
}

type sizes struct{ json, base int64 }

// parsePrefix checks the four numbers.
func parsePrefix(h []byte, size int64) (sizes, error) {
	le := binary.LittleEndian
	first, pickle, payload, json := le.Uint32(h), le.Uint32(h[4:]), le.Uint32(h[8:]), le.Uint32(h[12:])
	switch {
	case first != 4:
		return sizes{}, fault(0, "size pickle is not 4 bytes", first, nil)
	case pickle < 8 || !limit.Inside(8, int64(pickle), size):
		return sizes{}, fault(4, "header is not inside the file", pickle, io.ErrUnexpectedEOF)
	case payload < 4 || payload > pickle-4:
		return sizes{}, fault(8, "payload is larger than the header", payload, nil)
	case json > payload-4:
		return sizes{}, fault(12, "JSON is larger than the header", json, nil)
	}
	return sizes{int64(json), 8 + int64(pickle)}, nil
}

// New reads the header of an archive of size bytes. Errors are *malformed.Error,
// *limit.Error, or the source's.
func New(r io.ReaderAt, size int64, b *limit.Budget) (*Reader, error) {
	h, err := limit.ReadNAt(r, 0, prefix, size)
	if err != nil {
		return nil, fault(min(size, prefix), "header is cut", nil, err)
	}
	s, err := parsePrefix(h, size)
	if err != nil {
		return nil, err
	}
	if s.json > maxHeader {
		return nil, &limit.Error{Limit: limit.FileSize, Max: maxHeader, Value: s.json}
	}
	a := &Reader{r: r, size: size}
	sum := sha256.New()
	w := &walker{a: a, base: s.base, max: b.Max(), left: maxPaths}
	src := &source{r: io.TeeReader(io.NewSectionReader(r, prefix, s.json), sum)}
	if err := w.walk(src); err != nil {
		if src.err != nil {
			return nil, src.err
		}
		return nil, err
	}
	a.HeaderDigest = hex.EncodeToString(sum.Sum(nil))
	return a, nil
}

// source keeps the trouble of the source itself.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// Open returns a stream of a file's content. Entries without content in the
// archive (folders, links, unpacked files) and entries with trouble give an
// error. Nothing is verified: see Verify.
func (a *Reader) Open(e *Entry) (*io.SectionReader, error) {
	switch {
	case e.Trouble != nil:
		return nil, e.Trouble
	case e.Type != TypeFile:
		return nil, fault(0, "entry has no content", string(e.Type), nil)
	case e.Unpacked:
		return nil, fault(0, "content is beside the archive", nil, nil)
	case !limit.Inside(e.Offset, e.Size, a.size):
		return nil, fault(e.Offset, "content is not inside the file", e.Size, io.ErrUnexpectedEOF)
	}
	return io.NewSectionReader(a.r, e.Offset, e.Size), nil
}

// Verify compares a content (of the archive, or of the unpacked file beside it)
// with the hashes that the archive gives for the entry. It reads r to its end.
// A difference is a *malformed.Error; an entry without hashes, or with hashes of an
// algorithm that is not known, gives ok false and no error.
func (e *Entry) Verify(r io.Reader) (ok bool, err error) {
	in := e.Integrity
	if in == nil || !strings.EqualFold(in.Algorithm, "SHA256") {
		return false, nil
	}
	if in.BlockSize <= 0 && len(in.Blocks) > 0 {
		return false, fault(e.Offset, "block size is not possible", in.BlockSize, nil)
	}
	whole := sha256.New()
	src := io.TeeReader(r, whole)
	n := int64(0)
	for i, want := range in.Blocks {
		block := sha256.New()
		m, err := io.CopyN(block, src, in.BlockSize)
		n += m
		if err != nil && err != io.EOF {
			return false, err
		}
		if m < in.BlockSize && i < len(in.Blocks)-1 {
			break // the whole hash will differ
		}
		if !same(block, want) {
			return false, fault(e.Offset+int64(i)*in.BlockSize, "block hash differs", i, nil)
		}
	}
	m, err := io.Copy(io.Discard, src)
	if err != nil {
		return false, err
	}
	if n+m != e.Size {
		return false, fault(e.Offset, "content has another size", n+m, nil)
	}
	if m > 0 && len(in.Blocks) > 0 {
		return false, fault(e.Offset+n, "content is longer than its blocks", n+m, nil)
	}
	if !same(whole, in.Hash) {
		return false, fault(e.Offset, "hash differs", in.Hash, nil)
	}
	return true, nil
}

func same(h hash.Hash, want string) bool {
	return strings.EqualFold(hex.EncodeToString(h.Sum(nil)), want)
}
