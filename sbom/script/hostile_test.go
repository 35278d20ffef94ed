package script

import (
	"fmt"
	"strings"
	"testing"
)

// Nothing of this may panic, hang or give facts that are not in the file.
func TestHostile(t *testing.T) {
	n := 100_000
	rep := strings.Repeat
	for name, src := range map[string]string{
		"empty": "", "zero": "\x00", "brackets": rep("(", n), "lists": rep("[", n), "braces": rep("{", n), "objects": "x=" + rep("{a:", n),
		"functions": rep("function f(){", n), "arrows": rep("a=>", n), "sum": "x=" + rep("'a'+", n) + "'b'", "templates": "x=" + rep("`${", n),
		"calls": "x" + rep("()", n), "members": "x" + rep(".a", n), "conditions": "x=" + rep("a?", n), "not": "x=" + rep("!", n) + "1",
		"doubling":      "const f=x=>x+x;y(" + rep("f(", 60) + "'abcd'" + rep(")", 60) + ")",
		"recursion":     "const f=x=>f(x)+f(x);f('a')",
		"ring":          "const a=b+'x',b=c+'y',c=a+'z';d(a)",
		"own":           "const a=a+'x';let o={o:o};p(o.o.o.o.o)",
		"not UTF-8":     "x('\xff\xfe\x80History.db\xc3')",
		"half escape":   `x('\u12')+"\x"` + "+'\\",
		"escapes":       `x("` + rep(`\u0041`, n) + `")`,
		"long literal":  "x('" + rep("a", 8<<20) + "')",
		"numbers":       "x=[" + rep("65,", n) + "];y=String.fromCharCode(z);a^7",
		"many literals": "atob(z);" + rep("x('TGlicmFyeS9TYWZhcmk=');", 10_000),
		"comment":       "/*" + rep("*", n), "regexp": "/" + rep("(", n), "slashes": rep("/", n),
		"table": "x({" + rep("1:(a,b,c)=>{c(1)},", 3000) + "})",
	} {
		t.Run(name, func(t *testing.T) {
			for _, mods := range [][]Module{JavaScript([]byte(src)), JavaScriptTokens([]byte(src)), HTML([]byte("<script>" + src))} {
				in := []byte(src)
				if mods[0].Span.Length == int64(len(src))+8 {
					in = []byte("<script>" + src)
				}
				checkBytes(t, in, mods)
				for _, m := range mods {
					for _, f := range m.Facts {
						if f.How != "" && len(f.Value) > 2*MaxText && len(f.Value) > len(src) {
							t.Errorf("a text of %d bytes was made", len(f.Value))
						}
					}
				}
			}
		})
	}
}

// A script that the parser refuses still says its literals, and what it asks for.
func TestTokens(t *testing.T) {
	src := "const a = require('./a'); import b from \"b\";\n" + `x('Library/Safari'); /['"]/.test(y); read(` + "`History.db`" + `); } this is no script {`
	mods := JavaScript([]byte(src))
	checkBytes(t, []byte(src), mods)
	if mods[0].Partial == "" {
		t.Error("nothing is said of what was not understood")
	}
	got := strings.Join(factsOf(mods[0]), "\n")
	for _, want := range []string{"string Library/Safari", "string History.db", "module ./a", "module b", "call read"} {
		if !strings.Contains(got, want) {
			t.Errorf("no fact %q among\n%s", want, got)
		}
	}
}

// Comments are no code.
func TestComments(t *testing.T) {
	src := "/* 'Library/Safari' */ // require('./History.db')\n<!-- 'moz_places'\n/** @see \"urls\" */"
	if f := JavaScript([]byte(src))[0].Facts; len(f) != 0 {
		t.Errorf("facts %q", factsOf(JavaScript([]byte(src))[0]))
	}
}

func TestHTML(t *testing.T) {
	src := []byte(`<html><script src="lib/a.js"></script><script type="text/x-template">'no'</script><p>'no'</p><SCRIPT type=module>import './b.js'; x('History'+'.db')</SCRIPT></html>`)
	mods := HTML(src)
	checkBytes(t, src, mods)
	if got := strings.Join(factsOf(mods[0]), "|"); got != "module ./b.js|call x|string History|string joined History.db|string .db" {
		t.Errorf("facts %s", got)
	}
	if got := fmt.Sprint(mods[0].Requires); !strings.Contains(got, "./lib/a.js") || !strings.Contains(got, "./b.js") {
		t.Errorf("requires %s", got)
	}
}

