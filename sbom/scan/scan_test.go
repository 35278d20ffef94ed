package scan

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/fixtures"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
	"github.com/kinbom/kinbom/sbom/worker"
)

const childEnv = "KINBOM_TEST_SCAN_CHILD"

// The test binary is its own child: with the variable set it serves requests.
func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "serve":
		if err := worker.Serve(context.Background(), os.Stdin, os.Stdout, meeting(deadly(Handlers())), worker.Limits{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// deadly makes requests for files that hold a word kill the child, as a
// hostile file does that finds a fault in a reader.
func deadly(h map[string]worker.Handler) map[string]worker.Handler {
	out := map[string]worker.Handler{}
	for kind, f := range h {
		out[kind] = func(ctx context.Context, q []byte) ([]byte, error) {
			for _, part := range bytes.Split(q, []byte(`"Disk":"`))[1:] {
				path, _, _ := bytes.Cut(part, []byte(`"`))
				if fi, err := os.Lstat(string(path)); err != nil || !fi.Mode().IsRegular() {
					continue
				}
				b, _ := os.ReadFile(string(path))
				switch {
				case bytes.Contains(b, []byte("DEADLY-CODE-PANIC")) && !bytes.Contains(q, []byte(`"Marks":""`)):
					panic("of the pass")
				case bytes.Contains(b, []byte("DEADLY-CODE")) && !bytes.Contains(q, []byte(`"Marks":""`)),
					bytes.Contains(b, []byte("DEADLY-ALWAYS")), bytes.Contains(b, []byte("DEADLY-DEEP")) && !bytes.Contains(q, []byte(`"Basic":true`)):
					os.Exit(7)
				}
			}
			return f(ctx, q)
		}
	}
	return out
}

func options(t *testing.T, inputs ...string) Options {
	t.Helper()
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Inputs: inputs, Rules: rules, Version: "test", Command: func(ctx context.Context) *exec.Cmd {
		c := exec.CommandContext(ctx, os.Args[0])
		c.Env = append(os.Environ(), childEnv+"=serve")
		return c
	}}
}

func run(t *testing.T, o Options) *sbom.Scan {
	t.Helper()
	s, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Products {
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		for _, g := range p.Tags {
			for _, e := range g.Evidence {
				if e.How != "" && len(e.Bytes) == 0 {
					t.Errorf("%s: evidence at %d is %s, and shows no bytes", g.Rule, e.Offset, e.How)
				}
			}
		}
	}
	return s
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
}

const infoPlist = `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>
<key>CFBundleIdentifier</key><string>com.example.%[1]s</string><key>CFBundleName</key><string>%[1]s</string>
<key>CFBundleExecutable</key><string>%[1]s</string><key>CFBundleShortVersionString</key><string>1.2</string></dict></plist>`

// app writes a small app with one executable.
func app(t *testing.T, dir, name string, code []byte) {
	t.Helper()
	write(t, filepath.Join(dir, name+".app/Contents/Info.plist"), fmt.Appendf(nil, infoPlist, name))
	write(t, filepath.Join(dir, name+".app/Contents/MacOS", name), code)
}

func release(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "apps")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := fixtures.Unpack(dir, 1); err != nil {
		t.Fatal(err)
	}
	return dir
}

// total is the coverage of everything that was met.
func total(s *sbom.Scan) sbom.Coverage {
	var c sbom.Coverage
	c.Add(s.Outside)
	for _, p := range s.Products {
		c.Add(p.Coverage)
	}
	return c
}

