package attribute

import (
	"bytes"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// literalUse is a literal that a function refers to.
type literalUse struct {
	function   uint32
	at, length int64
}

// exact makes facts of the literals that code refers to with their lengths, in
// runs of literals without ends, as Go and Rust lay them: such a literal has an
// end, so all is asked of it that is asked of a literal of C,
// and what is hidden in it begins where it does. Each is looked at once. It reports whether
// a rule speaks of one of them.
func (d *deriver) exact() bool {
	if d.seen == nil {
		d.seen = map[literalUse]bool{}
	}
	before := len(d.out)
	for i := range d.refs {
		r := &d.refs[i]
		if r.Kind != fingerprint.TargetConst && r.Kind != fingerprint.TargetPointer || r.Length < 2 || r.Offset < 0 || r.Length > 4096 {
			continue
		}
		u := literalUse{r.Function, r.Offset, r.Length}
		if d.seen[u] {
			continue
		}
		d.seen[u] = true
		b, section := d.slice.Bytes(r.Offset, r.Length), d.slice.SectionAt(r.Offset)
		if printableText(b) {
			d.add(int(r.Function), sbom.Fact{Kind: sbom.FactString, Value: b, Offset: r.Offset, Length: r.Length, Section: section})
		}
		for _, h := range d.rules.Hidden(b, section, r.Offset) {
			d.add(int(r.Function), h)
		}
	}
	all := d.out
	d.out = all[before:]
	found := d.telling()
	d.out = append(all[:before], found...)
	return len(found) > 0
}

// calls makes facts of the functions of packages that a function of a Go program
// calls, such as database/sql.Open: what is an import elsewhere is code of the
// image there. The bytes are those of the name in the line table. It reports
// whether a rule speaks of one of them.
func (d *deriver) calls() bool {
	names := map[string][]int{} // callers by the callee's name
	u := sbom.Unit{Image: d.slice.Unit.Image, Scope: sbom.ScopeImage}
	for i := range d.set.Functions {
		for _, c := range d.set.CallsOf(i) {
			f := &d.set.Functions[c.Callee]
			if c.Kind != fingerprint.CallDirect || f.From != fingerprint.NamePclntab {
				continue
			}
			if names[f.Name] == nil {
				u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactCall, Value: []byte(f.Name)})
			}
			if l := names[f.Name]; len(l) == 0 || l[len(l)-1] != i {
				names[f.Name] = append(names[f.Name], i)
			}
		}
	}
	if len(names) == 0 {
		return false
	}
	seen, found := d.rules.Survey(&u), false
	for i, telling := range seen.Telling {
		f := u.Facts[i]
		if !telling || !d.named(&f) {
			continue
		}
		found = true
		for _, function := range names[string(f.Value)] {
			d.add(function, f)
		}
	}
	return found
}

// named looks a name up in the line table.
func (d *deriver) named(f *sbom.Fact) bool {
	for _, t := range d.slice.Named("__gopclntab") {
		if i := bytes.Index(t.Bytes, append(append([]byte{0}, f.Value...), 0)); i >= 0 {
			f.Section, f.Offset, f.Length = t.Name, t.Offset+int64(i)+1, int64(len(f.Value))
			return true
		}
	}
	return false
}
