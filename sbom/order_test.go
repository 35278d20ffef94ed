package sbom

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inFileOrder are the lists whose order has a meaning, by noun and field.
var inFileOrder = []string{"Image.Loads", "Image.Rpaths", "Image.Builds", "Build.Tools", "Evidence.Bytes", "Evidence.Meaning"}

// variants are a few values of a type; of a struct, for each of its fields a
// few that differ in that field only. A sort that forgets a field leaves two of
// them in the order in which they came.
func variants(t reflect.Type) []reflect.Value {
	switch t.Kind() {
	case reflect.String:
		var out []reflect.Value
		for _, s := range []string{"b", "", "a"} {
			out = append(out, reflect.ValueOf(s).Convert(t))
		}
		return out
	case reflect.Bool:
		return []reflect.Value{reflect.ValueOf(true), reflect.ValueOf(false)}
	case reflect.Int, reflect.Int64, reflect.Uint8, reflect.Uint32, reflect.Uint64:
		var out []reflect.Value
		for _, n := range []int{2, 0, 1} {
			out = append(out, reflect.ValueOf(n).Convert(t))
		}
		return out
	case reflect.Pointer:
		out := []reflect.Value{reflect.Zero(t)}
		for _, v := range variants(t.Elem()) {
			p := reflect.New(t.Elem())
			p.Elem().Set(v)
			out = append(out, p)
		}
		return out
	case reflect.Slice:
		all := reflect.Zero(t)
		for _, v := range variants(t.Elem()) {
			all = reflect.Append(all, v)
		}
		return []reflect.Value{reflect.MakeSlice(t, 0, 0), all}
	case reflect.Struct:
		var out []reflect.Value
		for i := range t.NumField() {
			for _, v := range variants(t.Field(i).Type) {
				s := reflect.New(t).Elem()
				s.Field(i).Set(v)
				out = append(out, s)
			}
		}
		return out
	}
	panic("no variants of " + t.String())
}

// crowded is a product with every variant of everything in its lists. Things
// that a finished product has once only (a bundle path, an image, a key of a
// reason) are there once.
func crowded() *Product {
	p := &Product{ID: id("p"), Name: "p"}
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice {
			f.Set(variants(f.Type())[1])
		}
	}
	for i := range p.Bundles {
		p.Bundles[i].Path = string(rune('a' + i))
	}
	for i := range p.Images {
		p.Images[i].Digest = id(string(rune('a' + i)))
	}
	p.Coverage.Reasons = []Reason{{StatusSkipped, "b", 1}, {StatusUnreadable, "a", 2}, {StatusSkipped, "a", 4}, {StatusUnreadable, "b", 8}}
	return p
}

// eachList calls f with every list below v whose order has no meaning.
func eachList(v reflect.Value, f func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachList(v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachList(v.Index(i), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			if v.Field(i).Kind() == reflect.Slice && !slices.Contains(inFileOrder, name) {
				f(v.Field(i))
			}
			eachList(v.Field(i), f)
		}
	}
}

func TestNormalizeIsTheSameInAnyOrder(t *testing.T) {
	want := crowded()
	want.Normalize()
	lists := 0
	eachList(reflect.ValueOf(crowded()), func(reflect.Value) { lists++ })
	if lists < 100 {
		t.Fatalf("only %d lists to put into another order", lists)
	}
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		got := crowded()
		eachList(reflect.ValueOf(got), func(l reflect.Value) {
			r.Shuffle(l.Len(), reflect.Swapper(l.Interface()))
		})
		got.Normalize()
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("order %d: %s", seed, d)
		}
	}
}

func TestNormalizeTwiceIsNormalizeOnce(t *testing.T) {
	once, twice := crowded(), crowded()
	once.Normalize()
	twice.Normalize()
	twice.Normalize()
	if d := cmp.Diff(once, twice); d != "" {
		t.Error(d)
	}
}

// Every list, at every depth, file order or not.
func TestNormalizeMakesEmptyListsNil(t *testing.T) {
	var empty func(v reflect.Value, spoil bool, path string)
	empty = func(v reflect.Value, spoil bool, path string) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				empty(v.Elem(), spoil, path)
			}
		case reflect.Slice:
			if v.Len() == 0 && spoil {
				v.Set(reflect.MakeSlice(v.Type(), 0, 1))
			}
			if v.Len() == 0 && !spoil && !v.IsNil() {
				t.Errorf("%s is empty and not nil", path)
			}
			for i := range v.Len() {
				empty(v.Index(i), spoil, path)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				empty(v.Field(i), spoil, path+"."+v.Type().Field(i).Name)
			}
		}
	}
	for name, p := range map[string]*Product{
		"nothing": {},
		"one of each": {Bundles: []Bundle{{Privacy: &Privacy{}, Nibs: &Nibs{}}}, Packages: []Package{{}}, Tags: []Tag{{}, {Evidence: []Evidence{{}}}},
			Links: []Link{{}, {Evidence: []Evidence{{}}}}, Images: []Image{{Signature: &Signature{}}, {Builds: []Build{{}}}}},
	} {
		empty(reflect.ValueOf(p), true, name)
		p.Normalize()
		empty(reflect.ValueOf(p), false, name)
	}
}

