// Package udif opens disk images: Apple's UDIF (the usual .dmg), and plain
// images of a disk or volume. It gives the partitions as readers that unpack
// on demand; what the volumes hold is for sbom/container/hfsplus and apfs.
//
// Apple has not published UDIF. The layouts follow what its own tools write,
// as described by the public readers (7-Zip's DmgHandler, dmg2img, libdmg):
// see koly.go, blkx.go and chunk.go. Partition maps: UEFI specification (GPT),
// Apple's Partition.h (APM), and the PC's boot record.
//
// What it promises on hostile input: no panic and no endless loop. New reads
// tables whose size the file bounds (32 MiB of XML at most), and unpacks only
// what the partition maps need. ReadAt keeps 64 MiB of unpacked chunks and
// bounds one chunk to 64 MiB, so memory does not grow with the image; what has
// to leave memory and may be needed again goes to a file (SpillTo), so that a
// chunk is unpacked once. Empty sectors cost nothing,
// however many are claimed. What is unpacked is taken from the budget, and its
// ratio to the size of the file is checked. A damaged chunk fails the reads
// that need it, and no others.
package udif

import (
	"errors"
	"io"
	"math"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// Sector is the unit of all tables, in bytes.
const Sector = 512

// maxSectors keeps every byte offset inside int64.
const maxSectors = math.MaxInt64/Sector - 1

// Images that are known and not opened.
var (
	ErrNotImage  = errors.New("not a disk image")
	ErrEncrypted = errors.New("disk image is encrypted: open it with its password and convert it to a plain image")
	ErrSegmented = errors.New("disk image is one of several segments: join them to one image (hdiutil convert)")
	ErrSparse    = errors.New("sparse disk images are not supported: convert it to a compressed image (hdiutil convert)")
)

// Format is what messages call these bytes.
const Format = "disk image"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any) *malformed.Error {
	return malformed.New(Format, offset, what, value)
}

// Kind is what a file is, by its magic numbers.
type Kind string

// The kinds of images.
const (
	UDIF      Kind = "udif"
	Raw       Kind = "raw disk"       // a plain disk or volume
	Encrypted Kind = "encrypted disk" // New gives ErrEncrypted
	Sparse    Kind = "sparse disk"    // New gives ErrSparse
)

// Detect says what kind of image a file of size bytes is; "" when it is none,
// or cannot be read. It reads a few sectors.
func Detect(r io.ReaderAt, size int64) Kind {
	has := func(off int64, magic string) bool {
		b, err := limit.ReadNAt(r, off, int64(len(magic)), size)
		return err == nil && string(b) == magic
	}
	switch {
	case has(0, "encrcdsa"), has(size-8, "cdsaencr"):
		return Encrypted
	case has(0, "sprs"):
		return Sparse
	case has(size-kolySize, "koly"), has(0, "koly"):
		return UDIF
	case has(Sector, "EFI PART"), has(4096, "EFI PART"), has(Sector, "PM"), has(2048, "PM") && has(0, "ER"):
		return Raw
	}
	if v, err := sniff(r, size); err == nil && v.kind != Other {
		return Raw
	}
	return ""
}

// Image is an open disk image. All methods are safe for concurrent use.
type Image struct {
	// Partitions are those of the partition map, in its order; else the whole
	// disk, or the tables of a UDIF image when the disk has no map.
	Partitions []Partition

	disk     disk
	size     int64
	tables   []*table // nil for a plain image
	koly     *koly
	problems []error
}

// disk is a readable disk: of chunks, or a plain file.
type disk = io.ReaderAt

// New opens the image in the first size bytes of r. It takes what it unpacks
// from b, now and in every later read.
//
// Errors: ErrNotImage, ErrEncrypted, ErrSegmented, ErrSparse (wrapped);
// *malformed.Error for damage that hides the whole image; *limit.Error; or the
// error of r.
func New(r io.ReaderAt, size int64, b *limit.Budget) (*Image, error) {
	switch Detect(r, size) {
	case Encrypted:
		return nil, ErrEncrypted
	case Sparse:
		return nil, ErrSparse
	case Raw:
		im := &Image{disk: bounded{r, size}, size: size}
		im.findPartitions()
		return im, nil
	case UDIF:
		return newUDIF(r, size, b)
	}
	return nil, ErrNotImage
}

func newUDIF(r io.ReaderAt, size int64, b *limit.Budget) (*Image, error) {
	k, err := readKoly(r, size)
	if err != nil {
		return nil, err
	}
	im := &Image{koly: k}
	entries, err := k.blkx(r, size)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		t, err := readTable(e, k.dataOffset)
		if err != nil {
			return nil, err
		}
		if t.end-t.start != t.claimed {
			im.complain(fault(e.offset, "table "+t.name+" has chunks for another number of sectors than it says", t.claimed))
		}
		im.tables = append(im.tables, t)
	}
	d, err := newChunked(r, size, im.tables, b)
	if err != nil {
		return nil, err
	}
	im.disk, im.size = d, d.end*Sector
	im.findPartitions()
	return im, nil
}

func (im *Image) complain(err error) { im.problems = append(im.problems, err) }

// Problems returns the damage that was found and worked around: a partition
// map that is not as its checksum says, a partition outside the disk.
func (im *Image) Problems() []error { return im.problems }

// SpillTo gives the image a place for unpacked chunks that memory has no room
// for, so that they are not unpacked twice. It is called before the first read
// of a partition, and must stay usable until the last.
func (im *Image) SpillTo(s Spill) {
	if d, ok := im.disk.(*chunked); ok {
		d.cache.mu.Lock()
		defer d.cache.mu.Unlock()
		d.cache.spill = s
	}
}

// bounded is a plain image: it ends at size.
type bounded struct {
	r    io.ReaderAt
	size int64
}

func (d bounded) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= d.size {
		return 0, io.EOF
	}
	if rest := d.size - off; int64(len(p)) > rest {
		n, err := d.r.ReadAt(p[:rest], off)
		if err == nil {
			err = io.EOF
		}
		return n, err
	}
	return d.r.ReadAt(p, off)
}
