package container

import (
	"io"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/apfs"
	"github.com/kinbom/kinbom/sbom/container/decmpfs"
	"github.com/kinbom/kinbom/sbom/container/hfsplus"
	"github.com/kinbom/kinbom/sbom/container/pbzx"
	"github.com/kinbom/kinbom/sbom/container/pkg"
	"github.com/kinbom/kinbom/sbom/container/udif"
	"github.com/kinbom/kinbom/sbom/container/xar"
)

// Some features are read after the description of their format, and no file by
// Apple's tools was at hand to confirm the reader. They are read all the same,
// and the tree says so: a gap of kind untested, once for each feature.
// docs/containers.md lists them.
func (n *intake) untested(feature string) {
	why := feature + ": read after the description of the format; not checked on a file by Apple's tools"
	if n.notes[why] {
		return
	}
	if n.notes == nil {
		n.notes = map[string]bool{}
	}
	n.notes[why] = true
	n.tree.gap(sbom.GapUntested, "", -1, why)
}

// untestedImage notes how the chunks of an image are packed.
func (n *intake) untestedImage(im *udif.Image) {
	for _, m := range im.Methods() {
		if m != "zlib" {
			n.untested("disk image with " + m + " chunks")
		}
	}
}

// untestedHFS notes how a file of an HFS+ volume is packed.
func (n *intake) untestedHFS(e hfsplus.Entry) {
	if e.Compressed && decmpfs.Untested(e.Packing) {
		n.untested("transparent compression without a codec")
	}
}

// untestedAPFS notes what is unusual in a container: sealed volumes, several
// volumes, large blocks.
func (n *intake) untestedAPFS(c *apfs.Container, volumes []*apfs.Volume) {
	if c.BlockSize > 4096 {
		n.untested("APFS with blocks over 4 KiB")
	}
	if len(volumes) > 1 {
		n.untested("APFS with several volumes")
	}
	if slices.ContainsFunc(volumes, func(v *apfs.Volume) bool { return v.Sealed }) {
		n.untested("sealed APFS volume")
	}
}

// untestedPackage notes what the genuine package that was at hand has not.
func (n *intake) untestedPackage(p *pkg.Package) {
	if p.Kind == pkg.KindXIP {
		n.untested(".xip archive")
	}
	if len(p.Components) > 1 {
		n.untested("installer package with several components")
	}
}

// untestedPayload looks at the first bytes of a payload.
func (n *intake) untestedPayload(x *xar.Reader, e *xar.Entry) {
	r, err := x.Open(e)
	if err != nil {
		return // its own reader says so
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err == nil && pbzx.Detect(head) {
		n.untested("pbzx payload")
	}
}