func TestFixtureFamily(t *testing.T) {
	dir := release(t)
	files := 0
	filepath.WalkDir(dir, func(_ string, d os.DirEntry, _ error) error {
		if d.Type().IsRegular() {
			files++
		}
		return nil
	})
	one := options(t, dir)
	one.Jobs = 1
	s := run(t, one)
	if c := total(s); c.Files != files || c.Validate() != nil {
		t.Errorf("%d files on disk, coverage %+v: %v", files, c, c.Validate())
	}
	if s.Inputs[0].Files != files || !s.Inputs[0].Digest.Valid() {
		t.Errorf("manifest: %+v, want %d files", s.Inputs[0], files)
	}
	for _, p := range s.Products {
		if p.BundleID == "com.halcyon.example.backup" { // the Go product: its modules, and no complaint
			var got []string
			for _, k := range p.Packages {
				got = append(got, k.PURL+" in "+k.Place)
			}
			const exe = " in Contents/MacOS/HalcyonBackup"
			want := []string{"pkg:golang/backup.halcyon.invalid/agent" + exe, "pkg:golang/log.halcyon.invalid/htlog@v1.2.0" + exe, "pkg:golang/stdlib@"}
			if len(got) == 3 && strings.HasPrefix(got[2], want[2]) { // the compiler's version is the fixture's
				want[2] = got[2]
			}
			if d := cmp.Diff(want, got); d != "" || len(p.Gaps) > 0 {
				t.Errorf("packages (-want +got):\n%s\ngaps %v", d, p.Gaps)
			}
		}
	}
	many := options(t, dir)
	many.Jobs = 4
	if d := cmp.Diff(s, run(t, many)); d != "" {
		t.Errorf("the number of readers shows (-1 +4):\n%s", d)
	}
}

// The same release as a folder and in any other form is the same products.
func TestFormsEqualFolder(t *testing.T) {
	dir := release(t)
	folder := run(t, options(t, dir))
	for _, form := range []struct {
		name, kind string
		pack       []string // empty: the archive as it is committed
	}{
		{"apps.zip", "zip", nil},
		{"apps.tar", "tar", []string{"tar", "-C", dir, "-cf"}},
		{"apps.tar.gz", "tar", []string{"tar", "-C", dir, "-czf"}},
		{"apps.tar.xz", "tar", []string{"tar", "-C", dir, "-cJf"}},
		{"apps.dmg", "dmg", []string{"xorriso", "-hfsplus", "on", "-map", dir, "/", "-outdev"}},
	} {
		t.Run(form.name, func(t *testing.T) {
			archive := filepath.Join(t.TempDir(), form.name)
			if form.pack == nil {
				write(t, archive, fixtures.Release(1))
			} else {
				packed(t, archive, form.pack)
			}
			equalFolder(t, folder, run(t, options(t, archive)), form.name, form.kind)
		})
	}
}

func packed(t *testing.T, archive string, pack []string) {
	t.Helper()
	if _, err := exec.LookPath(pack[0]); err != nil {
		t.Skipf("%s is not installed", pack[0])
	}
	args := append(slices.Clone(pack[1:]), archive)
	if pack[0] == "tar" {
		args = append(args, ".")
	} else if pack[0] == "xorriso" { // the output comes before the files
		n := len(pack)
		args = append([]string{"-outdev", archive}, pack[1:n-1]...)
	}
	if b, err := exec.Command(pack[0], args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", pack, err, b)
	}
}

func equalFolder(t *testing.T, folder, zipped *sbom.Scan, name, kind string) {
	t.Helper()
	if len(folder.Products) != len(zipped.Products) {
		t.Fatalf("%d products in the folder, %d in the archive", len(folder.Products), len(zipped.Products))
	}
	for i, p := range folder.Products {
		q := zipped.Products[i]
		if want := name + "/" + p.Paths[0]; q.Paths[0] != want {
			t.Errorf("path %q, want %q", q.Paths[0], want)
		}
		q.Paths = p.Paths
		if d := cmp.Diff(p, q); d != "" {
			t.Errorf("%s (-folder +archive):\n%s", p.Name, d)
		}
	}
	if in := zipped.Inputs[0]; !in.Digest.Valid() || in.Kind != kind || in.Path != name {
		t.Errorf("manifest of the archive: %+v", in)
	}
}

