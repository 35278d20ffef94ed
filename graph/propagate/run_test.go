package propagate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

func TestStrength(t *testing.T) {
	const base = "P holds main:main helper:login-item a b src\nsrc has c likely\n"
	for _, tt := range []struct{ name, lines, want string }{
		{"nothing leads to it", "", "src=carries"},
		{"loads", "P main loads src", "src=linked"},
		{"opens", "P main opens src", "src=linked"},
		{"launches", "P main launches src", "src=linked"},
		{"launch that is seen", "P main starts src", "src=reachable"},
		{"calls", "P main calls src", "src=reachable"},
		{"loads and calls", "P main loads src\nP main calls src", "src=reachable"},
		{"loads then calls", "P main loads a\nP a calls src", "src=linked"},
		{"calls then loads", "P main calls a\nP a loads src", "src=linked"},
		{"calls then calls", "P main calls a\nP a calls src", "src=reachable"},
		{"weak and strong way", "P main loads a\nP a loads src\nP main calls b\nP b calls src", "src=reachable"},
		{"strong parts on different ways", "P main calls a\nP a loads src\nP main loads b\nP b calls src", "src=linked"},
		{"by a helper", "P helper calls src", "src=reachable"},
		{"by code that nothing leads to", "P a calls src", "src=carries"},
		{"cycle that nothing leads to", "P a calls b\nP b calls src\nP src calls a", "src=carries"},
		{"cycle", "P main calls a\nP a calls b\nP b calls a\nP b calls src", "src=reachable"},
		{"away from it", "P src calls main", "src=carries"},
	} {
		f := newFamily(t, base, tt.lines)
		_, r := f.run()
		_, strength, _ := strings.Cut(tt.want, "=")
		same(t, tt.name, f.facts(r), []string{"P c likely " + strength + " " + tt.want})
	}
}

func TestEntryImage(t *testing.T) {
	const base = "P holds main:main a\nmain has c likely\n"
	for _, tt := range []struct{ name, lines, want string }{
		{"by itself", "", "linked"},
		{"calls others", "P main calls a", "linked"},
		{"loaded back", "P main calls a\nP a loads main", "linked"},
		{"called back", "P main calls a\nP a calls main", "reachable"},
		{"called back over a load", "P main loads a\nP a calls main", "linked"},
	} {
		f := newFamily(t, base, tt.lines)
		_, r := f.run()
		same(t, tt.name, f.facts(r), []string{"P c likely " + tt.want + " main=" + tt.want})
	}
}

func TestScope(t *testing.T) {
	f := newFamily(t, `
		P holds pmain:main lib src
		Q holds qmain:main lib src
		R holds rmain:main lib
		src has c likely
		P pmain loads lib
		P lib calls src
		Q qmain loads src
		R rmain calls lib`)
	_, r := f.run()
	same(t, "one image, three products", f.facts(r), []string{"P c likely linked src=linked", "Q c likely linked src=linked"})
	if r.Carried[0].Sources[0].Library == nil || r.Carried[0].Sources[0].Library.ID != "library:"+string(digest("src")) || r.Sources[0].Library != "library:"+string(digest("src")) {
		t.Error("the source's library is not named")
	}
}

func TestOutside(t *testing.T) {
	f := newFamily(t, `
		P holds pmain:main
		Q holds qmain:main lib src
		src has c likely
		src has m mentions
		Q lib calls src
		Q qmain loads lib
		P pmain leaves-calls lib`)
	_, r := f.run()
	same(t, "reached outside", f.facts(r), []string{"P c likely reachable outside src=reachable", "Q c likely linked src=linked", "Q m mentions src"})
	same(t, "witness", f.witnesses(r, "P", "c"), []string{
		"reachable: product:P -contains-> bundle:P/ -contains-> image:pmain -calls-> image:lib -calls-> image:src"})
	for _, c := range r.Carried {
		if c.Product == digest("product P") && c.Witnesses[0].Hops[4].Label != "apps/Q.app/Contents/Frameworks/src" {
			t.Errorf("label %q", c.Witnesses[0].Hops[4].Label)
		}
	}
	f = newFamily(t, `
		P holds pmain:main
		Q holds qmain:main lib src
		src has c likely
		Q src calls lib
		P pmain leaves lib`)
	_, r = f.run()
	same(t, "not what loads it", f.facts(r), []string{"Q c likely carries src=carries"})
}

