package decmpfs

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
)

// maxPacked is the most bytes that one packed block may have. No encoder makes
// one longer than its content and a mark; some leave bytes behind it.
const maxPacked = 2 * BlockSize

// table finds packed blocks in a resource fork. There are two layouts:
//
//   - a resource fork as the Resource Manager knows it, with one resource whose
//     data is a list of (offset, length), counted from that list's start;
//   - a flat list of offsets from the fork's start, one more than there are
//     blocks. The first offset is the size of the list, which may be padded.
//
// Entries are read when they are needed: the list may be long.
type table struct {
	r      io.ReaderAt
	size   int64
	flat   bool
	blocks int64
	base   int64 // of the list: the word that holds the number of blocks
}

// openTable checks that the list has an entry for each block that the size needs.
func openTable(h Header, r io.ReaderAt, size int64) (*table, error) {
	t := &table{r: r, size: size, blocks: (h.Size-1)/BlockSize + 1}
	if h.Size == 0 {
		return t, nil
	}
	var head [4]byte
	if err := t.read(head[:], 0, "too short for its header"); err != nil {
		return nil, err
	}
	first := int64(binary.BigEndian.Uint32(head[:]))
	switch h.Type {
	case typeLZVNResource, typeLZFSEResource:
		t.flat = true
	case typeRawResource: // both layouts are said to exist; the list's own size tells them apart
		t.flat = int64(binary.LittleEndian.Uint32(head[:])) == 4*(t.blocks+1)
	}
	if t.flat {
		if !limit.Inside(0, 4*(t.blocks+1), size) {
			return nil, fault(inResource, 0, "too short for the offsets of its blocks", uint64(t.blocks))
		}
		return t, nil
	}
	t.base = first + 4 // the data's own length comes first
	if err := t.read(head[:], t.base, "list of blocks is outside"); err != nil {
		return nil, err
	}
	if n := int64(binary.LittleEndian.Uint32(head[:])); n != t.blocks || !limit.Inside(t.base+4, 8*n, size) {
		return nil, fault(inResource, t.base, "number of blocks does not fit the size", uint64(n))
	}
	return t, nil
}

// block reads the packed bytes of block i into buf, which may grow, and says
// where they are.
func (t *table) block(i int64, buf []byte) (packed []byte, at int64, err error) {
	var e [8]byte
	var start, n, entry int64
	if t.flat {
		entry = 4 * i
		if err := t.read(e[:], entry, "offset of a block is outside"); err != nil {
			return nil, 0, err
		}
		start = int64(binary.LittleEndian.Uint32(e[:]))
		n = int64(binary.LittleEndian.Uint32(e[4:])) - start
	} else {
		entry = t.base + 4 + 8*i
		if err := t.read(e[:], entry, "entry of a block is outside"); err != nil {
			return nil, 0, err
		}
		start = t.base + int64(binary.LittleEndian.Uint32(e[:]))
		n = int64(binary.LittleEndian.Uint32(e[4:]))
	}
	if n < 1 || n > maxPacked {
		return nil, 0, fault(inResource, entry, "impossible length of a block", uint64(n))
	}
	if int64(cap(buf)) < n {
		if !limit.Inside(start, n, t.size) {
			return nil, 0, fault(inResource, entry, "block is outside", uint64(start))
		}
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if err := t.read(buf, start, "block is outside"); err != nil {
		return nil, 0, err
	}
	return buf, start, nil
}

// read fills p from off.
func (t *table) read(p []byte, off int64, outside string) error {
	if !limit.Inside(off, int64(len(p)), t.size) {
		return fault(inResource, off, outside, uint64(t.size))
	}
	if n, err := t.r.ReadAt(p, off); n < len(p) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("reading the resource fork at %d: %w", off, err)
	}
	return nil
}
