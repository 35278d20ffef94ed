package main_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// The house test keeps the layout of the project: import walls, documentation,
// sizes, names, formatting. It only parses files, so it is fast, needs no
// network, and also runs alone:
//
//	go test cmd/kinbom/house*_test.go
//
// Each check lists its complaints; house_bad_test.go shows each one a bad example.

// Limits of the house.
const (
	maxFileLines = 500
	maxFuncLines = 100
)

// topLevel is all that the top folder may hold beside dot-files.
var topLevel = []string{"cmd", "sbom", "graph", "fixtures", "docs", "go.mod", "go.sum", "Makefile",
	"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}

// goFolders are the only top folders with Go code.
var goFolders = []string{"cmd", "sbom", "graph", "fixtures"}

// drawers are names that say nothing about what is inside.
var drawers = []string{"util", "utils", "common", "helper", "helpers", "misc", "types", "base"}

// knownMethods say the same in every Go program and need no comment.
var knownMethods = []string{"Error", "Unwrap", "String", "Len", "Less", "Swap"}

// checks are all rules of the house, in the order of CONTRIBUTING.md.
var checks = []struct {
	name string
	run  func(*house, *table) []string
}{
	{"layout", checkLayout},
	{"rows", checkRows},
	{"rooms", checkRooms},
	{"walls", checkWalls},
	{"owners", checkOwners},
	{"docs", checkDocs},
	{"sizes", checkSizes},
	{"names", checkNames},
	{"gofmt", checkFormat},
	{"init", checkInit},
}

func TestHouse(t *testing.T) {
	text, err := os.ReadFile("testdata/house.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := parseTable(string(text))
	if err != nil {
		t.Fatal(err)
	}
	h, err := readHouse(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(h.rooms) < 5 {
		t.Fatalf("only %d packages found: is this the right folder?", len(h.rooms))
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			for _, complaint := range c.run(h, rows) {
				t.Error(complaint)
			}
		})
	}
}

func checkLayout(h *house, _ *table) []string {
	var bad []string
	for _, name := range h.top {
		if !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) {
			bad = append(bad, fmt.Sprintf("%s: not one of the names for the top folder (%s)", name, strings.Join(topLevel, " ")))
		}
	}
	for _, p := range h.stray {
		bad = append(bad, fmt.Sprintf("%s: Go code stands only in %s", p, strings.Join(goFolders, ", ")))
	}
	return bad
}

// checkRows wants a row for each package, and nothing in the rows that is not there.
func checkRows(h *house, t *table) []string {
	var bad []string
	for _, r := range h.rooms {
		if t.row(r.path) == nil {
			bad = append(bad, fmt.Sprintf("%s: no row in testdata/house.txt: what is it for, and what may it import?", r.path))
		}
	}
	for _, r := range t.rooms {
		if !slices.ContainsFunc(h.rooms, func(o *room) bool { return matches(r.name, o.path) }) {
			bad = append(bad, fmt.Sprintf("%s: a row without a package", r.name))
		}
		for _, name := range r.list {
			if !slices.ContainsFunc(h.rooms, func(o *room) bool {
				return t.row(o.path) != nil && t.row(o.path).name == r.name && slices.ContainsFunc(append(o.imports(false), o.imports(true)...), func(i string) bool { return matches(name, i) })
			}) {
				bad = append(bad, fmt.Sprintf("%s: its row lists %s, which it does not import", r.name, name))
			}
		}
	}
	return bad
}

// checkRooms compares each direct import of ours with the importer's row.
func checkRooms(h *house, t *table) []string {
	var bad []string
	for _, r := range h.rooms {
		rw := t.row(r.path)
		if rw == nil {
			continue // checkRows says so
		}
		for _, imp := range r.imports(false) {
			if h.find(imp) != nil && !matchesAny(rw.list, imp) {
				bad = append(bad, fmt.Sprintf("%s -> %s (%s): the row of %s does not list it", r.path, imp, r.where(imp, false), r.path))
			}
		}
	}
	return bad
}

// checkWalls searches from each room of a wall's one side for the other side
// and prints one shortest chain of imports.
func checkWalls(h *house, t *table) []string {
	var bad []string
	for _, w := range t.walls {
		for _, r := range h.rooms {
			if !matches(w.from, r.path) {
				continue
			}
			chain := h.chain(r, w.to, false)
			if chain == nil && w.tests {
				chain = h.chain(r, w.to, true)
			}
			if chain != nil {
				bad = append(bad, fmt.Sprintf("%s: %s must not depend on %s", strings.Join(chain, " -> "), w.from, w.to))
			}
		}
	}
	return bad
}

