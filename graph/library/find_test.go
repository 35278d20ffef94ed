package library

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

func digest(name string) sbom.Digest { return sbom.DigestOf([]byte(name)) }

// image is a dylib large enough to be tied by its code section, changed by mods.
func image(name string, mods ...func(*sbom.Image)) sbom.Image {
	m := sbom.Image{Digest: digest(name), Format: "macho", Arch: "arm64", Type: "dylib", Size: 1 << 20, Counts: sbom.Counts{Functions: 500},
		InstallName: "@rpath/lib" + name, Places: []sbom.Place{{Path: "Contents/Frameworks/" + name, File: digest("file " + name), Role: sbom.RoleLibrary}}}
	for _, f := range mods {
		f(&m)
	}
	return m
}

func ident(method, value string) func(*sbom.Image) {
	return func(m *sbom.Image) { m.Identities = append(m.Identities, sbom.Identity{Method: method, Value: value}) }
}

func signed(m *sbom.Image) { m.Signature = &sbom.Signature{} }
func named(install, version string) func(*sbom.Image) {
	return func(m *sbom.Image) { m.InstallName, m.CurrentVersion = install, version }
}
func at(place, file string) func(*sbom.Image) {
	return func(m *sbom.Image) { m.Places[0].Path, m.Places[0].File = place, digest(file) }
}
func arch(a string) func(*sbom.Image) { return func(m *sbom.Image) { m.Arch = a } }
func typ(t string) func(*sbom.Image)  { return func(m *sbom.Image) { m.Type, m.InstallName = t, "" } }

func product(name string, images ...sbom.Image) *sbom.Product {
	return &sbom.Product{ID: digest("product " + name), Kind: sbom.KindApp, Name: name, Paths: []string{name + ".app"},
		Bundles: []sbom.Bundle{{Kind: sbom.BundleApp, Name: name}}, Images: images}
}

func find(t testing.TB, products ...*sbom.Product) (*graph.Graph, []Library) {
	t.Helper()
	for _, p := range products {
		p.Normalize()
	}
	g, err := graph.Build(products)
	if err != nil {
		t.Fatal(err)
	}
	libs, _ := Find(g, Options{})
	if err := g.Validate(); err != nil {
		t.Fatalf("invalid graph: %v", err)
	}
	if err := Validate(libs); err != nil {
		t.Fatalf("invalid libraries: %v", err)
	}
	return g, libs
}

// TestLadder ties an image of one product to one of another, in both orders.
func TestLadder(t *testing.T) {
	cd, un := ident(sbom.IdentCDHash, "c"), ident(sbom.IdentUnsigned, "u")
	uuid, text := ident(sbom.IdentUUID, "0a"), ident(sbom.IdentText, "t")
	stub := func(m *sbom.Image) { m.Counts.Functions = minTextFunctions - 1 }
	tiny := func(m *sbom.Image) { m.Size = minTextImage - 1 }
	for _, tt := range []struct {
		name   string
		a, b   sbom.Image
		merged Rung // "" when they stay two
		edge   Rung // "" when there is no edge
	}{
		{"nothing", image("a"), image("b"), "", ""},
		{"bytes", image("a"), image("a"), RungBytes, ""},
		{"cdhash", image("a", cd, signed), image("b", cd, signed), RungCDHash, RungCDHash},
		{"cdhash, one unsigned", image("a", cd, signed), image("b", cd), "", ""},
		{"cdhash copied", image("a", cd, un, signed), image("b", cd, ident(sbom.IdentUnsigned, "u2"), signed), "", RungCopied},
		{"cdhash and UUID copied", image("a", cd, un, uuid, signed), image("b", cd, ident(sbom.IdentUnsigned, "u2"), uuid, signed), "", RungCopied},
		{"cdhash copied, same text", image("a", cd, un, text, signed), image("b", cd, ident(sbom.IdentUnsigned, "u2"), text, signed), RungText, RungText},
		{"unsigned", image("a", un), image("b", un), RungUnsigned, RungUnsigned},
		{"cdhash before unsigned", image("a", un, cd, signed), image("b", un, cd, signed), RungCDHash, RungCDHash},
		{"unsigned before text", image("a", un, text, uuid), image("b", un, text, uuid), RungUnsigned, RungUnsigned},
		{"unsigned, other arch", image("a", un), image("b", un, arch("x86_64")), "", ""},
		{"text", image("a", text), image("b", text), RungText, RungText},
		{"text merges where UUID does not", image("a", text, uuid), image("b", text, uuid), RungText, RungText},
		{"text, few functions", image("a", text, stub), image("b", text, stub), "", ""},
		{"text, small image", image("a", text, tiny), image("b", text, tiny), "", ""},
		{"UUID", image("a", uuid), image("b", uuid), "", RungUUID},
		{"UUID of zeros", image("a", ident(sbom.IdentUUID, "00")), image("b", ident(sbom.IdentUUID, "00")), "", ""},
		{"name and version", image("a", named("@rpath/X", "1.2")), image("b", named("/opt/X", "1.2")), "", RungName},
		{"name, other version", image("a", named("@rpath/X", "1.2")), image("b", named("@rpath/X", "1.3")), "", ""},
		{"name, no version", image("a", named("@rpath/X", "0.0.0")), image("b", named("@rpath/X", "0.0.0")), "", ""},
		{"symbols", image("a", un, typ("dsym")), image("b", un, typ("dsym")), "", ""},
		{"executables", image("a", un, typ("execute")), image("b", un, typ("execute")), RungUnsigned, RungUnsigned},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, q := product("P", tt.a), product("Q", tt.b)
			for _, order := range [][]*sbom.Product{{p, q}, {q, p}} {
				g, libs := find(t, order...)
				var merged, edge Rung
				if len(libs) > 0 {
					merged = libs[0].Rung
					if len(libs[0].Products) != 2 || len(libs) != 1 {
						t.Errorf("%d libraries, %d products", len(libs), len(libs[0].Products))
					}
				}
				for _, e := range g.Edges {
					if e.Kind == graph.EdgeSameAs {
						edge += Rung(e.Method)
					}
				}
				if merged != tt.merged || edge != tt.edge {
					t.Errorf("merged %q, edge %q; want %q, %q", merged, edge, tt.merged, tt.edge)
				}
			}
		})
	}
}

