package container

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/limit"
)

func TestResolve(t *testing.T) {
	link := func(name, target string) item { return item{name: name, data: target, mode: fs.ModeSymlink | 0o777} }
	items := []item{{name: "F/Versions/A/F", data: "code"}, {name: "F/Versions/A/R/x", data: "x"}, link("F/Versions/Current", "A"), link("F/F", "Versions/Current/F"), link("F/R", "./Versions//Current/R"),
		link("up", "F/../F/F"), link("abs", "/F/F"), link("out", "../F/F"), link("deepout", "F/Versions/../../../x"), link("self", "self"), link("ping", "pong"), link("pong", "ping"),
		link("gone", "nowhere"), link("file/", "x"), link("through", "F/F/x"), link("root", "F/.."), link("Mu\u0308ll", "F/F"), link("s0", "F/F")}
	for i := 1; i <= 40; i++ {
		items = append(items, link("s"+strings.Repeat("s", i), "s"+strings.Repeat("s", i-1)))
	}
	items = append(items, link("s", "F/F"))
	tree := unpack(t, makeZip(t, items...), limit.Max{})
	for name, want := range map[string]string{
		"F/F": "F/Versions/A/F", "F/R/x": "F/Versions/A/R/x", "F/R": "F/Versions/A/R", "F/Versions/A/F": "F/Versions/A/F", "up": "F/Versions/A/F", "F//./Versions/../F": "F/Versions/A/F",
		"abs": "", "out": "", "deepout": "", "self": "", "ping": "", "gone": "", "through": "", "/F/F": "", "../F/F": "", "nowhere": "", "F/F/..": "",
		"root": "-", "": "-", "M\u00fcll": "F/Versions/A/F", "Mu\u0308ll": "F/Versions/A/F",
		"s" + strings.Repeat("s", 37): "F/Versions/A/F", "s" + strings.Repeat("s", 40): "",
	} {
		got, ok := tree.Resolve(name)
		if ok && got == "" {
			got = "-" // the root
		}
		if got != want || ok != (want != "") {
			t.Errorf("%q resolves to %q (%v), want %q", name, got, ok, want)
		}
	}
	if e := tree.Lookup("F/F"); e == nil || e.Type != TypeSymlink {
		t.Errorf("lookup follows links: %+v", e)
	}
	if e := tree.Lookup("F"); e != nil {
		t.Errorf("implied folder has an entry: %+v", e)
	}
}

func TestNorm(t *testing.T) {
	for in, want := range map[string]string{"Mu\u0308ll": "M\u00fcll", "a\xffb": `a\xFFb`, "\uFFFD": "\uFFFD", "": "", "plain": "plain"} {
		if got := Norm(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	if err := Validate(Formats()); err != nil {
		t.Error(err)
	}
	bad := append(Formats(), Formats()[0], Format{Name: "x", Endings: []string{"ZIP"}})
	if err := Validate(bad); err == nil || !strings.Contains(err.Error(), "twice") || !strings.Contains(err.Error(), "incomplete") || !strings.Contains(err.Error(), "ending") {
		t.Errorf("faults are not named: %v", err)
	}
	for _, tt := range []struct{ head, name, given, nested string }{
		{"PK\x03\x04", "a.zip", "zip", "zip"}, {"PK\x03\x04", "a.IPA", "ipa", "ipa"}, {"PK\x03\x04", "a.jar", "zip", ""}, {"PK\x05\x06", "a.zip", "zip", "zip"},
		{"PK\x01\x02", "a.zip", "", ""}, {"", "a.zip", "", ""}, {"\xcf\xfa\xed\xfe", "a.ipa", "", ""},
	} {
		f, ok := Detect([]byte(tt.head), tt.name)
		if f.Name != tt.given || ok != (tt.given != "") {
			t.Errorf("%q %s: %q", tt.head, tt.name, f.Name)
		}
		if f, ok := DetectNested([]byte(tt.head), tt.name); ok != (tt.nested != "") || ok && f.Name != tt.nested {
			t.Errorf("nested %q %s: %q, %v", tt.head, tt.name, f.Name, ok)
		}
	}
}
