package fingerprint

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kinbom/kinbom/sbom"
)

// randomSet makes a Set that holds together.
func randomSet(r *rand.Rand, n int) *Set {
	s := &Set{Image: sbom.DigestOf([]byte{byte(n)}), Arch: "arm64"}
	for i := range r.IntN(3*n + 1) {
		s.Features = append(s.Features, Feature{Kind: FeatureKind(1 + i%int(FeatureKindCount-1)), Hash: r.Uint64()})
	}
	slices.SortFunc(s.Features, func(a, b Feature) int {
		if a.Kind != b.Kind {
			return int(a.Kind) - int(b.Kind)
		}
		if a.Hash < b.Hash {
			return -1
		}
		return 1
	})
	for i := range s.Features {
		if f := &s.Features[i]; f.Kind == FeatureImport || f.Kind == FeatureMethod {
			f.Text = strings.Repeat("n", 1+r.IntN(20))
		}
	}
	for i := range s.Features {
		if s.Features[i].Kind == FeatureString && r.IntN(3) == 0 {
			s.Hosts = append(s.Hosts, Host{uint32(i), "https://intake.example.invalid/v1/%@"})
		}
	}
	at := uint64(0x100000000)
	for range n {
		f := Function{Address: at, Size: uint32(r.IntN(5000)), Instructions: uint32(r.IntN(1000)), Shape: Mark(r.Uint64()), Full: Mark(r.Uint64())}
		if r.IntN(3) == 0 {
			f.Full = f.Shape
		}
		if r.IntN(4) == 0 {
			f.Name, f.From = "_f", NameSymbol
		}
		at += uint64(f.Size) + uint64(r.IntN(16))
		last := -1
		for range r.IntN(5) {
			if last++; last < len(s.Features) {
				last = min(last+r.IntN(3), len(s.Features)-1)
				s.Uses = append(s.Uses, uint32(last))
			}
		}
		for range r.IntN(4) {
			s.Calls = append(s.Calls, Call{Callee: uint32(r.IntN(n)), Kind: CallKind(1 + r.IntN(2))})
		}
		f.uses, f.calls = uint32(len(s.Uses)), uint32(len(s.Calls))
		s.Functions = append(s.Functions, f)
	}
	if n%2 == 1 {
		s.Objects = []string{"libcollect.a(reader.o)", "main.o"}
		for i := range s.Functions {
			s.Functions[i].Object = uint32(r.IntN(3))
		}
	}
	if n > 2 {
		tables := []TableOf{{Functions: []uint32{1}, Leads: []uint32{2}}, {Names: []uint64{7, 1 << 60}}, {Functions: []uint32{0, uint32(n - 1)}}}
		var refers [][2]uint32
		for i := r.IntN(3); i < n; i += 1 + r.IntN(9) {
			refers = append(refers, [2]uint32{uint32(i), uint32(1 + r.IntN(2))}, [2]uint32{uint32(i), 1})
		}
		s.SetTables(tables, refers)
	}
	for i := 0; i < n; i += 1 + r.IntN(9) {
		s.Roots = append(s.Roots, RootOf{Function: uint32(i), Kind: RootExport})
	}
	if n > 0 {
		s.Classes = []ClassOf{{Name: "HTUploader", Super: "NSObject", Methods: []MethodOf{{Selector: "send:", Types: "v@:@", Function: uint32(n - 1), Meta: true}}}, {Name: "A", Category: "B"}}
	}
	return s
}

func save(t testing.TB, s *Set) []byte {
	t.Helper()
	var b bytes.Buffer
	sizes, err := Write(&b, s)
	if err != nil {
		t.Fatal(err)
	}
	if sizes.Code+sizes.Texts != int64(b.Len()) {
		t.Fatalf("sizes %+v of %d bytes", sizes, b.Len())
	}
	return b.Bytes()
}

var same = cmp.Options{cmp.AllowUnexported(Function{}), cmpopts.EquateEmpty()}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 17, 300} {
		s := randomSet(r, n)
		b := save(t, s)
		got, err := Read(b)
		if err != nil {
			t.Fatalf("%d functions: %v", n, err)
		}
		if d := cmp.Diff(s, got, same); d != "" {
			t.Errorf("%d functions: %s", n, d)
		}
		f, err := Open(b)
		if err != nil {
			t.Fatal(err)
		}
		alone, err := f.CallsAlone()
		if err != nil || len(alone.Functions) != n {
			t.Fatalf("%d functions: %d with calls, %v", n, len(alone.Functions), err)
		}
		for i := range s.Functions {
			if d := cmp.Diff(s.CallsOf(i), alone.CallsOf(i)); d != "" {
				t.Errorf("%d functions: calls of %d: %s", n, i, d)
			}
		}
		if again := save(t, got); !bytes.Equal(b, again) {
			t.Errorf("%d functions: saved again it has other bytes", n)
		}
	}
}

// A text that is not saved is the only thing that a round trip loses.
func TestTextsKept(t *testing.T) {
	for text, want := range map[string]bool{
		"/src/collect/reader.m": true, "inflate 1.2.13 Copyright": true, "com.halcyon.collector": true,
		"hello world": false, "%s.c": false, "": false, "1.2.13": false, "SELECT url FROM urls": false, "a.c": false,
	} {
		if got := keeps(&Feature{Kind: FeatureString, Text: text}); got != want {
			t.Errorf("%q: kept %v", text, got)
		}
	}
	if !keeps(&Feature{Kind: FeatureImport, Text: "x"}) || keeps(&Feature{Kind: FeatureConstant, Text: "12"}) {
		t.Error("imports are kept, constants are not")
	}
}

