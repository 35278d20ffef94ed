package udiftest

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strings"
)

// Hostile is an image that no honest writer made.
type Hostile struct {
	Name  string
	Image []byte
	Want  string // part of what a reader must say of it
}

// sound is a disk of at least 28 sectors: hostile images are made from it, in
// chunks of four sectors.
type sound []byte

// Mixed is a kind that changes from chunk to chunk.
func Mixed(i int) uint32 { return []uint32{Zlib, Raw, ADC, XZ, LZFSE, Bzip2}[i%6] }

// image is the disk in one table, with one change.
func (s sound) image(edit func([]Chunk) []Chunk) []byte {
	return Image(Table{Name: "disk image (Apple_HFS : 0)", Data: s, Kind: Mixed, Chunk: 4, Edit: edit})
}

// one changes a single chunk.
func (s sound) one(i int, edit func(*Chunk)) []byte {
	return s.image(func(c []Chunk) []Chunk { edit(&c[i]); return c })
}

// trailer is an image with bytes of its trailer changed.
func (s sound) trailer(off int, b ...byte) []byte {
	image := s.image(nil)
	copy(image[len(image)-512+off:], b)
	return image
}

// damaged changes the last bytes of a packed chunk, where its checksum is (that
// of an xz stream is in the middle).
func (s sound) damaged(i int, kind uint32) []byte {
	return Image(Table{Name: "disk image (Apple_HFS : 0)", Data: s, Kind: Mixed, Chunk: 4,
		Packed: func(n int, b []byte) []byte {
			if n != i {
				return nil
			}
			p := Pack(kind, b)
			at := len(p) - 2
			if kind == XZ {
				at = len(p) / 2
			}
			p[at] ^= 0x55
			return p
		}})
}

// withList is an image with another property list.
func withList(list string) []byte { return Assemble(nil, []byte(list), 0) }

// withTable is an image with one table as it is given.
func withTable(block []byte) []byte {
	return Assemble(make([]byte, 4096), List([]Table{{Name: "t"}}, [][]byte{block}), 0)
}

const listHead = `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>resource-fork</key><dict><key>blkx</key><array>`

