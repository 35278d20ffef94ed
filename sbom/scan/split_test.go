package scan

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// code is an executable that differs from others.
func code(name string) []byte {
	return (machotest.Image{UUID: name, Strings: []string{name}}).Build()
}

// installer writes an app that holds apps of its own, helpers, and a folder that
// is an app by name only.
func installer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	app(t, dir, "Outer", code("Outer"))
	in := filepath.Join(dir, "Outer.app/Contents")
	app(t, in+"/Resources", "Inner", code("Inner"))
	app(t, in+"/Resources/Inner.app/Contents/Resources", "Nested", code("Nested"))
	app(t, in+"/Resources/Inner.app/Contents/Helpers", "Own", code("Own"))
	app(t, in+"/SharedSupport", "Second", code("Second"))
	app(t, in+"/Library/LoginItems", "Login", code("Login"))
	app(t, in+"/Frameworks/U.framework/Resources", "Update", code("Update"))
	write(t, in+"/Resources/Name.app/readme.txt", []byte("text"))
	for at, target := range map[string]string{"MacOS/link": "../Resources/Inner.app", "Resources/Inner.app/Contents/dangling": "nothing"} {
		if err := os.Symlink(target, filepath.Join(in, at)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func noteLines(l []sbom.Note) []string {
	var out []string
	for _, n := range l {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", n.Kind, n.Path, n.Digest.Short(), n.Text)))
	}
	return out
}

func byPath(s *sbom.Scan) map[string]*sbom.Product {
	out := map[string]*sbom.Product{}
	for _, p := range s.Products {
		for _, at := range p.Paths {
			out[at] = p
		}
	}
	return out
}

// Without the flag an app is one product, and the note names what could be split off.
func TestNoSplit(t *testing.T) {
	s := run(t, options(t, installer(t)))
	if len(s.Products) != 1 {
		t.Fatalf("%d products", len(s.Products))
	}
	p := s.Products[0]
	want := []string{"holds-app Contents/Resources/Inner.app", "holds-app Contents/Resources/Inner.app/Contents/Resources/Nested.app", "holds-app Contents/SharedSupport/Second.app"}
	if d := cmp.Diff(want, noteLines(p.Notes)); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"not-looked-at Contents/Resources/Inner.app/Contents/dangling: symbolic link that leads out of the input or to nothing x1"}, gapLines(p.Gaps)); d != "" {
		t.Errorf("an app that is looked at is no gap (-want +got):\n%s", d)
	}
}

// With it every file belongs to exactly one product, and the parts are the whole.
func TestSplit(t *testing.T) {
	dir := installer(t)
	whole := run(t, options(t, dir))
	o := options(t, dir)
	o.Split = true
	s := run(t, o)
	got := byPath(s)
	const in, second = "Outer.app/Contents/Resources/Inner.app", "Outer.app/Contents/SharedSupport/Second.app"
	const nested = in + "/Contents/Resources/Nested.app"
	if len(got) != 4 || got["Outer.app"] == nil || got[in] == nil || got[nested] == nil || got[second] == nil {
		t.Fatalf("products %v", got)
	}
	if d := cmp.Diff([]string{"split-off Contents/Resources/Inner.app " + got[in].ID.Short(), "split-off Contents/SharedSupport/Second.app " + got[second].ID.Short()}, noteLines(got["Outer.app"].Notes)); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"split-off Contents/Resources/Nested.app " + got[nested].ID.Short()}, noteLines(got[in].Notes)); d != "" {
		t.Errorf("notes of the inner app (-want +got):\n%s", d)
	}
	if d := cmp.Diff(total(whole), total(s)); d != "" {
		t.Errorf("coverage (-whole +split):\n%s", d)
	}
	var before, after []string
	for _, l := range []struct {
		s   *sbom.Scan
		out *[]string
	}{{whole, &before}, {s, &after}} {
		for _, p := range l.s.Products {
			for _, m := range p.Images {
				for _, pl := range m.Places {
					*l.out = append(*l.out, p.Paths[0]+"/"+pl.Path)
				}
			}
		}
		slices.Sort(*l.out)
	}
	if d := cmp.Diff(before, after); d != "" || len(after) != 7 {
		t.Errorf("images (-whole +split):\n%s", d)
	}
	if d := cmp.Diff(whole.Inputs, s.Inputs); d != "" {
		t.Errorf("manifest (-whole +split):\n%s", d)
	}
	if d := cmp.Diff([]string{"not-looked-at Contents/dangling: symbolic link that leads out of the input or to nothing x1"}, gapLines(got[in].Gaps)); d != "" || len(got["Outer.app"].Gaps) > 0 {
		t.Errorf("gaps of the outer app %v, of the inner (-want +got):\n%s", gapLines(got["Outer.app"].Gaps), d)
	}
	if p := got[second]; p.ID != idOf(t, dir, second) || p.Name != "Second" || p.BundleID != "com.example.Second" || p.Kind != sbom.KindApp {
		t.Errorf("product %+v", p)
	}
	alone := run(t, options(t, filepath.Join(dir, second))).Products[0]
	alone.Paths = got[second].Paths
	if d := cmp.Diff(alone, got[second]); d != "" {
		t.Errorf("split off and alone differ (-alone +split):\n%s", d)
	}
}