func TestSources(t *testing.T) {
	f := newFamily(t, `
		P holds main:main a b n sym:symbols
		Q holds n
		a has c likely @safari clears
		a has c mentions @firefox
		a has d mentions
		b has c shown @chromium engine
		n has c mentions @opera importer
		sym has c likely
		P main calls a
		P main loads n`)
	_, r := f.run()
	same(t, "facts", f.facts(r), []string{
		"P c shown reachable chromium+firefox+safari clears+engine a=reachable b=carries",
		"P d mentions a",
		"Q c mentions opera importer n",
	})
	var got []string
	for _, s := range r.Sources {
		got = append(got, fmt.Sprint(f.readable(s.ID), " ", s.Grade, " ", strings.Join(s.Stores, "+"), " ", len(s.Tags)))
	}
	slices.Sort(got)
	same(t, "sources", got, []string{"image:a#c likely firefox+safari 2", "image:a#d mentions  1", "image:b#c shown chromium 1", "image:n#c mentions opera 1"})
}

func TestUnit(t *testing.T) {
	f := newFamily(t, "P holds main:main a", "P main calls a", "a has c likely", "a has c shown")
	addr, addr2 := uint64(0x40), uint64(0x50)
	f.tags[0].Address, f.tags[1].Address = &addr, &addr2
	_, r := f.run()
	same(t, "facts", f.facts(r), []string{"P c shown reachable unit:a@40=reachable unit:a@50=reachable"})
	same(t, "witnesses", f.witnesses(r, "P", "c"), []string{
		"reachable: product:P -contains-> bundle:P/ -contains-> image:main -calls-> image:a -contains-> unit:a@40",
		"reachable: product:P -contains-> bundle:P/ -contains-> image:main -calls-> image:a -contains-> unit:a@50"})
}

func TestComposite(t *testing.T) {
	collection := Composite{ID: "collection", Any: []string{"history", "tabs"}, Sends: []string{"upload"}}
	const base = "P holds main:main a b up lone\n"
	for _, tt := range []struct{ name, lines, want string }{
		{"no part", "up has upload likely", ""},
		{"one part", "a has history likely @safari", "likely carries no safari a=carries"},
		{"two parts", "a has history likely @safari\nb has tabs shown @firefox\nP main calls a", "shown reachable no firefox+safari a=reachable b=carries"},
		{"mentions alone", "a has history mentions\nb has tabs mentions\nup has upload likely\nP a loads up", "mentions no a b"},
		{"mentions beside likely", "a has history likely\nb has tabs mentions", "likely carries no a=carries"},
		{"clears alone", "a has history likely clears", ""},
		{"clears and reads", "a has history likely clears\na has history likely", "likely carries no clears a=carries"},
		{"clears and mentions", "a has history likely clears\na has history mentions", "mentions no clears a"},
		{"clears beside reads", "a has history likely clears\nb has history likely", "likely carries no b=carries"},
		{"sink in the same image", "a has history likely\na has upload likely", "likely carries possible a=carries"},
		{"sink mentioned", "a has history likely\na has upload mentions", "likely carries no a=carries"},
		{"sink loaded", "a has history likely\nup has upload likely\nP a loads up", "likely carries possible a=carries"},
		{"sink loads it", "a has history likely\nup has upload likely\nP up loads a", "likely carries possible a=carries"},
		{"both loaded", "a has history likely\nup has upload likely\nP main loads up\nP main calls a", "likely reachable possible a=reachable"},
		{"sink opened", "a has history likely\nup has upload likely\nP a opens up", "likely carries no a=carries"},
		{"sink opens it", "a has history likely\nup has upload likely\nP up opens a", "likely carries no a=carries"},
		{"sink apart", "a has history likely\nup has upload likely\nP lone loads up\nP main loads a", "likely linked no a=linked"},
		{"sink beside another source", "a has history likely\nb has history likely\nb has upload likely", "likely carries possible a=carries b=carries"},
	} {
		f := newFamily(t, base, tt.lines)
		_, r := f.run(collection)
		var want []string
		if tt.want != "" {
			want = []string{"P collection " + tt.want}
		}
		same(t, tt.name, slices.DeleteFunc(f.facts(r), func(s string) bool { return !strings.Contains(s, "collection") }), want)
	}
}

func TestCompositeOutside(t *testing.T) {
	f := newFamily(t, `
		P holds pmain:main up
		Q holds qmain:main lib
		lib has history likely
		up has upload likely
		P pmain leaves lib
		P pmain loads up`)
	_, r := f.run(Composite{ID: "collection", Any: []string{"history"}, Sends: []string{"upload"}})
	same(t, "facts", slices.DeleteFunc(f.facts(r), func(s string) bool { return !strings.Contains(s, "collection") }), []string{
		"P collection likely linked possible outside lib=linked", "Q collection likely carries no lib=carries"})
}

