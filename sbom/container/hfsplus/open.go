package hfsplus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/sbom/container/decmpfs"
	"github.com/kinbom/kinbom/sbom/limit"
)

// ErrNoAttr says that a file does not have an attribute.
var ErrNoAttr = errors.New("no such extended attribute")

// maxAttr is the most bytes of one attribute that are read. Nothing that code
// needs is near it.
const maxAttr = 16 << 20

// Types of a record in the attributes tree.
const (
	attrInline  = 0x10
	attrFork    = 0x20
	attrExtents = 0x30
)

// Open reads the content of a file, as macOS shows it: through hard links, and
// unpacked. Unless the entry is compressed the reader is an *io.SectionReader,
// and so an io.ReaderAt. Nothing is taken from the budget: wrap it with
// limit.Budget.Reader. The reader gives exactly e.Size bytes or an error.
func (v *Volume) Open(e Entry) (io.Reader, error) {
	if e.Type != TypeFile {
		return nil, fmt.Errorf("opening %q: not a regular file", e.Path)
	}
	if e.missing {
		return nil, e.Err
	}
	if !e.Compressed {
		f, err := v.fileFork(e.data, e.ID, forkData)
		if err != nil {
			return nil, err
		}
		return f.section(), nil
	}
	attr, err := v.attribute(e.ID, decmpfs.Attribute)
	if err != nil {
		return nil, err
	}
	rsrc, err := v.fileFork(e.rsrc, e.ID, forkResource)
	if err != nil {
		return nil, err
	}
	return decmpfs.NewReader(attr, rsrc, rsrc.size)
}

// OpenResource reads the resource fork of a file. It is empty when there is
// none, and when it holds the compressed content.
func (v *Volume) OpenResource(e Entry) (*io.SectionReader, error) {
	if e.packed {
		return io.NewSectionReader(bytes.NewReader(nil), 0, 0), nil
	}
	f, err := v.fileFork(e.rsrc, e.ID, forkResource)
	if err != nil {
		return nil, err
	}
	return f.section(), nil
}

// Attr reads an extended attribute of a file or folder. It gives an error that
// wraps ErrNoAttr when there is none of the name.
func (v *Volume) Attr(e Entry, name string) ([]byte, error) { return v.attribute(e.ID, name) }

func (v *Volume) attribute(id uint32, name string) ([]byte, error) {
	if v.attributes == nil {
		return nil, ErrNoAttr
	}
	raw := nameBytes(name)
	n, body, _, err := v.attributeRecord(id, raw, 0)
	if err != nil {
		return nil, err
	}
	be := binary.BigEndian
	switch kind := be.Uint32(body); {
	case kind == attrInline && len(body) >= 16:
		size := int64(be.Uint32(body[12:]))
		if !limit.Inside(16, size, int64(len(body))) {
			return nil, fault(n.at, "attribute is longer than its record", uint64(size))
		}
		return bytes.Clone(body[16 : 16+size]), nil
	case kind == attrFork && len(body) >= 8+forkSize:
		f, err := v.openFork(parseFork(body[8:]), func(block uint32) (uint32, [8]extent, error) {
			return v.attributeExtents(id, raw, block)
		})
		if err != nil {
			return nil, err
		}
		if f.size > maxAttr {
			return nil, &limit.Error{Limit: limit.FileSize, Max: maxAttr, Value: f.size}
		}
		return limit.ReadNAt(f, 0, f.size, f.size)
	default:
		return nil, fault(n.at, "unknown type of an attribute record", uint64(kind))
	}
}

// attributeRecord finds the record of an attribute that starts at a block or is
// the last one to start before it. The body has at least four bytes.
func (v *Volume) attributeRecord(id uint32, name []byte, block uint32) (*node, []byte, uint32, error) {
	n, i, err := v.attributes.search(func(key []byte) (int, bool) {
		got, raw, first, ok := attributeKey(key)
		if c := compareUint(got, id); c != 0 {
			return c, ok
		}
		if c := bytes.Compare(raw, name); c != 0 { // as numbers of two bytes, the high one first
			return c, ok
		}
		return compareUint(first, block), ok
	})
	if err != nil {
		return nil, nil, 0, fmt.Errorf("looking up an attribute of file %d: %w", id, err)
	}
	if i >= 0 {
		key, body, err := n.record(i)
		if err != nil {
			return nil, nil, 0, err
		}
		if got, raw, first, ok := attributeKey(key); ok && got == id && bytes.Equal(raw, name) && len(body) >= 4 {
			return n, body, first, nil
		}
	}
	return nil, nil, 0, ErrNoAttr
}

// attributeExtents finds the extents of an attribute's fork for a block.
func (v *Volume) attributeExtents(id uint32, name []byte, block uint32) (uint32, [8]extent, error) {
	n, body, first, err := v.attributeRecord(id, name, block)
	if err != nil {
		return 0, [8]extent{}, err
	}
	if binary.BigEndian.Uint32(body) != attrExtents || len(body) < 8+64 {
		return 0, [8]extent{}, fault(n.at, "extents are missing of an attribute of file", uint64(id))
	}
	return first, parseExtents(body[8:]), nil
}

// attributeKey splits a key: two bytes of padding, file, first block, name.
func attributeKey(key []byte) (id uint32, name []byte, block uint32, ok bool) {
	if len(key) < 12 {
		return 0, nil, 0, false
	}
	n := 2 * int(binary.BigEndian.Uint16(key[10:]))
	if 12+n > len(key) {
		return 0, nil, 0, false
	}
	return binary.BigEndian.Uint32(key[2:]), key[12 : 12+n], binary.BigEndian.Uint32(key[6:]), true
}
