package scan

import (
	"bytes"
	"cmp"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/bundle"
	"github.com/kinbom/kinbom/sbom/container"
	"github.com/kinbom/kinbom/sbom/limit"
)

// open makes a tree of every input, archives in them opened, and names the
// inputs: by their last path component, with a number where two are equal. They
// share the budget in the order of their names, wherever they lie.
func (s *scanner) open(ctx context.Context) ([]*tree, error) {
	var abs []string
	for _, in := range s.Inputs {
		a, err := filepath.Abs(in)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", in, err)
		}
		abs = append(abs, a)
	}
	slices.SortFunc(abs, func(a, b string) int {
		return cmp.Or(strings.Compare(container.Norm(filepath.Base(a)), container.Norm(filepath.Base(b))), strings.Compare(a, b))
	})
	abs = slices.Compact(abs) // the same path twice is one input
	b := limit.New(s.Max)
	used := map[string]int{}
	var trees []*tree
	for _, a := range abs {
		name := container.Norm(filepath.Base(a))
		if used[name]++; used[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, used[name])
		}
		t, err := s.openInput(ctx, a, name, len(abs) > 1, b)
		if err != nil {
			return nil, err
		}
		trees = append(trees, t)
	}
	return trees, nil
}

func (s *scanner) openInput(ctx context.Context, disk, name string, several bool, b *limit.Budget) (*tree, error) {
	fi, err := os.Stat(disk)
	if err != nil {
		return nil, fmt.Errorf("opening input %s: %w", name, plainly(err))
	}
	t := &tree{links: map[string]string{}, input: sbom.Input{Path: name, Kind: sbom.InputFile}}
	if !fi.IsDir() {
		ct, err := container.OpenFile(disk, b)
		if err != nil {
			return nil, fmt.Errorf("opening input %s: %w", name, plainly(err))
		}
		ct.Entries[0].Path, ct.Entries[0].Norm = name, name
		t.add(ct, "")
	} else {
		ct, err := container.OpenDir(ctx, disk, b)
		if err != nil {
			return nil, fmt.Errorf("opening input %s: %w", name, plainly(err))
		}
		prefix := ""
		t.input.Kind = sbom.InputDirectory
		if bundle.KindOf(name) != "" {
			t.input.Kind = sbom.InputBundle
		}
		if several || t.input.Kind == sbom.InputBundle {
			prefix = name + "/"
		}
		t.prefix = prefix
		t.add(ct, prefix)
	}
	if err := s.openArchives(ctx, t, b, !fi.IsDir()); err != nil {
		return nil, err
	}
	slices.SortStableFunc(t.files, func(a, b *file) int { return strings.Compare(a.norm, b.norm) })
	return t, nil
}

