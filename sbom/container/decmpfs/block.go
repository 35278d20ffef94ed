package decmpfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"

	"github.com/kinbom/kinbom/sbom/container/lzfse"
	"github.com/kinbom/kinbom/sbom/limit"
)

// Marks: a first byte that says that the rest is content as it is, because
// packing did not make it smaller. Each is a byte with which a packed block of
// that kind cannot start.
const (
	markZlib  = 0x0f // in the low four bits
	markLZVN  = 0x06 // in LZVN: end of stream
	startLZFS = 'b'  // all LZFSE blocks start with "bvx"; anything else marks
)

// maxInline is the most content that LZVN behind the header may unpack to. An
// attribute has at most 3,802 bytes there, and a byte of LZVN gives less than 140.
const maxInline = 1 << 20

var (
	errShort = errors.New("unpacks to less than the size says")
	errLong  = errors.New("unpacks to more than the size says")
	errRaw   = errors.New("content that is not packed has the wrong length")
)

// blockDecoder returns the function that fills dst from one packed block.
func blockDecoder(kind uint32) func(dst, src []byte) error {
	switch kind {
	case typeZlibResource, typeZlibInline:
		return new(inflater).block
	case typeLZVNResource, typeLZVNInline:
		return lzvnBlock
	case typeLZFSEResource, typeLZFSEInline:
		return lzfseBlock
	default:
		return rawBlock
	}
}

// rawBlock copies what stands behind the mark.
func rawBlock(dst, src []byte) error {
	if len(src)-1 != len(dst) {
		return fmt.Errorf("%w: %d, not %d", errRaw, len(src)-1, len(dst))
	}
	copy(dst, src[1:])
	return nil
}

// inflater keeps the state of zlib from block to block.
type inflater struct{ z io.ReadCloser }

func (f *inflater) block(dst, src []byte) error {
	if src[0]&markZlib == markZlib {
		return rawBlock(dst, src)
	}
	var err error
	if f.z == nil {
		f.z, err = zlib.NewReader(bytes.NewReader(src))
	} else {
		err = f.z.(zlib.Resetter).Reset(bytes.NewReader(src), nil)
	}
	if err != nil {
		return err
	}
	return readExactly(dst, f.z)
}

// readExactly fills dst and wants the stream to end there; a checksum at the
// end of the stream is verified by that.
func readExactly(dst []byte, r io.Reader) error {
	if _, err := io.ReadFull(r, dst); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = errShort
		}
		return err
	}
	return wantEnd(r)
}

// wantEnd fails unless r is at its end.
func wantEnd(r io.Reader) error {
	var one [1]byte
	switch n, err := io.ReadFull(r, one[:]); {
	case n > 0:
		return errLong
	case err != io.EOF:
		return err
	}
	return nil
}

func lzvnBlock(dst, src []byte) error {
	if src[0] == markLZVN {
		return rawBlock(dst, src)
	}
	n, err := lzfse.DecodeLZVN(dst, src)
	if err == nil && n != len(dst) {
		err = fmt.Errorf("%w: %d, not %d", errShort, n, len(dst))
	}
	return err
}

func lzfseBlock(dst, src []byte) error {
	if src[0] != startLZFS {
		return rawBlock(dst, src)
	}
	n, err := lzfse.Decode(dst, src)
	var over *limit.Error
	switch {
	case errors.As(err, &over):
		return errLong
	case err == nil && n != len(dst):
		return errShort
	}
	return err
}
