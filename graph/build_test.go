package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kinbom/kinbom/sbom"
)

func digest(name string) sbom.Digest { return sbom.DigestOf([]byte(name)) }

// image makes an arm64 image at a place; type and role follow from the path.
func image(name, place, bundle string) sbom.Image {
	m := sbom.Image{Digest: digest(name), Format: "macho", Arch: "arm64", Type: "dylib", Size: 1000,
		Places: []sbom.Place{{Path: place, File: digest("file " + name), Bundle: bundle, Role: sbom.RoleLibrary}}}
	switch {
	case strings.Contains(place, "MacOS/"):
		m.Type, m.Places[0].Role = "execute", sbom.RoleMain
	case strings.Contains(place, ".dSYM/"):
		m.Type, m.Places[0].Role = "dsym", sbom.RoleSymbols
	default:
		m.InstallName = "@rpath/" + name
	}
	return m
}

func product(name string, images ...sbom.Image) *sbom.Product {
	return &sbom.Product{ID: digest("product " + name), Kind: sbom.KindApp, Name: name, Paths: []string{"apps/" + name + ".app"},
		Bundles: []sbom.Bundle{{Kind: sbom.BundleApp, Role: sbom.RoleMain, Name: name}}, Images: images}
}

func inside(kind sbom.LinkKind, from, to string) sbom.Link {
	return sbom.Link{Kind: kind, From: digest(from), To: digest(to), Target: sbom.TargetInside, Name: "@rpath/" + to, How: "@rpath"}
}

func leaving(target sbom.Target, from, name string, symbols ...string) sbom.Link {
	return sbom.Link{Kind: sbom.LinkLoads, From: digest(from), Target: target, Name: name, Load: sbom.LoadRegular, How: "absolute", Symbols: symbols}
}

func tag(image, capability string, grade sbom.Grade, rule string) sbom.Tag {
	return sbom.Tag{Capability: capability, Grade: grade, Image: digest(image), Rule: rule,
		Evidence: []sbom.Evidence{{Bytes: []byte("x"), Length: 1}}}
}

// mustBuild normalizes, builds and validates.
func mustBuild(t testing.TB, products ...*sbom.Product) *Graph {
	t.Helper()
	for _, p := range products {
		p.Normalize()
	}
	g, err := Build(products)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Validate(); err != nil {
		t.Fatalf("invalid graph: %v", err)
	}
	return g
}

// shown writes the edges of some kinds for people, digests replaced by names.
func shown(g *Graph, names []string, kinds ...EdgeKind) []string {
	var pairs []string
	for _, n := range names {
		pairs = append(pairs, string(digest(n)), n)
	}
	r := strings.NewReplacer(pairs...)
	var list []string
	for _, e := range g.Edges {
		if !slices.Contains(kinds, e.Kind) {
			continue
		}
		s := fmt.Sprintf("%s %s %s", r.Replace(e.From), e.Kind, r.Replace(e.To))
		if e.Outside {
			s += " outside"
		}
		if e.Method != "" {
			s += " (" + e.Method + ")"
		}
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s: -want +got\n%s", what, d)
	}
}