// TestCopiedCDHash: a signature that was put on other content says so between
// the libraries too, and is never called the same.
func TestCopiedCDHash(t *testing.T) {
	cd := ident(sbom.IdentCDHash, "c")
	a, b := image("a", cd, ident(sbom.IdentUnsigned, "u"), signed), image("b", cd, ident(sbom.IdentUnsigned, "u2"), signed)
	g, libs := find(t, product("P", a), product("Q", a), product("R", b), product("S", b))
	if len(libs) != 2 {
		t.Fatalf("%d libraries", len(libs))
	}
	for i, l := range libs {
		want := []SameAs{{Library: libs[1-i].ID, Rung: "same cdhash, other content"}}
		if d := cmp.Diff(want, l.SameAs); d != "" || l.Rung != RungBytes {
			t.Errorf("rung %q, %s", l.Rung, d)
		}
	}
	n := 0
	for _, e := range g.Edges {
		if e.Kind != graph.EdgeSameAs {
			continue
		}
		if n++; e.Method != "same cdhash, other content" {
			t.Errorf("%s -> %s by %q", e.From, e.To, e.Method)
		}
	}
	if n != 2 { // images, and libraries
		t.Errorf("%d same-as edges", n)
	}
}

// TestSlicesInDifferentLibraries: the architecture stands in a name only where
// the name alone would be there twice.
func TestSlicesInDifferentLibraries(t *testing.T) {
	kit := named("@rpath/CollectKit", "1.0")
	slice := func(name, file, cpu string) sbom.Image { return image(name, kit, at("CollectKit", file), arch(cpu)) }
	names := func(products ...*sbom.Product) string {
		g, libs := find(t, products...)
		var out []string
		for _, l := range libs {
			out = append(out, l.Name)
			if n, ok := g.Node(l.ID); !ok || n.Label != l.Name {
				t.Errorf("node of %s: %+v", l.Name, n)
			}
		}
		slices.Sort(out)
		return strings.Join(out, "; ")
	}
	arm, intel := slice("arm", "F1", "arm64"), slice("intel", "F1", "x86_64")
	arm2, intel2 := slice("arm", "F2", "arm64"), slice("other", "F2", "x86_64")
	p, q := product("P", arm, intel), product("Q", arm2, intel2)
	r, s := product("R", slice("intel", "F3", "x86_64")), product("S", image("tool"))
	if got := names(p, q, r, s); got != "CollectKit (arm64); CollectKit (x86_64)" {
		t.Errorf("two libraries: %s", got)
	}
	if got := names(p, product("T", arm, intel), s); got != "CollectKit" {
		t.Errorf("one fat library: %s", got)
	}
	v2 := slice("newer", "F4", "arm64")
	if got := names(product("P", arm), product("Q", arm), product("R", v2), product("S", v2)); got != "CollectKit; CollectKit" {
		t.Errorf("two builds for one architecture: %s", got)
	}
}

