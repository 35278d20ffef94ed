package apfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/kinbom/kinbom/sbom/container/decmpfs"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// Type is the type of an entry.
type Type string

// Types of entries.
const (
	TypeFile    Type = "file"
	TypeDir     Type = "dir"
	TypeSymlink Type = "symlink"
	TypeOther   Type = "other" // device, pipe, socket
)

// Entry is a file, folder or link of a volume.
type Entry struct {
	Path     string // slash-separated, from the volume's root, with names as stored
	Type     Type
	ID       uint64 // number of the inode; names of one hard link share it
	Size     int64  // bytes of the content; of a compressed file, when unpacked, as claimed
	Resource int64  // bytes of the resource fork, as claimed; 0 for a compressed file
	Mode     uint16 // as in sys/stat.h
	Link     string // target of a symbolic link

	Compressed bool // transparently, see package decmpfs
	HardLink   bool // one of several names of its content
	// Err says why the name is not the one that is stored, or the content, the
	// link's target or the folder cannot be read: *malformed.Error, *limit.Error, an
	// error of decmpfs.
	Err error

	data   stream
	fork   []byte // value of the attribute of the resource fork
	broken bool   // the inode could not be read
}

// rootID is the number of a volume's root folder.
const rootID = 2

// Walk calls visit for every file and folder but the root: a folder, then what
// is in it. Inside a folder the order is the volume's own: that of a hash of the
// names, or of the names. An error of visit ends the walk and is returned as it
// is. Entries are taken from the budget; its error ends the walk too. A
// *malformed.Damage at the end says that parts of the volume could not be read; all
// others have been visited. A volume with Err gives that at once.
func (v *Volume) Walk(ctx context.Context, visit func(Entry) error) error {
	if v.Err != nil {
		return v.Err
	}
	w := &walker{v: v, damage: malformed.Damage{Format: "apfs volume"}, ctx: ctx, visit: visit, seen: map[uint64]struct{}{rootID: {}}}
	in, err := v.inode(rootID)
	if err != nil {
		w.damage.Add(fmt.Errorf("root folder: %w", err))
	} else if in.mode&modeType != modeDir {
		w.damage.Add(fault(in.at, "root folder is none, its mode is", uint64(in.mode)))
	}
	if err := w.folder(rootID, "", 1); err != nil {
		return err
	}
	if w.damage.Count > 0 {
		return &w.damage
	}
	return nil
}

// walker is the state of one walk.
type walker struct {
	v      *Volume
	ctx    context.Context
	visit  func(Entry) error
	damage malformed.Damage
	seen   map[uint64]struct{} // folders met
}

// folder visits what is in a folder. It returns errors that end the walk alone.
func (w *walker) folder(id uint64, path string, depth int) error {
	where := func(key []byte) int { return compareRecord(key, id, recName, 0) }
	return w.v.files.scan(where, func(n *node, key, val []byte) error {
		if err := w.ctx.Err(); err != nil {
			return fmt.Errorf("walking an apfs volume: %w", err)
		}
		if err := w.v.c.budget.TakeEntries(1); err != nil {
			return err
		}
		if len(val) < 18 {
			w.damage.Add(fault(n.at, "record of a name is too short", uint64(len(val))))
			return nil
		}
		e := Entry{ID: le.Uint64(val)}
		name, err := w.v.name(n.at, key)
		e.Path, e.Err = name, err
		if path != "" {
			e.Path = path + "/" + name
		}
		if err := w.v.c.budget.CheckPath(e.Path); err != nil {
			e.Path = fmt.Sprintf("[entry %d]", e.ID)
			e.fail(err)
		}
		w.v.fill(&e, le.Uint16(val[16:]))
		enter := e.Type == TypeDir && w.enter(&e, depth)
		if err := w.visit(e); err != nil || !enter {
			return err
		}
		return w.folder(e.ID, e.Path, depth+1)
	}, w.damage.Add)
}

