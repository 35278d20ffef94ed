package cdx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

func exampleScan() *sbom.Scan {
	s := &sbom.Scan{Tool: "kinbom", Version: "0.1.0", Rules: hash("rules"),
		Inputs:   []sbom.Input{{Path: "apps", Kind: "directory", Digest: hash("apps"), Files: 40, Bytes: 12345}, {Path: "old.zip", Kind: "zip", Digest: hash("zip"), Files: 3, Bytes: 7}},
		Products: []*sbom.Product{docCleaner(), minimal()},
		Gaps:     []sbom.Gap{{Kind: sbom.GapUnsupported, Path: "apps/x.dmg", Offset: -1, Why: "disk images are not opened", Count: 1}}}
	s.Outside.AddAnalysed(2)
	s.Outside.AddSkipped("not code", 5)
	return s
}

func saved(t *testing.T, s *sbom.Scan, o Options) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "boms")
	if err := Save(dir, s, o); err != nil {
		t.Fatal(err)
	}
	return dir
}

func loaded(t *testing.T, dir string) *sbom.Scan {
	t.Helper()
	s, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tree is every path below dir with the content of files.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			out[path] = ""
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		out[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSaveAndLoad(t *testing.T) {
	for _, o := range forms {
		t.Run(formName(o), func(t *testing.T) {
			dir := saved(t, exampleScan(), o)
			if d := cmp.Diff(exampleScan(), loaded(t, dir)); d != "" {
				t.Error(d)
			}
			if !IsSaved(dir) {
				t.Error("IsSaved does not know the folder")
			}
		})
	}
}

func TestSavedFolder(t *testing.T) {
	dir := saved(t, exampleScan(), Options{})
	cleaner := "doc-cleaner-" + docCleaner().ID.Short() + ".cdx.json"
	tool := "tool-" + minimal().ID.Short() + ".cdx.json"
	got := tree(t, dir)
	if want := []string{".", cleaner, "marks", "scan.json", tool}; !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
		t.Errorf("the folder holds %q, want %q", slices.Sorted(maps.Keys(got)), want)
	}
	var m manifest
	if err := json.Unmarshal([]byte(got["scan.json"]), &m); err != nil {
		t.Fatal(err)
	}
	if m.Schema != "kinbom.scan/1" || len(m.BOMs) != 2 || m.BOMs[0].File != cleaner || m.BOMs[0].SHA256 != sbom.DigestOf([]byte(got[cleaner])) {
		t.Errorf("scan.json says %+v", m)
	}
	if m.Timestamp != "" {
		t.Error("scan.json has a time that nobody gave")
	}
	d, err := ReadDocument(strings.NewReader(got[tool]), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if d.Options.Rules != hash("rules") || d.Options.ToolVersion != "0.1.0" || len(d.Options.Inputs) != 2 {
		t.Errorf("the BOM does not carry rules, version and inputs of the scan: %+v", d.Options)
	}
}

func TestSaveIsTheSameInAnyOrder(t *testing.T) {
	a := saved(t, exampleScan(), Options{})
	s := exampleScan()
	slices.Reverse(s.Products)
	if d := cmp.Diff(tree(t, a), tree(t, saved(t, s, Options{}))); d != "" {
		t.Error(d)
	}
}

func TestSaveReplacesItsOwn(t *testing.T) {
	dir := saved(t, exampleScan(), Options{})
	mark := filepath.Join(dir, "marks", string(hash("m"))+".kmk")
	if err := os.WriteFile(mark, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".DS_Store"), []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := exampleScan()
	s.Products = s.Products[1:]
	if err := Save(dir, s, Options{Format: XML}); err != nil {
		t.Fatal(err)
	}
	want := []string{".", ".DS_Store", "marks", "scan.json", "tool-" + minimal().ID.Short() + ".cdx.xml"}
	if got := slices.Sorted(maps.Keys(tree(t, dir))); !slices.Equal(got, want) {
		t.Errorf("after the second save the folder holds %q, want %q", got, want)
	}
	if d := cmp.Diff(s, loaded(t, dir)); d != "" {
		t.Error(d)
	}
}

// A save that was cut short is cleaned up by the next.
func TestSaveAfterACrash(t *testing.T) {
	dir := saved(t, exampleScan(), Options{})
	stage := filepath.Join(dir, stageMark+"1")
	other := "other-" + hash("other").Short() + ".cdx.json"
	if err := os.Mkdir(stage, 0o777); err != nil {
		t.Fatal(err)
	}
	m := newManifest(exampleScan(), []bomRecord{{File: other, SHA256: hash("x"), Product: hash("other")}}, Options{}.Timestamp)
	if err := os.WriteFile(filepath.Join(stage, scanFile), []byte(jsonText(m)), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, other), []byte("half"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Save(dir, exampleScan(), Options{}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(tree(t, saved(t, exampleScan(), Options{})), tree(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestSaveRefusesForeignFolders(t *testing.T) {
	bom := string(written(t, minimal(), Options{}))
	ours := `{"schema": "kinbom.scan/1", "boms": [{"file": %q, "sha256": "` + string(hash("a")) + `", "product": "` + string(hash("b")) + `"}]}`
	cases := map[string]fstest.MapFS{
		"a document":          {"notes.txt": {}},
		"a loose BOM":         {"tool-0123456789ab.cdx.json": {Data: []byte(bom)}},
		"another scan.json":   {"scan.json": {Data: []byte(`{"schema": "x"}`)}},
		"a file in marks":     {"marks/notes.txt": {}},
		"a folder":            {"sub/x": {}},
		"a listed user file":  {"scan.json": {Data: fmt.Appendf(nil, ours, "thesis.cdx.json")}, "thesis.cdx.json": {}},
		"a path in scan.json": {"scan.json": {Data: fmt.Appendf(nil, ours, "../x-0123456789ab.cdx.json")}},
		"a later schema":      {"scan.json": {Data: []byte(`{"schema": "kinbom.scan/2"}`)}},
	}
	for name, files := range cases {
		dir := t.TempDir()
		if err := os.CopyFS(dir, files); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		err := Save(dir, exampleScan(), Options{})
		var foreign *ForeignError
		if err == nil || (!errors.As(err, &foreign) && !strings.Contains(err.Error(), "scan.json")) {
			t.Errorf("%s: error is %v", name, err)
		}
		if d := cmp.Diff(before, tree(t, dir)); d != "" {
			t.Errorf("%s: the folder was changed: %s", name, d)
		}
	}
}

func TestSaveFailsWhole(t *testing.T) {
	dir := saved(t, exampleScan(), Options{})
	before := tree(t, dir)
	s := exampleScan()
	s.Products[1].ID = "broken"
	if Save(dir, s, Options{}) == nil {
		t.Error("a broken product was saved")
	}
	s = exampleScan()
	s.Products = append(s.Products, s.Products[0])
	if err := Save(dir, s, Options{}); err == nil || !strings.Contains(err.Error(), "there twice") {
		t.Errorf("one product twice: %v", err)
	}
	if d := cmp.Diff(before, tree(t, dir)); d != "" {
		t.Errorf("a failed save changed the folder: %s", d)
	}
}

func TestSaverKeepsToItsOptions(t *testing.T) {
	sv, err := NewSaver(t.TempDir(), Options{Rules: hash("other rules")})
	if err != nil {
		t.Fatal(err)
	}
	defer sv.Discard()
	if err := sv.Finish(exampleScan()); err == nil || !strings.Contains(err.Error(), "rules") {
		t.Errorf("rules of the scan differ from those of the BOMs: %v", err)
	}
}

func TestFileNamesOfSimilarProducts(t *testing.T) {
	a, b := minimal(), minimal()
	b.ID = a.ID[:12] + sbom.Digest(strings.Repeat("0", 52))
	s := exampleScan()
	s.Products = []*sbom.Product{a, b}
	names := slices.Sorted(maps.Keys(tree(t, saved(t, s, Options{}))))
	if want := "tool-" + string(b.ID) + ".cdx.json"; !slices.Contains(names, want) || len(names) != 5 {
		t.Errorf("names are %q, want %s among them", names, want)
	}
}

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{
		"Doc Cleaner": "doc-cleaner", "../../x": "x", "": "product", "時計": "product", "A--B!": "a-b",
		"CON": "con", strings.Repeat("x", 99): strings.Repeat("x", 48), "a\x00b": "a-b",
	} {
		if got := slug(in); got != want {
			t.Errorf("slug(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	cleaner := "doc-cleaner-" + docCleaner().ID.Short() + ".cdx.json"
	edit := func(name, old, by string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || !bytes.Contains(b, []byte(old)) {
				t.Fatalf("%s has no %q (%v)", name, old, err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), bytes.Replace(b, []byte(old), []byte(by), 1), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	link := func(t *testing.T, dir string) {
		remove(cleaner)(t, dir)
		if err := os.Symlink("/etc/hostname", filepath.Join(dir, cleaner)); err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		name, want string
		change     func(*testing.T, string)
	}{
		{"changed BOM", cleaner + ": its sha256 is", edit(cleaner, "Doc Cleaner", "Doc Keeper")},
		{"missing BOM", ": a BOM is missing: scan.json names " + cleaner + ", and the folder does not hold it", remove(cleaner)},
		{"link instead of a BOM", ": " + cleaner + " cannot be read: not a regular file", link},
		{"count of an input", "a count is below zero", edit(scanFile, `"files": 40`, `"files": -4`)},
		{"later schema", `schema "kinbom.scan/2" is not known`, edit(scanFile, "scan/1", "scan/2")},
		{"other file", "no scan.json of kinbom", edit(scanFile, "kinbom.scan/1", "x")},
		{"path outside", "is not the name of a BOM file", edit(scanFile, cleaner, "../"+cleaner)},
		{"other product", "it is of product", edit(scanFile, `"product": "`+string(docCleaner().ID), `"product": "`+string(hash("z")))},
		{"listed twice", "listed twice", edit(scanFile, "tool-"+minimal().ID.Short()+".cdx.json", cleaner)},
		{"coverage", "coverage", edit(scanFile, `"files": 7`, `"files": 8`)},
		{"rules", "not a digest", edit(scanFile, `"rules": "`, `"rules": "x`)},
		{"nothing", "no scan.json and no BOM", func(t *testing.T, dir string) {
			remove(".")(t, dir+"/"+cleaner)
			remove("tool-"+minimal().ID.Short()+".cdx.json")(t, dir)
			remove(scanFile)(t, dir)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := saved(t, exampleScan(), Options{})
			c.change(t, dir)
			s, err := Load(dir)
			if err == nil || s != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q and no scan", err, c.want)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// What is missing is named in plain words, all of it, without the names of
// system calls.
func TestLoadNamesWhatIsMissing(t *testing.T) {
	dir := saved(t, exampleScan(), Options{})
	var want []string
	for _, p := range exampleScan().Products {
		want = append(want, slug(p.Name)+"-"+p.ID.Short()+".cdx.json")
	}
	for _, name := range want {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Load(dir)
	var none *MissingError
	if !errors.As(err, &none) || !slices.Equal(none.Files, want) || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error is %v, want a MissingError with %q", err, want)
	}
	if text := "2 BOMs are missing: scan.json names " + want[0] + ", " + want[1] + ", and the folder does not hold them"; !strings.HasSuffix(err.Error(), text) {
		t.Errorf("error is %q, want %q at its end", err, text)
	}
	_, err = Load(filepath.Join(dir, "none"))
	if want := "loading " + filepath.Join(dir, "none") + ": no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
}

// An input of a kind that we do not know keeps its word, and a gap says so.
func TestLoadNotesUnknownKindsOfInput(t *testing.T) {
	for _, kind := range []string{sbom.InputDirectory, sbom.InputBundle, sbom.InputFile, sbom.InputZip, sbom.InputIPA, sbom.InputTar, sbom.InputDMG, sbom.InputPkg, sbom.InputXIP, sbom.InputAsar, "floppy", "Zip", ""} {
		s := exampleScan()
		s.Inputs[1].Kind = kind
		want := slices.Contains([]string{"floppy", "Zip", ""}, kind)
		dir := saved(t, s, Options{})
		for _, listed := range []bool{true, false} {
			if !listed {
				if err := os.Remove(filepath.Join(dir, scanFile)); err != nil {
					t.Fatal(err)
				}
			}
			got := loaded(t, dir)
			if got.Inputs[1].Kind != kind {
				t.Errorf("kind %q came back as %q", kind, got.Inputs[1].Kind)
			}
			gap := sbom.Gap{Kind: sbom.GapInconsistent, Path: "old.zip", Offset: -1, Count: 1, Why: fmt.Sprintf("the input is of kind %q, which this version does not know", kind)}
			if has := slices.Contains(got.Gaps, gap); has != want {
				t.Errorf("kind %q, with scan.json %v: gap is %v, want %v", kind, listed, has, want)
			}
		}
	}
}

// A BOM edited in a folder without scan.json: nothing else could tell.
func TestLoadNotesChangedLooseBOMs(t *testing.T) {
	dir := saved(t, exampleScan(), Options{})
	name := filepath.Join(dir, "doc-cleaner-"+docCleaner().ID.Short()+".cdx.json")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(`\"grade\":\"likely\"`), []byte(`\"grade\":\"shown\"`), 1)
	if err := errors.Join(os.WriteFile(name, b, 0o666), os.Remove(filepath.Join(dir, scanFile))); err != nil {
		t.Fatal(err)
	}
	s := loaded(t, dir)
	for _, p := range s.Products {
		if got, want := changed(p.Gaps), p.Name == "Doc Cleaner"; got != want {
			t.Errorf("%s: gap is %v, want %v", p.Name, got, want)
		}
	}
}

func gapsOf(s *sbom.Scan) string {
	var all []string
	for _, g := range s.Gaps {
		all = append(all, g.Path+": "+g.Why)
	}
	return strings.Join(all, "\n")
}

func TestLoadLooseBOMs(t *testing.T) {
	dir := saved(t, exampleScan(), Options{})
	if err := os.Remove(filepath.Join(dir, scanFile)); err != nil {
		t.Fatal(err)
	}
	if !IsSaved(dir) {
		t.Error("IsSaved does not know a folder of BOMs")
	}
	s := loaded(t, dir)
	want := exampleScan()
	if d := cmp.Diff(want.Products, s.Products); d != "" {
		t.Error(d)
	}
	if s.Tool != "kinbom" || s.Version != "0.1.0" || s.Rules != hash("rules") || len(s.Inputs) != 2 {
		t.Errorf("tool, rules or inputs of the BOMs are lost: %+v", s)
	}
	if len(s.Gaps) != 1 || !strings.Contains(gapsOf(s), "custody record is missing") {
		t.Errorf("gaps are %q", gapsOf(s))
	}
	// one more BOM of the same product, and one made with other rules
	other := newGenerator(3).product()
	for name, b := range map[string][]byte{
		"z1.cdx.json": written(t, minimal(), Options{Rules: hash("rules")}),
		"z2.cdx.xml":  written(t, other, Options{Format: XML, Rules: hash("new rules")}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s = loaded(t, dir)
	if len(s.Products) != 3 || s.Rules != "" || !strings.Contains(gapsOf(s), "z1.cdx.json: a second BOM of the product in tool-") ||
		!strings.Contains(gapsOf(s), "2 different sets of rules") {
		t.Errorf("%d products, rules %q, gaps:\n%s", len(s.Products), s.Rules, gapsOf(s))
	}
}

func TestLoadNotesWhatIsNotListed(t *testing.T) {
	dir := saved(t, exampleScan(), Options{})
	if err := os.WriteFile(filepath.Join(dir, "extra.cdx.json"), []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := loaded(t, dir)
	if len(s.Products) != 2 || !strings.Contains(gapsOf(s), "extra.cdx.json: the BOM file is not named") {
		t.Errorf("gaps are %q", gapsOf(s))
	}
}

func TestIsSaved(t *testing.T) {
	cases := []struct {
		name  string
		files fstest.MapFS
		want  bool
	}{
		{"nothing", fstest.MapFS{}, false},
		{"an app", fstest.MapFS{"x.app/Contents/Info.plist": {}}, false},
		{"BOMs and something else", fstest.MapFS{"a.cdx.json": {}, "a.txt": {}}, false},
		{"BOMs", fstest.MapFS{"a.cdx.json": {}, "b.cdx.xml": {}, ".DS_Store": {}, "marks/x.kmk": {}}, true},
		{"another scan.json", fstest.MapFS{"scan.json": {Data: []byte(`{"schema": 3}`)}}, false},
		{"a later scan.json", fstest.MapFS{"scan.json": {Data: []byte(`{"schema": "kinbom.scan/7"}`)}}, true},
	}
	for _, c := range cases {
		dir := t.TempDir()
		if err := os.CopyFS(dir, c.files); err != nil {
			t.Fatal(err)
		}
		if got := IsSaved(dir); got != c.want {
			t.Errorf("%s: IsSaved is %v, want %v", c.name, got, c.want)
		}
	}
	if IsSaved(filepath.Join(t.TempDir(), "none")) {
		t.Error("a folder that is not there is saved")
	}
}
