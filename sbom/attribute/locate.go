package attribute

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// locate ties the tags of an image to the code units that refer to their
// evidence. set and refs are what the pass found in the image. The facts of the
// unit from plain on are those of own, whose functions are known; uses is what
// functions do with the literals that they refer to.
func locate(rules *capability.Set, u *sbom.Unit, known places, plain int, own []derived, tags []sbom.Tag, set *fingerprint.Set, refs []fingerprint.Reference, uses map[literalAt]string, file sbom.Digest, sliceOffset, size int64) []sbom.Tag {
	if !rules.Locatable(tags) {
		return tags
	}
	parts := partsOf(set)
	l := newLocator(rules, u, known, size, refs)
	for i := range own {
		parts[own[i].function].Facts = append(parts[own[i].function].Facts, plain+i)
	}
	for i := range refs {
		r := &refs[i]
		if r.Offset < 0 || int(r.Function) >= len(parts) {
			continue
		}
		p := &parts[r.Function]
		at := l.at(r)
		p.Facts = append(p.Facts, at...)
		if len(uses) > 0 {
			l.note(p, at, uses[literalAt{r.Function, r.Offset}])
		}
	}
	for i := range parts {
		slices.Sort(parts[i].Facts)
		parts[i].Facts = slices.Compact(parts[i].Facts)
	}
	cut := *u
	cut.Facts = append(slices.Clip(u.Facts), l.cuts...)
	tags = rules.Locate(&cut, tags, parts, file, sliceOffset, l.cutOf...)
	nameWhole(tags, parts, cut.Facts, sliceOffset)
	for i := range tags {
		if t := &tags[i]; t.Address != nil && t.Mark == "" {
			if f, ok := slices.BinarySearchFunc(set.Functions, *t.Address, func(f fingerprint.Function, a uint64) int { return cmp.Compare(f.Address, a) }); ok {
				t.Mark = set.Functions[f].Full.String()
			}
		}
	}
	return tags
}

// partsOf makes a part of every function. Marks are written in the tags at the
// end: few parts get one.
func partsOf(set *fingerprint.Set) []capability.Part {
	parts := make([]capability.Part, len(set.Functions))
	callees := make([]int, 0, len(set.Calls))
	for i := range parts {
		parts[i].Address = set.Functions[i].Address
		from := len(callees)
		for _, c := range set.CallsOf(i) {
			if c.Kind == fingerprint.CallDirect && int(c.Callee) != i {
				callees = append(callees, int(c.Callee))
			}
		}
		own := callees[from:]
		slices.Sort(own)
		parts[i].Callees = slices.Clip(slices.Compact(own))
	}
	number := map[string]int{} // a category's methods are those of the class
	for i := range set.Classes {
		c := &set.Classes[i]
		if number[c.Name] == 0 {
			number[c.Name] = len(number) + 1
		}
		for _, m := range c.Methods {
			if int(m.Function) < len(parts) {
				parts[m.Function].Class = number[c.Name]
			}
		}
	}
	return parts
}

// places are the facts that a rule could look at, by where they lie.
type places []place

type place struct {
	from, to int64 // in the slice
	fact     int
}

// survey is what a first look at an image says.
type survey struct {
	places places
	texts  bool // some literal tells something
	opens  bool // something opens a store
	reads  bool // something reads files
}

func placesOf(rules *capability.Set, u *sbom.Unit) survey {
	seen := rules.Survey(u)
	out := survey{texts: seen.Texts, opens: seen.Opens, reads: seen.Reads}
	for i, telling := range seen.Telling {
		if f := &u.Facts[i]; telling && f.Offset >= 0 {
			out.places = append(out.places, place{f.Offset, f.Offset + max(f.Length, 1), i})
		}
	}
	slices.SortFunc(out.places, func(a, b place) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.fact, b.fact)) })
	return out
}

// holds reports whether one of the places holds the byte at an offset.
func (l places) holds(off int64) bool {
	n, _ := slices.BinarySearchFunc(l, off+1, func(p place, off int64) int { return cmp.Compare(p.from, off) })
	for i := n - 1; i >= max(0, n-lookBack); i-- {
		if off < l[i].to {
			return true
		}
	}
	return false
}

// placeBits is log2 of the bytes of a block of places.
const placeBits = 6

// blocks is the set of blocks that one of the places touches, of a slice of so
// many bytes.
func (l places) blocks(size int64) bits {
	out := newBits(uint64(size) >> placeBits)
	for i := range l {
		for b := l[i].from >> placeBits; b <= (min(l[i].to, size)-1)>>placeBits; b++ {
			out.add(uint64(b))
		}
	}
	return out
}

// lookBack bounds how many facts that begin before a reference are looked at:
// a literal can be referred to in its middle.
const lookBack = 8

// locator finds the facts that references lead to. A run of constants may hold
// many literals: of such a fact a part is cut for each literal that code refers
// to, behind the facts of the unit.
type locator struct {
	rules  *capability.Set
	unit   *sbom.Unit
	places places
	told   bits // blocks with places
	refs   []fingerprint.Reference
	starts []int64 // where code refers to in places, sorted; made when needed
	cuts   []sbom.Fact
	cutOf  []capability.Cut          // by index in cuts
	cutAt  map[[2]int64]int          // by offset and length: index in cuts
	spans  map[int][]capability.Span // by fact: where patterns match
	wanted map[int][]capability.Span // by fact: where something is that a rule wants read
}

// newLocator is ready for the facts of a slice of so many bytes.
func newLocator(rules *capability.Set, u *sbom.Unit, known places, size int64, refs []fingerprint.Reference) *locator {
	return &locator{rules: rules, unit: u, places: known, told: known.blocks(size), refs: refs}
}