// What is split off does not depend on the form in which the installer comes.
func TestSplitInAnyForm(t *testing.T) {
	dir := installer(t)
	write(t, filepath.Join(dir, "Outer.app/Contents/Resources/p.zip"), zipOf(t, innerApp()))
	o := options(t, dir)
	o.Split = true
	folder := run(t, o)
	archive := filepath.Join(t.TempDir(), "a.tar.gz")
	packed(t, archive, []string{"tar", "-C", dir, "-czf"})
	o.Inputs = []string{archive}
	equalFolder(t, folder, run(t, o), "a.tar.gz", "tar")
	if len(folder.Products) != 5 {
		t.Errorf("%d products", len(folder.Products))
	}
}

// A folder whose app is all that it holds is no product beside it.
func TestSplitLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	app(t, filepath.Join(dir, "Shell.app/Contents/Resources"), "Inner", code("Inner"))
	write(t, filepath.Join(dir, "Shell.app/Contents/Resources/readme.txt"), []byte("text"))
	o := options(t, dir)
	o.Split = true
	s := run(t, o)
	if len(s.Products) != 1 || s.Products[0].Name != "Inner" || s.Outside.Files != 1 {
		t.Errorf("%d products, outside %+v", len(s.Products), s.Outside)
	}
}

// Symbolic links belong to the product that they lie in.
func TestSplitLinks(t *testing.T) {
	tr := &tree{links: map[string]string{"O.app/a": "1", "O.app/I.app/b": "2", "O.app/I.app/J.app/c": "3", "P.app/d": "4", "O.app/I.application/e": "5"}}
	split := map[string]bool{"O.app/I.app": true, "O.app/I.app/J.app": true}
	for root, want := range map[string]map[string]string{
		"O.app": {"a": "1", "I.application/e": "5"}, "O.app/I.app": {"b": "2"}, "O.app/I.app/J.app": {"c": "3"}, "P.app": {"d": "4"},
	} {
		d := &draft{kind: sbom.KindApp, root: root, tree: tr, split: split}
		if diff := cmp.Diff(want, d.links()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", root, diff)
		}
	}
}

// The rest of two installers may be the same while what they install differs.
func TestSplitSameRest(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"a", "b"} {
		app(t, filepath.Join(dir, n), "Outer", code("Outer"))
		app(t, filepath.Join(dir, n, "Outer.app/Contents/Resources"), "Inner", code(n))
	}
	o := options(t, dir)
	o.Split = true
	s := run(t, o)
	outer := byPath(s)["a/Outer.app"]
	if len(s.Products) != 3 || len(outer.Paths) != 2 || len(outer.Notes) != 2 || outer.Notes[0].Digest == outer.Notes[1].Digest {
		t.Errorf("%d products, outer %v %v", len(s.Products), outer.Paths, noteLines(outer.Notes))
	}
}

// member is a file of an archive; all are put below a folder.
type member struct {
	name string
	data []byte
}

