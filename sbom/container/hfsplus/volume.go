package hfsplus

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"

	"github.com/kinbom/kinbom/sbom/limit"
)

// Signatures of volume headers and of the header of a plain HFS volume.
const (
	sigPlus = 0x482b // "H+"
	sigX    = 0x4858 // "HX"
	sigHFS  = 0x4244 // "BD"
)

// Bits of the volume's attributes.
const (
	attrUnmounted    = 1 << 8
	attrInconsistent = 1 << 11
	attrJournaled    = 1 << 13
)

const (
	headerAt   = 1024 // of the volume header; the other copy is as far from the end
	headerSize = 512
)

// Numbers of the files that the volume keeps for itself, and of its root.
const (
	idRootParent = 1
	idRoot       = 2
	idExtents    = 3
	idCatalog    = 4
	idAttributes = 8
)

// Volume is an open volume. Its methods may be used by several goroutines.
type Volume struct {
	Name          string // of the root folder
	X             bool   // HFSX
	CaseSensitive bool   // names that differ in case alone are different files
	BlockSize     int64
	Blocks        int64 // that the header claims
	Files         int64 // that the header claims; hard links count once more for their content
	Folders       int64 // that the header claims
	Wrapped       bool  // embedded in an HFS volume
	Alternate     bool  // the header is damaged and its copy at the end was used

	// Dirty says that the volume was not unmounted, is marked as inconsistent,
	// or has a journal that was not played back, so that what is on it may be
	// older than what its last user saw. DirtyWhy says which.
	Dirty    bool
	DirtyWhy string

	r      *io.SectionReader // of the volume
	base   int64             // of the volume in the caller's reader
	budget *limit.Budget

	extents    *tree
	catalog    *tree
	attributes *tree // nil: no attributes

	rootErr    error  // why the root folder has no name
	inodes     uint32 // the folder that holds the content of hard links; 0: none
	folders    uint32 // the folder that holds folders with several parents; 0: none
	journalled bool
}

// New opens a volume of size bytes. A plain HFS volume with an HFS+ volume in it
// is opened as the latter; without one it gives an *UnsupportedError.
func New(r io.ReaderAt, size int64, b *limit.Budget) (*Volume, error) {
	v := &Volume{budget: b}
	h, err := v.findHeader(r, size)
	if err != nil {
		return nil, err
	}
	if err := v.parseHeader(h); err != nil {
		return nil, err
	}
	if err := v.openTrees(h); err != nil {
		return nil, err
	}
	v.findRoot()
	v.findPrivate()
	v.checkClean(h)
	return v, nil
}

// findHeader finds the volume and reads its header.
func (v *Volume) findHeader(r io.ReaderAt, size int64) ([]byte, error) {
	h, err := limit.ReadNAt(r, headerAt, headerSize, size)
	if err != nil {
		return nil, fmt.Errorf("reading the hfs+ volume header: %w", err)
	}
	if binary.BigEndian.Uint16(h) == sigHFS {
		off, n, err := embedded(h, size)
		if err != nil {
			return nil, err
		}
		v.Wrapped, v.base, size = true, off, n
		if h, err = limit.ReadNAt(r, off+headerAt, headerSize, off+n); err != nil {
			return nil, fmt.Errorf("reading the embedded hfs+ volume header: %w", err)
		}
	}
	v.r = io.NewSectionReader(r, v.base, size)
	if !known(h) {
		sig := binary.BigEndian.Uint16(h)
		if h, err = limit.ReadNAt(v.r, size-headerAt, headerSize, size); err != nil || !known(h) {
			return nil, fault(v.base+headerAt, "no volume header", uint64(sig))
		}
		v.Alternate = true
	}
	return h, nil
}

func known(h []byte) bool {
	sig, version := binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])
	return sig == sigPlus && version == 4 || sig == sigX && version == 5
}

// embedded finds the HFS+ volume that a plain HFS volume's header h (drEmbedExtent) names.
func embedded(h []byte, size int64) (off, n int64, err error) {
	if sig := binary.BigEndian.Uint16(h[124:]); sig != sigPlus && sig != sigX {
		return 0, 0, &UnsupportedError{"the older file system HFS"}
	}
	block := int64(binary.BigEndian.Uint32(h[20:]))
	first := int64(binary.BigEndian.Uint16(h[28:])) * 512
	start, count := int64(binary.BigEndian.Uint16(h[126:])), int64(binary.BigEndian.Uint16(h[128:]))
	off, n = first+start*block, count*block
	if !limit.Inside(off, headerAt+headerSize, size) {
		return 0, 0, fault(headerAt+126, "embedded volume is outside", uint64(off))
	}
	return off, min(n, size-off), nil
}

