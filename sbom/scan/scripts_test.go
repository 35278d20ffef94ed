package scan

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
)

// scriptRules are rules for modules, and for a module with those that it asks for.
const scriptRules = `format: kinbom.rules/1
rules:
  - id: test-history
    capability: browser.history.read
    title: reads Safari's history
    meaning: names the folder, the store and a query
    references: [https://attack.mitre.org/techniques/T1217/]
    scope: [module, modules]
    signals:
      root: [{path: [Library/Safari]}]
      store: [{path: [History.db]}]
      query: [{sql: history_items}]
    grades:
      likely: {all: [root, store, query]}
      mentions: {any: [root, query]}
    examples:
      positive: [{name: all, facts: [{string: [Library/Safari/History.db, "SELECT url FROM history_items"]}]}]
      negative: [{name: nothing, facts: [{string: other}], expect: none}]
`

func taxonomy(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("../capability/rules/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// scriptOptions are options with these rules alone beside the taxonomy.
func scriptOptions(t *testing.T, dir string) Options {
	t.Helper()
	o := options(t, dir)
	var err error
	o.Rules, err = capability.Load(nil, fstest.MapFS{"a.yaml": {Data: []byte(scriptRules)}, "taxonomy.yaml": {Data: taxonomy(t)}})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

const (
	pathsJS = `const path=require('path'),os=require('os');
exports.db=path.join(os.homedir(),'Library','Safari','History.db')`
	queryJS = "exports.q=`SELECT url, ${'title'} FROM history_items`"
	mainJS  = `const {db}=require('./lib/paths'); const {q}=require('./lib/query');
const Database=require('better-sqlite3'); new Database(db).prepare(q).all()`
)

// electron is an app with an archive of these files.
func electronWith(t *testing.T, files ...archivetest.File) string {
	t.Helper()
	dir := t.TempDir()
	app(t, dir, "App", code("App"))
	write(t, filepath.Join(dir, inApp), archivetest.Asar(files...))
	return dir
}

func file1(name, data string) archivetest.File { return archivetest.File{Name: name, Data: data} }

// tagLines are the tags of a product: place of the image, grade and scope.
func tagLines(p *sbom.Product) []string {
	var out []string
	for _, g := range p.Tags {
		for i := range p.Images {
			if m := &p.Images[i]; m.Digest == g.Image {
				out = append(out, fmt.Sprintf("%s %s %s", strings.TrimPrefix(m.Places[0].Path, "Contents/Resources/"), g.Grade, g.Scope))
			}
		}
	}
	slices.Sort(out)
	return out
}

func linkLines(p *sbom.Product) []string {
	var out []string
	for _, l := range p.Links {
		if strings.HasPrefix(l.How, sbom.HowRequire) || strings.HasPrefix(l.How, sbom.HowImport) {
			out = append(out, fmt.Sprintf("%s %s", l.Kind, l.How))
		}
	}
	slices.Sort(out)
	return out
}

// checkEvidence checks that every piece of evidence is in the file that it
// names, where it says.
func checkEvidence(t *testing.T, dir string, p *sbom.Product) {
	t.Helper()
	files := map[sbom.Digest][]byte{}
	filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			b, _ := os.ReadFile(p)
			files[sbom.DigestOf(b)] = b
		}
		return err
	})
	for _, g := range p.Tags {
		for _, e := range g.Evidence {
			b, ok := files[e.File]
			if !ok || e.Offset+e.Length > int64(len(b)) || len(e.Bytes) == 0 || !bytes.Equal(b[e.Offset:e.Offset+int64(len(e.Bytes))], e.Bytes) {
				t.Errorf("evidence %s %q at %d, %d bytes, how %q: not in the file", e.Signal, e.Bytes, e.Offset, e.Length, e.How)
			}
		}
	}
	for _, m := range p.Images {
		if m.Format != sbom.FormatJavaScript {
			continue
		}
		for _, pl := range m.Places {
			b := files[pl.File]
			if pl.Offset+m.Size > int64(len(b)) || sbom.DigestOf(b[pl.Offset:pl.Offset+m.Size]) != m.Digest {
				t.Errorf("image %s is not in its file at %d", pl.Path, pl.Offset)
			}
		}
	}
}

