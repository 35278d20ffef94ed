package container

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/limit"
)

// Fields of a zip entry (APPNOTE.TXT 4.4): bits of the general purpose flag,
// methods, and systems that a name's backslashes can come from.
const (
	flagEncrypted = 1 << 0
	flagStrong    = 1 << 6
	flagMasked    = 1 << 13
	methodAES     = 99
	hostFAT       = 0
	hostNTFS      = 10
	hostVFAT      = 14
)

// openZip unpacks a zip.
func openZip(ctx context.Context, f *os.File, dest string, b *limit.Budget) (*Tree, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s, err := openSpool(dest)
	if err != nil {
		return nil, err
	}
	defer s.close()
	u := &unzip{ctx: ctx, spool: s, budget: b, size: info.Size(), tree: &Tree{Kind: sbom.InputZip, Root: dest}}
	files, err := u.directory(f)
	if err != nil {
		kind, why := sbom.GapUnreadable, "zip directory cannot be read: "+plain(err)
		if over := (*limit.Error)(nil); errors.As(err, &over) {
			kind, why = sbom.GapLimit, limitText(u.budget, over)
		}
		u.tree.gap(kind, "", -1, why)
		return u.tree.finish(), nil
	}
	over := overlaps(files)
	for i, zf := range files {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("unpacking a zip: %w", err)
		}
		if err := b.TakeEntries(1); err != nil {
			u.rest(files[i:], limitText(u.budget, err))
			break
		}
		if err := u.entry(zf, over[zf]); err != nil {
			return nil, err
		}
	}
	if isIPA(u.tree.Entries) {
		u.tree.Kind = sbom.InputIPA
	}
	return u.tree.finish(), nil
}

// isIPA reports whether entries are laid out as an iOS app archive.
func isIPA(entries []Entry) bool {
	for _, e := range entries {
		parts := strings.SplitN(e.Norm, "/", 3)
		if len(parts) == 3 && parts[0] == "Payload" && strings.HasSuffix(parts[1], ".app") {
			return true
		}
	}
	return false
}

// unzip is the state of one unpacking.
type unzip struct {
	ctx    context.Context
	spool  *spool
	budget *limit.Budget
	tree   *Tree
	size   int64 // bytes of the archive
	out    int64 // bytes unpacked so far, of damaged entries too
}

