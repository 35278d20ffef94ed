package scan

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/cdx"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// marked scans a folder and returns the images by where they lie.
func marked(t *testing.T, dir, marks string) map[string]sbom.Image {
	t.Helper()
	o := options(t, dir)
	o.Marks = marks
	out := map[string]sbom.Image{}
	for _, p := range run(t, o).Products {
		for _, m := range p.Images {
			for _, pl := range m.Places {
				out[pl.Path+" "+m.Arch] = m
			}
		}
	}
	return out
}

// TestMarks wants one file of marks for each slice with code, that of two equal
// slices once, and none for an architecture that has no pass.
func TestMarks(t *testing.T) {
	dir, marks := t.TempDir(), t.TempDir()
	thin, other := machotest.Sample(false), machotest.Image{Arch: "x86_64", Functions: 5}.Build()
	old := machotest.Image{Functions: 2}.Build()
	copy(old[4:], []byte{12, 0, 0, 0}) // 32-bit ARM, with the layout of 64 bits
	app(t, dir, "One", thin)
	app(t, dir, "Two", machotest.Fat(thin, other))
	app(t, dir, "Old", old)
	write(t, filepath.Join(dir, "Two.app/Contents/Resources/libx.a"), archivetest.Ar(false, archivetest.File{Name: "a.o", Data: object("text")}))
	images := marked(t, dir, marks)
	want := map[sbom.Digest]int{sbom.DigestOf(thin): 3, sbom.DigestOf(other): 5, sbom.DigestOf([]byte(object("text"))): 1}
	files, err := os.ReadDir(marks)
	if err != nil || len(files) != len(want) {
		t.Errorf("%d files of marks, wanted %d: %v %v", len(files), len(want), files, err)
	}
	for path, m := range images {
		n, ok := want[m.Digest]
		if !ok {
			if m.Marks != "" {
				t.Errorf("%s (%s) has marks %s", path, m.Arch, m.Marks)
			}
			continue
		}
		b, err := os.ReadFile(filepath.Join(marks, cdx.MarksFile(m.Digest)))
		if err != nil || sbom.DigestOf(b) != m.Marks {
			t.Fatalf("%s: %v, marks %q", path, err, m.Marks)
		}
		s, err := fingerprint.Read(b)
		if err != nil || s.Image != m.Digest || s.Arch != m.Arch || len(s.Functions) != n {
			t.Errorf("%s: %v, %+v", path, err, s)
		}
	}
	if len(images) < 5 {
		t.Errorf("%d images", len(images))
	}
	again := marked(t, dir, t.TempDir())
	for path, m := range images {
		if again[path].Marks != m.Marks {
			t.Errorf("%s: other marks the second time", path)
		}
	}
	for path, m := range marked(t, dir, "") {
		if m.Marks != "" {
			t.Errorf("%s has marks, and none were asked for", path)
		}
	}
}

// TestMarksFolder wants an error of the call, not gaps, when there is no folder.
func TestMarksFolder(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "One", machotest.Sample(false))
	o := options(t, dir)
	o.Marks = filepath.Join(dir, "none")
	if s, err := Run(t.Context(), o); s != nil || err == nil || !strings.Contains(err.Error(), "is no folder") {
		t.Errorf("%v, %v", s, err)
	}
}

// gapsOf lists the gaps of a product but for references that lead nowhere.
func gapsOf(p *sbom.Product) []string {
	var out []string
	for _, g := range p.Gaps {
		if g.Kind != sbom.GapUnresolved {
			out = append(out, fmt.Sprintf("%s %s %s: %s", g.Kind, g.Path, g.Image.Short(), g.Why))
		}
	}
	return out
}

// tagsOf lists the tags of the image in a file.
func tagsOf(p *sbom.Product, path string) (out []sbom.Tag) {
	for _, m := range p.Images {
		if m.Places[0].Path == path {
			for _, t := range p.Tags {
				if t.Image == m.Digest {
					t.Image = ""
					for i := range t.Evidence {
						t.Evidence[i].File = ""
					}
					out = append(out, t)
				}
			}
		}
	}
	return out
}

