package udif

import (
	"encoding/binary"
	"slices"
	"strconv"
)

// Kinds of chunks.
const (
	chunkZero    uint32 = 0          // sectors of zeros; summed
	chunkRaw     uint32 = 1          // stored as they are
	chunkIgnore  uint32 = 2          // free space; not summed
	chunkADC     uint32 = 0x80000004 // Apple Data Compression
	chunkZlib    uint32 = 0x80000005
	chunkBzip2   uint32 = 0x80000006
	chunkLZFSE   uint32 = 0x80000007
	chunkXZ      uint32 = 0x80000008 // called LZMA, and is xz
	chunkComment uint32 = 0x7FFFFFFE
	chunkEnd     uint32 = 0xFFFFFFFF
)

// Sizes of a table's header and of one chunk in it.
const (
	tableHead = 204
	chunkHead = 40
)

// chunk is a run of sectors and where its bytes are.
type chunk struct {
	start, count int64  // sectors of the disk
	off, size    int64  // bytes of the file; checked when they are read
	kind         uint32 // unknown kinds are kept, and fail when they are read
	sum          uint32 // crc32 of what it unpacks to, once summed
	summed       bool
	failed       error // why it could not be unpacked: it is not tried again
	spilled      bool  // it is in the spill file
}

// table is one resource blkx: the chunks of a run of sectors, usually one
// partition or one part of the partition map. Magic "mish".
type table struct {
	name       string
	start, end int64 // sectors of the disk that its chunks cover
	claimed    int64 // sectors, as the header says
	check      checksum
	chunks     []chunk // in the order of the disk, not over each other
}

// readTable reads a table. dataFork is what its offsets count from.
func readTable(e entry, dataFork int64) (*table, error) {
	be := binary.BigEndian
	b := e.data
	bad := func(off int, what string, value any) (*table, error) {
		return nil, fault(e.offset, "table "+strconv.Quote(e.name)+" byte "+strconv.Itoa(off)+": "+what, value)
	}
	if len(b) < tableHead || string(b[:4]) != "mish" {
		return bad(0, "is not a table of chunks", len(b))
	}
	base, claimed, data := be.Uint64(b[8:]), be.Uint64(b[16:]), be.Uint64(b[24:])
	n := be.Uint32(b[200:])
	switch {
	case base > maxSectors:
		return bad(8, "impossible first sector", base)
	case claimed > maxSectors:
		return bad(16, "impossible number of sectors", claimed)
	case uint64(n) > uint64(len(b)-tableHead)/chunkHead:
		return bad(200, "claims more chunks than it holds", n)
	}
	t := &table{name: e.name, start: int64(base), end: int64(base), claimed: int64(claimed), check: readChecksum(b[64:])}
	t.chunks = make([]chunk, 0, n)
	for i := range int(n) {
		at := tableHead + i*chunkHead
		c := b[at:]
		kind := be.Uint32(c)
		if kind == chunkEnd {
			break
		}
		start, count, off, size := be.Uint64(c[8:]), be.Uint64(c[16:]), be.Uint64(c[24:]), be.Uint64(c[32:])
		if kind == chunkComment || count == 0 {
			continue
		}
		switch {
		case start > maxSectors-base || count > maxSectors-base-start:
			return bad(at+8, "chunk ends behind every disk", count)
		case int64(base+start) < t.end:
			return bad(at+8, "chunk lies over the one before", start)
		case off > 1<<62 || data > 1<<61 || size > 1<<62:
			off, size, data = 1<<61, 1<<61, 0 // outside of every file
		}
		t.end = int64(base + start + count)
		t.chunks = append(t.chunks, chunk{start: int64(base + start), count: int64(count), kind: kind,
			off: int64(off+data) + min(dataFork, 1<<61), size: int64(size)})
	}
	t.chunks = slices.Clip(t.chunks)
	return t, nil
}
