package scan

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// object is an image with the file type of an object (MH_OBJECT is 1).
func object(strs ...string) string {
	b := (machotest.Image{Type: "bundle", Strings: strs}).Build()
	b[12] = 1
	return string(b)
}

var history = []string{"Library/Safari/History.db", "SELECT url FROM history_items JOIN history_visits"}

// Members are images of the product, each at its own place in the archive.
func TestStaticArchive(t *testing.T) {
	for _, gnu := range []bool{false, true} {
		lib := archivetest.Ar(gnu, archivetest.File{Name: "a.o", Data: object("first")},
			archivetest.File{Name: "reader_with_a_long_name.o", Data: object(history...)}, archivetest.File{Name: "c.o", Data: "BC\xc0\xde...."})
		dir := t.TempDir()
		app(t, dir, "App", machotest.Sample(false))
		write(t, filepath.Join(dir, "App.app/Contents/Resources/libx.a"), lib)
		p := run(t, options(t, dir)).Products[0]
		if c := p.Coverage; c.Files != 3 || c.Analysed != 3 {
			t.Errorf("gnu %v: coverage %+v", gnu, c)
		}
		var got []string
		for _, m := range p.Images {
			for _, pl := range m.Places {
				if strings.Contains(pl.Path, "libx.a") {
					got = append(got, fmt.Sprintf("%s %s %s", pl.Path, pl.Role, m.Type))
					if sbom.DigestOf(lib) != pl.File || m.Digest != sbom.DigestOf(lib[pl.Offset:pl.Offset+m.Size]) {
						t.Errorf("gnu %v: %s is not at %d", gnu, pl.Path, pl.Offset)
					}
				}
			}
		}
		slices.Sort(got)
		if d := cmp.Diff([]string{"Contents/Resources/libx.a/a.o object object", "Contents/Resources/libx.a/reader_with_a_long_name.o object object"}, got); d != "" {
			t.Errorf("gnu %v: images (-want +got):\n%s", gnu, d)
		}
		if len(p.Tags) != 1 || !slices.ContainsFunc(gapLines(p.Gaps), func(g string) bool {
			return strings.HasPrefix(g, "not-looked-at Contents/Resources/libx.a: 1 of ")
		}) {
			t.Errorf("gnu %v: %d tags, gaps %v", gnu, len(p.Tags), gapLines(p.Gaps))
		}
		for _, tag := range p.Tags {
			for _, e := range tag.Evidence {
				if e.Length > 0 && string(lib[e.Offset:e.Offset+int64(len(e.Bytes))]) != string(e.Bytes) {
					t.Errorf("gnu %v: evidence %q is not at %d", gnu, e.Bytes, e.Offset)
				}
			}
		}
	}
}

// A damaged archive keeps what is before the damage; one without any member
// that can be read is unreadable. Neither stops the run.
func TestStaticArchiveDamaged(t *testing.T) {
	whole := archivetest.Ar(false, archivetest.File{Name: "a.o", Data: object(history...)}, archivetest.File{Name: "../b.o", Data: object("b")})
	first := len(archivetest.Ar(false, archivetest.File{Name: "a.o", Data: object(history...)}))
	for _, c := range []struct {
		name               string
		b                  []byte
		images, unreadable int
		gap                string
	}{
		{"whole", whole, 2, 0, ""},
		{"header cut", whole[:first+30], 1, 0, "member header is cut"},
		{"member cut", whole[:len(whole)-40], 1, 0, "not inside the file"},
		{"nothing left", whole[:200], 0, 1, "no slice of it can be read"},
	} {
		dir := t.TempDir()
		app(t, dir, "App", machotest.Sample(true))
		write(t, filepath.Join(dir, "App.app/Contents/Resources/libx.a"), c.b)
		p := run(t, options(t, dir)).Products[0]
		n := 0
		for _, m := range p.Images {
			for _, pl := range m.Places {
				if strings.Contains(pl.Path, "libx.a/") {
					n++
				}
				if strings.Contains(pl.Path, "..") {
					t.Errorf("%s: place %s", c.name, pl.Path)
				}
			}
		}
		if n != c.images || p.Coverage.Unreadable != c.unreadable {
			t.Errorf("%s: %d images, coverage %+v, gaps %v", c.name, n, p.Coverage, gapLines(p.Gaps))
		}
		if c.gap != "" && !strings.Contains(strings.Join(gapLines(p.Gaps), "\n"), c.gap) {
			t.Errorf("%s: gaps %v", c.name, gapLines(p.Gaps))
		}
	}
}

// Slices that are archives are read too, in a product of loose libraries.
func TestStaticArchiveFat(t *testing.T) {
	dir := t.TempDir()
	thin := archivetest.Ar(false, archivetest.File{Name: "a.o", Data: object(history...)})
	write(t, filepath.Join(dir, "fat/libx.a"), machotest.Fat(machotest.Sample(false), thin))
	write(t, filepath.Join(dir, "X.xcframework/ios-arm64/libx.a"), thin)
	s := run(t, options(t, dir))
	if len(s.Products) != 1 || s.Products[0].Kind != sbom.KindLibraries || s.Products[0].Coverage.Analysed != 2 || len(s.Products[0].Tags) != 1 {
		t.Fatalf("%d products: %+v", len(s.Products), s.Products[0])
	}
	places := 0
	for _, m := range s.Products[0].Images {
		if m.Digest == sbom.DigestOf([]byte(object(history...))) {
			places = len(m.Places)
		}
	}
	if places != 2 || strings.Contains(strings.Join(gapLines(s.Products[0].Gaps), ""), "archive") {
		t.Errorf("%d places of the object, gaps %v", places, gapLines(s.Products[0].Gaps))
	}
}

func TestObjectArchive(t *testing.T) {
	o := object("x")
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"object first":     {archivetest.Ar(false, archivetest.File{Name: "a.o", Data: o}), true},
		"long name":        {archivetest.Ar(false, archivetest.File{Name: "a name longer than it.o", Data: o}), true},
		"System V":         {archivetest.Ar(true, archivetest.File{Name: "a.o", Data: o}), true},
		"System V, long":   {archivetest.Ar(true, archivetest.File{Name: "a_name_longer_than_it.o", Data: o}), true},
		"System V, table":  {archivetest.Ar(true, archivetest.File{Name: "/", Data: "\x00\x00\x00"}, archivetest.File{Name: "a.o", Data: o}), true},
		"table":            {archivetest.Ar(false, archivetest.File{Name: "__.SYMDEF", Data: "xx"}), true},
		"ELF":              {archivetest.Ar(true, archivetest.File{Name: "a.o", Data: "\x7fELF" + o}), false},
		"package of Linux": {archivetest.Ar(true, archivetest.File{Name: "debian-binary", Data: "2.0\n"}), false},
		"no member":        {[]byte("!<arch>\n"), false},
		"no number":        {[]byte("!<arch>\n" + strings.Repeat("x", 60) + o), false},
		"no name":          {[]byte("!<arch>\n" + "#1/0" + strings.Repeat(" ", 44) + "10        `\n"), false},
		"negative":         {[]byte("!<arch>\n" + "/" + strings.Repeat(" ", 47) + "-60       `\n" + o), false},
		"object":           {[]byte(o), false},
	} {
		if got := objectArchive(c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
