package script

import (
	"strings"
	"testing"
)

func TestPythonSource(t *testing.T) {
	for _, c := range []struct {
		name, src, want string
	}{
		{"text", "x = 'Library/Safari'", "string Library/Safari"},
		{"path by slashes", "from pathlib import Path\nL = Path.home() / 'Library'\np = L / 'Safari' / 'History.db'\n", "string joined ~/Library/Safari/History.db"},
		{"join", "p = os.path.join(os.path.expanduser('~'), 'Library', 'Safari')", "string joined ~/Library/Safari"},
		{"adjacent texts", "q = ('SELECT url '\n  'FROM urls')", "string joined SELECT url FROM urls"},
		{"import", "import sqlite3", "module sqlite3"},
		{"call", "db = sqlite3.connect(p)", "call sqlite3.connect"},
		{"last name of a call", "db = sqlite3.connect(p)", "call connect"},
		{"reversed", "x = 'yrotsiH/yrarbiL'[::-1]", "string reversed Library/History"},
		{"hex", "x = bytes.fromhex('4c6962726172792f536166617269')", "string hex Library/Safari"},
		{"codes", "x = ''.join(map(chr, [76, 105, 98, 114, 97, 114, 121]))", "string codes Library"},
		{"number", "t = 978_307_200 + 978307200", "number 978307200"},
	} {
		mods := PythonSource([]byte(c.src))
		checkBytes(t, []byte(c.src), mods)
		if got := strings.Join(factsOf(mods[0]), "|"); !strings.Contains("|"+got+"|", "|"+c.want+"|") {
			t.Errorf("%s: no fact %q among %s", c.name, c.want, got)
		}
	}
}

// What explains is no code.
func TestPythonSourceQuiet(t *testing.T) {
	for _, src := range []string{"# 'Library/Safari'\n", "\"\"\"reads Library/Safari\"\"\"\n", "def f():\n    'of Library/Safari'\n    pass\n", "'Library/Safari"} {
		if got := factsOf(PythonSource([]byte(src))[0]); len(got) > 0 {
			t.Errorf("%q: %q", src, got)
		}
	}
}

func TestPythonSourceHostile(t *testing.T) {
	whole := "x = f'{a}b' / (r\"\"\"c\"\"\" + join('d', e.g, [1, 2]))\\\n# \xff\n"
	for i := range whole {
		checkBytes(t, []byte(whole[:i]), PythonSource([]byte(whole[:i])))
	}
	deep := []byte("x = " + strings.Repeat("join(", 100_000))
	checkBytes(t, deep, PythonSource(deep))
	checkBytes(t, []byte(strings.Repeat("(", 100_000)), PythonSource([]byte(strings.Repeat("(", 100_000))))
}

func TestJSON(t *testing.T) {
	src := []byte(`[{"at": ["Library", "Safari", "History.db"], "table": "history_items"}, ["a", 1, "b"]]`)
	mods := JSON(src)
	checkBytes(t, src, mods)
	got := "|" + strings.Join(factsOf(mods[0]), "|") + "|"
	if !strings.Contains(got, "|string joined Library/Safari/History.db|") || !strings.Contains(got, "|string history_items|") || strings.Contains(got, "a/b") {
		t.Errorf("facts %s", got)
	}
	for i := range src {
		checkBytes(t, src[:i], JSON(src[:i]))
	}
}

// Data is asked for only by a module that puts paths together from lists.
func TestData(t *testing.T) {
	for src, want := range map[string]bool{
		`const s=require('./s.json'); for(const x of s) open(path.join(home,...x.at))`: true,
		`const s=require('./s.json'); s.filter(x=>bytes.includes(x.at))`:               false,
	} {
		got := false
		for _, q := range JavaScript([]byte(src))[0].Requires {
			got = got || q.Kind == RequireData && q.Name == "./s.json"
		}
		if got != want {
			t.Errorf("%s: asks for data: %v", src, got)
		}
	}
}

func TestSealed(t *testing.T) {
	for src, want := range map[string]bool{
		`const d=crypto.createDecipheriv(a,k,i); m._compile(d.final(),n)`: true,
		`const d=crypto.createDecipheriv(a,k,i); save(d.final())`:         false,
	} {
		if got := strings.Contains(JavaScript([]byte(src))[0].Partial, "opaque"); got != want {
			t.Errorf("%s: opaque: %v", src, got)
		}
	}
}
