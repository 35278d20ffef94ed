package main

import (
	"bytes"
	"encoding/json"
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
)

// delivery is one way to ship a release.
type delivery struct {
	file  string // its name
	kind  string // of the input
	below string // folder of the container that holds the apps, ending in a slash; ""
	only  string // the one app that is in it; "": all
	write func(*shipment) []byte
	note  string // what scan.json says of it; "": nothing
}

// A release that is delivered in any form gives the same SBOMs as the folder,
// byte for byte, except for the place where the products were met: their paths,
// the record of the input, and the serial number, which is a digest of it all.
// The images are held to 7-Zip too. -short leaves one form of each kind.
func TestDeliveries(t *testing.T) {
	for n := 1; n <= fixtures.Releases; n++ {
		if n > 1 && testing.Short() {
			break
		}
		s := newShipment(t, n)
		want := listed(t, s.dir, "")
		folder := scanned(t, s.dir)
		if len(folder) != 18 { // 17 products and scan.json
			t.Fatalf("%d files from the folder", len(folder))
		}
		for _, d := range deliveries() {
			if !d.everyRelease() && (n > 1 || testing.Short()) {
				continue
			}
			t.Run(fmt.Sprintf("release %d/%s", n, d.file), func(t *testing.T) {
				t.Parallel()
				data := d.write(s.of(t))
				file := filepath.Join(t.TempDir(), d.file)
				if err := os.WriteFile(file, data, 0o644); err != nil {
					t.Fatal(err)
				}
				d.compare(t, folder, scanned(t, file))
				if d.kind == sbom.InputDMG && d.below == "" {
					t.Run("as 7-Zip reads it", func(t *testing.T) { d.crossCheck(t, want, file) })
				}
			})
		}
	}
}

// The comparison sees a byte that changes, an app that is missing, and one that
// lies elsewhere.
func TestDeliveryDifferences(t *testing.T) {
	s := newShipment(t, 1)
	s.keep("Halcyon Guide.app", "Halcyon Cleaner.app") // four scans: two apps show it as well as all
	guide := filepath.Join(s.dir, "Halcyon Guide.app")
	want := scanned(t, s.dir)
	if len(want) != 3 {
		t.Fatalf("%d files from the folder", len(want))
	}
	d := delivery{file: "apps.zip", kind: sbom.InputZip, write: (*shipment).zip}
	differs := func(what string, d delivery, data []byte) {
		t.Helper()
		file := filepath.Join(t.TempDir(), d.file)
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if len(d.differences(want, scanned(t, file))) == 0 {
			t.Errorf("%s is not seen", what)
		}
	}
	elsewhere := d
	elsewhere.below = "Applications/"
	differs("another place", elsewhere, d.write(s))
	plist := filepath.Join(guide, "Contents/Info.plist")
	b, err := os.ReadFile(plist)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(plist, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	differs("another byte", d, d.write(s))
	if err := os.RemoveAll(guide); err != nil {
		t.Fatal(err)
	}
	differs("a missing app", d, d.write(s))
}

// scanned runs kinbom scan on a path and returns what it writes, by name.
func scanned(t *testing.T, input string) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "boms")
	c := exec.CommandContext(t.Context(), "kinbom", "scan", input, "-o", dir)
	if b, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range list {
		if e.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

// everyRelease picks one delivery of each kind of container.
func (d delivery) everyRelease() bool {
	return slices.Contains([]string{"apps.zip", "hfs-zlib.dmg", "apps.pkg", "apps.tar.gz"}, d.file)
}

func (d delivery) compare(t *testing.T, folder, got map[string]string) {
	t.Helper()
	for _, diff := range d.differences(folder, got) {
		t.Error(diff)
	}
	var m struct {
		Inputs []struct{ Path, Kind, SHA256 string }
		Gaps   []struct{ Kind, Path, Why string }
	}
	if err := json.Unmarshal([]byte(got["scan.json"]), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Inputs) != 1 || m.Inputs[0].Path != d.file || m.Inputs[0].Kind != d.kind || !sbom.Digest(m.Inputs[0].SHA256).Valid() {
		t.Errorf("record of the input: %+v", m.Inputs)
	}
	var notes []string
	for _, g := range m.Gaps {
		notes = append(notes, g.Kind+" "+g.Path+": "+g.Why)
	}
	want := 0
	if d.note != "" {
		want = 1
	}
	if len(notes) != want || want == 1 && (m.Gaps[0].Kind != string(sbom.GapUntested) || !strings.Contains(notes[0], d.note)) {
		t.Errorf("scan.json says %q, want %q", notes, d.note)
	}
}

// differences compares all SBOMs of a delivery with those of the folder, after
// the place is written into the latter.
func (d delivery) differences(folder, got map[string]string) []string {
	var out []string
	met := 0
	for name, want := range folder {
		if name == "scan.json" || d.only != "" && !strings.Contains(want, `"`+d.only+`"`) {
			continue
		}
		met++
		have, ok := got[name]
		if !ok {
			out = append(out, "no SBOM "+name)
			continue
		}
		want, err := d.placed(want, have)
		if err != nil {
			out = append(out, name+": "+err.Error())
		}
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(have, "\n")); diff != "" {
			out = append(out, fmt.Sprintf("%s (-folder +%s):\n%s", name, d.file, diff))
		}
	}
	if met != len(got)-1 || met == 0 {
		out = append(out, fmt.Sprintf("%d SBOMs, want %d", len(got)-1, met))
	}
	return out
}

// placed is an SBOM of the folder as if its product had been met in the
// delivery: with that one's record of the input and serial number.
func (d delivery) placed(want, have string) (string, error) {
	var doc struct {
		Metadata struct {
			Component struct {
				Evidence struct{ Occurrences []struct{ Location string } }
			}
		}
	}
	if err := json.Unmarshal([]byte(want), &doc); err != nil {
		return "", err
	}
	at := doc.Metadata.Component.Evidence.Occurrences
	if len(at) != 1 || strings.Contains(at[0].Location, "/") {
		return "", fmt.Errorf("met at %v, want one app at the top", at)
	}
	app, place := at[0].Location, d.file+"/"+d.below
	lines, other := strings.Split(want, "\n"), strings.Split(have, "\n")
	if len(lines) != len(other) {
		return want, nil // the comparison shows where
	}
	changed := 0
	for i, l := range lines {
		switch text := strings.TrimSpace(l); {
		case strings.HasPrefix(text, `"serialNumber": "urn:uuid:`) && strings.HasPrefix(strings.TrimSpace(other[i]), `"serialNumber": "urn:uuid:`):
			lines[i] = other[i]
		case text == `"location": "`+app+`"`:
			lines[i] = strings.Replace(l, app, place+app, 1)
		case text == `"value": "[\"`+app+`\"]"`:
			lines[i] = strings.Replace(l, app, place+app, 1)
		case i > 0 && strings.Contains(lines[i-1], `"name": "kinbom:inputs"`) && strings.Contains(other[i], `{\"path\":\"`+d.file+`\",\"kind\":\"`+d.kind+`\"`):
			lines[i] = other[i]
		default:
			continue
		}
		changed++
	}
	if changed != 4 {
		return "", fmt.Errorf("%d lines name the place, want 4", changed)
	}
	return strings.Join(lines, "\n"), nil
}

// padded fills a volume up to whole sectors.
func padded(b []byte) []byte { return append(bytes.Clone(b), make([]byte, -len(b)&511)...) }
