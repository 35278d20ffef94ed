package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// most is how many entries of a long list the text shows; JSON has all.
const most = 25

// Text writes the report for people, 80 columns wide, the answer first.
func Text(w io.Writer, r *finding.Report) error {
	p := newPage(w, r)
	p.title(r)
	p.answer(r)
	p.howSure(r)
	p.notLookedAt(r)
	p.products(r)
	p.libraries(r)
	p.capabilities(r)
	p.declared(r)
	p.gaps(r)
	p.coverage(r)
	p.others(r)
	p.custody(r)
	p.exit(r)
	return p.end()
}

func (p *page) title(r *finding.Report) {
	who := "without a family file"
	if r.Family != nil {
		who = "of " + r.Family.Vendor
	}
	p.text("", "kinbom audit %s: %s judged, %s listed only", who, number(r.Summary.Products, "product"), number(r.Summary.Others, "other"))
}

// answer says what the family carries, and lists the findings, gravest first.
func (p *page) answer(r *finding.Report) {
	s := r.Summary
	p.head("ANSWER")
	if s.Carriers == 0 {
		p.text("  ", "No code of %s was found in %s at grade likely or better. That is worth as much as what was looked at: see below.",
			s.Capability, number(s.Products, "product"))
	} else {
		inherited := ""
		if r.Family != nil && s.Products > 1 { // else nothing is known of it, not even that there is none
			inherited = fmt.Sprintf(" %d inherited it.", s.Inherited)
		}
		p.text("  ", "%d of %s %s %s: code that reads what a person browsed.%s Verdicts: %d unexpected, %d ask, %d expected.",
			s.Carriers, number(s.Products, "product"), verb(s.Carriers, "carries", "carry"), s.Capability, inherited, s.Unexpected, s.Ask, s.Expected)
	}
	if s.Unseen > 0 {
		p.text("  ", "In %d of %s without a finding some code was missing or could not be looked at: of that code nothing is said.", s.Unseen, number(s.Clean+s.Mentions, "product"))
	}
	if r.Family == nil {
		p.text("  ", "No family file was given, so no purpose is known: every verdict is ask, no origin can be named, and inheritance cannot be told. A family file is needed to say more (kinbom init writes one to fill in).")
	} else if s.Products == 1 {
		p.text("  ", "One product was judged, so inheritance cannot be told. To tell shared code from its own, the other products of its family are needed.")
	}
	kind := ""
	for _, f := range r.Findings {
		if f.Kind != kind {
			p.blank()
			p.line("  " + kindTitle(f.Kind))
			kind = f.Kind
		}
		p.text("  - ", "%s", f.Text)
		if len(f.Origins) > 0 {
			p.text("    ", "same code as in %s", p.names(r, f.Origins))
		}
	}
	p.through(r)
}

// through names the shared libraries in which the findings' code lies.
func (p *page) through(r *finding.Report) {
	used := map[string]bool{}
	for _, f := range r.Findings {
		if f.Kind != finding.KindMention {
			for _, l := range f.Libraries {
				used[l] = true
			}
		}
	}
	first := true
	for _, l := range r.Libraries {
		if !used[l.ID] {
			continue
		}
		if first {
			p.blank()
			p.line("  Through")
			first = false
		}
		p.text("  - ", "%s (%s, %s) in %s", l.Name, l.Kind, sameness(&l), number(len(l.Products), "product"))
	}
}

func kindTitle(kind string) string {
	switch kind {
	case finding.KindInherited:
		return "Inherited: the same code as a product whose purpose can explain it"
	case finding.KindUnexpected:
		return "Unexpected: nothing in the stated purpose calls for it"
	case finding.KindAsk:
		return "Ask: it may be right, the reason is to be asked for"
	case finding.KindExpected:
		return "Expected: the stated purpose calls for it"
	case finding.KindMention:
		return "Mentions: names or paths alone, no code that reads"
	}
	return kind
}

