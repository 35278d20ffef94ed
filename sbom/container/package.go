package container

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/cpio"
	"github.com/kinbom/kinbom/sbom/container/pkg"
	"github.com/kinbom/kinbom/sbom/container/xar"
	"github.com/kinbom/kinbom/sbom/limit"
)

// openPackage unpacks an installer package or a .xip file: the payload of every
// component at its install location below the component's folder, the scripts
// beside it, and the descriptions. Nothing of it is run.
func openPackage(ctx context.Context, f *os.File, dest string, b *limit.Budget) (*Tree, error) {
	n, err := beginIntake(ctx, "installer package", sbom.InputPkg, f, dest, b)
	if err != nil {
		return nil, err
	}
	defer n.close()
	x, err := xar.New(f, n.size, b)
	if err != nil {
		return n.finish(err)
	}
	for _, err := range x.Troubles {
		n.trouble("", err)
	}
	p := pkg.New(x, b)
	for _, err := range p.Troubles {
		n.trouble("", err)
	}
	n.untestedPackage(p)
	if p.Kind == pkg.KindXIP {
		n.tree.Kind = sbom.InputXIP
		r, err := p.OpenXIP()
		if err == nil {
			err = n.cpio(r, func(name string) (string, string) { return cleanName(name, false) })
		}
		return n.finish(err)
	}
	return n.finish(n.components(x, p))
}

func (n *intake) components(x *xar.Reader, p *pkg.Package) error {
	for i := range p.Components {
		c := &p.Components[i]
		for _, part := range []struct {
			entry *xar.Entry
			open  func(*pkg.Component) (*cpio.Reader, error)
			place func(string) (string, string)
		}{{c.Payload, p.OpenPayload, c.Place}, {c.Scripts, p.OpenScripts, c.PlaceScript}} {
			if part.entry == nil {
				continue
			}
			n.untestedPayload(x, part.entry)
			r, err := part.open(c)
			if err == nil {
				err = n.cpio(r, part.place)
			}
			if err := n.keepOn(part.entry.Path, err); err != nil {
				return err
			}
		}
		for _, e := range append([]*xar.Entry{c.Info}, c.Others...) {
			if err := n.xarFile(x, e); err != nil {
				return err
			}
		}
	}
	for _, e := range p.Others {
		if err := n.xarFile(x, e); err != nil {
			return err
		}
	}
	return nil
}

// keepOn makes a gap of what stopped one part, so that the others are read; an
// error of the disk or the context stays one.
func (n *intake) keepOn(path string, err error) error {
	var disk *diskError
	if err == nil || n.ctx.Err() != nil || errors.As(err, &disk) {
		return err
	}
	n.trouble(Norm(path), err)
	return nil
}

// xarFile takes in a file of the archive itself, or what else it is.
func (n *intake) xarFile(x *xar.Reader, e *xar.Entry) error {
	if e == nil || e.Type == xar.TypeDir {
		return nil
	}
	if err := n.entry(); err != nil {
		return err
	}
	switch e.Type {
	case xar.TypeFile, xar.TypeHardlink:
	case xar.TypeSymlink:
		n.link(e.Path, e.Link)
		return nil
	default:
		n.other(e.Path)
		return nil
	}
	return n.file(e.Path, e.Size, func() (io.Reader, error) { return x.Open(e) })
}

func isUnsupportedPackage(err error) bool { return errors.Is(err, pkg.ErrUnsupported) }
