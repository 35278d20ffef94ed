package script

import (
	"bytes"
	"encoding/json"

	"github.com/kinbom/kinbom/sbom"
)

// maxJSON is the largest package.json or manifest.json that is read.
const maxJSON = 1 << 20

// HTML reads the scripts of one page as one module: what stands between its
// script tags, and the files that the tags name.
func HTML(src []byte) []Module {
	out := Module{Span: sbom.Span{Length: int64(len(src))}}
	low := bytes.ToLower(src)
	if len(low) != len(src) {
		low = src // case folding that changes lengths: offsets come first
	}
	for at := 0; ; {
		i := bytes.Index(low[at:], []byte("<script"))
		if i < 0 {
			break
		}
		tag := at + i
		end := bytes.IndexByte(low[tag:], '>')
		if end < 0 {
			break
		}
		from := tag + end + 1
		if name, off := attribute(src[tag:from], low[tag:from], "src"); name != "" {
			out.Requires = append(out.Requires, Require{Kind: RequireModule, Name: relative(name), Offset: int64(tag + off), Length: int64(len(name))})
		}
		n := bytes.Index(low[from:], []byte("</script"))
		if n < 0 {
			n = len(src) - from
		}
		kind, _ := attribute(src[tag:from], low[tag:from], "type")
		if n > 0 && runs(kind) {
			for _, m := range read(src, from, from+n) {
				out.Facts = append(out.Facts, m.Facts...)
				out.Requires = append(out.Requires, m.Requires...)
				out.flows = append(out.flows, m.flows...)
				if m.Partial != "" {
					out.Partial = m.Partial
				}
			}
		}
		at = from + n
	}
	out.finish()
	return []Module{out}
}

// runs reports whether a script tag of a type is code.
func runs(kind string) bool {
	switch kind {
	case "", "module", "text/javascript", "application/javascript", "text/ecmascript":
		return true
	}
	return false
}

// relative is a file that a page names as a module names it.
func relative(name string) string {
	if bytes.ContainsAny([]byte(name), ":") || name == "" {
		return name
	}
	if name[0] == '/' {
		return name
	}
	return "./" + name
}

// attribute is the value of an attribute of a tag, and where it begins.
func attribute(tag, low []byte, name string) (string, int) {
	for at := 0; ; {
		i := bytes.Index(low[at:], []byte(name))
		if i < 0 {
			return "", 0
		}
		at += i + len(name)
		rest := bytes.TrimLeft(low[at:], " \t\r\n")
		if i := at - len(name) - 1; i < 0 || low[i] != ' ' && low[i] != '\n' && low[i] != '\t' || len(rest) == 0 || rest[0] != '=' {
			continue
		}
		v := len(low) - len(bytes.TrimLeft(rest[1:], " \t\r\n"))
		end := bytes.IndexAny(low[v:], " \t\r\n>")
		if v < len(low) && (low[v] == '"' || low[v] == '\'') {
			q := low[v]
			v++
			end = bytes.IndexByte(low[v:], q)
		}
		if end < 0 {
			return "", 0
		}
		return string(tag[v : v+end]), v
	}
}

// Package reads what a package.json names as the package's entry: main, or
// what its exports give for the package itself.
func Package(src []byte) []Require {
	var p struct {
		Main    any `json:"main"`
		Exports any `json:"exports"`
		Module  any `json:"module"`
	}
	if len(src) > maxJSON || json.Unmarshal(src, &p) != nil {
		return nil
	}
	var out []Require
	for _, name := range append(append(texts(p.Main, 0), texts(p.Exports, 0)...), texts(p.Module, 0)...) {
		if name != "" {
			out = append(out, Require{Kind: RequireModule, Name: name})
		}
	}
	return out
}

// texts are the names that a value of exports may lead to: of an object the entry
// of the package itself, or the ways to load it.
func texts(v any, depth int) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		if depth > 4 {
			return nil
		}
		var out []string
		for _, key := range []string{".", "require", "node", "import", "electron", "default"} {
			out = append(out, texts(v[key], depth+1)...)
		}
		return out
	case []any:
		if depth > 4 || len(v) == 0 {
			return nil
		}
		return texts(v[0], depth+1)
	}
	return nil
}

// Manifest reads the manifest.json of a web extension: the scripts and pages that
// the browser starts, and what the extension is permitted, as facts of a property
// list: "permissions=history", "host_permissions=<all_urls>". A manifest of
// something else gives nothing.
func Manifest(src []byte) []Module {
	var m struct {
		Version    any `json:"manifest_version"`
		Background struct {
			Scripts       []string `json:"scripts"`
			ServiceWorker string   `json:"service_worker"`
			Page          string   `json:"page"`
		} `json:"background"`
		Content []struct {
			JS      []string `json:"js"`
			Matches []string `json:"matches"`
		} `json:"content_scripts"`
		Permissions []any `json:"permissions"`
		Optional    []any `json:"optional_permissions"`
		Hosts       []any `json:"host_permissions"`
		Action      struct {
			Popup string `json:"default_popup"`
		} `json:"action"`
		BrowserAction struct {
			Popup string `json:"default_popup"`
		} `json:"browser_action"`
		Options string `json:"options_page"`
	}
	out := Module{Span: sbom.Span{Length: int64(len(src))}}
	if len(src) > maxJSON || json.Unmarshal(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), &m) != nil || m.Version == nil {
		return nil
	}
	start := append(append([]string{m.Background.ServiceWorker, m.Background.Page, m.Action.Popup, m.BrowserAction.Popup, m.Options}, m.Background.Scripts...), []string{}...)
	var matches []any
	for _, c := range m.Content {
		start = append(start, c.JS...)
		for _, s := range c.Matches {
			matches = append(matches, s)
		}
	}
	for _, name := range start {
		if name != "" {
			out.Requires = append(out.Requires, Require{Kind: RequireModule, Name: relative(name)})
		}
	}
	for _, l := range []struct {
		key    string
		values []any
	}{{"permissions", m.Permissions}, {"optional_permissions", m.Optional}, {"host_permissions", m.Hosts}, {"matches", matches}} {
		out.declared(src, l.key, l.values)
	}
	out.finish()
	return []Module{out}
}

// declared adds the facts of one list of a manifest.
func (m *Module) declared(src []byte, key string, values []any) {
	at := max(bytes.Index(src, []byte(`"`+key+`"`)), 0)
	for _, v := range values {
		s, ok := v.(string)
		if !ok {
			continue
		}
		f := sbom.Fact{Kind: sbom.FactPlist, Value: []byte(key + "=" + s), Offset: -1, How: sbom.HowJoined}
		if i := bytes.Index(src[at:], []byte(`"`+s+`"`)); i >= 0 {
			f.Offset, f.Length = int64(at+i+1), int64(len(s))
			f.Parts = []sbom.Span{{Offset: f.Offset, Length: f.Length}}
			if at > 0 {
				f.Parts = []sbom.Span{{Offset: int64(at + 1), Length: int64(len(key))}, f.Parts[0]}
			}
			m.Facts = append(m.Facts, f)
		}
	}
}