// enter says whether a folder is to be walked: once, and not too deep.
func (w *walker) enter(e *Entry, depth int) bool {
	if err := w.v.c.budget.CheckDepth(depth); err != nil {
		e.fail(err)
		return false
	}
	if _, met := w.seen[e.ID]; met {
		err := fault(-1, fmt.Sprintf("folder %q is met a second time, number", e.Path), e.ID)
		w.damage.Add(err)
		e.fail(err)
		return false
	}
	w.seen[e.ID] = struct{}{}
	return true
}

// fail notes the first error of an entry.
func (e *Entry) fail(err error) {
	if e.Err == nil {
		e.Err = err
	}
}

// name decodes the name in a key. What is no part of a path is replaced.
func (v *Volume) name(at int64, key []byte) (string, error) {
	start, size := 10, 0
	if v.hashed {
		start = 12
	}
	if len(key) >= start {
		size = int(le.Uint16(key[8:]))
		if v.hashed {
			size = int(le.Uint32(key[8:]) & 0x3ff)
		}
	}
	if size == 0 || start+size > len(key) {
		return "[no name]", fault(at, "name does not fit its key, its bytes are", uint64(size))
	}
	name := string(bytes.TrimSuffix(key[start:start+size], []byte{0}))
	switch {
	case name == "" || name == "." || name == "..":
		return "[" + name + "]", fault(at, "name is no part of a path, its bytes are", uint64(size))
	case strings.ContainsAny(name, "/\x00"):
		clean := strings.NewReplacer("/", ":", "\x00", "\u2400").Replace(name)
		return clean, fault(at, "name has a slash or a zero, its bytes are", uint64(size))
	}
	return name, nil
}

// fill takes what the inode says. flags are those of the name: with a broken
// inode they alone say what it is.
func (v *Volume) fill(e *Entry, flags uint16) {
	in, err := v.inode(e.ID)
	if err != nil {
		e.fail(err)
		e.broken = true
	}
	mode := in.mode & modeType
	if !in.found {
		mode = flags & 0xf << 12
	}
	e.Mode, e.data, e.fork = in.mode, in.data, bytes.Clone(in.fork)
	switch mode {
	case modeDir:
		e.Type = TypeDir
		return // its count of links is the number of its children
	case modeLink:
		e.Type = TypeSymlink
		v.fillLink(e, in.link)
	case modeFile:
		e.Type = TypeFile
		v.fillFile(e, &in)
	default:
		e.Type = TypeOther
	}
	e.HardLink = in.nlink > 1
}

func (v *Volume) fillLink(e *Entry, val []byte) {
	target, err := v.attrBytes(val)
	if err == nil {
		e.Link = string(bytes.TrimSuffix(target, []byte{0}))
		err = v.c.budget.CheckPath(e.Link)
		if strings.Contains(e.Link, "\x00") || e.Link == "" {
			err = errors.Join(err, fault(-1, "target of a link is empty or has a zero, link is", e.ID))
		}
	}
	if err != nil {
		e.Link = ""
		e.fail(fmt.Errorf("reading the target of link %d: %w", e.ID, err))
	}
}

func (v *Volume) fillFile(e *Entry, in *inode) {
	e.Size = int64(min(in.data.size, math.MaxInt64))
	if in.bsd&statCompress != 0 {
		e.Compressed = true
		attr, err := v.attrBytes(in.packed)
		if err == nil {
			var h decmpfs.Header
			h, err = decmpfs.ParseHeader(attr)
			e.Size = h.Size
		}
		if err != nil {
			e.fail(fmt.Errorf("reading how file %d is compressed: %w", e.ID, err))
		}
		return
	}
	if len(e.fork) > 0 {
		s, data, err := attrValue(e.fork)
		if err != nil {
			e.fail(fmt.Errorf("reading the resource fork of file %d: %w", e.ID, err))
			return
		}
		e.Resource = int64(len(data))
		if s != nil {
			e.Resource = int64(min(s.size, math.MaxInt64))
		}
	}
}