func TestWeakestTieThatWasNeeded(t *testing.T) {
	un, text := ident(sbom.IdentUnsigned, "u"), ident(sbom.IdentText, "t")
	_, libs := find(t, product("P", image("a", un, text)), product("Q", image("b", un, text)), product("R", image("c", text)))
	if len(libs) != 1 || libs[0].Rung != RungText || len(libs[0].Products) != 3 || len(libs[0].Images) != 3 {
		t.Errorf("with a copy of the same code section: %+v", libs)
	}
	_, libs = find(t, product("P", image("a", un, text)), product("Q", image("b", un, text)))
	if len(libs) != 1 || libs[0].Rung != RungUnsigned {
		t.Errorf("without it: %+v", libs)
	}
	cd := ident(sbom.IdentCDHash, "c")
	_, libs = find(t, product("P", image("a", un, text)), product("Q", image("b", un, cd, signed)), product("R", image("c", cd, text, signed)))
	if len(libs) != 1 || libs[0].Rung != RungUnsigned || len(libs[0].Images) != 3 {
		t.Errorf("a tie between two that others join: %+v", libs)
	}
}

func TestOneProductIsNoLibrary(t *testing.T) {
	un := ident(sbom.IdentUnsigned, "u")
	if _, libs := find(t, product("P", image("a", un), image("b", un))); len(libs) != 0 {
		t.Errorf("%+v", libs)
	}
}

func TestFatFiles(t *testing.T) {
	fat := func(name, file, a string, mods ...func(*sbom.Image)) sbom.Image {
		return image(name, append(mods, arch(a), at("Contents/Frameworks/fat", file), named("@rpath/libfat.dylib", "1.1"))...)
	}
	arm, intel := ident(sbom.IdentUnsigned, "arm"), ident(sbom.IdentUnsigned, "intel")
	p := product("P", fat("a1", "f1", "arm64", arm), fat("x1", "f1", "x86_64", intel))
	q := product("Q", fat("a2", "f2", "arm64", arm), fat("x2", "f2", "x86_64", intel)) // signed again
	_, libs := find(t, p, q)
	if len(libs) != 1 || len(libs[0].Images) != 4 || len(libs[0].Files) != 2 || libs[0].Rung != RungUnsigned || libs[0].Name != "libfat.dylib" {
		t.Fatalf("two fat files: %+v", libs)
	}
	same := product("S", p.Images...)
	_, libs = find(t, p, same)
	if len(libs) != 1 || libs[0].Rung != RungBytes || len(libs[0].Files) != 1 {
		t.Fatalf("one fat file: %+v", libs)
	}
	want := []string{string(digest("a1")), string(digest("x1"))}
	slices.Sort(want)
	if libs[0].ID != "library:"+string(sbom.DigestOfList(want)) {
		t.Errorf("id %s", libs[0].ID)
	}
	if g, _ := find(t, p, same); slices.ContainsFunc(g.Edges, func(e graph.Edge) bool { return e.Kind == graph.EdgeSameAs }) {
		t.Error("the slices of one file are tied by their name")
	}
	thin := product("R", fat("a1", "f3", "arm64", arm))
	if _, libs = find(t, p, thin); len(libs) != 1 || libs[0].ID != "library:"+string(digest("a1")) || len(libs[0].Files) != 2 {
		t.Errorf("fat and thin: %+v", libs)
	}
	if _, libs = find(t, p, same, thin); len(libs) != 2 {
		t.Errorf("fat, fat and thin: %d libraries, want one per slice", len(libs))
	}
}

func TestManyCopies(t *testing.T) {
	var list []*sbom.Product
	for i := range 3 * allPairs {
		list = append(list, product(fmt.Sprint("P", i), image(fmt.Sprint("i", i), ident(sbom.IdentUnsigned, "u"), ident(sbom.IdentUUID, "1"))))
	}
	g, libs := find(t, list...)
	if len(libs) != 1 || len(libs[0].Products) != len(list) || libs[0].Rung != RungUnsigned {
		t.Fatalf("%+v", libs)
	}
	n := 0
	for _, e := range g.Edges {
		if e.Kind == graph.EdgeSameAs {
			n++
		}
	}
	if n != len(list)-1 {
		t.Errorf("%d edges for %d copies", n, len(list))
	}
}

