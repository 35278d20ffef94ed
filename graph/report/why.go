package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// WhyOptions say how to write an explanation.
type WhyOptions struct {
	// Root is put before the paths of files in the commands: the path of the
	// input as the reader has it. "" leaves them relative to the input.
	Root string
	// Paths is the most paths to show for one source; 0: all that the report has.
	Paths int
}

// WhyJSON writes an explanation as indented JSON with a newline at its end.
func WhyJSON(w io.Writer, r *finding.Report, product sbom.Digest, capability string, o WhyOptions) error {
	x, err := Explain(r, product, capability, o)
	if err != nil {
		return err
	}
	return writeJSON(w, x)
}

// Why writes for people what a product carries of a capability and how that is
// known: for each source the witness paths hop by hop and the bytes, then the
// grade, the declarations, and what could not be looked at. product is an id and
// capability a whole id of the report. A product that does not carry the
// capability gets its coverage instead.
func Why(w io.Writer, r *finding.Report, product sbom.Digest, capability string, o WhyOptions) error {
	x, err := Explain(r, product, capability, o)
	if err != nil {
		return err
	}
	y := &why{page: newPage(w, r), x: x, q: &x.Product, r: r}
	if y.k = x.Product.Find(capability); y.k == nil {
		y.absent()
	} else {
		y.present()
	}
	y.notLookedAt()
	return y.end()
}

// why is one explanation.
type why struct {
	*page
	x *finding.Explanation
	r *finding.Report
	q *finding.Product
	k *finding.Capability // nil: not carried
}

func (y *why) absent() {
	y.text("", "%s (%s): no code of %s was found", y.label(y.q), cmp.Or(y.q.Purpose, "no purpose given"), y.x.Capability)
	if y.x.Unseen {
		y.text("  ", "This is no negative: some of its code was missing or could not be looked at.")
		return
	}
	y.text("  ", "That is worth as much as what was looked at:")
}

func (y *why) present() {
	k := y.k
	deed := y.q.Verb("carries", "carry")
	if k.Grade == string(sbom.GradeMentions) {
		deed = y.q.Verb("mentions", "mention") + " what belongs to"
	}
	y.text("", "%s (%s) %s %s", y.label(y.q), cmp.Or(y.q.Purpose, "no purpose given"), deed, y.x.Capability)
	for _, f := range [][2]string{{"grade", k.Grade}, {"sends", k.Sends}, {"strength", k.Strength}, {"provenance", k.Provenance},
		{"verdict", k.Verdict}, {"declared", k.Declared}, {"flags", strings.Join(k.Flags, ", ")}, {"stores of", strings.Join(k.Stores, ", ")}} {
		if f[1] != "" {
			y.text("  "+pad(f[0], 11), "%s", f[1])
		}
	}
	if len(k.Why) > 0 {
		y.head("BECAUSE")
	}
	for _, s := range k.Why {
		y.text("  - ", "%s", s)
	}
	y.sending()
	for i := range y.x.Sources {
		y.source(i+1, &y.x.Sources[i])
	}
	y.list("WHY GRADE "+k.Grade+" AND NOT A HIGHER ONE", "  - ", y.x.WhyNotHigher)
	y.declared()
	y.list("WHAT WOULD CHANGE THE VERDICT", "  - ", y.x.WouldChange)
}

// calls prints functions one below the other, with how the step to each is known.
func (y *why) calls(list []finding.Call) {
	for _, c := range list {
		how := ""
		if c.How != "" {
			how = " (" + c.How + ")"
		}
		y.text("       ", "%s%s", function(c.Function, c.Address), how)
	}
}

func function(name string, address uint64) string {
	if name == "" {
		return fmt.Sprintf("function at 0x%x", address)
	}
	return fmt.Sprintf("%s at 0x%x", name, address)
}

