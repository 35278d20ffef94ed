package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/catalog"
	"github.com/kinbom/kinbom/sbom/container"
	"github.com/kinbom/kinbom/sbom/container/ar"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/link"
	"github.com/kinbom/kinbom/sbom/macho"
	"github.com/kinbom/kinbom/sbom/plist"
	"github.com/kinbom/kinbom/sbom/script"
	"github.com/kinbom/kinbom/sbom/worker"
)

// Kinds of request that a child answers.
const (
	askMachO    = "macho"
	askPlists   = "plists"
	askPackages = "packages"
	askUnpack   = "unpack"
	askNibs     = "nibs"
)

// Handlers are what a child can do: the hidden verb of the command serves them.
// Everything that parses bytes of an input is here, and runs nowhere else.
func Handlers() map[string]worker.Handler {
	log.SetOutput(io.Discard) // a library reports unknown load commands there
	r := &ruleCache{}
	c := &catalog.Cataloger{}
	return map[string]worker.Handler{
		askMachO:    jsonHandler(func(_ context.Context, q machoRequest) (*analysis, error) { return readMachO(r, q) }),
		askPlists:   jsonHandler(func(_ context.Context, q plistsRequest) ([]plistAnswer, error) { return readPlists(r, q) }),
		askPackages: jsonHandler(func(ctx context.Context, q []catalog.File) (catalog.Found, error) { return c.Packages(ctx, q) }),
		askNibs:     jsonHandler(func(_ context.Context, q []nibRequest) ([]nibAnswer, error) { return readNibs(q) }),
		askUnpack:   unpack,
		askScripts:  jsonHandler(func(_ context.Context, q scriptRequest) ([]scriptAnswer, error) { return readScripts(r, q) }),
		askRequires: jsonHandler(func(_ context.Context, q requiresRequest) ([][]script.Require, error) { return readRequires(q), nil }),
		askTogether: jsonHandler(func(_ context.Context, q togetherRequest) ([][]sbom.Tag, error) { return readTogether(r, q) }),
		askTies:     jsonHandler(func(_ context.Context, q tiesRequest) ([][]script.Tie, error) { return readTies(q), nil }),
	}
}

// jsonHandler turns a typed function into a handler.
func jsonHandler[Q, A any](f func(context.Context, Q) (A, error)) worker.Handler {
	return func(ctx context.Context, request []byte) ([]byte, error) {
		var q Q
		if err := json.Unmarshal(request, &q); err != nil {
			return nil, fmt.Errorf("decoding the request: %w", err)
		}
		a, err := f(ctx, q)
		if err != nil {
			return nil, err
		}
		return json.Marshal(a)
	}
}

// machoRequest asks for one file.
type machoRequest struct {
	Disk   string
	Digest sbom.Digest // of the whole file, known to the parent
	Basic  bool
	Rules  ruleFile
	Marks  string // folder for the marks of the slices; "": none are made
}

// analysis is what a child says of one Mach-O file.
type analysis struct {
	Slices []sliceAnalysis
	Frozen bool `json:",omitempty"` // Python code is packed behind it
	Gaps   []sbom.Gap
}

// sliceAnalysis is one slice: what is saved, and what ties it to others.
type sliceAnalysis struct {
	Image      sbom.Image
	Offset     int64
	Member     string // name in a static archive, or ""
	Exports    []string
	Imports    []string // names, grouped by Ordinals
	Ordinals   []ordinal
	References []link.Reference
	Tags       []sbom.Tag
	Beside     []sbom.Fact        `json:",omitempty"` // its facts that units of bundles have: entitlements, loads
	Listed     []listFact         `json:",omitempty"` // facts of the property list inside it; offsets count in the file
	Runtimes   []catalog.Sighting `json:",omitempty"`
	Gaps       []sbom.Gap
	MarkSizes  fingerprint.Sizes // of the file of marks that Image.Marks names
}

// ordinal says that the next Count imports are bound to one library.
type ordinal struct{ Ordinal, Count int }

func (s *sliceAnalysis) references() []link.Reference { return s.References }

func (s *sliceAnalysis) imports() []link.Import {
	out := make([]link.Import, 0, len(s.Imports))
	i := 0
	for _, o := range s.Ordinals {
		for range o.Count {
			if i == len(s.Imports) {
				return out
			}
			out = append(out, link.Import{Name: s.Imports[i], Ordinal: o.Ordinal})
			i++
		}
	}
	return out
}

// ruleFile is the file with the rules in force, packed, and the digest of its bytes.
type ruleFile struct {
	Path   string
	Digest sbom.Digest
}

// ruleCache keeps the rules that a child was told to use.
type ruleCache struct {
	from  ruleFile
	set   *capability.Set
	scent *capability.Scent // of the set; nil: not needed yet
}

func (c *ruleCache) get(from ruleFile) (*capability.Set, error) {
	if c.set != nil && c.from == from {
		return c.set, nil
	}
	b, err := os.ReadFile(from.Path)
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	set, err := capability.Unpack(b, from.Digest)
	if err != nil {
		return nil, err
	}
	c.from, c.set, c.scent = from, set, nil
	return set, nil
}