// Refused are images that cannot be opened at all.
func Refused(disk []byte) []Hostile {
	s := sound(disk)
	mish := func(edit func([]byte)) []byte {
		b := Mish(0, 8, 0, []Chunk{{Kind: Raw, Count: 8, Size: 4096}})
		edit(b)
		return withTable(b)
	}
	huge := uint64(math.MaxUint64)
	return []Hostile{
		{"empty", nil, "not a disk image"},
		{"text", []byte(strings.Repeat("hello ", 1000)), "not a disk image"},
		{"trailer only", []byte("koly" + strings.Repeat("\x00", 508)), "size of the koly trailer"},
		{"encrypted", append([]byte("encrcdsa"), make([]byte, 4096)...), "encrypted"},
		{"encrypted, old", append(make([]byte, 4096), "cdsaencr"...), "encrypted"},
		{"sparse", append([]byte("sprs"), make([]byte, 4096)...), "sparse"},
		{"segmented", s.trailer(60, 0, 0, 0, 2), "segment"},
		{"list outside", s.trailer(216, 0x7F), "property list lies outside the file"},
		{"list longer than the file", s.trailer(224, 0xFF), "property list lies outside the file"},
		{"data fork outside", s.trailer(24, 0xFF), "data fork lies outside the file"},
		{"neither list nor resources", s.trailer(224, 0, 0, 0, 0, 0, 0, 0, 0), "neither property list nor resource fork"},
		{"list is not XML", withList("bplist00 and more"), "property list"},
		{"list ends early", withList(listHead), "property list"},
		{"list without chunks", withList(listHead + "</array></dict></dict></plist>"), "has no chunks"},
		{"another root", withList("<html></html>"), "root element is not plist"},
		{"entities", withList(`<!DOCTYPE plist [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]>` + listHead[38:] + "</array></dict></dict></plist>"), "internal DTD subset"},
		{"unknown entity", withList(listHead + "<dict><key>&lol;</key></dict></array></dict></dict></plist>"), "well-formed"},
		{"deep", withList("<plist>" + strings.Repeat("<array>", 1_000_000)), "limit on depth"},
		{"list of 33 MiB", withList(listHead + strings.Repeat(" ", 33<<20)), "limit on file size"},
		{"not base64", withList(listHead + "<dict><key>Data</key><data>bWlzaA!</data></dict></array></dict></dict></plist>"), "not base64"},
		{"no table", withList(listHead + "<dict><key>Data</key><data>" + base64.StdEncoding.EncodeToString(make([]byte, 300)) + "</data></dict></array></dict></dict></plist>"), "not a table of chunks"},
		{"table without data", withList(listHead + "<dict></dict></array></dict></dict></plist>"), "not a table of chunks"},
		{"1e9 chunks", mish(func(b []byte) { binary.BigEndian.PutUint32(b[200:], 1e9) }), "claims more chunks than it holds"},
		{"first sector", mish(func(b []byte) { binary.BigEndian.PutUint64(b[8:], huge) }), "impossible first sector"},
		{"sectors", mish(func(b []byte) { binary.BigEndian.PutUint64(b[16:], huge) }), "impossible number of sectors"},
		{"chunk behind every disk", s.one(3, func(c *Chunk) { c.Count = 1 << 60 }), "behind every disk"},
		{"chunk starts behind every disk", s.one(3, func(c *Chunk) { c.Start = huge }), "behind every disk"},
		{"overlapping chunks", s.one(3, func(c *Chunk) { c.Start-- }), "lies over the one before"},
		{"chunks in disorder", s.image(func(c []Chunk) []Chunk { c[1], c[2] = c[2], c[1]; return c }), "lies over the one before"},
		{"overlapping tables", Image(Table{Name: "a", Data: make([]byte, 9*Sector), Kind: Mixed}, Table{Name: "b", Start: 8, Data: make([]byte, 9*Sector), Kind: Mixed}), "tables lie over each other"},
	}
}

// Damaged are images with one chunk, of four sectors, that cannot be read; it
// is one of the second to the seventh.
func Damaged(disk []byte) []Hostile {
	s := sound(disk)
	return []Hostile{
		{"outside the file", s.one(6, func(c *Chunk) { c.Offset = 1 << 40 }), "chunk lies outside the file"},
		{"offset overflows", s.one(6, func(c *Chunk) { c.Offset = math.MaxUint64 }), "chunk lies outside the file"},
		{"size overflows", s.one(6, func(c *Chunk) { c.Size = math.MaxInt64 }), "chunk lies outside the file"},
		{"stored, outside", s.one(1, func(c *Chunk) { c.Offset = 1 << 40 }), "chunk lies outside the file"},
		{"stored, other size", s.one(1, func(c *Chunk) { c.Size-- }), "another size"},
		{"unknown kind", s.one(6, func(c *Chunk) { c.Kind = 0x80000009 }), "unknown kind of chunk"},
		{"zlib ends early", s.one(6, func(c *Chunk) { c.Size-- }), "cannot be unpacked"},
		{"zlib, wrong sum", s.damaged(6, Zlib), "cannot be unpacked"},
		{"bzip2, wrong sum", s.damaged(5, Bzip2), "cannot be unpacked"},
		{"xz, wrong sum", s.damaged(3, XZ), "cannot be unpacked"},
		{"lzfse ends early", s.one(4, func(c *Chunk) { c.Size -= 4 }), "cannot be unpacked"},
		{"adc ends early", s.one(2, func(c *Chunk) { c.Size-- }), "cannot be unpacked"},
		{"empty", s.one(6, func(c *Chunk) { c.Size = 0 }), "cannot be unpacked"},
	}
}
