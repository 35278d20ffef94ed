package fingerprint

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// check states what every Set keeps, whatever the input was.
func check(t *testing.T, c *Code, s *Set, refs []Reference) {
	t.Helper()
	if !slices.IsSortedFunc(s.Functions, func(a, b Function) int { return compare(a.Address, b.Address) }) {
		t.Error("functions are not sorted")
	}
	if !slices.IsSortedFunc(s.Features, func(a, b Feature) int {
		if a.Kind != b.Kind {
			return int(a.Kind) - int(b.Kind)
		}
		return compare(a.Hash, b.Hash)
	}) {
		t.Error("features are not sorted")
	}
	uses, calls := uint32(0), uint32(0)
	for i := range s.Functions {
		f := &s.Functions[i]
		if f.uses < uses || f.calls < calls || int(f.uses) > len(s.Uses) || int(f.calls) > len(s.Calls) {
			t.Fatalf("function %d: parts out of order", i)
		}
		uses, calls = f.uses, f.calls
		if used := s.FeaturesOf(i); !slices.IsSorted(used) || len(slices.Compact(slices.Clone(used))) != len(used) {
			t.Errorf("function %d: features %v", i, used)
		}
		for _, call := range s.CallsOf(i) {
			if int(call.Callee) >= len(s.Functions) {
				t.Errorf("function %d calls %d", i, call.Callee)
			}
		}
		if i > 0 && s.Functions[i-1].Address+uint64(s.Functions[i-1].Size) > f.Address {
			t.Errorf("functions %d and %d overlap", i-1, i)
		}
	}
	for _, f := range s.Features {
		if f.Kind == 0 || f.Kind >= FeatureKindCount || len(f.Text) > MaxText {
			t.Errorf("feature %+v", f)
		}
	}
	for _, u := range s.Uses {
		if int(u) >= len(s.Features) {
			t.Errorf("use of feature %d", u)
		}
	}
	for i, r := range refs {
		if int(r.Function) >= len(s.Functions) || i > 0 && refs[i-1].Function > r.Function {
			t.Errorf("reference %d: function %d", i, r.Function)
		}
	}
	bad := false
	for _, t := range s.Tables {
		if !slices.IsSorted(t.Functions) || !slices.IsSorted(t.Leads) || slices.ContainsFunc(t.Functions, func(f uint32) bool { return int(f) >= len(s.Functions) }) ||
			slices.ContainsFunc(t.Leads, func(to uint32) bool { return int(to) >= len(s.Tables) }) {
			bad = true
		}
	}
	if bad || slices.ContainsFunc(s.Refers, func(n uint32) bool { return int(n) >= len(s.Tables) }) {
		t.Errorf("tables %v, referred to %v", s.Tables, s.Refers)
	}
	again, more := Pass(c)
	if !cmp.Equal(s, again, cmp.AllowUnexported(Function{})) || !cmp.Equal(refs, more) {
		t.Error("a second pass over the same code differs")
	}
}

// resolveAny gives every address a meaning of its own.
func resolveAny(a uint64) Target {
	return Target{Kind: TargetKind(a >> 3 % uint64(TargetEnd+1)), Slot: a&1 == 1, Text: bytes.Repeat([]byte{byte(a)}, int(a%200)), Offset: int64(a)}
}

var passArchs = [...]string{"arm64", "x86_64", "arm64_32", "arm64e", "x86_64h"}

