// Package hfsplustest writes HFS+ and HFSX volumes for tests: fragmented forks,
// hard links, extended attributes, resource forks, and catalog records that no
// honest writer would make. It is for small volumes and is not robust: what
// cannot be built panics, for the input is a test's own text.
package hfsplustest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// File is one entry of an image. Folders above it are made as needed.
type File struct {
	Path string // slash-separated; ':' becomes '/' in the volume, U+2400 a zero
	Dir  bool
	Mode uint16 // with the kind of file; 0: the usual one

	Data, Resource []byte
	Link           string // makes it a symbolic link
	HardLink       string // path of an earlier file: both become names of one content
	FolderLink     string // name of this link's folder below the folder of such folders, as "dir_20"
	Attrs          []Attr
	Compressed     bool  // sets UF_COMPRESSED
	Hole           int64 // bytes of content, in place of Data, that the caller adds: see Volume.Holes
	Piece          int   // blocks of each extent of the forks; 0: one extent

	links uint32 // names of this content
}

// Attr is an extended attribute.
type Attr struct {
	Name  string
	Value []byte
	Piece int // blocks of each extent, when stored in a fork; 0: inline
}

// Raw is a catalog record as it is.
type Raw struct {
	Parent uint32
	Name   string // see File.Path
	Body   []byte
}

// Image says what a volume holds.
type Image struct {
	Name         string // of the volume
	BlockSize    int    // 0: 4096
	NodeSize     int    // of catalog and attributes; 0: 4096
	X            bool   // HFSX
	Sensitive    bool   // names by their bytes; only with X
	Files        []File
	Raw          []Raw
	CatalogPiece int    // blocks of each extent of the catalog; 0: one extent. A node lies in one extent where real systems write
	Free         int    // blocks left free
	Attributes   uint32 // bits of the volume's attributes; 0: unmounted
}

// Hole is where a file's content belongs that is not in Volume.Bytes.
type Hole struct {
	Path         string
	Offset, Size int64 // bytes of the volume, whole blocks
}

// Volume is a volume that was built.
type Volume struct {
	Bytes []byte // without what belongs into Holes
	Holes []Hole // in the order of the volume
	// Places of the first block of the volume's own trees; -1 where there is none.
	Extents, Catalog, Attributes int64
	ID                           map[string]uint32 // of each path; of a hard link, of its content
}

const (
	stamp      = 0xd0000000 // every date, so that hard links have the volume's
	firstID    = 16
	rootID     = 2
	privateDir = "\u2400\u2400\u2400\u2400HFS+ Private Data"
)

// LinkedFolders is the name of the folder that holds folders with several parents.
const LinkedFolders = ".HFS+ Private Directory Data\r"

// builder is the state of building one image.
type builder struct {
	Image
	disk    disk
	next    uint32
	id      map[string]uint32
	catalog []entry
	extents []entry
	attrs   []entry
	inodes  map[string]uint32 // content number of paths that are hard linked
	files   int
	folders int
}

// Build writes the volume.
func (im Image) Build() *Volume {
	if im.BlockSize == 0 {
		im.BlockSize = 4096
	}
	if im.NodeSize == 0 {
		im.NodeSize = 4096
	}
	if im.Name == "" {
		im.Name = "Untitled"
	}
	if im.Attributes == 0 {
		im.Attributes = 1 << 8
	}
	b := &builder{Image: im, disk: disk{block: im.BlockSize}, next: firstID, id: map[string]uint32{"": rootID}, inodes: map[string]uint32{}}
	b.disk.take((1536 + im.BlockSize - 1) / im.BlockSize) // boot blocks and header
	b.folder(1, im.Name, rootID, 0o40755)
	b.folders--
	for _, f := range im.Files {
		if f.HardLink != "" {
			b.inodes[f.HardLink] = 0
		}
	}
	for _, f := range im.Files {
		b.add(f)
	}
	for _, r := range im.Raw {
		b.catalog = append(b.catalog, entry{catalogKey(r.Parent, r.Name), r.Body})
	}
	return b.finish()
}

