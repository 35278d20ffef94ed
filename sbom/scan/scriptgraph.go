package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/script"
)

// langPackage is the language of a package.json: what it names as its entry.
const langPackage = "package"

// scriptGraph is the modules of one product and what they ask for, as far as
// somebody wanted to know.
type scriptGraph struct {
	s        *scanner
	d        *draft
	at       map[string]*file // by path in the product; files beside an archive as if they lay in it
	requires map[*file][]script.Require
	whole    map[*file]bool      // of which all requires were asked for
	mains    map[string][]string // by folder: what its package.json names
	roots    []string            // where Python modules lie
	cached   map[string]*file    // compiled Python modules in __pycache__, by the path of what they are of; nil: not looked for yet
	err      error               // trouble with the run
}

func (s *scanner) newScriptGraph(d *draft) *scriptGraph {
	g := &scriptGraph{s: s, d: d, at: map[string]*file{}, requires: map[*file][]script.Require{}, whole: map[*file]bool{}, mains: map[string][]string{}}
	for _, f := range d.files {
		if f.trouble == nil && !f.ignored && f.opened == "" {
			if p := inArchive(d.rel(f)); g.at[p] == nil {
				g.at[p] = f
			}
		}
	}
	return g
}

// inArchive is a path with the folder beside an archive as the archive itself: a
// program meets the files of both under one path.
func inArchive(p string) string { return strings.ReplaceAll(p, ".asar.unpacked/", ".asar/") }

// know makes known what some files ask for; words are parts of the names that
// matter, or none. Files that were read in full are known already.
func (g *scriptGraph) know(ctx context.Context, files []*file, words []string) {
	var want []*file
	for _, f := range files {
		if _, ok := g.requires[f]; ok {
			continue
		}
		if x := g.d.scripts[f]; x != nil && len(x.modules) > 0 {
			g.requires[f] = requiresOf(x)
			continue
		}
		want = append(want, f)
	}
	for len(want) > 0 && g.err == nil {
		n, size := 0, int64(0)
		for n < len(want) && n < scriptCount && (n == 0 || size+want[n].size <= scriptBatch) {
			size += want[n].size
			n++
		}
		g.ask(ctx, want[:n], words, size)
		want = want[n:]
	}
}

func (g *scriptGraph) ask(ctx context.Context, files []*file, words []string, size int64) {
	q := requiresRequest{Words: words}
	for _, f := range files {
		lang := language(f)
		switch path.Base(f.norm) {
		case "package.json":
			lang = langPackage
		case "manifest.json":
			lang = langManifest
		}
		q.Files = append(q.Files, scriptFile{Disk: f.disk, Language: lang})
	}
	b, err := g.s.ask(g.s.pool, askRequires, q, deadline(4*size))
	var out [][]script.Require
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		if fatal(ctx, err) {
			g.err = err
			return
		}
		if len(files) > 1 {
			for i := range files {
				g.ask(ctx, files[i:i+1], words, files[i].size)
			}
			return
		}
		out = make([][]script.Require, 1)
	}
	for i, f := range files {
		if i < len(out) && len(words) == 0 || i < len(out) && len(out[i]) > 0 {
			g.requires[f] = out[i]
		}
	}
}

// mainsOf is what the package.json of a folder names as its entry.
func (g *scriptGraph) mainsOf(ctx context.Context, folder string) []string {
	if l, ok := g.mains[folder]; ok {
		return l
	}
	var l []string
	if f := g.at[path.Join(folder, "package.json")]; f != nil && f.size <= maxPlist {
		g.know(ctx, []*file{f}, nil)
		for _, q := range g.requires[f] {
			l = append(l, q.Name)
		}
	}
	g.mains[folder] = l
	return l
}

