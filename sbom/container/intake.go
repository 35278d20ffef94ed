package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/asar"
	"github.com/kinbom/kinbom/sbom/container/udif"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// intake takes the entries of an archive or a volume into a tree, and their
// contents into the private folder. Every format goes through it, so that names,
// budgets and gaps are treated alike.
type intake struct {
	ctx    context.Context
	what   string // the format, for errors
	spool  *spool
	budget *limit.Budget
	tree   *Tree
	size   int64            // bytes of the archive
	out    int64            // bytes unpacked so far, of damaged entries too
	files  map[string]int   // path -> entry of a regular file, for hard links
	notes  map[string]bool  // see untested
	told   map[string]bool  // causes of gaps, see cause
	lost   map[int]sbom.Gap // entry of a regular file -> why it has no content
}

// beginIntake opens the private folder for one archive. The caller closes it.
func beginIntake(ctx context.Context, what, kind string, f *os.File, dest string, b *limit.Budget) (*intake, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s, err := openSpool(dest)
	if err != nil {
		return nil, err
	}
	return &intake{ctx: ctx, what: what, spool: s, budget: b, size: info.Size(), tree: &Tree{Kind: kind, Root: dest}, files: map[string]int{}, told: map[string]bool{}, lost: map[int]sbom.Gap{}}, nil
}

func (n *intake) close() { n.spool.close() }

// finish ends the tree. An error of the archive as a whole is a gap of it.
func (n *intake) finish(err error) (*Tree, error) {
	if err != nil {
		if n.ctx.Err() != nil {
			return nil, fmt.Errorf("unpacking a %s: %w", n.what, n.ctx.Err())
		}
		var disk *diskError
		if errors.As(err, &disk) {
			return nil, disk.err
		}
		n.trouble("", err)
	}
	return n.tree.finish(), nil
}

// diskError is an error of the private folder, which ends the work.
type diskError struct{ err error }

func (e *diskError) Error() string { return e.err.Error() }

// trouble notes what is wrong with a path ("" for the archive itself).
func (n *intake) trouble(path string, err error) {
	kind, off, why := n.explain(err)
	n.tree.gap(kind, path, off, why)
}

// explain gives an error of a format its kind of gap, its byte and its words.
func (n *intake) explain(err error) (kind sbom.GapKind, offset int64, why string) {
	n.told[cause(err)] = true
	kind, offset, why = sbom.GapUnreadable, -1, err.Error()
	var over *limit.Error
	if bad := malformed.In(err, asar.Format); bad != nil {
		offset = bad.Offset
	}
	switch {
	case errors.As(err, &over):
		return sbom.GapLimit, -1, limitText(n.budget, over)
	case isEncrypted(err):
		kind = sbom.GapEncrypted
	case isUnsupported(err):
		kind = sbom.GapUnsupported
	case errors.Is(err, io.ErrUnexpectedEOF):
		why = n.what + " is damaged: ends too early"
	}
	return kind, offset, why
}

// wasTold reports whether a gap has said the cause of an error.
func (n *intake) wasTold(err error) bool { return n.told[cause(err)] }

// cause names the fault behind an error: that of a disk image, which is the same
// for all files that need its bytes, or the error itself.
func cause(err error) string {
	if bad := malformed.In(err, udif.Format); bad != nil {
		return bad.Error()
	}
	return err.Error()
}

// name checks the path of an entry; a refused one gives ok false, and is counted
// when it is a file.
func (n *intake) name(given string, file bool) (path string, ok bool) {
	path, why := cleanName(given, false)
	kind := sbom.GapUnreadable
	if why == "" {
		for _, err := range []error{n.budget.CheckPath(path), n.budget.CheckDepth(strings.Count(path, "/"))} {
			if err != nil {
				kind, why = sbom.GapLimit, limitText(n.budget, err)
			}
		}
	}
	if why != "" {
		n.tree.gap(kind, shown(given), -1, why)
		if file {
			n.tree.lose(given, why)
		}
		return "", false
	}
	return path, path != ""
}