func TestMentionsOutside(t *testing.T) {
	f := newFamily(t, `
		P holds pmain:main
		Q holds qmain:main lib
		lib has history likely clears
		lib has history mentions
		P pmain leaves lib`)
	_, r := f.run(Composite{ID: "collection", Any: []string{"history"}})
	same(t, "facts", f.facts(r), []string{
		"P history likely linked clears outside lib=linked", "Q collection mentions no clears lib", "Q history likely carries clears lib=carries"})
}

func TestWitnesses(t *testing.T) {
	const base = "P holds main:main helper:helper-app a b c d src\nsrc has x likely\n"
	const main, helper = "product:P -contains-> bundle:P/ -contains-> image:main", "product:P -contains-> bundle:P/ -contains-> bundle:P/Contents/Helpers/H.app -contains-> image:helper"
	for _, tt := range []struct {
		name, lines string
		want        []string
	}{
		{"carries", "", []string{"carries: product:P -contains-> bundle:P/ -contains-> image:src"}},
		{"direct first", "P main calls a\nP a calls src\nP main calls src", []string{
			"reachable: " + main + " -calls-> image:src", "reachable: " + main + " -calls-> image:a -calls-> image:src"}},
		{"strong first", "P main calls a\nP a calls src\nP main loads src", []string{
			"reachable: " + main + " -calls-> image:a -calls-> image:src", "linked: " + main + " -loads-> image:src"}},
		{"hard before soft", "P main opens a\nP a loads src\nP main loads b\nP b loads src", []string{
			"linked: " + main + " -loads-> image:b -loads-> image:src", "linked: " + main + " -opens-> image:a -loads-> image:src"}},
		{"hard before soft, other names", "P main loads a\nP a loads src\nP main opens b\nP b loads src", []string{
			"linked: " + main + " -loads-> image:a -loads-> image:src", "linked: " + main + " -opens-> image:b -loads-> image:src"}},
		{"main before helper", "P helper loads src\nP main loads src", []string{
			"linked: " + main + " -loads-> image:src", "linked: " + helper + " -loads-> image:src"}},
		{"at most three", "P main loads a\nP main loads b\nP main loads c\nP main loads d\nP a loads src\nP b loads src\nP c loads src\nP d loads src", nil},
		{"no two disjoint", "P main loads a\nP main loads b\nP a loads c\nP b loads c\nP c loads src", nil},
		// The shortest way, over a and b, blocks both others: main c b src and main a d src.
		{"shortest blocks", "P main loads a\nP a loads b\nP b loads src\nP main loads c\nP c loads d\nP d loads b\nP a loads d2x\nP d2x loads d3x\nP d3x loads src", []string{
			"linked: " + main + " -loads-> image:a -loads-> image:d2x -loads-> image:d3x -loads-> image:src",
			"linked: " + main + " -loads-> image:c -loads-> image:d -loads-> image:b -loads-> image:src"}},
		{"shortest blocks twice", "P main loads a\nP a loads b\nP b loads c\nP c loads src\nP main loads e1\nP e1 loads e2\nP e2 loads e3\nP e3 loads c\nP a loads d\nP d loads d2x\nP d2x loads d3x\nP d3x loads src", []string{
			"linked: " + main + " -loads-> image:a -loads-> image:d -loads-> image:d2x -loads-> image:d3x -loads-> image:src",
			"linked: " + main + " -loads-> image:e1 -loads-> image:e2 -loads-> image:e3 -loads-> image:c -loads-> image:src"}},
		{"strong before disjoint", "P main calls a\nP a calls b\nP b calls src\nP main loads c\nP c loads b\nP a loads d\nP d loads src", []string{
			"reachable: " + main + " -calls-> image:a -calls-> image:b -calls-> image:src"}},
	} {
		f := newFamily(t, strings.Replace(base, " src\n", " src d2x d3x e1 e2 e3\n", 1), tt.lines)
		_, r := f.run()
		got := f.witnesses(r, "P", "x")
		switch tt.name {
		case "at most three":
			if len(got) != 3 {
				t.Errorf("%d witnesses", len(got))
			}
		case "strong before disjoint":
			if len(got) != 2 {
				t.Fatalf("%s: %q", tt.name, got)
			}
			same(t, tt.name, got[:1], tt.want)
		case "no two disjoint":
			if len(got) != 2 || got[0] == got[1] {
				t.Errorf("two ways that share c: %q", got)
			}
		case "shortest blocks", "shortest blocks twice":
			slices.Sort(got)
			same(t, tt.name, got, tt.want)
		default:
			same(t, tt.name, got, tt.want)
		}
	}
}

