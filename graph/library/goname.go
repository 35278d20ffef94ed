package library

import (
	_ "embed"
	"strings"
)

//go:embed gostd.txt
var goStandardText string

//go:embed gopublic.txt
var goPublicText string

// goNames knows the import paths that say nothing about kinship.
type goNames struct {
	standard map[string]bool // packages of the standard library that can be imported
	assembly map[string]bool // functions of its assembly sources whose names have no package
	public   []string        // modules that anybody uses
}

func newGoNames() goNames {
	n := goNames{standard: map[string]bool{}, assembly: map[string]bool{}}
	for line := range strings.Lines(goStandardText) {
		to := n.standard
		rest, ok := strings.CutPrefix(line, "asm:")
		if ok {
			to = n.assembly
		}
		for _, w := range words(rest) {
			to[w] = true
		}
	}
	n.public = words(goPublicText)
	return n
}

// words are the words of a text; # begins a comment.
func words(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		out = append(out, strings.Fields(line)...)
	}
	return out
}

// isStandard reports whether an import path is of Go's own packages. The list
// is closed: a module may have any name, so a first element without a dot says
// nothing.
func (n *goNames) isStandard(p string) bool {
	if n.standard[p] || below(p, "runtime") || below(p, "internal") || strings.HasPrefix(p, "vendor/golang.org/x/") {
		return true
	}
	for at := 0; ; { // internal packages below a public one
		i := strings.Index(p[at:], "/internal")
		if i < 0 {
			return false
		}
		at += i
		if rest := p[at+len("/internal"):]; (rest == "" || rest[0] == '/') && n.standard[p[:at]] {
			return true
		}
		at += len("/internal")
	}
}

// isPublic is the module of the short list that an import path is of, or "".
func (n *goNames) isPublic(p string) string {
	for _, m := range n.public {
		if below(p, m) {
			return m
		}
	}
	return ""
}

// below reports whether an import path is that of a module, or below it.
func below(p, module string) bool {
	rest, ok := strings.CutPrefix(p, module)
	return ok && (rest == "" || rest[0] == '/')
}

// goPackage is the import path in a Go function's full name, as Go's line table
// has it; "" when it holds none. Functions that the compiler makes for a type
// ("type:.eq.path.T") are of the type's package; for a type without a name
// nothing is said. Type arguments are abbreviated in that table.
func goPackage(name string) string {
	if rest, ok := strings.CutPrefix(name, "type:."); ok {
		_, name, _ = strings.Cut(rest, ".")
	} else if rest, ok := strings.CutPrefix(name, "type.."); ok {
		_, name, _ = strings.Cut(rest, ".")
	}
	if i := strings.IndexAny(name, "[({ :"); i >= 0 {
		if name[i] == ' ' || name[i] == '{' || name[i] == ':' {
			return ""
		}
		name = name[:i]
	}
	slash := strings.LastIndexByte(name, '/')
	dot := strings.IndexByte(name[slash+1:], '.')
	if dot < 0 {
		return ""
	}
	return unescape(name[:slash+1+dot])
}

// unescape undoes what the linker does to dots in the last element of a path.
func unescape(p string) string {
	if !strings.Contains(p, "%") {
		return p
	}
	return strings.NewReplacer("%2e", ".", "%2E", ".", "%25", "%").Replace(p)
}

// publisher is who publishes a module, as far as its path says: the owner on a
// host of many owners, else the last two labels of the host. "" when the path
// begins with no host: it was never published.
func publisher(module string) string {
	host, rest, _ := strings.Cut(module, "/")
	host = strings.ToLower(host)
	if !strings.Contains(host, ".") {
		return ""
	}
	owner, _, _ := strings.Cut(rest, "/")
	switch host {
	case "github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "git.sr.ht", "dev.azure.com", "gopkg.in", "launchpad.net":
		if owner == "" {
			return ""
		}
		return host + "/" + strings.ToLower(owner)
	}
	labels := strings.Split(host, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}
