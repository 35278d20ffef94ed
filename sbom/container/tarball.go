package container

import (
	"context"
	"io"
	"os"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/tarball"
	"github.com/kinbom/kinbom/sbom/limit"
)

// openTar unpacks a tar archive, plain or compressed.
func openTar(ctx context.Context, f *os.File, dest string, b *limit.Budget) (*Tree, error) {
	n, err := beginIntake(ctx, "tar archive", sbom.InputTar, f, dest, b)
	if err != nil {
		return nil, err
	}
	defer n.close()
	t, err := tarball.New(f, n.size, b)
	if err != nil {
		return n.finish(err)
	}
	return n.finish(n.tar(t))
}

func (n *intake) tar(t *tarball.Reader) error {
	for {
		e, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := n.entry(); err != nil {
			return err
		}
		switch e.Type {
		case tarball.TypeDir:
			n.folder(e.Name)
		case tarball.TypeSymlink:
			n.link(e.Name, e.Link)
		case tarball.TypeHardlink:
			n.again(e.Name, e.Link)
		case tarball.TypeFile:
			if err := n.file(e.Name, e.Size, func() (io.Reader, error) { return t, nil }); err != nil {
				return err
			}
		default:
			n.other(e.Name)
		}
	}
}