func TestContains(t *testing.T) {
	p := product("A", image("main", "Contents/MacOS/A", ""), image("fw", "Contents/Frameworks/F.framework/F", "Contents/Frameworks/F.framework"),
		image("deep", "Contents/Frameworks/F.framework/XPC/X.xpc/X", "Contents/Frameworks/F.framework/XPC/X.xpc"),
		image("lost", "Contents/Gone.bundle/l", "Contents/Gone.bundle"))
	p.Bundles = append(p.Bundles, sbom.Bundle{Path: "Contents/Frameworks/F.framework"}, sbom.Bundle{Path: "Contents/Frameworks/F.framework/XPC/X.xpc"})
	p.Images[1].Places = append(p.Images[1].Places, sbom.Place{Path: "Contents/Frameworks/F.framework/Versions/A/F", Bundle: "Contents/Frameworks/F.framework"})
	p.Packages = []sbom.Package{{PURL: "pkg:npm/a@1", Name: "a", Place: "x.json", FoundBy: "js"}, {Name: "b", Type: "npm", Version: "2", Place: "y.json", Bundle: "Contents/Frameworks/F.framework", FoundBy: "js"}}
	p.Tags = []sbom.Tag{tag("fw", "c", sbom.GradeLikely, "r")}
	addr := uint64(0x4a0)
	p.Tags[0].Address = &addr
	g := mustBuild(t, p)
	names := []string{"main", "fw", "deep", "lost", "product A"}
	same(t, "contains", shown(g, names, EdgeContains, EdgeHas), []string{
		"bundle:product A/ contains bundle:product A/Contents/Frameworks/F.framework (bundle contents)",
		"bundle:product A/ contains image:lost (bundle contents)",
		"bundle:product A/ contains image:main (bundle contents)",
		"bundle:product A/ contains package:pkg:npm/a@1 (js)",
		"bundle:product A/Contents/Frameworks/F.framework contains bundle:product A/Contents/Frameworks/F.framework/XPC/X.xpc (bundle contents)",
		"bundle:product A/Contents/Frameworks/F.framework contains image:fw (bundle contents)",
		"bundle:product A/Contents/Frameworks/F.framework contains image:fw (bundle contents)",
		"bundle:product A/Contents/Frameworks/F.framework contains package:npm/b@2 (js)",
		"bundle:product A/Contents/Frameworks/F.framework/XPC/X.xpc contains image:deep (bundle contents)",
		"image:fw contains unit:fw@4a0 (code unit)",
		"product:product A contains bundle:product A/ (bundle contents)",
		"unit:fw@4a0 has capability:c (likely)",
	})
}

func TestBareExecutable(t *testing.T) {
	p := product("tool", image("main", "MacOS/tool", ""))
	p.Kind, p.Bundles = sbom.KindExecutable, nil
	g := mustBuild(t, p)
	same(t, "contains", shown(g, []string{"main", "product tool"}, EdgeContains), []string{"product:product tool contains image:main (bundle contents)"})
}

func TestLinks(t *testing.T) {
	p := product("A", image("main", "Contents/MacOS/A", ""), image("lib", "Contents/Frameworks/lib", ""), image("sym", "A.dSYM/A", ""))
	p.Images[0].Identities = []sbom.Identity{{Method: sbom.IdentUUID, Value: "u1"}}
	p.Images[2].Identities = []sbom.Identity{{Method: sbom.IdentUUID, Value: "u1"}}
	p.Links = []sbom.Link{
		inside(sbom.LinkLoads, "main", "lib"), inside(sbom.LinkCalls, "main", "lib"), inside(sbom.LinkOpens, "lib", "main"),
		inside(sbom.LinkLoads, "lib", "lib"), inside(sbom.LinkLoads, "main", "sym"), inside(sbom.LinkLoads, "sym", "lib"),
		leaving(sbom.TargetSystem, "main", "/usr/lib/libz.dylib"), leaving(sbom.TargetMissing, "main", "@rpath/no"),
		leaving(sbom.TargetOutside, "main", "/opt/no", "_f"),
	}
	p.Tags = []sbom.Tag{tag("sym", "c", sbom.GradeLikely, "r")}
	g := mustBuild(t, p)
	names := []string{"main", "lib", "sym", "product A"}
	same(t, "reach", shown(g, names, EdgeLoads, EdgeCalls, EdgeOpens, EdgeHas), []string{
		"image:lib opens image:main (@rpath)",
		"image:main calls image:lib (@rpath)",
		"image:main loads gap:product A//opt/no outside (absolute)",
		"image:main loads gap:product A/@rpath/no (absolute)",
		"image:main loads gap:product A/@rpath/sym (@rpath)",
		"image:main loads image:lib (@rpath)",
		"image:main loads system:/usr/lib/libz.dylib (absolute)",
	})
	n, _ := g.Node(ImageNode(digest("sym")))
	if n.Attrs["symbols-of"] != string(digest("main")) {
		t.Errorf("symbols-of is %q", n.Attrs["symbols-of"])
	}
	if n, _ := g.Node(ImageNode(digest("main"))); n.Attrs["symbols-of"] != "" {
		t.Errorf("main is symbols of %q", n.Attrs["symbols-of"])
	}
}

