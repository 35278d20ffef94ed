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

import (
	"fmt"

	"github.com/kinbom/kinbom/sbom/malformed"
)

// Attribute is the name of the extended attribute.
const Attribute = "com.apple.decmpfs"

// fault says what is wrong with the attribute or the resource fork, and at which
// byte there.
func fault(in string, offset int64, what string, value uint64) *malformed.Error {
	return malformed.New("decmpfs "+in, offset, what, value)
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
