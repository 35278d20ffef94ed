package report

import (
	"cmp"
	"fmt"
	"io"
	"path"
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
}

// Why writes for people what a product carries of a capability and how that is
// known: sources, witness paths hop by hop, the bytes, and what could not be
// looked at. product is an id and capability a whole id of the report. A
// product that does not carry the capability gets its coverage instead.
func Why(w io.Writer, r *finding.Report, product sbom.Digest, capability string, o WhyOptions) error {
	i := slices.IndexFunc(r.Products, func(q finding.Product) bool { return q.ID == product })
	if i < 0 {
		return fmt.Errorf("explaining %s: no product %s in the report", capability, product)
	}
	y := &why{page: newPage(w, r), r: r, q: &r.Products[i], id: capability, o: o}
	y.k = y.q.Find(capability)
	if y.k == nil {
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
	r  *finding.Report
	q  *finding.Product
	k  *finding.Capability // nil: not carried
	id string
	o  WhyOptions
}

func (y *why) absent() {
	y.text("", "%s (%s): no code of %s was found", y.label(y.q), cmp.Or(y.q.Purpose, "no purpose given"), y.id)
	if y.r.Unseen(y.q) {
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
	y.text("", "%s (%s) %s %s", y.label(y.q), cmp.Or(y.q.Purpose, "no purpose given"), deed, y.id)
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
	y.paths()
	y.sending()
	for n, id := range k.Sources {
		y.source(n+1, id)
	}
	y.grade()
	y.change()
}

// paths prints the witnesses hop by hop.
func (y *why) paths() {
	if len(y.k.Witnesses) == 0 {
		return
	}
	y.head("PATHS from the product to the code (some, not all)")
	for n, w := range y.k.Witnesses {
		at := slices.Index(y.k.Sources, w.Source) + 1
		y.text(fmt.Sprintf("  %d. ", n+1), "%s, to source %d", w.Strength, at)
		for i, h := range w.Hops {
			if i == 0 {
				y.text("     ", "%s (%s)", h.Label, h.Kind)
				continue
			}
			how := ""
			if h.How != "" {
				how = ", known by " + h.How
			}
			y.text("       "+plain(h.Edge)+" -> ", "%s (%s%s)", h.Label, h.Kind, how)
		}
		if len(w.Calls) > 0 {
			y.text("     ", "calls from an entry point to the code unit:")
			y.calls(w.Calls)
		}
	}
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

func (y *why) source(n int, id string) {
	i := slices.IndexFunc(y.r.Sources, func(s finding.Source) bool { return s.ID == id })
	if i < 0 {
		return
	}
	s := &y.r.Sources[i]
	y.head(fmt.Sprintf("SOURCE %d: %s, %s", n, s.Capability, s.Grade))
	y.text("  ", "image %s %s", s.Arch, s.Image)
	if s.Address != nil {
		y.text("  ", "code unit at 0x%x, mark %s", *s.Address, mark(s))
	} else {
		y.text("  ", "known for the whole image, not for one function in it")
	}
	y.text("  ", "rules %s", strings.Join(s.Rules, ", "))
	if s.Library != nil {
		for _, l := range y.r.Libraries {
			if l.ID == *s.Library {
				y.text("  ", "library %s (%s, %s) in %s: %s", l.Name, l.Kind, sameness(&l), number(len(l.Products), "product"), strings.Join(l.Products, ", "))
			}
		}
	}
	if !slices.ContainsFunc(s.Places, func(p finding.SourcePlace) bool { return p.Product == y.q.ID }) {
		y.text("  ", "the code lies outside this product")
	}
	elsewhere := 0
	for i := range s.Evidence {
		if file, q := y.file(s, &s.Evidence[i]); file != "" {
			y.evidence(file, q, &s.Evidence[i])
		} else {
			elsewhere++
		}
	}
	if elsewhere > 0 {
		y.text("  ", "The same was met in other files of other products: %s in JSON.", number(elsewhere, "more place"))
	}
}

func mark(s *finding.Source) string {
	if s.Mark == nil {
		return "not known"
	}
	return *s.Mark
}

// file finds the file that holds the evidence: one of this product; where the
// code lies outside it, one of another.
func (y *why) file(s *finding.Source, e *finding.Evidence) (string, *finding.Product) {
	inside := false
	for _, p := range s.Places {
		if p.Product == y.q.ID {
			inside = true
			if p.SHA256 == e.SHA256 {
				return filePath(y.q, p.Path), y.q
			}
		}
	}
	if inside {
		return "", nil
	}
	for _, p := range s.Places {
		if p.SHA256 != e.SHA256 {
			continue
		}
		for i := range y.r.Products {
			if q := &y.r.Products[i]; q.ID == p.Product {
				return filePath(q, p.Path), q
			}
		}
	}
	return "", nil
}

func (y *why) evidence(file string, q *finding.Product, e *finding.Evidence) {
	section := cmp.Or(e.Section, "no section")
	y.text("  - ", "%s (%s) in %s", e.Signal, e.Kind, file)
	if q.ID != y.q.ID {
		y.text("    ", "that file is part of %s", y.label(q))
	}
	y.text("    ", "%s, slice at %d, offset %d, %s", section, e.Slice, e.Offset, number(int(e.Length), "byte"))
	y.bytes(e)
	at := file
	if y.o.Root != "" {
		at = path.Join(y.o.Root, file)
	}
	y.raw("    $ " + showBytes(at, e.Offset, min(e.Length, sbom.MaxEvidenceBytes)))
}

// bytes prints the bytes as escaped text, in lines that break anywhere.
func (y *why) bytes(e *finding.Evidence) {
	s := `"` + escape(e.Bytes) + `"`
	if e.Length > int64(len(e.Bytes)) {
		s += " ..."
	}
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
