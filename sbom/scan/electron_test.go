package scan

import (
	"encoding/binary"
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

const electronFramework = "Contents/Frameworks/Electron Framework.framework"

const frameworkPlist = `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>
<key>CFBundleExecutable</key><string>Electron Framework</string><key>CFBundleIdentifier</key><string>com.github.Electron.framework</string>
<key>CFBundleVersion</key><string>%s</string></dict></plist>`

// electronApp writes an app as Electron packagers lay it out: a framework with
// the literals of its binary, and an archive. plist is "" for none.
func electronApp(t *testing.T, plist string, literals ...string) string {
	t.Helper()
	dir := t.TempDir()
	app(t, dir, "App", code("App"))
	in := filepath.Join(dir, "App.app", electronFramework, "Versions/A")
	thin := machotest.Image{Type: "dylib", UUID: "electron", Strings: literals}
	other := thin
	other.Arch = "x86_64"
	write(t, in+"/Electron Framework", machotest.Fat(thin.Build(), other.Build()))
	if plist != "" {
		write(t, in+"/Resources/Info.plist", fmt.Appendf(nil, frameworkPlist, plist))
	}
	return dir
}

func purls(p *sbom.Product) []string {
	var out []string
	for _, k := range p.Packages {
		out = append(out, k.PURL+" "+k.FoundBy+" "+strings.TrimPrefix(k.Place, electronFramework+"/Versions/A/")+" in "+k.Bundle)
	}
	return out
}

func TestElectron(t *testing.T) {
	const both = "Chrome/120.0.6099.56 Electron/28.0.0"
	const at = " in " + electronFramework
	const binary, plist = " runtime-binary Electron Framework" + at, " runtime-plist Resources/Info.plist" + at
	for name, c := range map[string]struct {
		plist    string
		literals []string
		want     []string
		note     string
		gap      string
	}{
		"agreeing": {"28.0.0", []string{both}, []string{"pkg:generic/chromium@120.0.6099.56" + binary, "pkg:npm/electron@28.0.0" + binary}, "Electron 28.0.0, Chromium 120.0.6099.56", ""},
		"binary only": {"", []string{"%s/%s Chrome/%s Electron/28.0.0", "Chrome/120.0.6099.56"},
			[]string{"pkg:generic/chromium@120.0.6099.56" + binary, "pkg:npm/electron@28.0.0" + binary}, "Electron 28.0.0, Chromium 120.0.6099.56", ""},
		"list only":  {"28.0.0", []string{"nothing"}, []string{"pkg:npm/electron@28.0.0" + plist}, "Electron 28.0.0, Chromium in a version that it does not state", ""},
		"no version": {"main", nil, []string{"pkg:npm/electron" + plist}, "Electron in a version that it does not state, Chromium in a version that it does not state", ""},
		"list without version": {"main", []string{both}, []string{"pkg:generic/chromium@120.0.6099.56" + binary, "pkg:npm/electron@28.0.0" + binary},
			"Electron 28.0.0, Chromium 120.0.6099.56", ""},
		"disagreeing": {"27.1.0", []string{both}, []string{"pkg:generic/chromium@120.0.6099.56" + binary, "pkg:npm/electron@27.1.0" + plist, "pkg:npm/electron@28.0.0" + binary},
			"Electron 27.1.0 and 28.0.0, Chromium 120.0.6099.56", "two versions of electron in one bundle: 28.0.0 and 27.1.0"},
	} {
		dir := electronApp(t, c.plist, c.literals...)
		p := run(t, options(t, dir)).Products[0]
		if d := cmp.Diff(c.want, purls(p)); d != "" {
			t.Errorf("%s: packages (-want +got):\n%s", name, d)
		}
		if d := cmp.Diff([]string{"electron " + electronFramework + "  " + c.note}, noteLines(p.Notes)); d != "" {
			t.Errorf("%s: notes (-want +got):\n%s", name, d)
		}
		var gaps []string
		for _, g := range p.Gaps {
			gaps = append(gaps, g.Why)
		}
		if got := strings.Join(gaps, "|"); got != c.gap {
			t.Errorf("%s: gaps %q, want %q", name, got, c.gap)
		}
		shown(t, filepath.Join(dir, "App.app"), p)
	}
}

// shown looks every evidence up in the files.
func shown(t *testing.T, root string, p *sbom.Product) {
	t.Helper()
	files := map[sbom.Digest][]byte{}
	filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			b, _ := os.ReadFile(path)
			files[sbom.DigestOf(b)] = b
		}
		return err
	})
	for _, k := range p.Packages {
		if k.Version != "" && len(k.Evidence) == 0 {
			t.Errorf("%s has no evidence", k.PURL)
		}
		for _, e := range k.Evidence {
			b := files[e.File]
			if e.Offset+e.Length > int64(len(b)) || string(b[e.Offset:e.Offset+e.Length]) != string(e.Bytes) || !strings.Contains(string(e.Bytes), k.Version) {
				t.Errorf("%s: evidence %+v is not in the file", k.PURL, e)
			}
		}
	}
}