// dir gives the number of a folder, which it makes when it is new.
func (b *builder) dir(path string) uint32 {
	if id, ok := b.id[path]; ok {
		return id
	}
	parent, name := b.split(path)
	id := b.number(path)
	b.folder(parent, name, id, 0o40755)
	return id
}

func (b *builder) number(path string) uint32 {
	b.next++
	b.id[path] = b.next - 1
	return b.next - 1
}

func (b *builder) split(path string) (parent uint32, name string) {
	i := strings.LastIndexByte(path, '/')
	return b.dir(path[:max(i, 0)]), path[i+1:]
}

func (b *builder) folder(parent uint32, name string, id uint32, mode uint16) {
	b.folders++
	b.catalog = append(b.catalog, entry{catalogKey(parent, name), FolderBody(id, mode)},
		entry{catalogKey(id, ""), ThreadBody(3, parent, name)})
}

// add adds one entry.
func (b *builder) add(f File) {
	if f.Dir {
		b.dir(f.Path)
		b.addAttrs(b.id[f.Path], f.Attrs)
		return
	}
	parent, name := b.split(f.Path)
	if _, linked := b.inodes[f.Path]; linked { // the content moves, a link takes its place
		content := f
		b.dir(privateDir)
		content.Path = fmt.Sprintf("%s/iNode%d", privateDir, b.next)
		b.inodes[f.Path] = b.next
		content.links = 1
		for _, other := range b.Files {
			if other.HardLink == f.Path {
				content.links++
			}
		}
		b.add(content)
		f = File{Path: f.Path, HardLink: f.Path}
	}
	id := b.number(f.Path)
	body := FileBody(id, f.Mode)
	switch {
	case f.HardLink != "":
		b.id[f.Path] = b.inodes[f.HardLink]
		Link(body, "hlnk", "hfs+", b.inodes[f.HardLink])
	case f.FolderLink != "":
		var n uint32
		if _, err := fmt.Sscanf(f.FolderLink, "dir_%d", &n); err != nil {
			panic(err)
		}
		Link(body, "fdrp", "MACS", n)
		body[3] |= 0x20
	case f.Link != "":
		f.Data = []byte(f.Link)
		binary.BigEndian.PutUint16(body[42:], 0o120755)
		copy(body[48:], "slnkrhap")
	}
	if f.links > 0 {
		binary.BigEndian.PutUint32(body[44:], f.links)
	}
	if f.Compressed {
		body[41] |= 0x20
	}
	if f.Hole > 0 {
		e := b.disk.hole(f.Path, f.Hole)
		record := forkRecord(0, int(e.count), []extent{e})
		binary.BigEndian.PutUint64(record, uint64(f.Hole))
		copy(body[88:], record)
	} else {
		copy(body[88:], b.fork(id, 0, f.Data, f.Piece))
	}
	copy(body[168:], b.fork(id, 0xff, f.Resource, f.Piece))
	b.addAttrs(id, f.Attrs)
	b.files++
	b.catalog = append(b.catalog, entry{catalogKey(parent, name), body}, entry{catalogKey(id, ""), ThreadBody(4, parent, name)})
}

// fork stores a fork and gives its record. What eight extents do not hold goes to the extents tree.
func (b *builder) fork(id uint32, kind byte, data []byte, piece int) []byte {
	list := b.disk.store(data, piece)
	blocks := 0
	for i, e := range list {
		if i >= 8 && i%8 == 0 {
			key := append([]byte{kind, 0}, u32(id)...)
			b.extents = append(b.extents, entry{append(key, u32(uint32(blocks))...), extentList(list[i:])})
		}
		blocks += int(e.count)
	}
	return forkRecord(len(data), blocks, list)
}

