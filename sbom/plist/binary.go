package plist

import (
	"encoding/binary"

	"github.com/kinbom/kinbom/sbom/limit"
)

// The layout is that of CoreFoundation's CFBinaryPList.c: "bplist00", objects,
// a table of their offsets, and a trailer of 32 bytes.
const trailerSize = 32

// table is a binary list's table of objects.
type table struct {
	data       []byte
	end        uint64 // of the objects; the offset table begins here
	count      uint64 // objects
	top        uint64 // number of the root
	offsetSize uint64 // bytes of one offset
	refSize    uint64 // bytes of one reference
	max        Options
	seen       uint64  // bytes of all objects walked, each once
	weight     []int32 // values below each object when counted out; 0: not walked, -1: being walked
}

// checkBinary walks every object that the root reaches, each once, and refuses
// what the parser proper must not see: cycles, ranges outside the objects, too
// deep nesting, references that multiply to too many values, and objects that
// lie over each other (each would be copied).
func checkBinary(data []byte, o Options) error {
	if len(data) < 8+1+1+trailerSize {
		return fault(int64(len(data)), "too short for a binary list", nil)
	}
	if v := string(data[6:8]); v != "00" && v != "01" {
		return fault(6, "unknown version of a binary list", v)
	}
	at := int64(len(data) - trailerSize)
	tr := data[at:]
	t := &table{
		data: data, offsetSize: uint64(tr[6]), refSize: uint64(tr[7]), count: binary.BigEndian.Uint64(tr[8:]),
		top: binary.BigEndian.Uint64(tr[16:]), end: binary.BigEndian.Uint64(tr[24:]), max: o,
	}
	switch {
	case !intSize(t.offsetSize):
		return fault(at+6, "impossible size of an offset", t.offsetSize)
	case !intSize(t.refSize):
		return fault(at+7, "impossible size of a reference", t.refSize)
	case t.end < 9 || t.end > uint64(at):
		return fault(at+24, "offset table is outside the file", t.end)
	case t.count == 0 || t.count != (uint64(at)-t.end)/t.offsetSize || (uint64(at)-t.end)%t.offsetSize != 0:
		return fault(at+8, "offset table does not fit the number of objects", t.count)
	case t.top >= t.count:
		return fault(at+16, "root is no object of the list", t.top)
	}
	t.weight = make([]int32, t.count)
	return t.walk(t.top, 1)
}

// intSize reports whether the parser proper reads integers of n bytes.
func intSize(n uint64) bool { return n == 1 || n == 2 || n == 3 || n == 4 || n == 8 }

// number reads a big-endian number of up to 8 bytes.
func number(b []byte) uint64 {
	n := uint64(0)
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// walk checks an object and what it refers to, and sets its weight. The depth
// is bounded, and so is the recursion.
func (t *table) walk(id uint64, depth int) error {
	if depth > t.max.Depth+1 { // a scalar inside the deepest container
		return &limit.Error{Limit: limit.Depth, Max: int64(t.max.Depth), Value: int64(depth - 1)}
	}
	if t.weight[id] > 0 {
		return nil
	}
	at := t.end + id*t.offsetSize
	off := number(t.data[at : at+t.offsetSize])
	if off < 8 || off >= t.end {
		return fault(int64(at), "object is outside the list", off)
	}
	refs, err := t.object(off)
	if err != nil {
		return err
	}
	t.weight[id] = -1
	sum := int64(1)
	for ; len(refs) > 0; refs = refs[t.refSize:] {
		to := number(refs[:t.refSize])
		if to >= t.count {
			return fault(int64(off), "reference to an object that does not exist", to)
		}
		if t.weight[to] < 0 {
			return fault(int64(off), "object contains itself", to)
		}
		if err := t.walk(to, depth+1); err != nil {
			return err
		}
		if sum += int64(t.weight[to]); sum > int64(t.max.Values) {
			return &limit.Error{Limit: Values, Max: int64(t.max.Values), Value: sum}
		}
	}
	t.weight[id] = int32(sum)
	return nil
}

// object checks that the object at off lies inside the objects and returns
// its references (none for a scalar).
func (t *table) object(off uint64) (refs []byte, err error) {
	tag := t.data[off]
	switch tag >> 4 {
	case 0x0:
		if tag != 0x08 && tag != 0x09 {
			return nil, fault(int64(off), "object of unknown type", tag)
		}
		return nil, nil
	case 0x1, 0x2: // integer of 1 to 16 bytes, real of 4 or 8
		if n := tag & 15; n > 4 || tag>>4 == 2 && n != 2 && n != 3 {
			return nil, fault(int64(off), "impossible size of a number", tag)
		}
		_, err = t.span(off, off+1, 1<<(tag&15), 1)
		return nil, err
	case 0x3: // date
		_, err = t.span(off, off+1, 8, 1)
		return nil, err
	case 0x8: // UID
		n := uint64(tag&15) + 1
		if !intSize(n) {
			return nil, fault(int64(off), "impossible size of a UID", n)
		}
		_, err = t.span(off, off+1, n, 1)
		return nil, err
	}
	n, start, err := t.length(off)
	if err != nil {
		return nil, err
	}
	switch tag >> 4 {
	case 0x4, 0x5: // data, ASCII
		_, err = t.span(off, start, n, 1)
	case 0x6: // UTF-16
		_, err = t.span(off, start, n, 2)
	case 0xA: // array
		refs, err = t.span(off, start, n, t.refSize)
	case 0xD: // dictionary: keys, then values
		refs, err = t.span(off, start, n, 2*t.refSize)
	default:
		err = fault(int64(off), "object of unknown type", tag)
	}
	return refs, err
}

// length reads how many elements an object says it has, and where they begin.
func (t *table) length(off uint64) (n, start uint64, err error) {
	if n = uint64(t.data[off] & 15); n != 15 {
		return n, off + 1, nil
	}
	size, err := t.span(off, off+1, 1, 1)
	if err != nil {
		return 0, 0, err
	}
	if size[0]>>4 != 1 || size[0]&15 > 3 {
		return 0, 0, fault(int64(off)+1, "length is not an integer", size[0])
	}
	b, err := t.span(off, off+2, 1<<(size[0]&15), 1)
	if err != nil {
		return 0, 0, err
	}
	return number(b), off + 2 + uint64(len(b)), nil
}

// span returns n elements of the given size at start, if they end before the
// offset table. off is the object, for the error.
func (t *table) span(off, start, n, size uint64) ([]byte, error) {
	if start > t.end || n > (t.end-start)/size {
		return nil, fault(int64(off), "object reaches outside the list", n)
	}
	if t.seen += n * size; t.seen > 4*uint64(len(t.data)) {
		return nil, fault(int64(off), "objects lie over each other", nil)
	}
	return t.data[start : start+n*size], nil
}
