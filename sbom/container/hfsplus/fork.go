package hfsplus

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/kinbom/kinbom/sbom/limit"
)

// Kinds of a fork in the keys of the extents tree.
const (
	forkData     = 0x00
	forkResource = 0xff
)

const forkSize = 80 // HFSPlusForkData

// extent is a run of blocks.
type extent struct{ start, count uint32 }

// fork is where a fork's bytes are, as its record says.
type fork struct {
	size   uint64 // bytes
	blocks uint32
	list   [8]extent
}

func parseFork(p []byte) fork {
	return fork{binary.BigEndian.Uint64(p), binary.BigEndian.Uint32(p[12:]), parseExtents(p[16:])}
}

func parseExtents(p []byte) (list [8]extent) {
	for i := range list {
		list[i] = extent{binary.BigEndian.Uint32(p[8*i:]), binary.BigEndian.Uint32(p[8*i+4:])}
	}
	return list
}

// forkReader reads a fork. What does not fit into its record is looked up piece
// by piece, so that a fork in a million pieces costs no memory.
type forkReader struct {
	v    *Volume
	f    fork
	size int64
	// more returns the list of extents that holds the block of the fork, and the
	// block at which the list starts. nil: there is no such list.
	more func(block uint32) (uint32, [8]extent, error)

	mu    sync.Mutex // guards the list that was found last
	first uint32
	last  [8]extent
}

// openFork checks a fork's size against its blocks, and those against the volume.
func (v *Volume) openFork(f fork, more func(uint32) (uint32, [8]extent, error)) (*forkReader, error) {
	if int64(f.blocks) > v.Blocks {
		return nil, fault(-1, "fork has more blocks than the volume", uint64(f.blocks))
	}
	if have := uint64(f.blocks) * uint64(v.BlockSize); f.size > have {
		return nil, fault(-1, "fork is larger than its blocks", f.size)
	}
	return &forkReader{v: v, f: f, size: int64(f.size), more: more}, nil
}

// fileFork opens the data or resource fork of a file.
func (v *Volume) fileFork(f fork, id uint32, kind uint8) (*forkReader, error) {
	if id == idExtents {
		return v.openFork(f, nil)
	}
	return v.openFork(f, func(block uint32) (uint32, [8]extent, error) { return v.overflow(id, kind, block) })
}

func (r *forkReader) section() *io.SectionReader { return io.NewSectionReader(r, 0, r.size) }

// ReadAt reads whole runs of blocks.
func (r *forkReader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("reading a fork at %d: negative offset", off)
	}
	n := 0
	for n < len(p) {
		if off >= r.size {
			return n, io.EOF
		}
		at, run, err := r.locate(off)
		if err != nil {
			return n, err
		}
		want := min(int64(len(p)-n), run, r.size-off)
		m, err := r.v.r.ReadAt(p[n:n+int(want)], at)
		n += m
		off += int64(m)
		if int64(m) < want {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return n, fmt.Errorf("reading the volume at %d: %w", r.v.base+at+int64(m), err)
		}
	}
	return n, nil
}

// locate finds the place in the volume of the fork's byte at off, and how many
// bytes follow there.
func (r *forkReader) locate(off int64) (at, run int64, err error) {
	block := uint32(off / r.v.BlockSize) // a fork has no more blocks than fit
	if e, skip, ok := find(r.f.list, 0, block); ok {
		return r.place(e, skip, off)
	}
	if r.more == nil {
		return 0, 0, fault(-1, "fork has no extent for its block", uint64(block))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first > 0 {
		if e, skip, ok := find(r.last, r.first, block); ok {
			return r.place(e, skip, off)
		}
	}
	first, list, err := r.more(block)
	if err != nil {
		return 0, 0, err
	}
	e, skip, ok := find(list, first, block)
	if !ok {
		return 0, 0, fault(-1, "fork has no extent for its block", uint64(block))
	}
	r.first, r.last = first, list
	return r.place(e, skip, off)
}

// find returns the extent of a list that holds the block, and how many blocks of
// it come before.
func find(list [8]extent, first, block uint32) (e extent, skip uint32, ok bool) {
	at := uint64(first)
	for _, e := range list {
		if e.count == 0 || uint64(block) < at {
			break
		}
		if uint64(block) < at+uint64(e.count) {
			return e, uint32(uint64(block) - at), true
		}
		at += uint64(e.count)
	}
	return extent{}, 0, false
}

func (r *forkReader) place(e extent, skip uint32, off int64) (at, run int64, err error) {
	if !limit.Inside(int64(e.start), int64(e.count), r.v.Blocks) {
		return 0, 0, fault(-1, "extent is outside the volume", uint64(e.start))
	}
	in := off % r.v.BlockSize
	at = (int64(e.start)+int64(skip))*r.v.BlockSize + in
	return at, int64(e.count-skip)*r.v.BlockSize - in, nil
}

// overflow looks up the extents of a file's fork that its record has no room for.
func (v *Volume) overflow(id uint32, kind uint8, block uint32) (uint32, [8]extent, error) {
	type key struct {
		id   uint32
		kind uint8
	}
	parse := func(k []byte) (key, uint32, bool) {
		if len(k) < 10 {
			return key{}, 0, false
		}
		return key{binary.BigEndian.Uint32(k[2:]), k[0]}, binary.BigEndian.Uint32(k[6:]), true
	}
	n, i, err := v.extents.search(func(k []byte) (int, bool) {
		got, first, ok := parse(k)
		if c := compareUint(got.id, id); c != 0 {
			return c, ok
		}
		if c := compareUint(uint32(got.kind), uint32(kind)); c != 0 {
			return c, ok
		}
		return compareUint(first, block), ok
	})
	if err != nil {
		return 0, [8]extent{}, fmt.Errorf("looking up extents of file %d: %w", id, err)
	}
	if i >= 0 {
		k, body, err := n.record(i)
		if err != nil {
			return 0, [8]extent{}, err
		}
		if got, first, ok := parse(k); ok && got == (key{id, kind}) && len(body) >= 64 {
			return first, parseExtents(body), nil
		}
	}
	return 0, [8]extent{}, fault(-1, "extents are missing of file", uint64(id))
}

func compareUint(a, b uint32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