// TestDeadlyCode wants code that kills the pass over its instructions, or makes
// it panic, to cost its marks and nothing else: what its literals show stays.
func TestDeadlyCode(t *testing.T) {
	reader := machotest.Image{Type: "dylib", Functions: 3, Strings: history}.Build()
	dir := t.TempDir()
	app(t, dir, "App", machotest.Sample(false))
	at := "Contents/Frameworks/"
	for name, word := range map[string]string{"calm": "", "crash": "DEADLY-CODE", "panic": "DEADLY-CODE-PANIC", "deep": "DEADLY-DEEP"} {
		write(t, filepath.Join(dir, "App.app", at, name+".dylib"), append(slices.Clone(reader), word...))
	}
	o := options(t, dir)
	o.Marks = t.TempDir()
	p := run(t, o).Products[0]
	want := []string{
		"no-marks Contents/Frameworks/crash.dylib : the process that read it crashed when its instructions were read too: they were left out",
		"no-marks Contents/Frameworks/panic.dylib : the reader panicked: of the pass when its instructions were read too: they were left out",
	}
	var got []string
	for _, g := range gapsOf(p) {
		if !strings.Contains(g, "deep") {
			got = append(got, g)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
	if p.Coverage.Unreadable != 0 {
		t.Errorf("coverage %+v", p.Coverage)
	}
	calm := tagsOf(p, at+"calm.dylib")
	if len(calm) == 0 {
		t.Fatal("the calm copy has no tag")
	}
	for _, name := range []string{"crash", "panic"} {
		got := tagsOf(p, at+name+".dylib")
		if len(got) != len(calm) || got[0].Capability != calm[0].Capability || len(got[0].Evidence) != len(calm[0].Evidence) || got[0].Address != nil {
			t.Errorf("%s: tags %+v, want %+v of the image", name, got, calm)
		}
	}
	if got := tagsOf(p, at+"deep.dylib"); len(got) != 0 {
		t.Errorf("deep: %+v", got)
	}
	for _, m := range p.Images {
		if calm := strings.Contains(m.Places[0].Path, "calm") || strings.Contains(m.Places[0].Path, "MacOS"); calm != (m.Marks != "") {
			t.Errorf("%s: marks %q", m.Places[0].Path, m.Marks)
		}
	}
}

// TestNoMarks wants a gap of kinship, with its image and place, for code that
// cannot be compared, and marks of no function for what holds no code.
func TestNoMarks(t *testing.T) {
	dir := t.TempDir()
	i386, shut, whole := machotest.Image{Functions: 2}.Build(), machotest.Image{Type: "dylib", Functions: 3, Crypt: true}.Build(), machotest.Image{Functions: 4}.Build()
	copy(i386[4:], []byte{7, 0, 0, 0})
	app(t, dir, "App", machotest.Fat(whole, i386))
	write(t, filepath.Join(dir, "App.app/Contents/Frameworks/undivided.dylib"), machotest.Image{Type: "dylib", Functions: 2, Unlisted: true}.Build())
	write(t, filepath.Join(dir, "App.app/Contents/Frameworks/shut.dylib"), shut)
	o := options(t, dir)
	o.Marks = t.TempDir()
	p := run(t, o).Products[0]
	for _, m := range p.Images {
		told := slices.ContainsFunc(p.Gaps, func(g sbom.Gap) bool {
			return g.Kind == sbom.GapNoMarks && g.Image == m.Digest && g.Path == m.Places[0].Path && g.Offset >= m.Places[0].Offset
		})
		if told == (m.Marks != "") || told == strings.HasSuffix(m.Places[0].Path, "App") && m.Arch == "arm64" {
			t.Errorf("%s %s: marks %q, told %v in %q", m.Places[0].Path, m.Arch, m.Marks, told, gapsOf(p))
		}
	}
	if len(p.Images) != 4 {
		t.Errorf("%d images", len(p.Images))
	}
}
