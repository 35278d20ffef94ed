package scan

import (
	"bytes"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/script"
)

// Requests about scripts.
const (
	askScripts  = "scripts"  // what some scripts say by themselves
	askRequires = "requires" // what some scripts ask for
	askTogether = "together" // what modules say together with others
	askTies     = "ties"     // what modules hand to each other
)

// Languages of a script.
const (
	langScript   = "javascript"
	langPage     = "html"
	langPython   = "python"
	langPySource = "python source"
	langFrozen   = "frozen"   // Python code behind an executable
	langManifest = "manifest" // of a web extension
	langData     = "data"     // JSON that a module asks for
)

// maxModule is the most bytes of a module for which "in one module" says that
// things belong together. A larger file is a bundle that was not split: rules
// look at it as at a whole image.
const maxModule = 512 << 10

// scriptFile is one script of a request.
type scriptFile struct {
	Disk     string
	Language string
}

// scriptRequest asks for some scripts.
type scriptRequest struct {
	Rules ruleFile
	Basic bool // read token by token
	Files []scriptFile
}

// scriptAnswer is what one script says. Without modules it holds no words that a
// rule looks for.
type scriptAnswer struct {
	Modules []scriptModule `json:",omitempty"`
	Opaque  string         `json:",omitempty"` // why it cannot be looked into: encrypted, bytecode
	Trouble string         `json:",omitempty"`
	Kind    sbom.GapKind   `json:",omitempty"` // of the trouble, or of what is opaque
}

// scriptModule is one module: see script.Module. Slice of its tags' evidence is
// the number of the file in the request, and offsets count from that file.
type scriptModule struct {
	Index    int // among the modules that the reader gives
	Name     string
	Span     sbom.Span
	Digest   sbom.Digest
	Telling  int // facts that some rule looks at
	Texts    int // of these, literals and texts that are put together: names of calls alone are everywhere
	Tags     []sbom.Tag
	Requires []script.Require
	Led      []string `json:",omitempty"` // see script.Module
	Partial  string
}

// scriptReader reads scripts in a child.
type scriptReader struct {
	rules *capability.Set
	scent *capability.Scent
}

func newScriptReader(c *ruleCache, from ruleFile) (*scriptReader, error) {
	set, err := c.get(from)
	if err != nil {
		return nil, err
	}
	if c.scent == nil {
		if c.scent, err = set.Scent(); err != nil {
			return nil, err
		}
	}
	return &scriptReader{set, c.scent}, nil
}

// readScripts reads what some scripts say by themselves.
func readScripts(c *ruleCache, q scriptRequest) ([]scriptAnswer, error) {
	r, err := newScriptReader(c, q.Rules)
	if err != nil {
		return nil, err
	}
	out := make([]scriptAnswer, len(q.Files))
	for i, f := range q.Files {
		out[i] = r.read(f, q.Basic)
	}
	return out, nil
}

func (r *scriptReader) read(f scriptFile, basic bool) scriptAnswer {
	b, done, err := mapFile(f.Disk)
	if err != nil {
		return scriptAnswer{Trouble: reason(err), Kind: sbom.GapUnreadable}
	}
	defer done()
	var a scriptAnswer
	plain := f.Language != langFrozen // the words stand in its bytes
	if why := script.Opaque(b); why != "" && plain && f.Language != langPython {
		a.Opaque, a.Kind = why, sbom.GapEncrypted
		return a
	}
	if plain && !r.scent.In(b) && !hidesPython(b, f.Language) {
		return a
	}
	telling := map[string]bool{} // inner modules, by name
	for i, m := range modulesOf(b, f.Language, basic) {
		x := r.module(b, &m)
		x.Index = i
		telling[m.Name] = x.Telling > 0
		a.Modules = append(a.Modules, x)
	}
	a.Modules = slices.DeleteFunc(a.Modules, func(m scriptModule) bool {
		return m.Index > 0 && m.Telling == 0 && !slices.ContainsFunc(m.Requires, func(q script.Require) bool { return telling[q.Name] })
	})
	return a
}

// hidesPython reports whether Python code shows that it puts texts together from
// what is hidden: XOR, slices that go backwards, hexadecimal digits. In compiled
// code these are instructions of Python 3.11 to 3.13.
func hidesPython(b []byte, language string) bool {
	marks := []string{"fromhex", "unhexlify", "reversed"}
	switch language {
	case langPython:
		marks = append(marks, "\x7a\x0c", "\x85\x03")
	case langPySource:
		marks = append(marks, "^", "[::-1]", "chr(", "map(chr")
	default:
		return false
	}
	return slices.ContainsFunc(marks, func(m string) bool { return bytes.Contains(b, []byte(m)) })
}

