package policy

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
)

const history = "browser.history.read"

// world is a hand-made family: which product carries which source.
type world struct {
	products []*sbom.Product
	libs     []library.Library
	edges    []graph.Edge
	sources  map[string]propagate.Source
	carried  []propagate.Carried
	family   string
	unread   []library.Unread
}

func id(s string) sbom.Digest { return sbom.DigestOf([]byte(s)) }

func newWorld(family string) *world {
	return &world{sources: map[string]propagate.Source{}, family: family}
}

// app adds a product that carries the sources of its images.
func (w *world) app(name string, images ...string) *sbom.Product {
	p := &sbom.Product{ID: id(name), Name: name, BundleID: "com.example." + name, Paths: []string{name + ".app"},
		Bundles: []sbom.Bundle{{Path: ""}, {Path: "F"}}}
	k := propagate.Carried{Product: p.ID, Capability: "browser-collection", Grade: sbom.GradeLikely, Sends: "no", Strength: propagate.Linked}
	for _, i := range images {
		p.Images = append(p.Images, sbom.Image{Digest: id(i), Places: []sbom.Place{{Path: "F/" + i, Bundle: "F"}}})
		s := w.source(i)
		k.Sources = append(k.Sources, propagate.SourceReach{ID: s.ID, Grade: s.Grade, Strength: propagate.Linked, InBundle: true, Library: w.lib(i)})
		k.InBundle = true
	}
	w.products = append(w.products, p)
	if len(k.Sources) > 0 {
		w.carried = append(w.carried, k)
	}
	return p
}

func (w *world) source(image string) propagate.Source {
	key := graph.ImageNode(id(image)) + "#" + history
	s, ok := w.sources[key]
	if !ok {
		s = propagate.Source{ID: key, Capability: history, Grade: sbom.GradeLikely, Image: id(image)}
		w.sources[key] = s
	}
	return s
}

func (w *world) lib(image string) *library.Library {
	for i := range w.libs {
		if slices.Contains(w.libs[i].Images, id(image)) {
			return &w.libs[i]
		}
	}
	return nil
}

// judge returns one line per judgement: name, verdict, provenance, declared.
func (w *world) judge(t *testing.T) (map[string]string, map[string]Judgement) {
	t.Helper()
	var f *Family
	if w.family != "" {
		var err error
		if f, err = Parse([]byte(w.family), "family.yaml"); err != nil {
			t.Fatal(err)
		}
	}
	res := &propagate.Result{Carried: w.carried}
	for _, k := range slices.Sorted(maps.Keys(w.sources)) {
		res.Sources = append(res.Sources, w.sources[k])
	}
	lines, all := map[string]string{}, map[string]Judgement{}
	for _, j := range Judge(Case{Graph: &graph.Graph{Products: w.products, Edges: w.edges}, Libraries: w.libs, Result: res, Family: f, Table: builtin(t), Unread: w.unread}) {
		for _, p := range w.products {
			if p.ID == j.Product {
				lines[p.Name] = j.Verdict + " " + j.Provenance + " " + j.Declared
				all[p.Name] = j
			}
		}
	}
	return lines, all
}

const purposes = `vendor: V
products:
  - {bundle: com.example.virus, purpose: antivirus}
  - {bundle: com.example.clean, purpose: cleaner}
  - {bundle: com.example.zip, purpose: archiver}
  - {bundle: com.example.web, purpose: browser}
`

