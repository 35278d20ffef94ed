// Package udiftest writes disk images for tests: UDIF in all its kinds of
// chunks, with checksums, and disks with partition maps. 7-Zip reads what it
// writes (see the tests of package udif).
//
// It is for tests only: it panics on what a test got wrong, and it writes
// impossible images when it is asked to.
package udiftest

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"html"
	"slices"

	"github.com/dsnet/compress/bzip2"
	"github.com/ulikunitz/xz"
)

// Sector is the unit of tables, in bytes.
const Sector = 512

// Kinds of chunks.
const (
	Zero    uint32 = 0
	Raw     uint32 = 1
	Ignore  uint32 = 2
	ADC     uint32 = 0x80000004
	Zlib    uint32 = 0x80000005
	Bzip2   uint32 = 0x80000006
	LZFSE   uint32 = 0x80000007 // as LZVN and stored blocks only: see Packed
	XZ      uint32 = 0x80000008
	Comment uint32 = 0x7FFFFFFE
	End     uint32 = 0xFFFFFFFF
)

// Chunk is one chunk of a table as it is written.
type Chunk struct {
	Kind         uint32
	Start, Count uint64 // sectors, counted from the table's first
	Offset, Size uint64 // of its bytes; set by Table
}

// Table is one run of sectors.
type Table struct {
	Name   string
	Start  uint64 // first sector on the disk
	Data   []byte // whole sectors
	Chunk  int    // sectors of one chunk; 0: 512
	Kind   func(i int) uint32
	Packed func(i int, b []byte) []byte // other packed bytes of chunk i; nil or a nil result: none
	Edit   func(chunks []Chunk) []Chunk // changes the table before it is written; may be nil
}

// Of returns a Kind that is the same for all chunks.
func Of(kind uint32) func(int) uint32 { return func(int) uint32 { return kind } }

// Image returns a whole image.
func Image(tables ...Table) []byte {
	var data []byte
	var blocks [][]byte
	var master uint32
	for _, t := range tables {
		block, sum := t.write(&data)
		blocks = append(blocks, block)
		master = crc32.Update(master, crc32.IEEETable, binary.BigEndian.AppendUint32(nil, sum))
	}
	return Assemble(data, List(tables, blocks), master)
}

// write packs a table's chunks behind data, and returns the table.
func (t Table) write(data *[]byte) (block []byte, sum uint32) {
	step := t.Chunk * Sector
	if step == 0 {
		step = 512 * Sector
	}
	if len(t.Data)%Sector != 0 {
		panic("not whole sectors: " + t.Name)
	}
	var chunks []Chunk
	start := uint64(0)
	for i, b := range slices.Collect(slices.Chunk(t.Data, step)) {
		c := Chunk{Kind: t.Kind(i), Start: start, Count: uint64(len(b) / Sector), Offset: uint64(len(*data))}
		if c.Kind != Ignore {
			sum = crc32.Update(sum, crc32.IEEETable, b)
		}
		var packed []byte
		if t.Packed != nil {
			packed = t.Packed(i, b)
		}
		if packed == nil {
			packed = Pack(c.Kind, b)
		}
		*data = append(*data, packed...)
		c.Size = uint64(len(packed))
		start += c.Count
		chunks = append(chunks, c)
	}
	chunks = append(chunks, Chunk{Kind: End, Start: start, Offset: uint64(len(*data))})
	if t.Edit != nil {
		chunks = t.Edit(chunks)
	}
	return Mish(t.Start, uint64(len(t.Data)/Sector), sum, chunks), sum
}

// Run is a piece of a disk: whole sectors.
type Run struct {
	At   int64 // byte of the disk
	Data []byte
}

// Sparse returns an image of a disk of size bytes, which one table describes.
// What no run covers is free space: it costs nothing. Runs are sorted.
func Sparse(name string, size int64, kind uint32, runs ...Run) []byte {
	const most = 512 * Sector
	var data []byte
	var chunks []Chunk
	var sum uint32
	at := int64(0)
	free := func(end int64) {
		if end > at {
			chunks = append(chunks, Chunk{Kind: Ignore, Start: uint64(at / Sector), Count: uint64((end - at) / Sector), Offset: uint64(len(data))})
			at = end
		}
	}
	for _, r := range runs {
		if r.At < at || r.At%Sector != 0 || len(r.Data)%Sector != 0 {
			panic("runs overlap or are not whole sectors")
		}
		free(r.At)
		for b := range slices.Chunk(r.Data, most) {
			packed := Pack(kind, b)
			sum = crc32.Update(sum, crc32.IEEETable, b)
			chunks = append(chunks, Chunk{kind, uint64(at / Sector), uint64(len(b) / Sector), uint64(len(data)), uint64(len(packed))})
			data = append(data, packed...)
			at += int64(len(b))
		}
	}
	free(size)
	chunks = append(chunks, Chunk{Kind: End, Start: uint64(at / Sector), Offset: uint64(len(data))})
	block := Mish(0, uint64(size/Sector), sum, chunks)
	master := crc32.ChecksumIEEE(binary.BigEndian.AppendUint32(nil, sum))
	return Assemble(data, List([]Table{{Name: name}}, [][]byte{block}), master)
}