func (v *Volume) parseHeader(h []byte) error {
	be := binary.BigEndian
	v.X = be.Uint16(h) == sigX
	v.BlockSize, v.Blocks = int64(be.Uint32(h[40:])), int64(be.Uint32(h[44:]))
	v.Files, v.Folders = int64(be.Uint32(h[32:])), int64(be.Uint32(h[36:]))
	if v.BlockSize < 512 || bits.OnesCount64(uint64(v.BlockSize)) != 1 {
		return fault(v.base+headerAt+40, "impossible block size", uint64(v.BlockSize))
	}
	if v.Blocks == 0 {
		return fault(v.base+headerAt+44, "has no blocks", 0)
	}
	return nil
}

// openTrees opens the volume's own files. Extents go first: the others may need them.
func (v *Volume) openTrees(h []byte) (err error) {
	if v.extents, err = v.openTree(parseFork(h[192:]), idExtents); err != nil {
		return fmt.Errorf("opening the extents tree: %w", err)
	}
	if v.catalog, err = v.openTree(parseFork(h[272:]), idCatalog); err != nil {
		return fmt.Errorf("opening the catalog: %w", err)
	}
	v.CaseSensitive = v.X && v.catalog.compare == compareBinary
	if f := parseFork(h[352:]); f.size > 0 {
		if v.attributes, err = v.openTree(f, idAttributes); err != nil {
			return fmt.Errorf("opening the attributes tree: %w", err)
		}
	}
	return nil
}

// findRoot reads the volume's name. Without it a walk still finds the rest.
func (v *Volume) findRoot() {
	t, err := v.thread(idRoot)
	if err != nil {
		v.rootErr = fmt.Errorf("finding the root folder: %w", err)
		return
	}
	v.Name, _ = decodeName(t.name)
}

// Names of the folders that hold what hard links lead to.
const (
	inodesName  = "\x00\x00\x00\x00HFS+ Private Data"
	foldersName = ".HFS+ Private Directory Data\r"
)

// findPrivate finds those folders. Where they cannot be found, hard links cannot
// be resolved, and say so.
func (v *Volume) findPrivate() {
	if rec, err := v.lookup(idRoot, inodesName); err == nil && rec.kind == recFolder {
		v.inodes = rec.id
	}
	if rec, err := v.lookup(idRoot, foldersName); err == nil && rec.kind == recFolder {
		v.folders = rec.id
	}
}

// checkClean sets Dirty.
func (v *Volume) checkClean(h []byte) {
	be := binary.BigEndian
	attrs := be.Uint32(h[4:])
	v.journalled = attrs&attrJournaled != 0
	switch {
	case attrs&attrInconsistent != 0:
		v.DirtyWhy = "marked as inconsistent"
	case attrs&attrUnmounted == 0:
		v.DirtyWhy = "was not unmounted"
	case v.journalled && v.pending(int64(be.Uint32(h[12:]))):
		v.DirtyWhy = "its journal was not played back"
	}
	v.Dirty = v.DirtyWhy != ""
}

// pending reports whether the journal holds transactions, by the journal info
// block at the given block. A journal that cannot be read counts as empty: it
// may be on another device.
func (v *Volume) pending(block int64) bool {
	const inVolume = 1 << 0
	info, err := limit.ReadNAt(v.r, block*v.BlockSize, 52, v.r.Size())
	if err != nil || binary.BigEndian.Uint32(info)&inVolume == 0 {
		return false
	}
	at := binary.BigEndian.Uint64(info[36:])
	if at > uint64(v.r.Size()) {
		return false
	}
	j, err := limit.ReadNAt(v.r, int64(at), 24, v.r.Size())
	if err != nil {
		return false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if order.Uint32(j) == 0x4a4e4c78 && order.Uint32(j[4:]) == 0x12345678 {
			return order.Uint64(j[8:]) != order.Uint64(j[16:])
		}
	}
	return false
}