// readMachO reads one file and matches the rules, in the child.
func readMachO(rules *ruleCache, q machoRequest) (*analysis, error) {
	set, err := rules.get(q.Rules)
	if err != nil {
		return nil, err
	}
	b, done, err := mapFile(q.Disk)
	if err != nil {
		return nil, err
	}
	defer done()
	o := macho.Options{Digest: q.Digest}
	if q.Basic {
		o.Level = macho.Basic
	}
	a := &analysis{}
	in := analyser{rules: set, file: q.Digest, marks: q.Marks, basic: q.Basic}
	if ar.Detect(b) {
		return a, a.staticArchive(b, 0, o, in)
	}
	f, err := macho.ReadBytes(b, o)
	if err != nil {
		return nil, err
	}
	a.Gaps = slices.DeleteFunc(f.Gaps, func(g sbom.Gap) bool { // those are read here
		return slices.ContainsFunc(f.Archives, func(r macho.Archive) bool { return r.Offset == g.Offset })
	})
	a.Frozen = script.FrozenAt(b) >= 0
	for _, r := range f.Archives {
		if err := a.staticArchive(b[r.Offset:r.Offset+r.Size:r.Offset+r.Size], r.Offset, o, in); err != nil {
			return nil, err
		}
	}
	for i := range f.Slices {
		s, err := in.analyse(&f.Slices[i])
		if err != nil {
			return nil, err
		}
		a.Slices = append(a.Slices, s)
	}
	return a, nil
}

// analyser is what analysing the slices of one file needs to know.
type analyser struct {
	rules *capability.Set
	file  sbom.Digest
	marks string // folder for marks, or ""
	basic bool   // the slices were read at the shallow level
	base  int64  // from where in the file the offsets of gaps count
}

// analyse says what one slice says. The error is the environment's.
func (in analyser) analyse(s *macho.Slice) (sliceAnalysis, error) {
	out := sliceAnalysis{Image: s.Image, Offset: s.Offset, Exports: s.Exports, Gaps: s.Gaps}
	for _, i := range s.Imports {
		out.Imports = append(out.Imports, i.Name)
		if n := len(out.Ordinals); n > 0 && out.Ordinals[n-1].Ordinal == i.Ordinal {
			out.Ordinals[n-1].Count++
		} else {
			out.Ordinals = append(out.Ordinals, ordinal{i.Ordinal, 1})
		}
	}
	for _, r := range s.References {
		out.References = append(out.References, link.Reference{Value: r.Value, Section: r.Section, Offset: r.Offset})
	}
	if s.Image.Type == "dsym" {
		return out, nil
	}
	s.Unit.Image = s.Image.Digest
	out.Runtimes = catalog.InImage(s.Unit.Facts, in.file, s.Offset)
	out.Image.Hosts, out.Image.HostsMore = hosts(s.Unit.Facts)
	out.Beside = beside(s.Unit.Facts)
	err := out.look(in, s)
	if !in.basic {
		out.embedded(in.rules, s, in.base)
	}
	return out, err
}

// plistsRequest asks for some property lists.
type plistsRequest struct {
	Rules ruleFile
	Lists []plistRequest
}

// plistRequest is one of them.
type plistRequest struct {
	Disk    string
	Privacy bool
}

// plistAnswer is what it says, or why it could not be read.
type plistAnswer struct {
	Info    *plist.InfoFacts `json:",omitempty"`
	BuildAt int64            // byte at which the text of CFBundleVersion stands, or -1
	Privacy *sbom.Privacy    `json:",omitempty"`
	Facts   []listFact       `json:",omitempty"` // that a rule looks at
	Trouble string           `json:",omitempty"`
	Kind    sbom.GapKind     `json:",omitempty"` // of the trouble
}

func readPlists(c *ruleCache, q plistsRequest) ([]plistAnswer, error) {
	rules, err := c.get(q.Rules)
	if err != nil {
		return nil, err
	}
	out := make([]plistAnswer, len(q.Lists))
	for i, q := range q.Lists {
		d, raw, err := readPlist(q.Disk)
		switch {
		case err != nil:
			out[i].Trouble, out[i].Kind = strings.TrimPrefix(reason(err), "property list: "), sbom.GapUnreadable
			if over := (*limit.Error)(nil); errors.As(err, &over) {
				out[i].Kind = sbom.GapLimit
			}
		case q.Privacy:
			p := plist.Privacy(d)
			out[i].Privacy = &p
		default:
			f := plist.Info(d)
			out[i].Info, out[i].BuildAt = &f, valueAt(raw, "CFBundleVersion", f.Build)
		}
		if err == nil {
			out[i].Facts = listFacts(rules, raw)
		}
	}
	return out, nil
}

// maxPlist is the largest property list that is read, in bytes: one more than
// plist's own default limit lets it say so.
const maxPlist = 1 << 20

func readPlist(disk string) (plist.Dict, []byte, error) {
	f, err := container.OpenRegular(disk)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPlist+1))
	if err != nil {
		return nil, nil, err
	}
	d, err := plist.Parse(b, plist.Options{})
	return d, b, err
}

// valueAt is the byte of a property list at which a value stands as it is read,
// or -1: after its key in XML, and in the binary form, where equal texts are
// kept once, wherever it is first met.
func valueAt(raw []byte, key, value string) int64 {
	if value == "" {
		return -1
	}
	if !bytes.HasPrefix(raw, []byte("bplist")) {
		k := []byte("<key>" + key + "</key>")
		if i := bytes.Index(raw, k); i >= 0 {
			if j := bytes.Index(raw[i+len(k):], []byte("<string>"+value+"</string>")); j >= 0 {
				return int64(i + len(k) + j + len("<string>"))
			}
		}
		return -1
	}
	return int64(bytes.Index(raw, []byte(value)))
}
