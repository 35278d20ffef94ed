package udif

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
)

// State is what is known about a checksum.
type State string

// The states of a check.
const (
	Agrees     State = "agrees"
	Differs    State = "differs"
	NotRead    State = "not all was read"
	Unreadable State = "not all can be read"
	NotKept    State = "no checksum of a known type"
)

// Check compares a checksum (crc32) that the image keeps with its bytes.
type Check struct {
	Of        string // name of the table, "tables" or "data fork"
	Offset    int64  // byte of the file where what is summed begins, or for "tables" its sum; or -1
	State     State
	Want, Got uint32 // when it agrees or differs
	Err       error  // why it is Unreadable; nil when the caller knows
}

// Verify reads all chunks that were not read yet, and the data fork, and
// returns all checks. What was read before is not unpacked again: its sum is
// known, and a chunk that failed is not tried again. Of the errors of a table's
// chunks, its check has the first that the caller does not know yet. An error is
// only for the end of ctx.
func (im *Image) Verify(ctx context.Context, known func(error) bool) ([]Check, error) {
	d, ok := im.disk.(*chunked)
	if !ok {
		return nil, nil
	}
	var out []Check
	for _, t := range im.tables {
		var failed error
		complete := true
		for i := range t.chunks {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := d.sumChunk(ctx, &t.chunks[i]); err != nil {
				complete = false
				if failed == nil && !known(err) {
					failed = err
				}
			}
		}
		c := d.check(t)
		if !complete {
			c = Check{Of: t.name, Offset: t.at(), State: Unreadable, Err: failed}
		}
		out = append(out, c)
	}
	c := Check{Of: "data fork", Offset: im.koly.dataOffset, State: NotKept}
	if want := im.koly.dataChecksum; want.kind == crc32Kind {
		got, err := d.sumFile(ctx, im.koly.dataOffset, im.koly.dataLength)
		c = compare(c.Of, c.Offset, want.sum, got)
		if err != nil {
			c = Check{Of: c.Of, Offset: c.Offset, State: Unreadable, Err: err}
		}
	}
	return append(out, im.master(), c), ctx.Err()
}

// at is where the first bytes of a table are in the file, or -1.
func (t *table) at() int64 {
	for _, c := range t.chunks {
		if c.kind != chunkZero && c.kind != chunkIgnore {
			return c.off
		}
	}
	return -1
}

func compare(of string, at int64, want, got uint32) Check {
	c := Check{Of: of, Offset: at, State: Agrees, Want: want, Got: got}
	if want != got {
		c.State = Differs
	}
	return c
}

// master checks the checksum over the checksums of all tables, in their order.
func (im *Image) master() Check {
	want := im.koly.masterChecksum
	if want.kind != crc32Kind {
		return Check{Of: "tables", Offset: im.koly.at + 352, State: NotKept}
	}
	got := uint32(0)
	for _, t := range im.tables {
		if t.check.kind != crc32Kind {
			return Check{Of: "tables", Offset: im.koly.at + 352, State: NotKept}
		}
		got = crc32.Update(got, crc32.IEEETable, binary.BigEndian.AppendUint32(nil, t.check.sum))
	}
	return compare("tables", im.koly.at+352, want.sum, got)
}

// check joins the sums of a table's chunks. Free space is left out; zeros are
// not.
func (d *chunked) check(t *table) Check {
	if t.check.kind != crc32Kind {
		return Check{Of: t.name, Offset: t.at(), State: NotKept}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	sum, count, power := uint32(0), int64(0), powerOf(0)
	for i := range t.chunks {
		c := &t.chunks[i]
		if c.count != count { // nearly all chunks are of one size
			count, power = c.count, powerOf(c.count*Sector)
		}
		switch {
		case c.kind == chunkIgnore:
		case c.kind == chunkZero:
			sum = join(sum, zeros(power), power)
		case !c.summed:
			return Check{Of: t.name, Offset: t.at(), State: NotRead}
		default:
			sum = join(sum, c.sum, power)
		}
	}
	return compare(t.name, t.at(), t.check.sum, sum)
}

// sumChunk makes sure that a chunk is summed.
func (d *chunked) sumChunk(ctx context.Context, c *chunk) error {
	d.mu.Lock()
	done := c.summed
	d.mu.Unlock()
	switch {
	case done || c.kind == chunkIgnore || c.kind == chunkZero:
		return nil
	case !c.direct():
		_, err := d.cache.get(c, 0, c.count*Sector)
		return err
	}
	if err := d.checkRaw(c); err != nil {
		return err
	}
	sum, err := d.sumFile(ctx, c.off, c.size)
	if err == nil {
		d.setSum(c, sum)
	}
	return err
}

// sumFile sums n bytes of the file at off.
func (d *chunked) sumFile(ctx context.Context, off, n int64) (uint32, error) {
	if !limit.Inside(off, n, d.size) {
		return 0, fault(off, "range lies outside the file", n)
	}
	h := crc32.NewIEEE()
	buf := make([]byte, 256<<10)
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		m, err := d.r.ReadAt(buf[:min(n, int64(len(buf)))], off)
		h.Write(buf[:m])
		off, n = off+int64(m), n-int64(m)
		if err != nil && n > 0 {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, fmt.Errorf("reading byte %d: %w", off, err)
		}
	}
	return h.Sum32(), nil
}

// join returns the crc32 of two runs from that of each; power is that of the
// length of the second.
func join(first, second, power uint32) uint32 { return multiply(first, power) ^ second }

// zeros returns the crc32 of zero bytes; power is that of their number.
func zeros(power uint32) uint32 { return ^multiply(^uint32(0), power) }

// powerOf returns x^(8n) modulo the polynomial of crc32. To multiply a crc
// register with it is what n zero bytes do. Bits are reversed, as in the
// register: the highest bit stands for the lowest power.
func powerOf(n int64) uint32 {
	result, square := uint32(1)<<31, uint32(1)<<(31-8)
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			result = multiply(result, square)
		}
		square = multiply(square, square)
	}
	return result
}

// multiply multiplies two polynomials modulo that of crc32.
func multiply(a, b uint32) uint32 {
	product := uint32(0)
	for ; a != 0; a <<= 1 {
		product ^= b & -(a >> 31)
		b = b>>1 ^ crc32.IEEE&-(b&1)
	}
	return product
}
