package finding_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

func digest(s string) sbom.Digest { return sbom.DigestOf([]byte(s)) }

// sample is a small report that holds together: a carrier and a product that
// only mentions.
func sample() *finding.Report {
	a, b, image, file := digest("a"), digest("b"), digest("image"), digest("file")
	src := "image:" + string(image) + "#browser.history.read"
	lib := "library:" + string(digest("lib"))
	yes := true
	one := finding.Coverage{Files: 3, Analysed: 1, Skipped: 2, Reasons: []finding.Reason{{Status: "skipped", Why: "not code", Count: 2}}}
	r := &finding.Report{
		Schema: finding.Schema, Tool: finding.Tool{Name: "kinbom", Version: "test"}, Rules: finding.Rules{Digest: digest("rules")},
		Inputs: []finding.Input{}, Others: []finding.Other{},
		Products: []finding.Product{
			{ID: a, Name: "A", Kind: "app", Path: "A.app", Paths: []string{"A.app"}, Purpose: "antivirus", Security: &yes, Coverage: one,
				Capabilities: []finding.Capability{{ID: "browser-collection", Grade: "likely", Sends: "no", Strength: "linked",
					Provenance: "origin", Verdict: "ask", Declared: "no-declaration", InBundle: true, Flags: []string{},
					Sources: []string{src}, Why: []string{"x"}, Witnesses: []finding.Witness{{Source: src, Strength: "linked",
						Hops: []finding.Hop{{Node: "product:" + string(a), Kind: "product", Label: "A"},
							{Node: "image:" + string(image), Kind: "image", Label: "i", Edge: "contains", How: "files"}}}}}}},
			{ID: b, Name: "B", Kind: "app", Path: "B.app", Paths: []string{"B.app"}, Coverage: one,
				Capabilities: []finding.Capability{{ID: "browser-collection", Grade: "mentions", Flags: []string{}, Sources: []string{src},
					Witnesses: []finding.Witness{}, Why: []string{}}}},
		},
		Libraries: []finding.Library{{ID: lib, Kind: "dynamic", Name: "L", Rung: "same bytes", SHA256: []sbom.Digest{file},
			Images: []sbom.Digest{image}, Products: []string{"A.app", "B.app"}, ProductIDs: []sbom.Digest{a, b},
			Capabilities: []string{}, SameAs: []finding.SameAs{}}},
		Sources: []finding.Source{{ID: src, Capability: "browser.history.read", Grade: "likely", Image: image, Arch: "arm64", Library: &lib,
			Rules: []string{"r"}, Flags: []string{}, Stores: []string{}, Places: []finding.SourcePlace{{Product: a, Path: "L", Role: "main", SHA256: file}},
			Evidence: []finding.Evidence{{SHA256: file, Offset: 10, Length: 3, Bytes: []byte("abc"), Text: "abc", Kind: "string", Signal: "sql", Rule: "r"}}}},
		Findings: []finding.Finding{{ID: string(digest("f")), Kind: "ask", Capability: "browser-collection", Product: a, Path: "A.app",
			Verdict: "ask", Provenance: "origin", Grade: "likely", Strength: "linked", Libraries: []string{lib}, Sources: []string{src}, Text: "t",
			Kin: []sbom.Digest{b}, Origins: []sbom.Digest{}}},
		Gaps:     []finding.Gap{{Product: &a, Path: "A.app/x", Kind: "unreadable", Offset: -1, Why: "w", Count: 1}},
		Coverage: finding.Coverage{Files: 6, Analysed: 2, Skipped: 4, Reasons: []finding.Reason{{Status: "skipped", Why: "not code", Count: 4}}},
		Outside:  finding.Coverage{Reasons: []finding.Reason{}},
		Exit:     finding.Exit{Reasons: []string{"r"}},
	}
	r.Summary = r.Summarize("browser-collection")
	return r
}

func TestValidateAccepts(t *testing.T) {
	if err := sample().Validate(); err != nil {
		t.Fatal(err)
	}
	s := sample().Summary
	if s.Carriers != 1 || s.Mentions != 1 || s.Clean != 0 || s.Libraries != 1 || s.Unexpected != 0 {
		t.Errorf("summary %+v", s)
	}
}

