package script

import (
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Modules and calls that reach nothing outside the program: they make records,
// texts and paths. Of a call with a point, the last name is meant.
var (
	tameModules = []string{"electron", "path", "util", "assert", "events", "__future__", "abc", "collections", "dataclasses", "datetime", "enum", "re", "string", "textwrap", "typing"}
	tameMethods = []string{"then", "catch", "finally", "log", "warn", "error", "map", "filter", "flatMap", "forEach", "reduce", "join", "push", "sort", "sorted", "split", "trim", "replace", "includes",
		"indexOf", "slice", "concat", "startsWith", "endsWith", "toLowerCase", "toUpperCase", "toString", "match", "matchAll", "test", "keys", "values", "entries", "freeze", "fromEntries", "assign", "isArray",
		"stringify", "whenReady", "raw", "format", "strip", "lower", "upper", "items", "append", "extend", "compile", "field", "dataclass", "namedtuple", "dedent"}
	wildNames = []string{"open", "eval", "exec", "execfile", "__import__", "import_module", "importScripts", "fetch", "Function", "Application", "XMLHttpRequest", "WebSocket", "Worker", "SharedWorker",
		"execute", "executemany", "executescript", "connect", "cursor", "query", "read", "read_text", "read_bytes", "glob", "rglob", "iterdir", "run", "Popen", "system", "popen", "check_output", "call", "getattr"}
)

// Reaches reports whether a module may reach anything outside itself by what it
// asks for and calls: files, databases, programs, a network, a browser, or an
// object that somebody hands to it. A module that does not is a table: what its
// texts become stands in the code that asks for it. What is not understood reaches.
func (m *Module) Reaches() bool {
	if m.Partial != "" || m.asksUnknown {
		return true
	}
	top, _, _ := strings.Cut(m.Name, ".")
	own := map[string]bool{} // what modules of the same package give, as the code calls it
	for _, q := range m.Requires {
		name, _, _ := strings.Cut(strings.TrimPrefix(q.Name, "node:"), ".")
		if name != "" && name != top && !slices.Contains(tameModules, name) {
			return true
		}
		own[q.Name[strings.LastIndexByte(q.Name, '.')+1:]] = true
	}
	for i := range m.Facts {
		if name := string(m.Facts[i].Value); m.Facts[i].Kind == sbom.FactCall && strings.HasPrefix(name, ".") {
			own[name[strings.LastIndexByte(name, '/')+1:]] = true
		}
	}
	return slices.ContainsFunc(m.Facts, func(f sbom.Fact) bool {
		name := string(f.Value)
		if f.Kind != sbom.FactCall || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "/") || own[name] {
			return false
		}
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			return !slices.Contains(tameMethods, name[i+1:])
		}
		return slices.Contains(wildNames, name)
	})
}
