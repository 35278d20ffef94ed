package udif

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/kinbom/kinbom/sbom/limit"
)

// Type is the kind of volume in a partition, by its own first bytes.
type Type string

// The types of partitions.
const (
	HFS   Type = "hfs"  // HFS+ or HFSX; inside an old HFS volume too
	APFS  Type = "apfs" // an APFS container
	Other Type = "other"
)

// Partition is a run of bytes of the disk, most often a volume.
type Partition struct {
	Name     string // as in the map, or of the table; may be empty
	Declared string // type in the map, as it says: Apple_HFS, a GUID, 0xAF
	Type     Type
	Offset   int64       // of its first byte on the disk
	Size     int64       // bytes
	ReaderAt io.ReaderAt // of Size bytes
}

// maxPartitions bounds a partition map; GPT usually has room for 128.
const maxPartitions = 1024

// scheme is one kind of partition map.
type scheme struct {
	name string
	read func(r io.ReaderAt, size int64, complain func(error)) []Partition
}

// findPartitions fills im.Partitions: by the first map that shows a volume, or
// as one volume without a map, or else by the first map of all, or the tables.
func (im *Image) findPartitions() {
	var first []Partition
	schemes := []scheme{{"gpt", readGPT}, {"apm", readAPM}, {"volume", wholeVolume}, {"mbr", readMBR}, {"tables", im.byTables}}
	for _, s := range schemes {
		parts := s.read(im.disk, im.size, im.complain)
		parts = im.place(parts)
		if hasVolume(parts) {
			im.Partitions = parts
			return
		}
		if first == nil {
			first = parts
		}
	}
	if first == nil {
		first = im.place([]Partition{{Size: im.size}})
	}
	im.Partitions = first
}

func hasVolume(parts []Partition) bool {
	for _, p := range parts {
		if p.Type != Other {
			return true
		}
	}
	return false
}

// place leaves out what is not on the disk, looks at each partition's first
// bytes and gives it its reader.
func (im *Image) place(parts []Partition) []Partition {
	var out []Partition
	for _, p := range parts {
		if p.Offset >= im.size || p.Offset < 0 || p.Size <= 0 {
			im.complain(fault(p.Offset, "partition "+p.Name+" lies outside the disk", p.Size))
			continue
		}
		if p.Size > im.size-p.Offset {
			im.complain(fault(p.Offset, "partition "+p.Name+" ends outside the disk", p.Size))
			p.Size = im.size - p.Offset
		}
		r := io.NewSectionReader(im.disk, p.Offset, p.Size)
		v, err := sniff(r, p.Size)
		if err != nil {
			im.complain(fmt.Errorf("looking for a volume in partition %q: %w", p.Name, err))
		}
		p.Type, p.Offset, p.Size = v.kind, p.Offset+v.offset, v.size
		p.ReaderAt = io.NewSectionReader(im.disk, p.Offset, p.Size)
		out = append(out, p)
	}
	return out
}

// volume is what sniff found: its type, and the bytes that it takes.
type volume struct {
	kind         Type
	offset, size int64
}

// sniff tells a volume by its header: HFS+ (TN1150) and HFS at byte 1024, an
// APFS container (Apple File System Reference) at byte 32. An HFS+ volume may
// stand inside an old HFS volume, which wraps it. An error is for bytes that
// should be there and cannot be read.
func sniff(r io.ReaderAt, size int64) (volume, error) {
	whole := volume{Other, 0, size}
	if size < 1024+162 {
		return whole, nil
	}
	b, err := limit.ReadNAt(r, 0, 1024+162, size)
	if err != nil {
		return whole, err
	}
	be := binary.BigEndian
	switch h := b[1024:]; {
	case plusHeader(h):
		whole.kind = HFS
	case string(h[:2]) == "BD" && (string(h[124:126]) == "H+" || string(h[124:126]) == "HX"):
		unit := int64(be.Uint32(h[20:]))
		inner := volume{HFS, int64(be.Uint16(h[28:]))*Sector + int64(be.Uint16(h[126:]))*unit, int64(be.Uint16(h[128:])) * unit}
		if inner.offset > 0 && inner.size > 0 && limit.Inside(inner.offset, inner.size, size) {
			return inner, nil
		}
	case string(b[32:36]) == "NXSB":
		whole.kind = APFS
	}
	return whole, nil
}

// plusHeader knows a volume header of HFS+ (version 4) or HFSX (version 5).
func plusHeader(b []byte) bool {
	v := binary.BigEndian.Uint16(b[2:])
	return string(b[:2]) == "H+" && v == 4 || string(b[:2]) == "HX" && v == 5
}

// wholeVolume is a disk without a map.
func wholeVolume(r io.ReaderAt, size int64, _ func(error)) []Partition {
	if v, err := sniff(r, size); err != nil || v.kind == Other {
		return nil
	}
	return []Partition{{Size: size}}
}

// byTables takes the tables of an image as partitions. Their names tell the
// type: "disk image (Apple_HFS : 4)".
func (im *Image) byTables(_ io.ReaderAt, _ int64, _ func(error)) []Partition {
	var out []Partition
	for _, t := range im.tables {
		if t.end == t.start {
			continue
		}
		p := Partition{Name: t.name, Offset: t.start * Sector, Size: (t.end - t.start) * Sector}
		if i := strings.LastIndexByte(t.name, '('); i >= 0 {
			p.Declared, _, _ = strings.Cut(t.name[i+1:], " :")
			p.Declared = strings.TrimSuffix(p.Declared, ")")
		}
		out = append(out, p)
	}
	return out
}

// readMBR reads the four partitions of a PC's boot record. That of a disk with
// a GPT (type 0xEE) has nothing to say.
func readMBR(r io.ReaderAt, size int64, _ func(error)) []Partition {
	b, err := limit.ReadNAt(r, 0, Sector, size)
	if err != nil || b[510] != 0x55 || b[511] != 0xAA {
		return nil
	}
	var out []Partition
	for i := range 4 {
		e := b[446+16*i:]
		start, count := binary.LittleEndian.Uint32(e[8:]), binary.LittleEndian.Uint32(e[12:])
		if e[0]&0x7F != 0 || e[4] == 0 && count != 0 { // not a boot record, but code that ends like one
			return nil
		}
		if e[4] == 0 || e[4] == 0xEE || count == 0 {
			continue
		}
		out = append(out, Partition{Declared: fmt.Sprintf("0x%02X", e[4]), Offset: int64(start) * Sector, Size: int64(count) * Sector})
	}
	return out
}
