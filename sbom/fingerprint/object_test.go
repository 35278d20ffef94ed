package fingerprint

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestObjectName wants the archive and the object, and nothing of where they lay.
func TestObjectName(t *testing.T) {
	for path, want := range map[string]string{
		"/Users/jane/Build (old)/libcollect.a(reader.o)": "libcollect.a(reader.o)",
		"/Users/jane/Objects-normal/arm64/main.o":        "main.o",
		"/Users/jane/My (new) lib/main.o":                "main.o",
		"Pods/Kit.framework/Kit(part.o)":                 "Kit(part.o)",
		"libx.a(/home/jane/y.o)":                         "libx.a(y.o)",
		`C:\build\libx.a(sub\y.o)`:                       "libx.a(y.o)",
		"main.o":                                         "main.o",
		"(odd)":                                          "(odd)",
		"/folder/":                                       "",
		"":                                               "",
		"a\nb.o":                                         "",
		"\xff.o":                                         "",
		strings.Repeat("x", 256):                         "",
	} {
		if got := objectName(path); got != want {
			t.Errorf("%q: %q, wanted %q", path, got, want)
		}
	}
}

// TestObjects wants each function with the object file that it came from, two
// files of one name as one, and numbers that name no file as none.
func TestObjects(t *testing.T) {
	ret := []byte{0xc0, 0x03, 0x5f, 0xd6}
	c := &Code{Arch: "arm64", Objects: []string{"/a/libx.a(one.o)", "/home/jane/two.o", "/b/libx.a(one.o)", "/"}}
	for i, object := range []uint32{1, 2, 3, 0, 4, 9} {
		c.Functions = append(c.Functions, Boundary{Address: uint64(4 * i), Object: object})
	}
	var code []byte
	for range c.Functions {
		code = append(code, ret...)
	}
	c.Sections = []Section{{Address: 0, Bytes: code}}
	set, _ := Pass(c)
	var got []uint32
	for _, f := range set.Functions {
		got = append(got, f.Object)
	}
	if d := cmp.Diff([]uint32{1, 2, 1, 0, 0, 0}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"libx.a(one.o)", "two.o"}, set.Objects); d != "" {
		t.Error(d)
	}
	if strings.Contains(string(save(t, withImage(set))), "jane") {
		t.Error("the folder of the builder is saved")
	}
}

func withImage(s *Set) *Set {
	s.Image = "00" + "11223344556677889900aabbccddeeff00112233445566778899aabbccddee"
	return s
}
