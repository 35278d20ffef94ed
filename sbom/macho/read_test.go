package macho

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// one reads an image of one slice and wants no gaps.
func one(t *testing.T, b []byte, o Options) *Slice {
	t.Helper()
	f, err := ReadBytes(b, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Slices) != 1 || len(f.Gaps)+len(f.Slices[0].Gaps) > 0 {
		t.Fatalf("%d slices, gaps %v %v", len(f.Slices), f.Gaps, f.Slices)
	}
	return &f.Slices[0]
}

// facts lists the facts of a kind as "value section", and checks the place of each.
func facts(t *testing.T, s *Slice, b []byte, kind sbom.FactKind) []string {
	t.Helper()
	var out []string
	for _, f := range s.Unit.Facts {
		if f.Kind != kind {
			continue
		}
		out = append(out, strings.TrimSpace(string(f.Value)+" "+f.Section))
		if at := b[s.Offset+f.Offset : s.Offset+f.Offset+f.Length]; f.Section != "__TEXT,__ustring" && !bytes.Equal(at, f.Value) {
			t.Errorf("%s %q: the file has %q there", kind, f.Value, at)
		}
	}
	return out
}

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Slice{})); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// TestSample reads everything that the builder can say, in both fixup formats.
func TestSample(t *testing.T) {
	for _, chained := range []bool{false, true} {
		t.Run(fmt.Sprint("chained=", chained), func(t *testing.T) {
			b := machotest.Sample(chained)
			s := one(t, b, Options{})
			m := s.Image
			want(t, "digest", m.Digest, sbom.DigestOf(b))
			want(t, "words", []string{m.Format, m.Arch, m.Type, m.InstallName, m.CompatVersion}, []string{"macho", "arm64", "dylib", "@rpath/libsample.dylib", "1.0.0"})
			want(t, "uuid", m.Identity(sbom.IdentUUID), "73616d706c6500000000000000000000")
			want(t, "loads", m.Loads, []sbom.Load{
				{Name: "/usr/lib/libobjc.A.dylib", Kind: "regular", Current: "1.2.3", Compat: "1.0.0", Imports: 1},
				{Name: "/usr/lib/libSystem.B.dylib", Kind: "regular", Current: "1.2.3", Compat: "1.0.0", Imports: 1}})
			want(t, "builds", m.Builds, []sbom.Build{{Platform: "macos", MinOS: "11.0", SDK: "11.0", Tools: []sbom.Tool{{Name: "ld", Version: "1025.0.0"}}}})
			want(t, "objc", [][]string{m.Classes, m.Categories, m.Protocols, m.SwiftTypes}, [][]string{{"Sample"}, {"NSString(Sample)"}, {"Sampling"}, {"Sample.Value"}})
			want(t, "counts", m.Counts, sbom.Counts{Functions: 3, Strings: 9, CFStrings: 2, Imports: 2, Exports: 2, Selectors: 5, Symbols: 5})
			want(t, "exports", s.Exports, []string{"_sample_one", "_sample_two"})
			want(t, "imports", s.Imports, []Import{{Name: "_OBJC_CLASS_$_NSString", Ordinal: 1}, {Name: "_open", Ordinal: 2}})
			want(t, "strings", facts(t, s, b, sbom.FactString), []string{"first literal __TEXT,__cstring", "second literal __TEXT,__cstring", "a record __TEXT,__cstring",
				"Größe __TEXT,__ustring", "Sample __TEXT,__objc_classname", "Sampling __TEXT,__objc_classname"})
			want(t, "cfstrings", facts(t, s, b, sbom.FactCFString), []string{"a record __TEXT,__cstring", "Größe __TEXT,__ustring"})
			want(t, "consts", facts(t, s, b, sbom.FactConst), []string{"constant text __TEXT,__const"})
			want(t, "selectors", facts(t, s, b, sbom.FactSelector), []string{"run __TEXT,__objc_methname", "stop: __TEXT,__objc_methname",
				"shared __TEXT,__objc_methname", "sampleText __TEXT,__objc_methname", "sentOnly __TEXT,__objc_methname"})
			want(t, "classes", facts(t, s, b, sbom.FactClass), []string{"Sample __TEXT,__objc_classname"})
			want(t, "class refs", facts(t, s, b, sbom.FactClassRef), []string{"NSString"})
			want(t, "import facts", facts(t, s, b, sbom.FactImport), []string{"OBJC_CLASS_$_NSString", "open"})
			want(t, "load facts", facts(t, s, b, sbom.FactLoad), []string{"/usr/lib/libobjc.A.dylib", "/usr/lib/libSystem.B.dylib"})
			if m.Stripped || m.Encrypted || m.Signature != nil || s.Unit.Image != m.Digest || s.Unit.Scope != sbom.ScopeImage {
				t.Errorf("stripped %v encrypted %v signature %v unit %+v", m.Stripped, m.Encrypted, m.Signature, s.Unit.Image)
			}
		})
	}
}

