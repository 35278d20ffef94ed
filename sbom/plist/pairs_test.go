package plist_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom/plist"
	howett "howett.net/plist"
)

const pairList = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
<key>SMPrivilegedExecutables</key><dict><key>com.acme.helper</key><string>identifier x &amp; y</string></dict>
<key>NSExtension</key><dict><key>NSExtensionPointIdentifier</key><string>com.apple.Safari.extension</string></dict>
<key>Modes</key><array><string>audio</string><integer>5</integer><string>fetch</string></array>
<key>Flag</key><true/>
</dict></plist>`

var pairLines = []string{"SMPrivilegedExecutables", "com.acme.helper=identifier x & y", "NSExtension",
	"NSExtensionPointIdentifier=com.apple.Safari.extension", "Modes=audio", "Modes=fetch", "Flag"}

// linesOf are the pairs as text, after a look at the bytes they name.
func linesOf(t *testing.T, data []byte, plain bool) []string {
	t.Helper()
	list, err := plist.Pairs(data, plist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range list {
		line := p.Key
		at := func(s plist.Span) string { return string(data[s.Offset : s.Offset+s.Length]) }
		if plain && at(p.KeyAt) != p.Key {
			t.Errorf("at the place of key %q stands %q", p.Key, at(p.KeyAt))
		}
		if p.Text {
			line += "=" + p.Value
			if plain && strings.ReplaceAll(at(p.ValueAt), "&amp;", "&") != p.Value {
				t.Errorf("at the place of value %q stands %q", p.Value, at(p.ValueAt))
			}
		} else if p.ValueAt.Offset != -1 {
			t.Errorf("key %q has no text, and a place of one", p.Key)
		}
		out = append(out, line)
	}
	return out
}

func TestPairs(t *testing.T) {
	for name, front := range map[string]string{"as it is": "", "mark": "\uFEFF", "white space": "\n  "} {
		if diff := cmp.Diff(pairLines, linesOf(t, []byte(front+pairList), true)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	var wide bytes.Buffer
	for _, u := range utf16.Encode([]rune("\uFEFF" + strings.Replace(pairList, "UTF-8", "UTF-16", 1))) {
		wide.Write([]byte{byte(u), byte(u >> 8)})
	}
	if diff := cmp.Diff(pairLines, linesOf(t, wide.Bytes(), false)); diff != "" {
		t.Error(diff)
	}
}

func TestPairsOfABinaryList(t *testing.T) {
	var root any
	if _, err := howett.Unmarshal([]byte(pairList), &root); err != nil {
		t.Fatal(err)
	}
	data, err := howett.Marshal(root, howett.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	got, want := linesOf(t, data, true), slices.Clone(pairLines)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i := range data { // whatever a byte says, nothing panics
		for _, b := range []byte{0, 0x7f, 0xd1, 0xff} {
			bad := slices.Clone(data)
			bad[i] = b
			list, err := plist.Pairs(bad, plist.Options{})
			for _, p := range list {
				if err != nil || p.KeyAt.Offset < 0 || p.KeyAt.Offset+p.KeyAt.Length > int64(len(bad)) {
					t.Fatalf("byte %d as %#x: %+v, %v", i, b, p, err)
				}
			}
		}
	}
}

// A long value counts as none, and a list that Parse refuses has no pairs.
func TestPairsHaveBounds(t *testing.T) {
	long := fmt.Sprintf("<plist><dict><key>k</key><string>%s</string></dict></plist>", strings.Repeat("a", plist.MaxPairText+1))
	if got := linesOf(t, []byte(long), true); !slices.Equal(got, []string{"k"}) {
		t.Errorf("%q", got)
	}
	if list, err := plist.Pairs([]byte("<plist><dict><key>k</key>"), plist.Options{}); err == nil {
		t.Errorf("%v", list)
	}
}