func FuzzPass(f *testing.F) {
	arm, x86 := armForms(firstLink), x86Function(0x4000, 0x8123, 0x7000, 0xc100, 0xc200, false)
	f.Add(byte(0), arm, []byte{0, 0, 0, 0, 16, 0, 4, 0}, []byte{8, 4})
	f.Add(byte(1), x86, []byte{0, 0, 0, 0, 9, 0, 0, 0}, []byte{3, 200})
	f.Add(byte(2), slices.Concat(arm, arm), []byte{0, 0, 255, 255, 1, 0, 0, 0}, []byte{})
	f.Fuzz(func(t *testing.T, arch byte, code, bounds, data []byte) {
		if len(code) > 1<<16 {
			return
		}
		const base = 0x4000
		c := &Code{Arch: passArchs[int(arch)%len(passArchs)], Resolve: resolveAny}
		half := len(code) / 2
		c.Sections = []Section{{base, code[:half]}, {base + uint64(half), code[half:]}}
		for ; len(bounds) >= 4; bounds = bounds[4:] {
			at, size := binary.LittleEndian.Uint16(bounds), binary.LittleEndian.Uint16(bounds[2:])
			c.Functions = append(c.Functions, Boundary{Address: base + uint64(at), Size: uint64(size) << (size % 50)})
			c.Classes = append(c.Classes, Class{Name: "C", Methods: []Method{{Selector: "s", Address: base + uint64(size)}}})
			c.Roots = append(c.Roots, Root{Address: base + uint64(size), Kind: RootMethod})
		}
		for ; len(data) >= 2; data = data[2:] {
			c.Data = append(c.Data, Range{base + uint64(data[0])*8, uint64(data[1]) << (data[1] % 60)})
			if c.Tables == nil {
				c.Tables = &Tables{}
			}
			at := base + uint64(data[0])*16
			c.Tables.List = append(c.Tables.List, Table{Address: at, Body: at + uint64(data[1]%3)*8, End: at + uint64(data[1]), Group: uint64(data[1] % 4)})
			c.Tables.Pointers = append(c.Tables.Pointers, Pointer{at, base + uint64(data[1])*4})
			c.Tables.Slots = append(c.Tables.Slots, Pointer{at + 4, at})
			c.Tables.Names = append(c.Tables.Names, NameAt{"_n", at})
		}
		s, refs := Pass(c)
		check(t, c, s, refs)
	})
}

// Boundaries that a file can claim, and what is made of them.
func TestHostileBoundaries(t *testing.T) {
	code := bytes.Repeat(words(armMov1), 64) // at 0x4000
	for _, c := range []struct {
		name  string
		bound []Boundary
		want  []uint32 // sizes
	}{
		{"overlap", []Boundary{{Address: 0x4000, Size: 256}, {Address: 0x4010, Size: 8}}, []uint32{16, 8}},
		{"twice", []Boundary{{Address: 0x4000}, {Address: 0x4000, Name: "f"}, {Address: 0x4080}}, []uint32{128, 128}},
		{"too long", []Boundary{{Address: 0x4000, Size: math.MaxUint64}}, []uint32{256}},
		{"outside", []Boundary{{Address: 0}, {Address: 0x4100}, {Address: math.MaxUint64, Size: math.MaxUint64}}, nil},
		{"unordered", []Boundary{{Address: 0x4080}, {Address: 0x4000}}, []uint32{128, 128}},
		{"odd", []Boundary{{Address: 0x40fd}}, []uint32{0}},
		{"none", nil, nil},
	} {
		s, refs := Pass(&Code{Arch: "arm64", Sections: []Section{{0x4000, code}}, Functions: c.bound})
		var got []uint32
		for _, f := range s.Functions {
			got = append(got, f.Size)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: sizes (-want +got):\n%s", c.name, d)
		}
		if c.name == "twice" && s.Functions[0].Name != "f" {
			t.Errorf("twice: the name is %q", s.Functions[0].Name)
		}
		check(t, &Code{Arch: "arm64", Sections: []Section{{0x4000, code}}, Functions: c.bound}, s, refs)
	}
	if s, _ := Pass(&Code{Arch: "ppc", Sections: []Section{{0x4000, code}}, Functions: []Boundary{{Address: 0x4000}}}); len(s.Functions) != 0 {
		t.Error("an architecture without a pass has functions")
	}
}

// Data between instructions change no mark, whatever they hold; instructions do.
func TestDataInCode(t *testing.T) {
	for arch, parts := range map[string][2][]byte{
		"arm64":  {words(armMov1, armRet), words(blrX8, armRet)},
		"x86_64": {bytesOf("55 c3"), bytesOf("0f 05 5d c3")},
	} {
		run := func(table []byte, ranges ...Range) Function {
			code := slices.Concat(parts[0], table, parts[1])
			s, _ := Pass(&Code{Arch: arch, Sections: []Section{{0x4000, code}}, Functions: []Boundary{{Address: 0x4000}}, Data: ranges})
			return s.Functions[0]
		}
		at := 0x4000 + uint64(len(parts[0]))
		one, two := words(0x11223344, 0xb9000101), words(0xfefefefe, 0x00000001)
		want := run(one, Range{at, 8})
		if got := run(two, Range{at, 8}); got != want {
			t.Errorf("%s: data count: %+v, want %+v", arch, got, want)
		}
		if got := run(two, Range{at - 0x5000, 1}, Range{at, 4}, Range{at, 2}, Range{at + 4, 4}); got != want {
			t.Errorf("%s: overlapping ranges: %+v, want %+v", arch, got, want)
		}
		if run(one).Shape == want.Shape {
			t.Errorf("%s: what is no data does not count", arch)
		}
		if got := run(one, Range{0, math.MaxUint64}); got.Instructions != 0 {
			t.Errorf("%s: all is data, but %d instructions", arch, got.Instructions)
		}
	}
}