func want(t *testing.T, got, want map[string]string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestInherited(t *testing.T) {
	w := newWorld(purposes)
	w.app("virus", "kit")
	w.app("clean", "kit")
	w.app("zip", "kit", "zipmain")
	w.app("extra", "kit")
	w.app("web", "webmain")
	w.app("quiet")
	lines, all := w.judge(t)
	want(t, lines, map[string]string{
		"virus": "ask origin no-declaration", "clean": "unexpected inherited no-declaration",
		"zip":   "unexpected inherited no-declaration",
		"extra": "ask inherited no-declaration", // no purpose: never an origin
		"web":   "expected unknown no-declaration",
	})
	clean := all["clean"]
	if len(clean.Kin) != 3 || len(clean.Origins) != 1 || clean.Origins[0] != id("virus") {
		t.Errorf("kin %v, origins %v", clean.Kin, clean.Origins)
	}
	text := strings.Join(clean.Why, "\n")
	for _, s := range []string{"carries the same code as virus (antivirus)", "not verified", "nothing in the purpose cleaner calls for"} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is not in\n%s", s, text)
		}
	}
	for _, j := range all {
		if s := strings.Join(j.Why, " "); strings.Contains(s, "collects ") || strings.Contains(s, "gave") {
			t.Errorf("framing: %s", s)
		}
	}
	if !strings.Contains(strings.Join(all["zip"].Why, "\n"), "1 source of it in code that was met in no other product") {
		t.Errorf("zip: %q", all["zip"].Why)
	}
}

func TestSharedWithoutOrigin(t *testing.T) {
	w := newWorld(purposes)
	w.app("clean", "kit")
	w.app("zip", "kit")
	lines, _ := w.judge(t)
	want(t, lines, map[string]string{"clean": "unexpected shared no-declaration", "zip": "unexpected shared no-declaration"})
}

func TestNoFamily(t *testing.T) {
	w := newWorld("")
	w.app("virus", "kit")
	w.app("clean", "kit")
	w.app("alone", "main")
	lines, all := w.judge(t)
	want(t, lines, map[string]string{"virus": "ask shared no-declaration", "clean": "ask shared no-declaration", "alone": "ask unknown no-declaration"})
	if !strings.Contains(strings.Join(all["clean"].Why, " "), "without a family file") {
		t.Errorf("%q", all["clean"].Why)
	}
}

func TestOneProduct(t *testing.T) {
	w := newWorld(purposes)
	w.app("clean", "kit")
	lines, all := w.judge(t)
	want(t, lines, map[string]string{"clean": "unexpected unknown no-declaration"})
	if !strings.Contains(strings.Join(all["clean"].Why, " "), "a family is needed") {
		t.Errorf("%q", all["clean"].Why)
	}
}

// TestSameCode ties two builds by a same-as edge: strong rungs make kinship,
// weak ones do not. Both directions of the edge are tried.
func TestSameCode(t *testing.T) {
	for _, c := range []struct {
		rung library.Rung
		want string
	}{
		{library.RungCDHash, "inherited"}, {library.RungUnsigned, "inherited"}, {library.RungUUID, "unknown"}, {library.RungCopied, "unknown"},
		{library.RungText, "inherited"}, {library.RungName, "unknown"}, {library.RungUnits, "unknown"},
	} {
		for _, turn := range []bool{false, true} {
			w := newWorld(purposes)
			w.app("virus", "kit1")
			w.app("clean", "kit2")
			e := graph.Edge{From: graph.ImageNode(id("kit1")), To: graph.ImageNode(id("kit2")), Kind: graph.EdgeSameAs, Method: string(c.rung)}
			if turn {
				e.From, e.To = e.To, e.From
			}
			w.edges = []graph.Edge{e}
			if _, all := w.judge(t); all["clean"].Provenance != c.want {
				t.Errorf("%s: %s", c.rung, all["clean"].Provenance)
			}
		}
	}
}

// TestNamesTellApart: products of one name are told apart in the sentences too.
func TestNamesTellApart(t *testing.T) {
	w := newWorld(purposes)
	w.app("virus", "kit").Version = "1.0"
	twin := w.app("virus 2", "kit")
	twin.Name, twin.Version = "virus", "2.0"
	w.app("clean", "kit")
	_, all := w.judge(t)
	if why := strings.Join(all["clean"].Why, " "); !strings.Contains(why, "the same code as virus 1.0 (antivirus), where") {
		t.Error(why)
	}
}

