package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// exit decides the exit status, equal in all formats: 1 when a verdict at the
// lowest grade or better is one to fail on; else 3 when the run had to be
// complete and is not; else 0. Status 2 is the caller's.
func (r *run) exit(out *finding.Report) finding.Exit {
	failing := 0
	for _, p := range out.Products {
		if slices.ContainsFunc(p.Capabilities, r.fails) {
			failing++
		}
	}
	gaps := incomplete(out)
	if failing > 0 {
		reasons := []string{fmt.Sprintf("%s with a verdict %s at grade %s or better",
			count(failing, "product", "products"), strings.Join(r.options.FailOn, " or "), r.options.MinGrade)}
		if r.options.RequireComplete {
			reasons = append(reasons, gaps...)
		}
		return finding.Exit{Status: finding.ExitBroken, Reasons: reasons}
	}
	if r.options.RequireComplete && len(gaps) > 0 {
		return finding.Exit{Status: finding.ExitIncomplete, Reasons: gaps}
	}
	reason := fmt.Sprintf("no product with a verdict %s at grade %s or better", strings.Join(r.options.FailOn, " or "), r.options.MinGrade)
	if slices.Contains(r.options.FailOn, FailNever) {
		reason = "no verdict was set to fail the run"
	}
	return finding.Exit{Status: finding.ExitClean, Reasons: []string{reason}}
}

func (r *run) fails(c finding.Capability) bool {
	return c.Verdict != "" && slices.Contains(r.options.FailOn, c.Verdict) &&
		sbom.Grade(c.Grade).Rank() >= r.options.MinGrade.Rank()
}

// incomplete says what was not looked at in the judged products and in what
// belongs to no product: unreadable files, gaps, and kinds of code that are
// skipped because they are not read yet. Files that are not code do not count.
// Code of unknown kinship does: what is found in it is found, but that it was
// built into several products, and from where, could go unsaid.
func incomplete(out *finding.Report) []string {
	unreadable, skipped := out.Outside.Unreadable, out.Outside.NotLookedAt()
	for _, p := range out.Products {
		unreadable += p.Coverage.Unreadable
		skipped += p.Coverage.NotLookedAt()
	}
	var reasons []string
	if unreadable > 0 {
		reasons = append(reasons, "incomplete: "+count(unreadable, "unreadable file", "unreadable files"))
	}
	if skipped > 0 {
		reasons = append(reasons, "incomplete: "+count(skipped, "file", "files")+" of code not looked at")
	}
	kinship := 0
	for i := range out.Gaps {
		if out.Gaps[i].KinshipOnly() {
			kinship++
		}
	}
	if n := out.Missing() - kinship; n > 0 {
		reasons = append(reasons, "incomplete: "+count(n, "gap", "gaps"))
	}
	if kinship > 0 {
		reasons = append(reasons, "incomplete: "+count(kinship, "gap", "gaps")+" of kinship alone: some code could not be compared with that of other products")
	}
	return reasons
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