// A byte that is no instruction counts as itself, and the pass goes on behind it.
func TestX86Resynchronises(t *testing.T) {
	run := func(code string) Function {
		s, _ := place{text: 0x4000}.one(t, "x86_64", bytesOf(code))
		return s.Functions[0]
	}
	a, b, c := run("06 55 c3"), run("07 55 c3"), run("06 56 c3")
	if a.Instructions != 3 || a.Shape == b.Shape || a.Shape == c.Shape {
		t.Errorf("%+v %+v %+v", a, b, c)
	}
}

func TestClassesAndRoots(t *testing.T) {
	c := &Code{Arch: "arm64", Sections: []Section{{0x4000, words(armMov1, armRet, armMov1, armRet)}},
		Functions: []Boundary{{Address: 0x4000}, {Address: 0x4008, Name: "known", From: NameSymbol}},
		Classes: []Class{{Name: "Reader", Super: "NSObject", Methods: []Method{
			{Selector: "read:", Types: "@24@0:8@16", Address: 0x4008}, {Selector: "load", Types: "v16@0:8", Address: 0x4000, Meta: true}, {Selector: "gone", Address: 0x9000}}}},
		Roots: []Root{{0x4000, RootLoad}, {0x4004, RootLoad}, {0x4008, RootMethod}, {0x4000, RootMethod}, {0x9999, RootExport}}}
	s, _ := Pass(c)
	wantClasses := []ClassOf{{Name: "Reader", Super: "NSObject", Methods: []MethodOf{
		{Selector: "read:", Types: "@24@0:8@16", Function: 1}, {Selector: "load", Types: "v16@0:8", Function: 0, Meta: true}}}}
	if d := cmp.Diff(wantClasses, s.Classes); d != "" {
		t.Errorf("classes (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]RootOf{{0, RootLoad}, {0, RootMethod}, {1, RootMethod}}, s.Roots); d != "" {
		t.Errorf("roots (-want +got):\n%s", d)
	}
	for i, want := range []string{"6 +[Reader load] v16@0:8", "6 -[Reader read:] @24@0:8@16"} {
		if d := cmp.Diff([]string{want}, texts(s, i)); d != "" {
			t.Errorf("function %d (-want +got):\n%s", i, d)
		}
	}
	if s.Functions[0].Name != "+[Reader load]" || s.Functions[1].Name != "known" {
		t.Errorf("names %q %q", s.Functions[0].Name, s.Functions[1].Name)
	}
}

// Weak pointers and frequent imports: the first are features but no part of a
// mark, the second the other way round.
func TestWeakAndFrequent(t *testing.T) {
	run := func(target Target) (*Set, []Reference) {
		p := place{0x4000, map[uint64]Target{0x8000: target}}
		return p.one(t, "arm64", words(adr(0, 0x4000, 0x8000), armMov1, armRet))
	}
	hole, _ := run(Target{})
	weak, refs := run(Target{Kind: TargetPointer, Text: []byte("History.db"), Offset: 5})
	if weak.Functions[0].Full != hole.Functions[0].Full || len(refs) != 1 {
		t.Errorf("a weak pointer changes the mark, or has %d references", len(refs))
	}
	if d := cmp.Diff([]string{"7 History.db"}, texts(weak, 0)); d != "" {
		t.Errorf("weak (-want +got):\n%s", d)
	}
	often, _ := run(Target{Kind: TargetImport, Text: []byte("objc_retain")})
	if often.Functions[0].Full == hole.Functions[0].Full || len(texts(often, 0)) != 0 {
		t.Errorf("a frequent import: %q", texts(often, 0))
	}
	class, _ := run(Target{Kind: TargetImport, Text: []byte("OBJC_CLASS_$_NSData")})
	if d := cmp.Diff([]string{"4 NSData"}, texts(class, 0)); d != "" {
		t.Errorf("class (-want +got):\n%s", d)
	}
}