// Mish returns a table of chunks.
func Mish(start, count uint64, sum uint32, chunks []Chunk) []byte {
	be := binary.BigEndian
	b := make([]byte, 204, 204+40*len(chunks))
	copy(b, "mish")
	be.PutUint32(b[4:], 1)
	be.PutUint64(b[8:], start)
	be.PutUint64(b[16:], count)
	be.PutUint32(b[32:], 2056) // buffers needed, in sectors
	putChecksum(b[64:], sum)
	be.PutUint32(b[200:], uint32(len(chunks)))
	for _, c := range chunks {
		b = be.AppendUint32(be.AppendUint32(b, c.Kind), 0)
		for _, v := range []uint64{c.Start, c.Count, c.Offset, c.Size} {
			b = be.AppendUint64(b, v)
		}
	}
	return b
}

func putChecksum(b []byte, sum uint32) {
	binary.BigEndian.PutUint32(b, 2)
	binary.BigEndian.PutUint32(b[4:], 32)
	binary.BigEndian.PutUint32(b[8:], sum)
}

// List returns the property list with the tables in it.
func List(tables []Table, blocks [][]byte) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple Computer//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>resource-fork</key>
	<dict>
		<key>blkx</key>
		<array>
`)
	for i, block := range blocks {
		name := html.EscapeString(tables[i].Name)
		fmt.Fprintf(&b, "\t\t\t<dict>\n\t\t\t\t<key>Attributes</key>\n\t\t\t\t<string>0x0050</string>\n\t\t\t\t<key>CFName</key>\n\t\t\t\t<string>%s</string>\n\t\t\t\t<key>Data</key>\n\t\t\t\t<data>\n", name)
		text := base64.StdEncoding.EncodeToString(block)
		for line := range slices.Chunk([]byte(text), 52) {
			fmt.Fprintf(&b, "\t\t\t\t%s\n", line)
		}
		fmt.Fprintf(&b, "\t\t\t\t</data>\n\t\t\t\t<key>ID</key>\n\t\t\t\t<string>%d</string>\n\t\t\t\t<key>Name</key>\n\t\t\t\t<string>%s</string>\n\t\t\t</dict>\n", i, name)
	}
	b.WriteString("\t\t</array>\n\t</dict>\n</dict>\n</plist>\n")
	return b.Bytes()
}

// Assemble joins the chunks' bytes, a property list and the trailer.
func Assemble(data, list []byte, master uint32) []byte {
	be := binary.BigEndian
	k := make([]byte, 512)
	copy(k, "koly")
	be.PutUint32(k[4:], 4)
	be.PutUint32(k[8:], 512)
	be.PutUint32(k[12:], 1)
	be.PutUint64(k[32:], uint64(len(data)))
	be.PutUint32(k[56:], 1)
	be.PutUint32(k[60:], 1)
	putChecksum(k[80:], crc32.ChecksumIEEE(data))
	be.PutUint64(k[216:], uint64(len(data)))
	be.PutUint64(k[224:], uint64(len(list)))
	putChecksum(k[352:], master)
	be.PutUint32(k[488:], 1)
	return slices.Concat(data, list, k)
}

// Pack packs one chunk.
func Pack(kind uint32, b []byte) []byte {
	var out bytes.Buffer
	var err error
	switch kind {
	case Raw:
		return bytes.Clone(b)
	case ADC:
		return PackADC(b)
	case LZFSE:
		return PackLZFSE(b)
	case Zlib:
		w := zlib.NewWriter(&out)
		w.Write(b)
		err = w.Close()
	case Bzip2:
		var w *bzip2.Writer
		if w, err = bzip2.NewWriter(&out, nil); err == nil {
			w.Write(b)
			err = w.Close()
		}
	case XZ:
		var w *xz.Writer
		if w, err = (xz.WriterConfig{DictCap: 1 << 20}).NewWriter(&out); err == nil {
			w.Write(b)
			err = w.Close()
		}
	}
	if err != nil {
		panic(err)
	}
	return out.Bytes()
}
