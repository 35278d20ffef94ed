package script

import (
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

func TestPythonSpread(t *testing.T) {
	const list = "L = ((\"Library\", \"Safari\"),)\nfor x in L:\n    "
	for src, want := range map[string]bool{
		list + "p = os.path.join(HOME, *x)\n":  true,
		list + "p = Path(HOME, *x)\n":          true,
		list + "p = os.path.join(HOME, x)\n":   false,
		list + "p = os.path.join(HOME, a*b)\n": false,
		list + "print(*x)\n":                   false,
	} {
		got := false
		for _, f := range PythonSource([]byte(src))[0].Facts {
			got = got || f.Kind == sbom.FactString && string(f.Value) == "Library/Safari" && f.How == sbom.HowJoined
		}
		if got != want {
			t.Errorf("%s: path of the list: %v", src, got)
		}
	}
}

func TestPythonWritten(t *testing.T) {
	for src, want := range map[string]string{
		"(folder / \"Bookmarks\").write_text(x)\n":      sbom.UseWrites,
		"open(folder / \"Bookmarks\", \"w\")\n":         sbom.UseWrites,
		"open(folder / \"Bookmarks\", \"rb\")\n":        "",
		"open(\"Bookmarks\")\n":                         "",
		"(folder / \"Bookmarks\").read_text()\n":        "",
		"f(folder / \"Bookmarks\").write_text(x)\n":     "",
		"x = folder / \"Bookmarks\"\nx.write_text(y)\n": "",
	} {
		m := PythonSource([]byte(src))[0]
		for _, f := range m.Facts {
			if got := m.Use(&f); string(f.Value) == "Bookmarks" && got != want {
				t.Errorf("%s: use %q, want %q", src, got, want)
			}
		}
	}
}

func TestTablePaths(t *testing.T) {
	text := func(s string, at int64) object { return object{text: []byte(s), at: at} }
	row := object{at: -1, tuple: []object{text("Library", 10), text("Safari", 20)}}
	mixed := object{at: -1, tuple: []object{text("Library", 10), {at: -1, isNum: true, num: 1}}}
	for _, tc := range []struct {
		name   string
		consts []object
		want   string
	}{
		{"row of a table", []object{{at: -1, tuple: []object{row}}}, "Library/Safari"},
		{"tuple alone", []object{row}, ""},
		{"row with a number", []object{{at: -1, tuple: []object{mixed}}}, ""},
	} {
		got := ""
		for _, v := range tablePaths(tc.consts, 0) {
			got += string(v.text)
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
