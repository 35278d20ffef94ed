package scan

import (
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container"
)

// holders are the products of one input by the folders that are theirs whole:
// apps, and loose bundles with code.
type holders map[string]*draft

func holdersOf(drafts []*draft) holders {
	h := holders{}
	for _, d := range drafts {
		switch d.kind {
		case sbom.KindApp:
			h[d.root] = d
		case sbom.KindLibraries:
			for _, f := range d.files {
				if b := outermostBundle(f.norm); b != "" {
					h[b] = d
				}
			}
		}
	}
	return h
}

// of is the product that a path lies in, the innermost one, or nil.
func (h holders) of(p string) *draft {
	for i := len(p) - 1; i > 0; i-- {
		if p[i] == '/' && h[p[:i]] != nil {
			return h[p[:i]]
		}
	}
	return nil
}

// share counts the files that have no entry where they would lie: in the
// product around them, else outside.
func (h holders) share(lost []container.Lost, out *sbom.Scan) {
	for _, l := range lost {
		c := &out.Outside
		if d := h.of(l.Folder + "/"); d != nil {
			c = &d.lost
		}
		c.AddUnreadable(l.Why, l.Count)
	}
}
