package decmpfs

import (
	"fmt"
	"io"
)

// BlockSize is how many bytes of content one packed block holds; the last block
// holds what is left.
const BlockSize = 64 << 10

// NewReader reads the content of a compressed file. attr is the whole attribute;
// resource is the resource fork and size its bytes (nil and 0 when there is
// none). Errors are *malformed.Error, *UnsupportedError, those of a codec, and those
// of resource itself, wrapped.
func NewReader(attr []byte, resource io.ReaderAt, size int64) (io.Reader, error) {
	h, err := ParseHeader(attr)
	if err != nil {
		return nil, err
	}
	if err := h.Supported(); err != nil {
		return nil, err
	}
	if !h.InResource() {
		return newInline(h, attr[headerSize:])
	}
	if resource == nil {
		resource, size = emptyFork{}, 0
	}
	t, err := openTable(h, resource, size)
	if err != nil {
		return nil, err
	}
	return &blockReader{table: t, decode: blockDecoder(h.Type), left: h.Size}, nil
}

type emptyFork struct{}

func (emptyFork) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }

// blockReader gives the content block by block.
type blockReader struct {
	table  *table
	decode func(dst, src []byte) error
	left   int64  // bytes of content that are not unpacked yet
	next   int64  // number of the next block
	out    []byte // unpacked and not read yet
	buf    []byte // holds out
	packed []byte
	err    error // sticky
}

func (r *blockReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.out) == 0 && r.err == nil {
		r.err = r.fill()
	}
	if len(r.out) == 0 {
		return 0, r.err
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

func (r *blockReader) fill() error {
	if r.left == 0 {
		return io.EOF
	}
	want := int(min(r.left, BlockSize))
	if cap(r.buf) < want {
		r.buf = make([]byte, want)
	}
	packed, at, err := r.table.block(r.next, r.packed)
	if err != nil {
		return err
	}
	r.packed = packed
	if err := r.decode(r.buf[:want], packed); err != nil {
		return fmt.Errorf("unpacking decmpfs block %d at byte %d of the resource fork: %w", r.next, at, err)
	}
	r.out = r.buf[:want]
	r.left -= int64(want)
	r.next++
	return nil
}
