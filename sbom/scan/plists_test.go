package scan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// A property list over a limit, a damaged one and one that kills its child each
// give a gap of their own kind, whose words say once what it is.
func TestPlistGapKinds(t *testing.T) {
	const head = "<plist><dict><key>k</key>"
	for name, c := range map[string]struct {
		list, why string
		kind      sbom.GapKind
	}{
		"deep":    {head + strings.Repeat("<array>", 1000), "property list: limit on depth hit: 129 is more than 128", sbom.GapLimit},
		"damaged": {"hello", "property list: ends too early, or is not XML at byte 5", sbom.GapUnreadable},
		"deadly":  {head + "DEADLY-ALWAYS", "property list: ", sbom.GapWorkerDied},
	} {
		dir := t.TempDir()
		app(t, dir, "App", machotest.Sample(true))
		if err := os.WriteFile(filepath.Join(dir, "App.app/Contents/Info.plist"), []byte(c.list), 0o644); err != nil {
			t.Fatal(err)
		}
		p := run(t, options(t, dir)).Products[0]
		found := 0
		for _, g := range p.Gaps {
			if g.Path == "Contents/Info.plist" {
				if found++; g.Kind != c.kind || !strings.HasPrefix(g.Why, c.why) || strings.Count(g.Why, "property list") != 1 {
					t.Errorf("%s: gap %+v", name, g)
				}
			}
		}
		if found != 1 || p.Coverage.Unreadable != 1 {
			t.Errorf("%s: %d gaps, coverage %+v", name, found, p.Coverage)
		}
	}
}
