package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// nextGrades says of each rule that made the tags of a source why its best tag
// has no higher grade: by the rules in force, and without them not at all.
func (r *run) nextGrades(tags []sbom.Tag) []finding.NextGrade {
	if r.options.Rules == nil {
		return nil
	}
	best := map[string]sbom.Tag{}
	for _, t := range tags {
		if old, ok := best[t.Rule]; !ok || t.Grade.Rank() > old.Grade.Rank() {
			best[t.Rule] = t
		}
	}
	var out []finding.NextGrade
	for _, t := range best {
		n, ok := r.options.Rules.Next(t)
		if !ok || t.Grade == sbom.GradeShown {
			continue
		}
		v := finding.NextGrade{Rule: t.Rule, Grade: string(n.Grade), Missing: n.Missing}
		v.Why = whyNoHigher(&t, &v)
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b finding.NextGrade) int { return strings.Compare(a.Rule, b.Rule) })
	return out
}

func whyNoHigher(t *sbom.Tag, n *finding.NextGrade) string {
	switch {
	case n.Grade == "":
		return fmt.Sprintf("rule %s gives no higher grade than %s", t.Rule, t.Grade)
	case len(n.Missing) > 0:
		return fmt.Sprintf("for %s rule %s asks for what the evidence does not show: %s", n.Grade, t.Rule, strings.Join(n.Missing, "; "))
	case n.Grade == string(sbom.GradeShown) && !inCode(t.Scope):
		return fmt.Sprintf("what rule %s asks for %s is in the image, but no one piece of code refers to all of it%s", t.Rule, n.Grade, functions(t))
	}
	return fmt.Sprintf("for %s rule %s asks for more than the names of these parts: some are common words, stand in running text, or are not of one browser", n.Grade, t.Rule)
}

// inCode reports whether evidence that was looked for so far around a unit is
// tied by code.
func inCode(s sbom.Scope) bool {
	switch s {
	case sbom.ScopeFunction, sbom.ScopeCallees, sbom.ScopeClass, sbom.ScopeModule, sbom.ScopeModules:
		return true
	}
	return false
}

// functions counts the functions that refer to the evidence of a tag.
func functions(t *sbom.Tag) string {
	at := map[uint64]bool{}
	for _, e := range t.Evidence {
		if e.Function != 0 {
			at[e.Function] = true
		}
	}
	if len(at) == 0 {
		return ""
	}
	return fmt.Sprintf(" (parts of it: %s)", count(len(at), "function", "functions"))
}
