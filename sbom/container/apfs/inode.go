package apfs

import (
	"fmt"

	"github.com/kinbom/kinbom/sbom/container/decmpfs"
)

// Parts of an inode, after sys/stat.h where they are Unix's.
const (
	inodeSize = 92 // bytes before its extended fields

	fieldStream  = 8
	statCompress = 0x20
	modeType     = 0xf000
	modeDir      = 0x4000
	modeFile     = 0x8000
	modeLink     = 0xa000
)

// Names of attributes that are part of a file.
const (
	attrLink = "com.apple.fs.symlink"
	attrFork = "com.apple.ResourceFork"
)

// Flags of an attribute's value.
const (
	attrStream   = 0x1
	attrEmbedded = 0x2
)

// stream is where content is: extents under a number, and how many bytes count.
type stream struct {
	id   uint64
	size uint64
}

// inode is what the records of one object say, names and extents apart.
type inode struct {
	at      int64 // byte offset of its node
	found   bool
	private uint64 // number of its extents
	nlink   uint32
	bsd     uint32
	mode    uint16
	data    stream
	link    []byte // value of the attribute, raw
	packed  []byte // value of the attribute of decmpfs, raw
	fork    []byte // value of the attribute of the resource fork, raw
}

// inode reads an object's inode and the attributes that belong to its content.
// Nodes that cannot be read are an error beside what was found.
func (v *Volume) inode(id uint64) (inode, error) {
	var in inode
	var first error
	fail := func(err error) {
		if first == nil {
			first = err
		}
	}
	where := func(key []byte) int {
		if got, kind := keyID(key); got == id && (kind == recInode || kind == recAttr) {
			return 0
		}
		return compareRecord(key, id, recInode, 0)
	}
	err := v.files.scan(where, func(n *node, key, val []byte) error {
		_, kind := keyID(key)
		if kind == recInode {
			if err := in.parse(n.at, val); err != nil {
				fail(err)
			}
			return nil
		}
		switch attrName(key) {
		case attrLink:
			in.link = val
		case attrFork:
			in.fork = val
		case decmpfs.Attribute:
			in.packed = val
		}
		return nil
	}, fail)
	if err != nil {
		fail(err)
	}
	if first == nil && !in.found {
		first = fault(-1, "volume has no inode", id)
	}
	if first != nil {
		return in, fmt.Errorf("reading inode %d: %w", id, first)
	}
	return in, nil
}

// parse takes an inode's value.
func (in *inode) parse(at int64, val []byte) error {
	if len(val) < inodeSize {
		return fault(at, "inode is too short", uint64(len(val)))
	}
	in.at, in.found = at, true
	in.private, in.nlink = le.Uint64(val[8:]), le.Uint32(val[56:])
	in.bsd, in.mode = le.Uint32(val[68:]), le.Uint16(val[80:])
	in.data.id = in.private
	field, err := findField(at, val[inodeSize:], fieldStream)
	if err != nil {
		return err
	}
	if field != nil {
		if len(field) < 8 {
			return fault(at, "data stream of an inode is too short", uint64(len(field)))
		}
		in.data.size = le.Uint64(field)
	}
	return nil
}

// findField returns an extended field: nil when it is not there. Fields are
// listed first; their values follow, each padded to eight bytes.
func findField(at int64, blob []byte, kind byte) ([]byte, error) {
	if len(blob) == 0 {
		return nil, nil
	}
	if len(blob) < 4 {
		return nil, fault(at, "extended fields are too short", uint64(len(blob)))
	}
	count := int(le.Uint16(blob))
	off := 4 + 4*count
	if off > len(blob) {
		return nil, fault(at, "extended fields do not fit, they are", uint64(count))
	}
	for i := range count {
		size := int(le.Uint16(blob[4+4*i+2:]))
		if off+size > len(blob) {
			return nil, fault(at, "extended field does not fit, its bytes are", uint64(size))
		}
		if blob[4+4*i] == kind {
			return blob[off : off+size], nil
		}
		off = min(off+(size+7)&^7, len(blob))
	}
	return nil, nil
}