// resolve finds the file that a module asks for, as Node does; nil when it is
// none of the product's.
func (g *scriptGraph) resolve(ctx context.Context, from *file, q script.Require) *file {
	if isPython(from) {
		return g.imported(from, q)
	}
	name := strings.TrimPrefix(q.Name, "file://")
	if i := strings.IndexAny(name, "?#"); i > 0 {
		name = name[:i]
	}
	name = strings.TrimPrefix(strings.TrimPrefix(name, "*/"), "./*/")
	dir := path.Dir(inArchive(g.d.rel(from)))
	if strings.HasPrefix(name, ".") || q.Kind != script.RequireModule {
		return g.file(ctx, path.Join(dir, name))
	}
	if strings.HasPrefix(name, "/") || strings.Contains(name, ":") || name == "" {
		return nil
	}
	for at := dir; ; at = path.Dir(at) {
		if path.Base(at) != "node_modules" {
			if f := g.file(ctx, path.Join(at, "node_modules", name)); f != nil {
				return f
			}
		}
		if at == "." || at == "/" {
			return nil
		}
	}
}

// file finds a file or the entry of a folder.
func (g *scriptGraph) file(ctx context.Context, p string) *file {
	if f := g.plain(p); f != nil {
		return f
	}
	for _, m := range g.mainsOf(ctx, p) {
		if f := g.plain(path.Join(p, m)); f != nil {
			return f
		}
		if f := g.plain(path.Join(p, m, "index")); f != nil {
			return f
		}
	}
	return g.plain(path.Join(p, "index"))
}

func (g *scriptGraph) plain(p string) *file {
	for _, end := range []string{"", ".js", ".cjs", ".mjs"} {
		if f := g.at[p+end]; f != nil && isScript(f) {
			return f
		}
	}
	return nil
}

// entry is a module that something outside scripts starts.
type scriptEntry struct {
	by   *file // package.json or manifest.json
	file *file
}

// entries are the modules that the app starts: the entry of the package that
// Electron or NW.js runs, and what the manifests of web extensions name.
func (g *scriptGraph) entries(ctx context.Context) []scriptEntry {
	var out []scriptEntry
	for _, f := range g.d.files {
		rel := inArchive(g.d.rel(f))
		if g.at[rel] != f {
			continue
		}
		dir := path.Dir(rel)
		switch {
		case f.kind == kindMachO && g.d.scripts[f] != nil: // it runs what is packed behind it
			out = append(out, scriptEntry{f, f})
		case isPython(f) && g.startsPython(f, rel):
			out = append(out, scriptEntry{f, f})
		case path.Base(rel) == "package.json" && isAppFolder(dir):
			if m := g.file(ctx, dir); m != nil {
				out = append(out, scriptEntry{f, m})
			}
		case path.Base(rel) == "manifest.json" && f.size <= maxPlist:
			g.know(ctx, []*file{f}, nil)
			for _, q := range g.requires[f] {
				if m := g.resolve(ctx, f, q); m != nil {
					out = append(out, scriptEntry{f, m})
				}
			}
		}
	}
	return out
}

// isAppFolder reports whether a folder is where a runtime looks for the app: an
// archive, or the folders app and app.nw of the resources.
func isAppFolder(dir string) bool {
	base := path.Base(dir)
	return strings.HasSuffix(base, ".asar") || (base == "app" || base == "app.nw") && path.Base(path.Dir(dir)) == "Resources"
}

// step is how a file was reached: what asked for it.
type scriptStep struct {
	from *file // nil: an entry
	by   *file // of an entry: who names it
	name string
	kind script.RequireKind
}

// reach follows what modules ask for, from the entries on, breadth first, so that
// each file has a shortest path.
func (g *scriptGraph) reach(ctx context.Context) map[*file]scriptStep {
	out := map[*file]scriptStep{}
	var level []*file
	for _, e := range g.entries(ctx) {
		if _, ok := out[e.file]; !ok {
			out[e.file] = scriptStep{by: e.by, kind: script.RequireModule}
			level = append(level, e.file)
		}
	}
	for len(level) > 0 && g.err == nil {
		g.know(ctx, level, nil)
		var next []*file
		for _, f := range level {
			for _, q := range g.requires[f] {
				to := g.resolve(ctx, f, q)
				if to == nil {
					continue
				}
				if _, ok := out[to]; !ok {
					out[to] = scriptStep{from: f, name: q.Name, kind: q.Kind}
					next = append(next, to)
				}
			}
		}
		level = next
	}
	return out
}

