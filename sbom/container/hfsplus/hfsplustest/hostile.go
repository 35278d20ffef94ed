package hfsplustest

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Damage is a volume with one thing changed.
type Damage struct {
	Name  string
	Bytes []byte
	Want  string // part of what a reader must say; "": nothing
	Least int    // entries that must still be found
}

// Small is a small volume with five entries, one of them in many extents.
func Small() Image {
	content := make([]byte, 0, 40960)
	for i := uint64(1); len(content) < cap(content); i++ {
		content = binary.LittleEndian.AppendUint64(content, i*0x9e3779b97f4a7c15)
	}
	return Image{Files: []File{{Path: "a/file", Data: []byte("content")}, {Path: "b", Data: content, Piece: 1},
		{Path: "link", Link: "a/file"}, {Path: "attr", Attrs: []Attr{{Name: "com.example.b", Value: []byte("x")}}}}}
}

// Offsets in a volume header and in a tree's header node.
const (
	atBlockSize = 1024 + 40
	atBlocks    = 1024 + 44
	atExtents   = 1024 + 192
	atCatalog   = 1024 + 272
	atDepth     = 14
	atRoot      = 16
	atRecords   = 20
	atNodeSize  = 32
	atNodes     = 36
)

func put16(p []byte, at int64, v uint16) { binary.BigEndian.PutUint16(p[at:], v) }
func put32(p []byte, at int64, v uint32) { binary.BigEndian.PutUint32(p[at:], v) }
func put64(p []byte, at int64, v uint64) { binary.BigEndian.PutUint64(p[at:], v) }

// damage changes the bytes of a volume.
type damage struct {
	name  string
	apply func(v *Volume, p []byte)
	want  string
	least int
}

// Damages are all damaged volumes.
func Damages() (out []Damage) {
	const node = 4096
	root := func(v *Volume) int64 { // the only leaf
		return v.Catalog + node*int64(binary.BigEndian.Uint32(v.Bytes[v.Catalog+atRoot:]))
	}
	for _, c := range []damage{
		{"block size 0", func(_ *Volume, p []byte) { put32(p, atBlockSize, 0) }, "impossible block size", 0},
		{"block size odd", func(_ *Volume, p []byte) { put32(p, atBlockSize, 4097) }, "impossible block size", 0},
		{"block size 2 GiB", func(_ *Volume, p []byte) { put32(p, atBlockSize, 1<<31) }, "EOF", 0},
		{"no blocks", func(_ *Volume, p []byte) { put32(p, atBlocks, 0) }, "has no blocks", 0},
		{"fewer blocks", func(_ *Volume, p []byte) { put32(p, atBlocks, 2) }, "extent is outside the volume", 0},
		{"catalog of exabytes", func(_ *Volume, p []byte) { put64(p, atCatalog, 1<<62) }, "larger than its blocks", 0},
		{"catalog of exabytes, blocks too", func(_ *Volume, p []byte) {
			put32(p, atBlocks, math.MaxUint32)
			put64(p, atCatalog, 1<<43)
			put32(p, atCatalog+12, math.MaxUint32)
		}, "", 4},
		{"catalog without extents", func(_ *Volume, p []byte) { clear(p[atCatalog+16 : atCatalog+80]) }, "extents are missing", 0},
		{"extents without extents", func(_ *Volume, p []byte) { clear(p[atExtents+16 : atExtents+80]) }, "no extent for its block", 0},
		{"node size 0", func(v *Volume, p []byte) { put16(p, v.Catalog+atNodeSize, 0) }, "impossible node size", 0},
		{"node size 1000", func(v *Volume, p []byte) { put16(p, v.Catalog+atNodeSize, 1000) }, "impossible node size", 0},
		{"node size 32768", func(v *Volume, p []byte) { put16(p, v.Catalog+atNodeSize, 32768) }, "outside its tree", 0},
		{"node size 512", func(v *Volume, p []byte) { put16(p, v.Catalog+atNodeSize, 512) }, "another kind or height", 0},
		{"depth 65535", func(v *Volume, p []byte) { put16(p, v.Catalog+atDepth, 0xffff) }, "too deep", 0},
		{"depth 2", func(v *Volume, p []byte) { put16(p, v.Catalog+atDepth, 2) }, "another kind or height", 0},
		{"depth 0", func(v *Volume, p []byte) { put16(p, v.Catalog+atDepth, 0) }, "no such record", 0},
		{"root node outside", func(v *Volume, p []byte) { put32(p, v.Catalog+atRoot, 1<<30) }, "outside its tree", 0},
		{"root node is the header", func(v *Volume, p []byte) { put32(p, v.Catalog+atRoot, 0) }, "another kind or height", 0},
		{"fewer nodes", func(v *Volume, p []byte) { put32(p, v.Catalog+atNodes, 1) }, "outside its tree", 0},
		{"more records", func(v *Volume, p []byte) { put32(p, v.Catalog+atRecords, 999) }, "another number of records", 5},
		{"65535 records", func(v *Volume, p []byte) { put16(p, root(v)+10, 0xffff) }, "more records than the node has room for", 0},
		{"record below the descriptor", func(v *Volume, p []byte) { put16(p, root(v)+node-2, 4) }, "outside its node", 4},
		{"records overlap", func(v *Volume, p []byte) { copy(p[root(v)+node-8:], p[root(v)+node-6:root(v)+node-4]) }, "overlaps", 3},
		{"record behind the node", func(v *Volume, p []byte) { put16(p, root(v)+node-8, 0xfff0) }, "outside its node", 3},
		{"key longer than its record", func(v *Volume, p []byte) { put16(p, root(v)+14, 0x7fff) }, "key is longer", 5},
		{"name longer than its key", func(v *Volume, p []byte) { put16(p, root(v)+14+6, 255) }, "malformed key", 5},
		{"leaf chain in a circle", func(v *Volume, p []byte) {
			put32(p, root(v), binary.BigEndian.Uint32(p[v.Catalog+atRoot:]))
		}, "goes on where its index ends", 5},
		{"extents tree empty", func(v *Volume, p []byte) { put16(p, v.Extents+atDepth, 0) }, "extents are missing", 5},
		{"attributes tree of garbage", func(v *Volume, p []byte) { copy(p[v.Attributes:], bytes.Repeat([]byte{0xff}, 64)) }, "no header", 0},
	} {
		v := Small().Build()
		c.apply(v, v.Bytes)
		out = append(out, Damage{c.name, v.Bytes, c.want, c.least})
	}
	return out
}

