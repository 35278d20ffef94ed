package decmpfs

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/sbom/container/lzfse"
)

// newInline reads content that stands behind the header. Zlib and LZFSE are
// unpacked as they are read, so that no claimed size costs memory.
func newInline(h Header, data []byte) (io.Reader, error) {
	if h.Type == typePlain {
		data = append([]byte{0}, data...) // as if it had a mark
	}
	if len(data) == 0 {
		if h.Size == 0 {
			return bytes.NewReader(nil), nil
		}
		return nil, fault(inAttr, headerSize, "has no content", uint64(h.Size))
	}
	switch {
	case h.Type == typeZlibInline && data[0]&markZlib != markZlib:
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("unpacking the decmpfs attribute: %w", err)
		}
		return &exactReader{r: z, left: h.Size}, nil
	case h.Type == typeLZFSEInline && data[0] == startLZFS:
		return &exactReader{r: lzfse.NewReader(bytes.NewReader(data)), left: h.Size}, nil
	case h.Type == typeLZVNInline && data[0] != markLZVN:
		if h.Size > maxInline {
			return nil, fault(inAttr, 8, "size is impossible for content in the attribute", uint64(h.Size))
		}
		dst := make([]byte, h.Size)
		if err := lzvnBlock(dst, data); err != nil {
			return nil, fmt.Errorf("unpacking the decmpfs attribute: %w", err)
		}
		return bytes.NewReader(dst), nil
	}
	if int64(len(data)-1) < h.Size {
		return nil, fault(inAttr, headerSize, "content is shorter than its size", uint64(len(data)-1))
	}
	return bytes.NewReader(data[1 : 1+h.Size]), nil
}

// exactReader gives exactly left bytes of r, or an error.
type exactReader struct {
	r    io.Reader
	left int64
	err  error // sticky
}

func (e *exactReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if e.err == nil && e.left == 0 {
		if e.err = wantEnd(e.r); e.err == nil {
			e.err = io.EOF
		}
	}
	if e.err != nil {
		return 0, e.fail()
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err == io.EOF {
		if err = nil; e.left > 0 {
			err = errShort
		}
	}
	e.err = err
	if n > 0 {
		return n, nil
	}
	return 0, e.fail()
}

func (e *exactReader) fail() error {
	if e.err == nil || e.err == io.EOF {
		return e.err
	}
	return fmt.Errorf("unpacking the decmpfs attribute: %w", e.err)
}
