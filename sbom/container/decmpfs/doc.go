// Package decmpfs reads files that macOS compresses transparently, as HFS+ and
// APFS store them: a header in the extended attribute com.apple.decmpfs, and the
// content behind the header or in the resource fork.
//
// A file counts as compressed only when the file system's flag UF_COMPRESSED
// says so; the attribute alone does not make it one. The caller checks the flag.
//
// What it promises on hostile input: a reader gives exactly the number of bytes
// that the header claims, or an error; nothing is returned as content that was
// not there. It holds one block (64 KiB) and its packed form, whatever the
// header claims. It counts nothing: wrap it with limit.Budget.Reader. An image
// can point many blocks at the same packed bytes, so that the caller's limits on
// file size and ratio are what bounds the output.
//
// The header follows sys/decmpfs.h of Apple's open-source kernel. The layouts of
// types 7 to 12 have no published header; they follow what real files hold.
package decmpfs

import "fmt"

// Attribute is the name of the extended attribute.
const Attribute = "com.apple.decmpfs"

// FormatError says what is wrong with a compressed file, and at which byte.
type FormatError struct {
	In     string // "attribute" or "resource fork"
	Offset int64  // byte offset there
	What   string
	Value  uint64 // what was found, where a number says more
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("decmpfs %s, byte %d: %s (%d)", e.In, e.Offset, e.What, e.Value)
}

// UnsupportedError says that the file is packed in a way that this package does
// not read.
type UnsupportedError struct {
	Type uint32 // of the header
}

func (e *UnsupportedError) Error() string {
	name := "unknown"
	switch e.Type {
	case typeDataless:
		name = "content is kept elsewhere"
	case typeBitmapInline, typeBitmapResource:
		name = "LZBITMAP"
	}
	return fmt.Sprintf("decmpfs type %d (%s) is not supported", e.Type, name)
}
