package udif

import (
	"bytes"
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
	zlibs, bzip2s, xzs sync.Pool
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
		n, err = decode(&u.bzip2s, compress.Bzip2, dst, src)
	case chunkXZ:
		n, err = decode(&u.xzs, compress.XZ, dst, src)
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

// decode unpacks a chunk with a decoder of a pool. What comes out is bounded by
// dst.
func decode(pool *sync.Pool, m compress.Method, dst, src []byte) (n int, err error) {
	r, ok := pool.Get().(*compress.Reader)
	if ok {
		r.Reset(bytes.NewReader(src))
	} else {
		r = compress.New(bytes.NewReader(src), m, limit.New(limit.Max{}))
	}
	n, err = readExactly(r, dst)
	r.Reset(nil) // the chunk is not kept
	pool.Put(r)
	return n, err
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