func TestPackage(t *testing.T) {
	for src, want := range map[string]string{
		`{"main":"lib/x"}`: "lib/x", `{"exports":"./e.js"}`: "./e.js", `{"exports":{".":{"import":"./m.mjs","require":"./c.cjs"}}}`: "./c.cjs ./m.mjs",
		`{"main":7,"exports":[]}`: "", `[]`: "", `{`: "", `{"main":"a","exports":{".":{".":{".":{".":{".":{".":"deep"}}}}}}}`: "a",
	} {
		var got []string
		for _, q := range Package([]byte(src)) {
			got = append(got, q.Name)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %q, want %q", src, s, want)
		}
	}
}

func TestManifest(t *testing.T) {
	src := []byte(`{"manifest_version": 3, "background": {"service_worker": "bg.js"}, "content_scripts": [{"js": ["c.js"], "matches": ["<all_urls>"]}],
"permissions": ["history", "tabs"], "host_permissions": ["https://*/*"]}`)
	m := Manifest(src)
	checkBytes(t, src, m)
	if got := strings.Join(factsOf(m[0]), "|"); got != "plist joined matches=<all_urls>|plist joined permissions=history|plist joined permissions=tabs|plist joined host_permissions=https://*/*" {
		t.Errorf("facts %s", got)
	}
	if got := fmt.Sprint(m[0].Requires); !strings.Contains(got, "./bg.js") || !strings.Contains(got, "./c.js") {
		t.Errorf("requires %s", got)
	}
	for _, other := range []string{`{"name":"x"}`, `{`, `[]`, ``} {
		if Manifest([]byte(other)) != nil {
			t.Errorf("%s is no manifest", other)
		}
	}
}

func TestBundles(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"webpack", `(()=>{var m={"./a.js":(e,t,n)=>{n("./b.js")},"./b.js":(e,t)=>{x("History.db")}};m[0]()})()`, "./a.js ./b.js"},
		{"webpack with methods", `(()=>{var m={7(e,t,n){n(8)},8(e,t){x("History.db")}};m[7]()})()`, "7 8"},
		{"webpack by number", `(function(m){})([function(e,t,n){n(1)},function(e,t){x("History.db")}])`, "0 1"},
		{"browserify", `(function r(e,n,t){})({1:[function(require,module,exports){require("./b")},{"./b":2}],2:[function(require,module,exports){x("History.db")},{}]},{},[1])`, "1 2"},
		{"esbuild", `var require_b=__commonJS({"src/b.js"(exports,module){x("History.db")}});require_b()`, "src/b.js"},
		{"callbacks", `on({open:(a,b,c)=>{c("x")},close:()=>{x("History.db")}})`, ""},
		{"list of functions", `x([function(a,b,c){return c*a},function(a,b,c){return a+b}])`, ""},
	} {
		mods := JavaScript([]byte(c.src))
		checkBytes(t, []byte(c.src), mods)
		var got []string
		for _, m := range mods[1:] {
			got = append(got, m.Name)
			if in := string(c.src[m.Span.Offset : m.Span.Offset+m.Span.Length]); strings.Contains(in, "History.db") != strings.Contains(strings.Join(factsOf(m), ""), "History.db") {
				t.Errorf("%s: module %s is %q and says %q", c.name, m.Name, in, factsOf(m))
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: modules %q, want %q", c.name, s, c.want)
		}
	}
}

func TestOpaque(t *testing.T) {
	noise := make([]byte, 4096)
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	if Opaque(noise) == "" || Opaque([]byte("\x68\x05\xde\xc0\x00\x00\x00\x00")) == "" {
		t.Error("what cannot be looked into is taken for a script")
	}
	if why := Opaque([]byte(strings.Repeat("x('History.db');\n", 500))); why != "" {
		t.Errorf("a script is %s", why)
	}
}

func FuzzJavaScript(f *testing.F) {
	for _, s := range []string{"x('a'+`b${c}`)", "import a from 'b'", "var t={1:(e,t,n)=>{n(2)},2:()=>{}}", "`\\u{41}${", "0x10n^5;[1,2,3,4,5,6]", "<script>x</script>", "const d=require('a');for(const k of ['b'])d.go({k},(e)=>console.log(e,`${k}`));module.exports={d}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		modules := JavaScript(src)
		checkBytes(t, src, modules)
		for _, m := range modules {
			for i := range m.Facts[:min(len(m.Facts), 8)] {
				m.Use(&m.Facts[i])
			}
			m.Ties()
		}
		checkBytes(t, src, JavaScriptTokens(src))
		checkBytes(t, src, HTML(src))
		checkBytes(t, src, Manifest(src))
		Package(src)
		Opaque(src)
	})
}
