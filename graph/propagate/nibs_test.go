package propagate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// What a bundle's nibs name is of its executable, or of that of the next bundle
// around it; they are known when there are some and all were read.
func TestNibsOf(t *testing.T) {
	named := func(unread int, classes ...string) *sbom.Nibs {
		n := &sbom.Nibs{Read: 1, Unread: unread}
		for _, c := range classes {
			n.Classes = append(n.Classes, sbom.KeyValue{Key: "x.nib", Value: c})
			n.Sends = append(n.Sends, "to"+c+":")
		}
		return n
	}
	p := &sbom.Product{Bundles: []sbom.Bundle{
		{Path: "", Executable: "Contents/MacOS/App", Nibs: named(0, "Delegate")},
		{Path: "Contents/Frameworks/K.framework", Executable: "Contents/Frameworks/K.framework/K", Nibs: named(0, "Panel")},
		{Path: "Contents/Frameworks/K.framework/Resources/R.bundle", Nibs: named(0, "Sheet")},
		{Path: "Contents/Resources/S.bundle", Nibs: named(0, "Page")},
		{Path: "Contents/Resources/T.bundle"},
	}}
	got := nibsOf(p)
	want := nibs{known: true,
		classes: map[string][]string{"Contents/MacOS/App": {"Delegate", "Page"}, "Contents/Frameworks/K.framework/K": {"Panel", "Sheet"}},
		sends:   map[string][]string{"Contents/MacOS/App": {"toDelegate:", "toPage:"}, "Contents/Frameworks/K.framework/K": {"toPanel:", "toSheet:"}}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(nibs{})); d != "" {
		t.Error(d)
	}
	p.Bundles[3].Nibs.Unread = 1
	if nibsOf(p).known || nibsOf(&sbom.Product{Bundles: []sbom.Bundle{{}}}).known {
		t.Error("nibs that were not read are known")
	}
}