// What cannot be looked into is told, and is no negative; what is no script of
// any rule's words is analysed all the same.
func TestScriptsOpaque(t *testing.T) {
	noise := make([]byte, 8192)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	dir := t.TempDir()
	app(t, dir, "App", code("App"))
	for name, data := range map[string]string{"package.json": `{"main":"main.js"}`, "main.js": "go()", "code.js": string(noise), "code.jsc": "\x68\x05\xde\xc0",
		"dead.js": "x('Library/Safari') // DEADLY-ALWAYS", "deep.js": "x('Library/Safari') // DEADLY-DEEP"} {
		write(t, filepath.Join(dir, "App.app/Contents/Resources/app", name), []byte(data))
	}
	write(t, filepath.Join(dir, "App.app/Contents/MacOS/tool"), append(code("tool"), "MEI\014\013\012\013\016"...))
	p := run(t, scriptOptions(t, dir)).Products[0]
	got := strings.Join(gapLines(p.Gaps), "\n")
	for _, want := range []string{"encrypted Contents/Resources/app/code.js: encrypted or packed script", "not-looked-at Contents/Resources/app/code.jsc: JavaScript bytecode",
		"worker-died Contents/Resources/app/dead.js", "unreadable Contents/MacOS/tool: script: the archive of packed Python code could not be read"} {
		if !strings.Contains(got, want) {
			t.Errorf("no gap %q among\n%s", want, got)
		}
	}
	if d := cmp.Diff([]string{"app/deep.js mentions module"}, tagLines(p)); d != "" {
		t.Errorf("tags (-want +got):\n%s", d)
	}
	if c := p.Coverage; c.Unreadable != 2 || c.Validate() != nil {
		t.Errorf("coverage %+v", c)
	}
}