func TestLibraryTiesItsImages(t *testing.T) {
	for _, background := range []bool{false, true} {
		w := newWorld(purposes)
		w.libs = []library.Library{{ID: "library:x", Kind: "dynamic", Name: "Kit", Rung: library.RungText, Background: background,
			Images: []sbom.Digest{id("kit1"), id("kit2")}}}
		w.app("virus", "kit1")
		w.app("clean", "kit2")
		_, all := w.judge(t)
		got := all["clean"]
		if background && (got.Provenance != "unknown" || !strings.Contains(strings.Join(got.Why, " "), "background library Kit")) {
			t.Errorf("background: %+v", got)
		}
		if !background && (got.Provenance != "inherited" || !slices.Equal(got.Libraries, []string{"library:x"})) {
			t.Errorf("kinship: %+v", got)
		}
	}
}

// TestVersionsOfADynamicLibrary: two versions of a dynamic library that a share of
// code units ties are not the same code, in their functions as little as in whole:
// what one does the other need not have from it.
func TestVersionsOfADynamicLibrary(t *testing.T) {
	for _, c := range []struct {
		kind string
		rung library.Rung
		want string
	}{{library.KindDynamic, library.RungUnits, "own"}, {library.KindDynamic, library.RungText, "inherited"}, {library.KindStatic, library.RungUnits, "inherited"}} {
		w := newWorld(purposes)
		w.libs = []library.Library{{ID: "library:x", Kind: c.kind, Name: "Kit", Rung: c.rung, Images: []sbom.Digest{id("kit1"), id("kit2")}}}
		w.app("virus", "kit1")
		w.app("clean", "kit2")
		for image, mark := range map[string]string{"kit1": "aa", "kit2": "bb"} {
			s := w.source(image)
			address := uint64(4096)
			s.Address, s.Mark, s.Library = &address, mark, "library:x"
			w.sources[s.ID] = s
		}
		if _, all := w.judge(t); all["clean"].Provenance != c.want {
			t.Errorf("%s, %s: %s", c.kind, c.rung, all["clean"].Provenance)
		}
	}
}

// TestUnits: code units with one mark are the same code; a unit that only one
// product has is its own.
func TestUnits(t *testing.T) {
	w := newWorld(purposes)
	w.app("virus", "m1")
	w.app("clean", "m2")
	w.app("zip", "m3")
	for i, mark := range map[string]string{"m1": "aa", "m2": "aa", "m3": "bb"} {
		s := w.source(i)
		address := uint64(4096)
		s.Address, s.Mark = &address, mark
		w.sources[s.ID] = s
	}
	lines, _ := w.judge(t)
	want(t, lines, map[string]string{"virus": "ask origin no-declaration", "clean": "unexpected inherited no-declaration", "zip": "unexpected own no-declaration"})

	// The same code may lie where another product carries the capability in code
	// that could not be compared; what is elsewhere in that product does not count.
	w.unread = []library.Unread{{Image: id("m9"), Err: library.ErrNoMarks}, {Image: id("m3"), Err: library.ErrNoMarks}}
	lines, _ = w.judge(t)
	want(t, lines, map[string]string{"virus": "ask origin no-declaration", "clean": "unexpected inherited no-declaration", "zip": "unexpected own no-declaration"})
	w.unread[0].Image = id("m2")
	lines, all := w.judge(t)
	want(t, lines, map[string]string{"virus": "ask origin no-declaration", "clean": "unexpected inherited no-declaration", "zip": "unexpected unknown no-declaration"})
	if why := strings.Join(all["zip"].Why, "; "); !strings.Contains(why, "but 1 other product carries the capability in code that could not be compared") {
		t.Error(why)
	}
}

func TestMentionsAreNotJudged(t *testing.T) {
	w := newWorld(purposes)
	w.app("virus", "kit")
	w.app("clean", "kit")
	w.carried[1].Grade = sbom.GradeMentions
	w.carried[1].Sources[0].Grade = sbom.GradeMentions
	lines, _ := w.judge(t)
	want(t, lines, map[string]string{"virus": "ask unknown no-declaration"})
}