// Strange is a volume with catalog records that no honest writer makes.
type Strange struct {
	Name  string
	Bytes []byte
	Path  string // that must be listed
	Want  string // part of what a reader must say of it; "": nothing
}

// strange is what is added to the catalog.
type strange struct {
	name string
	raw  []Raw
	path string
	want string
}

// Stranges are all of them.
func Stranges() (out []Strange) {
	folder := func(id, parent uint32, name string) []Raw {
		return []Raw{{Parent: parent, Name: name, Body: FolderBody(id, 0o40755)}, {Parent: id, Body: ThreadBody(3, parent, name)}}
	}
	file := func(parent uint32, name string, change func([]byte)) []Raw {
		body := FileBody(9000, 0)
		if change != nil {
			change(body)
		}
		return []Raw{{Parent: parent, Name: name, Body: body}}
	}
	join := func(parts ...[]Raw) (all []Raw) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, c := range []strange{
		{"folder inside itself", join(folder(100, 100, "self"), file(100, "x", nil)), "[folder 100]/self/x", "inside itself"},
		{"two folders in each other", join(folder(100, 101, "a"), folder(101, 100, "b"), file(101, "x", nil)), "[folder 100]/b/x", "inside itself"},
		{"no parent", file(500, "lost", nil), "[folder 500]/lost", "missing"},
		{"parent is a file", join([]Raw{{Parent: 600, Body: ThreadBody(4, 2, "f")}}, file(600, "x", nil)), "[folder 600]/x", "no thread record"},
		{"dot dot", join(folder(100, 2, ".."), file(100, "passwd", nil)), "[..]/passwd", "leads elsewhere"},
		{"dot", file(2, ".", nil), "[.]", "leads elsewhere"},
		{"zeros", file(2, "a\u2400b", nil), "a␀b", ""},
		{"slash", file(2, "..:..:etc", nil), "..:..:etc", ""},
		{"hard link to nothing", file(2, "h", func(p []byte) { Link(p, "hlnk", "hfs+", 77) }), "h", "no such record"},
		{"fork larger than its blocks", file(2, "big", func(p []byte) { binary.BigEndian.PutUint64(p[88:], 1<<60) }), "big", "larger than its blocks"},
		{"fork with more blocks than the volume", file(2, "big", func(p []byte) {
			binary.BigEndian.PutUint64(p[88:], 1<<40)
			binary.BigEndian.PutUint32(p[88+12:], 1<<31)
		}), "big", "more blocks than the volume"},
		{"negative size", file(2, "big", func(p []byte) { binary.BigEndian.PutUint64(p[168:], 1<<63) }), "big", "larger than its blocks"},
		{"long link", file(2, "l", func(p []byte) {
			binary.BigEndian.PutUint16(p[42:], 0o120777)
			binary.BigEndian.PutUint64(p[88:], 5000)
		}), "l", "path length"},
		{"device", file(2, "d", func(p []byte) { binary.BigEndian.PutUint16(p[42:], 0o020666) }), "d", ""},
		{"folder's mode on a file", file(2, "d", func(p []byte) { binary.BigEndian.PutUint16(p[42:], 0o040755) }), "d", ""},
	} {
		im := Small()
		im.Raw = c.raw
		out = append(out, Strange{c.name, im.Build().Bytes, c.path, c.want})
	}
	return out
}
