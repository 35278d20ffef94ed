package attribute

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/macho"
)

// derived is a fact that stands in no one place of the slice as it is, with the
// function that has it.
type derived struct {
	function int
	fact     sbom.Fact
}

// deriver finds such facts in one slice.
type deriver struct {
	rules  *capability.Set
	slice  *macho.Slice
	code   *fingerprint.Code
	set    *fingerprint.Set
	refs   []fingerprint.Reference
	known  survey
	texts  []fingerprint.Written
	seen   map[literalUse]bool   // literals that exact looked at
	tabled map[tableStart]uint64 // words of tables that functions walk: where the table begins
	runs   []int64               // where code refers to in runs of literals
	handed map[uint32]int        // by function: literals of such runs that it hands to calls with their lengths
	out    []derived
	over   *limit.Error // a limit that was hit, or nil
}

// hiddenFacts finds literals in another form in the constants of a slice. Code
// that refers to them ties them to functions as it does with other literals.
func hiddenFacts(rules *capability.Set, s *macho.Slice) []sbom.Fact {
	var out []sbom.Fact
	for _, r := range s.Constants() {
		out = append(out, rules.Hidden(r.Bytes, r.Name, r.Offset)...)
	}
	return out
}

// derive finds the facts of functions: numbers, texts that they write piece by
// piece, and paths that they put together. Only what some rule looks for is
// kept, in out. In refs are the references with what a second look adds to them: the
// lengths of literals, and the literals that tables name; in over the limit that it
// hit, or nil.
//
// An image that neither opens a store nor holds a literal of which a rule speaks
// is not looked at so closely: nearly all images are such. A small image that reads
// files is: a saved session or a list of bookmarks is no database, its names may
// all be written piece by piece, and to look costs little there.
func derive(rules *capability.Set, s *macho.Slice, code *fingerprint.Code, set *fingerprint.Set, refs []fingerprint.Reference, known survey) *deriver {
	d := &deriver{rules: rules, slice: s, code: code, set: set, refs: refs, known: known}
	d.shorts()
	opens := d.calls() || known.opens || known.reads && codeSize(code) <= maxClosely
	if opens {
		texts, sized := fingerprint.Texts(code, set)
		d.texts = texts
		d.measure(sized)
		d.written()
	}
	texts := d.exact() || known.texts
	if texts || opens {
		d.numbers()
	}
	d.small()
	if texts {
		d.tables()
		d.exact()
		d.joined()
	}
	d.out = d.telling()
	return d
}

// maxClosely is how much code an image that reads files and opens no store may
// have to be looked at closely, in bytes.
const maxClosely = 1 << 20

func codeSize(code *fingerprint.Code) int {
	n := 0
	for i := range code.Sections {
		n += len(code.Sections[i].Bytes)
	}
	return n
}

// shorts are the short strings of Swift, which instructions hold: up to 15 bytes.
func (d *deriver) shorts() {
	size := int64(4)
	if strings.HasPrefix(d.set.Arch, "x86_64") {
		size = 10 // the move of 8 bytes to a register
	}
	for i := range d.refs {
		r := &d.refs[i]
		if at, ok := d.slice.OffsetOf(r.Slot); ok && r.Decoded != nil {
			d.add(int(r.Function), sbom.Fact{Kind: sbom.FactString, Value: r.Decoded, Offset: at, Length: size, Section: d.slice.SectionAt(at), How: sbom.HowImmediates})
		}
	}
}

// measure gives references to literals without an end of their own the length
// that the function uses them with, where it is one alone.
func (d *deriver) measure(sized []fingerprint.Sized) {
	type use struct {
		function uint32
		address  uint64
	}
	lengths, stored := map[use]uint64{}, map[use]bool{}
	d.handed = map[uint32]int{}
	for _, z := range sized {
		u := use{z.Function, z.Address}
		n, ok := lengths[u]
		switch {
		case !ok || z.Stored && !stored[u]:
			lengths[u], stored[u] = z.Length, z.Stored
		case z.Stored == stored[u] && n != z.Length:
			lengths[u] = 0
		}
	}
	for i := range d.refs {
		if d.inRun(&d.refs[i]) {
			d.runs = append(d.runs, d.refs[i].Offset)
		}
	}
	slices.Sort(d.runs)
	d.runs = slices.Compact(d.runs)
	for i := range d.refs {
		r := &d.refs[i]
		run, fixed := d.inRun(r), r.Kind == fingerprint.TargetConst && r.Length > 0 // of 8 or 16 bytes, as much as may be loaded
		if !run && r.Kind != fingerprint.TargetConst || r.Offset < 0 {
			continue
		}
		u := use{r.Function, r.Slot}
		n := int64(lengths[u])
		if (run || fixed) && n > 0 && !stored[u] {
			d.handed[r.Function]++
		}
		if n == 0 && run {
			n = d.upToNext(r)
		}
		if n > 0 && (!run && !fixed || n < r.Length) && printableText(d.slice.Bytes(r.Offset, n)) {
			r.Kind, r.Length = fingerprint.TargetConst, n
		}
	}
}

// inRun reports whether a reference leads into a run of literals that ends with a zero,
// so that the whole rest of it was taken for one literal: those of Rust lie so, among
// other constants, while the literals of C have a section of their own.
func (d *deriver) inRun(r *fingerprint.Reference) bool {
	return r.Kind == fingerprint.TargetString && r.Decoded == nil && r.Offset >= 0 && r.Length > 0 && d.slice.SectionAt(r.Offset) == "__TEXT,__const"
}

// upToNext is how far it is to the next literal of a run that code refers to, where
// the function uses the literal without its length in sight: 0 where there is none.
func (d *deriver) upToNext(r *fingerprint.Reference) int64 {
	i, _ := slices.BinarySearch(d.runs, r.Offset+1)
	if i == len(d.runs) || d.runs[i] >= r.Offset+r.Length {
		return 0
	}
	return d.runs[i] - r.Offset
}

