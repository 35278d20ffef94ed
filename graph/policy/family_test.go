package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

const example = `vendor: Example Software
match: {team: [ABCDE12345], bundle: ["com.example.*"]}
products:
  - {bundle: com.example.doc-antivirus, purpose: antivirus}
  - bundle: com.example.doc-*
    purpose: cleaner
    note: all the others
  - {path: "Other Seller/Open Files.app/", purpose: file-opener}
  - {name: Helper}
disclosures:
  - {products: [com.example.*], capability: browser.history.read, text: "said", url: "https://www.example.com/p", date: 2018-09-10}
`

func TestParse(t *testing.T) {
	f, err := Parse([]byte(example), "family.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Family{
		File: "family.yaml", Digest: sbom.DigestOf([]byte(example)), Vendor: "Example Software",
		Match: Match{Team: []string{"ABCDE12345"}, Bundle: []string{"com.example.*"}},
		Products: []Entry{
			{Bundle: "com.example.doc-antivirus", Purpose: "antivirus", Line: 4},
			{Bundle: "com.example.doc-*", Purpose: "cleaner", Note: "all the others", Line: 5},
			{Path: "Other Seller/Open Files.app", Purpose: "file-opener", Line: 8},
			{Name: "Helper", Line: 9},
		},
		Disclosures: []Disclosure{{Products: []string{"com.example.*"}, Capability: "browser.history.read", Text: "said",
			URL: "https://www.example.com/p", Date: "2018-09-10"}},
	}
	if d := cmp.Diff(want, f); d != "" {
		t.Error(d)
	}
}

func TestParseRefuses(t *testing.T) {
	head := "vendor: V\n"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "f.yaml: is empty"},
		{"not YAML", head + "a: [", "f.yaml: is not YAML: line"},
		{"list", "- a\n", "is not a mapping"},
		{"two documents", "vendor: V\n---\nvendor: W\n", "more than one document"},
		{"no vendor", "products: []\n", "names no vendor"},
		{"unknown key", head + "product: []\n", `f.yaml:2: family file: unknown key "product"; did you mean "products"?`},
		{"far key", head + "zzzzzzz: 1\n", `f.yaml:2: family file: unknown key "zzzzzzz"`},
		{"key twice", head + "vendor: W\n", `f.yaml:2: family file: key "vendor" is given twice`},
		{"entry key", head + "products:\n  - {bundel: a.b}\n", `f.yaml:3: product: unknown key "bundel"; did you mean "bundle"?`},
		{"purpose", head + "products:\n  - {bundle: a.b, purpose: clenaer}\n", `f.yaml:3: unknown purpose "clenaer"; did you mean "cleaner"?`},
		{"purpose of no known word", head + "products:\n  - {bundle: a.b, purpose: toaster}\n", `f.yaml:3: unknown purpose "toaster"`},
		{"empty purpose", head + "products:\n  - {bundle: a.b, purpose: }\n", `f.yaml:3: purpose is empty`},
		{"purpose list", head + "products:\n  - {bundle: a.b, purpose: [cleaner]}\n", `f.yaml:3: purpose is not a plain text`},
		{"two names", head + "products:\n  - {bundle: a.b, name: N}\n", "f.yaml:3: product: give exactly one of bundle, path and name, not 2"},
		{"no name", head + "products:\n  - {purpose: cleaner}\n", "not 0"},
		{"double", head + "products:\n  - {bundle: a.b}\n  - {bundle: A.B}\n", `f.yaml:4: product "A.B" is listed twice, first in line 3`},
		{"products mapping", head + "products: {a: b}\n", "f.yaml:2: products is not a list"},
		{"team", head + "match: {team: [abc]}\n", `f.yaml:2: team "abc" is not a team id`},
		{"match that fits nothing", head + "match:\n  bundle:\n    - com.example.*\n    - \"[\"\n", `f.yaml:5: bundle "[" can match nothing: a bundle id holds no '['`},
		{"match with braces", head + "match: {bundle: \"com.{a,b}.*\"}\n", `f.yaml:2: bundle "com.{a,b}.*" can match nothing`},
		{"match with a space", head + "match: {bundle: [\"com.example. *\"]}\n", "can match nothing"},
		{"disclosure that fits nothing", head + "disclosures:\n  - {products: [\"com.[ab].x\"], capability: browser.history.read, text: t}\n", `f.yaml:3: products "com.[ab].x" can match nothing`},
		{"match key", head + "match: {teams: [ABCDE12345]}\n", `did you mean "team"?`},
		{"alias", head + "products: &p\n  - {bundle: a.b}\nmatch: *p\n", "f.yaml:4: match is not a mapping"},
		{"merge key", head + "match: {<<: {team: [ABCDE12345]}}\n", `unknown key "<<"`},
		{"date", head + "disclosures:\n  - {products: [a], capability: browser.history.read, text: t, date: 2018-13-01}\n", `f.yaml:3: date "2018-13-01" is not a day`},
		{"date order", head + "disclosures:\n  - {products: [a], capability: browser.history.read, text: t, date: 10.9.2018}\n", `date "10.9.2018"`},
		{"url", head + "disclosures:\n  - {products: [a], capability: browser.history.read, url: \"javascript:x\"}\n", `url "javascript:x"`},
		{"capability", head + "disclosures:\n  - {products: [a], capability: browser.histroy.read, text: t}\n", `unknown capability "browser.histroy.read"; did you mean "browser.history.read"?`},
		{"capability form", head + "disclosures:\n  - {products: [a], capability: \"no id\", text: t}\n", `"no id" is not a capability id`},
		{"no text", head + "disclosures:\n  - {products: [a], capability: browser.history.read}\n", "a text or a url is needed"},
		{"no products", head + "disclosures:\n  - {capability: browser.history.read, text: t}\n", "products and capability are needed"},
		{"big", strings.Repeat("#", maxBytes+1), "the limit is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse([]byte(c.text), "f.yaml")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q in it", err, c.want)
			}
			if f != nil {
				t.Error("a family came along with an error")
			}
			var fe *FormatError
			if !errors.As(err, &fe) {
				t.Errorf("no FormatError in %T", err)
			}
		})
	}
}

