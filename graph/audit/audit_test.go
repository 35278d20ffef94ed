package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/policy"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/graph/report"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func audited(t testing.TB, s *sbom.Scan, f *policy.Family, o Options) *finding.Report {
	t.Helper()
	r, err := Run(s, f, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRun(t *testing.T) {
	r := audited(t, scan(), family(t), options())
	type line struct{ Grade, Sends, Strength, Provenance, Verdict, Declared string }
	got := map[string]line{}
	for i := range r.Products {
		if k := r.Products[i].Find(Headline); k != nil {
			got[r.Products[i].Name] = line{k.Grade, k.Sends, k.Strength, k.Provenance, k.Verdict, k.Declared}
		}
	}
	want := map[string]line{
		"Doc Antivirus":  {"likely", "no", "reachable", "origin", "ask", "no-declaration"},
		"Doc Cleaner":    {"likely", "possible", "reachable", "inherited", "unexpected", "contradicted"},
		"Doc Battery":    {"likely", "no", "reachable", "inherited", "unexpected", "no-declaration"},
		"Doc Unarchiver": {"likely", "no", "linked", "unknown", "unexpected", "no-declaration"},
		"Doc Manual":     {"mentions", "no", "", "", "", ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	sum := finding.Summary{Capability: Headline, Products: 7, Others: 1, Carriers: 4, Unexpected: 3, Ask: 1, Inherited: 2,
		Mentions: 1, Clean: 2, Unseen: 1, Libraries: 1, Findings: 5, Gaps: 3}
	if d := cmp.Diff(sum, r.Summary); d != "" {
		t.Error(d)
	}
	if r.Exit.Status != finding.ExitBroken {
		t.Errorf("exit %+v", r.Exit)
	}
	if d := cmp.Diff([]string{"com.example.doc-gone"}, r.Family.NotMet); d != "" {
		t.Error(d)
	}
	if len(r.Others) != 1 || r.Others[0].Name != "Foreign" {
		t.Errorf("others %+v", r.Others)
	}
	for _, s := range r.Sources {
		for _, at := range s.Places {
			if at.Product == id("Foreign") {
				t.Error("a product that is not judged is named as a place")
			}
		}
	}
	want2 := `Doc Cleaner (cleaner) carries browser-collection: same bytes in 3 products, CollectKit; reachable; grade likely; sends possible; unexpected`
	if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Text == want2 }) {
		for _, f := range r.Findings {
			t.Log(f.Text)
		}
		t.Errorf("no finding says %q", want2)
	}
}

// TestCoverageSums adds everything up from the input's side.
func TestCoverageSums(t *testing.T) {
	s := scan()
	want := s.Outside.Files
	for _, p := range s.Products {
		want += p.Coverage.Files
	}
	r := audited(t, s, family(t), options())
	if r.Coverage.Files != want || r.Coverage.Files != r.Coverage.Analysed+r.Coverage.Skipped+r.Coverage.Unreadable {
		t.Errorf("total %+v, want %d files", r.Coverage, want)
	}
}

func TestOthersMakeNoKinship(t *testing.T) {
	text := "vendor: V\nmatch: {bundle: [org.other.*]}\nproducts: [{bundle: com.example.doc-cleaner, purpose: cleaner}]\n"
	f, err := policy.Parse([]byte(text), "f")
	if err != nil {
		t.Fatal(err)
	}
	s := scan()
	s.Products = slices.DeleteFunc(s.Products, func(p *sbom.Product) bool { return p.Name == "Foreign" })
	r := audited(t, s, f, options())
	if len(r.Products) != 1 || len(r.Libraries) != 0 || r.Products[0].Find(Headline).Provenance != finding.ProvenanceUnknown {
		t.Errorf("%d judged, libraries %v, %+v", len(r.Products), r.Libraries, r.Products[0].Find(Headline))
	}
}

func TestNothingToJudge(t *testing.T) {
	for _, s := range []*sbom.Scan{nil, {}} {
		if _, err := Run(s, nil, options()); !errors.Is(err, ErrNoProduct) {
			t.Errorf("%v", err)
		}
	}
	f, err := policy.Parse([]byte("vendor: V\nmatch: {bundle: [nobody.*]}\n"), "f.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var none *NoMatchError
	if _, err := Run(scan(), f, options()); !errors.As(err, &none) || none.Met != 8 || none.Family != "f.yaml" {
		t.Errorf("%v", err)
	}
}

func TestExit(t *testing.T) {
	clean := func() *sbom.Scan {
		s := scan()
		s.Products = slices.DeleteFunc(s.Products, func(p *sbom.Product) bool { return p.Name != "Doc Wifi" && p.Name != "Doc Manual" })
		s.Gaps, s.Outside = nil, sbom.Coverage{}
		return s
	}
	gap := func() *sbom.Scan {
		s := clean()
		s.Gaps = []sbom.Gap{{Kind: sbom.GapTimeout, Path: "x", Offset: -1, Why: "w", Count: 1}}
		return s
	}
	skipped := func() *sbom.Scan {
		s := clean()
		s.Outside.AddSkipped("JavaScript: not looked at", 1)
		return s
	}
	ask := func() *sbom.Scan {
		s := clean()
		s.Products = append(s.Products, kit(app("Doc Antivirus", "com.example.doc-antivirus")))
		return s
	}
	for _, c := range []struct {
		name string
		scan *sbom.Scan
		o    Options
		want int
	}{
		{"clean", clean(), Options{}, 0},
		{"clean and complete", clean(), Options{RequireComplete: true}, 0},
		{"a gap is no failure by itself", gap(), Options{}, 0},
		{"a gap", gap(), Options{RequireComplete: true}, 3},
		{"code that is not read", skipped(), Options{RequireComplete: true}, 3},
		{"ask does not fail", ask(), Options{}, 0},
		{"ask fails when told to", ask(), Options{FailOn: []string{"ask"}}, 1},
		{"unexpected", scan(), Options{}, 1},
		{"unexpected comes before incomplete", scan(), Options{RequireComplete: true}, 1},
		{"unexpected at a higher grade only", scan(), Options{MinGrade: sbom.GradeShown}, 0},
		{"mentions never fail", clean(), Options{FailOn: []string{"unexpected", "ask", "expected"}}, 0},
		{"fail on none", scan(), Options{FailOn: []string{"none"}}, 0},
		{"fail on none, incomplete", scan(), Options{FailOn: []string{"none"}, RequireComplete: true}, 3},
		{"higher grade, incomplete", scan(), Options{MinGrade: sbom.GradeShown, RequireComplete: true}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Composites = composites()
			r := audited(t, c.scan, family(t), c.o)
			if r.Exit.Status != c.want || len(r.Exit.Reasons) == 0 {
				t.Errorf("got %+v, want %d", r.Exit, c.want)
			}
		})
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{FailOn: []string{"bad"}}, `cannot fail on "bad": it is not one of expected, ask, unexpected, none`},
		{Options{FailOn: []string{"none", "ask"}}, "cannot fail on none and on something"},
		{Options{FailOn: []string{}}, "cannot fail on an empty word"},
		{Options{FailOn: []string{""}}, "cannot fail on an empty word"},
		{Options{FailOn: []string{"ask", ""}}, "cannot fail on an empty word"},
		{Options{MinGrade: "sure"}, `unknown grade "sure": it is one of likely, shown`},
		{Options{MinGrade: sbom.GradeMentions}, "mentions have no verdict, so none can fail a run; it is one of likely, shown"},
	} {
		if _, err := Run(scan(), nil, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q in it", c.o, err, c.want)
		}
	}
}

// TestMissingLibraryIsNoNegative takes a library out of a quiet product: one
// that must be loaded makes its "none" worth nothing, a weak one does not.
func TestMissingLibraryIsNoNegative(t *testing.T) {
	const gone, twin = "@rpath/Gone.framework/Gone", "@loader_path/../Gone.dylib"
	for _, c := range []struct {
		name  string
		loads map[string]sbom.LoadKind
		links bool // the links are known, not the gaps alone
		want  int
	}{
		{"regular", map[string]sbom.LoadKind{gone: sbom.LoadRegular}, true, 2},
		{"re-export", map[string]sbom.LoadKind{gone: sbom.LoadReexport}, true, 2},
		{"weak", map[string]sbom.LoadKind{gone: sbom.LoadWeak}, true, 1},
		{"weak and regular", map[string]sbom.LoadKind{gone: sbom.LoadWeak, twin: sbom.LoadRegular}, true, 2},
		{"two weak ones", map[string]sbom.LoadKind{gone: sbom.LoadWeak, twin: sbom.LoadWeak}, true, 1},
		{"only the gap says weak", map[string]sbom.LoadKind{gone: sbom.LoadWeak}, false, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scan()
			p := s.Products[slices.IndexFunc(s.Products, func(p *sbom.Product) bool { return p.Name == "Doc Wifi" })]
			for name, kind := range c.loads {
				l := sbom.Link{Kind: sbom.LinkLoads, From: p.Images[0].Digest, Target: sbom.TargetMissing, Name: name, Load: kind, How: "@rpath"}
				if c.links {
					p.Links = append(p.Links, l)
				}
				p.Gaps = append(p.Gaps, sbom.Gap{Kind: sbom.GapUnresolved, Path: "Contents/MacOS/Doc Wifi", Image: l.From, Offset: -1, Count: 1,
					Why: "library reference " + name + " leads nowhere in the product (" + string(kind) + ", @rpath)"})
			}
			p.Normalize()
			r := audited(t, s, family(t), options())
			if r.Summary.Clean != 2 || r.Summary.Unseen != c.want {
				t.Errorf("%+v, want %d unseen", r.Summary, c.want)
			}
			var b bytes.Buffer
			if err := report.Text(&b, r); err != nil {
				t.Fatal(err)
			}
			words := strings.Join(strings.Fields(b.String()), " ")
			row := regexp.MustCompile(`(?m)^Doc Wifi 1\.0 .* none \*`).MatchString(b.String())
			named := strings.Contains(words, "is no negative in: Doc Notes 1.0; Doc Wifi 1.0.")
			if row != (c.want == 2) || named != (c.want == 2) {
				t.Errorf("row %v, named %v:\n%s", row, named, b.String())
			}
		})
	}
}