// sending prints what ties the reader to a sender, and the addresses near it.
func (y *why) sending() {
	k := y.k
	if k.Flow == nil && len(k.Hosts) == 0 {
		return
	}
	y.head("SENDING")
	if k.Flow != nil {
		y.text("  ", "%s; that what is read is what is sent is not shown:", k.Flow.How)
		y.calls(k.Flow.Reader)
		if len(k.Flow.Sender) > 0 {
			y.text("  ", "and")
			y.calls(k.Flow.Sender)
		}
	}
	for _, h := range k.Hosts {
		y.text("  - ", "%s (%s: %s)", h.Text, h.How, function(h.Function, h.Address))
	}
}

func (y *why) source(n int, s *finding.Explained) {
	y.head(fmt.Sprintf("SOURCE %d: %s, %s", n, s.Capability, s.Grade))
	y.text("  ", "image %s %s", s.Arch, s.Image)
	y.text("  ", "%s", unitText(&s.Source))
	if t := scopeText(s.Scopes); t != "" {
		y.text("  ", "its evidence was looked for %s", t)
	}
	y.text("  ", "rules %s", strings.Join(s.Rules, ", "))
	for _, l := range y.x.Libraries {
		if s.Library != nil && l.ID == *s.Library {
			y.text("  ", "library %s (%s, %s) in %s: %s", l.Name, l.Kind, sameness(&l), number(len(l.Products), "product"), strings.Join(l.Products, ", "))
		}
	}
	if !slices.ContainsFunc(s.Places, func(p finding.SourcePlace) bool { return p.Product == y.q.ID }) {
		y.text("  ", "the code lies outside this product")
	}
	y.paths(s)
	y.text("  ", "Evidence")
	for i, c := range s.Checks {
		if signals := signalsOf(s, i); signals != "" {
			y.evidence(&c, &s.Evidence[c.Evidence], signals)
		}
	}
	if elsewhere := len(s.Evidence) - len(s.Checks); elsewhere > 0 {
		y.text("  ", "The same was met in other files of other products: %s in JSON.", number(elsewhere, "more place"))
	}
}

// unitText says in which piece of code a source lies.
func unitText(s *finding.Source) string {
	switch {
	case s.Address != nil:
		return fmt.Sprintf("code unit %s, mark %s", unitName(s), mark(s))
	case slices.Contains(s.Scopes, string(sbom.ScopeModule)) || slices.Contains(s.Scopes, string(sbom.ScopeModules)):
		return "the script is one module, which is one code unit"
	}
	for _, of := range []sbom.Scope{sbom.ScopeComponent, sbom.ScopeProduct} {
		if slices.Contains(s.Scopes, string(of)) && !slices.Contains(s.Scopes, string(sbom.ScopeImage)) {
			return "known from what stands beside the code, not from one function in it"
		}
	}
	return "known for the whole image, not for one function in it"
}

// unitName is the name of a source's code unit, where it has one, and its address.
func unitName(s *finding.Source) string {
	at := fmt.Sprintf("at 0x%x", *s.Address)
	if s.Symbol == "" {
		return at
	}
	return s.Symbol + " " + at
}

// scopeText says how far around a code unit its evidence was looked for.
func scopeText(scopes []string) string {
	var out []string
	for _, s := range scopes {
		t, ok := map[sbom.Scope]string{
			sbom.ScopeImage:    "in the whole image",
			sbom.ScopeFunction: "in this function alone",
			sbom.ScopeCallees:  "in this function and those that it calls directly",
			sbom.ScopeClass:    "in the methods of its class",
			sbom.ScopeModule:   "in this module alone",
			sbom.ScopeModules:  "in this module and those that it requires directly",

			sbom.ScopeComponent: "in the property lists, entitlements and loads of its bundle",
			sbom.ScopeProduct:   "in the property lists, entitlements and loads of all bundles of the product",
		}[sbom.Scope(s)]
		if !ok {
			t = "in its " + s
		}
		out = append(out, t)
	}
	return strings.Join(out, ", and ")
}

func mark(s *finding.Source) string {
	if s.Mark == nil {
		return "not known"
	}
	return *s.Mark
}

