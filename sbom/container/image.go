package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/apfs"
	"github.com/kinbom/kinbom/sbom/container/decmpfs"
	"github.com/kinbom/kinbom/sbom/container/hfsplus"
	"github.com/kinbom/kinbom/sbom/container/udif"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// openImage unpacks the volumes of a disk image. The files of a single volume
// lie at the top of the tree; of several, each in a folder with its name.
func openImage(ctx context.Context, f *os.File, dest string, b *limit.Budget) (*Tree, error) {
	n, err := beginIntake(ctx, "disk image", sbom.InputDMG, f, dest, b)
	if err != nil {
		return nil, err
	}
	defer n.close()
	im, err := udif.New(f, n.size, b)
	if err != nil {
		return n.finish(err)
	}
	n.untestedImage(im)
	spill, remove, err := n.spool.scratch()
	if err != nil {
		return nil, err
	}
	defer remove()
	im.SpillTo(spill)
	volumes := n.volumes(im)
	for _, err := range im.Problems() {
		n.trouble("", err)
	}
	found := slices.ContainsFunc(im.Partitions, func(p udif.Partition) bool { return p.Type != udif.Other })
	if len(volumes) == 0 && !found { // one that is there and cannot be opened has its own gap
		n.tree.gap(sbom.GapUnsupported, "", -1, "disk image without an HFS+ or APFS volume")
	}
	used := map[string]int{}
	for _, v := range volumes {
		prefix := ""
		if len(volumes) > 1 {
			prefix = folderName(v.name, used) + "/"
		}
		if err := v.walk(n, prefix); err != nil {
			return n.finish(err)
		}
	}
	return n.finish(n.verify(im))
}

// verify compares the image's checksums with its bytes. For that it reads what
// no file needed; what files needed was summed when it was unpacked.
func (n *intake) verify(im *udif.Image) error {
	checks, err := im.Verify(n.ctx, n.wasTold)
	for _, c := range checks {
		switch {
		case c.State == udif.Differs:
			n.tree.gap(sbom.GapInconsistent, "", c.Offset, fmt.Sprintf("checksum of %q differs: %08x, not %08x", shown(c.Of), c.Got, c.Want))
		case c.State == udif.Unreadable && c.Err != nil: // else a file that needed it has said so
			kind, _, why := n.explain(c.Err)
			off := c.Offset
			if bad := malformed.In(c.Err, udif.Format); bad != nil {
				off = bad.Offset
			}
			n.tree.gap(kind, "", off, fmt.Sprintf("checksum of %q cannot be compared: %s", shown(c.Of), why))
		}
	}
	return err
}

// folderName is a name for the folder of one of several volumes.
func folderName(name string, used map[string]int) string {
	clean, why := cleanName(name, false)
	if why != "" || clean == "" {
		clean = "volume"
	}
	if used[clean]++; used[clean] > 1 {
		clean = fmt.Sprintf("%s (%d)", clean, used[clean])
	}
	return clean
}

// volume is one volume of an image, of either file system.
type volume struct {
	name string
	walk func(n *intake, prefix string) error
}

func (n *intake) volumes(im *udif.Image) []volume {
	var out []volume
	for _, p := range im.Partitions {
		switch p.Type {
		case udif.HFS:
			v, err := hfsplus.New(p.ReaderAt, p.Size, n.budget)
			if err != nil {
				n.trouble("", err)
				continue
			}
			if v.Dirty {
				n.tree.gap(sbom.GapInconsistent, "", -1, fmt.Sprintf("volume %q may be older than what its last user saw: %s", shown(v.Name), v.DirtyWhy))
			}
			out = append(out, volume{v.Name, func(n *intake, prefix string) error { return walkHFS(n, v, prefix) }})
		case udif.APFS:
			c, err := apfs.New(p.ReaderAt, p.Size, n.budget)
			if err != nil {
				n.trouble("", err)
				continue
			}
			for _, err := range c.Damage {
				n.trouble("", err)
			}
			list := c.Volumes()
			n.untestedAPFS(c, list)
			for _, v := range list {
				if v.Err != nil {
					n.trouble("", fmt.Errorf("volume %q: %w", shown(v.Name), v.Err))
					continue
				}
				out = append(out, volume{v.Name, func(n *intake, prefix string) error { return walkAPFS(n, v, prefix) }})
			}
		}
	}
	return out
}

// walkHFS takes in the files of an HFS+ volume, a content with several names once.
func walkHFS(n *intake, v *hfsplus.Volume, prefix string) error {
	first := map[uint32]string{}
	return n.damage(v.Walk(n.ctx, func(e hfsplus.Entry) error {
		if e.Private {
			return nil
		}
		n.untestedHFS(e)
		if e.HardLink && e.Type == hfsplus.TypeFile && e.Err == nil {
			if original, ok := first[e.ID]; ok && n.has(original) {
				n.again(prefix+e.Path, original)
				return nil
			}
			first[e.ID] = prefix + e.Path
		}
		return n.node(prefix+e.Path, string(e.Type), e.Size, e.Link, e.Err, func() (io.Reader, error) { return v.Open(e) })
	}))
}

// walkAPFS takes in the files of an APFS volume, a content with several names once.
func walkAPFS(n *intake, v *apfs.Volume, prefix string) error {
	first := map[uint64]string{}
	return n.damage(v.Walk(n.ctx, func(e apfs.Entry) error {
		if e.Compressed {
			n.untested("transparent compression on APFS")
		}
		if e.HardLink && e.Type == apfs.TypeFile && e.Err == nil {
			if original, ok := first[e.ID]; ok && n.has(original) {
				n.again(prefix+e.Path, original)
				return nil
			}
			first[e.ID] = prefix + e.Path
		}
		return n.node(prefix+e.Path, string(e.Type), e.Size, e.Link, e.Err, func() (io.Reader, error) { return v.Open(e) })
	}))
}

// node takes in one entry of a volume; the types of both file systems are the
// words of Type.
func (n *intake) node(path, typ string, size int64, target string, trouble error, open func() (io.Reader, error)) error {
	switch Type(typ) {
	case TypeDir:
		n.folder(path)
	case TypeSymlink:
		n.link(path, target)
	case TypeFile:
		if trouble != nil {
			open = func() (io.Reader, error) { return nil, trouble }
		}
		return n.file(path, size, open)
	default:
		n.other(path)
	}
	if trouble != nil {
		n.trouble(Norm(path), trouble)
	}
	return nil
}

// damage turns what a walk lost into gaps; other errors end the work.
func (n *intake) damage(err error) error {
	var d *malformed.Damage
	if !errors.As(err, &d) {
		return err
	}
	for _, e := range d.Errs {
		n.trouble("", e)
	}
	if d.Count > len(d.Errs) {
		n.tree.gap(sbom.GapUnreadable, "", -1, "more damage in the volume than is listed")
		n.tree.Gaps[len(n.tree.Gaps)-1].Count = d.Count - len(d.Errs)
	}
	return nil
}

func isEncrypted(err error) bool {
	return errors.Is(err, udif.ErrEncrypted) || errors.Is(err, apfs.ErrEncrypted)
}

func isUnsupported(err error) bool {
	var h *hfsplus.UnsupportedError
	var a *apfs.UnsupportedError
	var d *decmpfs.UnsupportedError
	return errors.Is(err, udif.ErrSegmented) || errors.Is(err, udif.ErrSparse) || errors.As(err, &h) || errors.As(err, &a) || errors.As(err, &d) || isUnsupportedPackage(err)
}
