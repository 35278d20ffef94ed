// Package apfstest changes small real APFS images for tests. There is no writer:
// the images were written by the Linux kernel module (fixtures/containers), are
// kept without their zeros in the testdata of package apfs, and are damaged here,
// block by block or record by record, with right or wrong checksums.
//
// It is for tests only: it panics on what is no image of those.
package apfstest

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/ulikunitz/xz"
)

// BlockSize is that of all images, in bytes.
const BlockSize = 4096

var le = binary.LittleEndian

// Sparse is an image of which only the blocks that are not zero are kept. It is
// an io.ReaderAt.
type Sparse struct {
	Size   int64
	Blocks map[uint32][]byte
}

// ReadAt reads as from the whole image.
func (s *Sparse) ReadAt(p []byte, off int64) (int, error) {
	for n := 0; n < len(p); {
		at := off + int64(n)
		if at < 0 || at >= s.Size {
			return n, io.EOF
		}
		in := int(at % BlockSize)
		end := min(len(p), n+BlockSize-in, n+int(s.Size-at))
		if b := s.Blocks[uint32(at/BlockSize)]; b != nil {
			copy(p[n:end], b[in:])
		} else {
			clear(p[n:end])
		}
		n = end
	}
	return len(p), nil
}

// Fletcher is the checksum of a block after Apple's reference, word by word.
func Fletcher(b []byte) uint64 {
	var lo, hi uint64
	for i := 8; i < len(b); i += 4 {
		lo = (lo + uint64(le.Uint32(b[i:]))) % 0xffffffff
		hi = (hi + lo) % 0xffffffff
	}
	c1 := 0xffffffff - (lo+hi)%0xffffffff
	return (0xffffffff-(lo+c1)%0xffffffff)<<32 | c1
}

// Edit copies a block, changes it and, unless the checksum is to stay wrong,
// sums it again.
func (s *Sparse) Edit(n uint32, sum bool, change func([]byte)) {
	b := make([]byte, BlockSize)
	copy(b, s.Blocks[n])
	change(b)
	if sum {
		le.PutUint64(b, Fletcher(b))
	}
	s.Blocks[n] = b
}

// Clone is an image that can be edited without a change of this one.
func (s *Sparse) Clone() *Sparse { return &Sparse{s.Size, maps.Clone(s.Blocks)} }

// Numbers are those of the blocks that are kept, rising.
func (s *Sparse) Numbers() []uint32 { return slices.Sorted(maps.Keys(s.Blocks)) }

// Load reads an image from a file of the testdata of package apfs.
func Load(path string) (*Sparse, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := xz.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return unpack(raw), nil
}

// unpack reads the form of an image that is in testdata: its size, then each
// block with its number before it.
func unpack(raw []byte) *Sparse {
	s := &Sparse{int64(le.Uint64(raw)), map[uint32][]byte{}}
	for raw = raw[8:]; len(raw) >= 4+BlockSize; raw = raw[4+BlockSize:] {
		s.Blocks[le.Uint32(raw)] = raw[4 : 4+BlockSize]
	}
	return s
}

// Pack is the form of an image that Load reads, before its compression.
func Pack(s *Sparse) []byte {
	out := le.AppendUint64(nil, uint64(s.Size))
	for _, n := range s.Numbers() {
		out = append(le.AppendUint32(out, n), s.Blocks[n]...)
	}
	return out
}