func (b *builder) addAttrs(id uint32, attrs []Attr) {
	for _, a := range attrs {
		if a.Piece == 0 {
			body := append(append(u32(0x10), make([]byte, 8)...), u32(uint32(len(a.Value)))...)
			body = append(body, a.Value...)
			b.attrs = append(b.attrs, entry{attrKey(id, a.Name, 0), pad(body)})
			continue
		}
		list := b.disk.store(a.Value, a.Piece)
		blocks := 0
		for i, e := range list {
			if i >= 8 && i%8 == 0 {
				b.attrs = append(b.attrs, entry{attrKey(id, a.Name, uint32(blocks)), append(append(u32(0x30), u32(0)...), extentList(list[i:])...)})
			}
			blocks += int(e.count)
		}
		b.attrs = append(b.attrs, entry{attrKey(id, a.Name, 0), append(append(u32(0x20), u32(0)...), forkRecord(len(a.Value), blocks, list)...)})
	}
}

// valences writes into each folder how many entries it has.
func (b *builder) valences() {
	in := map[uint32]uint32{}
	for _, e := range b.catalog {
		if kind := e.body[1]; kind == 1 || kind == 2 {
			in[binary.BigEndian.Uint32(e.key)]++
		}
	}
	for _, e := range b.catalog {
		if e.body[1] == 1 {
			binary.BigEndian.PutUint32(e.body[4:], in[binary.BigEndian.Uint32(e.body[8:])])
		}
	}
}

// finish writes the trees and the header.
func (b *builder) finish() *Volume {
	v := &Volume{Extents: -1, Catalog: -1, Attributes: -1, ID: b.id}
	b.valences()
	slices.SortStableFunc(b.catalog, b.compareCatalog)
	slices.SortStableFunc(b.attrs, compareAttr)
	compare := byte(0)
	if b.X {
		compare = 0xcf
		if b.Sensitive {
			compare = 0xbc
		}
	}
	catalog := tree{node: b.NodeSize, maxKey: 516, flags: 6, compare: compare}.build(b.catalog)
	catalogFork := b.fork(4, 0, catalog, b.CatalogPiece)
	v.Catalog = b.place(catalogFork)
	attrFork := make([]byte, 80)
	if len(b.attrs) > 0 {
		attrFork = b.fork(8, 0, tree{node: b.NodeSize, maxKey: 266, flags: 6}.build(b.attrs), 0)
		v.Attributes = b.place(attrFork)
	}
	slices.SortStableFunc(b.extents, compareExtents)
	extentsFork := b.fork(3, 0, tree{node: min(b.NodeSize, 4096), maxKey: 10, flags: 2}.build(b.extents), 0)
	v.Extents = b.place(extentsFork)

	b.disk.skip(b.Free)
	tail := (1024 + b.BlockSize - 1) / b.BlockSize
	bitmap := b.disk.bitmap(tail)
	h := b.header()
	copy(h[112:], forkRecord(bitmap.size, int(bitmap.at.count), []extent{bitmap.at}))
	copy(h[192:], extentsFork)
	copy(h[272:], catalogFork)
	copy(h[352:], attrFork)
	v.Bytes, v.Holes = b.disk.bytes(), b.disk.holes
	copy(v.Bytes[1024:], h)
	copy(v.Bytes[len(v.Bytes)-1024:], h)
	return v
}

func (b *builder) place(fork []byte) int64 {
	return int64(binary.BigEndian.Uint32(fork[16:])) * int64(b.BlockSize)
}

func (b *builder) header() []byte {
	h := make([]byte, 512)
	be := binary.BigEndian
	copy(h, "H+\x00\x04")
	if b.X {
		copy(h, "HX\x00\x05")
	}
	be.PutUint32(h[4:], b.Attributes)
	copy(h[8:], "10.0")
	for _, at := range []int{16, 20, 28} {
		be.PutUint32(h[at:], stamp)
	}
	for at, n := range map[int]int{32: b.files, 36: b.folders, 40: b.BlockSize, 44: len(b.disk.used), 48: b.disk.free(), 52: 1,
		56: 16 * b.BlockSize, 60: 16 * b.BlockSize, 64: int(b.next), 68: 1, 76: 1} {
		be.PutUint32(h[at:], uint32(n))
	}
	return h
}
