package plist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
	"howett.net/plist"
)

const head = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
`

func wrap(body string) string { return head + `<plist version="1.0">` + body + `</plist>` }

const sample = `<dict><key>Name</key><string>Fjord &amp; Møwe</string><key>N</key><integer>7</integer>
<key>R</key><real>1.5</real><key>T</key><true/><key>L</key><array><string>a</string><dict><key>x</key><string>y</string></dict></array></dict>`

func utf16Of(s string, big, mark bool) []byte {
	var out []byte
	if mark {
		s = "\uFEFF" + s
	}
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			out = binary.BigEndian.AppendUint16(out, u)
		} else {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
	}
	return out
}

// The same list gives the same Dict in every encoding.
func TestEncodings(t *testing.T) {
	want, err := Parse([]byte(wrap(sample)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := want.String("Name"); got != "Fjord & Møwe" {
		t.Fatalf("name %q", got)
	}
	bin, err := plist.Marshal(map[string]any(want), plist.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	wide := strings.Replace(wrap(sample), "UTF-8", "UTF-16", 1)
	latin := strings.ReplaceAll(strings.Replace(wrap(sample), "UTF-8", "ISO-8859-1", 1), "ø", "\xf8")
	for name, data := range map[string][]byte{
		"binary": bin, "utf-16 big mark": utf16Of(wide, true, true), "utf-16 little mark": utf16Of(wide, false, true),
		"utf-16 big": utf16Of(wide, true, false), "utf-16 little": utf16Of(wide, false, false),
		"latin1": []byte(latin), "utf-8 mark": []byte("\uFEFF" + wrap(sample)),
		"no declaration": []byte("<plist>" + sample + "</plist>"), "space before": []byte("\n " + wrap(sample)),
		"single quotes":   []byte(strings.Replace(wrap(sample), `"UTF-8"`, `'utf-8'`, 1)),
		"something after": []byte(wrap(sample) + "\x00\x00"),
	} {
		got, err := Parse(data, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	deep := func(n int) string {
		return wrap("<dict><key>k</key>" + strings.Repeat("<array>", n) + strings.Repeat("</array>", n) + "</dict>")
	}
	tests := []struct {
		name string
		data string
		want any // a limit.Kind, or text of the malformed.Error
	}{
		{"empty", "", "too early"},
		{"text form", `{ a = b; }`, "too early"},
		{"deep text form", strings.Repeat("(", 900_000), "too early"},
		{"text form after an end tag", "</a>" + strings.Repeat("(", 900_000), "not well-formed"},
		{"too large", wrap("<dict><key>k</key><string>" + strings.Repeat("x", 1<<20) + "</string></dict>"), limit.FileSize},
		{"nested deeply", deep(60_000), limit.Depth},
		{"nested deeply, never closed", head + "<plist>" + strings.Repeat("<array>", 100_000), limit.Depth},
		{"nested inside a string", wrap("<dict><key>k</key><string>" + strings.Repeat("<string>", 50_000)), limit.Depth},
		{"entities", `<!DOCTYPE plist [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><plist><dict><key>k</key><string>&b;</string></dict></plist>`, "DTD subset"},
		{"unknown entity", wrap("<dict><key>k</key><string>&b;</string></dict>"), "not well-formed"},
		{"root element", "<html><body/></html>", "root element is not plist"},
		{"unknown element", wrap("<dict><key>k</key><blink/></dict>"), "unknown element"},
		{"plist in plist", wrap("<dict><key>k</key><plist><string/></plist></dict>"), "unknown element"},
		{"array as root", wrap("<array/>"), "root is not a dictionary"},
		{"no root", wrap(""), "root is not a dictionary"},
		{"key without value", wrap("<dict><key>k</key></dict>"), "cannot be decoded"},
		{"cut", wrap(sample)[:300], "not well-formed"},
		{"tags crossed", wrap("<dict><key>a</dict></key>"), "not well-formed"},
		{"odd encoding", `<?xml version="1.0" encoding="EBCDIC"?><plist><dict/></plist>`, "encoding is not known"},
		{"false utf-16", `<?xml version="1.0" encoding="UTF-16"?><plist><dict/></plist>`, "declared as UTF-16"},
		{"half a character", "\xfe\xff\x00", "half a UTF-16"},
		{"not utf-8", "<plist><dict><key>\xff</key><true/></dict></plist>", "not well-formed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refused(t, []byte(tt.data), tt.want) })
	}
}

// refused checks that Parse refuses for the right reason, and
// returns nothing beside the error.
func refused(t *testing.T, data []byte, want any) {
	t.Helper()
	d, err := Parse(data, Options{})
	if d != nil || err == nil {
		t.Fatalf("got %d keys and error %v", len(d), err)
	}
	var l *limit.Error
	var f *malformed.Error
	switch {
	case errors.As(err, &l):
		if l.Limit != want || l.Value <= l.Max {
			t.Errorf("got %v, want %v", err, want)
		}
	case errors.As(err, &f):
		if text, ok := want.(string); !ok || !strings.Contains(f.Error(), text) {
			t.Errorf("got %v, want %v", err, want)
		}
	default:
		t.Errorf("error of type %T: %v", err, err)
	}
}

// The bounds let through what is just inside them.
func TestBounds(t *testing.T) {
	nest := func(n int) []byte {
		return []byte(wrap("<dict><key>k</key>" + strings.Repeat("<array>", n) + "<true/>" + strings.Repeat("</array>", n) + "</dict>"))
	}
	o := Options{Depth: 10, Values: 13}
	if _, err := Parse(nest(9), o); err != nil {
		t.Errorf("ten containers: %v", err)
	}
	var l *limit.Error
	if _, err := Parse(nest(10), o); !errors.As(err, &l) || l.Limit != limit.Depth || l.Value != 11 {
		t.Errorf("eleven containers: %v", err)
	}
	o = Options{Values: 12}
	if _, err := Parse(nest(9), o); err != nil {
		t.Errorf("12 values: %v", err)
	}
	if _, err := Parse(nest(10), o); !errors.As(err, &l) || l.Limit != Values || l.Value != 13 {
		t.Errorf("13 values: %v", err)
	}
	data := nest(1)
	if _, err := Parse(data, Options{Size: int64(len(data))}); err != nil {
		t.Errorf("size at its bound: %v", err)
	}
	if _, err := Parse(data, Options{Size: int64(len(data)) - 1}); !errors.As(err, &l) || l.Limit != limit.FileSize {
		t.Errorf("size over its bound: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(wrap(sample)))
	f.Add(utf16Of(wrap("<dict/>"), true, true))
	f.Add([]byte("</a>(((("))
	bin, _ := plist.Marshal(map[string]any{"a": []any{"x", "ø", 1.5, uint64(1 << 40), true, []byte{1}, time.Unix(0, 0)}, "b": map[string]any{}}, plist.BinaryFormat)
	f.Add(bin)
	f.Add(laughs(22))
	f.Add(list([]string{"\xd1\x01\x00", "\x51a"}, 0, 1, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data, Options{})
		if (d == nil) == (err == nil) {
			t.Fatalf("%d keys beside error %v", len(d), err)
		}
		if err != nil {
			var l *limit.Error
			var fe *malformed.Error
			if !errors.As(err, &l) && !errors.As(err, &fe) {
				t.Fatalf("error of type %T: %v", err, err)
			}
			if fe != nil && (fe.Offset < -1 || fe.Offset > int64(len(data))*4) {
				t.Fatalf("offset %d of %d bytes", fe.Offset, len(data))
			}
		}
		Info(d)
		Privacy(d)
		if again, _ := Parse(bytes.Clone(data), Options{}); len(again) != len(d) {
			t.Fatal("second run differs")
		}
	})
}