func TestTwoBuilds(t *testing.T) {
	v1, v2 := image("a", named("@rpath/X", "1.2"), ident(sbom.IdentUUID, "1")), image("b", named("@rpath/X", "1.2"), ident(sbom.IdentUUID, "1"))
	g, libs := find(t, product("P", v1), product("Q", v1), product("R", v2), product("S", v2))
	if len(libs) != 2 {
		t.Fatalf("%d libraries", len(libs))
	}
	for i, l := range libs {
		if len(l.SameAs) != 1 || l.SameAs[0] != (SameAs{Library: libs[1-i].ID, Rung: RungUUID}) {
			t.Errorf("library %d: %+v", i, l.SameAs)
		}
	}
	n := 0
	for _, e := range g.Out(libs[0].ID) {
		if e.Kind == graph.EdgeSameAs && e.To == libs[1].ID && e.Method == string(RungUUID) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d same-as edges from the first library to the second", n)
	}
}

func TestStrongestTieBetweenLibraries(t *testing.T) {
	u, v := ident(sbom.IdentUnsigned, "u"), ident(sbom.IdentUnsigned, "v")
	uuid, name := ident(sbom.IdentUUID, "1"), named("@rpath/X", "1.2")
	for _, order := range [][2]string{{"1", "2"}, {"2", "1"}} {
		byUUID, byName := order[0], order[1]
		_, libs := find(t, product("P", image("a"+byUUID, u, uuid)), product("Q", image("a"+byName, u, name)),
			product("R", image("b"+byUUID, v, uuid)), product("S", image("b"+byName, v, name)))
		if len(libs) != 2 || len(libs[0].SameAs) != 1 || libs[0].SameAs[0].Rung != RungUUID {
			t.Errorf("%+v", libs)
		}
	}
}

func TestName(t *testing.T) {
	l := func(name, place string) sbom.Image {
		m := image(name, typ("execute"), ident(sbom.IdentUnsigned, "u"))
		m.Places[0].Path = place
		return m
	}
	_, libs := find(t, product("P", l("a", "x/tool")), product("Q", l("b", "y/helper")), product("R", l("c", "helper")))
	if len(libs) != 1 || libs[0].Name != "helper" {
		t.Errorf("most common: %+v", libs)
	}
	_, libs = find(t, product("P", l("a", "x/tool")), product("Q", l("b", "y/helper")))
	if len(libs) != 1 || libs[0].Name != "helper" {
		t.Errorf("as common: %+v", libs)
	}
}

func TestBackground(t *testing.T) {
	framework := func(m *sbom.Image) {
		m.InstallName = "@rpath/Electron Framework.framework/Electron Framework"
	}
	inside := func(m *sbom.Image) {
		m.InstallName = "@rpath/Electron Framework.framework/Libraries/libcollect.dylib"
		m.Places[0].Path = "Contents/Frameworks/Electron Framework.framework/Libraries/libcollect.dylib"
	}
	helper := func(m *sbom.Image) {
		m.Type, m.InstallName = "execute", ""
		m.Places[0].Path, m.Places[0].Role = "Contents/Helpers/chrome_crashpad_handler", sbom.RoleHelper
	}
	main := func(m *sbom.Image) { helper(m); m.Places[0].Role = sbom.RoleMain }
	bundle := func(m *sbom.Image) { m.Places[0].Bundle = "Contents/Frameworks/S.framework" }
	tag := func(grade sbom.Grade, flags ...string) *sbom.Tag {
		return &sbom.Tag{Capability: "browser.history.read", Grade: grade, Image: digest("a"), Rule: "r", Stores: []string{"safari"}, Flags: flags,
			Evidence: []sbom.Evidence{{}}}
	}
	for _, tt := range []struct {
		name string
		m    sbom.Image
		tag  *sbom.Tag
		want bool
		why  string
	}{
		{"unknown", image("a"), nil, false, "not among"},
		{"framework", image("a", framework), nil, true, "Electron runtime, by its name alone"},
		{"dylib inside a framework", image("a", inside), nil, false, "not among"},
		{"library", image("a", named("@rpath/libswiftCore.dylib", "")), nil, true, "Swift runtime"},
		{"only like a library", image("a", named("@rpath/mylibswiftCore.dylib", "")), nil, false, "not among"},
		{"helper", image("a", helper), nil, true, "Crashpad"},
		{"main executable", image("a", main), nil, false, "not among"},
		{"bundle id", image("a", bundle), nil, true, "Sparkle"},
		{"reads a store", image("a", framework), tag(sbom.GradeLikely), false, "does not clear code with browser.history.read"},
		{"mentions a store", image("a", framework), tag(sbom.GradeMentions), true, "Electron"},
		{"browser engine", image("a", framework), tag(sbom.GradeLikely, sbom.FlagEngine), true, "Electron"},
	} {
		p, q := product("P", tt.m), product("Q", tt.m)
		for _, x := range []*sbom.Product{p, q} {
			x.Bundles = append(x.Bundles, sbom.Bundle{Path: "Contents/Frameworks/S.framework", ID: "org.sparkle-project.Sparkle"})
		}
		if tt.tag != nil {
			p.Tags = []sbom.Tag{*tt.tag}
		}
		_, libs := find(t, p, q)
		if len(libs) != 1 || libs[0].Background != tt.want || !strings.Contains(libs[0].Why, tt.why) {
			t.Errorf("%s: %+v", tt.name, libs)
		}
	}
}

