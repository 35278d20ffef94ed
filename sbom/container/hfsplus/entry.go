package hfsplus

import (
	"errors"
	"fmt"

	"github.com/kinbom/kinbom/sbom/container/decmpfs"
	"github.com/kinbom/kinbom/sbom/limit"
)

// Type is the type of an entry.
type Type string

// Types of entries.
const (
	TypeFile    Type = "file"
	TypeDir     Type = "dir"
	TypeSymlink Type = "symlink"
	TypeOther   Type = "other" // device, pipe, socket; a hard link to a folder
)

// Entry is a file, folder or link of the volume.
type Entry struct {
	Path     string // slash-separated, from the volume's root, with names as decodeName makes them
	Type     Type
	ID       uint32 // catalog number; of a hard link, that of its content
	Size     int64  // bytes of the content; of a compressed file, when unpacked, as claimed
	Resource int64  // bytes of the resource fork, as claimed; 0 for a compressed file
	Mode     uint16 // as in sys/stat.h; 0 where no Unix system wrote the file
	Link     string // target of a symbolic link

	Compressed bool   // transparently, see package decmpfs
	Packing    uint32 // of a compressed file: the type of decmpfs
	HardLink   bool   // one of several names of its content
	// Private marks what the volume keeps for itself and macOS does not show: the
	// journal, and the folders that hold what hard links lead to. The content of
	// hard links is met a second time there.
	Private bool
	// Err says why the path is not the whole one, or the content or the link's
	// target cannot be read: *malformed.Error, *limit.Error, an error of decmpfs.
	Err error

	data, rsrc fork
	packed     bool // the resource fork belongs to the compression
	missing    bool // a hard link whose content was not found
}

// entry makes an entry out of a record.
func (w *walker) entry(rec *record) Entry {
	in := w.places.folder(rec.parent)
	name, nameErr := decodeName(rec.name)
	e := Entry{Path: name, Type: TypeDir, ID: rec.id, Mode: rec.mode, Private: in.private, Err: in.err}
	if in.path != "" {
		e.Path = in.path + "/" + name
	}
	if err := w.v.budget.CheckPath(e.Path); err != nil {
		e.Path = fmt.Sprintf("[entry %d]", rec.id)
		e.fail(err)
	}
	e.fail(nameErr)
	if rec.kind == recFolder {
		e.Private = e.Private || w.v.private(rec.id)
		return e
	}
	w.blocks += int64(rec.data.blocks) + int64(rec.rsrc.blocks)
	if rec.parent == idRoot && w.v.journalled && (name == ".journal" || name == ".journal_info_block") {
		e.Private = true
	}
	w.v.file(&e, rec)
	return e
}

// fail notes the first error of an entry.
func (e *Entry) fail(err error) {
	if e.Err == nil {
		e.Err = err
	}
}

// file fills in what a file record says.
func (v *Volume) file(e *Entry, rec *record) {
	if rec.hardLink() && !e.Private {
		e.HardLink = true
		content, err := v.inode(rec.special)
		if err != nil {
			e.Type, e.missing = TypeFile, true
			e.fail(fmt.Errorf("finding the content %d of a hard link: %w", rec.special, err))
			return
		}
		rec = &content
		e.ID, e.Mode = rec.id, rec.mode
	}
	e.data, e.rsrc = rec.data, rec.rsrc
	e.Size, e.Resource = int64(min(rec.data.size, 1<<63-1)), int64(min(rec.rsrc.size, 1<<63-1))
	switch kind := rec.mode & modeKind; {
	case v.folderLink(rec):
		e.Type = TypeOther
		e.HardLink = true
		e.fail(fmt.Errorf("hard link to folder dir_%d, which is listed where the volume keeps it", rec.special))
	case kind == modeLink:
		e.Type = TypeSymlink
		v.readLink(e)
	case kind == modeRegular || kind == 0:
		e.Type = TypeFile
		if rec.owner&flagCompressed != 0 {
			v.unpacked(e)
		}
	default:
		e.Type = TypeOther
	}
	for _, f := range []fork{e.data, e.rsrc} {
		if _, err := v.openFork(f, nil); err != nil {
			e.fail(err)
		}
	}
}

// readLink reads the target of a symbolic link.
func (v *Volume) readLink(e *Entry) {
	if top := v.budget.Max().PathLength; e.Size > top {
		e.fail(&limit.Error{Limit: limit.PathLength, Max: top, Value: e.Size})
		return
	}
	f, err := v.fileFork(e.data, e.ID, forkData)
	if err == nil {
		var target []byte
		if target, err = limit.ReadNAt(f, 0, f.size, f.size); err == nil {
			e.Link = string(target)
		}
	}
	if err != nil {
		e.fail(fmt.Errorf("reading a symbolic link: %w", err))
	}
}

// unpacked fills in what is known of a compressed file. As in macOS, a file with
// the flag but without the attribute is an ordinary one.
func (v *Volume) unpacked(e *Entry) {
	attr, err := v.attribute(e.ID, decmpfs.Attribute)
	if errors.Is(err, ErrNoAttr) {
		return
	}
	e.Compressed, e.Size = true, 0
	if err != nil {
		e.fail(err)
		return
	}
	h, err := decmpfs.ParseHeader(attr)
	if err != nil {
		e.fail(err)
		return
	}
	e.Size, e.Packing, e.packed = h.Size, h.Type, h.InResource()
	if e.packed {
		e.Resource = 0
	}
	e.fail(h.Supported())
}
