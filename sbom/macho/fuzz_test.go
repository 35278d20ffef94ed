package macho

import (
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// FuzzRead looks for panics, and checks what must hold of every result: facts
// and gaps lie inside the file, lists are bounded by it.
func FuzzRead(f *testing.F) {
	f.Add(machotest.Sample(false))
	f.Add(machotest.Sign(machotest.Sample(true), machotest.Signature{Identifier: "x", Team: "T", Entitlements: entitlementsXML}))
	f.Add(machotest.Fat(machotest.Image{}.Build(), machotest.Image{Arch: "x86_64"}.Build()))
	f.Add(machotest.Image{Arch: "arm64e", Chained: true, Classes: []machotest.Class{{Name: "A", Small: true, Methods: []string{"m"}}}}.Build())
	f.Add(swiftImage(aClass(nil), aClass(func(c *machotest.SwiftClass) { c.Params, c.FarSuper, c.Singleton = 3, true, true })))
	object := machotest.Sample(false)
	object[12] = 1
	f.Add(object)
	start := uint64(1<<32 + 0x1000)
	f.Add(machotest.Image{Functions: 3, Unlisted: true, Extra: []machotest.Section{{Segment: "__TEXT", Name: "__gopclntab", Data: goTableBytes(pcln120, start, start)},
		{Segment: "__TEXT", Name: "__unwind_info", Data: unwindBytes(0x1000, 16)}}}.Build())
	f.Add(goImage(append(goTypeBytes(25, 80, 16, 16), goTypeBytes(22, 56, 16, 16)...)))
	f.Add(machotest.Image{Chained: true, Loads: []machotest.Load{{Name: "libc++.1.dylib"}}, Imports: []machotest.Import{{Name: "__ZTVN10__cxxabiv117__class_type_infoE", Ordinal: 1},
		{Name: "__NSConcreteGlobalBlock", Ordinal: 1}}}.Build())
	for _, b := range machotest.Hostiles() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := ReadBytes(b, Options{})
		if err != nil {
			if file != nil {
				t.Error("a file along with an error")
			}
			return
		}
		for i := range file.Slices {
			checkSlice(t, b, &file.Slices[i])
			probe(t, b, &file.Slices[i])
			checkSlice(t, b, &file.Slices[i])
		}
		if _, err := ReadBytes(b, Options{Level: Basic}); err != nil {
			t.Errorf("readable in full, but not at basic level: %v", err)
		}
	})
}

func checkSlice(t *testing.T, b []byte, s *Slice) {
	end := s.Offset + s.Image.Size
	if s.Offset < 0 || end > int64(len(b)) {
		t.Fatalf("slice at %d of %d bytes, in %d", s.Offset, s.Image.Size, len(b))
	}
	total := 0
	for _, f := range s.Unit.Facts {
		if f.Offset < -1 || f.Length < 0 || f.Offset+f.Length > s.Image.Size {
			t.Fatalf("fact %+v lies outside", f)
		}
		total += len(f.Value)
	}
	if limit := 16*len(b) + 8*spareAllowance; total > limit {
		t.Errorf("%d bytes of facts from %d bytes", total, len(b))
	}
	for _, g := range s.Gaps {
		if g.Offset < -1 || g.Offset > int64(len(b)) || g.Count < 1 || g.Why == "" || g.Image != s.Image.Digest {
			t.Errorf("gap %+v", g)
		}
	}
	if s.Image.Identity(sbom.IdentUnsigned) == "" || !s.Image.Digest.Valid() {
		t.Error("no identity")
	}
}