// TestParseReportsAll expects every complaint of a file, not the first only.
func TestParseReportsAll(t *testing.T) {
	_, err := Parse([]byte("vendr: V\nproducts:\n  - {bundle: a, purpose: gmae}\n"), "f.yaml")
	if err == nil || !strings.Contains(err.Error(), "f.yaml:1:") || !strings.Contains(err.Error(), "f.yaml:3:") {
		t.Errorf("got %v", err)
	}
}

func TestBundlePatterns(t *testing.T) {
	text := "vendor: V\nmatch: {bundle: [\"*\", \"com.Example-1_x.?\", \"*.häuser\"]}\nproducts: [{bundle: \"com.x.${NAME}\"}]\n"
	if _, err := Parse([]byte(text), "f"); err != nil {
		t.Error(err)
	}
	if _, err := Parse([]byte("vendor: V\nmatch: {bundle: ~}\n"), "f"); err == nil || strings.Contains(err.Error(), "match nothing") {
		t.Errorf("an empty match: %v", err)
	}
}

func TestOwnCapabilityIsAllowed(t *testing.T) {
	text := "vendor: V\ndisclosures:\n  - {products: [a], capability: house.rule.one, text: t}\n"
	if _, err := Parse([]byte(text), "f"); err != nil {
		t.Error(err)
	}
}

func TestSelect(t *testing.T) {
	f, err := Parse([]byte(example), "family.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		p       sbom.Product
		judged  bool
		purpose string
		entry   int
	}{
		{"exact before glob", sbom.Product{BundleID: "com.example.doc-antivirus"}, true, "antivirus", 0},
		{"case of a bundle id", sbom.Product{BundleID: "com.Example.Doc-Antivirus"}, true, "antivirus", 0},
		{"glob", sbom.Product{BundleID: "com.example.doc-x"}, true, "cleaner", 1},
		{"second path", sbom.Product{BundleID: "org.other", Paths: []string{"A", "Other Seller/Open Files.app"}}, true, "file-opener", 2},
		{"name", sbom.Product{Name: "Helper"}, true, "", 3},
		{"team", sbom.Product{Team: "ABCDE12345", BundleID: "x"}, true, "", -1},
		{"bundle match", sbom.Product{BundleID: "com.example.game"}, true, "", -1},
		{"other", sbom.Product{BundleID: "com.examples.game", Team: "ZZZZZ12345", Name: "helper"}, false, "", -1},
	} {
		s := f.Select(&c.p)
		if s.Judged != c.judged || s.Purpose != c.purpose || s.Entry != c.entry || s.Why == "" {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
	var none *Family
	if s := none.Select(&sbom.Product{}); !s.Judged || s.Entry != -1 || s.Purpose != "" {
		t.Errorf("no family: %+v", s)
	}
	all := &Family{}
	if s := all.Select(&sbom.Product{}); !s.Judged {
		t.Errorf("no match section: %+v", s)
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"com.example.*", "com.example.a.b", true}, {"com.example.*", "com.example", false}, {"*", "", true}, {"", "a", false},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"*b*b", "abbb", true}, {"*b*b", "b", false}, {"A.b", "a.B", true},
		{strings.Repeat("*a", 200), strings.Repeat("a", 199) + "b", false},
	} {
		if got := glob(c.pattern, c.s); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}

func TestDistanceBothWays(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"gmae", "game", 1}, {"kitten", "sitting", 3}, {"é", "e", 1}} {
		if x, y := distance(c.a, c.b), distance(c.b, c.a); x != c.want || y != c.want {
			t.Errorf("distance(%q, %q) = %d and %d", c.a, c.b, x, y)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte("vendor: [&a [*a]]\n? {}\n: b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fam, err := Parse(data, "f")
		if (fam == nil) == (err == nil) {
			t.Errorf("family %v with error %v", fam, err)
		}
		if fam != nil {
			fam.Select(&sbom.Product{BundleID: "a", Paths: []string{"p"}})
		}
	})
}
