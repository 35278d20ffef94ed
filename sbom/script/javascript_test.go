package script

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// facts lists the facts of a script as "kind how value".
func factsOf(m Module) []string {
	var out []string
	for _, f := range m.Facts {
		how := f.How
		if how != "" {
			how = " " + how
		}
		out = append(out, fmt.Sprintf("%s%s %s", f.Kind, how, f.Value))
	}
	return out
}

// checkBytes checks that every fact says the truth about its bytes.
func checkBytes(t *testing.T, src []byte, mods []Module) {
	t.Helper()
	for _, m := range mods {
		for _, f := range m.Facts {
			if f.Offset < 0 || f.Length < 0 || f.Offset+f.Length > int64(len(src)) {
				t.Fatalf("%s %q lies at %d, %d bytes", f.Kind, f.Value, f.Offset, f.Length)
			}
			if raw := src[f.Offset : f.Offset+f.Length]; f.How == "" && !bytes.Equal(raw, f.Value) {
				t.Fatalf("%s %q at %d: the file has %q there", f.Kind, f.Value, f.Offset, raw)
			}
			if (f.How == sbom.HowJoined) != (f.Parts != nil) {
				t.Fatalf("%s %q is %q and has %d parts", f.Kind, f.Value, f.How, len(f.Parts))
			}
			for _, p := range f.Parts {
				if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > int64(len(src)) {
					t.Fatalf("part %v of %q is outside the file", p, f.Value)
				}
			}
		}
		for _, q := range m.Requires {
			if q.Offset < 0 || q.Offset+q.Length > int64(len(src)) {
				t.Fatalf("require %q lies at %d", q.Name, q.Offset)
			}
		}
	}
}

