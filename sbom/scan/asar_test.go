package scan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

const inApp = "App.app/Contents/Resources/app.asar"

// addon is an image as native modules are.
func addon(name string) []byte {
	return (machotest.Image{Type: "bundle", UUID: name, Strings: []string{name}}).Build()
}

func asarOf(native []byte) []byte {
	return archivetest.Asar(
		archivetest.File{Name: "package.json", Data: `{"name":"shell","version":"3.2.1"}`},
		archivetest.File{Name: "main.js", Data: "main()"},
		archivetest.File{Name: "node_modules/left/package.json", Data: `{"name":"left","version":"1.2.3"}`},
		archivetest.File{Name: "node_modules/left/index.js", Data: "left()"},
		archivetest.File{Name: "node_modules/left/in.node", Data: string(native)},
		archivetest.File{Name: "node_modules/left/out.node", Data: string(addon("out")), Unpacked: true},
		archivetest.File{Name: "readme.txt", Data: "text"})
}

func gapLines(l []sbom.Gap) []string {
	var out []string
	for _, g := range l {
		out = append(out, fmt.Sprintf("%s %s: %s x%d", g.Kind, g.Path, g.Why, g.Count))
	}
	return out
}

func idOf(t *testing.T, dir, app string) sbom.Digest {
	t.Helper()
	var ids []sbom.FileID
	root := filepath.Join(dir, app)
	filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			b, _ := os.ReadFile(p)
			rel, _ := filepath.Rel(root, p)
			ids = append(ids, sbom.FileID{Path: filepath.ToSlash(rel), Digest: sbom.DigestOf(b)})
		}
		return err
	})
	return sbom.ProductID(ids)
}

// Members are files of the product below the archive's path, and no part of its id.
func TestAsarInApp(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", machotest.Sample(false))
	write(t, filepath.Join(dir, inApp), asarOf(addon("in")))
	write(t, filepath.Join(dir, inApp+".unpacked/node_modules/left/out.node"), addon("out"))
	s := run(t, options(t, dir))
	p := s.Products[0]
	if p.ID != idOf(t, dir, "App.app") {
		t.Error("the id is not that of the files that lie in the app")
	}
	var list []string
	for _, f := range []string{"Contents/Info.plist", "Contents/MacOS/App", "Contents/Resources/app.asar", "Contents/Resources/app.asar.unpacked/node_modules/left/out.node"} {
		b, _ := os.ReadFile(filepath.Join(dir, "App.app", f))
		list = append(list, "App.app/"+f, string(sbom.DigestOf(b)))
	}
	if s.Inputs[0].Digest != sbom.DigestOfList(list) || s.Inputs[0].Files != 10 {
		t.Errorf("the manifest is not that of the files that were given: %+v", s.Inputs[0])
	}
	// App, Info.plist, the archive, six members, the module beside it.
	if c := p.Coverage; c.Files != 10 || c.Analysed != 9 || c.Skipped != 1 {
		t.Errorf("coverage %+v", c)
	}
	if d := cmp.Diff([]string(nil), slices.DeleteFunc(gapLines(p.Gaps), func(g string) bool { return strings.HasPrefix(g, "unresolved") })); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
	var got []string
	for _, k := range p.Packages {
		got = append(got, k.PURL+" "+k.Place+" in "+k.Bundle)
	}
	if d := cmp.Diff([]string{"pkg:npm/left@1.2.3 Contents/Resources/app.asar/node_modules/left/package.json in Contents/Resources/app.asar",
		"pkg:npm/shell@3.2.1 Contents/Resources/app.asar/package.json in Contents/Resources/app.asar"}, got); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	var places []string
	for _, m := range p.Images {
		for _, pl := range m.Places {
			places = append(places, pl.Path+" "+string(pl.Role))
		}
	}
	slices.Sort(places)
	if d := cmp.Diff([]string{"Contents/MacOS/App library", "Contents/Resources/app.asar.unpacked/node_modules/left/out.node plugin",
		"Contents/Resources/app.asar/node_modules/left/in.node plugin"}, places); d != "" {
		t.Errorf("images (-want +got):\n%s", d)
	}
	if i := slices.IndexFunc(p.Bundles, func(b sbom.Bundle) bool { return b.Kind == sbom.BundleAsar }); i < 0 || p.Bundles[i].Role != sbom.RolePlugin {
		t.Errorf("bundles %+v", p.Bundles)
	}
}