func TestSharedImageKeepsItsScope(t *testing.T) {
	a := product("A", image("main a", "Contents/MacOS/A", ""), image("lib", "Contents/lib", ""), image("dep", "Contents/dep", ""))
	b := product("B", image("main b", "Contents/MacOS/B", ""), image("lib", "Contents/lib", ""))
	a.Links = []sbom.Link{inside(sbom.LinkLoads, "lib", "dep")}
	b.Links = []sbom.Link{leaving(sbom.TargetMissing, "lib", "@rpath/dep")}
	g := mustBuild(t, a, b)
	id := ImageNode(digest("lib"))
	if got := g.OutIn(id, a.ID); len(got) != 1 || got[0].To != ImageNode(digest("dep")) {
		t.Errorf("in A: %+v", got)
	}
	if got := g.OutIn(id, b.ID); len(got) != 1 || got[0].To != GapNode(b.ID, "@rpath/dep") {
		t.Errorf("in B: %+v", got)
	}
	if c := g.Carriers(digest("lib")); len(c) != 2 || c[0].Product.ID >= c[1].Product.ID {
		t.Errorf("carriers: %d", len(c))
	}
	if g.ImageIn(b.ID, digest("dep")) != nil || g.ImageIn(a.ID, digest("dep")) == nil {
		t.Error("dep is in A and not in B")
	}
	if in := g.In(id); len(in) != 2 {
		t.Errorf("edges into lib: %d, want one per bundle", len(in))
	}
}

func TestLeaving(t *testing.T) {
	const shared = "/Library/Application Support/Halcyon/libx.dylib"
	place := func(root, place, install string) *sbom.Product {
		p := product("L", image("libx", place, ""))
		p.Kind, p.Bundles, p.Paths = sbom.KindLibraries, nil, []string{root}
		p.Images[0].InstallName = install
		return p
	}
	to := func(how string, edges ...string) []string {
		var list []string
		for _, e := range edges {
			list = append(list, "image:main "+e+" image:libx outside ("+how+")")
		}
		return list
	}
	gap := func(name string) []string {
		return []string{"image:main loads gap:product A/" + name + " outside (absolute)"}
	}
	arch := place("in", "Library/Application Support/Halcyon/libx.dylib", "")
	arch.Images[0].Arch = "x86_64"
	exec := place("in", "Library/Application Support/Halcyon/libx.dylib", "")
	exec.Images[0].Type = "execute"
	tests := []struct {
		name  string
		link  sbom.Link
		other *sbom.Product
		want  []string
	}{
		{"place", leaving(sbom.TargetOutside, "main", shared), place("in", "Library/Application Support/Halcyon/libx.dylib", ""), to(HowPlace, "loads")},
		{"place and names", leaving(sbom.TargetOutside, "main", shared, "_f"), place("in", "Library/Application Support/Halcyon/libx.dylib", ""), to(HowPlace, "calls", "loads")},
		{"place split between product and file", leaving(sbom.TargetOutside, "main", shared), place("in/Library/Application Support", "Halcyon/libx.dylib", ""), to(HowPlace, "loads")},
		{"not on a component boundary", leaving(sbom.TargetOutside, "main", shared), place("in", "MyLibrary/Application Support/Halcyon/libx.dylib", ""), gap(shared)},
		{"only the file name", leaving(sbom.TargetOutside, "main", shared), place("in", "libx.dylib", ""), gap(shared)},
		{"one component", leaving(sbom.TargetOutside, "main", "/libx.dylib"), place("in", "libx.dylib", ""), gap("/libx.dylib")},
		{"install name", leaving(sbom.TargetOutside, "main", shared), place("in", "libx.dylib", shared), to(HowInstall, "loads")},
		{"other install name", leaving(sbom.TargetOutside, "main", shared), place("in", "libx.dylib", shared+"2"), gap(shared)},
		{"other architecture", leaving(sbom.TargetOutside, "main", shared), arch, gap(shared)},
		{"executable", leaving(sbom.TargetOutside, "main", shared), exec, gap(shared)},
		{"into an app", leaving(sbom.TargetOutside, "main", "/Applications/L.app/Contents/libx.dylib"), place("apps/L.app", "Contents/libx.dylib", ""), to(HowPlace, "loads")},
		{"into another app", leaving(sbom.TargetOutside, "main", "/Applications/K.app/Contents/libx.dylib"), place("apps/L.app", "Contents/libx.dylib", ""), gap("/Applications/K.app/Contents/libx.dylib")},
		{"absolute rpath", leaving(sbom.TargetOutside, "main", "@rpath/libx.dylib"), place("in", "opt/hal/libx.dylib", ""), to(HowPlace, "loads")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := product("A", image("main", "Contents/MacOS/A", ""))
			p.Images[0].Rpaths = []string{"@loader_path", "/opt/hal"}
			p.Links = []sbom.Link{tt.link}
			for _, order := range [][]*sbom.Product{{p, tt.other}, {tt.other, p}} {
				g := mustBuild(t, order...)
				same(t, "edges", shown(g, []string{"main", "libx", "product A"}, EdgeLoads, EdgeCalls), tt.want)
			}
		})
	}
}