// The scripts of a web extension are looked at together with what its manifest
// permits it.
func TestScriptsOfExtension(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", code("App"))
	in := filepath.Join(dir, "App.app/Contents/Resources/ext")
	write(t, filepath.Join(in, "manifest.json"), []byte(`{"manifest_version":3,"background":{"service_worker":"bg.js"},"permissions":["history"]}`))
	write(t, filepath.Join(in, "bg.js"), []byte(`import './q.js'; fetch('Library/Safari')`))
	write(t, filepath.Join(in, "q.js"), []byte(`x('SELECT url FROM history_items','History.db')`))
	p := run(t, scriptOptions(t, dir)).Products[0]
	if d := cmp.Diff([]string{"ext/bg.js likely modules", "ext/q.js mentions module"}, tagLines(p)); d != "" {
		t.Errorf("tags (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string(nil), linkLines(p)); d != "" {
		t.Logf("links:\n%s", d)
	}
	checkEvidence(t, dir, p)
}

// Equal scripts of two apps are one content, with evidence in each app's own file.
func TestScriptsInTwoApps(t *testing.T) {
	dir := t.TempDir()
	whole := strings.ReplaceAll(pathsJS, "exports.db", "const db") + ";\n" + strings.ReplaceAll(queryJS, "exports.q", "const q")
	for _, name := range []string{"One", "Two"} {
		app(t, dir, name, code(name))
		write(t, filepath.Join(dir, name+".app/Contents/Resources/app.asar"), archivetest.Asar(file1("package.json", `{"name":"`+name+strings.Repeat("x", len(name))+`"}`),
			file1("index.js", whole), file1("copy.js", whole)))
	}
	s := run(t, scriptOptions(t, dir))
	for _, p := range s.Products {
		checkEvidence(t, dir, p)
		if d := cmp.Diff([]string{"app.asar/copy.js likely module"}, tagLines(p)); d != "" {
			t.Errorf("tags (-want +got):\n%s", d)
		}
		in, err := os.ReadFile(filepath.Join(dir, p.Paths[0], "Contents/Resources/app.asar"))
		if err != nil || p.Tags[0].Evidence[0].File != sbom.DigestOf(in) {
			t.Errorf("%s: evidence lies in %s", p.Name, p.Tags[0].Evidence[0].File)
		}
	}
}

func TestScripts(t *testing.T) {
	pack := file1("package.json", `{"name":"x","main":"main.js"}`)
	whole := strings.ReplaceAll(pathsJS, "exports.db", "const db") + ";\n" + strings.ReplaceAll(queryJS, "exports.q", "const q")
	for _, c := range []struct {
		name  string
		files []archivetest.File
		tags  []string
		links []string
	}{
		{"split over three modules", []archivetest.File{pack, file1("main.js", mainJS), file1("lib/paths.js", pathsJS), file1("lib/query.js", queryJS)},
			[]string{"app.asar/lib/paths.js mentions module", "app.asar/lib/query.js mentions module", "app.asar/main.js likely modules"},
			[]string{"calls require: main.js", "calls require: main.js > lib/paths", "calls require: main.js > lib/query"}},
		{"one module in a package", []archivetest.File{pack, file1("main.js", "require('reader').run()"), file1("node_modules/reader/package.json", `{"main":"./lib"}`),
			file1("node_modules/reader/lib/index.js", whole)},
			[]string{"app.asar/node_modules/reader/lib/index.js likely module"}, []string{"calls require: main.js > reader"}},
		{"dormant", []archivetest.File{pack, file1("main.js", "console.log(1) // require('./lib/all')"), file1("lib/all.js", whole)},
			[]string{"app.asar/lib/all.js likely module"}, nil},
		{"requires in a ring", []archivetest.File{pack, file1("main.js", "require('./a')"), file1("a.js", "require('./b');require('./main')"), file1("b.js", "require('./a');"+whole)},
			[]string{"app.asar/b.js likely module"}, []string{"calls require: main.js > a > b"}},
		{"unlike stores", []archivetest.File{pack, file1("main.js", "require('./a');require('./b')"), file1("a.js", `x("Library/Safari/Bookmarks.plist")`), file1("b.js", `y("SELECT url FROM history_items")`)},
			[]string{"app.asar/a.js mentions module", "app.asar/b.js mentions module"}, []string{"calls require: main.js > a", "calls require: main.js > b"}},
		{"script of a page", []archivetest.File{pack, file1("main.js", `win.loadFile('ui/index.html')`), file1("ui/index.html", `<script src="app.js"></script>`), file1("ui/app.js", whole)},
			[]string{"app.asar/ui/app.js likely module"}, []string{"calls require: main.js > ui/index.html > app.js"}},
		{"worker", []archivetest.File{pack, file1("main.js", `new Worker(path.join(__dirname,'w.js'))`), file1("w.js", whole)},
			[]string{"app.asar/w.js likely module"}, []string{"calls require: main.js > w.js"}},
		{"bundle", []archivetest.File{pack, file1("main.js", `(()=>{var t={10:(e,t,n)=>{var p=n(20),q=n(30);open(p.db).all(q.q)},20:(e,t,n)=>{`+
			strings.ReplaceAll(pathsJS, "exports", "t")+`},30:(e,t)=>{`+strings.ReplaceAll(queryJS, "exports", "t")+`}};t[10]()})()`)},
			[]string{"app.asar/main.js#10 likely modules", "app.asar/main.js#20 mentions module", "app.asar/main.js#30 mentions module"},
			[]string{"calls require: main.js > 10", "calls require: main.js > 20", "calls require: main.js > 30"}},
		{"comments", []archivetest.File{pack, file1("main.js", `/* Library/Safari/History.db SELECT url FROM history_items */ // `+"\n"+`go()`)}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := electronWith(t, c.files...)
			p := run(t, scriptOptions(t, dir)).Products[0]
			if d := cmp.Diff(c.tags, tagLines(p)); d != "" {
				t.Errorf("tags (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.links, linkLines(p)); d != "" {
				t.Errorf("links (-want +got):\n%s", d)
			}
			if n := p.Coverage; n.Skipped != 0 && c.name != "comments" && !slices.ContainsFunc(n.Reasons, func(r sbom.Reason) bool { return r.Why == "no code" }) || n.Unreadable != 0 {
				t.Errorf("coverage %+v", n)
			}
			checkEvidence(t, dir, p)
		})
	}
}
