package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph/query"
	"github.com/kinbom/kinbom/sbom"
)

// hostileHead has products and gaps with names that a terminal would act on.
func hostileHead(schema string) query.Head {
	h := query.Head{Schema: schema, Coverage: query.Coverage{Files: 2, Analysed: 1, Unreadable: 1, Images: 2, Compared: 1,
		Reasons: []query.Reason{{Status: "unreadable", Why: "bad\x1b[31m", Count: 1}}}}
	for i, name := range hostileNames() {
		h.Products = append(h.Products, query.Product{ID: dg(name), Name: name, Version: "1", Path: name + ".app"})
		h.Coverage.Gaps = append(h.Coverage.Gaps, query.Gap{Product: dg(name), Path: name, Kind: "unreadable", Why: name, Count: i + 1})
	}
	h.Coverage.Unseen = []query.Unseen{{Image: dg("x"), Arch: hostileNames()[0], Product: h.Products[0].ID, Path: hostileNames()[0], Why: hostileNames()[0]}}
	return h
}

// Hostile names in every field give lines that are safe and fit.
func TestQueriesWithHostileNames(t *testing.T) {
	for _, n := range hostileNames() {
		products := []sbom.Digest{dg(n)}
		address := uint64(0x1000)
		libs := &query.Libs{Head: hostileHead(query.LibsSchema), Asked: n, Kinship: 1, Libraries: []query.Library{{ID: "library:" + string(dg("l")), Name: n, Kind: "static", Why: n,
			Rung: "same bytes", Word: "IDENTICAL", Functions: 3, Names: []query.Naming{{How: n, Name: n, Text: n + "x"}}, SameAs: []query.SameAs{{Library: n, Rung: n}, {Library: n, Rung: n, Word: "SIMILAR EVIDENCE", Score: .5}},
			Builds:   []query.Build{{Number: 0, Arch: n, Functions: 3, Ties: []query.BuildTie{{Build: 1, Rung: n, Word: n, Score: .5}}}, {Number: 1, Arch: n, Functions: 3}},
			Similar:  []query.Similar{{Product: dg(n), Path: n, Image: dg("i"), Word: "SIMILAR EVIDENCE", Text: .5}},
			Carriers: []query.Carrier{{Product: dg(n), Word: "SAME SOURCE", Functions: 2, Copies: []query.Copy{{Image: dg("i"), Arch: n, Bundle: n, Path: n, Word: "SAME SOURCE"}}}},
			Members:  []query.Member{{Mark: strings.Repeat("a", 16), Name: n}}}}}
		who := &query.Who{Head: hostileHead(query.WhoSchema), Word: n, Level: "beginning", Matches: []query.Match{{Kind: "function", Name: n, Carriers: products,
			Hits: []query.Hit{{Product: dg(n), Deed: "carries", How: n, Bundle: n, Path: n, Image: dg("i"), Arch: n, Address: &address, Functions: 3, Mark: n, Library: n}}}}}
		nobody := &query.Who{Head: hostileHead(query.WhoSchema), Word: n}
		held := []query.Held{{Library: n, Name: n, Functions: 3, Found: 1}}
		list := []query.Between{{ID: n, Name: n, Kind: n, Functions: 3, Found: 1, InA: products, InB: products}}
		only := query.Only{Libraries: list, Classes: []string{n}, Types: []string{n}, Packages: []string{n}, Loads: []string{n}}
		compare := &query.Comparison{Head: hostileHead(query.CompareSchema), A: query.Side{Label: n, Products: products}, B: query.Side{Label: n, Products: products},
			Pairs: []query.Pair{{A: dg(n), B: dg(n), Tie: "same path", Lost: held, New: held}, {A: dg(n), Tie: "none"}, {B: dg(n), Tie: "none"}}, Libraries: list, OnlyA: only, OnlyB: only,
			Images:  []query.ImageTie{{A: dg("a"), B: dg("b"), PathA: n, PathB: n, Arch: n, Rung: n}},
			Similar: []query.Apart{{ID: n, Name: n, Product: dg(n), Word: "SIMILAR EVIDENCE", Text: .5}}}
		var b bytes.Buffer
		for _, err := range []error{Libs(&b, libs, LibsOptions{}), Who(&b, who), Who(&b, nobody), Compare(&b, compare)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		checkText(t, b.String())
	}
}

// A negative says what it rests on; without a gap it says that, too.
func TestNobody(t *testing.T) {
	r := &query.Who{Head: query.Head{Products: []query.Product{{ID: dg("a"), Name: "A"}}, Coverage: query.Coverage{Files: 1, Analysed: 1, Images: 2, Compared: 2}}, Word: "X"}
	text := func() string {
		var b bytes.Buffer
		if err := Who(&b, r); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	if s := text(); !strings.Contains(s, "nothing that the word fits was found in 1 product ") || !strings.Contains(s, "and there is no gap") || strings.Contains(s, "COULD NOT") {
		t.Error(s)
	}
	r.Coverage.Compared, r.Coverage.Unseen = 1, []query.Unseen{{Image: dg("i"), Arch: "i386", Product: dg("a"), Path: "Contents/MacOS/A", Why: "it has no code marks"}}
	if s := text(); strings.Contains(s, "there is no gap") || !strings.Contains(s, "functions of Contents/MacOS/A (i386") {
		t.Error(s)
	}
}

// Background is named, not listed, unless it is asked for.
func TestLibsBackground(t *testing.T) {
	l := query.Library{ID: "library:" + string(dg("l")), Name: "zlib", Kind: "static", Background: true, Why: "zlib, by the marks of its functions", Rung: "r", Word: "IDENTICAL", Functions: 9,
		Carriers: []query.Carrier{{Product: dg("a")}, {Product: dg("b")}}}
	r := &query.Libs{Head: query.Head{Products: []query.Product{{ID: dg("a"), Name: "A"}, {ID: dg("b"), Name: "B"}}}, Background: 1, Libraries: []query.Library{l}}
	for _, o := range []LibsOptions{{}, {Background: true}} {
		var b bytes.Buffer
		if err := Libs(&b, r, o); err != nil {
			t.Fatal(err)
		}
		if s := b.String(); strings.Contains(s, "- zlib: in 2 products") == o.Background || strings.Contains(s, "background, no kinship; static, 9 functions") != o.Background {
			t.Errorf("%+v: %s", o, s)
		}
	}
}

// Pieces of one background library share a line, and names with commas stay apart.
func TestBackgroundPieces(t *testing.T) {
	r := &query.Libs{Background: 4}
	for i, l := range []query.Library{{Name: "Rust crates a, b and 2 more"}, {Name: "zlib"}, {Name: "zlib"}, {Name: "ICU"}, {Name: "ICU"}} {
		l.ID, l.Background = "library:"+string(dg(string(rune('a'+i)))), true
		l.Carriers = make([]query.Carrier, 2+i%2) // 2, 3, 2, 3, 2
		if l.Name == "ICU" {
			l.Carriers = l.Carriers[:2]
		}
		r.Libraries = append(r.Libraries, l)
	}
	var b bytes.Buffer
	if err := Libs(&b, r, LibsOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  - Rust crates a, b and 2 more: in 2 products\n", "  - zlib: 2 pieces, each in 2 to 3 products\n", "  - ICU: 2 pieces, each in 2 products\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in:\n%s", want, b.String())
		}
	}
}

// Code of public packages stands apart from the family's own, with what says so.
func TestThirdPartyStandsApart(t *testing.T) {
	lib := func(name string, background bool, l ...query.Package) query.Library {
		return query.Library{ID: "library:" + string(dg(name)), Name: name, Kind: "static", Background: background, Why: "w", Rung: "r", Word: "IDENTICAL", Functions: 3, Packages: l,
			Carriers: []query.Carrier{{Product: dg("a"), Word: "IDENTICAL"}, {Product: dg("b"), Word: "IDENTICAL"}}}
	}
	k := query.Package{PURL: "pkg:cargo/tokio@1.0.0", How: "crate path", Text: "registry/src/x/tokio-1.0.0/src/lib.rs"}
	r := &query.Libs{Head: query.Head{Schema: query.LibsSchema}, Kinship: 2, ThirdParty: 1, Background: 1,
		Libraries: []query.Library{lib("Own", false), lib("tokio", false, k), lib("zlib", true, k)}}
	for _, o := range []LibsOptions{{}, {Background: true}} {
		var b bytes.Buffer
		if err := Libs(&b, r, o); err != nil {
			t.Fatal(err)
		}
		s := b.String()
		own, third, tokio, back := strings.Index(s, "\nOwn\n"), strings.Index(s, "\nTHIRD-PARTY"), strings.Index(s, "\ntokio\n"), strings.Index(s, "\nBACKGROUND, no kinship")
		if own < 0 || own > third || third > tokio || tokio > back || strings.Count(s, "\nBACKGROUND") != 1 {
			t.Errorf("%+v: %s", o, s)
		}
		if !strings.Contains(s, "2 libraries (1 of third\nparties)") || !strings.Contains(s, "third-party: pkg:cargo/tokio@1.0.0, by crate path") {
			t.Errorf("%+v: %s", o, s)
		}
	}
}

// Functions of all architectures together are no number that an image has.
func TestFunctionsByArchitecture(t *testing.T) {
	carrier := func(p string, arm, intel int) query.Carrier {
		return query.Carrier{Product: dg(p), Functions: max(arm, intel), Copies: []query.Copy{{Arch: "arm64", Functions: arm}, {Arch: "x86_64", Functions: intel}}}
	}
	l := query.Library{Functions: 10, Carriers: []query.Carrier{carrier("a", 6, 5), carrier("b", 4, 5)}}
	if got, want := functionsOf(&l), "10 different functions (an image has at most 6 for arm64, 5 for x86_64)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p := &page{labels: map[sbom.Digest]string{dg("a"): "A", dg("b"): "B"}}
	if got, want := p.carriers(&l), "A; B (5 of 6 functions)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	l.Functions = 6
	if got := functionsOf(&l); got != "6 functions" {
		t.Errorf("%q", got)
	}
	for _, c := range []struct {
		n    query.Naming
		want string
	}{
		{query.Naming{How: "class prefix", Name: "HT", Count: 3}, "class prefix: HT, 3 classes"},
		{query.Naming{How: "symbol prefix", Name: "mz_*", Count: 9}, "symbol prefix: mz_*, 9 function names"},
		{query.Naming{How: "object file", Name: "N", Count: 29}, "object file: N, 29 functions in all copies together"},
		{query.Naming{How: "Rust crate", Name: "r", Count: 3}, "Rust crate: r, 3 references in all copies together"},
		{query.Naming{How: "Rust crate", Name: "r", Count: 1}, "Rust crate: r"},
	} {
		if got := naming(&c.n); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// Builds are tied in both directions, the fullest with each other one, all pairs
// when the library was asked for; similar evidence is said to be not shared.
func TestLibsBuildsAndSimilar(t *testing.T) {
	l := query.Library{ID: "library:" + string(dg("l")), Name: "reader", Kind: "static", Why: "w", Rung: "r", Word: "SAME SOURCE", Functions: 40,
		Carriers: []query.Carrier{{Product: dg("a")}, {Product: dg("b")}},
		Builds: []query.Build{
			{Number: 0, Arch: "arm64", Functions: 40, Ties: []query.BuildTie{{Build: 1, Rung: "r", Word: "SAME SOURCE", Score: .75, Exact: .5}, {Build: 2, Rung: "r", Word: "SAME SOURCE", Score: .25, Exact: 0}}},
			{Number: 1, Arch: "arm64", Functions: 30, Ties: []query.BuildTie{{Build: 0, Rung: "r", Word: "SAME SOURCE", Score: 1, Exact: .66}, {Build: 2, Rung: "r", Word: "SAME SOURCE", Score: .3, Exact: 0}}},
			{Number: 2, Arch: "x86_64", Functions: 10, Ties: []query.BuildTie{{Build: 0, Rung: "r", Word: "SAME SOURCE", Score: 1, Exact: 0}, {Build: 1, Rung: "r", Word: "SAME SOURCE", Score: .9, Exact: 0}}}},
		Similar: []query.Similar{{Product: dg("c"), Path: "Contents/MacOS/C", Word: "SIMILAR EVIDENCE", Text: .8}}}
	other := query.Library{ID: "library:" + string(dg("m")), Name: "other reader", Kind: "static", Why: "w", Rung: "r", Word: "IDENTICAL", Functions: 9,
		Carriers: []query.Carrier{{Product: dg("a")}, {Product: dg("c")}}, SameAs: []query.SameAs{{Library: l.ID, Rung: "share of common text", Word: "SIMILAR EVIDENCE", Score: .4}}}
	r := &query.Libs{Head: query.Head{Products: []query.Product{{ID: dg("a"), Name: "A"}, {ID: dg("b"), Name: "B"}, {ID: dg("c"), Name: "C"}}}, Kinship: 2, Libraries: []query.Library{l, other}}
	text := func() string {
		var b bytes.Buffer
		if err := Libs(&b, r, LibsOptions{}); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	s := text()
	for _, want := range []string{
		"builds 0 (arm64) and 1 (arm64): SAME SOURCE; 75 % of the 40 functions of 0 are in 1, 50 % with an equal mark; 100 % of the 30 functions of 1 are in 0, 66 % with an equal mark",
		"builds 0 (arm64) and 2 (x86_64): SAME SOURCE; 25 % of the 40 functions of 0 are in 2",
		"SIMILAR EVIDENCE C has 80 % of its text and none of its functions (Contents/MacOS/C); not shared",
		"SIMILAR EVIDENCE reader (" + short(l.ID) + ") has 40 % of its text; not shared",
	} {
		if !strings.Contains(s, want) {
			t.Errorf("%q is not in %s", want, s)
		}
	}
	if strings.Contains(s, "builds 1 (arm64) and 2") {
		t.Error("all pairs, unasked:", s)
	}
	if r.Asked = "reader"; !strings.Contains(text(), "builds 1 (arm64) and 2 (x86_64)") {
		t.Error("not all pairs:", text())
	}
}

func TestQueryJSONRoundTrips(t *testing.T) {
	r := &query.Who{Head: hostileHead(query.WhoSchema), Word: "<&>", Matches: []query.Match{}}
	for i := range r.Products { // invalid bytes become replacement characters in JSON
		r.Products[i].Name, r.Products[i].Path = "P", "p"
	}
	r.Coverage.Gaps, r.Coverage.Unseen = nil, nil
	var b bytes.Buffer
	if err := QueryJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	var back query.Who
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, &back); d != "" || !strings.Contains(b.String(), `"<&>"`) || !bytes.HasSuffix(b.Bytes(), []byte("}\n")) {
		t.Errorf("%s\n%s", d, b.String())
	}
}
