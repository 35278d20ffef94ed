package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

func TestInImage(t *testing.T) {
	const both = "Chrome/120.0.6099.56 Electron/28.0.0"
	for name, c := range map[string]struct {
		literals []string
		want     string
	}{
		"both in one":            {[]string{"x", both}, "electron 28.0.0, chromium 120.0.6099.56"},
		"format, version apart":  {[]string{"%s/%s Chrome/%s Electron/28.0.0", "Chrome/120.0.6099.56"}, "electron 28.0.0, chromium 120.0.6099.56"},
		"format only":            {[]string{"Chrome/%s Electron/28.0.0-beta.11"}, "electron 28.0.0-beta.11"},
		"two versions":           {[]string{both, "Chrome/%s Electron/27.1.2"}, "electron 28.0.0, electron 27.1.2, chromium 120.0.6099.56"},
		"a browser, no Electron": {[]string{"Chrome/120.0.6099.56"}, ""},
		"a made-up user agent":   {[]string{"Mozilla/5.0 (Macintosh) Chrome/120.0.6099.56 Electron/28.0.0 Safari/537.36"}, ""},
		"a beginning":            {[]string{"Chrome/120.0.6099.56 Electron/"}, ""},
		"too few numbers":        {[]string{"Chrome/120.0.6099 Electron/28.0.0", "Chrome/120.0.6099.56 Electron/28.0"}, ""},
		"text after the version": {[]string{both + "x", both + "-rc.1"}, ""},
		"a giant":                {[]string{"Chrome/" + strings.Repeat("1", 300) + ".0.0.0 Electron/28.0.0"}, ""},
		"another line":           {[]string{both + "\nmore"}, ""},
		"words about it":         {[]string{"Electron/", "Electron", "electron/28.0.0"}, ""},
	} {
		var facts []sbom.Fact
		at := int64(100)
		for _, l := range c.literals {
			facts = append(facts, sbom.Fact{Kind: sbom.FactString, Value: []byte(l), Section: "__TEXT,__cstring", Offset: at, Length: int64(len(l))})
			at += int64(len(l)) + 1
		}
		var got []string
		for _, s := range InImage(facts, sbom.DigestOf(nil), 4096) {
			got = append(got, s.Runtime+" "+s.Version)
			e := s.Evidence[0]
			if e.Slice != 4096 || e.Offset < 4196 || e.Length != int64(len(e.Bytes)) || !strings.Contains(string(e.Bytes), s.Version) || e.Section != "__TEXT,__cstring" {
				t.Errorf("%s: evidence %+v", name, e)
			}
		}
		if d := cmp.Diff(c.want, strings.Join(got, ", ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// What no file has at a place is no evidence.
func TestInImageNeedsAPlace(t *testing.T) {
	text := []byte("Chrome/120.0.6099.56 Electron/28.0.0")
	for _, f := range []sbom.Fact{{Kind: sbom.FactString, Value: text, Offset: -1}, {Kind: sbom.FactCFString, Value: text}, {Kind: sbom.FactSelector, Value: text}} {
		if got := InImage([]sbom.Fact{f}, "", 0); len(got) > 0 {
			t.Errorf("%+v gave %+v", f, got)
		}
	}
	if got := InImage(make([]sbom.Fact, 3), "", 0); len(got) > 0 {
		t.Errorf("nothing gave %+v", got)
	}
}

func TestOfFramework(t *testing.T) {
	const folder = "Contents/Frameworks/Electron Framework.framework"
	for _, c := range []struct{ bundle, id, version, want string }{
		{folder, "com.github.Electron.framework", "28.0.0", "pkg:npm/electron@28.0.0"},
		{"Contents/Frameworks/Branded.framework", "com.github.electron.framework", "28.0.0-nightly.20231010", "pkg:npm/electron@28.0.0-nightly.20231010"},
		{folder, "com.example.branded", "28.0.0", "pkg:npm/electron@28.0.0"},
		{folder, "", "../../x?y", "pkg:npm/electron"},
		{folder, "", "", "pkg:npm/electron"},
		{"Contents/Frameworks/Other.framework", "com.example.other", "28.0.0", ""},
		{"", "", "28.0.0", ""},
	} {
		s, ok := OfFramework(c.bundle, c.id, c.version)
		got := ""
		if ok {
			got = s.Package("p", false).PURL
		}
		if got != c.want {
			t.Errorf("%s %s %q: %q, want %q", c.bundle, c.id, c.version, got, c.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	for want, all := range map[string][]Sighting{
		"Electron 28.0.0, Chromium 120.0.6099.56":                                                    {{Runtime: "chromium", Version: "120.0.6099.56"}, {Runtime: "electron", Version: "28.0.0"}, {Runtime: "electron", Version: "28.0.0"}},
		"Electron 27.0.0 and 28.0.0, Chromium in a version that it does not state":                   {{Runtime: "electron", Version: "28.0.0"}, {Runtime: "electron", Version: "27.0.0"}},
		"Electron in a version that it does not state, Chromium in a version that it does not state": {{Runtime: "electron"}},
		"": nil,
	} {
		if got := Describe(all); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
