package capability

import (
	"strings"
	"testing"
)

// patternIn is the only pattern of a rule made of this text.
func patternIn(t *testing.T, text string) *pattern {
	t.Helper()
	d := &doc{file: "p.yaml"}
	list := d.patterns(d.parse([]byte("[" + text + "]")))
	if err := d.err(); err != nil || len(list) != 1 {
		t.Fatalf("%s: %v, %d patterns", text, err, len(list))
	}
	return &list[0]
}

func TestIncludes(t *testing.T) {
	for _, x := range []struct {
		wide, narrow string
		want         bool
	}{
		{"abcd.e", "xabcd.ex", true},
		{"abcd.e", "xabcd.Ex", false},
		{"{text: abcd.e, ignore-case: true}", "xabcd.Ex", true},
		{"{text: abcd.e, weak: true}", "abcd.e2", false},
		{"{text: abcd.e, except: [x]}", "abcd.e2", false},
		{"{text: abcd.e, kinds: const}", "abcd.e2", false},
		{"abcd.e", "{text: abcd.e2, kinds: const}", true},
		{"{path: a/bc}", "{path: x/a/bc}", true},
		{"{path: bc}", "{path: x/bc}", false}, // one component needs edges that two do not
		{"{path: a/bc}", "{path: xa/bc}", false},
		{"{sql: abc}", "{sql: abc, with: [d]}", true},
		{"{sql: abc, with: [d]}", "{sql: abc}", false},
		{"{sql: abc}", "{sql: abc, verb: clear}", false},
		{"{import: abc*}", "{import: abcd}", true},
		{"{import: abcd}", "{import: abc*}", false},
		{"{import: '*abc'}", "{import: '*xabc'}", true},
		{"{import: abc}", "{selector: abc}", false},
		{"{number: 978307200}", "{number: 0x3a4fc880}", true},
	} {
		if got := patternIn(t, x.wide).includes(patternIn(t, x.narrow)); got != x.want {
			t.Errorf("%s includes %s: %v", x.wide, x.narrow, got)
		}
	}
}

// A condition is impossible only when no facts at all make it true.
func TestPossible(t *testing.T) {
	for cond, want := range map[string]bool{
		"{all: [word, {not: weak}]}":                                         true,
		"{all: [both, {not: {strong: both}}]}":                               true,
		"{strong: weak}":                                                     false,
		"{all: [word, {not: {any: [word, weak]}}]}":                          false,
		"{patterns: 3, of: [word, both]}":                                    true,
		"{patterns: 4, of: [word, both]}":                                    false,
		"{stores: 2, where: file}":                                           true,
		"{stores: 3, where: file}":                                           false,
		"{all: [{stores: 1, where: file}, {not: {stores: 2, where: file}}]}": true,
		"{count: 2, of: [word, {not: word}]}":                                false,
	} {
		text := strings.Replace(unitRules, "\n    examples: &x\n", unitExamples, 1)
		text = strings.Replace(text, "signals: {opener: [{import: open_store}]}", "signals: {opener: [{import: open_store}], word: [abcd.e], weak: [{text: abcd.f, weak: true}], both: [abcd.g, {text: abcd.h, weak: true}]}", 1)
		text = strings.Replace(text, "mentions: file", "mentions: "+cond, 1)
		s, err := Parse(map[string][]byte{"r.yaml": []byte(text)})
		if err != nil {
			t.Fatal(err)
		}
		got := true
		for _, f := range s.Lint() {
			got = got && !strings.Contains(f.What, "can never hold")
		}
		if got != want {
			t.Errorf("%s: %v", cond, got)
		}
	}
}