func printableText(b []byte) bool {
	return len(b) > 0 && !slices.ContainsFunc(b, func(c byte) bool { return (c < ' ' || c > '~') && c != '\t' && c != '\n' && c != '\r' })
}

// numbers are the rare numbers that a function uses, those that stand for a
// floating number too.
func (d *deriver) numbers() {
	u := sbom.Unit{Scope: sbom.ScopeImage}
	var ids []uint32
	for i := range d.set.Features {
		if x := &d.set.Features[i]; x.Kind == fingerprint.FeatureConstant {
			if v, err := strconv.ParseUint(x.Text, 0, 64); err == nil {
				ids = append(ids, uint32(i))
				u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactNumber, Value: []byte(numberText(v)), Offset: -1})
			}
		}
	}
	wanted := map[uint32]string{}
	least, most := uint32(math.MaxUint32), uint32(0)
	for i, ok := range d.rules.Telling(&u) {
		if ok {
			wanted[ids[i]] = string(u.Facts[i].Value)
			least, most = min(least, ids[i]), max(most, ids[i])
		}
	}
	if len(wanted) == 0 {
		return
	}
	for i := range d.set.Functions {
		for _, id := range d.set.FeaturesOf(i) {
			if id < least || id > most { // features of one kind stand side by side
				continue
			}
			if text, ok := wanted[id]; ok {
				d.add(i, d.numberFact(i, id, text))
			}
		}
	}
}

// numberFact is a number of a function at the bytes that hold it: in a place
// that the function refers to, or in its instructions; else those of the whole
// function.
func (d *deriver) numberFact(function int, id uint32, text string) sbom.Fact {
	f := sbom.Fact{Kind: sbom.FactNumber, Value: []byte(text), Offset: -1, How: sbom.HowImmediates}
	raw, _ := strconv.ParseUint(d.set.Features[id].Text, 0, 64)
	n := &d.set.Functions[function]
	refs := d.refsOf(function)
	at, ok := d.slice.OffsetOf(n.Address)
	code := d.slice.Bytes(at, int64(n.Size))
	if !ok || code == nil {
		return f
	}
	f.Offset, f.Length, f.Section = at, int64(n.Size), d.slice.SectionAt(at)
	if strings.HasPrefix(d.set.Arch, "arm64") {
		if from, to := movedARM(code, raw); to > from {
			f.Offset, f.Length = at+int64(from), int64(to-from)
			return f
		}
	}
	for _, size := range []int{8, 4} {
		word := make([]byte, 8)
		for i := range word {
			word[i] = byte(raw >> (8 * i))
		}
		if size == 4 && raw>>32 != 0 {
			continue
		}
		if i := bytes.Index(code, word[:size]); i >= 0 {
			f.Offset, f.Length = at+int64(i), int64(size)
			return f
		}
		for i := range refs {
			r := &refs[i]
			if r.Kind == fingerprint.TargetConst && bytes.Equal(d.slice.Bytes(r.Offset, int64(size)), word[:size]) {
				f.Offset, f.Length, f.Section = r.Offset, int64(size), d.slice.SectionAt(r.Offset)
				return f
			}
		}
	}
	return f
}

// refsOf are the references of one function: they stand in the order of the functions.
func (d *deriver) refsOf(function int) []fingerprint.Reference {
	by := func(r fingerprint.Reference, f int) int { return cmp.Compare(int(r.Function), f) }
	from, _ := slices.BinarySearchFunc(d.refs, function, by)
	to, _ := slices.BinarySearchFunc(d.refs, function+1, by)
	return d.refs[from:to]
}

// written are texts that a function puts together in memory; what is no plain
// text there is looked at in its other forms.
func (d *deriver) written() {
	for _, w := range d.texts {
		at, ok := d.slice.OffsetOf(w.Address)
		if !ok {
			continue
		}
		whole := sbom.Fact{Kind: sbom.FactString, Offset: at, Length: int64(w.Size), How: sbom.HowImmediates, Section: d.slice.SectionAt(at)}
		for _, part := range bytes.Split(w.Bytes, []byte{0}) {
			if n := len(part); n > 1 && int(part[0]) == 2*(n-1) {
				part = part[1:] // the size in front of a short string object of C++
			}
			for _, text := range bytes.FieldsFunc(part, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r > '~' }) {
				if len(text) >= 4 {
					f := whole
					f.Value = text
					d.add(int(w.Function), f)
				}
			}
		}
		for _, h := range d.rules.Hidden(w.Bytes, "", 0) {
			f := whole
			f.Value, f.How = h.Value, h.How
			d.add(int(w.Function), f)
		}
	}
}

// numberText is a number in decimal digits: the whole floating number that its
// bits stand for, where they do.
func numberText(v uint64) string {
	if f := math.Float64frombits(v); v>>52 > 0x400 && v>>63 == 0 && f == math.Trunc(f) && f < 1<<62 {
		return strconv.FormatUint(uint64(f), 10)
	}
	return strconv.FormatUint(v, 10)
}

// telling drops what no pattern matches.
func (d *deriver) telling() []derived {
	u := sbom.Unit{Image: d.slice.Unit.Image, Scope: sbom.ScopeImage}
	for i := range d.out {
		u.Facts = append(u.Facts, d.out[i].fact)
	}
	keep := d.rules.Telling(&u)
	n := 0
	return slices.DeleteFunc(d.out, func(derived) bool { n++; return !keep[n-1] })
}

func (d *deriver) add(function int, f sbom.Fact) { d.out = append(d.out, derived{function, f}) }
