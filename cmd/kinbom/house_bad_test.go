package main_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// smallTable and smallHouse are a house without complaints; each bad example
// below changes one thing in it.
const smallTable = `
room sbom                # the nouns
room sbom/read           sbom
room graph               sbom
room graph/report/...    graph
room fixtures/...
room cmd/tool            sbom/read
wall sbom/...  graph/... tests
wall graph/... sbom/read
wall graph     example.org/big
wall cmd/...   fixtures/...
alone example.org/reader sbom/read
alone example.org/big    sbom/read
alone os/exec
alone os/exec/safe graph
`

func smallHouse() map[string]string {
	return map[string]string{
		"go.mod":                 "module example.org/small\n\ngo 1.26\n",
		".gitignore":             "/bin/\n",
		"README.md":              "small\n",
		"bin/tool":               "built\n",
		"sbom/doc.go":            "// Package sbom has nouns.\npackage sbom\n\n// Noun is one.\ntype Noun int\n\n// Kinds of noun.\nconst (\n\tA Noun = iota\n\tB\n)\n\ntype inner struct{}\n\nfunc (inner) Do() {}\n\nfunc (Noun) String() string { return \"\" }\n",
		"sbom/read/read.go":      "// Package read reads.\npackage read\n\nimport (\n\t_ \"example.org/reader/v2\"\n\t_ \"example.org/small/sbom\"\n)\n",
		"sbom/read/read_test.go": "// Package read is tested.\npackage read\n\nimport (\n\t_ \"example.org/any\"\n\t_ \"os/exec\"\n)\n",
		"graph/graph.go":         "// Package graph ties.\npackage graph\n\nimport (\n\t_ \"example.org/small/sbom\"\n\t_ \"os/exec/safe\"\n)\n",
		"graph/graph_test.go":    "package graph\n\nimport _ \"example.org/small/sbom/read\"\n",
		"graph/report/text/t.go": "// Package text prints.\npackage text\n\nimport _ \"example.org/small/graph\"\n",
		"cmd/tool/main.go":       "// Tool does it.\npackage main\n\nimport _ \"example.org/small/sbom/read\"\n\nfunc Main() {}\n",
		"cmd/tool/testdata/x.go": "package util\nfunc init(){}\n",
		"fixtures/make.go":       "// Package fixtures makes.\npackage fixtures\n",
	}
}

// complaintsOf runs every check over the files and returns "check: complaint".
func complaintsOf(t *testing.T, files map[string]string) []string {
	t.Helper()
	rows, err := parseTable(smallTable)
	if err != nil {
		t.Fatal(err)
	}
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	h, err := readHouse(root)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range checks {
		for _, s := range c.run(h, rows) {
			out = append(out, c.name+": "+s)
		}
	}
	return out
}

func TestHouseAcceptsGood(t *testing.T) {
	if got := complaintsOf(t, smallHouse()); len(got) > 0 {
		t.Errorf("complaints about a good house:\n%s", strings.Join(got, "\n"))
	}
}