func TestOrderOfInputs(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	app(t, a, "One", machotest.Sample(false))
	app(t, b, "Two", machotest.Sample(true))
	app(t, b, "One", machotest.Sample(false))
	ab, ba := run(t, options(t, a, b)), run(t, options(t, b, a))
	if d := cmp.Diff(ab, ba); d != "" {
		t.Errorf("order of inputs shows (-ab +ba):\n%s", d)
	}
	var got []string
	for _, p := range ab.Products {
		got = append(got, strings.Join(p.Paths, " + "))
	}
	if d := cmp.Diff([]string{"a/One.app + b/One.app", "b/Two.app"}, got); d != "" {
		t.Errorf("products (-want +got):\n%s", d)
	}
}

// A file that kills its reader costs itself and nothing else.
func TestDeadlyFiles(t *testing.T) {
	dir := t.TempDir()
	always := append(machotest.Sample(false), []byte("DEADLY-ALWAYS")...)
	deep := append(machotest.Sample(false), []byte("DEADLY-DEEP")...)
	app(t, dir, "Good", machotest.Sample(false))
	app(t, dir, "Bad", machotest.Sample(true))
	bad := filepath.Join(dir, "Bad.app/Contents/")
	write(t, filepath.Join(bad, "Frameworks/always.dylib"), always)
	write(t, filepath.Join(bad, "Frameworks/deep.dylib"), deep)
	write(t, filepath.Join(bad, "PlugIns/P.bundle/Contents/Info.plist"), []byte(fmt.Sprintf(infoPlist, "P")+"<!-- DEADLY-ALWAYS -->"))
	write(t, filepath.Join(bad, "Resources/a/package.json"), []byte(`{"name":"fine","version":"1.0.0"}`))
	write(t, filepath.Join(bad, "Resources/b/package.json"), []byte(`{"name":"DEADLY-ALWAYS","version":"1.0.0"}`))
	s := run(t, options(t, dir))
	p := s.Products[0]
	var gaps []string
	for _, g := range p.Gaps {
		if g.Kind != sbom.GapUnresolved {
			gaps = append(gaps, string(g.Kind)+" "+g.Path+": "+g.Why)
		}
	}
	want := []string{
		"worker-died Contents/Frameworks/always.dylib: the process that read it crashed",
		"not-looked-at Contents/Frameworks/deep.dylib: read at basic level: names, literals and classes were not looked at",
		"worker-died Contents/Frameworks/deep.dylib: the process that read it crashed; only its load commands were read",
		"worker-died Contents/PlugIns/P.bundle/Contents/Info.plist: property list: the process that read it crashed",
		"worker-died Contents/Resources/b/package.json: packages: the process that read it crashed",
	}
	if d := cmp.Diff(want, gaps); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
	if p.Coverage.Unreadable != 2 {
		t.Errorf("coverage: %+v, want 2 unreadable", p.Coverage)
	}
	if p.BundleID != "com.example.Bad" || len(p.Images) != 2 || len(p.Packages) != 1 || p.Packages[0].Name != "fine" {
		t.Errorf("what is left of the product: id %q, %d images, packages %v", p.BundleID, len(p.Images), p.Packages)
	}
	alone := t.TempDir()
	app(t, alone, "Good", machotest.Sample(false))
	if d := cmp.Diff(run(t, options(t, alone)).Products[0], s.Products[1]); d != "" {
		t.Errorf("a deadly neighbour shows (-alone +beside):\n%s", d)
	}
}

// The inputs that are known to kill a reader library outright are read, or
// become gaps; the others of the product are whole.
func TestHostileImages(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", machotest.Sample(false))
	names := []string{}
	for name, b := range machotest.Hostiles() {
		names = append(names, name)
		write(t, filepath.Join(dir, "App.app/Contents/Frameworks", name+".dylib"), b)
	}
	p := run(t, options(t, dir)).Products[0]
	if p.Coverage.Files != len(names)+2 {
		t.Errorf("coverage %+v over %d hostile files and 2 good ones", p.Coverage, len(names))
	}
	for _, n := range names {
		if !slices.ContainsFunc(p.Gaps, func(g sbom.Gap) bool {
			return strings.HasSuffix(g.Path, "/"+n+".dylib") && g.Kind != sbom.GapUnresolved
		}) {
			t.Errorf("%s: no gap says what is wrong with it", n)
		}
	}
}