func TestOwnPlaceIsNotOutside(t *testing.T) {
	p := product("A", image("main", "Contents/MacOS/A", ""), image("lib", "Contents/Frameworks/lib", ""))
	q := product("Copy", image("lib 2", "A.app/Contents/Frameworks/lib", ""))
	p.Links = []sbom.Link{leaving(sbom.TargetOutside, "main", "/Applications/A.app/Contents/Frameworks/lib")}
	g := mustBuild(t, p, q)
	same(t, "edges", shown(g, []string{"main", "lib"}, EdgeLoads), []string{"image:main loads image:lib (path in the family)"})
}

func TestTwice(t *testing.T) {
	first := func() *sbom.Product {
		p := product("A", image("main", "Contents/MacOS/A", ""))
		p.Coverage = sbom.Coverage{Files: 1, Analysed: 1}
		p.Tags = []sbom.Tag{tag("main", "c", sbom.GradeLikely, "r1")}
		return p
	}
	second := first()
	second.Paths = []string{"zip/A.app"}
	second.Tags = append(second.Tags, tag("main", "c", sbom.GradeMentions, "r2"))
	third := first()
	for _, order := range [][]*sbom.Product{{first(), second, third}, {third, second, first()}, {second, first(), third}} {
		g := mustBuild(t, order...)
		if len(g.Products) != 1 {
			t.Fatalf("%d products", len(g.Products))
		}
		p := g.Products[0]
		same(t, "paths", p.Paths, []string{"apps/A.app", "zip/A.app"})
		if len(p.Tags) != 2 || p.Coverage.Files != 2 {
			t.Errorf("%d tags, %d files; want 2 and 2", len(p.Tags), p.Coverage.Files)
		}
		same(t, "has", shown(g, []string{"main"}, EdgeHas), []string{"image:main has capability:c (likely)", "image:main has capability:c (mentions)"})
	}
	if len(second.Paths) != 1 || len(second.Tags) != 2 {
		t.Error("an input product was changed")
	}
}

