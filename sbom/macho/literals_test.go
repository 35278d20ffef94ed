package macho

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// constRuns reads the runs of a constant section.
func constRuns(t *testing.T, c string) []string {
	t.Helper()
	b := machotest.Image{Const: []byte(c)}.Build()
	var out []string
	for _, f := range facts(t, one(t, b, Options{}), b, sbom.FactConst) {
		out = append(out, strings.TrimSuffix(f, " __TEXT,__const"))
	}
	return out
}

// TestRuns keeps runs of six characters, and of four between zero bytes.
func TestRuns(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"abcdef\x01", []string{"abcdef"}},
		{"abcde\x01", nil},
		{"\x00urls\x00", []string{"urls"}},
		{"\x01urls\x00", nil},
		{"\x00url\x00", nil},
		{"urls\x00", []string{"urls"}},
		{"\x00SELECT url\n\tFROM urls\x00\xff\xfeplaces.sqliteHistory.db\x80", []string{"SELECT url\n\tFROM urls", "places.sqliteHistory.db"}},
		{strings.Repeat("\x02", 13) + "123456" + strings.Repeat("\x02", 7) + "abcdefg", []string{"123456", "abcdefg"}},
		{"", nil},
	} {
		want(t, c.in, constRuns(t, c.in), c.want)
	}
}

// TestRunsEverywhere moves a run over all positions: the stride misses none.
func TestRunsEverywhere(t *testing.T) {
	for n := range 20 {
		for length := minLooseRun; length < 16; length++ {
			in := strings.Repeat("\x01", n) + strings.Repeat("r", length) + strings.Repeat("\x01", 5) + "next run" + "\x01"
			want(t, in, constRuns(t, in), []string{strings.Repeat("r", length), "next run"})
		}
	}
}

// TestLongRun cuts a long run so that every text of the overlap's length is whole in one piece.
func TestLongRun(t *testing.T) {
	var b strings.Builder
	for i := 0; b.Len() < 3*maxRun; i++ {
		b.WriteString(strings.Repeat(string(rune('a'+i%26)), 1+i%7))
	}
	text := b.String()
	runs := constRuns(t, text)
	if len(runs) < 3 {
		t.Fatalf("%d pieces", len(runs))
	}
	for at := 0; at+runOverlap <= len(text); at += 101 {
		found := false
		for _, r := range runs {
			found = found || len(r) <= maxRun && strings.Contains(r, text[at:at+runOverlap])
		}
		if !found {
			t.Fatalf("the text at %d is in no piece", at)
		}
	}
}

// TestReferences picks literals that name code, and no others.
func TestReferences(t *testing.T) {
	yes := []string{"/usr/lib/libfoo.dylib", "@rpath/Foo.framework/Foo", "@executable_path/../x", "@loader_path/y", "Contents/XPCServices/a.xpc", "Helper.app",
		"PlugIns/Share.appex", "/System/Library/Frameworks/A.framework/Versions/A/A", "com.example.helper", "de.example.app.Agent-2", "x.bundle/Contents"}
	no := []string{"com.example", "text. with. dots", "a.b.c", "1.2.3", "Com.Example.App", "com..example.x", "com.example.x y", "file.apparel", "@rpath/", "@interface", "http://a.b.c/d",
		"com.example.x.", "library.dylib2", "noDots", "line.app\nbreak"}
	b := machotest.Image{Strings: append(append([]string{}, yes...), no...)}.Build()
	s := one(t, b, Options{})
	var got []string
	for _, r := range s.References {
		got = append(got, r.Value)
		if !bytes.Equal(b[r.Offset:r.Offset+int64(len(r.Value))], []byte(r.Value)) || r.Section != "__TEXT,__cstring" {
			t.Errorf("%+v is not there", r)
		}
	}
	want(t, "references", got, yes)
}

// TestLEB reads numbers and refuses those that do not end or do not fit.
func TestLEB(t *testing.T) {
	for _, c := range []struct {
		in   string
		v    uint64
		n    int
		sign int64
		m    int
	}{
		{"\x00", 0, 1, 0, 1}, {"\x7f", 127, 1, -1, 1}, {"\x80\x01", 128, 2, 128, 2}, {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 1<<64 - 1, 10, -1, 10},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 0, 0, 0, 0}, {"\x80", 0, 0, 0, 0}, {"", 0, 0, 0, 0},
		{strings.Repeat("\xff", 11) + "\x00", 0, 0, 0, 0}, {"\x80\x80\x00", 0, 3, 0, 3},
	} {
		if v, n := uleb([]byte(c.in)); v != c.v || n != c.n {
			t.Errorf("uleb %x: %d in %d bytes", c.in, v, n)
		}
		if v, n := sleb([]byte(c.in)); (v != c.sign || n != c.m) && c.n != 0 {
			t.Errorf("sleb %x: %d in %d bytes", c.in, v, n)
		}
	}
	for in, n := range map[string]int{"\x10\x04\x00\x05": 2, "\x80\x20\x04": 2, "": 0, "\x00": 0, "\x80\x00\x01": 0} {
		if got, ok := countStarts([]byte(in)); got != n || !ok {
			t.Errorf("starts %x: %d %v", in, got, ok)
		}
	}
	if _, ok := countStarts([]byte("\x04\xff")); ok {
		t.Error("a cut number of the function starts was taken")
	}
}