// directory reads the list of entries. It stops at more than the budget has,
// before the standard reader has made a record of each.
func (u *unzip) directory(f *os.File) ([]*zip.File, error) {
	used, _ := u.budget.Used()
	guard := &entryGuard{r: f, left: 2*(u.budget.Max().Entries-used) + 4096, max: u.budget.Max().Entries}
	r, err := zip.NewReader(guard, u.size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	guard.off = true
	// The same reader, but faster than the standard library's.
	r.RegisterDecompressor(zip.Deflate, flate.NewReader)
	return r.File, nil
}

// entryGuard counts the signatures of directory records in what is read. It
// allows twice the limit: the end of a file is read twice, and a signature may
// occur in a name by chance. The exact count comes later.
type entryGuard struct {
	r    io.ReaderAt
	left int64
	max  int64
	off  bool
}

func (g *entryGuard) ReadAt(p []byte, off int64) (int, error) {
	n, err := g.r.ReadAt(p, off)
	if !g.off {
		if g.left -= int64(bytes.Count(p[:n], []byte("PK\x01\x02"))); g.left < 0 {
			return 0, &limit.Error{Limit: limit.Entries, Max: g.max, Value: g.max + 1}
		}
	}
	return n, err
}

// overlaps finds the entries whose data lie over the data of one before them:
// how a small archive claims endless content. No honest writer does it.
func overlaps(files []*zip.File) map[*zip.File]bool {
	type span struct {
		f          *zip.File
		start, end int64
	}
	var spans []span
	for _, f := range files {
		start, err := f.DataOffset()
		if err != nil || f.CompressedSize64 == 0 || f.CompressedSize64 > 1<<62 {
			continue // opening it will say what is wrong
		}
		spans = append(spans, span{f, start, start + int64(f.CompressedSize64)})
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	bad := map[*zip.File]bool{}
	end := int64(0)
	for _, s := range spans {
		if s.start < end {
			bad[s.f] = true
			continue
		}
		end = s.end
	}
	return bad
}

// rest counts the entries that the budget leaves out.
func (u *unzip) rest(files []*zip.File, why string) {
	n := 0
	for _, f := range files {
		if f.Mode().IsRegular() && !strings.HasSuffix(f.Name, "/") {
			n++
			u.tree.lose(f.Name, why)
		}
	}
	u.tree.gap(sbom.GapLimit, "", -1, why)
	u.tree.Gaps[len(u.tree.Gaps)-1].Count = max(n, 1)
}

// entry lists one entry and unpacks it. The error is the disk's or ctx's.
func (u *unzip) entry(f *zip.File, overlap bool) error {
	host := f.CreatorVersion >> 8
	path, why := cleanName(f.Name, host == hostFAT || host == hostNTFS || host == hostVFAT)
	kind := sbom.GapUnreadable
	if why == "" {
		for _, err := range []error{u.budget.CheckPath(path), u.budget.CheckDepth(strings.Count(path, "/"))} {
			if err != nil {
				kind, why = sbom.GapLimit, limitText(u.budget, err)
			}
		}
	}
	if why != "" {
		u.tree.gap(kind, shown(f.Name), -1, why)
		if f.Mode().IsRegular() && !strings.HasSuffix(f.Name, "/") {
			u.tree.lose(f.Name, why)
		}
		return nil
	}
	e := Entry{Path: path, Norm: Norm(path), Type: TypeOther}
	mode := f.Mode()
	switch {
	case path == "":
		return nil
	case mode.IsDir() || strings.HasSuffix(f.Name, "/") || strings.HasSuffix(f.Name, `\`) && !strings.HasSuffix(path, `\`):
		e.Type, e.Ignored = TypeDir, finderDir(e.Norm)
		if f.UncompressedSize64 > 0 {
			u.tree.gap(sbom.GapUnreadable, e.Norm, -1, "folder in the zip claims content")
		}
	case mode&fs.ModeSymlink != 0:
		e.Type = TypeSymlink
		return u.content(f, &e, overlap)
	case mode.IsRegular():
		e.Type = TypeFile
		return u.content(f, &e, overlap)
	}
	u.tree.Entries = append(u.tree.Entries, e)
	return nil
}

// content unpacks a file or the target of a link, and lists the entry.
func (u *unzip) content(f *zip.File, e *Entry, overlap bool) error {
	e.Size = int64(min(f.UncompressedSize64, 1<<63-1))
	kind, why := u.refuse(f, e, overlap)
	if why == "" {
		c, target, err := u.read(f, e.Type)
		var bad *sourceError
		var over *limit.Error
		switch {
		case err == nil && e.Type == TypeSymlink:
			e.Link, e.Size = target, int64(len(target))
		case err == nil:
			e.Disk, e.Digest, e.Size = c.disk, c.digest, c.size
			e.Ignored = finderFile(e.Norm, c.head)
		case u.ctx.Err() != nil:
			return fmt.Errorf("unpacking a zip: %w", u.ctx.Err())
		case errors.As(err, &over):
			kind, why = sbom.GapLimit, limitText(u.budget, over)
		case errors.As(err, &bad):
			kind, why = sbom.GapUnreadable, unpackText(bad.err)
		default:
			return err
		}
	}
	if why != "" {
		e.Why = why
		off, err := f.DataOffset()
		if err != nil {
			off = -1
		}
		u.tree.gap(kind, e.Norm, off, why)
	}
	u.tree.Entries = append(u.tree.Entries, *e)
	return nil
}

// refuse says why the content of an entry is not even begun, or "".
func (u *unzip) refuse(f *zip.File, e *Entry, overlap bool) (sbom.GapKind, string) {
	switch {
	case f.Flags&(flagEncrypted|flagStrong|flagMasked) != 0 || f.Method == methodAES:
		return sbom.GapEncrypted, "zip entry is encrypted"
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return sbom.GapUnsupported, fmt.Sprintf("zip method %d cannot be unpacked", f.Method)
	case overlap:
		return sbom.GapUnreadable, "data lie over those of another zip entry"
	case e.Type == TypeSymlink && f.UncompressedSize64 > uint64(u.budget.Max().PathLength):
		return sbom.GapLimit, limitText(u.budget, &limit.Error{Limit: limit.PathLength, Max: u.budget.Max().PathLength})
	case f.UncompressedSize64 > 1<<62 || f.CompressedSize64 > 1<<62:
		return sbom.GapLimit, limitText(u.budget, u.budget.CheckFileSize(-1))
	}
	// The sizes are claims, but the reader gives no more than is claimed.
	for _, err := range []error{u.budget.CheckFileSize(e.Size), u.budget.CheckRatio(int64(f.CompressedSize64), e.Size), u.budget.CheckRatio(u.size, u.out+e.Size)} {
		if err != nil {
			return sbom.GapLimit, limitText(u.budget, err)
		}
	}
	return "", ""
}

// read unpacks one entry: a file into the spool, a link's target into memory.
func (u *unzip) read(f *zip.File, typ Type) (content, string, error) {
	rc, err := f.Open()
	if err != nil {
		return content{}, "", &sourceError{err}
	}
	defer rc.Close()
	r := &contextReader{ctx: u.ctx, r: u.budget.Reader(rc)}
	defer func() { u.out += r.n }()
	if typ == TypeSymlink {
		data, err := limit.ReadAll(r, u.budget.Max().PathLength)
		if err == nil && bytes.ContainsRune(data, 0) {
			err = errors.New("link target holds a zero byte")
		}
		if err != nil {
			return content{}, "", &sourceError{err}
		}
		return content{}, string(data), nil
	}
	c, err := u.spool.put(r)
	return c, "", err
}

// unpackText is the text of a gap for damaged data.
func unpackText(err error) string {
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return "zip entry is damaged: checksum differs"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "zip entry is damaged: ends too early"
	case errors.Is(err, zip.ErrFormat):
		return "zip entry is damaged: its records contradict each other"
	}
	return "zip entry is damaged: " + plain(err) // without a path of this machine
}

// contextReader ends with the context, and counts.
type contextReader struct {
	ctx context.Context
	r   io.Reader
	n   int64
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(p)
	r.n += int64(n)
	return n, err
}
