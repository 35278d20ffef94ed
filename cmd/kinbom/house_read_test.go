package main_test

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// house is the source tree as the checks see it.
type house struct {
	module string
	top    []string // names in the top folder
	rooms  []*room  // sorted by path
	stray  []string // Go files outside the folders for Go code
}

// room is one package: all Go files of one folder, whatever their build tags.
type room struct {
	path  string // without the module's path
	files []*goFile
}

type goFile struct {
	path    string
	src     []byte
	test    bool
	fset    *token.FileSet
	ast     *ast.File
	imports map[string]int // import path -> line; ours without the module's path
}

// find returns the room of that path, or nil.
func (h *house) find(p string) *room {
	for _, r := range h.rooms {
		if r.path == p {
			return r
		}
	}
	return nil
}

// imports lists what the room imports in its code, or in its tests.
func (r *room) imports(tests bool) []string {
	var list []string
	for _, f := range r.files {
		if f.test == tests {
			for p := range f.imports {
				list = append(list, p)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// where names the file and line of one import.
func (r *room) where(imp string, tests bool) string {
	for _, f := range r.files {
		if line := f.imports[imp]; line > 0 && f.test == tests {
			return fmt.Sprintf("%s:%d", f.path, line)
		}
	}
	return r.path
}

// readHouse parses every Go file below the root. It leaves out testdata, what
// .gitignore names at the top, and the history.
func readHouse(root fs.FS) (*house, error) {
	h := &house{}
	mod, err := fs.ReadFile(root, "go.mod")
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(string(mod), "\n")
	h.module = strings.TrimSpace(strings.TrimPrefix(line, "module "))
	ignored := []string{".git"}
	if text, err := fs.ReadFile(root, ".gitignore"); err == nil {
		for _, l := range strings.Fields(string(text)) {
			ignored = append(ignored, strings.Trim(l, "/"))
		}
	}
	err = fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(ignored, p) || d.IsDir() && d.Name() == "testdata" {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if p != "." && !strings.Contains(p, "/") {
			h.top = append(h.top, p)
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		if first, _, _ := strings.Cut(p, "/"); !slices.Contains(goFolders, first) {
			h.stray = append(h.stray, p)
			return nil
		}
		return h.add(root, p)
	})
	return h, err
}

// add parses one Go file and puts it into its room.
func (h *house) add(root fs.FS, p string) error {
	src, err := fs.ReadFile(root, p)
	if err != nil {
		return err
	}
	f := &goFile{path: p, src: src, test: strings.HasSuffix(p, "_test.go"), fset: token.NewFileSet(), imports: map[string]int{}}
	if f.ast, err = parser.ParseFile(f.fset, p, src, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return err
	}
	for _, i := range f.ast.Imports {
		imp, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return err
		}
		imp = strings.TrimPrefix(imp, h.module+"/")
		f.imports[imp] = f.fset.Position(i.Pos()).Line
	}
	dir := path.Dir(p)
	r := h.find(dir)
	if r == nil {
		r = &room{path: dir}
		h.rooms = append(h.rooms, r)
		slices.SortFunc(h.rooms, func(a, b *room) int { return strings.Compare(a.path, b.path) })
	}
	r.files = append(r.files, f)
	return nil
}

// table is testdata/house.txt.
type table struct {
	rooms, owners []row
	walls         []wall
}

type row struct {
	name string   // package pattern, or an import of others
	list []string // patterns of our packages
}

type wall struct {
	from, to string
	tests    bool
}

func parseTable(text string) (*table, error) {
	t := &table{}
	seen := map[string]int{}
	sc := bufio.NewScanner(strings.NewReader(text))
	for n := 1; sc.Scan(); n++ {
		line, _, _ := strings.Cut(sc.Text(), "#")
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		if before := seen[strings.Join(w[:min(2, len(w))], " ")]; before > 0 && w[0] != "wall" {
			return nil, fmt.Errorf("house.txt:%d: row stands on line %d too", n, before)
		}
		seen[strings.Join(w[:min(2, len(w))], " ")] = n
		switch {
		case w[0] == "room" && len(w) >= 2:
			t.rooms = append(t.rooms, row{w[1], w[2:]})
		case w[0] == "alone" && len(w) >= 2:
			t.owners = append(t.owners, row{w[1], w[2:]})
		case w[0] == "wall" && (len(w) == 3 || len(w) == 4 && w[3] == "tests"):
			t.walls = append(t.walls, wall{w[1], w[2], len(w) == 4})
		default:
			return nil, fmt.Errorf("house.txt:%d: not a row: %q", n, line)
		}
	}
	return t, sc.Err()
}

// row returns the row with the package's own name, else the longest room row
// that matches it, else nil.
func (t *table) row(pkg string) *row {
	var best *row
	for i := range t.rooms {
		switch r := &t.rooms[i]; {
		case r.name == pkg:
			return r
		case matches(r.name, pkg) && (best == nil || len(r.name) > len(best.name)):
			best = r
		}
	}
	return best
}

// owner returns the longest owner row for the import, or nil.
func (t *table) owner(imp string) *row {
	var best *row
	for i := range t.owners {
		if r := &t.owners[i]; below(r.name, imp) && (best == nil || len(r.name) > len(best.name)) {
			best = r
		}
	}
	return best
}

// matches reports whether the pattern x or x/... names the package.
func matches(pattern, pkg string) bool {
	if p, ok := strings.CutSuffix(pattern, "/..."); ok {
		return below(p, pkg)
	}
	return pattern == pkg
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

// below reports whether pkg is p or in a folder of it.
func below(p, pkg string) bool { return pkg == p || strings.HasPrefix(pkg, p+"/") }