func (p *page) howSure(r *finding.Report) {
	grades, sends, shown, dormant := map[string]bool{}, false, false, 0
	for _, q := range r.Products {
		if k := q.Find(r.Summary.Capability); k != nil {
			grades[k.Grade] = true
			if k.AllDormant() {
				dormant++
			}
			sends = sends || k.Sends == finding.SendsPossible
			shown = shown || k.Sends == finding.SendsShown
		}
	}
	if len(grades) == 0 {
		return
	}
	p.head("HOW SURE")
	for _, g := range []string{"shown", "likely", "mentions"} {
		if grades[g] {
			p.text("  "+pad(g, 9), "%s", gradeText(g))
		}
	}
	if shown {
		p.text("  sends shown: ", "calls or one class tie the reader to an upload or packer; that what is read is what is sent is not shown")
	}
	if sends {
		p.text("  sends possible: ", "an upload is imported beside the reader; nearly every product has one, and no flow from reader to upload is shown")
	}
	if dormant > 0 {
		p.text("  dormant: ", "in %s all of this code is present, and not reachable by the calls that kinbom follows; that clears nothing", number(dormant, "product"))
	}
	p.text("  ", "What the bytes show is said, not what a company does with it. Team ids are claims of signatures; none was verified.")
}

func gradeText(g string) string {
	switch sbom.Grade(g) {
	case sbom.GradeShown:
		return "what a rule asks for, such as path or query and the call that opens, is reached from one piece of code"
	case sbom.GradeLikely:
		return "what a rule asks for, such as a browser's name, its store and a query on it, is in one component; that one piece of code does it is not shown"
	}
	return "a name or a path alone; it may be documentation"
}

// notLookedAt is the short form that belongs to the answer.
func (p *page) notLookedAt(r *finding.Report) {
	p.head("COULD NOT BE LOOKED AT")
	c := r.Coverage
	none := c.Unreadable == 0 && r.Missing() == 0
	if none {
		p.text("  ", "No file was unreadable and there is no gap.")
	} else {
		p.text("  ", "%s; %s (listed below).", number(c.Unreadable, "unreadable file"), number(r.Missing(), "gap"))
	}
	kinds := map[string]int{}
	for _, g := range r.Gaps {
		kinds[g.Kind] += g.Count
	}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		p.text("  "+pad(fmt.Sprint(kinds[k]), 5)+" ", "%s: %s", k, gapText(k))
	}
	for _, w := range c.Reasons {
		if w.Status == sbom.StatusSkipped && strings.HasSuffix(w.Why, "not looked at") {
			p.text("  "+pad(fmt.Sprint(w.Count), 5)+" ", "skipped: %s", w.Why)
		}
	}
	p.noNegatives(r)
}

// noNegatives names the products in which the headline was not found and of
// which that says nothing.
func (p *page) noNegatives(r *finding.Report) {
	var list []string
	for i := range r.Products {
		if q := &r.Products[i]; r.NoNegative(q, r.Summary.Capability) {
			list = append(list, p.label(q))
		}
	}
	if len(list) == 0 {
		return
	}
	more := ""
	if left := len(list) - most; left > 0 {
		list, more = list[:most], fmt.Sprintf("; and %d more, marked * in the table", left)
	}
	p.text("  ", "Finding no %s is no negative in: %s%s.", r.Summary.Capability, strings.Join(list, "; "), more)
}

func gapText(kind string) string {
	switch sbom.GapKind(kind) {
	case sbom.GapUnreadable:
		return "files or parts that could not be parsed"
	case sbom.GapWorkerDied:
		return "files whose reader died"
	case sbom.GapTimeout:
		return "files whose reader took too long"
	case sbom.GapLimit:
		return "files that hit a limit"
	case sbom.GapEncrypted:
		return "encrypted code"
	case sbom.GapNotLookedAt:
		return "kinds of code that this version does not read"
	case sbom.GapUnresolved:
		return "references to code that is not there; only weak ones can be done without"
	case sbom.GapUnsupported:
		return "formats that cannot be opened"
	case sbom.GapNoMarks:
		return "code of unknown kinship: it could not be compared with other code"
	case sbom.GapInconsistent:
		return "inputs that contradict each other"
	case sbom.GapUntested:
		return "forms of container that were read whole, by a reader that no file of another maker has confirmed"
	}
	return "of a kind that this version does not know"
}

// names lists products by name and purpose, by path where a name is not alone.
func (p *page) names(r *finding.Report, ids []sbom.Digest) string {
	var list []string
	for i := range r.Products {
		if q := &r.Products[i]; slices.Contains(ids, q.ID) {
			list = append(list, p.label(q)+" ("+cmp.Or(q.Purpose, "no purpose given")+")")
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func number(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if base, ok := strings.CutSuffix(noun, "y"); ok {
		return fmt.Sprintf("%d %sies", n, base)
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