func TestRequires(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"require", `require("./a")`, "require ./a"},
		{"import", `import "./a.mjs"`, "require ./a.mjs"},
		{"in a comment", `/* require("./a") */ // require("./b")`, ""},
		{"from the own folder", `require(path.join(__dirname,"lib","a"))`, "require ./lib/a"},
		{"upwards", "require(`${__dirname}/../b`)", "require ./../b"},
		{"name from a list", `for (const n of ["x","y"]) require(path.join(__dirname, n))`, "require ./x, require ./y"},
		{"worker", `new Worker("./w.js"); fork(path.join(__dirname,"c.js"))`, "thread ./w.js, worker ./c.js"},
		{"window", `new BrowserWindow({webPreferences:{preload:path.join(__dirname,"p.js")}}); w.loadFile("i.html")`, "page ./p.js, page i.html"},
		{"AMD", `define(["require","./a"],function(r,a){})`, "require ./a"},
		{"unknown", `require(x)`, ""},
	} {
		var got []string
		mods := JavaScript([]byte(c.src))
		checkBytes(t, []byte(c.src), mods)
		for _, q := range mods[0].Requires {
			got = append(got, string(q.Kind)+" "+q.Name)
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

func TestFacts(t *testing.T) {
	b64 := "TGlicmFyeS9TYWZhcmkvSGlzdG9yeS5kYg==" // Library/Safari/History.db
	const want = "Library/Safari/History.db"
	hexed := fmt.Sprintf("%x", want)
	var back, codes, xored, moved []string
	for i := range want {
		back = append(back, string(want[len(want)-1-i]))
		codes = append(codes, fmt.Sprint(want[i]))
		moved = append(moved, fmt.Sprint(int(want[i])+5))
		xored = append(xored, fmt.Sprint(want[i]^0x5a))
	}
	for _, c := range []struct {
		name, src string
		want      string // a fact that must be there
	}{
		{"literal", `x('History.db')`, "string History.db"},
		{"escapes", `x("a\x53afari\u002f\u{44}\
b")`, "string escaped aSafari/Db"},
		{"template", "x(`SELECT ${c} FROM urls`)", "string  FROM urls"},
		{"template joined", "x(`SELECT ${c} FROM urls`)", "string joined SELECT * FROM urls"},
		{"concatenation", `x('Library/' + 'Safari' + "/History.db")`, "string joined " + want},
		{"constants", `const a='Library', b=a+'/Safari'; x(b + '/' + 'History.db')`, "string joined " + want},
		{"let with additions", `let a='Library'; a+='/Safari'; a+='/History.db'; x(a)`, "string joined " + want},
		{"assigned later", `var a; a='Library/Safari/'; x(a+'History.db')`, "string joined " + want},
		{"path.join", `const path=require('path'),os=require('os'); x(path.join(os.homedir(),'Library','Safari','History.db'))`, "string joined ~/" + want},
		{"destructured join", `const {join:j}=require('node:path'); const {homedir}=require('os'); x(j(homedir(),'Library','Safari','History.db'))`, "string joined ~/" + want},
		{"imported join", `import {join} from 'path'; import os from 'os'; x(join(os.homedir(),'Library/Safari','History.db'))`, "string joined ~/" + want},
		{"minified join", `(()=>{var e=n(1);x(e.join(t,"Library","Safari","History.db"))})()`, "string joined */" + want},
		{"TypeScript output", `const path_1 = __importDefault(require("path")); x(path_1.default.join(process.env.HOME, "Library", "Safari", "History.db"))`, "string joined ~/" + want},
		{"electron home", `const {app}=require('electron'); x(app.getPath('home') + '/Library/Safari/History.db')`, "string joined ~/" + want},
		{"home or home", "x(`${process.env.HOME || os.homedir()}/Library`)", "string joined ~/Library"},
		{"array join", `x(['Library','Safari','History.db'].join('/'))`, "string joined " + want},
		{"array spread", `const p=['Library','Safari']; x(path.join(...p,'History.db'))`, "string joined " + want},
		{"list by index", `const _0x1=['History.db','Library','Safari']; x(_0x1[1]+'/'+_0x1[2]+'/'+_0x1[0])`, "string joined " + want},
		{"member of an object", `const P={s:{root:'Library/Safari'}}; x(P.s.root+'/History.db')`, "string joined " + want},
		{"function", `const p=(a,b)=>path.join('Library',a,b); x(p('Safari','History.db'))`, "string joined " + want},
		{"function declared later", `x(p('Safari')); function p(a){return 'Library/'+a+'/History.db'}`, "string joined " + want},
		{"concat", `x('Library'.concat('/Safari','/History.db'))`, "string joined " + want},
		{"replace", `x('~/Library'.replace('~','/Users/me'))`, "string joined /Users/me/Library"},
		{"base64", `x(Buffer.from('` + b64 + `','base64').toString())`, "string base64 " + want},
		{"base64 by a helper", `const d=s=>Buffer.from(s,'base64').toString('utf8'); x(d('` + b64 + `'))`, "string base64 " + want},
		{"base64 unseen", `function d(s){ if(!s) return; return atob(s) } x(d('` + b64 + `'))`, "string base64 " + want},
		{"base64 in parts", `x(atob('` + b64[:10] + `'+'` + b64[10:] + `'))`, "string joined " + want},
		{"hex", `x(Buffer.from('` + hexed + `','hex').toString())`, "string hex " + want},
		{"reversed", `x('` + strings.Join(back, "") + `'.split('').reverse().join(''))`, "string reversed " + want},
		{"reversed spread", `x([...'` + strings.Join(back, "") + `'].reverse().join(''))`, "string reversed " + want},
		{"reversed unseen", `function d(s){var a=s.split('');a=a.reverse();return a.join('')} x(d('` + strings.Join(back, "") + `'))`, "string reversed " + want},
		{"codes", `x(String.fromCharCode(` + strings.Join(codes, ",") + `))`, "string codes " + want},
		{"codes applied", `const a=[` + strings.Join(codes, ",") + `]; x(String.fromCharCode.apply(null,a))`, "string codes " + want},
		{"codes spread", `x(String.fromCharCode(...[` + strings.Join(codes, ",") + `]))`, "string codes " + want},
		{"codes of a buffer", `x(Buffer.from([` + strings.Join(codes, ",") + `]).toString())`, "string codes " + want},
		{"codes mapped", `x([` + strings.Join(codes, ",") + `].map(c=>String.fromCharCode(c)).join(''))`, "string codes " + want},
		{"xor mapped", `x([` + strings.Join(xored, ",") + `].map(c=>String.fromCharCode(c^0x5a)).join(''))`, "string xor 5a " + want},
		{"xor loop", `const k=90;function d(a){let s='';for(let i=0;i<a.length;i++)s+=String.fromCharCode(a[i]^k);return s} x(d([` + strings.Join(xored, ",") + `]))`, "string xor 5a " + want},
		{"codes moved", `const d=l=>l.map(n=>String.fromCharCode(n-5)).join(''); x(d(t.a))||[` + strings.Join(moved, ",") + `]`, "string codes " + want},
		{"hex digits one by one", `function d(s){let o='';for(let i=0;i<s.length;i+=2)o+=String.fromCharCode(parseInt(s.substr(i,2),16));return o} x(d('` + hexed + `'))`, "string hex " + want},
		{"helper with the rest of its arguments", `const c=(...l)=>String.fromCharCode(...l); x(c(` + strings.Join(codes, ",") + `))`, "string codes " + want},
		{"method of the own class", `class A{at(...p){return path.join('Library',...p)} b(){x(this.at('Safari','History.db'))}}`, "string joined " + want},
		{"list spread into a path", `for(const p of [['Library','Safari','History.db']]) x(path.join(home,...p))`, "string joined " + want},
		{"key behind a point", `x(p.DownloadEntryURL)`, "string .DownloadEntryURL"},
		{"number", `x(t - 11644473600)`, "number 11644473600"},
		{"number in hex", `x(0x3A4FC880)`, "number escaped 978307200"},
		{"number multiplied", `x(11644473600 * 1000000)`, "number joined 11644473600000000"},
		{"module", `require('better-sqlite3')`, "module better-sqlite3"},
		{"module imported", `import x from 'node:fs'`, "module node:fs"},
		{"module imported late", `await import('./a.mjs')`, "module ./a.mjs"},
		{"module exported from", `export * from './b.js'`, "module ./b.js"},
		{"call", `fs.readFileSync(x)`, "call fs.readFileSync"},
		{"call, last name", `fs.readFileSync(x)`, "call readFileSync"},
		{"call of a module's function", `const f=require('fs'); f.readFileSync(x)`, "call joined fs.readFileSync"},
		{"call of a name taken out", `const {copyFileSync:c}=require('fs'); c(a,b)`, "call joined fs.copyFileSync"},
		{"call as compilers write it", `const fs_1=require("fs"); (0, fs_1.copyFile)(a,b)`, "call joined fs.copyFile"},
		{"call by a text", `fs['read'+'File'](x)`, "call joined fs.readFile"},
		{"call of what is made", `const D=require('better-sqlite3'); new D(p)`, "call joined better-sqlite3"},
		{"call of an extension", `chrome.history.search({text:''})`, "call chrome.history.search"},
		{"call on something", `open().prepare('x')`, "call prepare"},
		{"return at the top", `if(x) return; y('History.db')`, "string History.db"},
		{"import attributes", "import a from './a.json' with {type: 'json'}\ny('History.db')", "string History.db"},
		{"first line for the shell", "#!/usr/bin/env node\ny('History.db')", "string History.db"},
		{"mark of the byte order", "\xef\xbb\xbfy('History.db')", "string History.db"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mods := JavaScript([]byte(c.src))
			checkBytes(t, []byte(c.src), mods)
			if mods[0].Partial != "" {
				t.Errorf("partial: %s", mods[0].Partial)
			}
			for _, f := range factsOf(mods[0]) {
				if f == c.want {
					return
				}
			}
			t.Errorf("no fact %q among\n%s", c.want, strings.Join(factsOf(mods[0]), "\n"))
		})
	}
}