func TestOutsideTheBundle(t *testing.T) {
	w := newWorld(purposes)
	w.app("virus", "kit")
	p := w.app("clean", "kit")
	p.Images = nil
	w.carried[1].InBundle, w.carried[1].Sources[0].InBundle = false, false
	lines, _ := w.judge(t)
	want(t, lines, map[string]string{"virus": "ask unknown no-declaration", "clean": "unexpected unknown unknown"})
}

func TestFlags(t *testing.T) {
	likely := func(flags ...string) sbom.Tag { return sbom.Tag{Grade: sbom.GradeLikely, Flags: flags} }
	for _, c := range []struct {
		name, app, want string
		tags            []sbom.Tag
	}{
		{"a cleaner clears", "clean", "expected", []sbom.Tag{likely(sbom.FlagClears)}},
		{"an archiver clears", "zip", "unexpected", []sbom.Tag{likely(sbom.FlagClears)}},
		{"reads beside it, in one image", "clean", "unexpected", []sbom.Tag{likely(sbom.FlagClears), likely()}},
		{"mentions beside it", "clean", "expected", []sbom.Tag{likely(sbom.FlagClears), {Grade: sbom.GradeMentions}}},
		{"engine", "zip", "unexpected", []sbom.Tag{likely(sbom.FlagEngine)}},
		{"own store", "zip", "unexpected", []sbom.Tag{likely(sbom.FlagOwnStore)}},
		{"no tags", "clean", "unexpected", nil},
	} {
		w := newWorld(purposes)
		w.app(c.app, "m")
		s := w.source("m")
		s.Tags, s.Flags = c.tags, []string{sbom.FlagClears}
		w.sources[s.ID] = s
		if _, all := w.judge(t); all[c.app].Verdict != c.want {
			t.Errorf("%s: %s", c.name, all[c.app].Verdict)
		}
	}
	w := newWorld(purposes)
	w.app("clean", "m", "reader")
	s := w.source("m")
	s.Tags = []sbom.Tag{likely(sbom.FlagClears)}
	w.sources[s.ID] = s
	r := w.source("reader")
	r.Tags = []sbom.Tag{likely()}
	w.sources[r.ID] = r
	if _, all := w.judge(t); all["clean"].Verdict != "unexpected" {
		t.Error("a second source that reads is excused by one that clears")
	}
}

func TestDeclared(t *testing.T) {
	const browsing = "NSPrivacyCollectedDataTypeBrowsingHistory"
	disclosed := purposes + "disclosures:\n  - {products: [com.example.v*], capability: browser.history.read, url: \"https://a.example/p\", date: 2018-09-10}\n"
	for _, c := range []struct {
		name, family, want string
		do                 func(p *sbom.Product)
	}{
		{"nothing", purposes, "no-declaration", func(*sbom.Product) {}},
		{"root lists", purposes, "yes", func(p *sbom.Product) { p.Bundles[0].Privacy = &sbom.Privacy{Collected: []string{browsing}} }},
		{"holder lists", purposes, "yes", func(p *sbom.Product) {
			p.Bundles[0].Privacy = &sbom.Privacy{}
			p.Bundles[1].Privacy = &sbom.Privacy{Collected: []string{browsing}}
		}},
		{"root is empty", purposes, "contradicted", func(p *sbom.Product) { p.Bundles[0].Privacy = &sbom.Privacy{} }},
		{"holder lists another", purposes, "contradicted", func(p *sbom.Product) {
			p.Bundles[1].Privacy = &sbom.Privacy{Collected: []string{"NSPrivacyCollectedDataTypeDeviceID"}}
		}},
		{"elsewhere, empty", purposes, "no-declaration", func(p *sbom.Product) {
			p.Bundles = append(p.Bundles, sbom.Bundle{Path: "G", Privacy: &sbom.Privacy{}})
		}},
		{"elsewhere, lists", purposes, "unknown", func(p *sbom.Product) {
			p.Bundles[0].Privacy = &sbom.Privacy{}
			p.Bundles = append(p.Bundles, sbom.Bundle{Path: "G", Privacy: &sbom.Privacy{Collected: []string{browsing}}})
		}},
		{"unreadable", purposes, "unknown", func(p *sbom.Product) {
			p.Gaps = []sbom.Gap{{Path: "Contents/Resources/PrivacyInfo.xcprivacy", Kind: sbom.GapUnreadable}}
		}},
		{"usage text", purposes, "unknown", func(p *sbom.Product) {
			p.Bundles[0].Privacy = &sbom.Privacy{}
			p.Bundles[0].Usage = []sbom.KeyValue{{Key: "NSAppleEventsUsageDescription", Value: "We never read your Browsing History."}}
		}},
		{"disclosed", disclosed, "yes", func(p *sbom.Product) { p.Bundles[0].Privacy = &sbom.Privacy{} }},
		{"disclosed for others", strings.Replace(disclosed, "v*", "x*", 1), "no-declaration", func(*sbom.Product) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(c.family)
			c.do(w.app("virus", "kit"))
			_, all := w.judge(t)
			j := all["virus"]
			if j.Declared != c.want || !strings.Contains(strings.Join(j.Why, "\n"), "declared "+c.want+": ") {
				t.Errorf("got %s, %q", j.Declared, j.Why)
			}
		})
	}
}

