package audit

import (
	"slices"

	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom/capability"
)

// Composites gives the composites of a rule set the form that Options take.
func Composites(list []capability.Composite) []propagate.Composite {
	var out []propagate.Composite
	for _, c := range list {
		out = append(out, propagate.Composite{ID: c.ID, Any: slices.Clone(c.Any), Sends: slices.Clone(c.Sends)})
	}
	return out
}