// folder lists a folder.
func (n *intake) folder(given string) {
	if path, ok := n.name(given, false); ok {
		norm := Norm(path)
		n.tree.Entries = append(n.tree.Entries, Entry{Path: path, Norm: norm, Type: TypeDir, Ignored: finderDir(norm)})
	}
}

// link lists a symbolic link.
func (n *intake) link(given, target string) {
	path, ok := n.name(given, false)
	if !ok {
		return
	}
	e := Entry{Path: path, Norm: Norm(path), Type: TypeSymlink, Link: target, Size: int64(len(target))}
	if int64(len(target)) > n.budget.Max().PathLength || strings.Contains(target, "\x00") {
		e.Link, e.Why = "", "link target is too long or holds a zero byte"
		n.tree.gap(sbom.GapUnreadable, e.Norm, -1, e.Why)
	}
	n.tree.Entries = append(n.tree.Entries, e)
}

// other lists a device, pipe or socket.
func (n *intake) other(given string) {
	if path, ok := n.name(given, false); ok {
		n.tree.Entries = append(n.tree.Entries, Entry{Path: path, Norm: Norm(path), Type: TypeOther})
	}
}

// has reports whether the file of a path was taken in.
func (n *intake) has(given string) bool {
	path, _ := cleanName(given, false)
	_, ok := n.files[path]
	return ok
}

// again lists a second name of a file that was taken in before.
func (n *intake) again(given, original string) {
	path, ok := n.name(given, true)
	if !ok {
		return
	}
	first, why := cleanName(original, false)
	i, known := n.files[first]
	e := Entry{Path: path, Norm: Norm(path), Type: TypeFile}
	if why != "" || !known {
		e.Why = "hard link to a file that is not in the archive before it"
		n.tree.gap(sbom.GapUnreadable, e.Norm, -1, e.Why)
	} else {
		o := n.tree.Entries[i]
		e.Size, e.Disk, e.Digest, e.Why = o.Size, o.Disk, o.Digest, o.Why
		if g, ok := n.lost[i]; ok {
			n.tree.gap(g.Kind, e.Norm, g.Offset, e.Why)
		}
	}
	n.tree.Entries = append(n.tree.Entries, e)
}

// file lists a regular file and takes its content in. size is a claim. An
// error is the disk's or the context's; all else is a gap.
func (n *intake) file(given string, size int64, open func() (io.Reader, error)) error {
	path, ok := n.name(given, true)
	if !ok {
		return nil
	}
	e := Entry{Path: path, Norm: Norm(path), Type: TypeFile, Size: size}
	err := n.content(&e, open)
	var disk *diskError
	if n.ctx.Err() != nil || errors.As(err, &disk) {
		return err
	}
	if err != nil {
		kind, off, why := n.explain(err)
		e.Why = why
		n.tree.gap(kind, e.Norm, off, why)
		n.lost[len(n.tree.Entries)] = sbom.Gap{Kind: kind, Offset: off}
	}
	if _, ok := n.files[path]; !ok {
		n.files[path] = len(n.tree.Entries)
	}
	n.tree.Entries = append(n.tree.Entries, e)
	return nil
}

func (n *intake) content(e *Entry, open func() (io.Reader, error)) error {
	for _, err := range []error{n.ctx.Err(), n.budget.CheckFileSize(e.Size), n.budget.CheckRatio(n.size, n.out+max(e.Size, 0))} {
		if err != nil {
			return err
		}
	}
	src, err := open()
	if err != nil {
		return err
	}
	r := &contextReader{ctx: n.ctx, r: n.budget.Reader(src)}
	c, err := n.spool.put(r)
	n.out += r.n
	var bad *sourceError
	switch {
	case errors.As(err, &bad):
		return bad.err
	case err != nil:
		return &diskError{err}
	}
	e.Disk, e.Digest, e.Size = c.disk, c.digest, c.size
	e.Ignored = finderFile(e.Norm, c.head)
	return nil
}

// entry counts one more entry.
func (n *intake) entry() error { return n.budget.TakeEntries(1) }
