package finding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Summarize recounts the answer in numbers for one headline capability.
func (r *Report) Summarize(headline string) Summary {
	s := Summary{Capability: headline, Products: len(r.Products), Others: len(r.Others),
		Findings: len(r.Findings), Gaps: len(r.Gaps)}
	for i := range r.Products {
		k := r.Products[i].Find(headline)
		if r.NoNegative(&r.Products[i], headline) {
			s.Unseen++
		}
		switch {
		case k == nil:
			s.Clean++
		case sbom.Grade(k.Grade).Rank() < sbom.GradeLikely.Rank():
			s.Mentions++
		default:
			s.Carriers++
			switch k.Verdict {
			case VerdictUnexpected:
				s.Unexpected++
			case VerdictAsk:
				s.Ask++
			case VerdictExpected:
				s.Expected++
			}
			if k.Provenance == ProvenanceInherited {
				s.Inherited++
			}
		}
	}
	for _, l := range r.Libraries {
		if l.Background {
			s.Background++
		} else {
			s.Libraries++
			if l.ThirdParty() {
				s.ThirdParty++
			}
		}
	}
	return s
}

// Unseen reports whether some code of a product could not be looked at, so that
// not finding something in it says nothing: a file was unreadable, a kind of
// code was skipped because it is not read yet, or there is a gap that leaves
// out more than kinship, whatever its kind. A library that the product must load
// and that is not there is such a gap; one that it can do without (Gap.Weak) is
// none.
func (r *Report) Unseen(p *Product) bool {
	for _, g := range r.Gaps {
		if g.Product != nil && *g.Product == p.ID && !g.Weak && sbom.GapKind(g.Kind).Missing() && !g.KinshipOnly() {
			return true
		}
	}
	return p.Coverage.Unreadable > 0 || p.Coverage.NotLookedAt() > 0
}

// KinshipOnly reports whether the gap leaves out nothing but the comparison of
// code with that of other products: see sbom.GapKind.KinshipOnly.
func (g *Gap) KinshipOnly() bool { return sbom.GapKind(g.Kind).KinshipOnly() }

// Missing counts the gaps that stand for something that was not looked at: all
// but those of kind untested.
func (r *Report) Missing() int {
	n := 0
	for _, g := range r.Gaps {
		if sbom.GapKind(g.Kind).Missing() {
			n++
		}
	}
	return n
}

// NoNegative reports whether a capability was not found in a product at grade
// likely or better, and that says nothing, because some of its code is unseen.
func (r *Report) NoNegative(p *Product, capability string) bool {
	k := p.Find(capability)
	return (k == nil || sbom.Grade(k.Grade).Rank() < sbom.GradeLikely.Rank()) && r.Unseen(p)
}

// NotLookedAt counts the files that were skipped because a kind of code is not
// read yet: their reason ends in "not looked at".
func (c Coverage) NotLookedAt() int {
	n := 0
	for _, w := range c.Reasons {
		if w.Status == sbom.StatusSkipped && strings.HasSuffix(w.Why, "not looked at") {
			n += w.Count
		}
	}
	return n
}

// Find returns what the product carries of a capability, or nil.
func (p *Product) Find(capability string) *Capability {
	i := slices.IndexFunc(p.Capabilities, func(k Capability) bool { return k.ID == capability })
	if i < 0 {
		return nil
	}
	return &p.Capabilities[i]
}

func (c *checker) summary() {
	if want := c.r.Summarize(c.r.Summary.Capability); c.r.Summary != want {
		c.bad("summary is %+v, a recount gives %+v", c.r.Summary, want)
	}
	if f := c.r.Family; f != nil && (f.Met > f.Declared || f.Declared-f.Met != len(f.NotMet)) {
		c.bad("family: %d products declared, %d met, %d not met", f.Declared, f.Met, len(f.NotMet))
	}
}

func (c *checker) coverage() {
	var sum Coverage
	add := func(what string, v Coverage) {
		if err := v.validate(); err != nil {
			c.bad("%s: %w", what, err)
		}
		sum.Files += v.Files
		sum.Analysed += v.Analysed
		sum.Skipped += v.Skipped
		sum.Unreadable += v.Unreadable
	}
	for _, p := range c.r.Products {
		add("product "+p.ID.Short(), p.Coverage)
	}
	for _, o := range c.r.Others {
		add("other product "+o.ID.Short(), o.Coverage)
	}
	add("outside", c.r.Outside)
	t := c.r.Coverage
	if err := t.validate(); err != nil {
		c.bad("total: %w", err)
	}
	if t.Files != sum.Files || t.Analysed != sum.Analysed || t.Skipped != sum.Skipped || t.Unreadable != sum.Unreadable {
		c.bad("coverage: total %d/%d/%d/%d differs from the sum %d/%d/%d/%d", t.Files, t.Analysed, t.Skipped,
			t.Unreadable, sum.Files, sum.Analysed, sum.Skipped, sum.Unreadable)
	}
}

func (c Coverage) validate() error {
	o := sbom.Coverage{Files: c.Files, Analysed: c.Analysed, Skipped: c.Skipped, Unreadable: c.Unreadable}
	for _, r := range c.Reasons {
		if r.Count < 1 || (r.Status != sbom.StatusSkipped && r.Status != sbom.StatusUnreadable) {
			return fmt.Errorf("reason %q: status %q, count %d", r.Why, r.Status, r.Count)
		}
		o.Reasons = append(o.Reasons, sbom.Reason{Status: r.Status, Why: r.Why, Count: r.Count})
	}
	if c.Files < 0 || c.Analysed < 0 || c.Skipped < 0 || c.Unreadable < 0 {
		return fmt.Errorf("coverage: a count is negative")
	}
	return o.Validate()
}

func (c *checker) exit() {
	if !slices.Contains([]int{ExitClean, ExitBroken, ExitIncomplete}, c.r.Exit.Status) {
		c.bad("exit status %d: a report has 0, 1 or 3", c.r.Exit.Status)
	}
	if len(c.r.Exit.Reasons) == 0 {
		c.bad("exit status %d has no reason", c.r.Exit.Status)
	}
}

// AllDormant reports whether all code of the capability that the product loads or
// calls is dormant: nothing of it runs, as far as calls were followed.
func (k *Capability) AllDormant() bool {
	if len(k.Dormant) == 0 || k.Strength == "runs" {
		return false
	}
	return !slices.ContainsFunc(k.Witnesses, func(w Witness) bool {
		return w.Strength != "carries" && !slices.Contains(k.Dormant, w.Source)
	})
}
