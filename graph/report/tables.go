package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
)

// products is the table of all judged products and the headline capability.
func (p *page) products(r *finding.Report) {
	p.head("PRODUCTS and " + r.Summary.Capability)
	rows := [][]string{{"PRODUCT", "PURPOSE", "GRADE", "STRENGTH", "PROVENANCE", "VERDICT"}}
	star := false
	for i := range r.Products {
		q := &r.Products[i]
		row := []string{p.label(q), cmp.Or(q.Purpose, "-"), "none", "-", "-", "-"}
		if k := q.Find(r.Summary.Capability); k != nil {
			row = append(row[:2], k.Grade, cmp.Or(k.Strength, "-"), cmp.Or(k.Provenance, "-"), cmp.Or(k.Verdict, "-"))
		}
		if r.NoNegative(q, r.Summary.Capability) {
			row[2], star = strings.Replace(row[2]+" *", "mentions ", "mentions", 1), true
		}
		rows = append(rows, row)
	}
	p.table([]int{23, 14, 9, 9, 10, 10}, rows)
	if star {
		p.text("  * ", "none found in what was looked at; part of the product's code was missing or was not looked at, see the gaps. This is no negative.")
	}
	if f := r.Family; f != nil && len(f.NotMet) > 0 {
		p.text("  ", "The family file lists %s, of which %d %s met. Not met: %s", number(f.Declared, "product"), f.Met, verb(f.Met, "was", "were"), strings.Join(f.NotMet, ", "))
	}
}

// libraries lists shared code: first that in which a capability starts, then
// the rest of the kinship; code of public packages in which none starts, and
// background, by name only.
func (p *page) libraries(r *finding.Report) {
	p.head("SHARED LIBRARIES")
	if len(r.Libraries) == 0 {
		p.text("  ", "No code that two or more judged products carry was found.")
		return
	}
	rows := [][]string{{"LIBRARY", "KIND", "SAMENESS", "IN", "CAPABILITIES THAT START IN IT"}}
	var background, third []string
	for _, with := range []bool{true, false} {
		for _, l := range r.Libraries {
			if l.Background && with {
				background = append(background, l.Name)
			}
			if l.Background || with != (len(l.Capabilities) > 0) {
				continue
			}
			if !with && l.ThirdParty() {
				third = append(third, l.Name+" ("+l.Packages[0].PURL+")")
				continue
			}
			rows = append(rows, []string{l.Name, l.Kind, sameness(&l), fmt.Sprint(len(l.Products)), cmp.Or(strings.Join(l.Capabilities, ", "), "-")})
		}
	}
	if len(rows) > 1 {
		shown, left := rows[:min(len(rows), most+1)], len(rows)-1 > most
		p.table([]int{26, 8, 12, 4, 26}, shown)
		if left {
			p.text("  ", "The first %d of %d; JSON has all.", most, len(rows)-1)
		}
	}
	if len(third) > 0 {
		p.text("  ", "Third-party, of public packages (%d): %s", len(third), strings.Join(third[:min(len(third), most)], ", "))
	}
	if len(background) > 0 {
		p.text("  ", "Background, no kinship (%d): %s", r.Summary.Background, strings.Join(background[:min(len(background), most)], ", "))
	}
}

// sameness says in short what ties the copies of a library: the rung, or how
// many functions and the weakest word.
func sameness(l *finding.Library) string {
	if l.Functions == 0 {
		return l.Rung
	}
	weakest := ""
	for _, c := range l.Copies {
		if slices.Index(words, c.Word) > slices.Index(words, weakest) {
			weakest = c.Word
		}
	}
	return fmt.Sprintf("%s, %s", number(l.Functions, "function"), weakest)
}

// words are how sure a copy is, surest first.
var words = []string{"IDENTICAL", "SAME SOURCE", "SIMILAR EVIDENCE"}