// TestLoadKinds reads all kinds of load, rpaths, versions and other types.
func TestLoadKinds(t *testing.T) {
	im := machotest.Image{Arch: "x86_64", Type: "bundle", Rpaths: []string{"@loader_path/../Frameworks", "/opt/lib"}, MinOS: 10<<16 | 15<<8 | 4, Exports: []string{"_x"}}
	kinds := []sbom.LoadKind{sbom.LoadRegular, sbom.LoadWeak, sbom.LoadReexport, sbom.LoadUpward, sbom.LoadLazy}
	for _, k := range kinds {
		im.Loads = append(im.Loads, machotest.Load{Name: "@rpath/" + string(k), Kind: string(k)})
	}
	for _, level := range []Level{Full, Basic} {
		f, err := ReadBytes(im.Build(), Options{Level: level})
		if err != nil {
			t.Fatal(err)
		}
		m := f.Slices[0].Image
		var got []sbom.LoadKind
		for _, l := range m.Loads {
			got = append(got, l.Kind)
		}
		want(t, "kinds", got, kinds)
		want(t, "rpaths", m.Rpaths, im.Rpaths)
		want(t, "words", []string{m.Arch, m.Type, m.Builds[0].MinOS}, []string{"x86_64", "bundle", "10.15.4"})
		want(t, "stripped", m.Stripped, level == Full) // the symbol table is not walked at Basic
	}
}

// TestUseCommand reads the newer form of a load command, which keeps the kind in flags.
func TestUseCommand(t *testing.T) {
	for flags, kind := range map[uint32]sbom.LoadKind{0: "regular", 1: "weak", 2: "re-export", 4: "upward", 8: "lazy"} {
		b := machotest.Image{Loads: []machotest.Load{{Name: "____/usr/lib/x.dylib"}}}.Build()
		i := bytes.Index(b, []byte("____")) // the name moves by one word, the flags take its place
		s := slice{bo: leOrder}
		s.bo.PutUint32(b[i-16:], useNameAt)
		s.bo.PutUint32(b[i-12:], useMarker)
		s.bo.PutUint32(b[i:], flags)
		m := one(t, b, Options{}).Image
		want(t, fmt.Sprint("flags ", flags), m.Loads, []sbom.Load{{Name: "/usr/lib/x.dylib", Kind: kind, Current: "1.2.3", Compat: "1.0.0"}})
	}
}

// TestOrdinals reads special and large ordinals and weak imports from each of
// the three sources.
func TestOrdinals(t *testing.T) {
	im := machotest.Image{Imports: []machotest.Import{{Name: "_main_has_it", Ordinal: -1}, {Name: "_anyone", Ordinal: -2, Weak: true}, {Name: "_self", Ordinal: 0}, {Name: "_far", Ordinal: 20}}}
	for range 20 {
		im.Loads = append(im.Loads, machotest.Load{Name: "/usr/lib/x.dylib"})
	}
	all := []Import{{"_anyone", OrdinalFlat, true}, {"_main_has_it", OrdinalMain, false}, {"_self", OrdinalSelf, false}, {"_far", 20, false}}
	for _, chained := range []bool{false, true} {
		for _, thinned := range []bool{false, true} {
			im.Chained, im.Thinned = chained, thinned
			s := one(t, im.Build(), Options{})
			want(t, fmt.Sprint("chained ", chained, " thinned ", thinned), s.Imports, all)
			want(t, "count of the load", s.Image.Loads[19].Imports, 1)
		}
	}
}

// TestSmallMethods reads relative method lists when the names are found no other way.
func TestSmallMethods(t *testing.T) {
	for _, chained := range []bool{false, true} {
		b := machotest.Image{Chained: chained, Arch: "arm64e", Classes: []machotest.Class{{Name: "A", Small: true, Methods: []string{"viaList"}, ClassMethods: []string{"viaMeta"}}}}.Build()
		// Rename the section, as linkers do that fold it into the C strings.
		b = bytes.Replace(b, []byte("__objc_methname\x00"), []byte("__folded\x00\x00\x00\x00\x00\x00\x00\x00"), 1)
		s := one(t, b, Options{})
		want(t, "selectors", facts(t, s, b, sbom.FactSelector), []string{"viaList __TEXT,__folded", "viaMeta __TEXT,__folded"})
	}
}