func plainly(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// add takes the entries of a folder or an unpacked archive into the tree.
func (t *tree) add(ct *container.Tree, prefix string) {
	own := map[string]bool{} // paths whose gap the file itself brings
	for i := range ct.Entries {
		e := &ct.Entries[i]
		p := prefix + e.Norm
		switch e.Type {
		case container.TypeSymlink:
			t.links[p] = e.Link
			if _, ok := ct.Resolve(e.Norm); !ok {
				t.gaps = append(t.gaps, sbom.Gap{Kind: sbom.GapNotLookedAt, Path: p, Offset: -1, Count: 1,
					Why: "symbolic link that leads out of the input or to nothing"})
			}
		case container.TypeOther:
			t.files = append(t.files, &file{path: p, norm: p, special: true})
		case container.TypeFile:
			f := &file{path: p, norm: p, disk: e.Disk, size: e.Size, ignored: e.Ignored, digest: e.Digest, within: e.Within}
			if e.Why != "" {
				own[e.Norm] = true
				f.trouble = &sbom.Gap{Kind: sbom.GapUnreadable, Path: p, Offset: -1, Count: 1, Why: e.Why}
			}
			t.files = append(t.files, f)
		}
	}
	for _, g := range ct.Gaps {
		if own[g.Path] {
			t.typed(prefix+g.Path, g)
			continue
		}
		g.Path = strings.TrimSuffix(prefix+g.Path, "/") // the archive itself, when it names nothing in it
		t.gaps = append(t.gaps, g)
	}
	for _, l := range ct.LostIn {
		l.Folder = path.Join(prefix, l.Folder)
		t.lost = append(t.lost, l)
	}
}

// typed gives a file's trouble the kind and offset of the gap that tells it.
func (t *tree) typed(p string, g sbom.Gap) {
	for i := len(t.files) - 1; i >= 0; i-- {
		if f := t.files[i]; f.norm == p && f.trouble != nil {
			f.trouble.Kind, f.trouble.Offset = g.Kind, g.Offset
			return
		}
	}
}

// openArchives unpacks archives wherever they lie, and those inside them, as far
// as the budget goes.
func (s *scanner) openArchives(ctx context.Context, t *tree, b *limit.Budget, given bool) error {
	for depth, from := 1, 0; from < len(t.files); depth++ {
		to := len(t.files)
		for _, f := range t.files[from:to] {
			if f.trouble != nil || f.special {
				continue
			}
			format := archiveFormat(f.disk, f.norm, given && depth == 1)
			if format == "" {
				continue
			}
			if given && depth == 1 {
				t.input.Kind = format
			}
			if over := s.over(b.CheckContainers(depth)); over != nil {
				f.closed = s.limitGap(over, f.path)
				continue
			}
			if err := s.unpackInto(ctx, t, f, format, b); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// archiveFormat says what archive a file is, or "". Files that merely lie in a
// folder need the right ending too.
func archiveFormat(disk, name string, given bool) string {
	if !given && !container.Named(name) {
		return ""
	}
	f, err := container.OpenRegular(disk)
	if err != nil {
		return ""
	}
	defer f.Close()
	head := make([]byte, container.HeadSize)
	n, _ := io.ReadFull(f, head)
	detect := container.DetectNested
	if given {
		detect = container.Detect
	}
	if format, ok := detect(head[:n], name); ok {
		return format.Name
	}
	return ""
}

// unpackRequest asks a child to unpack one archive.
type unpackRequest struct {
	Disk, Dest string
	Format     string // name of a container.Format
	Max        limit.Max
	Entries    int64 // used so far of Max, as Bytes
	Bytes      int64
}

// unpackAnswer is what the archive holds, and what is used of Max then: what was
// unpacked in vain counts too.
type unpackAnswer struct {
	Tree           *container.Tree
	Entries, Bytes int64
}

// unpackInto unpacks one archive in a child and adds what it holds.
func (s *scanner) unpackInto(ctx context.Context, t *tree, f *file, format string, b *limit.Budget) error {
	entries, used := b.Used()
	q, err := json.Marshal(unpackRequest{Disk: f.disk, Dest: filepath.Join(s.temp, "spool"), Format: format, Max: b.Max(), Entries: entries, Bytes: used})
	if err != nil {
		return fmt.Errorf("encoding a request: %w", err)
	}
	answer, err := s.pool.Do(s.work, askUnpack, q, time.Minute+4*deadline(f.size))
	if err != nil {
		if fatal(ctx, err) {
			return err
		}
		g := s.gapOf(err)
		g.Path = f.path
		f.closed = &g
		return nil
	}
	var a unpackAnswer
	if err := gob.NewDecoder(bytes.NewReader(answer)).Decode(&a); err != nil {
		return fmt.Errorf("decoding the list of %s: %w", f.path, err)
	}
	_ = b.TakeEntries(a.Entries - entries) // the child stayed below what was left
	_ = b.TakeBytes(a.Bytes - used)
	ct := a.Tree
	if format == formatAsar || outermostBundle(f.norm) != "" {
		t.addInner(f, format, ct)
		return nil
	}
	f.opened = format
	if f.norm == t.input.Path && t.input.Kind == format { // the input itself: a .xip is opened as a package
		t.input.Kind = ct.Kind
	}
	t.add(ct, f.norm+"/")
	return nil
}

// unpack runs in the child.
func unpack(ctx context.Context, request []byte) ([]byte, error) {
	var q unpackRequest
	if err := json.Unmarshal(request, &q); err != nil {
		return nil, fmt.Errorf("decoding the request: %w", err)
	}
	budget := limit.Resume(q.Max, q.Entries, q.Bytes)
	t, err := container.UnpackAs(ctx, q.Format, q.Disk, q.Dest, budget)
	if full(err) {
		return nil, fmt.Errorf("%s%w", noRoom, plainly(err))
	}
	if err != nil {
		return nil, plainly(err)
	}
	var b bytes.Buffer
	a := unpackAnswer{Tree: t}
	a.Entries, a.Bytes = budget.Used()
	if err := gob.NewEncoder(&b).Encode(a); err != nil {
		return nil, fmt.Errorf("encoding the list: %w", err)
	}
	return b.Bytes(), nil
}