func TestRefused(t *testing.T) {
	kind := product("A", image("main", "Contents/MacOS/A", ""))
	kind.Links = []sbom.Link{{Kind: "hugs", From: digest("main"), Target: sbom.TargetMissing, Name: "x"}}
	target := product("A", image("main", "Contents/MacOS/A", ""))
	target.Links = []sbom.Link{{Kind: sbom.LinkLoads, From: digest("main"), Target: "moon", Name: "x"}}
	from := product("A", image("main", "Contents/MacOS/A", ""))
	from.Links = []sbom.Link{leaving(sbom.TargetMissing, "nobody", "x")}
	for _, tt := range []struct {
		name, want string
		p          *sbom.Product
	}{
		{"kind", `unknown kind "hugs"`, kind}, {"target", `unknown target "moon"`, target},
		{"from", "from unknown image", from}, {"nil", "is missing", nil}, {"empty", "is not a digest", &sbom.Product{}},
	} {
		g, err := Build([]*sbom.Product{tt.p, product("B", image("b", "Contents/MacOS/B", ""))})
		if err == nil || !strings.Contains(err.Error(), tt.want) || g != nil {
			t.Errorf("%s: graph %v, error %v", tt.name, g != nil, err)
		}
	}
	if g := mustBuild(t); len(g.Nodes) != 0 {
		t.Error("no products give nodes")
	}
}

func TestValidateTells(t *testing.T) {
	fresh := func() *Graph {
		p := product("A", image("main", "Contents/MacOS/A", ""), image("lib", "Contents/lib", ""), image("sym", "A.dSYM/A", ""))
		p.Links = []sbom.Link{inside(sbom.LinkLoads, "main", "lib")}
		q := product("B", image("other", "Contents/MacOS/B", ""))
		return mustBuild(t, p, q)
	}
	loads := func(g *Graph) *Edge {
		i := slices.IndexFunc(g.Edges, func(e Edge) bool { return e.Kind == EdgeLoads })
		return &g.Edges[i]
	}
	for _, tt := range []struct {
		name, want string
		spoil      func(g *Graph)
	}{
		{"node twice", "there twice", func(g *Graph) { g.Nodes = append(g.Nodes, g.Nodes[len(g.Nodes)-1]) }},
		{"node order", "out of order", func(g *Graph) { slices.Reverse(g.Nodes) }},
		{"edge order", "out of order", func(g *Graph) { slices.Reverse(g.Edges) }},
		{"end", "an end does not exist", func(g *Graph) { loads(g).To = "image:no" }},
		{"self", "leads to itself", func(g *Graph) { e := loads(g); e.To = e.From }},
		{"scope", "does not start at an image of product", func(g *Graph) { loads(g).Product = digest("product B") }},
		{"outside", "outside is true", func(g *Graph) { loads(g).Outside = true }},
		{"not outside", "outside is false", func(g *Graph) { loads(g).To = ImageNode(digest("other")) }},
		{"symbols", "touches debug symbols", func(g *Graph) { loads(g).To = ImageNode(digest("sym")) }},
		{"opens", "is not soft", func(g *Graph) { loads(g).Kind = EdgeOpens }},
		{"kind", "do not fit its kind", func(g *Graph) { loads(g).Kind = "hugs" }},
		{"contains", "do not fit its kind", func(g *Graph) { e := loads(g); e.Kind, e.Product = EdgeContains, "" }},
		{"same-as", "do not fit its kind", func(g *Graph) { loads(g).Kind = EdgeSameAs }},
		{"product order", "product", func(g *Graph) { slices.Reverse(g.Products) }},
	} {
		g := fresh()
		tt.spoil(g)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: want %q, got %v", tt.name, tt.want, err)
		}
	}
}

