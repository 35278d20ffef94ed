package audit

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// marksOf are the saved marks of an image without functions.
func marksOf(t *testing.T, image sbom.Digest) []byte {
	t.Helper()
	var b strings.Builder
	if _, err := fingerprint.Write(&b, &fingerprint.Set{Image: image, Arch: "arm64"}); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

// TestUncompared wants a located gap of kinship for each cause and product, none
// for what the scan said already, and no negative spoilt by it.
func TestUncompared(t *testing.T) {
	s := scan()
	plain := audited(t, s, family(t), options())
	wifi := s.Products[slices.IndexFunc(s.Products, func(p *sbom.Product) bool { return p.Name == "Doc Wifi" })]
	add(wifi, "helper", "Contents/MacOS/helper", "", sbom.RoleHelper)
	other := func(b []byte, at int) []byte { b[at]++; return b }
	for name, x := range map[string]struct {
		bad  map[sbom.Digest]func(b []byte) ([]byte, error)
		said sbom.Gap
		want []string
	}{
		"all good": {},
		"another algorithm": {bad: map[sbom.Digest]func([]byte) ([]byte, error){wifi.Images[0].Digest: func(b []byte) ([]byte, error) { return other(b, 6), nil }},
			want: []string{"Doc Wifi.app/Contents/MacOS/Doc Wifi: marks made by another version of kinbom: code marks of algorithm 2; this version compares only algorithm 1; its kinship is unknown; scan again"}},
		"another layout": {bad: map[sbom.Digest]func([]byte) ([]byte, error){wifi.Images[0].Digest: func(b []byte) ([]byte, error) { return other(b, 4), nil }},
			want: []string{"Doc Wifi.app/Contents/MacOS/Doc Wifi: marks made by another version of kinbom: code marks of layout 2; this version reads layout 1; its kinship is unknown; scan again"}},
		"cut off": {bad: map[sbom.Digest]func([]byte) ([]byte, error){wifi.Images[0].Digest: func(b []byte) ([]byte, error) { return b[:30], nil }},
			want: []string{"Doc Wifi.app/Contents/MacOS/Doc Wifi: code marks are damaged at byte 30 (section 0): the header is cut off; its kinship is unknown; scan again"}},
		"of another image": {bad: map[sbom.Digest]func([]byte) ([]byte, error){wifi.Images[0].Digest: func([]byte) ([]byte, error) { return marksOf(t, id("x")), nil }},
			want: []string{"Doc Wifi.app/Contents/MacOS/Doc Wifi: the marks of its code cannot be read: code marks of image " + id("x").Short() + " lie where those of " + wifi.Images[0].Digest.Short() + " should; its kinship is unknown; scan again"}},
		"none, twice": {bad: map[sbom.Digest]func([]byte) ([]byte, error){
			wifi.Images[0].Digest: func([]byte) ([]byte, error) { return nil, library.ErrNoMarks },
			wifi.Images[1].Digest: func([]byte) ([]byte, error) { return nil, library.ErrNoMarks }},
			want: []string{"Doc Wifi.app/Contents/MacOS/Doc Wifi: no marks of its code were saved: its kinship is unknown; scan again (the first of 2 images)"}},
		"said": {bad: map[sbom.Digest]func([]byte) ([]byte, error){wifi.Images[0].Digest: func([]byte) ([]byte, error) { return nil, library.ErrNoMarks }},
			said: sbom.Gap{Kind: sbom.GapNoMarks, Image: wifi.Images[0].Digest, Path: "Contents/MacOS/Doc Wifi", Why: "of i386", Count: 1},
			want: []string{"Doc Wifi.app/Contents/MacOS/Doc Wifi: of i386"}},
		"said of the file": {bad: map[sbom.Digest]func([]byte) ([]byte, error){wifi.Images[0].Digest: func([]byte) ([]byte, error) { return nil, library.ErrNoMarks }},
			said: sbom.Gap{Kind: sbom.GapNoMarks, Path: "Contents/MacOS/Doc Wifi", Why: "deadly", Count: 1},
			want: []string{"Doc Wifi.app/Contents/MacOS/Doc Wifi: deadly"}},
		"of two products": {bad: map[sbom.Digest]func([]byte) ([]byte, error){id("kit"): func([]byte) ([]byte, error) { return nil, errors.New("gone") }},
			want: []string{
				"Doc Antivirus.app/Contents/Frameworks/CollectKit.framework/CollectKit: the marks of its code cannot be read: gone; its kinship is unknown; scan again",
				"Doc Battery.app/Contents/Frameworks/CollectKit.framework/CollectKit: the marks of its code cannot be read: gone; its kinship is unknown; scan again",
				"Doc Cleaner.app/Contents/Frameworks/CollectKit.framework/CollectKit: the marks of its code cannot be read: gone; its kinship is unknown; scan again"}},
	} {
		t.Run(name, func(t *testing.T) {
			wifi.Gaps = nil
			if x.said.Kind != "" {
				wifi.Gaps = []sbom.Gap{x.said}
			}
			o := options()
			o.RequireComplete, o.FailOn = true, []string{FailNever}
			o.Marks = func(image sbom.Digest) ([]byte, error) {
				b := marksOf(t, image)
				if f := x.bad[image]; f != nil {
					return f(b)
				}
				return b, nil
			}
			r := audited(t, s, family(t), o)
			var got []string
			for _, g := range r.Gaps {
				if g.Kind == string(sbom.GapNoMarks) {
					got = append(got, g.Path+": "+g.Why)
				}
			}
			if d := cmp.Diff(x.want, got); d != "" {
				t.Errorf("gaps (-want +got):\n%s", d)
			}
			if r.Summary.Unseen != plain.Summary.Unseen || r.Summary.Clean != plain.Summary.Clean {
				t.Errorf("summary %+v, without such gaps %+v", r.Summary, plain.Summary)
			}
			told := slices.ContainsFunc(r.Exit.Reasons, func(s string) bool { return strings.Contains(s, "of kinship alone") })
			if told != (len(x.want) > 0) || r.Exit.Status != finding.ExitIncomplete {
				t.Errorf("exit %+v", r.Exit)
			}
		})
	}
}