func TestKindsOfProduct(t *testing.T) {
	dir := t.TempDir()
	sample := machotest.Sample(false)
	app(t, dir, "App", sample)
	app(t, filepath.Join(dir, "App.app/Contents/Helpers"), "Inner", sample)
	write(t, filepath.Join(dir, "Empty.app/readme.txt"), []byte("no code"))
	write(t, filepath.Join(dir, "notes.txt"), []byte("text"))
	write(t, filepath.Join(dir, "lib/F.framework/F"), sample)
	write(t, filepath.Join(dir, "lib/F.framework/x.txt"), []byte("text"))
	write(t, filepath.Join(dir, "lib/NoCode.bundle/x.txt"), []byte("text"))
	s := run(t, options(t, dir))
	var got []string
	for _, p := range s.Products {
		got = append(got, fmt.Sprintf("%s %s %d files", p.Kind, p.Name, p.Coverage.Files))
	}
	base := filepath.Base(dir)
	want := []string{"libraries loose libraries of " + base + " 2 files", "app App 4 files"}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("products (-want +got):\n%s", d)
	}
	if s.Outside.Files != 3 || s.Outside.Skipped != 3 {
		t.Errorf("outside any product: %+v, want 3 files skipped", s.Outside)
	}
}

func TestNoProduct(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "notes.txt"), []byte("text"))
	var none *NoProductError
	if _, err := Run(t.Context(), options(t, dir)); !errors.As(err, &none) || len(none.Gaps) != 0 {
		t.Errorf("error %v, want that there is no product, without a gap", err)
	}
	write(t, filepath.Join(dir, "cut.zip"), fixtures.Release(1)[:5000])
	if _, err := Run(t.Context(), options(t, dir)); !errors.As(err, &none) || len(none.Gaps) != 1 {
		t.Errorf("error %v, want that there is no product, and a gap for the archive", err)
	}
}

// Nothing that an archive says can write or read outside the private folder.
func TestArchiveCannotEscape(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	write(t, victim, []byte("untouched"))
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, mode os.FileMode, content []byte) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(content)
	}
	add("App.app/Contents/Info.plist", 0o644, fmt.Appendf(nil, infoPlist, "App"))
	add("App.app/Contents/MacOS/App", 0o755, machotest.Sample(false))
	add("../victim", 0o644, []byte("overwritten"))
	add(victim, 0o644, []byte("overwritten"))
	add("App.app/out", os.ModeSymlink|0o777, []byte(victim))
	add("App.app/out/under", 0o644, []byte("overwritten"))
	z.Close()
	archive := filepath.Join(dir, "app.zip")
	write(t, archive, b.Bytes())
	s := run(t, options(t, archive))
	if got, _ := os.ReadFile(victim); string(got) != "untouched" {
		t.Errorf("the file outside now says %q", got)
	}
	if len(s.Products) != 1 || len(s.Gaps) < 2 {
		t.Errorf("%d products, gaps %v", len(s.Products), s.Gaps)
	}
	if c := total(s); c.Validate() != nil || c.Unreadable < 2 {
		t.Errorf("coverage %+v", c)
	}
}

func TestCancelled(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	app(t, dir, "App", machotest.Sample(false))
	if _, err := Run(ctx, options(t, dir)); err == nil {
		t.Error("a cancelled scan gave a result")
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) > 0 {
		t.Errorf("the private folder is still there: %v", left)
	}
}

