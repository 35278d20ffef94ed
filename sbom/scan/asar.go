package scan

import (
	"fmt"
	"path"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container"
)

// formatAsar is the name of container's format for asar archives.
const formatAsar = "asar"

// addInner takes the members of an archive that is itself a part of a product
// into the tree: of an asar archive, or of any archive inside a bundle. An
// archive whose list cannot be read is not opened: it has no members, and the
// gap is its own.
func (t *tree) addInner(f *file, format string, ct *container.Tree) {
	if len(ct.Entries) == 0 && len(ct.Beside) == 0 {
		for _, g := range ct.Gaps {
			if g.Path == "" {
				g.Path = f.path
				f.closed = &g
				return
			}
		}
	}
	f.opened, f.lost, f.beside, f.header = format, ct.Lost, ct.Beside, ct.Header
	ct.LostIn = nil // counted where the archive is
	from := len(t.files)
	t.add(ct, f.norm+"/")
	for _, m := range t.files[from:] {
		m.in = f
	}
}

// settle decides what only hashing made known: archives that were not opened
// have trouble, unless they are code under an archive's name, and files beside
// an asar archive are compared with what it says of them.
func (t *tree) settle() {
	at := map[string]*file{}
	for _, f := range t.files {
		if f.closed != nil && f.trouble == nil && f.kind != kindMachO {
			f.trouble = f.closed
		}
		at[f.norm] = f
	}
	for _, f := range t.files {
		t.compareBeside(f, at)
	}
}

// compareBeside compares the files beside an archive with its hashes. Those
// that are not there share one gap, at the first of them.
func (t *tree) compareBeside(f *file, at map[string]*file) {
	var missing *sbom.Gap
	for _, b := range f.beside {
		p := container.UnpackedFolder(f.norm) + "/" + b.Norm
		m := at[p]
		if m == nil {
			if _, link := t.links[p]; link {
				continue
			}
			if missing == nil {
				missing = &sbom.Gap{Kind: sbom.GapUnresolved, Path: p, Offset: -1, Why: fmt.Sprintf("%s names this file, and it is not there", path.Base(f.norm))}
			}
			missing.Count++
			continue
		}
		if b.Digest != "" && m.digest != "" && m.digest != b.Digest {
			t.gaps = append(t.gaps, sbom.Gap{Kind: sbom.GapInconsistent, Path: p, Offset: -1, Count: 1,
				Why: fmt.Sprintf("content differs from the hash that %s gives for it", path.Base(f.norm))})
		}
	}
	if missing != nil {
		t.gaps = append(t.gaps, *missing)
	}
}

// own are the archives of the product that were opened. Their members are no
// part of its id: the archive's own digest stands for them.
func (d *draft) own() map[*file]bool {
	out := map[*file]bool{}
	for _, f := range d.files {
		if f.opened != "" {
			out[f] = true
		}
	}
	return out
}

// id is the product's id.
func (d *draft) id() sbom.Digest {
	var ids []sbom.FileID
	own := d.own()
	for _, f := range d.files {
		if f.digest == "" && f.trouble == nil { // a device, pipe or socket
			continue
		}
		if !f.ignored && !own[f.in] { // an unread file counts by its name: what is not known is not the same
			ids = append(ids, sbom.FileID{Path: d.rel(f), Digest: f.digest})
		}
	}
	return sbom.ProductID(ids)
}
