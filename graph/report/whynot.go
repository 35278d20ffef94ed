package report

import (
	"fmt"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// grade says what the grade rests on and what is missing for a higher one.
func (y *why) grade() {
	y.head("WHY GRADE " + y.k.Grade + " AND NOT A HIGHER ONE")
	y.text("  ", "%s: %s.", y.k.Grade, gradeText(y.k.Grade))
	switch sbom.Grade(y.k.Grade) {
	case sbom.GradeMentions:
		y.text("  ", "For likely, one component would have to name the browser, its store file and a table or query on it (or two browsers' stores).")
	case sbom.GradeLikely:
		y.text("  ", "For shown, the path or query and the open call would have to be reached from one code unit, its direct callees or the methods of one class.")
	default:
		y.text("  ", "There is no higher one. It says what the code can do, not that it was run.")
	}
}

// change says what would change the verdict.
func (y *why) change() {
	k := y.k
	if k.Grade == string(sbom.GradeMentions) {
		return
	}
	y.head("WHAT WOULD CHANGE THE VERDICT")
	switch {
	case k.Verdict == "":
		y.text("  - ", "nothing: no purpose speaks of this capability alone")
		return
	case y.q.Purpose == "":
		y.text("  - ", "a purpose for this product in the family file")
	case k.Verdict != finding.VerdictExpected:
		y.text("  - ", "another purpose in the family file, if %s is not what the product is for", y.q.Purpose)
	}
	if k.Declared != finding.DeclaredYes {
		y.text("  - ", "a disclosure (in a privacy manifest or in the family file), but only where the purpose table asks for one")
	}
	if k.Sends == finding.SendsPossible {
		y.text("  - ", "a flow from the reader to an upload, if one were shown: it could make the verdict graver")
	}
	y.text("  - ", "a release of the product in which none of the sources above is left")
}

// notLookedAt prints the product's coverage, its gaps and those of no product.
func (y *why) notLookedAt() {
	y.head("COULD NOT BE LOOKED AT")
	c := y.q.Coverage
	y.text("  ", "%s met in this product: %d analysed, %d skipped, %d unreadable.", number(c.Files, "file"), c.Analysed, c.Skipped, c.Unreadable)
	for _, w := range c.Reasons {
		y.text("  "+pad(fmt.Sprint(w.Count), 7)+" ", "%s: %s", w.Status, w.Why)
	}
	n := 0
	for _, g := range y.r.Gaps {
		if g.Product != nil && *g.Product != y.q.ID {
			continue
		}
		n++
		y.text("  - ", "%s: %s: %s", g.Path, g.Kind, g.Why)
	}
	if n == 0 {
		y.text("  ", "There is no gap.")
	}
}
