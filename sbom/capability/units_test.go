package capability

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// A reader that is shown where path, query and opener meet in code, one that is
// only ever located, one that looks at code alone, and one of components.
const unitRules = `format: kinbom.rules/1
capabilities:
  - {id: test.reader, title: a, meaning: b}
  - {id: test.located, title: a, meaning: b}
  - {id: test.code, title: a, meaning: b}
  - {id: test.bundle, title: a, meaning: b}
stores:
  - {id: one, title: One, signals: {file: [{path: one.sqlite}]}}
  - {id: two, title: Two, signals: {file: [{path: two.sqlite}]}}
rules:
  - id: reader
    capability: test.reader
    title: t
    meaning: m
    references: [r]
    scope: [image, function, callees, class, module]
    stores: {one: {query: [{sql: ones}]}, two: {query: [{sql: twos}]}}
    signals: {opener: [{import: open_store}]}
    grades:
      shown: {all: [opener, {stores: 1, where: {all: [file, query]}}]}
      likely: {stores: 1, where: {all: [file, query]}}
      mentions: file
    examples: &x
`

const unitExamples = `
    examples:
      positive: [{name: p, facts: [{string: [one.sqlite, SELECT a FROM ones]}]}]
      negative: [{name: n, facts: [{string: nothing}]}]
`

const moreUnitRules = `  - id: located
    capability: test.located
    title: t
    meaning: m
    references: [r]
    scope: [image]
    stores: {one: {query: [{sql: ones}]}}
    grades: {likely: {stores: 1, where: {all: [file, query]}}}` + unitExamples + `
  - id: code
    capability: test.code
    title: t
    meaning: m
    references: [r]
    scope: [function, class]
    signals:
      ask: [{selector: "askBrowser:"}]
      who: [{text: com.example.browser, match: whole}]
      epoch: [{number: 0x3a4fc880}]
    grades: {shown: {all: [ask, {any: [who, epoch]}]}}
    examples:
      positive: [{name: p, scope: function, expect: shown, facts: [{selector: "askBrowser:"}, {number: "978307200"}]}]
      negative: [{name: n, scope: function, facts: [{selector: "askBrowser:"}]}]
  - id: bundle
    capability: test.bundle
    title: t
    meaning: m
    references: [r]
    scope: [component]
    signals:
      key: [{plist: ExampleUsage}]
      value: [{plist: "Kind=com.example.*"}]
    grades: {likely: {any: [key, value]}}
    examples:
      positive: [{name: p, scope: component, facts: [{plist: ExampleUsage=why}]}]
      negative: [{name: n, scope: component, facts: [{plist: [ExampleUsageOther, Kind=org.example.x]}]}]
`