// TestTwinsAreToldApart: findings about products of one name can be told apart.
func TestTwinsAreToldApart(t *testing.T) {
	s := scan()
	for _, p := range s.Products {
		switch p.Name {
		case "Doc Battery", "Doc Antivirus":
			p.Name = "Doc Cleaner"
		}
		if p.ID == id("Doc Battery") {
			p.Version = "2.0"
		}
	}
	r := audited(t, s, family(t), options())
	var b bytes.Buffer
	if err := report.Text(&b, r); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{"Doc Cleaner 2.0 (battery) carries browser-collection", "Doc Cleaner 1.0 at Doc Cleaner.app (cleaner) carries",
		"Doc Cleaner 1.0 at Doc Antivirus.app (antivirus) carries", "Doc Unarchiver (archiver) carries"} {
		if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return strings.HasPrefix(f.Text, want) }) || !strings.Contains(text, want) {
			t.Errorf("no finding begins with %q", want)
		}
	}
}

// TestOneProductOneVerb: numbers of one and loose libraries read well.
func TestOneProductOneVerb(t *testing.T) {
	s := scan()
	p := kit(app("loose libraries of apps", ""))
	p.Kind = sbom.KindLibraries
	p.Bundles = nil
	for i := range p.Images {
		for k := range p.Images[i].Places {
			p.Images[i].Places[k].Bundle = ""
		}
	}
	s.Products = []*sbom.Product{p}
	r := audited(t, s, nil, options())
	if len(r.Findings) != 1 || !strings.HasPrefix(r.Findings[0].Text, "loose libraries of apps (no purpose given) carry browser-collection") {
		t.Errorf("%+v", r.Findings)
	}
	f, err := policy.Parse([]byte("vendor: V\nmatch: {bundle: [nobody.*]}\n"), "f.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(s, f, options()); err == nil || err.Error() != "the one product met does not belong to the family of f.yaml" {
		t.Errorf("%v", err)
	}
	whys := strings.Join(r.Products[0].Capabilities[0].Why, "; ")
	if !strings.Contains(whys, "(1 of 1 source)") {
		t.Error(whys)
	}
}

