package macho

import (
	"bytes"
	"io"
	"log"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gomacho "github.com/blacktop/go-macho"
	gotypes "github.com/blacktop/go-macho/types/objc"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// TestTwoReaders wants the same load commands from our reader and from go-macho,
// and a gap when the two differ.
func TestTwoReaders(t *testing.T) {
	b := machotest.Sample(true)
	full, basic := one(t, b, Options{}), Options{Level: Basic}
	f, err := ReadBytes(b, basic)
	if err != nil {
		t.Fatal(err)
	}
	for i := range full.Image.Loads {
		full.Image.Loads[i].Imports = 0 // not counted at basic level
	}
	want(t, "loads", f.Slices[0].Image.Loads, full.Image.Loads)
	want(t, "builds", f.Slices[0].Image.Builds, full.Image.Builds)

	s := &slice{b: b, bo: leOrder, out: &Slice{}, header: 32, wide: true, o: Options{}.withDefaults()}
	s.readCommands()
	s.said.Rpaths = append(s.said.Rpaths, "/only/in/ours")
	s.askLibrary()
	if len(s.out.Gaps) != 1 || s.out.Gaps[0].Kind != sbom.GapInconsistent {
		t.Errorf("gaps %+v", s.out.Gaps)
	}
}

// TestRealGoMacho compares Objective-C and Swift names of real files with
// go-macho's own walkers, and the code signature.
func TestRealGoMacho(t *testing.T) {
	paths, content := realFiles(t)
	before := log.Writer()
	log.SetOutput(io.Discard)
	defer log.SetOutput(before)
	for i, p := range paths {
		f, err := ReadBytes(content[i], Options{})
		if err != nil {
			t.Fatal(err)
		}
		for j := range f.Slices {
			s := &f.Slices[j]
			t.Run(filepath.Base(p)+" "+s.Image.Arch, func(t *testing.T) {
				g, err := gomacho.NewFile(bytes.NewReader(content[i][s.Offset : s.Offset+s.Image.Size]))
				if err != nil {
					t.Skipf("go-macho: %v", err)
				}
				compareObjC(t, s, g)
				compareSignature(t, s, g)
			})
		}
	}
}

func compareObjC(t *testing.T, s *Slice, g *gomacho.File) {
	var classes, categories, protocols, swift []string
	if l, err := g.GetObjCClasses(); err == nil {
		for _, c := range l {
			classes = append(classes, c.Name)
		}
		sorted(t, "classes", classes, s.Image.Classes)
	}
	if l, err := g.GetObjCCategories(); err == nil {
		for _, c := range l {
			categories = append(categories, c.Name)
		}
		var ours []string
		for _, c := range s.Image.Categories {
			_, name, _ := strings.Cut(strings.TrimSuffix(c, ")"), "(")
			ours = append(ours, name)
		}
		sorted(t, "categories", categories, ours)
	}
	if l, err := g.GetObjCProtocols(); err == nil {
		for _, c := range l {
			protocols = append(protocols, c.Name)
		}
		sorted(t, "protocols", protocols, s.Image.Protocols)
	}
	if l, err := g.GetSwiftTypes(); err == nil {
		for _, c := range l {
			swift = append(swift, c.Name)
		}
		var ours []string
		for _, c := range s.Image.SwiftTypes {
			ours = append(ours, c[strings.LastIndexByte(c, '.')+1:])
		}
		sorted(t, "swift types", swift, ours)
	} else if len(s.Image.SwiftTypes) > 0 {
		t.Logf("go-macho cannot read the Swift types: %v; ours: %v", err, s.Image.SwiftTypes)
	}
	have := map[string]bool{}
	for _, f := range s.Unit.Facts {
		if f.Kind == sbom.FactSelector {
			have[string(f.Value)] = true
		}
	}
	if l, err := g.GetObjCSelectorReferences(); err == nil {
		for _, r := range l {
			if !have[r.Name] {
				t.Errorf("selector %q is missing", r.Name)
			}
		}
	}
	if l, err := g.GetCFStrings(); err == nil {
		l = slices.DeleteFunc(l, func(c gotypes.CFString) bool { return c.Length == 0 }) // @""
		want(t, "number of CFStrings", s.Image.Counts.CFStrings, len(l))
	}
	t.Logf("%d classes %d categories %d protocols %d swift types %d selectors %d cfstrings", len(classes), len(categories), len(protocols), len(swift), len(have), s.Image.Counts.CFStrings)
}

// sorted compares two lists as sets.
func sorted(t *testing.T, what string, theirs, ours []string) {
	t.Helper()
	slices.Sort(theirs)
	slices.Sort(ours)
	want(t, what, slices.Compact(ours), slices.Compact(theirs))
}

func compareSignature(t *testing.T, s *Slice, g *gomacho.File) {
	c := g.CodeSignature()
	if c == nil || s.Image.Signature == nil {
		if (c == nil) != (s.Image.Signature == nil) {
			t.Errorf("signature: go-macho %v, ours %v", c, s.Image.Signature)
		}
		return
	}
	d := c.CodeDirectories[len(c.CodeDirectories)-1] // SHA-256 comes after SHA-1
	got := s.Image.Signature
	if got.Identifier != d.ID || got.Team != d.TeamID || got.Flags != uint32(d.Header.Flags) || s.Image.Identity(sbom.IdentCDHash) != d.CDHash[:40] ||
		(len(got.Entitlements) > 0) != strings.Contains(c.Entitlements, "<key>") || got.CMS != (len(c.CMSSignature) > 0) {
		t.Errorf("signature: ours %+v, go-macho %s %s %#x %s %q %d", got, d.ID, d.TeamID, d.Header.Flags, d.CDHash, c.Entitlements, len(c.CMSSignature))
	}
}
