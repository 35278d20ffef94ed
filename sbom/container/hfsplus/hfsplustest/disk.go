package hfsplustest

import (
	"encoding/binary"
	"slices"
)

// extent is a run of blocks.
type extent struct{ start, count uint32 }

// disk hands out blocks, one after the other.
type disk struct {
	block int
	used  []bool
	data  []byte // of all blocks but those of holes
	holes []Hole
}

// hole marks blocks as used whose content is not kept.
func (d *disk) hole(path string, size int64) extent {
	n := int((size + int64(d.block) - 1) / int64(d.block))
	e := extent{uint32(len(d.used)), uint32(n)}
	d.holes = append(d.holes, Hole{path, int64(e.start) * int64(d.block), int64(n) * int64(d.block)})
	d.used = append(d.used, slices.Repeat([]bool{true}, n)...)
	return e
}

// at is where an extent's bytes are in data.
func (d *disk) at(e extent) int {
	at := int64(e.start) * int64(d.block)
	for _, h := range d.holes {
		if h.Offset < int64(e.start)*int64(d.block) {
			at -= h.Size
		}
	}
	return int(at)
}

// take marks the next blocks as used.
func (d *disk) take(n int) extent {
	e := extent{uint32(len(d.used)), uint32(n)}
	for range n {
		d.used = append(d.used, true)
	}
	d.data = append(d.data, make([]byte, n*d.block)...)
	return e
}

// skip leaves blocks free.
func (d *disk) skip(n int) {
	d.used = append(d.used, make([]bool, n)...)
	d.data = append(d.data, make([]byte, n*d.block)...)
}

// store writes data in extents of at most piece blocks with a free block between
// them; 0: in one extent.
func (d *disk) store(data []byte, piece int) (list []extent) {
	for len(data) > 0 {
		n := (len(data) + d.block - 1) / d.block
		if piece > 0 && n > piece {
			n = piece
		}
		e := d.take(n)
		data = data[copy(d.data[d.at(e):], data):]
		list = append(list, e)
		if piece > 0 {
			d.skip(1)
		}
	}
	return list
}

type bitmapFile struct {
	at   extent
	size int
}

// bitmap writes the allocation file and the tail of the volume, which is used.
func (d *disk) bitmap(tail int) bitmapFile {
	blocks := 1
	for (len(d.used)+blocks+tail+7)/8 > blocks*d.block {
		blocks++
	}
	at := d.take(blocks)
	d.take(tail)
	bits := d.data[d.at(at):]
	for i, used := range d.used {
		if used {
			bits[i/8] |= 0x80 >> (i % 8)
		}
	}
	return bitmapFile{at, blocks * d.block}
}

func (d *disk) free() (n int) {
	for _, used := range d.used {
		if !used {
			n++
		}
	}
	return n
}

func (d *disk) bytes() []byte { return d.data }

func forkRecord(size, blocks int, list []extent) []byte {
	p := binary.BigEndian.AppendUint64(nil, uint64(size))
	p = append(append(p, u32(0)...), u32(uint32(blocks))...)
	return append(p, extentList(list)...)
}

// extentList is a record of eight extents; those behind the eighth are left out.
func extentList(list []extent) []byte {
	p := make([]byte, 0, 64)
	for i := range 8 {
		var e extent
		if i < len(list) {
			e = list[i]
		}
		p = append(append(p, u32(e.start)...), u32(e.count)...)
	}
	return p
}

func u32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func pad(p []byte) []byte {
	if len(p)%2 == 1 {
		p = append(p, 0)
	}
	return p
}

// Wrap puts a volume into a plain HFS volume, as old systems did.
func Wrap(volume []byte) []byte {
	const block, first = 4096, 16 // bytes; 512-byte sectors before the first block
	blocks := (len(volume) + block - 1) / block
	out := make([]byte, first*512+(3+blocks)*block)
	copy(out[first*512+3*block:], volume)
	h := out[1024:]
	be := binary.BigEndian
	copy(h, "BD")
	be.PutUint16(h[18:], uint16(3+blocks))
	be.PutUint32(h[20:], block)
	be.PutUint16(h[28:], first)
	copy(h[124:], "H+")
	be.PutUint16(h[126:], 3)
	be.PutUint16(h[128:], uint16(blocks))
	return out
}