// collector is an image that a rule finds.
func collector() []byte {
	return (machotest.Image{Type: "dylib", InstallName: "@rpath/C", Loads: []machotest.Load{{Name: "/usr/lib/libSystem.B.dylib"}},
		Strings: []string{"Library/Safari/History.db", "SELECT url FROM history_items JOIN history_visits"}}).Build()
}

// Code is code wherever it lies: a folder's name hides nothing.
func TestCodeInSymbolsFolder(t *testing.T) {
	for _, hide := range []string{"Contents/A.dSYM/Contents/Resources/DWARF/C", "Contents/Z.dSYM/Contents/Resources/DWARF/C"} {
		for _, beside := range []bool{true, false} {
			dir := t.TempDir()
			app(t, dir, "App", machotest.Sample(false))
			write(t, filepath.Join(dir, "App.app", hide), collector())
			if beside {
				write(t, filepath.Join(dir, "App.app/Contents/Frameworks/C"), collector())
			}
			p := run(t, options(t, dir)).Products[0]
			if len(p.Tags) != 1 || p.Tags[0].Capability != "browser.history.read" {
				t.Errorf("%s, beside %v: tags %v", hide, beside, p.Tags)
			}
		}
	}
}

// Symbols outside an app make no product; inside they are no code.
func TestSymbols(t *testing.T) {
	symbols := (machotest.Image{Type: "dsym", UUID: "same", Strings: []string{"Library/Safari/History.db", "SELECT url FROM history_items"}}).Build()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "App.app.dSYM/Contents/Resources/DWARF/App"), symbols)
	var none *NoProductError
	if _, err := Run(t.Context(), options(t, dir)); !errors.As(err, &none) {
		t.Errorf("a folder with symbols alone: %v", err)
	}
	app(t, dir, "App", (machotest.Image{UUID: "same"}).Build())
	write(t, filepath.Join(dir, "App.app/Contents/App.dSYM/Contents/Resources/DWARF/App"), symbols)
	s := run(t, options(t, dir))
	if len(s.Products) != 1 || len(s.Products[0].Tags) != 0 {
		t.Errorf("%d products, tags %v", len(s.Products), s.Products[0].Tags)
	}
	roles := map[sbom.Role]int{}
	for _, m := range s.Products[0].Images {
		roles[m.Places[0].Role]++
	}
	if roles[sbom.RoleSymbols] != 1 || roles[sbom.RoleMain] != 1 {
		t.Errorf("roles %v", roles)
	}
	if s.Outside.Files != 1 || s.Outside.Skipped != 1 {
		t.Errorf("outside: %+v", s.Outside)
	}
}

// What a link or a property list names and the input lacks is a gap.
func TestLacking(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "App")
	write(t, outside, machotest.Sample(false))
	app(t, dir, "App", machotest.Sample(false))
	exe := filepath.Join(dir, "App.app/Contents/MacOS/App")
	os.Remove(exe)
	if err := os.Symlink(outside, exe); err != nil {
		t.Fatal(err)
	}
	os.Symlink("../nowhere", filepath.Join(dir, "Linked.app"))
	s := run(t, options(t, dir))
	var got []string
	for _, g := range append(s.Gaps, s.Products[0].Gaps...) {
		got = append(got, fmt.Sprintf("%s %q: %s", g.Kind, g.Path, g.Why))
	}
	want := []string{
		`not-looked-at "Linked.app": symbolic link that leads out of the input or to nothing`,
		`unresolved "": executable "App" of the bundle is not there`,
		`not-looked-at "Contents/MacOS/App": symbolic link that leads out of the input or to nothing`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
}

// The digest of an input is its own, whatever else is given.
func TestManifestIsTheInputsOwn(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	app(t, a, "One", machotest.Sample(false))
	app(t, b, "Two", machotest.Sample(true))
	alone, both := run(t, options(t, a)), run(t, options(t, a, b))
	if d := cmp.Diff(alone.Inputs[0], both.Inputs[0]); d != "" {
		t.Errorf("(-alone +beside another):\n%s", d)
	}
}
