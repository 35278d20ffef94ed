package scan

import (
	"path"
	"strings"

	"github.com/kinbom/kinbom/sbom/script"
)

// isPython reports whether a file is a Python module, or carries some.
func isPython(f *file) bool {
	return f.kind == kindPython || f.kind == kindPySource || f.kind == kindMachO
}

// imported finds the module that a Python module imports: beside it or in the
// packages above it where its name says so, else below any folder above it (the
// folder of the script that was started is among them), or in one of the folders
// and archives where the product keeps Python modules.
func (g *scriptGraph) imported(from *file, q script.Require) *file {
	dir, roots := path.Dir(g.d.rel(from)), g.pythonRoots()
	if path.Base(dir) == "__pycache__" {
		dir = path.Dir(dir)
	}
	if q.Kind != script.RequireModule { // a script by its name
		return g.other(from, g.at[path.Join(dir, q.Name)])
	}
	name := strings.TrimLeft(q.Name, ".")
	below := strings.ReplaceAll(name, ".", "/")
	if up := len(q.Name) - len(name); up > 0 {
		for range up - 1 {
			dir = path.Dir(dir)
		}
		return g.other(from, g.pythonAt(path.Join(dir, below)))
	}
	for at := dir; ; at = path.Dir(at) {
		if f := g.other(from, g.pythonAt(path.Join(at, below))); f != nil {
			return f
		}
		if at == "." || at == "/" {
			break
		}
	}
	for _, at := range roots {
		if f := g.other(from, g.pythonAt(path.Join(at, below))); f != nil {
			return f
		}
	}
	return nil
}

// other is a file, unless it is the one that asks.
func (g *scriptGraph) other(from, f *file) *file {
	if f == from || f == nil || !isScript(f) || !isPython(f) {
		return nil
	}
	return f
}

// pythonAt is the module or the package of a name, or nil.
func (g *scriptGraph) pythonAt(p string) *file {
	for _, end := range []string{"/__init__.py", "/__init__.pyc", ".py", ".pyc"} {
		if f := g.at[p+end]; f != nil {
			return f
		}
	}
	return g.cached[p]
}

// pythonRoots are the folders and archives below which a product keeps Python
// modules that are imported by their whole names.
func (g *scriptGraph) pythonRoots() []string {
	if g.cached != nil {
		return g.roots
	}
	g.cached = map[string]*file{}
	seen := map[string]bool{}
	for _, f := range g.d.files { // sorted by path
		if !isPython(f) || !isScript(f) {
			continue
		}
		rel := g.d.rel(f)
		dir := path.Dir(rel)
		if path.Base(dir) == "__pycache__" { // name.cpython-311.pyc
			name, _, _ := strings.Cut(path.Base(rel), ".")
			key := path.Join(path.Dir(dir), name)
			if name == "__init__" {
				key = path.Dir(dir)
			}
			if g.cached[key] == nil {
				g.cached[key] = f
			}
		}
		for at := dir; at != "." && at != "/" && !seen[at]; at = path.Dir(at) {
			seen[at] = true
			if base := path.Base(at); base == "site-packages" || base == "app_packages" || base == "lib-dynload" || strings.HasPrefix(base, "python") || strings.HasSuffix(base, ".zip") || strings.HasSuffix(base, ".egg") {
				g.roots = append(g.roots, at)
			}
		}
	}
	return g.roots
}

// startsPython reports whether a Python module is one that an app or a runtime
// starts: __main__ at the top of an archive, of the resources or of a package that
// stands there for apps, the script of a freezer, or the executable of a bundle.
func (g *scriptGraph) startsPython(f *file, rel string) bool {
	base, dir := path.Base(rel), path.Dir(rel)
	name := strings.TrimSuffix(strings.TrimSuffix(base, ".pyc"), ".py")
	top := f.in != nil && g.d.rel(f.in) == dir || path.Base(dir) == "Resources"
	switch {
	case name == "__main__":
		return top || path.Base(path.Dir(dir)) == "app" && path.Base(path.Dir(path.Dir(dir))) == "Resources"
	case name == "__boot__" || name == "__startup__" || strings.HasSuffix(name, "__main__"):
		return top
	}
	return path.Base(dir) == "MacOS" && path.Base(path.Dir(dir)) == "Contents"
}