func TestDamage(t *testing.T) {
	set := randomSet(rand.New(rand.NewPCG(3, 4)), 40)
	whole := save(t, set)
	for i := headerSize + 256*entrySize/16; i < len(whole); i++ { // behind the table of sections
		c := slices.Clone(whole)
		c[i] ^= 0x10
		if s, err := Read(c); err == nil || s != nil {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	set.Hosts = nil // sections that may be left out: under another id they are skipped
	set.SetTables(nil, nil)
	b := save(t, set)
	for n := range b {
		if _, err := Read(b[:n]); err == nil {
			t.Fatalf("cut to %d of %d bytes: no error", n, len(b))
		}
	}
	for i := 8; i < len(b); i++ {
		c := slices.Clone(b)
		c[i] ^= 0x10
		s, err := Read(c)
		if err == nil && i >= headerSize { // in the header, image and arch are free
			t.Fatalf("byte %d changed: no error", i)
		}
		if err != nil && s != nil {
			t.Fatalf("byte %d changed: a set and an error", i)
		}
	}
	if _, err := Read([]byte("KMK")); !errors.Is(err, ErrNotMarks) {
		t.Error(err)
	}
	for at, want := range map[int]VersionError{4: {Format + 1, Algorithm}, 6: {Format, Algorithm + 1}} {
		c := slices.Clone(b)
		c[at]++
		var v *VersionError
		if _, err := Read(c); !errors.As(err, &v) || *v != want {
			t.Errorf("version byte %d changed: %v", at, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 1, 20} {
		f.Add(save(f, randomSet(r, n)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Read(b)
		if err != nil {
			if s != nil {
				t.Error("a set and an error")
			}
			return
		}
		for i := range s.Functions {
			for _, n := range s.FeaturesOf(i) {
				_ = s.Features[n]
			}
			for _, c := range s.CallsOf(i) {
				_ = s.Functions[c.Callee]
			}
		}
	})
}

// Two functions at one address are damage: whoever looks a function up by its
// address must meet one.
func TestOneAddressTwice(t *testing.T) {
	for addresses, fine := range map[[3]uint64]bool{{0, 64, 128}: true, {64, 64, 128}: false, {0, 64, 64}: false, {0, 0, 64}: false} {
		s := &Set{Image: sbom.DigestOf([]byte("x")), Arch: "arm64"}
		for i, a := range addresses {
			s.Append(Function{Address: a, Size: 8, Instructions: 9, Shape: Mark(i), Full: Mark(i)}, nil, nil)
		}
		var b bytes.Buffer
		if _, err := Write(&b, s); err != nil {
			t.Fatal(err)
		}
		_, err := Read(b.Bytes())
		var damage *DamageError
		if fine != (err == nil) || err != nil && !errors.As(err, &damage) {
			t.Errorf("functions at %v: %v", addresses, err)
		}
	}
}

// Literals with an address of the net are kept with their text, others are not,
// and marks and features do not depend on it.
func TestHosts(t *testing.T) {
	s := &Set{Image: sbom.DigestOf(nil), Arch: "arm64", Features: []Feature{
		{Kind: FeatureString, Hash: 1, Text: "https://intake.example.invalid/v1/upload"}, {Kind: FeatureString, Hash: 2, Text: "nobody speaks"},
		{Kind: FeatureString, Hash: 3, Text: "POST to wss://%s/feed"}, {Kind: FeatureString, Hash: 4, Text: "http://www.w3.org/2000/svg"}}}
	got, err := Read(save(t, s))
	if err != nil {
		t.Fatal(err)
	}
	want := []Host{{0, "https://intake.example.invalid/v1/upload"}, {2, "POST to wss://%s/feed"}}
	if d := cmp.Diff(want, got.Hosts); d != "" {
		t.Error(d)
	}
	if got.Features[0].Text != "" {
		t.Errorf("the address became the text of a feature: %q", got.Features[0].Text)
	}
	if string(save(t, got)) != string(save(t, s)) {
		t.Error("saved again, it is another file")
	}
	for _, text := range []string{"api.example.com", "example.org/v1?x=%d", "collect.example.invalid", "a-b.c.io"} {
		if !HasHost(text) {
			t.Errorf("%q names a host", text)
		}
	}
	for _, text := range []string{"", "com.example.app", "io.example.de", "Foo.com", "data.io", "a..com", ".com", "libz.1.dylib", "v1.2.3", "one example.com", "x.com", "https://", "http:/x", "com.example.https", `-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd`} {
		if HasHost(text) {
			t.Errorf("%q holds no address", text)
		}
	}
}

// What a section of tables may not say.
func TestDamagedTables(t *testing.T) {
	set := func(tables []TableOf, refers ...[2]uint32) *Set {
		s := randomSet(rand.New(rand.NewPCG(3, 4)), 4)
		s.SetTables(tables, refers)
		return s
	}
	for name, s := range map[string]*Set{
		"function":  set([]TableOf{{Functions: []uint32{4}}}),
		"table":     set([]TableOf{{Leads: []uint32{1}}}),
		"unsorted":  set([]TableOf{{Functions: []uint32{1, 1}}}),
		"refers to": set([]TableOf{{}}, [2]uint32{0, 1}),
	} {
		var damage *DamageError
		if got, err := Read(save(t, s)); got != nil || !errors.As(err, &damage) || damage.Section != sectionTables {
			t.Errorf("%s: %v", name, err)
		}
	}
}