// TestEncrypted wants nothing from the encrypted range, and a gap that says so.
func TestEncrypted(t *testing.T) {
	im := machotest.Image{Crypt: true, Strings: []string{"looks like text"}, CFStrings: []string{"so does this"}, Const: []byte("and this constant"), Exports: []string{"_x"}}
	f, err := ReadBytes(im.Build(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := f.Slices[0]
	if !s.Image.Encrypted || s.Image.Counts.Strings != 0 || len(s.Gaps) != 1 || s.Gaps[0].Kind != sbom.GapEncrypted || s.Gaps[0].Image != s.Image.Digest {
		t.Errorf("encrypted %v, %d strings, gaps %+v", s.Image.Encrypted, s.Image.Counts.Strings, s.Gaps)
	}
	want(t, "exports", s.Exports, []string{"_x"})
}

// TestDSYM wants no literals from a symbol file.
func TestDSYM(t *testing.T) {
	s := one(t, machotest.Image{Type: "dsym", Strings: []string{"not code"}, Locals: []string{"_f"}}.Build(), Options{})
	if s.Image.Type != "dsym" || len(s.Unit.Facts) != 0 || s.Image.Stripped {
		t.Errorf("type %s, %d facts, stripped %v", s.Image.Type, len(s.Unit.Facts), s.Image.Stripped)
	}
}

// TestBasic wants the structure and a gap that says what was left out.
func TestBasic(t *testing.T) {
	f, err := ReadBytes(machotest.Sample(true), Options{Level: Basic})
	if err != nil {
		t.Fatal(err)
	}
	s, full := f.Slices[0], one(t, machotest.Sample(true), Options{})
	want(t, "identities", s.Image.Identities, full.Image.Identities)
	want(t, "symbols", s.Image.Counts, sbom.Counts{Symbols: 5})
	if len(s.Gaps) != 1 || s.Gaps[0].Kind != sbom.GapNotLookedAt || len(s.Exports)+len(s.Imports)+len(s.Image.Classes) > 0 {
		t.Errorf("gaps %+v, exports %v", s.Gaps, s.Exports)
	}
	if len(s.Image.Loads) != 2 || len(s.Unit.Facts) != 2 {
		t.Errorf("loads %v, facts %v", s.Image.Loads, s.Unit.Facts)
	}
}

// TestLimits hits each limit of the options and wants a gap and a short result.
func TestLimits(t *testing.T) {
	im := machotest.Image{Exports: []string{"_a", "_b", "_c"}, Strings: []string{"one", "two", "three", "@rpath/a.dylib", "@rpath/b.dylib"},
		Loads: []machotest.Load{{Name: "x"}}, Imports: []machotest.Import{{Name: "_p", Ordinal: 1}, {Name: "_q", Ordinal: 1}},
		Classes: []machotest.Class{{Name: "A"}, {Name: "B"}}}
	b := im.Build()
	for name, c := range map[string]struct {
		o     Options
		short func(s *Slice) bool
	}{
		"strings":  {Options{MaxStrings: 3}, func(s *Slice) bool { return len(s.Unit.Facts) == 3 && s.Image.Counts.Strings == 5 }},
		"imports":  {Options{MaxImports: 1}, func(s *Slice) bool { return len(s.Imports) == 1 }},
		"exports":  {Options{MaxExports: 2}, func(s *Slice) bool { return len(s.Exports) == 2 }},
		"symbols":  {Options{MaxSymbols: 1}, func(s *Slice) bool { return s.Image.Counts.Symbols == 1 }},
		"binds":    {Options{MaxBinds: 1}, func(s *Slice) bool { return true }},
		"objects":  {Options{MaxObjects: 1}, func(s *Slice) bool { return len(s.Image.Classes) == 1 }},
		"commands": {Options{MaxCommands: 2}, func(s *Slice) bool { return len(s.Image.Loads) == 0 }},
		"depth":    {Options{MaxDepth: 1}, func(s *Slice) bool { return len(s.Exports) == 0 }},
		"refs":     {Options{MaxRefs: 1}, func(s *Slice) bool { return len(s.References) == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := ReadBytes(b, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if s := &f.Slices[0]; len(s.Gaps) == 0 || !c.short(s) {
				t.Errorf("gaps %+v, image %+v, exports %v, imports %v", s.Gaps, s.Image, s.Exports, s.Imports)
			}
		})
	}
	if one(t, b, Options{}); t.Failed() {
		t.Error("the same image without limits has gaps")
	}
}

// TestDeterministic reads twice and wants equal results.
func TestDeterministic(t *testing.T) {
	b := machotest.Sample(true)
	want(t, "second reading", one(t, b, Options{}), one(t, slices.Clone(b), Options{}))
}