func TestAdd(t *testing.T) {
	g := mustBuild(t, product("A", image("main", "Contents/MacOS/A", ""), image("lib", "Contents/lib", "")))
	a, b := ImageNode(digest("main")), ImageNode(digest("lib"))
	if b < a {
		a, b = b, a
	}
	before := len(g.Edges)
	for range 2 {
		g.Add([]Node{{ID: "library:x", Kind: NodeLibrary, Label: "x"}}, []Edge{{From: a, To: b, Kind: EdgeSameAs, Method: "r"}, {From: "library:x", To: a, Kind: EdgeContains}})
		if err := g.Validate(); err != nil {
			t.Fatal(err)
		}
		if len(g.Edges) != before+2 || len(g.Out("library:x")) != 1 {
			t.Errorf("%d edges, want %d", len(g.Edges), before+2)
		}
	}
}

// TestOrder builds random families in two orders, some products given twice.
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		list := randomFamily(r, 6, 5)
		want := mustBuild(t, list...)
		list = append(list, list[0])
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		got := mustBuild(t, list...)
		if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Graph{})); d != "" {
			t.Fatalf("another order gives another graph:\n%s", d)
		}
	}
}

// randomFamily makes products with links of all kinds and targets; low image
// numbers are shared by many products.
func randomFamily(r *rand.Rand, products, images int) []*sbom.Product {
	var list []*sbom.Product
	for i := range products {
		p := product(fmt.Sprint("P", i), image(fmt.Sprint("main", i), "Contents/MacOS/m", ""))
		names := []string{fmt.Sprint("main", i)}
		for j := range images {
			n := fmt.Sprintf("lib%d", j+r.IntN(3)*i)
			if !slices.Contains(names, n) {
				names = append(names, n)
				m := image(n, "Contents/Frameworks/"+n, "")
				if r.IntN(2) == 0 {
					m.InstallName = "/opt/" + n
				}
				p.Images = append(p.Images, m)
			}
		}
		kinds := []sbom.LinkKind{sbom.LinkLoads, sbom.LinkCalls, sbom.LinkOpens, sbom.LinkLaunches}
		for range 3 * images {
			a, b := names[r.IntN(len(names))], names[r.IntN(len(names))]
			p.Links = append(p.Links, inside(kinds[r.IntN(4)], a, b))
			p.Links = append(p.Links, leaving(sbom.TargetOutside, a, fmt.Sprint("/opt/lib", r.IntN(9)), "_f"))
		}
		list = append(list, p)
	}
	return list
}

func BenchmarkBuild(b *testing.B) {
	list := benchFamily(1000, 50)
	for b.Loop() {
		g, err := Build(list)
		if err != nil || len(g.Nodes) == 0 {
			b.Fatal(err)
		}
	}
}

// benchFamily is a family in which half of the images are shared.
func benchFamily(products, images int) []*sbom.Product {
	list := make([]*sbom.Product, products)
	for i := range list {
		p := product(fmt.Sprint("P", i), image(fmt.Sprint("main", i), "Contents/MacOS/m", ""))
		for j := 1; j < images; j++ {
			n := fmt.Sprintf("shared %d of %d", j, i%10)
			if j%2 == 0 {
				n = fmt.Sprintf("own %d of %d", j, i)
			}
			p.Images = append(p.Images, image(n, "Contents/Frameworks/"+n, ""))
		}
		for j := range p.Images {
			from := p.Images[j].Digest
			for k := range 12 {
				p.Links = append(p.Links, sbom.Link{Kind: sbom.LinkLoads, From: from, Target: sbom.TargetSystem, Name: fmt.Sprint("/usr/lib/lib", k), How: "absolute"})
			}
			for k := 1; k <= 3 && j+k < len(p.Images); k++ {
				to := p.Images[j+k]
				p.Links = append(p.Links, sbom.Link{Kind: sbom.LinkLoads, From: from, To: to.Digest, Target: sbom.TargetInside, Name: to.InstallName, How: "@rpath"},
					sbom.Link{Kind: sbom.LinkCalls, From: from, To: to.Digest, Target: sbom.TargetInside, Name: to.InstallName, How: "bound symbol", Symbols: []string{"_f"}})
			}
		}
		p.Normalize()
		list[i] = p
	}
	return list
}
