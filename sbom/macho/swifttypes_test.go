package macho

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// aClass has a method, an initialiser, a setter, a method of a kind that is not
// known, and an override.
func aClass(change func(*machotest.SwiftClass)) machotest.SwiftClass {
	c := machotest.SwiftClass{Name: "Collect.Reader", Fields: []string{"path", "rows"}, Methods: []uint32{0x10, 1, 0x13, 0x1f}, Overrides: 1}
	if change != nil {
		change(&c)
	}
	return c
}

func swiftImage(classes ...machotest.SwiftClass) []byte {
	return machotest.Image{Functions: 8, SwiftClasses: classes}.Build()
}

func TestSwiftTypes(t *testing.T) {
	for name, change := range map[string]func(*machotest.SwiftClass){
		"plain":                     nil,
		"generic":                   func(c *machotest.SwiftClass) { c.Params = 1 },
		"five parameters":           func(c *machotest.SwiftClass) { c.Params = 5 },
		"superclass far away":       func(c *machotest.SwiftClass) { c.FarSuper = true },
		"made in place":             func(c *machotest.SwiftClass) { c.Singleton = true },
		"all of that":               func(c *machotest.SwiftClass) { c.Params, c.FarSuper, c.Singleton = 4, true, true },
		"parameters not understood": func(c *machotest.SwiftClass) { c.Params, c.Extras = 1, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := aClass(change)
			code := one(t, swiftImage(c), Options{}).Code()
			checkCode(t, code)
			at := func(i int) uint64 { return code.Functions[i].Address }
			methods := []fingerprint.TypeMethod{{Address: at(1), Deed: "method"}, {Address: at(2), Deed: "init"}, {Address: at(3), Deed: "setter"}, {Address: at(5), Deed: "override"}}
			if c.Extras != 0 {
				methods = nil
			}
			want(t, "types", code.Types, []fingerprint.Type{{Name: "Collect.Reader", Accessor: at(0), Fields: []string{"path", "rows"}, Methods: methods}})
		})
	}
}

// TestSwiftTypeFeatures says which functions get a feature, and that no mark
// depends on it.
func TestSwiftTypeFeatures(t *testing.T) {
	with, _ := fingerprint.Pass(one(t, swiftImage(aClass(nil)), Options{}).Code())
	without, _ := fingerprint.Pass(one(t, swiftImage(), Options{}).Code())
	var got [][]string
	for i := range with.Functions {
		if with.Functions[i].Full != without.Functions[i].Full || with.Functions[i].Shape != without.Functions[i].Shape {
			t.Errorf("function %d has another mark", i)
		}
		l := []string{}
		for _, k := range with.FeaturesOf(i) {
			f := &with.Features[k]
			l = append(l, f.Text)
			if f.TypeOf() == "" {
				t.Errorf("%q is of no type", f.Text)
			}
		}
		got = append(got, l)
	}
	for i := range got[0] { // features are sorted by hash
		if got[0][i] == "Collect.Reader" {
			got[0][i], got[0][0] = got[0][0], got[0][i]
		}
	}
	if len(got[0]) != 3 || got[0][0] != "Collect.Reader" {
		t.Errorf("the accessor has %q", got[0])
	}
	want(t, "methods", got[1:], [][]string{{"Collect.Reader method"}, {"Collect.Reader init"}, {"Collect.Reader setter"}, {}, {"Collect.Reader override"}, {}, {}})
	if f := (fingerprint.Feature{Kind: fingerprint.FeatureMethod, Text: "-[Reader a.b]"}); f.TypeOf() != "" {
		t.Errorf("an Objective-C method is of type %q", f.TypeOf())
	}
}

// TestHostileSwiftTypes lies about the numbers in a descriptor.
func TestHostileSwiftTypes(t *testing.T) {
	swift := swiftImage(aClass(nil))
	table := bytes.Index(swift, []byte{10, 0, 0, 0, 4, 0, 0, 0}) // where the table of methods begins
	fields := bytes.Index(swift, []byte{1, 0, 12, 0, 2, 0, 0, 0})
	if table < 0 || fields < 0 {
		t.Fatal("no tables")
	}
	for name, c := range map[string]struct{ at, fields, methods int }{
		"methods": {table + 4, 2, 0},
		"fields":  {fields + 4, 0, 4},
		"records": {fields, 0, 4}, // of no size
	} {
		b := bytes.Clone(swift)
		value := uint32(0xffffffff)
		if name == "records" {
			value = 1
		}
		binary.LittleEndian.PutUint32(b[c.at:], value)
		code := one(t, b, Options{}).Code()
		checkCode(t, code)
		if len(code.Types) != 1 || len(code.Types[0].Fields) != c.fields || len(code.Types[0].Methods) != c.methods {
			t.Errorf("%s: %+v", name, code.Types)
		}
	}
	s := one(t, swiftImage(aClass(nil), aClass(func(c *machotest.SwiftClass) { c.Name = "Collect.Other" })), Options{MaxObjects: 4})
	if code := s.Code(); len(code.Types) != 1 || len(s.Gaps) == 0 {
		t.Errorf("beyond a limit: %+v, gaps %v", code.Types, s.Gaps)
	}
}

// TestForeignSwiftType: a type whose module is not in the image gives no feature.
func TestForeignSwiftType(t *testing.T) {
	b := swiftImage(aClass(nil))
	flags := bytes.Index(b, []byte{16, 0, 0, 0xc0})
	binary.LittleEndian.PutUint32(b[flags+4:], 0) // no parent
	if code := one(t, b, Options{}).Code(); len(code.Types) != 0 {
		t.Errorf("%+v", code.Types)
	}
}