// modulesOf reads the modules of a file.
func modulesOf(b []byte, language string, basic bool) []script.Module {
	switch {
	case language == langPage:
		return script.HTML(b)
	case language == langPython:
		return script.Python(b)
	case language == langPySource:
		return script.PythonSource(b)
	case language == langFrozen:
		return script.Frozen(b)
	case language == langManifest:
		return script.Manifest(b)
	case language == langData:
		return script.JSON(b)
	case basic:
		return script.JavaScriptTokens(b)
	}
	return script.JavaScript(b)
}

// module matches the rules with one module of a file.
func (r *scriptReader) module(b []byte, m *script.Module) scriptModule {
	x := scriptModule{Name: m.Name, Span: m.Span, Requires: m.Requires, Led: m.Led, Partial: m.Partial}
	content := b[m.Span.Offset : m.Span.Offset+m.Span.Length]
	u := r.telling(m.Unit(""))
	if len(m.Requires) > 0 || len(u.Facts) > 0 {
		x.Digest = sbom.DigestOf(content)
	}
	if x.Telling = len(u.Facts); x.Telling == 0 {
		return x
	}
	for i := range u.Facts {
		if f := &u.Facts[i]; f.Kind == sbom.FactString {
			x.Texts++
			f.Use = m.Use(f)
		}
	}
	x.Tags = r.match(u, len(content) <= maxModule, [][]byte{b})
	if !m.Reaches() {
		x.Tags = told(x.Tags)
	}
	return x
}

// told are the tags of a module that only tells: a table that others may use.
func told(tags []sbom.Tag) []sbom.Tag {
	for i := range tags {
		tags[i].Grade = sbom.GradeMentions
	}
	return tags
}

// telling keeps the facts that some rule looks at.
func (r *scriptReader) telling(u *sbom.Unit) *sbom.Unit {
	keep := r.rules.Telling(u)
	out := *u
	out.Facts = nil
	for i, f := range u.Facts {
		if keep[i] {
			out.Facts = append(out.Facts, f)
		}
	}
	return &out
}

// match matches the rules with a module: those for modules, when it is small
// enough to be one, and those for whole images that know no modules.
func (r *scriptReader) match(u *sbom.Unit, small bool, files [][]byte) []sbom.Tag {
	var out []sbom.Tag
	tagged := map[string]bool{}
	for _, scope := range []sbom.Scope{sbom.ScopeModule, sbom.ScopeImage} {
		if scope == sbom.ScopeModule && !small {
			continue
		}
		u.Scope = scope
		for _, t := range r.rules.Match(u, "", 0) {
			if !tagged[t.Rule] {
				tagged[t.Rule] = true
				t.Scope = scope
				out = append(out, t)
			}
		}
	}
	showScripts(out, u, files)
	return out
}

// Offsets of the facts of several files stand in one unit: the number of the
// file above the byte in it.
const (
	fileShift = 40
	byteMask  = 1<<fileShift - 1
)

// showScripts makes evidence of scripts say what the files hold: the number of
// the file as its slice, the bytes as they are there, and the text that the rule
// saw where it is another.
func showScripts(tags []sbom.Tag, u *sbom.Unit, files [][]byte) {
	for i := range tags {
		for j := range tags[i].Evidence {
			e := &tags[i].Evidence[j]
			at := e.Offset
			e.Slice, e.Offset = at>>fileShift, at&byteMask
			src := files[min(int(e.Slice), len(files)-1)]
			if e.How == "" && len(e.Bytes) > 0 && bytes.Equal(cut(src, e.Offset, int64(len(e.Bytes))), e.Bytes) {
				continue
			}
			if f := factOf(u, at, e); e.How == "" && f != nil {
				e.How, e.Meaning = f.How, bytes.Clone(f.Value[:min(len(f.Value), sbom.MaxEvidenceBytes)])
				e.Offset, e.Length = f.Offset&byteMask, f.Length
			}
			e.Bytes = bytes.Clone(cut(src, e.Offset, min(e.Length, sbom.MaxEvidenceBytes)))
		}
		sbom.SortEvidence(tags[i].Evidence)
	}
}

// factOf is the fact behind a piece of evidence whose bytes are not its text.
func factOf(u *sbom.Unit, at int64, e *sbom.Evidence) *sbom.Fact {
	i := slices.IndexFunc(u.Facts, func(f sbom.Fact) bool {
		return f.Kind == e.Kind && f.How != "" && f.Offset <= at && at < f.Offset+max(f.Length, int64(len(f.Value)), 1) &&
			(len(e.Bytes) == 0 || bytes.Contains(f.Value, e.Bytes))
	})
	if i < 0 {
		return nil
	}
	return &u.Facts[i]
}

func cut(b []byte, at, n int64) []byte {
	if at < 0 || n < 0 || at > int64(len(b)) {
		return nil
	}
	return b[at:min(at+n, int64(len(b)))]
}
