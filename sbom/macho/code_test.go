package macho

import (
	"slices"
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// checkCode wants what fingerprint.Code promises.
func checkCode(t *testing.T, c *fingerprint.Code) {
	t.Helper()
	x := coder{out: c}
	end := uint64(0)
	for i, s := range c.Sections {
		if i > 0 && s.Address < end || len(s.Bytes) == 0 {
			t.Errorf("section %d at %#x with %d bytes", i, s.Address, len(s.Bytes))
		}
		end = s.Address + uint64(len(s.Bytes))
	}
	for i, f := range c.Functions {
		if !x.inCode(f.Address) || i > 0 && f.Address <= c.Functions[i-1].Address {
			t.Fatalf("function %d at %#x", i, f.Address)
		}
		if (f.Name == "") != (f.From == fingerprint.NameNone) || int(f.Object) > len(c.Objects) {
			t.Fatalf("function %+v", f)
		}
	}
	for _, r := range c.Roots {
		if x.function(r.Address) < 0 || r.Kind == 0 {
			t.Fatalf("root %+v is no function", r)
		}
	}
	for _, k := range c.Classes {
		for _, m := range k.Methods {
			if m.Selector == "" || !x.inCode(m.Address) {
				t.Fatalf("class %s: method %+v", k.Name, m)
			}
		}
	}
	for _, k := range c.Types {
		if k.Name == "" || k.Accessor != 0 && !x.inCode(k.Accessor) {
			t.Fatalf("type %q with its accessor at %#x", k.Name, k.Accessor)
		}
		for _, m := range k.Methods {
			if m.Deed == "" || !x.inCode(m.Address) {
				t.Fatalf("type %s: method %+v", k.Name, m)
			}
		}
	}
	if !slices.IsSortedFunc(c.Data, func(a, b fingerprint.Range) int { return int(int64(a.Address - b.Address)) }) {
		t.Error("data in code is not sorted")
	}
}
