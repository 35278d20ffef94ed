package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// loaded is a fresh copy of the audit room's golden report.
func loaded(t testing.TB) *finding.Report {
	t.Helper()
	data, err := os.ReadFile("../audit/testdata/family.json")
	if err != nil {
		t.Fatal(err)
	}
	r := &finding.Report{}
	if err := json.Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func text(t testing.TB, r *finding.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func whyText(t testing.TB, r *finding.Report, product sbom.Digest, capability string) string {
	t.Helper()
	var b bytes.Buffer
	if err := Why(&b, r, product, capability, WhyOptions{Root: "apps"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
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

func named(t testing.TB, r *finding.Report, name string) *finding.Product {
	t.Helper()
	for i := range r.Products {
		if r.Products[i].Name == name {
			return &r.Products[i]
		}
	}
	t.Fatalf("no product %q", name)
	return nil
}

func TestGolden(t *testing.T) {
	r := loaded(t)
	golden(t, "family.txt", text(t, r))
	golden(t, "why-cleaner.txt", whyText(t, r, named(t, r, "Doc Cleaner").ID, "browser-collection"))
	golden(t, "why-manual.txt", whyText(t, r, named(t, r, "Doc Manual").ID, "browser-collection"))
	golden(t, "why-wifi.txt", whyText(t, r, named(t, r, "Doc Wifi").ID, "browser-collection"))
	golden(t, "why-notes.txt", whyText(t, r, named(t, r, "Doc Notes").ID, "browser-collection"))
	r.Family, r.Findings = nil, r.Findings[:0]
	for i := range r.Products {
		r.Products[i].Capabilities = nil
	}
	r.Summary = r.Summarize(r.Summary.Capability)
	golden(t, "nothing-found.txt", text(t, r))
}

func TestJSONRoundTrips(t *testing.T) {
	want, err := os.ReadFile("../audit/testdata/family.json")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := JSON(&b, loaded(t)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Error(d)
	}
	r := loaded(t)
	r.Products[0].Name = "<&>"
	b.Reset()
	if err := JSON(&b, r); err != nil || !strings.Contains(b.String(), `"<&>"`) {
		t.Errorf("HTML escapes in JSON, or %v", err)
	}
}

// TestAnswerComesFirst: the first section names the carriers, and every number
// in the answer stands in the summary.
func TestAnswerComesFirst(t *testing.T) {
	r := loaded(t)
	parts := strings.SplitN(text(t, r), "\n\n", 3)
	if !strings.HasPrefix(parts[1], "ANSWER\n") {
		t.Fatalf("second block is %q", parts[1])
	}
	s := r.Summary
	want := fmt.Sprintf("%d of %d products carry %s", s.Carriers, s.Products, s.Capability)
	if !strings.Contains(parts[1], want) {
		t.Errorf("%q is not in %q", want, parts[1])
	}
}

// TestInheritanceIsNotDenied: where inheritance cannot be told, no number
// stands for it.
func TestInheritanceIsNotDenied(t *testing.T) {
	r := loaded(t)
	if s := text(t, r); !strings.Contains(s, "2 inherited it") || strings.Contains(s, "cannot be told") {
		t.Errorf("a whole family: %s", s)
	}
	one := loaded(t)
	one.Products = slices.DeleteFunc(one.Products, func(q finding.Product) bool { return q.Name != "Doc Cleaner" })
	one.Summary = one.Summarize(one.Summary.Capability)
	one.Family.Declared, one.Family.Met = 1, 1
	none := loaded(t)
	none.Family = nil
	for name, r := range map[string]*finding.Report{"one product": one, "no family file": none} {
		s := strings.Join(strings.Fields(text(t, r)), " ")
		if strings.Contains(s, "inherited it") || !strings.Contains(s, "inheritance cannot be told") {
			t.Errorf("%s: %s", name, s)
		}
	}
}

func TestNumbersOfOne(t *testing.T) {
	r := loaded(t)
	r.Products = slices.DeleteFunc(r.Products, func(q finding.Product) bool { return q.Name != "Doc Notes" })
	r.Libraries, r.Findings = nil, nil
	r.Family.Declared, r.Family.Met = 2, 1
	r.Summary = r.Summarize(r.Summary.Capability)
	s := strings.Join(strings.Fields(text(t, r)), " ")
	for _, want := range []string{"1 product judged", "in 1 product at grade", "In 1 of 1 product without a finding", "lists 2 products, of which 1 was met"} {
		if !strings.Contains(s, want) {
			t.Errorf("%q is not in %s", want, s)
		}
	}
	if bad := regexp.MustCompile(`\b1 (products|others|files|gaps|bytes|were)\b`).FindString(s); bad != "" {
		t.Errorf("%q in %s", bad, s)
	}
}

// TestNoNegativesAreNamed: the section on what was not looked at names the
// products whose "none" is no negative, and shortens a long list.
// Code of public packages in which no capability starts stands beside the table.
func TestThirdPartyInReport(t *testing.T) {
	r := loaded(t)
	if len(r.Libraries) == 0 {
		t.Fatal("the report has no library")
	}
	l := &r.Libraries[0]
	for _, background := range []bool{false, true} {
		for _, starts := range [][]string{{"browser.history.read"}, nil} {
			l.Name, l.Background, l.Capabilities = "tokio-like", background, starts
			l.Packages = []finding.Package{{PURL: "pkg:cargo/tokio@1.0.0", How: "crate path", Text: "x"}}
			apart := strings.Contains(text(t, r), "Third-party, of public packages (1): tokio-like (pkg:cargo/tokio@1.0.0)")
			if want := !background && starts == nil; apart != want {
				t.Errorf("background %t, capabilities %v: listed apart %t", background, starts, apart)
			}
			if third := r.Summarize(r.Summary.Capability).ThirdParty; (third == 1) != !background {
				t.Errorf("background %t: %d of third parties", background, third)
			}
		}
	}
}

func TestNoNegativesAreNamed(t *testing.T) {
	r := loaded(t)
	section := func() string {
		_, s, _ := strings.Cut(text(t, r), "COULD NOT BE LOOKED AT\n")
		s, _, _ = strings.Cut(s, "\n\n")
		return strings.Join(strings.Fields(s), " ")
	}
	if s := section(); !strings.HasSuffix(s, "Finding no browser-collection is no negative in: Doc Notes 1.0.") {
		t.Error(s)
	}
	notes := *named(t, r, "Doc Notes")
	for i := range most + 2 {
		notes.ID, notes.Version = sbom.DigestOf([]byte{byte(i)}), fmt.Sprint("v", i)
		r.Products = append(r.Products, notes)
	}
	if s := section(); !strings.Contains(s, "; and 3 more, marked * in the table.") || strings.Contains(s, "v26") {
		t.Error(s)
	}
	r.Gaps = nil
	r.Products = slices.DeleteFunc(r.Products, func(q finding.Product) bool { return q.Name == "Doc Notes" })
	if s := section(); strings.Contains(s, "is no negative") {
		t.Error(s)
	}
}

var longAllowed = regexp.MustCompile(`^ +\$ `)

// checkText: no line over 80 columns but commands, no control characters.
func checkText(t *testing.T, s string) {
	t.Helper()
	for i, l := range strings.Split(s, "\n") {
		if n := width(l); n > columns && !longAllowed.MatchString(l) {
			t.Errorf("line %d has %d columns: %q", i+1, n, l)
		}
		for _, c := range l {
			if !unicode.IsPrint(c) {
				t.Errorf("line %d: character %U in %q", i+1, c, l)
			}
		}
	}
}

func hostileNames() []string {
	return []string{"\x1b[31mred\x1b]0;title\x07", "a\nEXIT STATUS 0 (clean)\n", "\u202egpj.exe", strings.Repeat("long", 100), "日本語のアプリケーション名前がとても長い場合でも大丈夫",
		"👨‍👩‍👧 family", "\xff\xfe bytes", "tab\tand\rreturn", "", " ", "e\u0301\u0302\u0303", "\u2028line", "%s%d%!", "'; rm -rf ~; '", "$(reboot)`x`"}
}

func TestHostileNames(t *testing.T) {
	for _, name := range hostileNames() {
		r := loaded(t)
		for i := range r.Products {
			q := &r.Products[i]
			q.Name, q.Version, q.Path, q.BundleID, q.Team = name, name, name, name, name
			for k := range q.Capabilities {
				c := &q.Capabilities[k]
				for w := range c.Witnesses {
					for h := range c.Witnesses[w].Hops {
						c.Witnesses[w].Hops[h].Label, c.Witnesses[w].Hops[h].How, c.Witnesses[w].Hops[h].Edge = name, name, name
					}
				}
			}
		}
		for i := range r.Libraries {
			r.Libraries[i].Name, r.Libraries[i].Products = name, []string{name, name}
		}
		for i := range r.Findings {
			r.Findings[i].Text = name + " carries"
		}
		for i := range r.Gaps {
			r.Gaps[i].Path, r.Gaps[i].Why = name, name
		}
		for i := range r.Others {
			r.Others[i].Name, r.Others[i].Path = name, name
		}
		for i := range r.Sources {
			for k := range r.Sources[i].Places {
				r.Sources[i].Places[k].Path = name
			}
			for k := range r.Sources[i].Evidence {
				r.Sources[i].Evidence[k].Section, r.Sources[i].Evidence[k].Bytes = name, []byte(name)
			}
		}
		r.Family.Vendor, r.Inputs[0].Path = name, name
		r.Products[0].Capabilities[0].ID = "x" + name
		r.Products[0].Capabilities[0].Flags = []string{name}
		r.Sources[0].Capability, r.Sources[0].Rules, r.Gaps[0].Kind = name, []string{name}, name
		r.Coverage.Reasons[0].Why, r.Exit.Reasons[0], r.Tool.Version = name, name, name
		checkText(t, text(t, r))
		for _, q := range r.Products {
			for _, k := range q.Capabilities {
				checkText(t, whyText(t, r, q.ID, k.ID))
			}
		}
	}
}

func TestWidth(t *testing.T) {
	r := loaded(t)
	checkText(t, text(t, r))
	for _, c := range []struct {
		s    string
		want int
	}{{"abc", 3}, {"日本", 4}, {"e\u0301", 1}, {"💥", 2}, {"", 0}, {"ｆ", 2}, {"한", 2}} {
		if got := width(c.s); got != c.want {
			t.Errorf("width(%q) = %d", c.s, got)
		}
	}
	for _, s := range []string{"", "one", "some words that do not fit in a line", strings.Repeat("日本", 30), "a/very/long/path.of/somewhere/" + strings.Repeat("x", 90)} {
		for limit := 2; limit < 40; limit++ {
			joined := ""
			for _, l := range wrap(s, limit) {
				if width(l) > limit {
					t.Errorf("wrap(%q, %d) gives %q", s, limit, l)
				}
				joined += l
			}
			if strings.ReplaceAll(joined, " ", "") != strings.ReplaceAll(s, " ", "") {
				t.Errorf("wrap(%q, %d) loses text: %q", s, limit, joined)
			}
		}
	}
}

func TestWhyUnknownProduct(t *testing.T) {
	if err := Why(&bytes.Buffer{}, loaded(t), "x", "browser-collection", WhyOptions{}); err == nil {
		t.Error("accepted")
	}
}

// failing is a writer that fails after some bytes.
type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, os.ErrClosed
	}
	return len(b), nil
}

func TestWriteErrors(t *testing.T) {
	r := loaded(t)
	for name, err := range map[string]error{"text": Text(&failing{10}, r), "json": JSON(&failing{10}, r),
		"why": Why(&failing{10}, r, r.Products[0].ID, "browser-collection", WhyOptions{})} {
		if err == nil {
			t.Errorf("%s hides a write error", name)
		}
	}
}