// TestValidateNames breaks one thing at a time and expects it to be named.
func TestValidateNames(t *testing.T) {
	for _, c := range []struct {
		name, want string
		do         func(r *finding.Report)
	}{
		{"schema", `schema "x"`, func(r *finding.Report) { r.Schema = "x" }},
		{"same product twice", "listed twice", func(r *finding.Report) { r.Products[1].ID = r.Products[0].ID }},
		{"products out of order", "products are not sorted", func(r *finding.Report) { r.Products[0], r.Products[1] = r.Products[1], r.Products[0] }},
		{"path", "not the first", func(r *finding.Report) { r.Products[0].Path = "Z" }},
		{"verified team", "no signature is verified", func(r *finding.Report) { r.Products[0].TeamVerified = true }},
		{"security without purpose", "security is known", func(r *finding.Report) { r.Products[0].Purpose = "" }},
		{"grade", `grade "sure"`, func(r *finding.Report) { r.Products[0].Capabilities[0].Grade = "sure" }},
		{"mention with a verdict", "a mention has no", func(r *finding.Report) { r.Products[1].Capabilities[0].Verdict = "ask" }},
		{"mention with a strength", "a mention has no", func(r *finding.Report) { r.Products[1].Capabilities[0].Strength = "linked" }},
		{"verdict", `verdict "guilty"`, func(r *finding.Report) { r.Products[0].Capabilities[0].Verdict = "guilty" }},
		{"no provenance", `provenance ""`, func(r *finding.Report) { r.Products[0].Capabilities[0].Provenance = "" }},
		{"no strength", `strength ""`, func(r *finding.Report) { r.Products[0].Capabilities[0].Strength = "" }},
		{"sends", `sends "maybe"`, func(r *finding.Report) { r.Products[0].Capabilities[0].Sends = "maybe" }},
		{"unknown source", "unknown source", func(r *finding.Report) { r.Products[0].Capabilities[0].Sources[0] = "image:x" }},
		{"witness elsewhere", "starts at its product", func(r *finding.Report) { r.Products[0].Capabilities[0].Witnesses[0].Hops[0].Node = "product:x" }},
		{"hop without edge", "has no edge", func(r *finding.Report) { r.Products[0].Capabilities[0].Witnesses[0].Hops[1].Edge = "" }},
		{"library of one", "fewer than two", func(r *finding.Report) { r.Libraries[0].ProductIDs = r.Libraries[0].ProductIDs[:1] }},
		{"library's product", "unknown product", func(r *finding.Report) { r.Libraries[0].ProductIDs[0] = digest("z") }},
		{"same-as", "same as unknown library", func(r *finding.Report) { r.Libraries[0].SameAs = []finding.SameAs{{Library: "q", Rung: "same UUID"}} }},
		{"source's library", "unknown library", func(r *finding.Report) { s := "library:q"; r.Sources[0].Library = &s }},
		{"evidence before its slice", "out of bounds", func(r *finding.Report) { r.Sources[0].Evidence[0].Slice = 11 }},
		{"evidence too long", "more than 256", func(r *finding.Report) { e := &r.Sources[0].Evidence[0]; e.Bytes, e.Length = make([]byte, 257), 257 }},
		{"component twice", "out of order or listed twice", func(r *finding.Report) {
			r.Products[0].Components = []finding.Component{{Path: "F"}, {Path: "F"}}
		}},
		{"component's capability", "which the product does not carry", func(r *finding.Report) {
			r.Products[0].Components = []finding.Component{{Observed: []finding.Observed{{ID: "x", Grade: "likely", Declared: "yes"}}}}
		}},
		{"component's declaration", `declared "perhaps"`, func(r *finding.Report) {
			r.Products[0].Components = []finding.Component{{Observed: []finding.Observed{{ID: "browser-collection", Grade: "likely", Declared: "perhaps"}}}}
		}},
		{"finding differs", "differ from the product's", func(r *finding.Report) { r.Findings[0].Verdict = "unexpected" }},
		{"finding's library", "unknown library", func(r *finding.Report) { r.Findings[0].Libraries = []string{"q"} }},
		{"finding's kin", "not another judged product", func(r *finding.Report) { r.Findings[0].Kin = []sbom.Digest{digest("z")} }},
		{"finding's origin", "not among its kin", func(r *finding.Report) { r.Findings[0].Origins = []sbom.Digest{digest("a")} }},
		{"finding's kind", `kind "bad"`, func(r *finding.Report) { r.Findings[0].Kind = "bad" }},
		{"gap without a reason", "no reason", func(r *finding.Report) { r.Gaps[0].Why = "" }},
		{"weak gap of another kind", `weak, but its kind is "unreadable"`, func(r *finding.Report) { r.Gaps[0].Weak = true }},
		{"coverage does not add up", "3 files, but", func(r *finding.Report) { r.Products[0].Coverage.Analysed = 2 }},
		{"total", "differs from the sum", func(r *finding.Report) { r.Coverage.Files++; r.Coverage.Analysed++ }},
		{"summary", "a recount gives", func(r *finding.Report) { r.Summary.Carriers = 2 }},
		{"exit", "exit status 2", func(r *finding.Report) { r.Exit.Status = 2 }},
		{"no reason", "has no reason", func(r *finding.Report) { r.Exit.Reasons = nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sample()
			c.do(r)
			if err := r.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

// A form of container that was read by an unconfirmed reader hides nothing.
func TestUntestedIsSeen(t *testing.T) {
	r := sample()
	before := r.Missing()
	if before == 0 || !r.Unseen(&r.Products[0]) {
		t.Fatalf("%d gaps, none of the first product", before)
	}
	r.Gaps[0].Kind = string(sbom.GapUntested)
	if r.Missing() != before-1 || r.Unseen(&r.Products[0]) {
		t.Errorf("%d missing, were %d; unseen %v", r.Missing(), before, r.Unseen(&r.Products[0]))
	}
}

// TestUnseen: a gap of any kind makes finding nothing no negative, but not a
// weak reference that leads nowhere, nor a gap of another product.
func TestUnseen(t *testing.T) {
	for _, kind := range []sbom.GapKind{sbom.GapUnreadable, sbom.GapWorkerDied, sbom.GapTimeout, sbom.GapLimit, sbom.GapEncrypted,
		sbom.GapNotLookedAt, sbom.GapUnresolved, sbom.GapUnsupported, sbom.GapInconsistent, "of a later version"} {
		r := sample()
		r.Products[0].Capabilities, r.Products[1].Capabilities = nil, nil
		r.Gaps[0].Kind = string(kind)
		if !r.Unseen(&r.Products[0]) || r.Unseen(&r.Products[1]) {
			t.Errorf("%s: %v, and %v without a gap", kind, r.Unseen(&r.Products[0]), r.Unseen(&r.Products[1]))
		}
		if s := r.Summarize("browser-collection"); s.Clean != 2 || s.Unseen != 1 {
			t.Errorf("%s: %+v", kind, s)
		}
		r.Gaps[0].Product = nil
		if r.Unseen(&r.Products[0]) {
			t.Errorf("%s: a gap of no product counts", kind)
		}
	}
	r := sample()
	r.Gaps[0].Kind, r.Gaps[0].Weak = string(sbom.GapUnresolved), true
	if r.Unseen(&r.Products[0]) {
		t.Error("a weak reference counts")
	}
	r.Gaps[0].Kind, r.Gaps[0].Weak = string(sbom.GapNoMarks), false
	if r.Unseen(&r.Products[0]) {
		t.Error("code of unknown kinship counts")
	}
	r.Products[0].Coverage.Unreadable = 1
	if !r.Unseen(&r.Products[0]) {
		t.Error("an unreadable file does not count")
	}
}

// TestMentionIsNoNegative: a product that only mentions, and of which code is
// unseen, is no negative; one at grade likely is a finding, not a negative.
func TestMentionIsNoNegative(t *testing.T) {
	const headline = "browser-collection"
	for grade, want := range map[sbom.Grade]bool{sbom.GradeMentions: true, sbom.GradeLikely: false, sbom.GradeShown: false} {
		r := sample()
		r.Products[0].Capabilities = []finding.Capability{{ID: headline, Grade: string(grade)}}
		r.Products[1].Capabilities = nil
		unseen := 0
		if want {
			unseen = 1
		}
		if got := r.NoNegative(&r.Products[0], headline); got != want || r.Summarize(headline).Unseen != unseen {
			t.Errorf("%s: %v, and %+v", grade, got, r.Summarize(headline))
		}
		if r.NoNegative(&r.Products[1], headline) {
			t.Errorf("%s: a product that was seen whole is called no negative", grade)
		}
	}
}

func TestLabels(t *testing.T) {
	list := []finding.Named{{"a1", "App", "1.0", "x/App"}, {"b2", "App", "2.0", "y/App"}, {"c3", "Twin", "1.0", "x/Twin"},
		{"d4", "Twin", "1.0", "y/Twin"}, {"e5", "Twin", "2.0", "z/Twin"}, {"f6", "Same", "1", "p"}, {"g7", "Same", "1", "p"},
		{"h8", "Alone", "9", "q"}, {"i9", "App 1.0", "", "r"}, {"j0", "No", "", "s"}, {"k1", "No", "", "t"}}
	short := []string{"App 1.0 at x/App", "App 2.0", "Twin 1.0 at x/Twin", "Twin 1.0 at y/Twin", "Twin 2.0", "Same 1 at p (id f6)", "Same 1 at p (id g7)",
		"Alone", "App 1.0", "No at s", "No at t"}
	for turn := range 2 {
		got, whole := finding.ShortLabels(list), finding.Labels(list)
		for i, n := range list {
			if n.ID == "i9" || n.ID == "a1" { // a name that is another's name and version: told apart, whichever way
				continue
			}
			if got[n.ID] != short[i] {
				t.Errorf("turn %d: %q, want %q", turn, got[n.ID], short[i])
			}
		}
		if got["a1"] == got["i9"] || whole["a1"] == whole["i9"] {
			t.Errorf("%q is there twice", got["a1"])
		}
		if whole["h8"] != "Alone 9" || whole["d4"] != "Twin 1.0 at y/Twin" {
			t.Errorf("%q, %q", whole["h8"], whole["d4"])
		}
		slices.Reverse(list)
		slices.Reverse(short)
	}
}

func compile(t *testing.T, change func(doc any)) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(finding.SchemaJSON()))
	if err != nil {
		t.Fatal(err)
	}
	change(doc)
	c := jsonschema.NewCompiler()
	c.AssertContent()
	if err := c.AddResource("report.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// strict forbids every field that the schema does not name, so that a new
// field without its line in the schema fails the test.
func strict(doc any) {
	switch v := doc.(type) {
	case map[string]any:
		if v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, c := range v {
			strict(c)
		}
	case []any:
		for _, c := range v {
			strict(c)
		}
	}
}

func check(t *testing.T, s *jsonschema.Schema, r any) error {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestSchema(t *testing.T) {
	s, loose := compile(t, strict), compile(t, func(any) {})
	weak := sample()
	weak.Gaps[0].Kind, weak.Gaps[0].Weak = "unresolved", true
	for _, r := range []*finding.Report{sample(), weak} {
		if err := check(t, s, r); err != nil {
			t.Fatal(err)
		}
	}
	extra := map[string]any{}
	data, _ := json.Marshal(sample())
	if err := json.Unmarshal(data, &extra); err != nil {
		t.Fatal(err)
	}
	extra["later"] = 1
	if err := check(t, loose, extra); err != nil {
		t.Errorf("a later field is refused: %v", err)
	}
	for i, do := range []func(r *finding.Report){
		func(r *finding.Report) { r.Schema = "kinbom.report/2" },
		func(r *finding.Report) { r.Products[0].ID = "x" },
		func(r *finding.Report) { r.Products[0].TeamVerified = true },
		func(r *finding.Report) { r.Products[0].Capabilities[0].Verdict = "guilty" },
		func(r *finding.Report) { r.Products[0].Capabilities[0].Provenance = "" },
		func(r *finding.Report) { r.Products[1].Capabilities[0].Verdict = "ask" },
		func(r *finding.Report) { r.Findings = nil },
		func(r *finding.Report) { r.Exit.Status = 2 },
		func(r *finding.Report) { r.Coverage.Files = -1 },
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			r := sample()
			do(r)
			if check(t, loose, r) == nil {
				t.Error("accepted")
			}
		})
	}
}
