package apfstest

import (
	"math"
)

// Hostile is an image that no honest writer made.
type Hostile struct {
	Name  string
	Image *Sparse
	Want  string // part of what a reader must say of it; "": nothing, it is harmless
}

// Hostiles are all hostile images made from one sound one.
func Hostiles(orig *Sparse) []Hostile { return append(badBlocks(orig), badRecords(orig)...) }

// damage is one change of one block. The block is summed again where a writer
// would.
type damage struct {
	name   string
	block  uint32
	sum    bool
	change func([]byte)
	want   string
}

func put16(at int, v uint16) func([]byte) { return func(b []byte) { le.PutUint16(b[at:], v) } }
func put32(at int, v uint32) func([]byte) { return func(b []byte) { le.PutUint32(b[at:], v) } }
func put64(at int, v uint64) func([]byte) { return func(b []byte) { le.PutUint64(b[at:], v) } }

// childOf is the value of record i of a node with entries of eight bytes.
func childOf(b []byte, i int) []byte {
	toc := 56 + int(le.Uint16(b[40:]))
	end := len(b)
	if le.Uint16(b[32:])&1 != 0 {
		end -= 40
	}
	return b[end-int(le.Uint16(b[toc+8*i+4:])):]
}

func badBlocks(orig *Sparse) (out []Hostile) {
	p := Find(orig)
	for _, c := range []damage{
		{"block size 0", 0, true, put32(36, 0), "block size is not allowed (0)"},
		{"block size huge", 0, true, put32(36, 1<<31), "block size is not allowed"},
		{"block size odd", 0, true, put32(36, 5000), "block size is not allowed"},
		{"ring of 2^31", 0, true, put32(104, math.MaxInt32), "checkpoint area is larger"},
		{"ring in a tree at nothing", 0, true, func(b []byte) { put32(104, 1<<31|64)(b); put64(112, 99)(b) }, "node has not the number 99"},
		{"ring far away", 0, true, put64(112, math.MaxUint64-3), ""},
		{"first superblock broken", 0, false, put64(88, 7), "first superblock: apfs container: checksum"},
		{"Fusion", p.Super, true, put64(64, 0x102), "Fusion container"},
		{"too many volumes", p.Super, true, put32(180, math.MaxUint32), "room for too many volumes"},
		{"volume without mapping", p.Super, true, put64(184, 77), "does not have the object (77)"},
		{"object map is itself the tree", p.Map, true, put64(48, uint64(p.Map)), "object is no node of a tree"},
		{"object map elsewhere", p.Map, true, put64(48, math.MaxUint64), "past the end"},
		{"volume encrypted", p.Volume, true, put64(264, 0), "encrypted"},
		{"volume restoring", p.Volume, true, put64(56, 0x11), "without all its data"},
		{"volume sealed without extents", p.Volume, true, put64(56, 0x29), "tree of extents"},
		{"volume roots in a snapshot that is not there", p.Volume, true, put64(968, 5), "no snapshot of transaction"},
		{"volume is not one", p.Volume, true, put32(32, 1), "no apfs volume"},
		{"tree of files ephemeral", p.Volume, true, put32(116, 0x80000002), "not stored on disk"},
		{"root is its own child", p.Root, true, func(b []byte) { le.PutUint64(childOf(b, 0), le.Uint64(b[8:])) }, "root of a tree is not where it should be"},
		{"two children are one", p.Root, true, func(b []byte) { copy(childOf(b, 1)[:8], childOf(b, 0)[:8]) }, "starts before its place"},
		{"root at level 16", p.Root, true, put16(34, 16), "has level"},
		{"root at level 65535", p.Root, true, put16(34, 65535), "level of a node is wrong"},
		{"root says leaf", p.Root, true, func(b []byte) { b[32] |= 2 }, "level of a node is wrong"},
		{"2^32 records", p.Root, true, put32(36, math.MaxUint32), "table of a node does not fit"},
		{"no records", p.Root, true, put32(36, 0), "no inode (2)"},
		{"records reversed", p.Leaf, true, func(b []byte) {
			toc := 56 + int(le.Uint16(b[40:]))
			n := int(le.Uint32(b[36:]))
			for i := range n / 2 {
				x, y := b[toc+8*i:toc+8*i+8], b[toc+8*(n-1-i):toc+8*(n-1-i)+8]
				for j := range x {
					x[j], y[j] = y[j], x[j]
				}
			}
		}, "out of order"},
		{"key past the node", p.Leaf, true, func(b []byte) { le.PutUint16(b[56+int(le.Uint16(b[40:])):], 65000) }, "record does not fit"},
		{"leaf broken", p.Leaf, false, put64(100, 12345), "checksum of a block is wrong"},
		{"nodes of 1 GB", p.Root, true, put32(BlockSize-40+4, 1<<30), "nodes that are not one block"},
		{"map's keys of 2^31", p.VolumeMapRoot, true, put32(BlockSize-40+8, 1<<31), "does not fit"},
	} {
		s := orig.Clone()
		s.Edit(c.block, c.sum, c.change)
		out = append(out, Hostile{c.name, s, c.want})
	}
	return out
}

// recordKind is the type of the record that a key of the tree of files is for.
func recordKind(key []byte) uint64 { return le.Uint64(key) >> 60 }

func badRecords(orig *Sparse) (out []Hostile) {
	for _, c := range []struct {
		name string
		edit func(key, val []byte) bool
		want string
	}{
		{"every folder is the root", func(k, v []byte) bool {
			if recordKind(k) != 9 || le.Uint16(v[16:])&15 != 4 {
				return false
			}
			le.PutUint64(v, 2)
			return true
		}, "met a second time"},
		{"extents past the end", func(k, v []byte) bool {
			if recordKind(k) != 8 {
				return false
			}
			le.PutUint64(v[8:], 1<<60)
			return true
		}, "past the end of the container"},
		{"extents of no length", func(k, v []byte) bool {
			if recordKind(k) != 8 {
				return false
			}
			le.PutUint64(v, 0)
			return true
		}, "no extent holds it"},
		{"extents of 2^56 bytes", func(k, v []byte) bool {
			if recordKind(k) != 8 {
				return false
			}
			le.PutUint64(v, 1<<56-1)
			return true
		}, ""},
		{"exabytes", func(k, v []byte) bool {
			if recordKind(k) != 3 || len(v) < 140 {
				return false
			}
			copy(v[len(v)-40:], "\xff\xff\xff\xff\xff\xff\xff\x7f")
			return true
		}, "limit on file size hit"},
		{"extended fields without end", func(k, v []byte) bool {
			if recordKind(k) != 3 || len(v) < 100 {
				return false
			}
			le.PutUint16(v[92:], 65535)
			return true
		}, "extended fields do not fit"},
		{"names lead up", func(k, v []byte) bool {
			if recordKind(k) != 9 || len(k) < 12+4 {
				return false
			}
			copy(k[12:], "../")
			return true
		}, "name has a slash or a zero"},
		{"names of no bytes", func(k, v []byte) bool {
			if recordKind(k) != 9 {
				return false
			}
			le.PutUint32(k[8:], 0)
			return true
		}, "name does not fit its key"},
		{"attributes larger than their record", func(k, v []byte) bool {
			if recordKind(k) != 4 {
				return false
			}
			le.PutUint16(v[2:], 65535)
			return true
		}, "attribute does not fit"},
	} {
		s := orig.Clone()
		if EditRecords(s, c.edit) == 0 {
			panic("apfstest: nothing was changed: " + c.name)
		}
		out = append(out, Hostile{c.name, s, c.want})
	}
	return out
}
