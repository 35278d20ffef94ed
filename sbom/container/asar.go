package container

import (
	"context"
	"io"
	"os"
	"path"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/asar"
	"github.com/kinbom/kinbom/sbom/limit"
)

// Beside is a file that an archive lists and that lies in the folder beside it
// (UnpackedFolder). It is no entry of the tree: it is met where it lies.
type Beside struct {
	Norm   string      // below UnpackedFolder, as Entry.Norm
	Digest sbom.Digest // that the archive gives for its content, or ""
}

// UnpackedFolder is the folder beside an asar archive that holds the files that
// the archive lists without holding them.
func UnpackedFolder(archive string) string { return archive + ".unpacked" }

// openAsar unpacks an asar archive. A content that differs from the hashes that
// the archive gives for it is kept as it is, with a gap at its path.
func openAsar(ctx context.Context, f *os.File, dest string, b *limit.Budget) (*Tree, error) {
	n, err := beginIntake(ctx, "asar archive", sbom.InputAsar, f, dest, b)
	if err != nil {
		return nil, err
	}
	defer n.close()
	a, err := asar.New(f, n.size, b)
	if err != nil {
		return n.finish(err)
	}
	n.tree.Header = sbom.Digest(a.HeaderDigest)
	beside := unpackedPaths(a)
	for i := range a.Entries {
		if err := n.entry(); err != nil {
			return n.finish(err)
		}
		if err := n.asarEntry(a, &a.Entries[i], beside); err != nil {
			return n.finish(err)
		}
	}
	return n.finish(nil)
}

// unpackedPaths are the clean paths of the files and folders beside an archive.
func unpackedPaths(a *asar.Reader) map[string]bool {
	out := map[string]bool{}
	for i := range a.Entries {
		if e := &a.Entries[i]; e.Unpacked {
			if p, why := cleanName(e.Path, false); why == "" {
				out[p] = true
			}
		}
	}
	return out
}

func (n *intake) asarEntry(a *asar.Reader, e *asar.Entry, beside map[string]bool) error {
	switch e.Type {
	case asar.TypeDir:
		n.folder(e.Path)
	case asar.TypeLink:
		// Targets are paths from the archive's root; in a tree they are relative
		// to the link. A link to what lies beside leads out of the archive: the
		// file is met there.
		if target, why := cleanName(e.Link, false); why != "" {
			n.link(e.Path, e.Link)
		} else if !beside[target] {
			n.link(e.Path, upTo(e.Path)+target)
		}
	case asar.TypeFile:
		if e.Unpacked && e.Trouble == nil {
			n.beside(e)
			return nil
		}
		return n.asarFile(a, e)
	}
	return nil
}

// upTo leads from the folder of a path to the root.
func upTo(p string) string { return strings.Repeat("../", strings.Count(path.Clean(p), "/")) }

func (n *intake) beside(e *asar.Entry) {
	p, ok := n.name(e.Path, true)
	if !ok {
		return
	}
	b := Beside{Norm: Norm(p)}
	if in := e.Integrity; in != nil && strings.EqualFold(in.Algorithm, "SHA256") {
		b.Digest = sbom.Digest(strings.ToLower(in.Hash))
	}
	n.tree.Beside = append(n.tree.Beside, b)
}

func (n *intake) asarFile(a *asar.Reader, e *asar.Entry) error {
	before := len(n.tree.Entries)
	err := n.file(e.Path, e.Size, func() (io.Reader, error) { return a.Open(e) })
	if err != nil || len(n.tree.Entries) == before || n.tree.Entries[before].Why != "" {
		return err
	}
	n.tree.Entries[before].Within = e.Offset
	r, err := a.Open(e)
	if err == nil {
		_, err = e.Verify(r)
	}
	if err != nil {
		_, off, why := n.explain(err)
		n.tree.gap(sbom.GapInconsistent, n.tree.Entries[before].Norm, off, why)
	}
	return nil
}