func innerApp() []member {
	return []member{{"Inner.app/Contents/Info.plist", fmt.Appendf(nil, infoPlist, "Inner")}, {"Inner.app/Contents/MacOS/Inner", code("Inner")}, {"notes.txt", []byte("text")}}
}

func zipOf(t *testing.T, files []member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(f.data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t *testing.T, files []member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o755, Size: int64(len(f.data))}); err != nil {
			t.Fatal(err)
		}
		w.Write(f.data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pkgOf is a package with one component that installs into /Applications.
func pkgOf(files []member) []byte {
	var l []archivetest.File
	for _, f := range files {
		l = append(l, archivetest.File{Name: "./" + f.name, Data: string(f.data)})
	}
	return archivetest.XAR(archivetest.File{Name: "PackageInfo", Data: `<pkg-info identifier="com.example.inner" version="1" install-location="/Applications"/>`},
		archivetest.File{Name: "Payload", Data: string(archivetest.Gzip(archivetest.CPIO("odc", l...)))})
}

func dmgOf(t *testing.T, files []member) []byte {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		write(t, filepath.Join(dir, "in", f.name), f.data)
	}
	out := filepath.Join(dir, "out.dmg")
	if b, err := exec.Command("xorriso", "-hfsplus", "on", "-outdev", out, "-map", filepath.Join(dir, "in"), "/").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// An archive inside an app is opened as a part of it: one file of its id, its
// members below its path; an app in it is a product when the scan splits.
func TestContainersInApp(t *testing.T) {
	for _, c := range []struct {
		name, below string
		make        func() []byte
	}{
		{"p.zip", "", func() []byte { return zipOf(t, innerApp()) }},
		{"p.tar.gz", "", func() []byte { return archivetest.Gzip(tarOf(t, innerApp())) }},
		{"p.tar", "", func() []byte { return tarOf(t, innerApp()) }},
		{"p.pkg", "Payload/Applications/", func() []byte { return pkgOf(innerApp()) }},
		{"p.dmg", "", func() []byte {
			if _, err := exec.LookPath("xorriso"); err != nil {
				t.Skip("xorriso is not installed")
			}
			return dmgOf(t, innerApp())
		}},
		{"p.xar", "", func() []byte {
			var l []archivetest.File
			for _, f := range innerApp() {
				l = append(l, archivetest.File{Name: f.name, Data: string(f.data)})
			}
			return archivetest.XAR(l...)
		}},
		{"two.zip", "p.tar/", func() []byte { return zipOf(t, []member{{"p.tar", tarOf(t, innerApp())}}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			app(t, dir, "App", code("App"))
			at := "Contents/Resources/" + c.name
			write(t, filepath.Join(dir, "App.app", at), c.make())
			s := run(t, options(t, dir))
			p := s.Products[0]
			in := at + "/" + c.below + "Inner.app"
			if len(s.Products) != 1 || p.ID != idOf(t, dir, "App.app") {
				t.Errorf("%d products, or the id is not that of the files that lie in the app", len(s.Products))
			}
			if !slices.ContainsFunc(p.Images, func(m sbom.Image) bool {
				return m.Places[0].Path == in+"/Contents/MacOS/Inner" && m.Places[0].Role == sbom.RoleHelperApp && m.Places[0].Bundle == in
			}) {
				t.Errorf("no image of the inner app; gaps %v", gapLines(p.Gaps))
			}
			if len(p.Gaps) > 0 || p.Coverage.Unreadable > 0 || p.Coverage.Analysed < 5 {
				t.Errorf("gaps %v, coverage %+v", gapLines(p.Gaps), p.Coverage)
			}
			if d := cmp.Diff([]string{"holds-app " + in}, noteLines(p.Notes)); d != "" {
				t.Errorf("notes (-want +got):\n%s", d)
			}
			o := options(t, dir)
			o.Split = true
			split := run(t, o)
			inner := byPath(split)["App.app/"+in]
			if inner == nil || len(split.Products) != 2 {
				t.Fatalf("products %v", byPath(split))
			}
			if outer := byPath(split)["App.app"]; outer.ID != p.ID || len(outer.Images) != 1 {
				t.Errorf("the archive is one file of the outer app, whatever is split off: %s, %s", outer.ID, p.ID)
			}
			lone := t.TempDir()
			app(t, lone, "Inner", code("Inner"))
			if want := idOf(t, lone, "Inner.app"); inner.ID != want {
				t.Errorf("inner product %s, want %s", inner.ID, want)
			}
			if d := cmp.Diff(total(s), total(split)); d != "" {
				t.Errorf("coverage (-whole +split):\n%s", d)
			}
			if d := cmp.Diff(s.Inputs, split.Inputs); d != "" {
				t.Errorf("manifest (-whole +split):\n%s", d)
			}
		})
	}
}

// The manifest of the input and the product's id do not change with what is in
// an archive that is a part of the product.
func TestContainerManifest(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", code("App"))
	write(t, filepath.Join(dir, "App.app/Contents/Resources/p.zip"), zipOf(t, innerApp()))
	s := run(t, options(t, dir))
	var list []string
	for _, f := range []string{"Contents/Info.plist", "Contents/MacOS/App", "Contents/Resources/p.zip"} {
		b, _ := os.ReadFile(filepath.Join(dir, "App.app", f))
		list = append(list, "App.app/"+f, string(sbom.DigestOf(b)))
	}
	if in := s.Inputs[0]; in.Digest != sbom.DigestOfList(list) || in.Files != 6 {
		t.Errorf("manifest %+v", in)
	}
}

// What cannot be opened is a located gap, and costs nothing else.
func TestClosedContainers(t *testing.T) {
	whole := zipOf(t, innerApp())
	for name, c := range map[string]struct {
		file string
		data []byte
		max  limit.Max
		want string
	}{
		"cut":        {"p.zip", whole[:len(whole)-30], limit.Max{}, "unreadable Contents/Resources/p.zip"},
		"damaged":    {"p.dmg", []byte("no image"), limit.Max{}, "unreadable Contents/Resources/p.dmg"},
		"another":    {"p.7z", []byte("7z\xbc\xaf\x27\x1c rest"), limit.Max{}, "not-looked-at Contents/Resources/p.7z"},
		"too deep":   {"p.zip", zipOf(t, []member{{"q.zip", whole}}), limit.Max{Containers: 1}, "limit Contents/Resources/p.zip/q.zip"},
		"not by end": {"p.docx", whole, limit.Max{}, "not-looked-at Contents/Resources/p.docx"},
	} {
		dir := t.TempDir()
		app(t, dir, "App", code("App"))
		write(t, filepath.Join(dir, "App.app/Contents/Resources", c.file), c.data)
		o := options(t, dir)
		o.Max = c.max
		p := run(t, o).Products[0]
		if got := gapLines(p.Gaps); len(got) != 1 || !strings.HasPrefix(got[0], c.want+": ") {
			t.Errorf("%s: gaps %v, want %s", name, got, c.want)
		}
		if p.ID != idOf(t, dir, "App.app") || p.Coverage.Analysed < 2 {
			t.Errorf("%s: id %s, coverage %+v", name, p.ID, p.Coverage)
		}
	}
}

// A product from a damaged archive knows that a part of it may be missing.
func TestSplitFromDamaged(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", code("App"))
	whole := tarOf(t, innerApp())
	write(t, filepath.Join(dir, "App.app/Contents/Resources/p.tar"), whole[:len(whole)-1600])
	o := options(t, dir)
	o.Split = true
	got := byPath(run(t, o))
	outer, inner := got["App.app"], got["App.app/Contents/Resources/p.tar/Inner.app"]
	if inner == nil || len(inner.Gaps) != 1 || !strings.HasPrefix(inner.Gaps[0].Why, "what it came from could not be read whole: ") {
		t.Fatalf("inner %+v", inner)
	}
	if lines := gapLines(outer.Gaps); len(lines) != 1 || !strings.Contains(lines[0], " Contents/Resources/p.tar") {
		t.Errorf("outer gaps %v", lines)
	}
}
