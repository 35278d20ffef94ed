package hfsplus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// Types of a catalog record.
const (
	recFolder       = 1
	recFile         = 2
	recFolderThread = 3
	recFileThread   = 4
)

// Bits and codes of a file record.
const (
	flagLinkChain  = 0x20       // kHFSHasLinkChainMask, in the record's flags
	flagCompressed = 0x20       // UF_COMPRESSED, in the owner's flags
	typeHardLink   = 0x686c6e6b // "hlnk"
	makerHardLink  = 0x6866732b // "hfs+"
	typeFolderLink = 0x66647270 // "fdrp": also an alias of the Finder
	makerAlias     = 0x4d414353 // "MACS"
)

// Kinds of file in a mode, as in sys/stat.h.
const (
	modeKind    = 0o170000
	modeRegular = 0o100000
	modeLink    = 0o120000
)

// record is a folder, a file or a thread of the catalog.
type record struct {
	kind    uint16
	at      int64 // of its key, in the caller's reader
	parent  uint32
	name    []byte // UTF-16, big-endian; lives as long as its node
	flags   uint16
	id      uint32
	owner   uint8 // flags that the owner may set
	mode    uint16
	special uint32 // what a hard link leads to
	type4   uint32
	maker   uint32
	data    fork
	rsrc    fork
}

// catalogKey splits a key into the parent's number and the name.
func catalogKey(key []byte) (parent uint32, name []byte, ok bool) {
	if len(key) < 6 {
		return 0, nil, false
	}
	n := 2 * int(binary.BigEndian.Uint16(key[4:]))
	if n > 2*255 || 6+n > len(key) {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(key), key[6 : 6+n], true
}

// catalogRecord reads record i of a leaf. Unknown kinds are an error.
func (n *node) catalogRecord(i int) (record, error) {
	key, body, err := n.record(i)
	if err != nil {
		return record{}, err
	}
	start, _, err := n.bounds(i)
	if err != nil {
		return record{}, err
	}
	r := record{at: n.at + int64(start)}
	var ok bool
	if r.parent, r.name, ok = catalogKey(key); !ok {
		return record{}, fault(r.at, "malformed key in the catalog", uint64(len(key)))
	}
	if len(body) < 2 {
		return record{}, fault(r.at, "empty record in the catalog", uint64(len(body)))
	}
	be := binary.BigEndian
	r.kind = be.Uint16(body)
	if r.kind == recFolderThread || r.kind == recFileThread {
		return r, r.parseThread(body)
	}
	need := 88
	switch r.kind {
	case recFile:
		need = 248
	case recFolder:
	default:
		return record{}, fault(r.at, "unknown type of a catalog record", uint64(r.kind))
	}
	if len(body) < need {
		return record{}, fault(r.at, "catalog record is too short", uint64(len(body)))
	}
	r.flags, r.id = be.Uint16(body[2:]), be.Uint32(body[8:])
	r.owner, r.mode, r.special = body[41], be.Uint16(body[42:]), be.Uint32(body[44:])
	if r.kind == recFile {
		r.type4, r.maker = be.Uint32(body[48:]), be.Uint32(body[52:])
		r.data, r.rsrc = parseFork(body[88:]), parseFork(body[168:])
	}
	return r, nil
}

// parseThread makes parent and name those of the thread's target.
func (r *record) parseThread(body []byte) error {
	if len(body) >= 10 {
		r.id = r.parent
		var ok bool
		if r.parent, r.name, ok = catalogKey(body[4:]); ok {
			return nil
		}
	}
	return fault(r.at, "malformed thread record", uint64(len(body)))
}

// errNotFound says that the catalog has no such record.
var errNotFound = errors.New("the catalog has no such record")

// lookup finds a record by its parent and its name, which is of ASCII.
func (v *Volume) lookup(parent uint32, name string) (record, error) {
	folded := !v.X || v.catalog.compare != compareBinary
	exact := false
	n, i, err := v.catalog.search(func(key []byte) (int, bool) {
		p, raw, ok := catalogKey(key)
		c := compareUint(p, parent)
		if c == 0 {
			c = compareName(raw, name, folded)
		}
		exact = exact || ok && c == 0
		return c, ok
	})
	if err != nil {
		return record{}, fmt.Errorf("looking up in the catalog: %w", err)
	}
	if i < 0 || !exact {
		return record{}, errNotFound
	}
	r, err := n.catalogRecord(i)
	if err == nil && r.kind != recFolderThread && r.kind != recFileThread && (r.parent != parent || compareName(r.name, name, folded) != 0) {
		err = errNotFound
	}
	return r, err
}

// thread finds the parent and the name of a folder.
func (v *Volume) thread(id uint32) (record, error) {
	r, err := v.lookup(id, "")
	if err == nil && (r.kind != recFolderThread || r.id != id) {
		return record{}, fault(r.at, "folder has no thread record but one of type", uint64(r.kind))
	}
	return r, err
}

// inode finds the file that holds the content of hard links of a number.
func (v *Volume) inode(number uint32) (record, error) {
	if v.inodes == 0 {
		return record{}, errNotFound
	}
	r, err := v.lookup(v.inodes, "iNode"+strconv.FormatUint(uint64(number), 10))
	if err == nil && (r.kind != recFile || r.hardLink()) {
		return record{}, fault(r.at, "hard link leads to no file, but to a record of type", uint64(r.kind))
	}
	return r, err
}

// hardLink reports whether a file record is a hard link to a file.
func (r *record) hardLink() bool {
	return r.kind == recFile && r.type4 == typeHardLink && r.maker == makerHardLink
}

// folderLink reports whether a file record is a hard link to a folder.
func (v *Volume) folderLink(r *record) bool {
	if r.kind != recFile || r.type4 != typeFolderLink || r.maker != makerAlias || r.flags&flagLinkChain == 0 || v.folders == 0 {
		return false
	}
	to, err := v.lookup(v.folders, "dir_"+strconv.FormatUint(uint64(r.special), 10))
	return err == nil && to.kind == recFolder
}