// capabilities lists what the products carry besides the headline.
func (p *page) capabilities(r *finding.Report) {
	by := map[string][]string{}
	for i := range r.Products {
		q := &r.Products[i]
		for _, k := range q.Capabilities {
			if k.ID != r.Summary.Capability {
				what := k.Grade
				if k.Verdict != "" {
					what += ", " + k.Verdict
				}
				by[k.ID] = append(by[k.ID], fmt.Sprintf("%s (%s)", p.label(q), what))
			}
		}
	}
	if len(by) == 0 {
		return
	}
	p.head("OTHER CAPABILITIES (by themselves no finding where no verdict stands)")
	for _, id := range slices.Sorted(maps.Keys(by)) {
		p.text("  "+plain(id)+": ", "%s", strings.Join(by[id], "; "))
	}
}

func (p *page) gaps(r *finding.Report) {
	if len(r.Gaps) == 0 {
		return
	}
	p.head("GAPS")
	for _, g := range r.Gaps[:min(len(r.Gaps), most)] {
		at := cmp.Or(g.Path, "(the input)")
		if g.Offset >= 0 {
			at += fmt.Sprintf(" at byte %d", g.Offset)
		}
		if g.Count > 1 {
			at += fmt.Sprintf(" (%d files)", g.Count)
		}
		p.text("  - ", "%s: %s: %s", at, g.Kind, g.Why)
	}
	if len(r.Gaps) > most {
		p.text("  ", "The first %d of %d; JSON has all.", most, r.Summary.Gaps)
	}
}

func (p *page) coverage(r *finding.Report) {
	p.head("COVERAGE (files)")
	row := func(name string, c finding.Coverage) []string {
		return []string{name, fmt.Sprint(c.Files), fmt.Sprint(c.Analysed), fmt.Sprint(c.Skipped), fmt.Sprint(c.Unreadable)}
	}
	rows := [][]string{{"PRODUCT", "MET", "ANALYSED", "SKIPPED", "UNREADABLE"}}
	for i := range r.Products {
		rows = append(rows, row(p.label(&r.Products[i]), r.Products[i].Coverage))
	}
	rows = append(rows, row("in no product", r.Outside), row("all (others too)", r.Coverage))
	p.table([]int{36, 10, 10, 10, 10}, rows)
	for _, w := range r.Coverage.Reasons {
		p.text("  "+pad(fmt.Sprint(w.Count), 7)+" ", "%s: %s", w.Status, w.Why)
	}
}

func (p *page) others(r *finding.Report) {
	if len(r.Others) == 0 {
		return
	}
	p.head("OTHER PRODUCTS (listed, not judged)")
	for _, o := range r.Others[:min(len(r.Others), most)] {
		p.text("  - ", "%s (%s) at %s: %s", o.Name, cmp.Or(o.BundleID, "no bundle id"), o.Path, o.Why)
	}
	if len(r.Others) > most {
		p.text("  ", "The first %d of %d; JSON has all.", most, r.Summary.Others)
	}
}

// custody names what the report was made from, so that it can be made again.
func (p *page) custody(r *finding.Report) {
	p.head("MADE FROM")
	for _, i := range r.Inputs {
		p.text("  - ", "%s %s, %s, %s", i.Kind, i.Path, number(i.Files, "file"), number(int(i.Bytes), "byte"))
		p.text("    ", "sha256 %s", cmp.Or(string(i.SHA256), "not known"))
	}
	p.text("  ", "rules %s", cmp.Or(string(r.Rules.Digest), "not known"))
	if r.Model != nil {
		p.text("  ", "background model %s, %s", r.Model.Digest, number(r.Model.Libraries, "library"))
	} else {
		p.text("  ", "no background model: background was told by names alone")
	}
	if r.Family != nil {
		p.text("  ", "family file %s", r.Family.Digest)
	}
	p.text("  ", "%s %s, format %s", r.Tool.Name, cmp.Or(r.Tool.Version, "of no version"), r.Schema)
}

func (p *page) exit(r *finding.Report) {
	meaning := map[int]string{finding.ExitClean: "clean", finding.ExitBroken: "policy broken", finding.ExitIncomplete: "incomplete"}
	p.head(fmt.Sprintf("EXIT STATUS %d (%s)", r.Exit.Status, meaning[r.Exit.Status]))
	for _, w := range r.Exit.Reasons {
		p.text("  ", "%s", w)
	}
}
