package udif

import (
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"
	"sync"

	"github.com/kinbom/kinbom/sbom/container/adc"
	"github.com/kinbom/kinbom/sbom/container/compress"
	"github.com/kinbom/kinbom/sbom/container/lzfse"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/klauspost/compress/zlib"
)

// maxChunk bounds what one chunk unpacks to. Apple's tools make chunks of
// 256 KiB to 1 MiB.
const maxChunk = 64 << 20

// unpacker unpacks chunks. Its decoders are kept for the next chunk.
type unpacker struct {
	zlibs sync.Pool
}

// compressed reports whether a kind of chunk is unpacked by an unpacker.
func compressed(kind uint32) bool { return kind >= chunkADC && kind <= chunkXZ }

// unpack gives exactly len(dst) bytes.
func (u *unpacker) unpack(kind uint32, dst, src []byte) (err error) {
	n := 0
	switch kind {
	case chunkADC:
		n, err = adc.Decode(dst, src)
	case chunkLZFSE:
		n, err = lzfse.Decode(dst, src)
	case chunkZlib:
		n, err = u.zlib(dst, src)
	case chunkBzip2:
		n, err = readExactly(bzip2.NewReader(bytes.NewReader(src)), dst)
	case chunkXZ:
		n, err = u.xz(dst, src)
	default:
		err = fmt.Errorf("kind %#x is unknown", kind)
	}
	if err == nil && n != len(dst) {
		err = fmt.Errorf("unpacks to %d bytes instead of %d", n, len(dst))
	}
	return err
}

func (u *unpacker) zlib(dst, src []byte) (n int, err error) {
	r, ok := u.zlibs.Get().(io.ReadCloser)
	if ok {
		err = r.(zlib.Resetter).Reset(bytes.NewReader(src), nil)
	} else {
		r, err = zlib.NewReader(bytes.NewReader(src))
	}
	if err != nil {
		return 0, err
	}
	n, err = readExactly(r, dst)
	u.zlibs.Put(r)
	return n, err
}

// xz unpacks a chunk of xz data. What comes out is bounded by dst.
func (u *unpacker) xz(dst, src []byte) (n int, err error) {
	return readExactly(compress.New(bytes.NewReader(src), compress.XZ, limit.New(limit.Max{})), dst)
}

// readExactly fills dst and makes sure that r ends there: only at its end does
// a decoder compare its checksum.
func readExactly(r io.Reader, dst []byte) (int, error) {
	n, err := io.ReadFull(r, dst)
	if err != nil {
		return n, err
	}
	var one [1]byte
	for range 100 { // empty reads are allowed, but not for ever
		m, err := r.Read(one[:])
		switch {
		case m > 0:
			return 0, &limit.Error{Limit: limit.FileSize, Max: int64(len(dst)), Value: int64(len(dst)) + 1}
		case err == io.EOF:
			return n, nil
		case err != nil:
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}
