// Package lzfse unpacks Apple's LZFSE streams (blocks bvx-, bvx1, bvx2, bvxn,
// end mark bvx$) and bare LZVN data, as disk images and compressed files of
// HFS+ and APFS hold them.
//
// The format is that of Apple's published reference implementation (headers
// lzfse_internal.h and lzvn_decode_base.h of github.com/lzfse/lzfse).
//
// What it promises on hostile input: no panic, no endless loop, and no more
// memory than the 512 KiB window of a Reader and the 2 MiB that one block may
// have at most. Time grows with the bytes read and written only: blocks that
// keep the decoder busy without giving output are refused. Every match is
// checked against what was written before it, and every block must give
// exactly the bytes that its header says. Neither format carries a checksum:
// damage that keeps to the rules is not noticed here.
package lzfse

import (
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// format is what messages call these bytes.
const format = "lzfse"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any) *malformed.Error {
	return malformed.New(format, offset, what, value)
}

// Sizes of the window of a Reader: what matches may reach back to (262,139
// bytes at most), and the room for new output.
const (
	history = 256 << 10
	room    = 256 << 10
)

// NewReader returns a reader of what the LZFSE stream r unpacks to. It ends
// at the end mark; what follows in r is not looked at, but may have been read.
//
// Errors: *malformed.Error, or the error of r.
func NewReader(r io.Reader) io.Reader {
	return &reader{d: decoder{src: source{r: r}}}
}

type reader struct {
	d   decoder
	pos int // of d.out that was given away
	err error
}

func (r *reader) Read(p []byte) (int, error) {
	for r.pos == r.d.n && len(p) > 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.d.out == nil {
			r.d.out = make([]byte, history+room)
		}
		if r.d.n == len(r.d.out) {
			copy(r.d.out, r.d.out[r.d.n-history:])
			r.d.n, r.pos = history, history
		}
		if _, r.err = r.d.run(); r.err == nil && r.d.block == blockEnd {
			r.err = io.EOF
		}
	}
	n := copy(p, r.d.out[r.pos:r.d.n])
	r.pos += n
	return n, nil
}

// Decode unpacks a whole LZFSE stream into dst, whose length is the bound, and
// returns how many bytes it gave. What follows the end mark is not looked at.
//
// Errors: *limit.Error of kind FileSize when dst is too short, else
// *malformed.Error. The contents of dst are then of no meaning.
func Decode(dst, src []byte) (int, error) {
	d := decoder{src: source{buf: src, end: len(src)}, out: dst}
	return d.all()
}

// DecodeLZVN unpacks bare LZVN data, without block headers, into dst, whose
// length is the bound, and returns how many bytes it gave. It ends at the end
// mark of LZVN, or at the end of src when dst is full by then.
//
// Errors: as Decode.
func DecodeLZVN(dst, src []byte) (int, error) {
	d := decoder{src: source{buf: src, end: len(src)}, out: dst, block: blockLZVN, bare: true, left: 1<<63 - 1, payload: int64(len(src))}
	return d.all()
}

func (d *decoder) all() (int, error) {
	done, err := d.run()
	if err != nil {
		return 0, err
	}
	if !done {
		top := int64(len(d.out))
		return 0, &limit.Error{Limit: limit.FileSize, Max: top, Value: top + 1}
	}
	return d.n, nil
}
