package script

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func requireNames(m Module) []string {
	var out []string
	for _, q := range m.Requires {
		out = append(out, q.Name)
	}
	return out
}

func TestPythonImports(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"import", "import a, b.c as d\n", "a b b.c"},
		{"from", "from a.b import c as d, e\n", "a a.b a.b.c a.b.e"},
		{"from in brackets", "from a import (\n  b,\n  c,\n)\nx = d", "a a.b a.c"},
		{"beside it", "from . import b\nfrom .c import d\nfrom ..e import f\n", ". .b .c .c.d ..e ..e.f"},
		{"all of it", "from a import *\n", "a"},
		{"in a function", "def f():\n  import a\n", "a"},
		{"behind a colon", "try: import a\nexcept: pass\n", "a"},
		{"by a name that code makes", "m = importlib.import_module('a.b')\n", "a a.b"},
		{"a text that only looks like one", "m = 'a.b'\n", ""},
		{"a script by its name", "run(['python3', 'tool.py'])\n", "tool.py"},
		{"a comment", "# import a\n", ""},
		{"a text", "x = 'import a'\n", ""},
		{"raise from", "raise A() from b\n", ""},
		{"yield from", "x = yield from b\n", ""},
	} {
		mods := PythonSource([]byte(c.src))
		checkBytes(t, []byte(c.src), mods)
		if got := strings.Join(requireNames(mods[0]), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPythonImportsCompiled(t *testing.T) {
	// import a; from b.c import d; from . import e
	names := []object{{text: []byte("a"), at: 1}, {text: []byte("b.c"), at: 2}, {text: []byte("d"), at: 3}, {at: 4}}
	consts := []object{{at: -1, isNum: true}, {at: -1}, {at: -1, tuple: []object{{text: []byte("d"), at: 9}}},
		{at: -1, isNum: true, num: 1}, {at: -1, tuple: []object{{text: []byte("e"), at: 9}}}}
	want := []string{"a", "b", "b.c", "b.c.d", ".", ".e"}
	for _, c := range []struct {
		name string
		py   version
		code []byte
	}{
		{"3.11", version{3, 11}, []byte{151, 0, 100, 0, 100, 1, 108, 0, 100, 0, 100, 2, 108, 1, 109, 2, 100, 3, 100, 4, 108, 3}},
		{"3.13", version{3, 13}, []byte{149, 0, 83, 0, 83, 1, 75, 0, 83, 0, 83, 2, 75, 1, 74, 2, 83, 3, 83, 4, 75, 3}},
		{"3.5", version{3, 5}, []byte{100, 0, 0, 100, 1, 0, 108, 0, 0, 1, 100, 0, 0, 100, 2, 0, 108, 1, 0, 100, 3, 0, 100, 4, 0, 108, 3, 0}},
		{"extended", version{3, 11}, []byte{100, 0, 100, 1, 144, 0, 108, 0, 100, 0, 100, 2, 108, 1, 100, 3, 100, 4, 108, 3}},
	} {
		var m Module
		p := &pyImports{out: &m}
		p.code(&code{code: c.code, names: names, consts: consts}, c.py, 0)
		if d := cmp.Diff(want, requireNames(m)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
	var m Module // of a version whose numbers are not known, all names may be imported
	p := &pyImports{out: &m}
	p.code(&code{code: []byte{1, 2, 3}, names: names, consts: consts}, version{3, 14}, 0)
	if got := strings.Join(requireNames(m), " "); !strings.Contains(got, "a.d") || !strings.Contains(got, ".d") {
		t.Errorf("of an unknown version: %s", got)
	}
}

func TestFrozenLed(t *testing.T) {
	for _, c := range []struct {
		name string
		pack bool
		up   string
		want string
	}{{"a.b", false, ".c", "a.c"}, {"a.b", true, ".c", "a.b.c"}, {"a.b", true, "..c", "a.c"}, {"a", false, ".c", "c"}, {"a.b", false, "c", "c"}, {"a", true, "...c", "c"}, {"a.b", false, ".", "a"}} {
		if got := absolute(c.up, c.name, c.pack); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.up, c.name, got, c.want)
		}
	}
	f := &frozen{starts: []string{"main"}, out: []Module{{}, {Name: "main", Requires: []Require{{Name: "a"}}}, {Name: "a", Requires: []Require{{Name: "b"}, {Name: "main"}}},
		{Name: "b"}, {Name: "c", Requires: []Require{{Name: "a"}}}}}
	f.lead()
	var got []string
	for _, m := range f.out {
		got = append(got, strings.Join(m.Led, " > "))
	}
	if d := cmp.Diff([]string{"", "main", "main > a", "main > a > b", ""}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	f.lost = "a part is encrypted"
	f.lead()
	if f.out[4].Led == nil {
		t.Error("nothing leads to a module of an archive that was not read to its end")
	}
}
