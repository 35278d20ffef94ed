package scan

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// toolWith is a tool with a property list inside it.
func toolWith(name, list string) []byte {
	return machotest.Image{Strings: []string{name}, Extra: []machotest.Section{{Segment: "__TEXT", Name: "__info_plist", Data: []byte(list + "\x00\x00\x00")}}}.Build()
}

// A tool's own property list is that of a component: of the tool, in a bundle or
// outside of any, and in each slice of a universal file at its place.
func TestTagsOfTools(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", code("App"))
	write(t, filepath.Join(dir, "App.app/Contents/MacOS/tool"), toolWith("tool", bundleList("tool", blessed)))
	write(t, filepath.Join(dir, "App.app/Contents/MacOS/idle"), toolWith("idle", bundleList("idle", "")))
	write(t, filepath.Join(dir, "bare"), toolWith("bare", bundleList("bare", point("com.apple.Safari.web-extension"))))
	other := machotest.Image{Arch: "x86_64", Strings: []string{"fat"}}.Build()
	write(t, filepath.Join(dir, "fat"), machotest.Fat(other, toolWith("fat", bundleList("fat", blessed))))
	var got []string
	for _, p := range run(t, options(t, dir)).Products {
		got = append(got, checkTags(t, dir, p)...)
	}
	slices.Sort(got)
	want := []string{
		"browser.traffic.observe likely component bare: NSExtensionPointIdentifier com.apple.Safari.web-extension",
		"priv.helper likely component Contents/MacOS/tool: SMPrivilegedExecutables",
		"priv.helper likely component fat: SMPrivilegedExecutables",
	}
	for _, l := range [][]string{got, want} {
		for i := range l {
			words := strings.Fields(l[i])
			slices.Sort(words)
			l[i] = strings.Join(words, " ")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A list inside a tool that is damaged or over a limit is a gap at its byte, with
// marks and without.
func TestToolListGaps(t *testing.T) {
	for name, c := range map[string]struct {
		list, why string
		kind      sbom.GapKind
	}{
		"damaged": {"<plist><dict>", "property list inside the executable: is not well-formed", sbom.GapUnreadable},
		"deep":    {"<plist><dict><key>k</key>" + strings.Repeat("<array>", 1000), "property list inside the executable: limit on depth", sbom.GapLimit},
		"sound":   {bundleList("x", ""), "", ""},
		"empty":   {"", "", ""},
	} {
		for _, marks := range []string{"", t.TempDir()} {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "tool"), toolWith("tool", c.list))
			o := options(t, dir)
			o.Marks = marks
			p := run(t, o).Products[0]
			var got []sbom.Gap
			for _, g := range p.Gaps {
				if strings.Contains(g.Why, "property list") {
					got = append(got, g)
				}
			}
			if c.why == "" {
				if len(got) > 0 {
					t.Errorf("%s: %+v", name, got)
				}
				continue
			}
			if len(got) != 1 || got[0].Kind != c.kind || !strings.HasPrefix(got[0].Why, c.why) || got[0].Image != p.Images[0].Digest || got[0].Offset <= 0 {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
}
