package apfs_test

import (
	"bytes"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/apfs/apfstest"
)

// FuzzRead changes words in the blocks of a real image and sums the blocks
// again, so that damage gets past the checksums. The input is a list of changes
// of eight bytes: block (as a place in the image), offset in it, value.
func FuzzRead(f *testing.F) {
	s := loadImage(f, "small")
	var meta []uint32
	for n := range uint32(s.Size / blockSize) {
		if b := s.Blocks[n]; b != nil && apfstest.Fletcher(b) == le.Uint64(b) {
			meta = append(meta, n)
		}
	}
	f.Add([]byte{0, 0, 36, 0, 0, 0, 0, 0})
	f.Add([]byte{9, 0, 40, 0, 1, 0, 0, 0, 30, 0, 36, 0, 255, 255, 255, 255})
	f.Add([]byte{200, 0, 56, 0, 255, 0, 0, 0, 201, 0, 60, 2, 0, 0, 0, 128})
	f.Fuzz(func(t *testing.T, changes []byte) {
		c := s.Clone()
		for ; len(changes) >= 8 && len(c.Blocks) > 0; changes = changes[8:] {
			n := meta[int(le.Uint16(changes))%len(meta)]
			at := int(le.Uint16(changes[2:])) % (blockSize - 4)
			c.Edit(n, true, func(b []byte) { copy(b[at:], changes[4:8]) })
		}
		readAll(c, c.Size)
	})
}

// FuzzRaw reads any bytes.
func FuzzRaw(f *testing.F) {
	s := loadImage(f, "small")
	head := make([]byte, 70*blockSize)
	if _, err := s.ReadAt(head, 0); err != nil {
		f.Fatal(err)
	}
	f.Add(head)
	f.Add(head[:blockSize])
	f.Fuzz(func(t *testing.T, data []byte) {
		readAll(bytes.NewReader(data), int64(len(data)))
	})
}
