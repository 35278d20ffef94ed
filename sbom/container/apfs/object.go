package apfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
)

var le = binary.LittleEndian

// Types of objects, and the flags beside a type that say how it is stored.
const (
	typeSuperblock = 0x01
	typeTree       = 0x02
	typeTreeNode   = 0x03
	typeMap        = 0x0b
	typeVolume     = 0x0d
	typeFiles      = 0x0e // subtype of the tree of a volume's records
	typeSnapshots  = 0x10 // subtype of the tree of a volume's snapshots
	typeExtents    = 0x1f // subtype of a sealed volume's tree of extents

	typeMask       = 0xffff
	storedMask     = 0xc0000000
	storedVirtual  = 0
	storedPhysical = 0x40000000
)

// object is a block of metadata whose checksum matches.
type object struct {
	at      int64 // byte offset of the block
	data    []byte
	oid     uint64
	xid     uint64
	kind    uint32 // without flags
	subtype uint32
}

// fletcher64 is the checksum of a block: over all but its first eight bytes,
// which hold it. A block has at most 64 KiB, for which the sums do not overflow.
func fletcher64(block []byte) uint64 {
	const mod = 1<<32 - 1
	var a, b uint64
	for p := block[8:]; len(p) >= 4; p = p[4:] {
		a += uint64(le.Uint32(p))
		b += a
	}
	a, b = a%mod, b%mod
	low := mod - (a+b)%mod
	high := mod - (a+low)%mod
	return high<<32 | low
}

// block reads one block; nothing about it is checked.
func (c *Container) block(paddr uint64) (int64, []byte, error) {
	if paddr > uint64(c.size)/uint64(c.BlockSize) {
		return 0, nil, fault(-1, "block is past the end of the container", paddr)
	}
	at := int64(paddr) * c.BlockSize
	data, err := limit.ReadNAt(c.r, at, c.BlockSize, c.size)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, nil, fault(at, "block is past the end of the container", paddr)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("reading apfs block %d: %w", paddr, err)
	}
	return at, data, nil
}

// object reads one block of metadata and verifies its checksum. A block whose
// header is all zero passes when bare allows it: sealed volumes have such nodes.
func (c *Container) object(paddr uint64, bare bool) (*object, error) {
	at, data, err := c.block(paddr)
	if err != nil {
		return nil, err
	}
	o := &object{at: at, data: data, oid: le.Uint64(data[8:]), xid: le.Uint64(data[16:]),
		kind: le.Uint32(data[24:]) & typeMask, subtype: le.Uint32(data[28:])}
	if bare && le.Uint64(data) == 0 && o.oid == 0 && o.xid == 0 && o.kind == 0 && o.subtype == 0 {
		return o, nil
	}
	if want := fletcher64(data); le.Uint64(data) != want {
		return nil, fault(at, "checksum of a block is wrong, it should be", want)
	}
	return o, nil
}

// typed reads an object and checks that it is of a type and has a number.
func (c *Container) typed(paddr, oid uint64, kind uint32) (*object, error) {
	o, err := c.object(paddr, false)
	switch {
	case err != nil:
		return nil, err
	case o.kind != kind:
		return nil, fault(o.at+24, fmt.Sprintf("object is not of type %d but", kind), uint64(o.kind))
	case o.oid != oid:
		return nil, fault(o.at+8, fmt.Sprintf("object has not the number %d but", oid), o.oid)
	}
	return o, nil
}