// TestOrder: the order of products, tags, links and gaps must not change a byte.
func TestOrder(t *testing.T) {
	want := asJSON(t, audited(t, scan(), family(t), options()))
	for n := 1; n < 7; n++ {
		s := scan()
		slices.Reverse(s.Products[:n])
		s.Products = append(s.Products[n:], s.Products[:n]...)
		if got := asJSON(t, audited(t, s, family(t), options())); got != want {
			t.Errorf("order %d: %s", n, cmp.Diff(want, got))
		}
	}
}

func TestInputIsNotChanged(t *testing.T) {
	s := scan()
	double := *s.Products[0]
	double.Paths = []string{"copy/Doc Antivirus.app"}
	s.Products = append(s.Products, &double)
	before := fmt.Sprintf("%+v", s.Products[0])
	r := audited(t, s, family(t), options())
	if after := fmt.Sprintf("%+v", s.Products[0]); after != before {
		t.Errorf("before %s\nafter %s", before, after)
	}
	for _, p := range r.Products {
		if p.ID == double.ID && len(p.Paths) != 2 {
			t.Errorf("paths %v", p.Paths)
		}
	}
	if len(r.Products) != 7 {
		t.Errorf("%d products", len(r.Products))
	}
}

func TestOtherRulesAreAGap(t *testing.T) {
	s := scan()
	s.Products[0].Tags[0].RulesDigest = id("older rules")
	r := audited(t, s, family(t), options())
	n := 0
	for _, g := range r.Gaps {
		if g.Kind == string(sbom.GapInconsistent) && *g.Product == s.Products[0].ID {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d gaps of inconsistent rules in %+v", n, r.Gaps)
	}
}

func TestNoFamilyFile(t *testing.T) {
	r := audited(t, scan(), nil, options())
	for _, p := range r.Products {
		for _, k := range p.Capabilities {
			if k.Verdict == finding.VerdictUnexpected || k.Provenance == finding.ProvenanceOrigin || k.Provenance == finding.ProvenanceInherited {
				t.Errorf("%s: %+v", p.Name, k)
			}
		}
	}
	if r.Family != nil || r.Exit.Status != 0 {
		t.Errorf("family %v, exit %v", r.Family, r.Exit)
	}
}

func asJSON(t testing.TB, r *finding.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden keeps the report of the test family as JSON and text. The report
// room renders the same JSON in its own tests.
func TestGolden(t *testing.T) {
	r := audited(t, scan(), family(t), options())
	data := asJSON(t, r)
	golden(t, "family.json", data)
	var back finding.Report
	if err := json.Unmarshal([]byte(data), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(*r, back); d != "" {
		t.Errorf("JSON does not round-trip: %s", d)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs; run with -update if it should: %s", name, d)
	}
}

func TestSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(finding.SchemaJSON()))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	one := scan()
	one.Products, one.Inputs, one.Gaps = one.Products[5:6], nil, nil
	for name, r := range map[string]*finding.Report{"family": audited(t, scan(), family(t), options()),
		"no family": audited(t, scan(), nil, options()), "one quiet product": audited(t, one, nil, Options{})} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(asJSON(t, r)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestExplain(t *testing.T) {
	r := audited(t, scan(), family(t), options())
	cleaner := id("Doc Cleaner")
	for _, word := range []string{"Doc Cleaner", "doc cleaner", "com.example.doc-cleaner", "Doc Cleaner.app", "Doc Cleaner.app/", string(cleaner), cleaner.Short()} {
		e, err := Explain(r, word, Headline)
		if err != nil || e.Product.ID != cleaner || e.Carried == nil || e.Carried.ID != Headline {
			t.Errorf("%q: %+v, %v", word, e, err)
		}
	}
	if e, err := Explain(r, "Doc Wifi", "browser-coll"); err != nil || e.Carried != nil || e.Capability != Headline {
		t.Errorf("%+v, %v", e, err)
	}
	for _, c := range []struct{ product, capability, want string }{
		{"Doc Claener", Headline, `no product "Doc Claener" in the report; did you mean "Doc Cleaner"?`},
		{"zzzzzzzzzz", Headline, `no product "zzzzzzzzzz" in the report`},
		{"", Headline, `no product ""`},
		{"Foreign", Headline, `no judged product "Foreign"`},
		{"Doc Cleaner", "browser-colection", "did you mean browser-collection?"},
		{"Doc Cleaner", "browser.", `capability "browser." is ambiguous`},
		{"Doc Cleaner", "", `no capability ""`},
	} {
		if _, err := Explain(r, c.product, c.capability); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %q: %v", c.product, c.capability, err)
		}
	}
	r.Products[1].Name = r.Products[2].Name
	var e *LookupError
	if _, err := Explain(r, r.Products[1].Name, Headline); !errors.As(err, &e) || !e.Ambiguous || len(e.Candidates) != 2 {
		t.Errorf("%v", err)
	}
}

// TestComposites: the rules that kinbom ships with hold the headline, and the
// purpose table has a column for it and for each part.
func TestComposites(t *testing.T) {
	set, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	table, err := policy.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	list := Composites(set.Composites())
	i := slices.IndexFunc(list, func(c propagate.Composite) bool { return c.ID == Headline })
	if i < 0 || len(list[i].Any) == 0 || len(list[i].Sends) == 0 {
		t.Fatalf("no headline in %+v", list)
	}
	for _, id := range append(list[i].Any, Headline) {
		if !slices.Contains(table.Capabilities(), id) {
			t.Errorf("no purpose speaks of %s", id)
		}
	}
}