// at lists the facts that a reference leads to: those that hold the byte and
// are of its kind.
func (l *locator) at(r *fingerprint.Reference) []int {
	off := r.Offset
	if r.Kind == fingerprint.TargetImport {
		off++ // facts leave the underscore of the file out
	}
	if !l.told.has(uint64(off) >> placeBits) {
		return nil
	}
	n, _ := slices.BinarySearchFunc(l.places, off+1, func(p place, off int64) int { return cmp.Compare(p.from, off) })
	var out []int
	for i := n - 1; i >= max(0, n-lookBack); i-- {
		p := l.places[i]
		if off >= p.to || !kindFits(l.unit.Facts[p.fact].Kind, r.Kind) {
			continue
		}
		switch f := &l.unit.Facts[p.fact]; {
		case f.Kind != sbom.FactConst:
			out = append(out, p.fact)
		case r.Length > 0:
			out = append(out, l.cut(p.fact, off, min(off+r.Length, p.to)))
		default:
			for _, to := range l.literal(p, off) {
				out = append(out, l.cut(p.fact, off, to))
			}
		}
	}
	return out
}

// note says what a function does with facts that one of its references leads to.
func (l *locator) note(p *capability.Part, facts []int, use string) {
	if p.Uses == nil {
		p.Uses = map[int]string{}
	}
	for _, f := range facts {
		does := use
		if f < len(l.unit.Facts) {
			does = plainly(&l.unit.Facts[f], use)
		}
		if other, ok := p.Uses[f]; ok {
			does = ofAll([]string{other, does})
		}
		p.Uses[f] = does
	}
}

// cut makes a fact of a part of a run.
func (l *locator) cut(fact int, from, to int64) int {
	f := &l.unit.Facts[fact]
	if l.cutAt == nil {
		l.cutAt = map[[2]int64]int{}
	}
	key := [2]int64{from, to}
	at, ok := l.cutAt[key]
	if !ok {
		at = len(l.cuts)
		l.cutAt[key] = at
		l.cuts = append(l.cuts, sbom.Fact{Kind: f.Kind, Section: f.Section, Offset: from, Length: to - from,
			Value: f.Value[from-f.Offset : to-f.Offset : to-f.Offset]})
		l.cutOf = append(l.cutOf, capability.Cut{Fact: fact, From: int(from - f.Offset), To: int(to - f.Offset)})
	}
	return len(l.unit.Facts) + at
}

// maxLead is how far into a path a pattern may match for the path to be taken as
// one literal that begins where code refers to.
const maxLead = 64

// literal says where a literal ends that begins at an offset of a run and has no
// end of its own, as those of Go: behind what a pattern matched. The match must
// begin where the literal does, or behind white space or further components of one
// path (so a literal that no code refers to and that is a path can be taken for a
// part of the one before it), with nothing in between that code refers to. The offsets are rising; there are none
// where nothing matches.
func (l *locator) literal(p place, off int64) []int64 {
	if l.spans == nil {
		l.spans = map[int][]capability.Span{}
	}
	f := &l.unit.Facts[p.fact]
	spans, ok := l.spans[p.fact]
	if !ok {
		spans = l.rules.Spans(l.unit, p.fact)
		l.spans[p.fact] = spans
	}
	start := int(off - f.Offset)
	i, _ := slices.BinarySearchFunc(spans, start, func(s capability.Span, at int) int { return cmp.Compare(s.From, at) })
	next := l.after(off) - f.Offset
	var out []int64
	for ; i < len(spans) && spans[i].From-start <= maxLead; i++ {
		if s := spans[i]; int64(s.To) <= next && s.To <= len(f.Value) && (s.From == start || leads(f.Value[start:s.From])) {
			out = append(out, f.Offset+int64(s.To))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// after is where the next reference behind an offset leads, as far as it is into
// the same place.
func (l *locator) after(off int64) int64 {
	if l.starts == nil {
		l.starts = make([]int64, 0, len(l.refs))
		for i := range l.refs {
			if off := l.refs[i].Offset; off >= 0 && l.told.has(uint64(off)>>placeBits) {
				l.starts = append(l.starts, l.refs[i].Offset)
			}
		}
		slices.Sort(l.starts)
	}
	i, _ := slices.BinarySearch(l.starts, off+1)
	if i == len(l.starts) {
		return math.MaxInt64
	}
	return l.starts[i]
}

// leads reports whether text is the beginning of a path, whole components, or
// white space before a statement.
func leads(text []byte) bool {
	if len(bytes.TrimSpace(text)) == 0 {
		return true
	}
	if text[len(text)-1] != '/' {
		return false
	}
	for _, c := range text {
		if c < ' ' || c > '~' || bytes.IndexByte([]byte("\"'<>|*?;:="), c) >= 0 {
			return false
		}
	}
	return true
}

// kindFits reports whether a fact is of the kind of thing that a reference
// leads to.
func kindFits(f sbom.FactKind, t fingerprint.TargetKind) bool {
	switch f {
	case sbom.FactString, sbom.FactCFString, sbom.FactConst:
		return t == fingerprint.TargetString || t == fingerprint.TargetCFString || t == fingerprint.TargetPointer || t == fingerprint.TargetConst
	case sbom.FactImport:
		return t == fingerprint.TargetImport
	case sbom.FactSelector:
		return t == fingerprint.TargetSelector
	case sbom.FactClass, sbom.FactClassRef:
		return t == fingerprint.TargetClass
	}
	return false
}
