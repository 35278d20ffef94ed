package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/limit"
)

// OpenDir lists the folder at path. The path itself may be a symbolic link; in
// the folder none is followed. Folders that cannot be read, files that cannot
// be opened, and limits become gaps.
//
// Errors: path is no folder or cannot be opened at all; ctx ended.
func OpenDir(ctx context.Context, path string, b *limit.Budget) (*Tree, error) {
	root, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(root)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.IsDir() {
		return nil, &fs.PathError{Op: "open folder", Path: path, Err: errors.Join(err, errNotFolder)}
	}
	w := &walk{tree: &Tree{Kind: sbom.InputDirectory, Root: root}, budget: b}
	if err := w.folder(ctx, "", 0); err != nil {
		return nil, err
	}
	return w.tree.finish(), nil
}

var errNotFolder = errors.New("not a folder")

// OpenFile makes a tree of the one regular file at path; the path may be a
// symbolic link. The entry is named after the path as given.
func OpenFile(path string, b *limit.Budget) (*Tree, error) {
	file, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	f, err := OpenRegular(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	e := Entry{Path: name, Norm: Norm(name), Type: TypeFile, Size: info.Size(), Disk: file}
	t := &Tree{Kind: sbom.InputFile, Root: filepath.Dir(file)}
	for _, err := range []error{b.TakeEntries(1), b.CheckFileSize(e.Size)} {
		if err != nil {
			e.Disk, e.Why = "", limitText(b, err)
			t.gap(sbom.GapLimit, e.Norm, -1, e.Why)
			break
		}
	}
	t.Entries = []Entry{e}
	return t.finish(), nil
}

// walk lists a folder on disk.
type walk struct {
	tree   *Tree
	budget *limit.Budget
}

// folder lists one folder and those below it.
func (w *walk) folder(ctx context.Context, rel string, depth int) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("listing a folder: %w", err)
	}
	norm := Norm(rel)
	if err := w.budget.CheckDepth(depth); err != nil {
		w.tree.gap(sbom.GapLimit, norm, -1, limitText(w.budget, err))
		return nil
	}
	list, err := w.list(filepath.Join(w.tree.Root, filepath.FromSlash(rel)))
	var over *limit.Error
	if errors.As(err, &over) {
		w.tree.gap(sbom.GapLimit, norm, -1, limitText(w.budget, over))
		return nil
	}
	if err != nil { // what was listed before counts
		w.tree.gap(sbom.GapUnreadable, norm, -1, "folder cannot be read: "+plain(err))
	}
	for _, d := range list {
		path := d.Name()
		if rel != "" {
			path = rel + "/" + path
		}
		if err := w.entry(ctx, path, d, depth); err != nil {
			return err
		}
	}
	return nil
}

// list reads the names of a folder, sorted. A folder with more names than the
// budget has left is left out whole: which of its names come first is chance.
func (w *walk) list(dir string) ([]fs.DirEntry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	used, _ := w.budget.Used()
	left := w.budget.Max().Entries - used
	var list []fs.DirEntry
	for {
		some, rerr := f.ReadDir(1024)
		list = append(list, some...)
		if int64(len(list)) > left {
			return nil, w.budget.TakeEntries(int64(len(list)))
		}
		if rerr != nil {
			if !errors.Is(rerr, io.EOF) {
				err = rerr
			}
			break
		}
	}
	if err := w.budget.TakeEntries(int64(len(list))); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, err
}

// entry lists one name of a folder.
func (w *walk) entry(ctx context.Context, path string, d fs.DirEntry, depth int) error {
	e := Entry{Path: path, Norm: Norm(path), Type: TypeOther}
	disk := filepath.Join(w.tree.Root, filepath.FromSlash(path))
	if err := w.budget.CheckPath(path); err != nil {
		w.tree.gap(sbom.GapLimit, shown(path), -1, limitText(w.budget, err))
		w.tree.lose(path, limitText(w.budget, err))
		return nil
	}
	info, err := d.Info()
	if err != nil {
		w.tree.gap(sbom.GapUnreadable, e.Norm, -1, "cannot be looked at: "+plain(err))
		w.tree.lose(path, "cannot be looked at")
		return nil
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		e.Type, e.Ignored = TypeDir, finderDir(e.Norm)
		w.tree.Entries = append(w.tree.Entries, e)
		return w.folder(ctx, path, depth+1)
	case mode&fs.ModeSymlink != 0:
		e.Type = TypeSymlink
		if e.Link, err = os.Readlink(disk); err != nil {
			w.tree.gap(sbom.GapUnreadable, e.Norm, -1, "link cannot be read: "+plain(err))
		}
		e.Link = filepath.ToSlash(e.Link)
		e.Size = int64(len(e.Link))
	case mode.IsRegular():
		e.Type, e.Size, e.Disk = TypeFile, info.Size(), disk
		w.look(&e)
	}
	w.tree.Entries = append(w.tree.Entries, e)
	return nil
}

// look opens a file to see whether it can be read, and whether it is one that
// the Finder adds.
func (w *walk) look(e *Entry) {
	fail := func(kind sbom.GapKind, why string) {
		e.Disk, e.Why = "", why
		w.tree.gap(kind, e.Norm, -1, why)
	}
	if err := w.budget.CheckFileSize(e.Size); err != nil {
		fail(sbom.GapLimit, limitText(w.budget, err))
		return
	}
	f, err := OpenRegular(e.Disk)
	if err != nil {
		fail(sbom.GapUnreadable, "file cannot be opened: "+plain(err))
		return
	}
	defer f.Close()
	if finderName(e.Norm) {
		head := make([]byte, headSize)
		n, err := io.ReadFull(f, head)
		if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			e.Ignored = finderFile(e.Norm, head[:n])
		}
	}
}

// plain is the text of an error without the path, which the gap has.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}

// limitText is the text of a gap for a limit; it is the same however far the
// input went over it.
func limitText(b *limit.Budget, err error) string {
	var l *limit.Error
	if !errors.As(err, &l) {
		return err.Error()
	}
	return b.Reason(l)
}