func TestEntryPlace(t *testing.T) {
	at := func(role sbom.Role) sbom.Place { return sbom.Place{Path: string(role), Role: role} }
	for _, tt := range []struct {
		want  sbom.Role
		roles []sbom.Role
	}{
		{sbom.RoleMain, []sbom.Role{sbom.RoleLibrary, sbom.RoleHelper, sbom.RoleMain}},
		{sbom.RoleMain, []sbom.Role{sbom.RoleMain, sbom.RoleHelper}},
		{sbom.RoleHelper, []sbom.Role{sbom.RoleLibrary, sbom.RoleHelper, sbom.RoleXPC}},
	} {
		m := &sbom.Image{}
		for _, r := range tt.roles {
			m.Places = append(m.Places, at(r))
		}
		if got := entryPlace(m); got.Role != tt.want {
			t.Errorf("of %v: %s", tt.roles, got.Role)
		}
	}
}

func TestHow(t *testing.T) {
	for _, tt := range []struct {
		want string
		e    graph.Edge
	}{
		{"@rpath", graph.Edge{Kind: graph.EdgeLoads, Method: "@rpath", Symbols: []string{"_f"}}},
		{"bound symbol: _f", graph.Edge{Kind: graph.EdgeCalls, Method: "bound symbol", Symbols: []string{"_f"}}},
		{"bound symbol: _f and 2 more", graph.Edge{Kind: graph.EdgeCalls, Method: "bound symbol", Symbols: []string{"_f", "_g", "_h"}}},
		{"flat lookup", graph.Edge{Kind: graph.EdgeCalls, Method: "flat lookup"}},
		{"x: " + strings.Repeat("é", 40), graph.Edge{Kind: graph.EdgeCalls, Method: "x", Symbols: []string{strings.Repeat("é", 900)}}},
	} {
		if got := how(&tt.e); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestNothing(t *testing.T) {
	f := newFamily(t, "P holds main:main a", "P main loads a")
	if _, r := f.run(Composite{ID: "x", Any: []string{"y"}}); len(r.Carried) != 0 || len(r.Sources) != 0 {
		t.Errorf("%+v", r)
	}
	if r := Run(&graph.Graph{}, nil, nil); len(r.Carried) != 0 {
		t.Errorf("%+v", r)
	}
}

// TestOrder runs random families in two orders, one product given twice.
func TestOrder(t *testing.T) {
	composite := Composite{ID: "all", Any: []string{"c0", "c1"}, Sends: []string{"c2"}}
	r := rand.New(rand.NewPCG(7, 8))
	for range 40 {
		f := randomFamily(t, r)
		_, want := f.run(composite)
		f.order = append(f.order, f.order[0])
		r.Shuffle(len(f.order), func(i, j int) { f.order[i], f.order[j] = f.order[j], f.order[i] })
		_, got := f.run(composite)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("another order gives another result:\n%s", d)
		}
	}
}

func TestValidateTells(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(r *Result)
	}{
		{"order", func(r *Result) { slices.Reverse(r.Sources) }},
		{"twice", func(r *Result) { r.Carried = append(r.Carried, r.Carried[len(r.Carried)-1]) }},
		{"strength", func(r *Result) { r.Carried[0].Strength = Runs }},
		{"grade", func(r *Result) { r.Carried[0].Grade = sbom.GradeShown }},
		{"inside", func(r *Result) { r.Carried[0].InBundle = false }},
		{"no witness", func(r *Result) { r.Carried[0].Witnesses = nil }},
		{"witness too strong", func(r *Result) { r.Carried[0].Witnesses[0].Strength = Runs }},
		{"start", func(r *Result) { w := &r.Carried[0].Witnesses[0]; w.Hops = w.Hops[1:] }},
		{"end", func(r *Result) { w := &r.Carried[0].Witnesses[0]; w.Hops = w.Hops[:len(w.Hops)-1] }},
		{"hop", func(r *Result) { r.Carried[0].Witnesses[0].Hops[3].Edge = "opens" }},
		{"source", func(r *Result) { r.Carried[0].Sources[0].ID = "image:no#c" }},
	} {
		f := newFamily(t, "P holds main:main a b", "P main calls a", "a has c likely", "b has d likely")
		g, r := f.run()
		tt.spoil(r)
		if r.Validate(g) == nil {
			t.Errorf("%s: not told", tt.name)
		}
	}
}

// BenchmarkRun is 1,000 products of 50 images and 10 sources each.
func BenchmarkRun(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 10))
	var list []*sbom.Product
	for i := range 1000 {
		list = append(list, benchProduct(r, i))
	}
	g, err := graph.Build(list)
	if err != nil {
		b.Fatal(err)
	}
	libs, _ := library.Find(g, library.Options{})
	for b.Loop() {
		res := Run(g, libs, []Composite{{ID: "all", Any: []string{"c0", "c1", "c2"}, Sends: []string{"c3"}}})
		if len(res.Carried) < 1000 {
			b.Fatal(len(res.Carried))
		}
	}
}