// The order of loads is the library ordinal, dyld tries rpaths in order.
func TestNormalizeKeepsFileOrder(t *testing.T) {
	image := func() Image {
		return Image{Loads: []Load{{Name: "b"}, {Name: "a"}, {Name: "b"}}, Rpaths: []string{"z", "y", "z"},
			Builds: []Build{{Platform: "macos", Tools: []Tool{{Name: "swift"}, {Name: "clang"}}}, {Platform: "ios"}}}
	}
	p := &Product{Images: []Image{image()}}
	p.Normalize()
	if d := cmp.Diff(image(), p.Images[0]); d != "" {
		t.Error(d)
	}
}

func TestNormalizeDropsWhatIsThereTwice(t *testing.T) {
	k := Package{PURL: "pkg:npm/left@1", Licenses: []string{"MIT", "ISC"}}
	same := Package{PURL: "pkg:npm/left@1", Licenses: []string{"ISC", "MIT"}}
	other := Package{PURL: "pkg:npm/left@1", Place: "elsewhere"}
	p := &Product{Paths: []string{"b", "a", "b"}, Packages: []Package{other, k, same}, Images: []Image{{Classes: []string{"B", "A", "B"}}}}
	p.Normalize()
	if want := []string{"a", "b"}; !slices.Equal(p.Paths, want) {
		t.Errorf("paths are %q, want %q", p.Paths, want)
	}
	if want := []string{"A", "B"}; !slices.Equal(p.Images[0].Classes, want) {
		t.Errorf("classes are %q, want %q", p.Images[0].Classes, want)
	}
	if len(p.Packages) != 2 {
		t.Errorf("%d packages, want two: one in two orders of its licences is one, one at another place is another", len(p.Packages))
	}
}

// What people read first stands first.
func TestSortedByWhatTheNounSays(t *testing.T) {
	at := uint64(7)
	p := &Product{
		Bundles: []Bundle{{Path: "a"}, {Path: ""}},
		Tags:    []Tag{{Capability: "b"}, {Capability: "a", Image: "2"}, {Capability: "a", Image: "1", Address: &at}, {Capability: "a", Image: "1", Rule: "z"}},
		Links:   []Link{{From: "2", Kind: LinkCalls}, {From: "1", Kind: LinkLoads}, {From: "1", Kind: LinkCalls, Seen: true}, {From: "1", Kind: LinkCalls}},
		Gaps:    []Gap{{Path: "b"}, {Path: "a", Kind: GapTimeout}, {Path: "a", Kind: GapLimit, Offset: 9}, {Path: "a", Kind: GapLimit, Offset: -1}},
	}
	want := &Product{
		Bundles: []Bundle{{Path: ""}, {Path: "a"}},
		Tags:    []Tag{{Capability: "a", Image: "1", Rule: "z"}, {Capability: "a", Image: "1", Address: &at}, {Capability: "a", Image: "2"}, {Capability: "b"}},
		Links:   []Link{{From: "1", Kind: LinkCalls}, {From: "1", Kind: LinkCalls, Seen: true}, {From: "1", Kind: LinkLoads}, {From: "2", Kind: LinkCalls}},
		Gaps:    []Gap{{Path: "a", Kind: GapLimit, Offset: -1}, {Path: "a", Kind: GapLimit, Offset: 9}, {Path: "a", Kind: GapTimeout}, {Path: "b"}},
	}
	p.Normalize()
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
}

func TestCoverageAdds(t *testing.T) {
	var c, o Coverage
	c.AddAnalysed(2)
	c.AddSkipped("not code", 3)
	c.AddUnreadable("truncated", 1)
	c.AddSkipped("not code", 4)
	o.AddUnreadable("not code", 5) // the same words, another status
	o.AddSkipped("not code", 1)
	o.AddAnalysed(10)
	o.AddSkipped("a link", 2)
	given := Coverage{o.Files, o.Analysed, o.Skipped, o.Unreadable, slices.Clone(o.Reasons)}
	c.Add(o)
	want := Coverage{Files: 28, Analysed: 12, Skipped: 10, Unreadable: 6, Reasons: []Reason{
		{StatusSkipped, "a link", 2}, {StatusSkipped, "not code", 8}, {StatusUnreadable, "not code", 5}, {StatusUnreadable, "truncated", 1}}}
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(given, o); d != "" {
		t.Errorf("the coverage that was added changed: %s", d)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