func TestBackgroundList(t *testing.T) {
	list, err := parseNames(backgroundText)
	if err != nil || len(list) < 20 {
		t.Fatalf("%d entries, %v", len(list), err)
	}
	for _, n := range list {
		if strings.Trim(n.pattern, "*?") == "" {
			t.Errorf("pattern %q fits everything", n.pattern)
		}
	}
	for _, bad := range []string{"framework X", "framework = Y", "thing X = Y", "library [ = Y", "library X = "} {
		if _, err := parseNames("# fine\n" + bad); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFindTwice(t *testing.T) {
	g, libs := find(t, family(rand.New(rand.NewPCG(3, 4)))...)
	before := slices.Clone(g.Edges)
	again, _ := Find(g, Options{})
	if d := cmp.Diff(libs, again); d != "" {
		t.Errorf("libraries: %s", d)
	}
	if d := cmp.Diff(before, g.Edges); d != "" {
		t.Errorf("edges: %s", d)
	}
}

// TestOrder gives random families in two orders.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range 30 {
		list := family(r)
		g, libs := find(t, list...)
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		g2, libs2 := find(t, list...)
		if d := cmp.Diff(libs, libs2); d != "" {
			t.Fatalf("libraries: %s", d)
		}
		if d := cmp.Diff(g, g2, cmpopts.IgnoreUnexported(graph.Graph{})); d != "" {
			t.Fatalf("graph: %s", d)
		}
		found += len(libs)
	}
	if found < 30 {
		t.Errorf("only %d libraries in 30 families", found)
	}
}

// family makes products whose images are tied at random on all rungs.
func family(r *rand.Rand) []*sbom.Product {
	var pool []sbom.Image
	for i := range 12 {
		m := image(fmt.Sprint("i", i), named(fmt.Sprint("@rpath/l", r.IntN(4)), fmt.Sprint("1.", r.IntN(2))), at(fmt.Sprint("f", i), fmt.Sprint("file", r.IntN(10))))
		if r.IntN(2) == 0 {
			signed(&m)
		}
		for _, k := range []string{sbom.IdentCDHash, sbom.IdentUnsigned, sbom.IdentUUID, sbom.IdentText} {
			if r.IntN(2) == 0 {
				ident(k, fmt.Sprint(1+r.IntN(5)))(&m)
			}
		}
		pool = append(pool, m)
	}
	var list []*sbom.Product
	for i := range 5 {
		p := product(fmt.Sprint("P", i))
		for _, j := range r.Perm(len(pool))[:4] {
			m := pool[j]
			m.Places = slices.Clone(m.Places)
			m.Identities = slices.Clone(m.Identities)
			p.Images = append(p.Images, m)
		}
		list = append(list, p)
	}
	return list
}

func BenchmarkFind(b *testing.B) {
	var list []*sbom.Product
	for i := range 1000 {
		p := product(fmt.Sprint("P", i))
		for j := range 50 {
			n := fmt.Sprintf("shared %d of %d", j, i%10)
			if j%2 == 0 {
				n = fmt.Sprintf("own %d of %d", j, i)
			}
			p.Images = append(p.Images, image(n, ident(sbom.IdentUnsigned, fmt.Sprint(j, i%100)), ident(sbom.IdentUUID, fmt.Sprint("1", j))))
		}
		p.Normalize()
		list = append(list, p)
	}
	for b.Loop() {
		b.StopTimer()
		g, err := graph.Build(list)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if libs, _ := Find(g, Options{}); len(libs) == 0 {
			b.Fatal("nothing found")
		}
	}
}