// chain is a shortest chain of imports from the room to anything that the
// pattern names, or nil. With tests, the first step is an import of a test file.
func (h *house) chain(from *room, to string, tests bool) []string {
	target := strings.TrimSuffix(to, "/...")
	prev := map[string]string{from.path: ""}
	for queue := []*room{from}; len(queue) > 0; queue = queue[1:] {
		r := queue[0]
		for _, imp := range r.imports(tests && r == from) {
			if _, seen := prev[imp]; seen {
				continue
			}
			prev[imp] = r.path
			// A module of others has its packages below the name; a room of ours is exact.
			if matches(to, imp) || h.find(imp) == nil && below(target, imp) {
				var c []string
				for p := imp; p != ""; p = prev[p] {
					c = append(c, p)
				}
				slices.Reverse(c)
				return c
			}
			if next := h.find(imp); next != nil {
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// checkOwners holds each module of others, and each guarded package of the
// standard library, to its owners. A module without a row is a complaint.
func checkOwners(h *house, t *table) []string {
	var bad []string
	for _, r := range h.rooms {
		for _, imp := range r.imports(false) {
			if h.find(imp) != nil {
				continue
			}
			owner := t.owner(imp)
			first, _, _ := strings.Cut(imp, "/")
			switch {
			case owner == nil && strings.Contains(first, "."):
				bad = append(bad, fmt.Sprintf("%s -> %s (%s): the module has no owner in testdata/house.txt", r.path, imp, r.where(imp, false)))
			case owner != nil && !matchesAny(owner.list, r.path):
				bad = append(bad, fmt.Sprintf("%s -> %s (%s): left to %s alone", r.path, imp, r.where(imp, false), owners(owner.list)))
			}
		}
	}
	return bad
}

func owners(list []string) string {
	if len(list) == 0 {
		return "nobody"
	}
	return strings.Join(list, ", ")
}

func checkDocs(h *house, _ *table) []string {
	var bad []string
	for _, r := range h.rooms {
		// A folder with tests only has its package comment in one of them.
		testsOnly := !slices.ContainsFunc(r.files, func(f *goFile) bool { return !f.test })
		doc := false
		for _, f := range r.files {
			if f.test != testsOnly {
				continue
			}
			name := f.ast.Name.Name
			if f.ast.Doc != nil && (name == "main" || strings.HasPrefix(f.ast.Doc.Text(), "Package "+name+" ")) {
				doc = true
			}
			if name != "main" && !testsOnly {
				bad = append(bad, undocumented(f)...)
			}
		}
		if !doc {
			bad = append(bad, r.path+": no package comment (\"Package ...\")")
		}
	}
	return bad
}

// undocumented lists the exported names of the file that have no comment. In a
// group a comment on the group is enough; fields of structs are not looked at.
func undocumented(f *goFile) []string {
	var bad []string
	say := func(pos token.Pos, name string) {
		bad = append(bad, fmt.Sprintf("%s:%d: %s has no comment", f.path, f.fset.Position(pos).Line, name))
	}
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			known := d.Recv != nil && slices.Contains(knownMethods, d.Name.Name)
			if d.Name.IsExported() && d.Doc == nil && ast.IsExported(receiver(d)) && !known {
				say(d.Pos(), d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						say(s.Pos(), s.Name.Name)
					}
				case *ast.ValueSpec:
					if i := slices.IndexFunc(s.Names, (*ast.Ident).IsExported); i >= 0 && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						say(s.Pos(), s.Names[i].Name)
					}
				}
			}
		}
	}
	return bad
}

// receiver is the name of a method's type; of a plain function its own name.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func checkSizes(h *house, _ *table) []string {
	var bad []string
	for _, r := range h.rooms {
		for _, f := range r.files {
			if f.test {
				continue
			}
			if n := bytes.Count(f.src, []byte("\n")); n > maxFileLines {
				bad = append(bad, fmt.Sprintf("%s: %d lines, at most %d", f.path, n, maxFileLines))
			}
			for _, d := range f.ast.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				first := f.fset.Position(fn.Pos()).Line
				if n := f.fset.Position(fn.End()).Line - first + 1; n > maxFuncLines {
					bad = append(bad, fmt.Sprintf("%s:%d: %s has %d lines, at most %d", f.path, first, fn.Name.Name, n, maxFuncLines))
				}
			}
		}
	}
	return bad
}

func checkNames(h *house, _ *table) []string {
	var bad []string
	for _, r := range h.rooms {
		if slices.Contains(drawers, path.Base(r.path)) {
			bad = append(bad, r.path+": a package is named after its noun, medium or deed")
		}
		for _, f := range r.files {
			for _, part := range strings.Split(strings.TrimSuffix(path.Base(f.path), ".go"), "_") {
				if slices.Contains(drawers, part) {
					bad = append(bad, f.path+": a file is named so that one finds it by guessing")
				}
			}
			if slices.Contains(drawers, f.ast.Name.Name) && path.Base(r.path) != f.ast.Name.Name {
				bad = append(bad, fmt.Sprintf("%s: package %s is named after its noun, medium or deed", f.path, f.ast.Name.Name))
			}
		}
	}
	return bad
}

func checkFormat(h *house, _ *table) []string {
	var bad []string
	for _, r := range h.rooms {
		for _, f := range r.files {
			if want, err := format.Source(f.src); err != nil || !bytes.Equal(want, f.src) {
				bad = append(bad, f.path+": not as gofmt writes it")
			}
		}
	}
	return bad
}

func checkInit(h *house, _ *table) []string {
	var bad []string
	for _, r := range h.rooms {
		for _, f := range r.files {
			for _, d := range f.ast.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					bad = append(bad, fmt.Sprintf("%s:%d: no init functions: pass values instead", f.path, f.fset.Position(fn.Pos()).Line))
				}
			}
		}
	}
	return bad
}
