package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
)

// list prints sentences under a title; nothing where there are none.
func (y *why) list(title, first string, sentences []string) {
	if len(sentences) == 0 {
		return
	}
	y.head(title)
	for _, s := range sentences {
		y.text(first, "%s.", strings.TrimSuffix(s, "."))
	}
}

// mostHosts is how many hosts of a component the text shows; JSON has all.
const mostHosts = 12

// declared sets what was observed in each component against what was declared
// about it, with the facts that a person needs to judge that.
func (y *why) declared() {
	if y.k.Declared == "" {
		return
	}
	y.head("DECLARED AND OBSERVED")
	y.text("  ", "the product: declared %s", y.k.Declared)
	for _, s := range y.k.DeclaredBy {
		y.text("    ", "%s", s)
	}
	for i := range y.x.Product.Components {
		y.component(&y.x.Product.Components[i])
	}
}

func (y *why) component(c *finding.Component) {
	y.text("  - ", "%s", componentName(c))
	for _, o := range c.Observed {
		y.text("    ", "observed %s, %s; declared %s: %s", o.ID, o.Grade, o.Declared, o.Why)
		for _, s := range o.By {
			y.text("      ", "%s", s)
		}
	}
	if p := c.Privacy; p != nil {
		y.text("    manifest ", "%s: collects %s; tracking %v", cmp.Or(p.File, "PrivacyInfo.xcprivacy"), cmp.Or(strings.Join(p.Collected, ", "), "nothing"), p.Tracking)
	}
	for _, u := range c.Usage {
		y.text("    usage ", "%s: %q", u.Key, u.Value)
	}
	for _, e := range c.Entitlements {
		y.text("    entitlement ", "%s = %s", e.Key, e.Value)
	}
	if n := len(c.Hosts); n > 0 {
		more := ""
		if left := n + c.HostsMore - min(n, mostHosts); left > 0 {
			more = fmt.Sprintf(" and %d more", left)
		}
		y.text("    hosts ", "%s%s", strings.Join(c.Hosts[:min(n, mostHosts)], ", "), more)
	}
}

// componentName is the path of a component, or what its root is called.
func componentName(c *finding.Component) string {
	if c.Path == "" {
		return "the product's own bundle"
	}
	return c.Path
}

// notLookedAt prints the product's coverage, its gaps and those of no product.
func (y *why) notLookedAt() {
	y.head("COULD NOT BE LOOKED AT")
	c := y.q.Coverage
	y.text("  ", "%s met in this product: %d analysed, %d skipped, %d unreadable.", number(c.Files, "file"), c.Analysed, c.Skipped, c.Unreadable)
	for _, w := range c.Reasons {
		y.text("  "+pad(fmt.Sprint(w.Count), 7)+" ", "%s: %s", w.Status, w.Why)
	}
	for _, g := range y.x.Gaps {
		y.text("  - ", "%s: %s: %s", g.Path, g.Kind, g.Why)
	}
	if len(y.x.Gaps) == 0 {
		y.text("  ", "There is no gap.")
	}
}
