package apfs

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/kinbom/kinbom/sbom/container/decmpfs"
	"github.com/kinbom/kinbom/sbom/limit"
)

// Open reads the content of a file, as macOS shows it: through hard links, and
// unpacked. Unless the entry is compressed the reader is an *io.SectionReader,
// and so an io.ReaderAt. Nothing is taken from the budget: wrap it with
// limit.Budget.Reader. The reader gives exactly e.Size bytes or an error; a part
// without extent is an error, a hole is zeros.
func (v *Volume) Open(e Entry) (io.Reader, error) {
	if e.Type != TypeFile {
		return nil, fmt.Errorf("opening %q: not a regular file", e.Path)
	}
	if e.broken {
		return nil, e.Err
	}
	if !e.Compressed {
		return v.open(e.data)
	}
	attr, err := v.Attr(e, decmpfs.Attribute)
	if err != nil {
		return nil, err
	}
	fork, err := v.fork(e)
	if err != nil {
		return nil, err
	}
	return decmpfs.NewReader(attr, fork, fork.Size())
}

// OpenResource reads the resource fork of a file. It is empty when there is
// none, and when it holds the compressed content.
func (v *Volume) OpenResource(e Entry) (*io.SectionReader, error) {
	if e.Compressed || len(e.fork) == 0 {
		return io.NewSectionReader(bytes.NewReader(nil), 0, 0), nil
	}
	return v.fork(e)
}

// fork opens the resource fork, as it is stored.
func (v *Volume) fork(e Entry) (*io.SectionReader, error) {
	if len(e.fork) == 0 {
		return io.NewSectionReader(bytes.NewReader(nil), 0, 0), nil
	}
	s, data, err := attrValue(e.fork)
	if err != nil {
		return nil, fmt.Errorf("opening the resource fork of %q: %w", e.Path, err)
	}
	if s == nil {
		return io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))), nil
	}
	return v.open(*s)
}

// open makes a reader of a stream. Its size is a claim that is checked extent
// by extent while it is read.
func (v *Volume) open(s stream) (*io.SectionReader, error) {
	size := int64(min(s.size, math.MaxInt64))
	if err := v.c.budget.CheckFileSize(size); err != nil {
		return nil, err
	}
	return io.NewSectionReader(&content{v: v, id: s.id}, 0, size), nil
}

// content reads a stream's extents. The section reader above it knows the size.
type content struct {
	v  *Volume
	id uint64

	mu   sync.Mutex
	last extent // found last
}

// extent is a run of bytes in a stream: length bytes from logical on.
type extent struct {
	logical, length int64
	paddr           uint64 // first block, or 0 for a hole
}

// lengthMask is the part of an extent's length that is not flags.
const lengthMask = 1<<56 - 1

// ReadAt reads bytes of the stream; see Open.
func (r *content) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		x, err := r.extent(off + int64(done))
		if err != nil {
			return done, err
		}
		in := off + int64(done) - x.logical
		n := int(min(int64(len(p)-done), x.length-in))
		part := p[done : done+n]
		if x.paddr == 0 {
			clear(part)
			done += n
			continue
		}
		c := r.v.c
		if x.paddr > uint64(c.size/c.BlockSize) || !limit.Inside(int64(x.paddr)*c.BlockSize+in, int64(n), c.size) {
			return done, fault(-1, fmt.Sprintf("extent of stream %d is past the end of the container, block", r.id), x.paddr)
		}
		m, err := c.r.ReadAt(part, int64(x.paddr)*c.BlockSize+in)
		done += m
		if m < n {
			return done, fmt.Errorf("reading stream %d: %w", r.id, noEOF(err))
		}
	}
	return done, nil
}

// noEOF makes an end that comes too early one that nobody takes for the end.
func noEOF(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// extent returns the extent that holds an offset.
func (r *content) extent(off int64) (extent, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.last; off >= x.logical && off-x.logical < x.length {
		return x, nil
	}
	x, err := r.v.extent(r.id, off)
	if err != nil {
		return extent{}, fmt.Errorf("finding byte %d of stream %d: %w", off, r.id, err)
	}
	r.last = x
	return x, nil
}

// extent looks an extent up, in the tree that the volume keeps them in.
func (v *Volume) extent(id uint64, off int64) (extent, error) {
	t, where := v.files, func(key []byte) int { return compareRecord(key, id, recExtent, uint64(off)) }
	if v.extents != nil {
		t, where = v.extents, func(key []byte) int { return comparePair(key, id, uint64(off)) }
	}
	n, i, err := t.find(where)
	if err != nil {
		return extent{}, err
	}
	missing := fault(t.root.at, "no extent holds it; stream is", id)
	if n == nil || len(n.key(i)) < 16 || len(n.val(i)) < 16 {
		return extent{}, missing
	}
	got, kind := keyID(n.key(i))
	if v.extents != nil {
		got, kind = number(n.key(i)), recExtent
	}
	x := extent{int64(min(second(n.key(i)), math.MaxInt64)), int64(le.Uint64(n.val(i)) & lengthMask), le.Uint64(n.val(i)[8:])}
	if got != id || kind != recExtent || off < x.logical || off-x.logical >= x.length {
		return extent{}, missing
	}
	return x, nil
}