// What lies beside an archive is compared with its hashes, where it lies.
func TestAsarBeside(t *testing.T) {
	for name, c := range map[string]struct {
		write []byte
		want  []string
	}{
		"other":   {addon("other"), []string{"inconsistent Contents/Resources/app.asar.unpacked/node_modules/left/out.node: content differs from the hash that app.asar gives for it x1"}},
		"missing": {nil, []string{"unresolved Contents/Resources/app.asar.unpacked/node_modules/left/out.node: app.asar names this file, and it is not there x1"}},
	} {
		dir := t.TempDir()
		app(t, dir, "App", machotest.Sample(false))
		write(t, filepath.Join(dir, inApp), asarOf(addon("in")))
		if c.write != nil {
			write(t, filepath.Join(dir, inApp+".unpacked/node_modules/left/out.node"), c.write)
		}
		p := run(t, options(t, dir)).Products[0]
		got := slices.DeleteFunc(gapLines(p.Gaps), func(g string) bool { return !strings.Contains(g, ".unpacked") })
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: gaps (-want +got):\n%s", name, d)
		}
	}
}

// An archive that cannot be opened costs itself: its own bytes still count for
// the id, and the run goes on.
func TestAsarDamaged(t *testing.T) {
	whole := asarOf(addon("in"))
	huge := archivetest.AsarRaw([]byte(`{"files":[]}`), nil)
	code := collector()
	for name, b := range map[string][]byte{"cut": whole[:200], "start": whole[:5], "empty": {}, "list": huge, "text": []byte("no archive"),
		"deadly": append(slices.Clone(whole[:300]), []byte("DEADLY-ALWAYS")...)} {
		dir := t.TempDir()
		app(t, dir, "App", machotest.Sample(false))
		write(t, filepath.Join(dir, inApp), b)
		write(t, filepath.Join(dir, "App.app/Contents/Frameworks/C"), code)
		p := run(t, options(t, dir)).Products[0]
		if p.ID != idOf(t, dir, "App.app") || p.Coverage.Files != 4 || p.Coverage.Unreadable != 1 || len(p.Tags) != 1 {
			t.Errorf("%s: coverage %+v, %d tags", name, p.Coverage, len(p.Tags))
		}
		if !slices.ContainsFunc(p.Gaps, func(g sbom.Gap) bool {
			return g.Path == "Contents/Resources/app.asar" && (g.Kind == sbom.GapUnreadable || name == "deadly") && !strings.Contains(g.Why, os.TempDir())
		}) {
			t.Errorf("%s: gaps %v", name, gapLines(p.Gaps))
		}
	}
}

// Code with an archive's name is code.
func TestAsarNameHidesNoCode(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", machotest.Sample(false))
	write(t, filepath.Join(dir, inApp), collector())
	p := run(t, options(t, dir)).Products[0]
	if len(p.Tags) != 1 || p.Coverage.Unreadable != 0 || p.Coverage.Analysed != 3 {
		t.Errorf("tags %v, coverage %+v, gaps %v", p.Tags, p.Coverage, gapLines(p.Gaps))
	}
}

// Names that are refused are counted with the product.
func TestAsarHostileNames(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", machotest.Sample(false))
	write(t, filepath.Join(dir, inApp), archivetest.AsarRaw([]byte(`{"files":{"../up":{"size":2,"offset":"0"},"a.js":{"size":2,"offset":"0"}}}`), []byte("hi")))
	s := run(t, options(t, dir))
	if c := s.Products[0].Coverage; c.Files != 5 || c.Unreadable != 1 || s.Outside.Files != 0 {
		t.Errorf("coverage %+v, outside %+v", c, s.Outside)
	}
}

// Outside an app an archive is a place, like a zip.
func TestAsarOutside(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "plain.asar"), archivetest.Asar(archivetest.File{Name: "a.js", Data: "a"}, archivetest.File{Name: "b.js", Data: "b"}))
	var none *NoProductError
	if _, err := Run(t.Context(), options(t, dir)); !errors.As(err, &none) || len(none.Gaps) != 1 || none.Gaps[0].Count != 2 {
		t.Errorf("JavaScript alone: %v, %v", err, none)
	}
	write(t, filepath.Join(dir, "native.asar"), asarOf(addon("in")))
	s := run(t, options(t, dir))
	if len(s.Products) != 1 || len(s.Products[0].Packages) != 2 || len(s.Products[0].Images) != 1 {
		t.Fatalf("%d products", len(s.Products))
	}
	if c := total(s); c.Files != 10 || c.Validate() != nil || s.Inputs[0].Files != 10 {
		t.Errorf("coverage %+v", c)
	}
	alone := run(t, options(t, filepath.Join(dir, "native.asar")))
	if in := alone.Inputs[0]; in.Kind != sbom.InputAsar || in.Digest != sbom.DigestOf(asarOf(addon("in"))) {
		t.Errorf("manifest %+v", in)
	}
}
