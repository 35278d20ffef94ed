package scan

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
	"github.com/kinbom/kinbom/sbom/nib/nibtest"
)

// What nibs name is of the bundle that they lie in; classes of the system are left
// out. A nib that cannot be read costs a gap, and one that kills its child no other.
func TestNibs(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", machotest.Sample(true))
	type o = nibtest.Object
	keyed := nibtest.Keyed(o{Class: "NSCustomObject", Texts: []string{"NSClassName", "Delegate"}}, o{Class: "NSNibControlConnector", Texts: []string{"NSLabel", "go:"}})
	for name, content := range map[string][]byte{
		"Contents/Resources/MainMenu.nib/keyedobjects.nib":       keyed,
		"Contents/Resources/MainMenu.nib/classes.nib":            []byte("{ IBClasses = (); }"),
		"Contents/Resources/de.lproj/Main.nib":                   keyed,
		"Contents/Resources/Main.storyboardc/a.nib":              nibtest.Archive(o{Class: "UIClassSwapper", Texts: []string{"UIClassName", "Page", "UIOriginalClassName", "UIView"}}),
		"Contents/Resources/broken.nib":                          []byte("NIBArchive"),
		"Contents/Resources/deadly.nib":                          []byte("<document>DEADLY-ALWAYS"),
		"Contents/Frameworks/K.framework/Versions/A/K":           machotest.Sample(false),
		"Contents/Frameworks/K.framework/Versions/A/Panel.nib":   nibtest.Keyed(o{Class: "NSPanel"}),
		"Contents/Resources/App.dSYM/Contents/Resources/old.nib": keyed,
	} {
		p := filepath.Join(dir, "App.app", name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := run(t, options(t, dir)).Products[0]
	got := map[string]*sbom.Nibs{}
	for _, b := range p.Bundles {
		got[b.Path] = b.Nibs
	}
	want := map[string]*sbom.Nibs{
		"": {Read: 3, Unread: 2, Sends: []string{"go:"}, Classes: []sbom.KeyValue{
			{Key: "Contents/Resources/Main.storyboardc/a.nib", Value: "Page"}, {Key: "Contents/Resources/MainMenu.nib/keyedobjects.nib", Value: "Delegate"}}},
		"Contents/Frameworks/K.framework": {Read: 1}, "Contents/Resources/App.dSYM": nil,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	gaps := map[string]sbom.GapKind{}
	for _, g := range p.Gaps {
		gaps[g.Path] = g.Kind
	}
	if gaps["Contents/Resources/broken.nib"] != sbom.GapUnreadable || gaps["Contents/Resources/deadly.nib"] != sbom.GapWorkerDied || p.Coverage.Unreadable != 2 {
		t.Errorf("gaps %v, %+v", gaps, p.Coverage)
	}
}