// paths prints the witnesses of a source hop by hop.
func (y *why) paths(s *finding.Explained) {
	for n, w := range s.Witnesses {
		y.text("  ", "Path %d, %s", n+1, w.Strength)
		for i, h := range w.Hops {
			if i == 0 {
				y.text("    ", "%s (%s)", h.Label, h.Kind)
				continue
			}
			how := ""
			if h.How != "" {
				how = ", known by " + h.How
			}
			label := h.Label
			if h.Kind == "unit" && i == len(w.Hops)-1 && s.Symbol != "" {
				label = s.Symbol + " at " + label
			}
			y.text("      "+plain(h.Edge)+" -> ", "%s (%s%s)", label, h.Kind, how)
		}
		if len(w.Calls) > 0 {
			y.text("    ", "calls from an entry point to the code unit:")
			y.calls(w.Calls)
		}
	}
}

// signalsOf are the signals that the same bytes are evidence of, when the check is
// the first one of these bytes; else "": they have been shown.
func signalsOf(s *finding.Explained, i int) string {
	same := func(a, b *finding.Evidence) bool {
		return a.SHA256 == b.SHA256 && a.Offset == b.Offset && a.Length == b.Length && a.Kind == b.Kind && a.How == b.How &&
			a.Meaning == b.Meaning && a.Function == b.Function && a.Use == b.Use
	}
	var out []string
	for k, c := range s.Checks {
		e := &s.Evidence[c.Evidence]
		switch {
		case !same(e, &s.Evidence[s.Checks[i].Evidence]):
		case k < i:
			return ""
		case !slices.Contains(out, e.Signal):
			out = append(out, e.Signal)
		}
	}
	return strings.Join(out, ", ")
}

func (y *why) evidence(c *finding.Check, e *finding.Evidence, signals string) {
	y.text("  - ", "%s (%s) in %s", signals, e.Kind, c.File)
	if c.Product != y.q.ID {
		for i := range y.r.Products {
			if q := &y.r.Products[i]; q.ID == c.Product {
				y.text("    ", "that file is part of %s", y.label(q))
			}
		}
	}
	y.text("    ", "%s, slice at %d, offset %d, %s", cmp.Or(e.Section, "no section"), e.Slice, e.Offset, number(int(e.Length), "byte"))
	y.bytes(e)
	if e.How != "" {
		y.chunks(howText(e.How) + `: "` + e.Meaning + `"`)
	}
	if e.Function != "" {
		y.text("    ", "referred to by %s", strings.TrimSpace(e.Symbol+" at "+e.Function))
	}
	if w := useText(e.Use); w != "" {
		y.text("    ", "%s", w)
	}
	y.raw("    $ " + c.Command)
}

// howText says how a text follows from the bytes.
func howText(how string) string {
	if how == sbom.HowJoined {
		return "joined from parts, of which this is one"
	}
	return how
}

// useText says what the code does with a text, as far as is known.
func useText(use string) string {
	switch use {
	case sbom.UseReads:
		return "the code hands it to what opens, reads, copies or queries"
	case sbom.UseShows:
		return "the code only shows it"
	case sbom.UseCompares:
		return "the code only compares it"
	case sbom.UseWrites:
		return "the code only writes it out"
	}
	return ""
}

// bytes prints the bytes as escaped text, in lines that break anywhere.
func (y *why) bytes(e *finding.Evidence) {
	s := `"` + escape(e.Bytes) + `"`
	if e.Length > int64(len(e.Bytes)) {
		s += " ..."
	}
	y.chunks(s)
}

// chunks prints escaped text in lines that break anywhere.
func (y *why) chunks(s string) {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?' // a word of a BOM that nobody of ours wrote
		}
		return c
	}, s)
	for len(s) > 0 {
		n := min(len(s), columns-4)
		y.raw("    " + s[:n])
		s = s[n:]
	}
}

// escape writes bytes as printable ASCII.
func escape(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c == '\\' || c == '"':
			s.WriteByte('\\')
			s.WriteByte(c)
		case c >= ' ' && c < 0x7f:
			s.WriteByte(c)
		default:
			fmt.Fprintf(&s, `\x%02x`, c)
		}
	}
	return s.String()
}