// A bundle speaks for itself and the root for all; another bundle does not.
func TestDeclaredByComponent(t *testing.T) {
	const browsing = "NSPrivacyCollectedDataTypeBrowsingHistory"
	w := newWorld(purposes)
	p := w.app("virus", "kit", "second")
	w.carried[0].Capability = history
	p.Bundles = append(p.Bundles, sbom.Bundle{Path: "G"}, sbom.Bundle{Path: "H", Privacy: &sbom.Privacy{}})
	p.Images[1].Places = []sbom.Place{{Path: "G/second", Bundle: "G"}, {Path: "H/second", Bundle: "H"}}
	words := func() map[string]string {
		out := map[string]string{}
		_, all := w.judge(t)
		for _, c := range all["virus"].Components {
			if c.Capability != history || c.Grade != sbom.GradeLikely {
				t.Errorf("component %+v", c)
			}
			out[c.Bundle] = c.Declared + ", " + strings.Join(c.By, "; ")
		}
		return out
	}
	want(t, words(), map[string]string{"F": "no-declaration, ", "G": "no-declaration, ",
		"H": "contradicted, PrivacyInfo.xcprivacy of H: does not list " + browsing})
	p.Bundles[1].Privacy = &sbom.Privacy{Collected: []string{browsing}, File: "F/PrivacyInfo.xcprivacy"}
	want(t, words(), map[string]string{"F": "yes, F/PrivacyInfo.xcprivacy: lists " + browsing,
		"G": "unknown, F/PrivacyInfo.xcprivacy: lists " + browsing, "H": "unknown, F/PrivacyInfo.xcprivacy: lists " + browsing})
	p.Bundles[1].Privacy = nil
	p.Bundles[0].Privacy = &sbom.Privacy{Collected: []string{browsing}, File: "PrivacyInfo.xcprivacy"}
	all := "yes, PrivacyInfo.xcprivacy: lists " + browsing
	want(t, words(), map[string]string{"F": all, "G": all, "H": all})
	w.family += "disclosures:\n  - {products: [com.example.v*], capability: browser.history.read, url: \"https://a.example/p\", date: 2018-09-10}\n"
	all = "yes, family.yaml: disclosed on 2018-09-10 at https://a.example/p"
	want(t, words(), map[string]string{"F": all, "G": all, "H": all})
}

// TestOrder: products, sources and carried in any order give the same words.
func TestOrder(t *testing.T) {
	var first []Judgement
	for n := range 6 {
		w := newWorld(purposes)
		names := []string{"virus", "clean", "zip", "extra", "web"}
		for i := range names {
			name := names[(i*(1+n%2*2)+n)%len(names)]
			w.app(name, "kit", name)
		}
		_, all := w.judge(t)
		var list []Judgement
		for _, name := range names {
			list = append(list, all[name])
		}
		if first == nil {
			first = list
		}
		if d := cmp.Diff(first, list); d != "" {
			t.Errorf("order %d: %s", n, d)
		}
	}
}
