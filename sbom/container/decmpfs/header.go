package decmpfs

import (
	"encoding/binary"
	"math"
)

// Types of the header: how the content is packed, and where it is.
const (
	typePlain          = 1 // behind the header, as it is
	typeZlibInline     = 3
	typeZlibResource   = 4
	typeDataless       = 5 // in a store of the system or of a service: not in the file
	typeLZVNInline     = 7
	typeLZVNResource   = 8
	typeRawInline      = 9 // one byte of mark, then the content
	typeRawResource    = 10
	typeLZFSEInline    = 11
	typeLZFSEResource  = 12
	typeBitmapInline   = 13
	typeBitmapResource = 14
)

const (
	headerSize = 16
	magic      = 0x636d7066 // little-endian: the bytes "fpmc"
	inAttr     = "attribute"
	inResource = "resource fork"
)

// Header is the start of the attribute.
type Header struct {
	Type uint32
	Size int64 // bytes of the content when unpacked, as claimed
}

// ParseHeader reads the header. The type is not judged: see NewReader.
func ParseHeader(attr []byte) (Header, error) {
	if len(attr) < headerSize {
		return Header{}, fault(inAttr, 0, "too short for its header", uint64(len(attr)))
	}
	if m := binary.LittleEndian.Uint32(attr); m != magic {
		return Header{}, fault(inAttr, 0, "magic is not known", uint64(m))
	}
	size := binary.LittleEndian.Uint64(attr[8:])
	if size > math.MaxInt64 {
		return Header{}, fault(inAttr, 8, "impossible size", size)
	}
	return Header{binary.LittleEndian.Uint32(attr[4:]), int64(size)}, nil
}

// InResource reports whether the content is in the resource fork.
func (h Header) InResource() bool {
	switch h.Type {
	case typeZlibResource, typeLZVNResource, typeRawResource, typeLZFSEResource, typeBitmapResource:
		return true
	}
	return false
}

// Supported returns an *UnsupportedError for a type that NewReader refuses.
func (h Header) Supported() error {
	switch h.Type {
	case typePlain, typeZlibInline, typeZlibResource, typeLZVNInline, typeLZVNResource,
		typeRawInline, typeRawResource, typeLZFSEInline, typeLZFSEResource:
		return nil
	}
	return &UnsupportedError{h.Type}
}