// badHouses has at least one example for each check: one changed file, and how
// each complaint about it starts.
var badHouses = []struct {
	name, file, text string
	want             []string
}{
	{"top folder", "pkg/a.txt", "", []string{"layout: pkg: not one of"}},
	{"top file", "notes.md", "", []string{"layout: notes.md: not one of"}},
	{"Go code outside", "docs/gen.go", "// Package docs is stray.\npackage docs\n", []string{"layout: docs/gen.go: Go code"}},
	{"Go code in a dot-folder", ".tools/t.go", "package t\n", []string{"layout: .tools/t.go: Go code"}},
	{"package without a row", "sbom/new/n.go", "// Package new is new.\npackage new\n", []string{"rows: sbom/new: no row"}},
	{"import that nobody makes", "graph/graph.go", "// Package graph ties.\npackage graph\n", []string{"rows: graph: its row lists sbom, which it does not import"}},
	{"import outside the row", "fixtures/make.go", "// Package fixtures makes.\npackage fixtures\n\nimport _ \"example.org/small/graph\"\n",
		[]string{"rooms: fixtures -> graph (fixtures/make.go:4): the row of fixtures does not list it"}},
	{"direct wall", "sbom/more.go", "package sbom\n\nimport _ \"example.org/small/graph\"\n",
		[]string{"rooms: sbom -> graph (sbom/more.go:3)", "walls: sbom -> graph: sbom/...", "walls: sbom/read -> sbom -> graph: sbom/..."}},
	{"wall in a test", "sbom/more_test.go", "package sbom_test\n\nimport _ \"example.org/small/graph/report/text\"\n",
		[]string{"walls: sbom -> graph/report/text: sbom/... must not depend on graph/..."}},
	{"wall at the end of a chain", "sbom/more.go", "package sbom\n\nimport _ \"example.org/small/sbom/read\"\n",
		[]string{"rooms: sbom -> sbom/read", "walls: graph -> sbom -> sbom/read: graph/...", "walls: graph/report/text -> graph -> sbom -> sbom/read: graph/..."}},
	{"wall to a module", "sbom/more.go", "package sbom\n\nimport _ \"example.org/big/part\"\n",
		[]string{"walls: graph -> sbom -> example.org/big/part: graph must not", "owners: sbom -> example.org/big/part (sbom/more.go:3): left to sbom/read alone"}},
	{"module of another room", "graph/more.go", "package graph\n\nimport _ \"example.org/reader/v2/part\"\n",
		[]string{"owners: graph -> example.org/reader/v2/part (graph/more.go:3): left to sbom/read alone"}},
	{"module without an owner", "graph/more.go", "package graph\n\nimport _ \"example.net/x\"\n",
		[]string{"owners: graph -> example.net/x (graph/more.go:3): the module has no owner"}},
	{"guarded standard package", "sbom/read/more.go", "package read\n\nimport _ \"os/exec\"\n",
		[]string{"owners: sbom/read -> os/exec (sbom/read/more.go:3): left to nobody alone"}},
	{"no package comment", "graph/graph.go", "package graph\n\nimport _ \"example.org/small/sbom\"\n", []string{"docs: graph: no package comment"}},
	{"other package comment", "graph/graph.go", "// Ties things.\npackage graph\n\nimport _ \"example.org/small/sbom\"\n", []string{"docs: graph: no package comment"}},
	{"comment in a test only", "sbom/read/read.go", "package read\n\nimport _ \"example.org/small/sbom\"\n", []string{"docs: sbom/read: no package comment"}},
	{"tests without a comment", "fixtures/only/o_test.go", "package only_test\n", []string{"docs: fixtures/only: no package comment"}},
	{"command without a comment", "cmd/tool/main.go", "package main\n\nimport _ \"example.org/small/sbom/read\"\n\nfunc Main() {}\n", []string{"docs: cmd/tool: no package comment"}},
	{"exported names", "sbom/more.go", "package sbom\n\nfunc F() {}\n\ntype T[X any] struct{}\n\nfunc (t *T[X]) M() {}\n\nvar (\n\tV int\n)\n\nconst C, d = 1, 2\n",
		[]string{"docs: sbom/more.go:3: F has no", "docs: sbom/more.go:5: T has no", "docs: sbom/more.go:7: M has no", "docs: sbom/more.go:10: V has no", "docs: sbom/more.go:13: C has no"}},
	{"long file", "sbom/more.go", "package sbom\n" + strings.Repeat("\n// x\n", 250), []string{"sizes: sbom/more.go: 501 lines, at most 500"}},
	{"long function", "sbom/more.go", "package sbom\n\nfunc f() {\n" + strings.Repeat("\tf()\n", 99) + "}\n", []string{"sizes: sbom/more.go:3: f has 101 lines, at most 100"}},
	{"drawer file", "sbom/read_util.go", "package sbom\n", []string{"names: sbom/read_util.go: a file"}},
	{"drawer test file", "sbom/helpers_test.go", "package sbom\n", []string{"names: sbom/helpers_test.go: a file"}},
	{"drawer package", "fixtures/common/c.go", "// Package common is anything.\npackage common\n", []string{"names: fixtures/common: a package"}},
	{"drawer package name", "fixtures/a/c.go", "// Package misc is anything.\npackage misc\n", []string{"names: fixtures/a/c.go: package misc"}},
	{"not formatted", "sbom/more_test.go", "package sbom\nvar  x = 1\n", []string{"gofmt: sbom/more_test.go: not as gofmt"}},
	{"init", "sbom/more.go", "package sbom\n\nfunc init() {}\n", []string{"init: sbom/more.go:3: no init"}},
}

func TestHouseRefusesBad(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range badHouses {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(smallHouse())
			files[c.file] = c.text
			got := complaintsOf(t, files)
			if len(got) != len(c.want) {
				t.Fatalf("got %d complaints, want %d:\n%s", len(got), len(c.want), strings.Join(got, "\n"))
			}
			for i, w := range c.want {
				name, _, _ := strings.Cut(w, ":")
				seen[name] = true
				if !strings.HasPrefix(got[i], w) {
					t.Errorf("complaint %d: got %q, want prefix %q", i, got[i], w)
				}
			}
		})
	}
	for _, c := range checks {
		if !seen[c.name] {
			t.Errorf("check %s has no bad example", c.name)
		}
	}
}

func TestHouseTableRefusesBad(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown row", "room sbom\ndoor sbom graph\n", "house.txt:2: not a row"},
		{"room twice", "room sbom\nroom graph\nroom sbom graph\n", "house.txt:3: row stands on line 1 too"},
		{"wall without an end", "wall sbom\n", "house.txt:1: not a row"},
		{"wall with a strange mark", "wall sbom graph test\n", "house.txt:1: not a row"},
		{"empty room", "room\n", "house.txt:1: not a row"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parseTable(c.text); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
		})
	}
}

func TestHouseLongestRowCounts(t *testing.T) {
	rows, err := parseTable("room a/... x\nroom a/b/... y\nroom a/b z\n")
	if err != nil {
		t.Fatal(err)
	}
	for pkg, want := range map[string][]string{"a": {"x"}, "a/c": {"x"}, "a/b": {"z"}, "a/b/c": {"y"}} {
		if got := rows.row(pkg); got == nil || !slices.Equal(got.list, want) {
			t.Errorf("row of %s: got %v, want %v", pkg, got, want)
		}
	}
	if got := rows.row("ab"); got != nil {
		t.Errorf("row of ab: got %v, want none", got)
	}
}

func TestHouseRowWithoutPackage(t *testing.T) {
	rows, err := parseTable("room sbom\nroom graph/gone/...\n")
	if err != nil {
		t.Fatal(err)
	}
	got := checkRows(&house{rooms: []*room{{path: "sbom"}}}, rows)
	if len(got) != 1 || got[0] != "graph/gone/...: a row without a package" {
		t.Errorf("got %q", got)
	}
}