// describe is the path of requires that leads to a file, from its entry on.
func (g *scriptGraph) describe(steps map[*file]scriptStep, f *file) string {
	var l []string
	for range 64 {
		st := steps[f]
		name := path.Base(f.norm)
		if st.from != nil {
			name = strings.TrimPrefix(st.name, "./")
		}
		l = append(l, name)
		if st.from == nil {
			break
		}
		f = st.from
	}
	slices.Reverse(l)
	word := sbom.HowRequire
	if isPython(f) {
		word = sbom.HowImport
	}
	return word + strings.Join(l, " > ")
}

// relate looks at the modules of a product together with those that they ask
// for, and finds which of them the product's entries lead to.
func (s *scanner) relate(ctx context.Context, d *draft) error {
	d.moduleTags = map[moduleKey][]sbom.Tag{}
	telling := false
	for f, x := range d.scripts {
		for i := range x.modules {
			m := &x.modules[i]
			telling = telling || m.Telling > 0
			if len(m.Tags) > 0 {
				d.moduleTags[moduleKey{f, i}] = placedTags(m.Tags, m.Digest, []*file{f})
			}
		}
	}
	if !telling {
		return nil
	}
	g := s.newScriptGraph(d)
	if err := g.together(ctx); err != nil {
		return err
	}
	if len(d.moduleTags) > 0 {
		d.reached, d.graph = g.reach(ctx), g
	}
	if g.err == nil {
		d.ties = g.ties(ctx)
	}
	return g.err
}

// moduleLinks are the ties from the main executable to the modules with tags that
// an entry leads to. A module that nothing leads to has none: it is dormant.
func (d *draft) moduleLinks(p *sbom.Product) []sbom.Link {
	executable := map[string]string{} // bundle: path of its executable
	for _, b := range p.Bundles {
		executable[b.Path] = b.Executable
	}
	var out []sbom.Link
	done := map[string]bool{}
	for _, f := range d.files {
		st, ok := d.reached[f]
		if !ok || d.scripts[f] == nil {
			continue
		}
		mains := runners(p, executable, d.rel(f))
		for i := range d.scripts[f].modules {
			m := &d.scripts[f].modules[i]
			if len(d.moduleTags[moduleKey{f, i}]) == 0 {
				continue
			}
			l := sbom.Link{Kind: sbom.LinkCalls, To: m.Digest, Target: sbom.TargetInside, How: d.graph.describe(d.reached, f)}
			l.Name = modulePath(path.Base(f.norm), m.Name)
			if f.kind == kindMachO {
				if len(m.Led) == 0 {
					continue // packed, and nothing imports it
				}
				l.How += " > " + strings.Join(m.Led, " > ")
			} else if m.Name != "" {
				l.How += " > " + m.Name
			}
			l.Symbols = []string{l.Name}
			if st.kind == script.RequireWorker {
				l.Kind, l.Seen, l.Symbols = sbom.LinkLaunches, true, nil
			}
			for _, from := range mains {
				l.From = from
				if key := fmt.Sprint(l.From, l.To, l.Kind); !done[key] {
					done[key] = true
					out = append(out, l)
				}
			}
		}
	}
	return append(out, d.tieLinks()...)
}

// runners are the images that run the scripts at a path: of the executable of
// the innermost bundle around it that has one, of a bundle that a process begins
// with.
func runners(p *sbom.Product, executable map[string]string, at string) []sbom.Digest {
	if l := executables(p, at); len(l) > 0 {
		return l
	}
	for dir := path.Dir(at); ; dir = path.Dir(dir) {
		if dir == "." {
			dir = ""
		}
		if exe := executable[dir]; exe != "" {
			if l := executables(p, exe); len(l) > 0 {
				return l
			}
		}
		if dir == "" {
			return nil
		}
	}
}

// executables are the images of the executable at a path.
func executables(p *sbom.Product, at string) []sbom.Digest {
	var out []sbom.Digest
	for i := range p.Images {
		m := &p.Images[i]
		if m.Type == "execute" && slices.ContainsFunc(m.Places, func(pl sbom.Place) bool { return pl.Path == at }) {
			out = append(out, m.Digest)
		}
	}
	return out
}