func unitSet(t *testing.T) *Set {
	t.Helper()
	text := strings.Replace(unitRules, "\n    examples: &x\n", unitExamples, 1) + moreUnitRules
	s, err := Parse(map[string][]byte{"units.yaml": []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.Test() {
		t.Error(f)
	}
	return s
}

const (
	path1, query1 = "string:Library/one.sqlite", "string:SELECT a FROM ones"
	path2, query2 = "string:Library/two.sqlite", "string:SELECT a FROM twos"
	opener        = "import:open_store"
)

// placed is a tag in one line: rule, grade, scope, address, stores, and for each
// piece of evidence the function that refers to it.
func placed(tags []sbom.Tag) []string {
	var out []string
	for _, t := range tags {
		at := uint64(0)
		if t.Address != nil {
			at = *t.Address
		}
		s := fmt.Sprintf("%s %s %s @%d %v:", t.Rule, t.Grade, t.Scope, at, t.Stores)
		for _, e := range t.Evidence {
			s += fmt.Sprintf(" %s/%d", e.Signal, e.Function)
		}
		out = append(out, s)
	}
	return out
}

func TestUnits(t *testing.T) {
	s := unitSet(t)
	part := func(address uint64, class int, callees []int, facts ...int) Part {
		return Part{Address: address, Mark: "m", Class: class, Callees: callees, Facts: facts}
	}
	for name, x := range map[string]struct {
		rule  string
		facts []string
		parts []Part
		want  []string
	}{
		"shown in one function": {"reader", []string{path1, query1, opener}, []Part{part(16, 0, nil, 0, 1, 2)},
			[]string{"reader shown function @16 [one]: file/16 query/16 opener/16"}},
		"opener elsewhere": {"reader", []string{path1, query1, opener}, []Part{part(16, 0, nil, 0, 1), part(32, 0, nil, 2)},
			[]string{"reader likely function @16 [one]: file/16 query/16"}},
		"the caller opens": {"reader", []string{path1, query1, opener}, []Part{part(16, 0, []int{1}, 2), part(32, 0, nil, 0, 1)},
			[]string{"reader shown callees @16 [one]: file/32 query/32 opener/16"}},
		"the callees do it all": {"reader", []string{path1, query1, opener}, []Part{part(16, 0, []int{1, 2}), part(32, 0, nil, 0, 1), part(48, 0, nil, 2)},
			[]string{"reader shown callees @16 [one]: file/32 query/32 opener/48"}},
		"who calls a reader is none": {"reader", []string{path1, query1, opener, path2}, []Part{part(16, 0, []int{1}, 3), part(32, 0, nil, 0, 1, 2)},
			[]string{"reader shown function @32 [one]: file/32 query/32 opener/32"}},
		"two levels down is too far": {"reader", []string{path1, query1, opener}, []Part{part(16, 0, []int{1}, 2), part(32, 0, []int{2}), part(48, 0, nil, 0, 1)},
			[]string{"reader likely function @48 [one]: file/48 query/48"}},
		"methods of a class": {"reader", []string{path1, query1, opener}, []Part{part(16, 1, nil, 0, 1), part(32, 1, nil, 2)},
			[]string{"reader shown class @16 [one]: file/16 query/16 opener/32"}},
		"methods of two classes": {"reader", []string{path1, query1, opener}, []Part{part(16, 1, nil, 0, 1), part(32, 2, nil, 2)},
			[]string{"reader likely function @16 [one]: file/16 query/16"}},
		"one store is shown, the other stays with the image": {"reader", []string{path1, query1, opener, path2, query2}, []Part{part(16, 0, nil, 0, 1, 2)},
			[]string{"reader likely image @0 [one two]: file/0 query/0 file/0 query/0", "reader shown function @16 [one]: file/16 query/16 opener/16"}},
		"a callee with half of another store": {"reader", []string{path1, query1, path2, query2}, []Part{part(16, 0, []int{1, 2}, 0), part(32, 0, nil, 1), part(48, 0, nil, 2, 3)},
			[]string{"reader likely callees @16 [one]: file/16 query/32", "reader likely function @48 [two]: file/48 query/48"}},
		"image rules are located, never shown": {"located", []string{path1, query1, opener}, []Part{part(16, 0, []int{1}, 0, 2), part(32, 0, nil, 1)},
			[]string{"located likely callees @16 [one]: file/16 query/32"}},
		"code alone":             {"code", []string{"selector:askBrowser:", "string:com.example.browser"}, []Part{part(16, 0, nil, 0, 1)}, []string{"code shown function @16 []: ask/16 who/16"}},
		"code alone, by number":  {"code", []string{"selector:askBrowser:", "number:978307200"}, []Part{part(16, 0, nil, 0, 1)}, []string{"code shown function @16 []: ask/16 epoch/16"}},
		"code alone, not callee": {"code", []string{"selector:askBrowser:", "string:com.example.browser"}, []Part{part(16, 0, []int{1}, 0), part(32, 0, nil, 1)}, nil},
		"code alone, class":      {"code", []string{"selector:askBrowser:", "string:com.example.browser"}, []Part{part(16, 3, nil, 0), part(32, 3, nil, 1)}, []string{"code shown class @16 []: ask/16 who/32"}},
	} {
		u := unitOf(x.facts)
		var tags []sbom.Tag
		for _, tag := range s.Locate(u, s.Match(u, "", 0), x.parts, "", 0) {
			if tag.Rule == x.rule {
				tags = append(tags, tag)
			}
		}
		if d := cmp.Diff(x.want, placed(tags)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// A function that calls everything ties nothing to each other.
func TestDispatchersTieNothing(t *testing.T) {
	s := unitSet(t)
	u := unitOf([]string{path1, query1, opener})
	parts := []Part{{Address: 1}, {Address: 2, Facts: []int{0, 1}}, {Address: 3, Facts: []int{2}}}
	for i := range maxDispatch {
		parts[0].Callees = append(parts[0].Callees, i+1)
		parts = append(parts, Part{Address: uint64(i + 4)})
	}
	grades := func() string {
		var out []string
		for _, tag := range s.Locate(u, s.Match(u, "", 0), parts, "", 0) {
			if tag.Rule == "reader" {
				out = append(out, fmt.Sprint(tag.Grade, *tag.Address))
			}
		}
		return strings.Join(out, " ")
	}
	if got := grades(); got != "shown1" {
		t.Errorf("with %d callees: %s", maxDispatch, got)
	}
	parts[0].Callees = append(parts[0].Callees, maxDispatch+1)
	if got := grades(); got != "likely2" {
		t.Errorf("with %d callees: %s", maxDispatch+1, got)
	}
}

// The same facts as a whole image are likely, as a module shown.
func TestGradeOfAScope(t *testing.T) {
	s := unitSet(t)
	for scope, want := range map[sbom.Scope]sbom.Grade{sbom.ScopeImage: sbom.GradeLikely, sbom.ScopeModule: sbom.GradeShown, sbom.ScopeModules: "", sbom.ScopeComponent: ""} {
		u := unitOf([]string{path1, query1, opener})
		u.Scope = scope
		if got := tagOf(s.Match(u, "", 0), "test.reader").Grade; got != want {
			t.Errorf("%s: %q, want %q", scope, got, want)
		}
	}
}

func TestNewSubjects(t *testing.T) {
	for _, x := range []struct {
		pattern, fact string
		want          bool
	}{
		{"number: 978307200", "number:978307200", true},
		{"number: 0x3A4FC880", "number:978307200", true},
		{"number: 978307200", "number:9783072001", false},
		{"number: 978307200", "string:978307200", false},
		{"plist: NSAppleEventsUsageDescription", "plist:NSAppleEventsUsageDescription", true},
		{"plist: NSAppleEventsUsageDescription", "plist:NSAppleEventsUsageDescription=To ask", true},
		{"plist: NSAppleEventsUsageDescription", "plist:NSAppleEventsUsageDescriptionX", false},
		{"plist: NSAppleEventsUsageDescription", "entitlement:NSAppleEventsUsageDescription", false},
		{"plist: Point=com.apple.Safari.*", "plist:Point=com.apple.Safari.web-extension", true},
		{"plist: Point=com.apple.Safari.extension", "plist:Point=com.apple.Safari.extension2", false},
		{"module: sqlite3", "module:sqlite3", true},
		{"module: child_process", "module:node:child_process", true},
		{"module: sqlite3", "module:better-sqlite3", false},
		{"module: sqlite3", "module:sqlite3/lib", false},
		{"module: sqlite3*", "module:sqlite3/lib", true},
		{"call: fs.readFileSync", "call:fs.readFileSync", true},
		{"call: readFileSync", "call:fs.readFileSync", false},
		{`call: "*readFileSync"`, "call:fs.readFileSync", true},
		{`call: "*readFileSync"`, "call:fs.readFileSyncs", false},
		{"call: chrome.history.*", "call:chrome.history.search", true},
	} {
		text := moreUnitRules[strings.Index(moreUnitRules, "  - id: code"):strings.Index(moreUnitRules, "  - id: bundle")]
		text = strings.Replace(text, "ask: [", "ask: [{"+x.pattern+"}, ", 1)
		text = strings.Replace(text, "{shown: {all: [ask, {any: [who, epoch]}]}}", "{shown: {all: [ask, {any: [who, epoch]}]}, mentions: ask}", 1)
		s, err := Parse(map[string][]byte{"r.yaml": []byte("format: kinbom.rules/1\ncapabilities: [{id: test.code, title: a, meaning: b}]\nrules:\n" + text)})
		if err != nil {
			t.Fatal(err)
		}
		u := unitOf([]string{x.fact})
		u.Scope = sbom.ScopeFunction
		if got := len(s.Match(u, "", 0)) == 1; got != x.want {
			t.Errorf("%s of %s: %v", x.pattern, x.fact, got)
		}
	}
}

// What is derived from bytes is shown as the places of these bytes, with what
// they mean; a joined text as the place of each part.
func TestDerivedEvidence(t *testing.T) {
	s := unitSet(t)
	u := &sbom.Unit{Scope: sbom.ScopeFunction, Facts: []sbom.Fact{
		{Kind: sbom.FactString, Value: []byte("/Users/x/Library/one.sqlite"), Section: "__TEXT,__cstring", Offset: 100, Length: 9, How: sbom.HowJoined,
			Parts: []sbom.Span{{Offset: 100, Length: 9}, {Offset: 300, Length: 10}}},
		{Kind: sbom.FactString, Value: []byte("SELECT a FROM ones"), Offset: 500, Length: 24, How: sbom.HowBase64},
	}}
	type piece struct {
		Signal, How, Meaning string
		Offset, Length       int64
	}
	var got []piece
	for _, tag := range s.Match(&sbom.Unit{Scope: sbom.ScopeImage, Facts: u.Facts}, "", 4096) {
		if tag.Rule != "reader" {
			continue
		}
		for _, e := range tag.Evidence {
			got = append(got, piece{e.Signal, e.How, string(e.Meaning), e.Offset, e.Length})
			if e.Bytes != nil {
				t.Errorf("bytes that nobody has read: %q", e.Bytes)
			}
		}
	}
	want := []piece{
		{"file", "joined", "/Users/x/Library/one.sqlite", 4196, 9},
		{"file", "joined", "/Users/x/Library/one.sqlite", 4396, 10},
		{"query", "base64", "SELECT a FROM ones", 4596, 24},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
