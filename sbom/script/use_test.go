package script

import (
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// useOf is the use of the first text of a script that holds a word, and the most
// put together one where there are several.
func useOf(t *testing.T, mods []Module, word string) string {
	t.Helper()
	var best *sbom.Fact
	use := ""
	for i := range mods {
		m := &mods[i]
		for j := range m.Facts {
			if f := &m.Facts[j]; f.Kind == sbom.FactString && strings.Contains(string(f.Value), word) && (best == nil || len(f.Value) > len(best.Value)) {
				best, use = f, m.Use(f)
			}
		}
	}
	if best == nil {
		t.Fatalf("no text with %q", word)
	}
	return use
}

func TestUse(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"read", `const fs = require('fs'); fs.readFileSync('WORD')`, "reads"},
		{"read through a variable", `const fs = require('fs'); const p = 'WORD'; fs.copyFile(p, q)`, "reads"},
		{"path put together", `const path = require('path'); const p = path.join(home, 'Library', 'WORD'); fs.existsSync(p)`, "reads"},
		{"template", "const p = `${home}/WORD`; new Database(p)", "reads"},
		{"template in a shell", "const { exec } = require('child_process'); exec(`sqlite3 '${f}' 'SELECT WORD'`)", "reads"},
		{"table of a loop", `require('fs'); const t = [{name: 'Safari', path: 'WORD'}]; for (const x of t) { console.log(x.name); fs.readFileSync(x.path) }`, "reads"},
		{"table of a loop, what is shown", `require('fs'); const t = [{name: 'WORD', path: 'p'}]; for (const x of t) { console.log(x.name); fs.readFileSync(x.path) }`, "shows"},
		{"table of lists", `require('fs'); const t = [['a', 'WORD'], ['b', 'c']]; for (const [n, sql] of t) { console.log(n); db.prepare(sql).all() }`, "reads"},
		{"table of lists, what is shown", `require('fs'); const t = [['WORD', 'q'], ['b', 'c']]; for (const [n, sql] of t) { console.log(n); db.prepare(sql).all() }`, "shows"},
		{"forEach", `require('fs'); ['WORD'].map((p) => home + p).forEach(function (p) { fs.statSync(p) })`, "reads"},
		{"spread", `require('fs'); const l = ['Library', 'WORD']; fs.readFileSync(path.join(home, ...l))`, "reads"},
		{"parameter", `require('fs'); function say(x) { console.log(x) } say('WORD')`, "shows"},
		{"parameter that is read", `require('fs'); const say = (x) => fs.readFileSync(x); say('WORD')`, "reads"},
		{"result", `require('fs'); function p() { return 'WORD' } console.log(p())`, "shows"},
		{"method", `require('fs'); class A { constructor(p) { this.p = p } run() { console.log(this.p) } } new A('WORD').run()`, "shows"},
		{"field that is read", `require('fs'); class A { p = 'WORD'; run() { return fs.readFileSync(this.p) } } new A().run()`, "reads"},
		{"object", `require('fs'); const o = { sql: { q: 'WORD' }, run() { db.prepare(this.sql.q).all() } }; o.run()`, "reads"},
		{"decoded", `require('fs'); const say = (s) => Buffer.from(s, 'base64').toString(); db.prepare(say('V09SRCBXT1JEIHdvcmQ=')).all()`, "reads"},
		{"promise", `require('fs'); Promise.resolve('WORD').then((p) => fs.readFile(p))`, "reads"},
		{"map", `require('fs'); const m = new Map([['a', 'WORD']]); console.log(m.get('a'))`, "shows"},
		{"map's values", `require('fs'); const m = new Map(); m.set('a', 'WORD'); for (const [k, v] of m) fs.readFileSync(v)`, "reads"},
		{"map's keys", `require('fs'); const m = new Map(); m.set('a', 1); go(m.get('WORD'))`, "compares"},
		{"printed", `require('fs'); console.log('Look into ' + 'WORD')`, "shows"},
		{"page", `require('fs'); el.textContent = 'WORD'`, "shows"},
		{"menu", `require('fs'); Menu.buildFromTemplate([{ label: 'WORD', click: go }])`, "shows"},
		{"menu, but the path", `require('fs'); Menu.buildFromTemplate([{ label: 'x', path: 'WORD' }])`, ""},
		{"element", `require('fs'); React.createElement('p', { title: 'x' }, 'WORD')`, "shows"},
		{"answer", `app.get('/', (req, res) => { res.send('WORD') }); require('x')`, "shows"},
		{"upload is no answer", `require('x'); req.end('WORD')`, ""},
		{"thrown", `require('x'); throw new Error('WORD')`, "shows"},
		{"equal", `require('x'); if (name === 'WORD') go()`, "compares"},
		{"switch", `require('x'); switch (n) { case 'WORD': go() }`, "compares"},
		{"list that includes", `require('x'); const l = ['WORD', 'b']; if (l.includes(n)) go()`, "compares"},
		{"set", `require('x'); const l = new Set(['WORD']); l.has(n)`, "compares"},
		{"end of a path", `require('x'); files.filter((f) => f.endsWith('WORD'))`, "compares"},
		{"pattern", `require('x'); new RegExp('WORD').test(s)`, "compares"},
		{"pattern executed", `require('x'); const re = /a/; re.exec('WORD')`, "compares"},
		{"key", `require('x'); const kinds = { 'a WORD': 1 }; go(kinds[name])`, "compares"},
		{"key that is enumerated", `const fs = require('fs'); for (const p of Object.keys({ 'a WORD': 1 })) fs.readFileSync(p)`, "reads"},
		{"entries", `const fs = require('fs'); for (const [n, p] of Object.entries({ a: 'WORD' })) fs.readFileSync(p)`, "reads"},
		{"written", `const fs = require('fs'); fs.writeFileSync(f, 'WORD')`, "writes"},
		{"inserted", `require('x'); db.prepare('INSERT INTO t VALUES (WORD)').run()`, "writes"},
		{"copied to", `const fs = require('fs'); fs.copyFileSync(a, 'WORD')`, "writes"},
		{"shown and read", `const fs = require('fs'); const p = 'WORD'; console.log(p); fs.readFileSync(p)`, "reads"},
		{"shown and given away", `require('x'); const p = 'WORD'; console.log(p); go(p)`, ""},
		{"shown and exported", `const p = 'WORD'; console.log(p); exports.p = p`, ""},
		{"shown and exported in an object", `const p = 'WORD'; console.log(p); module.exports = { a: [p] }`, ""},
		{"shown and exported by a statement", `const p = 'WORD'; console.log(p); export { p as q }`, ""},
		{"shown and returned by what is exported", `require('x'); exports.f = () => { const p = 'WORD'; console.log(p); return p }`, ""},
		{"shown and of the page", `const p = 'WORD'; console.log(p)`, ""},
		{"shown and put into what is not its own", `require('x'); function f(o) { o.p = 'WORD'; console.log(o.p) } go(f)`, ""},
		{"shown and put into a list that is given away", `require('x'); const l = []; l.push('WORD'); console.log(l); go(l)`, ""},
		{"run by what may be a database", `require('x'); db.get('SELECT WORD')`, "reads"},
		{"asked of what may be a table", `require('x'); cfg.get('WORD')`, ""},
		{"deleted", `const fs = require('fs'); fs.unlinkSync('WORD')`, ""},
		{"named like a module's own method", `require('x'); class A { run(q) { this.db.run(q) } } new A().run('SELECT WORD')`, "reads"},
		{"nothing", `require('x'); const p = 'WORD'`, ""},
		{"reduced", `require('fs'); const p = ['a', 'WORD'].reduce((a, b) => a + b, ''); fs.readFileSync(p)`, "reads"},
		{"replaced", `require('fs'); fs.readFileSync('~/WORD'.replace('~', home))`, "reads"},
		{"destructured", `require('fs'); const { a: { p } } = { a: { p: 'WORD' } }; console.log(p)`, "shows"},
		{"default of a parameter", `require('fs'); function f({ p = 'WORD' } = {}) { fs.readFileSync(p) } f()`, "reads"},
		{"ring", `require('fs'); let a = 'WORD', b; b = a; a = b; a = [a]; a = { a }; go2(a)`, ""},
		{"stringified", `require('fs'); console.log(JSON.stringify([{ a: 'WORD' }]))`, "shows"},
		{"parsed", `const fs = require('fs'); const c = JSON.parse('{"p":"WORD"}'); fs.readFileSync(c.p)`, "reads"},
		{"inner module", `(()=>{var t={10:(e,t,n)=>{console.log(n(20),'WORD')},20:(e,t)=>{t.x=1}};t[10]()})()`, "shows"},
		{"script of a page", `<script>(() => { console.log('WORD') })()</script>`, "shows"},
	} {
		mods := JavaScript([]byte(c.src))
		if c.src[0] == '<' {
			mods = HTML([]byte(c.src))
		}
		word := "WORD"
		if c.name == "decoded" {
			word = "V09S"
		}
		if got := useOf(t, mods, word); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
