package report

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// Explain collects what a report says of one capability in one product: what Why
// writes for people, for programs. product is an id and capability a whole id of
// the report. A product that does not carry the capability is explained too.
func Explain(r *finding.Report, product sbom.Digest, capability string, o WhyOptions) (*finding.Explanation, error) {
	i := slices.IndexFunc(r.Products, func(q finding.Product) bool { return q.ID == product })
	if i < 0 {
		return nil, fmt.Errorf("explaining %s: no product %s in the report", capability, product)
	}
	q := &r.Products[i]
	x := &finding.Explanation{Schema: finding.ExplanationSchema, Tool: r.Tool, Rules: r.Rules, Capability: capability, Product: *q,
		Unseen: r.Unseen(q), Sources: []finding.Explained{}, Libraries: []finding.Library{}, WhyNotHigher: []string{}, WouldChange: []string{}, Gaps: []finding.Gap{}}
	x.Product.Capabilities, x.Product.Components = []finding.Capability{}, nil
	for _, g := range r.Gaps {
		if g.Product == nil || *g.Product == q.ID {
			x.Gaps = append(x.Gaps, g)
		}
	}
	k := q.Find(capability)
	if k == nil {
		return x, nil
	}
	e := &explainer{r: r, q: q, k: k, o: o}
	x.Product.Capabilities = append(x.Product.Capabilities, *k)
	for _, s := range r.Sources {
		if slices.Contains(k.Sources, s.ID) {
			x.Sources = append(x.Sources, e.explained(s))
		}
	}
	slices.SortStableFunc(x.Sources, func(a, b finding.Explained) int { return slices.Index(k.Sources, a.ID) - slices.Index(k.Sources, b.ID) })
	for _, l := range r.Libraries {
		if slices.ContainsFunc(x.Sources, func(s finding.Explained) bool { return s.Library != nil && *s.Library == l.ID }) {
			x.Libraries = append(x.Libraries, l)
		}
	}
	x.Product.Components = e.components(x.Sources)
	x.WhyNotHigher, x.WouldChange = e.grade(x.Sources), e.change()
	return x, nil
}

// explainer explains one capability of one product.
type explainer struct {
	r *finding.Report
	q *finding.Product
	k *finding.Capability
	o WhyOptions
}

func (e *explainer) explained(s finding.Source) finding.Explained {
	out := finding.Explained{Source: s, Witnesses: []finding.Witness{}, Checks: []finding.Check{}}
	for _, w := range e.k.Witnesses {
		if w.Source == s.ID && (e.o.Paths <= 0 || len(out.Witnesses) < e.o.Paths) {
			out.Witnesses = append(out.Witnesses, w)
		}
	}
	for i := range s.Evidence {
		v := &s.Evidence[i]
		file, q := e.file(&s, v)
		if file == "" {
			continue
		}
		at := file
		if e.o.Root != "" {
			at = path.Join(e.o.Root, file)
		}
		out.Checks = append(out.Checks, finding.Check{Evidence: i, Product: q.ID, File: file,
			Command: showBytes(at, v.Offset, min(v.Length, sbom.MaxEvidenceBytes))})
	}
	return out
}

// file finds the file that holds the evidence: one of this product; where the
// code lies outside it, one of another.
func (e *explainer) file(s *finding.Source, v *finding.Evidence) (string, *finding.Product) {
	inside := false
	for _, p := range s.Places {
		if p.Product == e.q.ID {
			inside = true
			if v.Path != "" {
				return filePath(e.q, v.Path), e.q
			}
			if p.SHA256 == v.SHA256 {
				return filePath(e.q, p.Path), e.q
			}
		}
	}
	if inside {
		return "", nil
	}
	for _, p := range s.Places {
		if p.SHA256 != v.SHA256 {
			continue
		}
		for i := range e.r.Products {
			if q := &e.r.Products[i]; q.ID == p.Product {
				return filePath(q, p.Path), q
			}
		}
	}
	return "", nil
}

// components are those of the product that hold code of the sources' capabilities.
func (e *explainer) components(sources []finding.Explained) []finding.Component {
	var out []finding.Component
	for _, c := range e.q.Components {
		var seen []finding.Observed
		for _, o := range c.Observed {
			if slices.ContainsFunc(sources, func(s finding.Explained) bool { return s.Capability == o.ID }) {
				seen = append(seen, o)
			}
		}
		if len(seen) > 0 {
			c.Observed = seen
			out = append(out, c)
		}
	}
	return out
}

// grade says what the grade rests on and what is missing for a higher one.
func (e *explainer) grade(sources []finding.Explained) []string {
	out := []string{e.k.Grade + ": " + gradeText(e.k.Grade)}
	of := map[string][]string{} // why -> sources
	var whys []string
	for i, s := range sources {
		for _, n := range s.Next {
			if s.Grade != e.k.Grade {
				continue
			}
			if of[n.Why] == nil {
				whys = append(whys, n.Why)
			}
			of[n.Why] = append(of[n.Why], fmt.Sprint(i+1))
		}
	}
	for _, w := range whys {
		out = append(out, fmt.Sprintf("%s %s: %s", verb(len(of[w]), "source", "sources"), strings.Join(of[w], ", "), w))
	}
	switch sbom.Grade(e.k.Grade) {
	case sbom.GradeMentions:
		if strings.HasPrefix(e.k.ID, "browser") {
			out = append(out, "for likely, one component would have to name the browser, its store file and a table or query on it (or two browsers' stores)")
		}
	case sbom.GradeLikely:
		out = append(out, "for shown, all that a rule asks for would have to be reached from one code unit, its direct callees or the methods of one class")
	default:
		out = append(out, "there is no higher one; it says what the code can do, not that it was run")
	}
	return out
}

// change says what would change the verdict; nothing for a mention, which has none.
func (e *explainer) change() []string {
	k, out := e.k, []string{}
	switch {
	case k.Grade == string(sbom.GradeMentions):
		return out
	case k.Verdict == "":
		return append(out, "nothing: no purpose speaks of this capability alone")
	case e.q.Purpose == "":
		out = append(out, "a purpose for this product in the family file")
	case k.Verdict != finding.VerdictExpected:
		out = append(out, fmt.Sprintf("another purpose in the family file, if %s is not what the product is for", e.q.Purpose))
	}
	if k.Declared != finding.DeclaredYes {
		out = append(out, "a declaration in the privacy manifest of the product or of the bundle that holds the code, or a disclosure in the family file, but only where the purpose table asks for one")
	}
	if k.Sends == finding.SendsPossible {
		out = append(out, "a flow from the reader to an upload, if one were shown: it could make the verdict graver")
	}
	if k.Grade == string(sbom.GradeLikely) {
		out = append(out, "the grade: shown would make it surer and leave the verdict as it is; below likely there is none (--min-grade shown lets likely ones pass)")
	}
	return append(out, "a release of the product in which none of the sources above is left")
}
