package attribute

import (
	"math"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// used gives the facts of a unit what its code does with them, as far as that is
// known: of all functions that refer to a fact. plain and own are as in locate. It
// gives the facts for judging the image as a whole, and what each function does
// with the literals that it refers to.
func (d *deriver) used(u *sbom.Unit, plain int) ([]sbom.Fact, map[literalAt]string) {
	l := newLocator(d.rules, u, d.known.places, d.slice.Image.Size, d.refs)
	own := map[literalAt]bool{}
	for i := range d.out {
		if len(d.rules.ReadSpans(u, plain+i)) == 0 {
			continue
		}
		for _, at := range d.out[i].places() {
			own[at] = true
		}
	}
	uses := d.uses(func(r *fingerprint.Reference) bool {
		switch r.Kind {
		case fingerprint.TargetString, fingerprint.TargetCFString, fingerprint.TargetPointer, fingerprint.TargetConst:
			return own[literalAt{r.Function, r.Offset}] || l.tells(r)
		}
		return false
	})
	if len(uses) == 0 {
		return u.Facts, nil
	}
	facts := slices.Clone(u.Facts)
	for i := range d.out {
		var of []string
		for _, at := range d.out[i].places() {
			of = append(of, uses[at])
		}
		facts[plain+i].Use = plainly(&facts[plain+i], ofAll(of))
	}
	byFact, whole := map[int][]string{}, len(facts)
	for i := range d.refs {
		r := &d.refs[i]
		if r.Offset < 0 {
			continue
		}
		for _, f := range l.at(r) {
			byFact[f] = append(byFact[f], uses[literalAt{r.Function, r.Offset}])
		}
	}
	for f, list := range byFact {
		if f < whole {
			facts[f].Use = plainly(&facts[f], ofAll(list))
		}
	}
	return l.set(facts, byFact), uses
}

// places are where the bytes of a fact lie, for the function that has it.
func (d *derived) places() []literalAt {
	var out []literalAt
	for _, p := range d.fact.Parts {
		out = append(out, literalAt{uint32(d.function), p.Offset})
	}
	if len(out) == 0 {
		out = append(out, literalAt{uint32(d.function), d.fact.Offset})
	}
	return out
}

// ofAll is one use for several of one text: reads where one of them does; else one
// of them where all are known; else nothing.
func ofAll(uses []string) string {
	if slices.Contains(uses, sbom.UseReads) {
		return sbom.UseReads
	}
	if len(uses) == 0 || slices.Contains(uses, "") {
		return ""
	}
	return slices.Min(uses)
}

// plainly is the use of a fact. What is only done with the hidden form of a text,
// such as comparing its letters to turn it into the text, is not done with the text.
func plainly(f *sbom.Fact, use string) string {
	if f.How != "" && f.How != sbom.HowJoined && use != sbom.UseReads {
		return ""
	}
	return use
}

// tells reports whether a reference leads to a literal in which there is something
// that a rule wants read: of a run of literals, to such a part.
func (l *locator) tells(r *fingerprint.Reference) bool {
	for _, f := range l.at(r) {
		c := capability.Cut{Fact: f, To: math.MaxInt}
		if f >= len(l.unit.Facts) {
			c = l.cutOf[f-len(l.unit.Facts)]
		}
		spans, ok := l.wanted[c.Fact]
		if !ok {
			if l.wanted == nil {
				l.wanted = map[int][]capability.Span{}
			}
			spans = l.rules.ReadSpans(l.unit, c.Fact)
			l.wanted[c.Fact] = spans
		}
		if slices.ContainsFunc(spans, func(s capability.Span) bool { return s.From < c.To && c.From < s.To }) {
			return true
		}
	}
	return false
}

// set takes the literals whose use is known out of the runs that they lie in, and
// puts them behind the facts as facts of their own: a run has no use.
func (l *locator) set(facts []sbom.Fact, byFact map[int][]string) []sbom.Fact {
	whole := len(facts)
	copied := map[int]bool{}
	for _, f := range sortedKeys(byFact) {
		if f < whole {
			continue
		}
		use := ofAll(byFact[f])
		if use == "" {
			continue
		}
		cut, of := l.cuts[f-whole], l.cutOf[f-whole]
		run := &facts[of.Fact]
		if !copied[of.Fact] {
			copied[of.Fact] = true
			run.Value = slices.Clone(run.Value)
		}
		if use != sbom.UseReads {
			clear(run.Value[of.From:of.To])
		}
		cut.Use = use
		facts = append(facts, cut)
	}
	return facts
}
