package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/kinbom/kinbom/sbom"
)

// Lay lays the files of an unpacked tree out as folders below its private
// folder and returns that place, for tools that go by file names. It is the one
// function that makes names out of an archive's paths: only regular files and
// folders are made, no links, and nothing can be made outside of the place. The
// files are hard links to the contents; they must not be written to.
//
// What the Finder adds, copies of a name, and names that the disk cannot hold
// are left out; the last are returned as gaps. place is a plain name for the
// folder; it must not exist yet.
func (t *Tree) Lay(ctx context.Context, place string) (dir string, gaps []sbom.Gap, err error) {
	root, err := os.OpenRoot(t.Root)
	if err != nil {
		return "", nil, err
	}
	defer root.Close()
	if place != filepath.Base(place) || place == objects {
		return "", nil, fmt.Errorf("laying files out: %q is no plain name", place)
	}
	if err := root.Mkdir(place, 0o700); err != nil {
		return "", nil, fmt.Errorf("laying files out: %w", err)
	}
	for i := range t.Entries {
		e := &t.Entries[i]
		if err := ctx.Err(); err != nil {
			return "", nil, fmt.Errorf("laying files out: %w", err)
		}
		if e.Type != TypeFile || e.Digest == "" || e.Ignored || e.Copy > 0 {
			continue
		}
		name := path.Join(place, e.Norm)
		err := root.MkdirAll(path.Dir(name), 0o700)
		if err == nil {
			err = root.Link(path.Join(objects, string(e.Digest)), name)
		}
		if err != nil {
			gaps = append(gaps, sbom.Gap{Kind: sbom.GapNotLookedAt, Path: e.Norm, Offset: -1, Count: 1, Why: "cannot be laid out under its name: " + inner(err)})
		}
	}
	return filepath.Join(t.Root, place), gaps, nil
}

// inner is the text of the innermost cause, without paths.
func inner(err error) string {
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err.Error()
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
