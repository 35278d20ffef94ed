package udif

import (
	"encoding/binary"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
)

// kolySize is the size of the trailer, which is the last sector of an image;
// the oldest images have it as their first. All numbers are big-endian.
const kolySize = 512

// koly is what the trailer says.
type koly struct {
	at                             int64 // its offset in the file
	dataOffset, dataLength         int64 // the chunks' bytes
	resourceOffset, resourceLength int64 // a resource fork, in old images
	xmlOffset, xmlLength           int64 // a property list, in all others
	dataChecksum, masterChecksum   checksum
}

// checksum is as images keep it: a type, a number of bits, and 128 bytes.
type checksum struct {
	kind uint32
	sum  uint32 // of the type crc32
}

// crc32Kind is the type of checksums that is verified.
const crc32Kind = 2

func readChecksum(b []byte) checksum {
	c := checksum{kind: binary.BigEndian.Uint32(b), sum: binary.BigEndian.Uint32(b[8:])}
	if c.kind == crc32Kind && binary.BigEndian.Uint32(b[4:]) != 32 {
		c.kind = 0
	}
	return c
}

func readKoly(r io.ReaderAt, size int64) (*koly, error) {
	at := size - kolySize
	b, err := limit.ReadNAt(r, at, kolySize, size)
	if err != nil {
		return nil, err
	}
	if string(b[:4]) != "koly" {
		at = 0
		if b, err = limit.ReadNAt(r, at, kolySize, size); err != nil {
			return nil, err
		}
	}
	be := binary.BigEndian
	if n := be.Uint32(b[8:]); n != kolySize {
		return nil, fault(at+8, "impossible size of the koly trailer", n)
	}
	if n := be.Uint32(b[60:]); n > 1 {
		return nil, ErrSegmented
	}
	k := &koly{at: at, dataChecksum: readChecksum(b[80:]), masterChecksum: readChecksum(b[352:])}
	for _, f := range []struct {
		what   string
		field  int
		offset *int64
		length *int64
	}{
		{"data fork", 24, &k.dataOffset, &k.dataLength},
		{"resource fork", 40, &k.resourceOffset, &k.resourceLength},
		{"property list", 216, &k.xmlOffset, &k.xmlLength},
	} {
		off, n := be.Uint64(b[f.field:]), be.Uint64(b[f.field+8:])
		if off > uint64(size) || n > uint64(size)-off {
			return nil, fault(at+int64(f.field), f.what+" lies outside the file", off)
		}
		*f.offset, *f.length = int64(off), int64(n)
	}
	return k, nil
}

// blkx returns the tables, still packed: from the property list, or from the
// resource fork when there is no list.
func (k *koly) blkx(r io.ReaderAt, size int64) ([]entry, error) {
	switch {
	case k.xmlLength > maxXML:
		return nil, &limit.Error{Limit: limit.FileSize, Max: maxXML, Value: k.xmlLength}
	case k.xmlLength > 0:
		return readList(io.NewSectionReader(r, k.xmlOffset, k.xmlLength), k.xmlOffset)
	case k.resourceLength > maxXML:
		return nil, &limit.Error{Limit: limit.FileSize, Max: maxXML, Value: k.resourceLength}
	case k.resourceLength > 0:
		b, err := limit.ReadNAt(r, k.resourceOffset, k.resourceLength, size)
		if err != nil {
			return nil, err
		}
		return readResources(b, k.resourceOffset)
	}
	return nil, fault(k.at+216, "image has neither property list nor resource fork", nil)
}
