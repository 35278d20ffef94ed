package udif

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sort"
	"sync"

	"github.com/kinbom/kinbom/sbom/limit"
)

// chunked is the disk that the chunks of all tables make up.
type chunked struct {
	r      io.ReaderAt
	size   int64 // of the file
	budget *limit.Budget
	parts  []*table // with chunks, in the order of the disk
	end    int64    // sectors
	cache  cache
	unpacker

	mu       sync.Mutex // for what follows, and for sum and summed of chunks
	unpacked int64      // bytes, for the ratio
}

func newChunked(r io.ReaderAt, size int64, tables []*table, b *limit.Budget) (*chunked, error) {
	d := &chunked{r: r, size: size, budget: b}
	for _, t := range tables {
		if len(t.chunks) > 0 {
			d.parts = append(d.parts, t)
		}
	}
	if len(d.parts) == 0 {
		return nil, fault(0, "image has no chunks", nil)
	}
	slices.SortStableFunc(d.parts, func(a, b *table) int { return cmp.Compare(a.chunks[0].start, b.chunks[0].start) })
	for _, t := range d.parts {
		if t.chunks[0].start < d.end {
			return nil, fault(0, "tables lie over each other: "+t.name, t.chunks[0].start)
		}
		d.end = t.end
	}
	d.cache.init(d.load)
	return d, nil
}

// find returns the first chunk that ends behind a sector, or nil.
func (d *chunked) find(sector int64) *chunk {
	i := sort.Search(len(d.parts), func(i int) bool { return d.parts[i].end > sector })
	if i == len(d.parts) {
		return nil
	}
	c := d.parts[i].chunks
	j := sort.Search(len(c), func(j int) bool { return c[j].start+c[j].count > sector })
	return &c[j]
}

// ReadAt reads bytes of the disk. Chunks that were unpacked lately are not
// unpacked again.
func (d *chunked) ReadAt(p []byte, off int64) (int, error) {
	end := d.end * Sector
	if off < 0 || off >= end {
		return 0, io.EOF
	}
	var last error
	if rest := end - off; int64(len(p)) > rest {
		p, last = p[:rest], io.EOF
	}
	n := 0
	for n < len(p) {
		m, err := d.readRun(p[n:], off+int64(n))
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, last
}

// readRun reads up to the end of a chunk, or of a hole before one. off is
// inside the disk.
func (d *chunked) readRun(p []byte, off int64) (int, error) {
	c := d.find(off / Sector)
	if start := c.start * Sector; off < start {
		p = p[:min(int64(len(p)), start-off)]
		clear(p)
		return len(p), nil
	}
	at := off - c.start*Sector
	p = p[:min(int64(len(p)), c.count*Sector-at)]
	switch {
	case c.kind == chunkZero || c.kind == chunkIgnore:
		clear(p)
		return len(p), nil
	case c.direct():
		if err := d.checkRaw(c); err != nil {
			return 0, err
		}
		n, err := d.r.ReadAt(p, c.off+at)
		if n == len(p) {
			err = nil
		}
		return n, err
	}
	data, err := d.cache.get(c, at, int64(len(p)))
	if err != nil {
		return 0, err
	}
	return copy(p, data[at:]), nil
}

// maxCachedRaw is the longest stored chunk that goes through the cache, where
// it is summed; longer ones are read in place.
const maxCachedRaw = 4 << 20

func (c *chunk) direct() bool { return c.kind == chunkRaw && c.size > maxCachedRaw }

func (d *chunked) checkRaw(c *chunk) error {
	if !limit.Inside(c.off, c.size, d.size) {
		return fault(c.off, "chunk lies outside the file", c.size)
	}
	if c.size != c.count*Sector {
		return fault(c.off, fmt.Sprintf("stored chunk of %d sectors has another size", c.count), c.size)
	}
	return nil
}

// load reads or unpacks a chunk, and sums it.
func (d *chunked) load(c *chunk) ([]byte, error) {
	size := c.count * Sector
	switch {
	case c.kind == chunkRaw:
		if err := d.checkRaw(c); err != nil {
			return nil, err
		}
	case !compressed(c.kind):
		return nil, fault(c.off, "unknown kind of chunk", fmt.Sprintf("%#x", c.kind))
	case !limit.Inside(c.off, c.size, d.size):
		return nil, fault(c.off, "chunk lies outside the file", c.size)
	case c.size > size+size/8+64<<10: // no encoder makes data so much longer
		return nil, fault(c.off, fmt.Sprintf("packed chunk of %d sectors is too long", c.count), c.size)
	}
	src, err := limit.ReadNAt(d.r, c.off, c.size, d.size)
	if err != nil {
		return nil, err
	}
	data := src
	if c.kind != chunkRaw {
		if err := d.pay(size); err != nil {
			return nil, err
		}
		data = make([]byte, size)
		if err := d.unpack(c.kind, data, src); err != nil {
			return nil, fault(c.off, "chunk cannot be unpacked", err)
		}
	}
	d.setSum(c, crc32.ChecksumIEEE(data))
	return data, nil
}

// pay takes n bytes from the budget.
func (d *chunked) pay(n int64) error {
	if err := d.budget.TakeBytes(n); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unpacked += n
	return d.budget.CheckRatio(d.size, d.unpacked)
}

func (d *chunked) setSum(c *chunk, sum uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c.sum, c.summed = sum, true
}
