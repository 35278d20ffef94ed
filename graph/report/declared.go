package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
)

// declared says of each product with a capability at likely or better what was
// observed beside what was declared, and which file says so: one paragraph for
// all capabilities of which the same was declared. What has no declaration to
// compare with is left out.
func (p *page) declared(r *finding.Report) {
	shown, left := 0, 0
	for i := range r.Products {
		lines := declaredLines(&r.Products[i])
		if len(lines) == 0 {
			continue
		}
		if shown == most {
			left++
			continue
		}
		if shown++; shown == 1 {
			p.head("DECLARED AND OBSERVED")
		}
		p.text("  - ", "%s", p.label(&r.Products[i]))
		for _, l := range lines {
			p.text("    ", "%s", l)
		}
	}
	if left > 0 {
		p.text("  ", "The first %d of %d products; JSON has all.", shown, shown+left)
	}
}

// declaredLines is one text for each different declaration, that of the headline
// or of the first capability first.
func declaredLines(q *finding.Product) []string {
	type group struct {
		declared, by string
		observed     []string
	}
	var groups []group
	for _, k := range q.Capabilities {
		by := strings.Join(k.DeclaredBy, "; ")
		if k.Declared == "" || k.Declared == finding.DeclaredUnknown && by == "" {
			continue
		}
		i := slices.IndexFunc(groups, func(g group) bool { return g.declared == k.Declared && g.by == by })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{declared: k.Declared, by: by})
		}
		groups[i].observed = append(groups[i].observed, fmt.Sprintf("%s (%s)", k.ID, k.Grade))
	}
	var out []string
	for _, g := range groups {
		text := fmt.Sprintf("observed %s; ", strings.Join(g.observed, ", "))
		switch g.declared {
		case finding.DeclaredYes:
			text += "declared"
		case finding.DeclaredNone:
			text += "no declaration"
		default:
			text += "declaration " + g.declared
		}
		if g.by != "" {
			text += ": " + g.by
		}
		out = append(out, text)
	}
	return out
}
