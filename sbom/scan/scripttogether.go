package scan

import (
	"bytes"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/script"
)

// requiresRequest asks what some scripts ask for. Words are parts of the names
// that matter: a file with none of them is not read; none means all files.
type requiresRequest struct {
	Files []scriptFile
	Words []string
}

// readRequires answers it: a list for each file.
func readRequires(q requiresRequest) [][]script.Require {
	out := make([][]script.Require, len(q.Files))
	for i, f := range q.Files {
		b, done, err := mapFile(f.Disk)
		if err != nil {
			continue // it was read before: trouble with it is told there
		}
		if len(q.Words) == 0 || slices.ContainsFunc(q.Words, func(w string) bool { return asksFor(b, w, f.Language) }) {
			out[i] = requiresIn(b, f.Language)
		}
		done()
	}
	return out
}

// asksFor reports whether a name stands in a script as the end of a module's name,
// or as the name of its package: behind a quote or a slash, before one or a point.
// Python names modules without quotes.
func asksFor(b []byte, name, language string) bool {
	if language == langPython || language == langPySource {
		return bytes.Contains(b, []byte(name))
	}
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(name))
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(name)
		at = from + 1
		if from > 0 && bytes.IndexByte([]byte("/'\"`"), b[from-1]) >= 0 && to < len(b) && bytes.IndexByte([]byte("/'\"`."), b[to]) >= 0 {
			return true
		}
	}
}

func requiresIn(b []byte, language string) []script.Require {
	if language == langPackage {
		return script.Package(b)
	}
	var out []script.Require
	for _, m := range modulesOf(b, language, false) {
		out = append(out, m.Requires...)
	}
	return out
}

// groupMember is a module of a file of a request.
type groupMember struct{ File, Index int }

// togetherRequest asks what modules say together: the first of each group with
// the others.
type togetherRequest struct {
	Rules  ruleFile
	Files  []scriptFile
	Groups [][]groupMember
}

// readTogether answers it: the tags of each group. Slice of their evidence is the
// number of the file in the request.
func readTogether(c *ruleCache, q togetherRequest) ([][]sbom.Tag, error) {
	r, err := newScriptReader(c, q.Rules)
	if err != nil {
		return nil, err
	}
	contents := make([][]byte, len(q.Files))
	modules := make([][]script.Module, len(q.Files))
	for i, f := range q.Files {
		b, done, err := mapFile(f.Disk)
		if err != nil {
			continue
		}
		defer done()
		contents[i], modules[i] = b, modulesOf(b, f.Language, false)
	}
	out := make([][]sbom.Tag, len(q.Groups))
	for i, g := range q.Groups {
		u := &sbom.Unit{Scope: sbom.ScopeModules}
		reaches := false
		for _, m := range g {
			if m.File >= 0 && m.File < len(modules) && m.Index >= 0 && m.Index < len(modules[m.File]) {
				x := &modules[m.File][m.Index]
				reaches = reaches || x.Reaches()
				u.Facts = append(u.Facts, shifted(x.Facts, m.File)...)
			}
		}
		u = r.telling(u)
		for j := range u.Facts {
			u.Facts[j].Use = useIn(modules, g, &u.Facts[j])
		}
		if out[i] = r.rules.Match(u, "", 0); !reaches {
			out[i] = told(out[i])
		}
		for j := range out[i] {
			out[i][j].Scope = sbom.ScopeModules
		}
		showScripts(out[i], u, contents)
	}
	return out, nil
}

// useIn is what the module that a fact is of does with it.
func useIn(modules [][]script.Module, g []groupMember, f *sbom.Fact) string {
	file := int(f.Offset >> fileShift)
	if f.Kind != sbom.FactString || f.Offset < 0 {
		return ""
	}
	own := *f
	own.Offset &= byteMask
	own.Parts = slices.Clone(f.Parts)
	for i := range own.Parts {
		own.Parts[i].Offset &= byteMask
	}
	for _, m := range g {
		if m.File == file && m.Index >= 0 && m.Index < len(modules[file]) {
			return modules[file][m.Index].Use(&own) // the modules of one file share what is known of their texts
		}
	}
	return ""
}

// shifted are facts with the number of their file in their offsets.
func shifted(l []sbom.Fact, file int) []sbom.Fact {
	out := slices.Clone(l)
	for i := range out {
		out[i].Offset += int64(file) << fileShift
		out[i].Parts = slices.Clone(out[i].Parts)
		for j := range out[i].Parts {
			out[i].Parts[j].Offset += int64(file) << fileShift
		}
	}
	return out
}
