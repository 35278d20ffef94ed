package audit

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

// uncompared lists a gap for the code of each judged product that could not be
// compared with that of others, unless its scan has said so. What has one cause
// in one product is told once, at the first place.
func (r *run) uncompared() []finding.Gap {
	type cause struct {
		product sbom.Digest
		why     string
	}
	at := map[cause]int{}
	var out []finding.Gap
	for _, u := range r.unread {
		for _, c := range r.graph.Carriers(u.Image) {
			if errors.Is(u.Err, library.ErrNoMarks) && said(c.Product, c.Image) {
				continue
			}
			id := c.Product.ID
			g := finding.Gap{Product: &id, Image: u.Image, Kind: string(sbom.GapNoMarks), Offset: -1, Why: u.Why(), Count: 1}
			if len(c.Image.Places) > 0 {
				g.Path, g.Offset = placed(c.Product, c.Image.Places[0].Path), max(c.Image.Places[0].Offset, -1)
			}
			i, again := at[cause{id, g.Why}]
			if !again {
				at[cause{id, g.Why}] = len(out)
				out = append(out, g)
				continue
			}
			first := &out[i]
			g.Count += first.Count
			if cmp.Or(strings.Compare(g.Path, first.Path), cmp.Compare(g.Offset, first.Offset)) > 0 {
				g.Path, g.Offset, g.Image = first.Path, first.Offset, first.Image
			}
			*first = g
		}
	}
	for i := range out {
		if out[i].Count > 1 {
			out[i].Why += fmt.Sprintf(" (the first of %d images)", out[i].Count)
		}
	}
	return out
}

// said reports whether a scan said why an image has no marks: by its id or, for
// a file whose instructions were deadly to read, by its path.
func said(p *sbom.Product, m *sbom.Image) bool {
	return slices.ContainsFunc(p.Gaps, func(g sbom.Gap) bool {
		if g.Image != "" {
			return g.Image == m.Digest && (g.Kind.KinshipOnly() || g.Kind == sbom.GapNotLookedAt)
		}
		return g.Kind.KinshipOnly() && slices.ContainsFunc(m.Places, func(l sbom.Place) bool {
			return l.Path == g.Path || strings.HasPrefix(l.Path, g.Path+"/")
		})
	})
}
