package script

import (
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

// known follows a function of the runtime or of a well-known module, by its
// name. It reports whether it is one.
func (g *flow) known(c *called) bool {
	return g.language(c) || g.shows(c) || g.touches(c)
}

// language follows functions that make values of values.
func (g *flow) language(c *called) bool {
	root, _, _ := strings.Cut(c.name, ".")
	switch c.name {
	case "JSON.stringify", "String":
		g.all(c, 0, g.via(c.to, opFlat, 0))
	case "JSON.parse":
		g.all(c, 0, g.via(c.to, opPut, labelWithin))
	case "Object.keys", "Object.getOwnPropertyNames", "Reflect.ownKeys":
		g.all(c, 0, g.via(g.via(c.to, opPut, labelItem), opKeys, 0))
	case "Object.values":
		g.all(c, 0, g.via(g.via(c.to, opPut, labelItem), opAny, 0))
	case "Object.entries":
		g.all(c, 0, g.via(g.via(g.via(c.to, opPut, labelItem), opPut, g.index(1)), opAny, 0))
		g.all(c, 0, g.via(g.via(g.via(c.to, opPut, labelItem), opPut, g.index(0)), opKeys, 0))
	case "Object.fromEntries":
		g.all(c, 0, g.via(g.via(g.via(c.to, opPut, labelStar), opGet, g.index(1)), opAny, 0))
		g.all(c, 0, g.via(g.via(g.via(c.to, opPut, labelKey), opGet, g.index(0)), opAny, 0))
	case "Object.assign":
		g.all(c, 0, c.to)
		if len(c.args) > 1 {
			g.all(c, 1, endUnknown) // the first one is changed
		}
	case "Object.hasOwn", "Number", "parseInt", "parseFloat", "isNaN", "Array.isArray":
		g.all(c, 0, endCompares)
	case "Object.freeze", "Object.seal", "Promise.resolve", "Promise.all", "Promise.allSettled", "Promise.race", "structuredClone",
		"atob", "btoa", "decodeURIComponent", "encodeURIComponent", "decodeURI", "encodeURI", "escape", "unescape",
		"Buffer.from", "buffer.Buffer.from", "Uint8Array.from", "String.raw", "String.fromCharCode", "String.fromCodePoint",
		"Buffer.concat", "util.format", "url.pathToFileURL", "url.fileURLToPath", "untildify", "Symbol":
		g.all(c, 0, c.to)
		g.all(c, 0, g.via(g.via(c.to, opPut, labelItem), opFlat, 0)) // of a list of bytes
	case "Array.of":
		g.all(c, 0, g.via(c.to, opPut, labelItem))
	case "Array.from":
		if len(c.args) == 0 {
			break
		}
		g.pass(c.args[0].node, c.to)
		for _, a := range c.args[1:] {
			g.pass(a.node, g.via(g.via(c.to, opPut, labelItem), opGet, labelResult))
			for _, f := range a.funcs {
				if len(f.params) > 0 {
					g.edge(c.args[0].node, f.params[0], opAny, 0)
				}
			}
		}
	default:
		if root == "path" || root == "upath" || root == "pathe" || c.x != nil && isPathJoin(c.name, c.last, len(c.args)) {
			g.all(c, 0, g.via(c.to, opFlat, 0))
			return true
		}
		return root == "Math"
	}
	return true
}

// shows follows what prints, logs and displays, and what compares for a test.
func (g *flow) shows(c *called) bool {
	root, _, _ := strings.Cut(c.name, ".")
	log := strings.Contains(strings.ToLower(c.name[:len(c.name)-len(lastName(c.name))]), "log")
	switch {
	case root == "console", c.name == "alert", c.name == "confirm", c.name == "prompt", strings.HasSuffix(c.name, "stdout.write"), strings.HasSuffix(c.name, "stderr.write"),
		strings.Contains(c.name, "dialog.show"), c.name == "document.write", c.name == "document.writeln", c.last == "createTextNode", c.last == "setToolTip",
		c.last == "insertAdjacentHTML", c.last == "setTitle" && c.x != nil:
		g.all(c, 0, endShows)
	case log && logs(c.last):
		g.all(c, 0, endShows)
	case (root == "res" || root == "response" || root == "reply") && answers(c.last):
		g.all(c, 0, endShows)
	case c.last == "createElement" && len(c.args) > 1, c.last == "jsx" || c.last == "jsxs" || c.last == "jsxDEV":
		g.markup(c)
	case c.x != nil && (c.last == "description" || c.last == "usage" || c.last == "epilog" || c.last == "epilogue" || c.last == "addHelpText"):
		g.all(c, 0, endShows)
		g.pass(c.of, c.to)
	case root == "assert", c.name == "expect", strings.HasPrefix(c.last, "toBe") || c.last == "toEqual" || c.last == "toContain" || c.last == "toMatch" || c.last == "toStrictEqual",
		c.last == "minimatch", c.last == "micromatch", c.last == "picomatch":
		g.all(c, 0, endCompares)
	default:
		return false
	}
	return true
}

func logs(last string) bool {
	switch last {
	case "log", "info", "warn", "error", "debug", "trace", "verbose", "silly", "fatal":
		return true
	}
	return false
}

func answers(last string) bool {
	switch last {
	case "send", "json", "end", "write", "render":
		return true
	}
	return false
}

// markup follows what makes an element of a page. A part that is a function of
// the page's own may do more with what it is given than to show it.
func (g *flow) markup(c *called) {
	shown := endUnknown
	if len(c.args) > 0 {
		g.pass(c.args[0].node, endNothing)
		if len(c.args[0].funcs) == 0 {
			shown = endShows
		}
	}
	for i := 1; i < len(c.args); i++ {
		g.pass(c.args[i].node, shown)
		if i == 1 {
			g.edge(c.args[i].node, endShows, opGet, g.label("children"))
		}
	}
}

// touches follows what opens, reads, copies, queries and writes.
func (g *flow) touches(c *called) bool {
	switch c.last {
	case "readFile", "readFileSync", "createReadStream", "open", "openSync", "opendir", "opendirSync", "readdir", "readdirSync", "stat", "statSync",
		"lstat", "lstatSync", "exists", "existsSync", "access", "accessSync", "readlink", "readlinkSync", "realpath", "realpathSync", "watch", "watchFile",
		"pathExists", "pathExistsSync", "readJson", "readJsonSync", "readJSON", "readJSONSync", "glob", "globSync", "openAsBlob", "execFile", "execFileSync",
		"spawn", "spawnSync", "execa", "execaSync", "runAppleScript", "runJxa", "execString", "executeAppleScript", "loadDatabase":
		g.all(c, 0, endReads)
	case "copyFile", "copyFileSync", "cp", "cpSync", "copy", "copySync":
		if len(c.args) > 0 {
			g.pass(c.args[0].node, endReads)
			g.all(c, 1, endWrites)
		}
	case "writeFile", "writeFileSync", "appendFile", "appendFileSync", "createWriteStream", "outputFile", "outputFileSync", "outputJson", "outputJsonSync",
		"writeJson", "writeJsonSync", "mkdir", "mkdirSync", "mkdirp", "mkdirpSync", "ensureDir", "ensureDirSync", "ensureFile", "mkdtemp", "mkdtempSync":
		g.all(c, 0, endWrites)
	case "prepare", "query", "execSync", "executeSql", "exec":
		if c.last == "exec" && g.isPattern(c.x) {
			g.all(c, 0, endCompares)
			break
		}
		g.all(c, 0, endQuery)
	case "all", "get", "each", "raw", "run", "iterate", "execute":
		if c.x == nil || g.isStore(c.x) {
			return false
		}
		g.all(c, 0, endMaybeQuery)
	default:
		if !strings.Contains(strings.ToLower(c.name), "sqlite") {
			return false
		}
		g.all(c, 0, endReads)
	}
	return true
}

// isPattern reports whether an expression is a regular expression.
func (g *flow) isPattern(x js.IExpr) bool {
	switch x := plain(x).(type) {
	case *js.LiteralExpr:
		return x.TokenType == js.RegExpToken
	case *js.NewExpr:
		v, ok := x.X.(*js.Var)
		return ok && string(v.Name()) == "RegExp"
	case *js.Var:
		b := g.r.vars[declared(x)]
		return b != nil && b.times == 1 && b.expr != nil && b.member == "" && g.isPattern(b.expr)
	}
	return false
}
