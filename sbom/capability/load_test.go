package capability

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

func mustBuiltin(t testing.TB) *Set {
	t.Helper()
	s, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const ownRule = `format: kinbom.rules/1
rules:
  - id: my-cookies
    capability: browser.cookies.read
    title: reads cookies
    meaning: It reads cookies.
    references: [https://example.invalid/]
    scope: [image]
    stores:
      firefox:
        store: [{path: cookies.sqlite}]
        sql: [{sql: moz_cookies}]
    grades:
      likely: {stores: 1, where: {all: [root, store, sql]}}
      mentions: {any: [store]}
    examples:
      positive:
        - {name: yes, facts: [{string: [Firefox/Profiles, cookies.sqlite, SELECT * FROM moz_cookies]}], stores: [firefox]}
      negative:
        - {name: own jar, facts: [{string: [Cookies.binarycookies, Cookies]}], expect: none}
`

func TestBuiltinExamples(t *testing.T) {
	s := mustBuiltin(t)
	for _, f := range s.Test() {
		t.Error(f)
	}
	if n := s.Examples(); n < 40 {
		t.Errorf("only %d examples", n)
	}
	for _, r := range s.Rules() {
		if r.File == "" || r.Line == 0 || r.Positive == 0 || r.Negative == 0 {
			t.Errorf("rule %s is not complete: %+v", r.ID, r)
		}
	}
}

func TestBuiltinLint(t *testing.T) {
	for _, f := range mustBuiltin(t).Lint() {
		t.Error(f)
	}
}

// Every capability of the taxonomy has a rule that looks for it.
func TestEveryCapabilityHasARule(t *testing.T) {
	for _, c := range mustBuiltin(t).Capabilities() {
		if c.Composite == nil && len(c.Rules) == 0 {
			t.Errorf("nothing looks for %s", c.ID)
		}
	}
}

func TestTaxonomy(t *testing.T) {
	s := mustBuiltin(t)
	for _, id := range []string{"browser.history.read", "browser.extensions.install", "exfil.archive.encrypted", "access.fda", "location.read"} {
		if _, ok := s.Lookup(id); !ok {
			t.Errorf("no capability %s", id)
		}
	}
	c, ok := s.Lookup("browser-collection")
	if !ok || c.Composite == nil || !slices.Contains(c.Composite.Any, "browser.history.read") || !cmp.Equal(c.Composite.Sends, []string{"exfil.upload"}) {
		t.Errorf("composite: %+v", c)
	}
	if h, _ := s.Lookup("browser.history.read"); !slices.Contains(h.Rules, "browser-history-store") || h.Composite != nil {
		t.Errorf("history: %+v", h)
	}
	if _, ok := s.Lookup("browser.history"); ok {
		t.Error("a part of an id was found")
	}
	if got := s.Suggest("browser.histroy.read"); got != "browser.history.read" {
		t.Errorf("suggestion %q", got)
	}
}

func TestDigestIsOfContentOnly(t *testing.T) {
	s := mustBuiltin(t)
	again, err := Parse(s.Files())
	if err != nil || again.Digest() != s.Digest() || !s.Digest().Valid() {
		t.Fatalf("Parse of Files: %v, %s and %s", err, again.Digest(), s.Digest())
	}
	renamed := map[string][]byte{}
	for n, b := range s.Files() {
		renamed["z"+n] = []byte(strings.ReplaceAll(string(b), "\n", "\r\n"))
	}
	if r, err := Parse(renamed); err != nil || r.Digest() != s.Digest() {
		t.Errorf("names or line ends change the digest: %v", err)
	}
	more, err := Load(s, fstest.MapFS{"own.yaml": {Data: []byte(ownRule)}})
	if err != nil {
		t.Fatal(err)
	}
	if more.Digest() == s.Digest() {
		t.Error("another rule does not change the digest")
	}
	if len(more.Rules()) != len(s.Rules())+1 || len(s.Files()) != len(more.Files())-1 {
		t.Error("Load changed its base, or added nothing")
	}
}

func TestLoadAndTestOwnRules(t *testing.T) {
	s, err := Load(mustBuiltin(t), fstest.MapFS{"deep/own.yaml": {Data: []byte(ownRule)}, "deep/readme.txt": {Data: []byte("no rule")}})
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Test("deep/own.yaml"); len(f) != 0 || s.Examples("deep/own.yaml") != 2 {
		t.Errorf("failures %v of %d", f, s.Examples("deep/own.yaml"))
	}
	if f := s.Test("nothing.yaml"); len(f) != 1 {
		t.Errorf("an unknown file gives %v", f)
	}
	wrong := strings.Replace(ownRule, "SELECT * FROM moz_cookies", "DELETE FROM moz_cookies", 1)
	wrong = strings.Replace(wrong, "Cookies.binarycookies, Cookies", "cookies.sqlite, Cookies", 1)
	s, err = Load(mustBuiltin(t), fstest.MapFS{"own.yaml": {Data: []byte(wrong)}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range s.Test() {
		got = append(got, f.String())
	}
	want := []string{
		`own.yaml:18: rule my-cookies, example "yes": want likely of firefox, got mentions of firefox`,
		`own.yaml:20: rule my-cookies, example "own jar": want none, got mentions`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLoadFaults(t *testing.T) {
	base := mustBuiltin(t)
	swap := func(from, to string) string {
		if !strings.Contains(ownRule, from) {
			t.Fatalf("%q is not in the rule", from)
		}
		return strings.Replace(ownRule, from, to, 1)
	}
	tests := []struct{ name, content, want string }{
		{"unknown key", swap("references:", "reference:"), `own.yaml:7: unknown key "reference" in a rule; did you mean "references"?`},
		{"unknown signal", swap("[root, store, sql]", "[root, stor, sql]"), `own.yaml:14: unknown signal "stor"; did you mean "store"?`},
		{"unknown capability", swap("browser.cookies.read", "browser.cookie.read"), `own.yaml:3: rule "my-cookies": "browser.cookie.read" is not a capability; did you mean "browser.cookies.read"?`},
		{"unknown store", swap("firefox:", "firefix:"), `own.yaml:10: rule "my-cookies": no store "firefix" is known`},
		{"unknown grade", swap("likely:", "likly:"), `own.yaml:14: unknown key "likly" in grades; did you mean "likely"?`},
		{"shown of an image", swap("likely: {", "shown: {"), `own.yaml:3: rule "my-cookies": grade shown needs proof in code`},
		{"rule given twice", strings.ReplaceAll(ownRule, "my-cookies", "upload-sink"), `rule "upload-sink" is already given in`},
		{"weak word", swap("{path: cookies.sqlite}", "Cookies"), `own.yaml:11: "Cookies" may stand inside unrelated text`},
		{"short text", swap("{path: cookies.sqlite}", "a/b"), `own.yaml:11: "a/b" may stand inside unrelated text`},
		{"two subjects", swap("{path: cookies.sqlite}", "{path: a.sqlite, text: b.sqlite}"), "a pattern has one subject"},
		{"option of another subject", swap("{path: cookies.sqlite}", "{path: a.sqlite, verb: read}"), `"verb" does not go with "path"`},
		{"sql with columns", swap("{sql: moz_cookies}", "{sql: moz_cookies.name}"), "sql takes the name of one table"},
		{"inner star", swap("{path: cookies.sqlite}", "{import: a*b}"), "a star may stand at the start and at the end only"},
		{"key twice", swap("    title: reads cookies\n", "    title: a\n    title: b\n"), `own.yaml:6: key "title" of a rule is given twice`},
		{"alias", swap("references: [https://example.invalid/]", "references: &a [x]"), "anchors, aliases"},
		{"no examples", ownRule[:strings.Index(ownRule, "    examples:")], "needs at least one positive and one negative example"},
		{"positive that expects nothing", swap("stores: [firefox]}", "expect: none}"), "a positive example expects likely or shown"},
		{"format", strings.Replace(ownRule, "rules/1", "rules/9", 1), "a rule file begins with `format: kinbom.rules/1`"},
		{"two documents", ownRule + "---\nformat: x\n", "a second YAML document"},
		{"not YAML", "format: [", "not readable as YAML"},
		{"stores in stores", swap("where: {all: [root, store, sql]}", "where: {stores: 1, where: root}"), "`stores` inside `stores`"},
		{"empty", "", "not readable as YAML"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Load(base, fstest.MapFS{"own.yaml": {Data: []byte(tt.content)}})
			var se *SyntaxError
			if err == nil || s != nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, &se) || se.File != "own.yaml" {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := Load(base, fstest.MapFS{}); err == nil {
		t.Error("an empty folder gives no error")
	}
	if _, err := Load(base, fstest.MapFS{"big.yaml": {Data: make([]byte, MaxFileBytes+1)}}); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("a big file: %v", err)
	}
}

func TestFilesAreACopy(t *testing.T) {
	s := mustBuiltin(t)
	m := s.Files()
	clear(m)
	if len(s.Files()) == 0 {
		t.Error("the set lost its files")
	}
	names := slices.Sorted(maps.Keys(s.Files()))
	if !slices.Contains(names, "builtin/browser-collection.yaml") {
		t.Errorf("names: %v", names)
	}
}

// FuzzParse: whatever stands in a rule file, Parse returns a set or an error,
// and a set can match.
func FuzzParse(f *testing.F) {
	f.Add([]byte(ownRule))
	f.Add([]byte("format: kinbom.rules/1\nshared: {a: [{text: abcd.e, kinds: [const]}]}\n"))
	s, err := Builtin()
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range s.Files() {
		f.Add(b)
	}
	vocabulary := s.Files()["builtin/catalogue.yaml"]
	taxonomy := s.Files()["builtin/taxonomy.yaml"]
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := Parse(map[string][]byte{"a": b, "b": vocabulary, "c": taxonomy})
		if err != nil {
			return
		}
		set.Test()
		set.Match(&sbom.Unit{Scope: sbom.ScopeImage, Facts: []sbom.Fact{{Kind: sbom.FactString, Value: b, Length: int64(len(b))}}}, "", 0)
	})
}

// The rule that docs/rules.md gives as an example must load and pass.
func TestDocumentedRule(t *testing.T) {
	doc, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "## A rule of your own")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	rule, _, ok := strings.Cut(rest, "```")
	s, err := Load(mustBuiltin(t), fstest.MapFS{"acme.yaml": {Data: []byte(rule)}})
	if !ok || err != nil {
		t.Fatal(err)
	}
	if s.Examples("acme.yaml") != 2 {
		t.Errorf("%d examples", s.Examples("acme.yaml"))
	}
	for _, f := range s.Test("acme.yaml") {
		t.Error(f)
	}
}

// Every key of the format is described.
func TestEveryKeyIsDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range [][]string{fileKeys, capabilityKeys, compositeKeys, familyKeys, engineKeys, quotationKeys, ruleKeys, scopeWords,
		gradeWords, flagWords, patternKeys, textMatches, sqlVerbs, factKeys, exprKeys} {
		for _, k := range list {
			if !strings.Contains(string(b), "`"+k+"`") && !strings.Contains(string(b), k+":") {
				t.Errorf("docs/rules.md does not describe %q", k)
			}
		}
	}
}