// Evidence of both slices and of the list stand with the one package.
func TestElectronEvidence(t *testing.T) {
	p := run(t, options(t, electronApp(t, "28.0.0", "Chrome/120.0.6099.56 Electron/28.0.0"))).Products[0]
	for _, k := range p.Packages {
		want := map[string]int{"electron": 3, "chromium": 2}[k.Name]
		if len(k.Evidence) != want {
			t.Errorf("%s: %d pieces of evidence, want %d", k.PURL, len(k.Evidence), want)
		}
	}
}

// A program that only calls itself a browser carries none.
func TestNoElectron(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", (machotest.Image{UUID: "ua", Strings: []string{"Chrome/120.0.6099.56", "Mozilla/5.0 Chrome/120.0.6099.56 Electron/28.0.0 Safari/537.36"}}).Build())
	if p := run(t, options(t, dir)).Products[0]; len(p.Packages) > 0 || len(p.Notes) > 0 {
		t.Errorf("packages %v, notes %v", purls(p), noteLines(p.Notes))
	}
}

func TestAsarIntegrity(t *testing.T) {
	archive := archivetest.Asar(archivetest.File{Name: "main.txt", Data: "text"})
	good := archivetest.Sum256(string(archive[16 : 16+binary.LittleEndian.Uint32(archive[12:])]))
	for name, c := range map[string]struct {
		path, algorithm, hash string
		archive               []byte
		note                  bool
		gap                   string
	}{
		"same":       {"Resources/app.asar", "SHA256", good, archive, true, ""},
		"upper case": {"Resources/app.asar", "SHA256", strings.ToUpper(good), archive, true, ""},
		"other": {"Resources/app.asar", "SHA256", strings.Repeat("0", 64), archive, false,
			"inconsistent Contents/Resources/app.asar: the archive's header has the SHA-256 " + good + ", and ElectronAsarIntegrity of Contents/Info.plist gives \"" + strings.Repeat("0", 64) + "\" for it x1"},
		"none":      {"Resources/app.asar", "SHA256", "", archive, false, "inconsistent Contents/Resources/app.asar: the archive's header has the SHA-256 " + good + ", and ElectronAsarIntegrity of Contents/Info.plist gives \"\" for it x1"},
		"algorithm": {"Resources/app.asar", "MD5", good, archive, false, `not-looked-at Contents/Info.plist: ElectronAsarIntegrity gives a hash of an unknown kind ("MD5") for "Resources/app.asar" x1`},
		"missing":   {"Resources/no.asar", "SHA256", good, archive, false, `unresolved Contents/Info.plist: ElectronAsarIntegrity names the archive "Resources/no.asar", and it is not there x1`},
		"outside":   {"../../../App.app/Contents/Resources/app.asar", "SHA256", good, archive, false, `unresolved Contents/Info.plist: ElectronAsarIntegrity names the archive "../../../App.app/Contents/Resources/app.asar", and it is not there x1`},
		"no asar":   {"MacOS/App", "SHA256", good, archive, false, "inconsistent Contents/MacOS/App: ElectronAsarIntegrity of Contents/Info.plist names this file, and it is no asar archive x1"},
		"damaged":   {"Resources/app.asar", "SHA256", good, []byte("damaged"), false, "unreadable Contents/Resources/app.asar: asar archive is damaged: ends too early x1"},
	} {
		dir := t.TempDir()
		app(t, dir, "App", code("App"))
		list := strings.Replace(fmt.Sprintf(infoPlist, "App"), "</dict></plist>", fmt.Sprintf("<key>ElectronAsarIntegrity</key><dict><key>%s</key><dict>"+
			"<key>algorithm</key><string>%s</string><key>hash</key><string>%s</string></dict></dict></dict></plist>", c.path, c.algorithm, c.hash), 1)
		write(t, filepath.Join(dir, "App.app/Contents/Info.plist"), []byte(list))
		write(t, filepath.Join(dir, "App.app/Contents/Resources/app.asar"), c.archive)
		p := run(t, options(t, dir)).Products[0]
		if got := strings.Join(gapLines(p.Gaps), "|"); got != c.gap {
			t.Errorf("%s: gaps\n%s\nwant\n%s", name, got, c.gap)
		}
		note := slices.Contains(p.Notes, sbom.Note{Kind: sbom.NoteAsarIntegrity, Path: "Contents/Resources/app.asar", Digest: sbom.Digest(good)})
		if note != c.note || len(p.Notes) > 1 {
			t.Errorf("%s: notes %v", name, noteLines(p.Notes))
		}
		if name == "other" && p.Gaps[0].Offset != 16 {
			t.Errorf("the gap is at %d, not at the header", p.Gaps[0].Offset)
		}
	}
}
