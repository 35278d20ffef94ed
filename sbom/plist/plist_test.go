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
	"github.com/kinbom/kinbom/sbom/plist/plisttest"
	"howett.net/plist"
)

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
	want, err := Parse([]byte(plisttest.Wrap(plisttest.Sample)), Options{})
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
	wide := strings.Replace(plisttest.Wrap(plisttest.Sample), "UTF-8", "UTF-16", 1)
	latin := strings.ReplaceAll(strings.Replace(plisttest.Wrap(plisttest.Sample), "UTF-8", "ISO-8859-1", 1), "ø", "\xf8")
	for name, data := range map[string][]byte{
		"binary": bin, "utf-16 big mark": utf16Of(wide, true, true), "utf-16 little mark": utf16Of(wide, false, true),
		"utf-16 big": utf16Of(wide, true, false), "utf-16 little": utf16Of(wide, false, false),
		"latin1": []byte(latin), "utf-8 mark": []byte("\uFEFF" + plisttest.Wrap(plisttest.Sample)),
		"no declaration": []byte("<plist>" + plisttest.Sample + "</plist>"), "space before": []byte("\n " + plisttest.Wrap(plisttest.Sample)),
		"single quotes":   []byte(strings.Replace(plisttest.Wrap(plisttest.Sample), `"UTF-8"`, `'utf-8'`, 1)),
		"something after": []byte(plisttest.Wrap(plisttest.Sample) + "\x00\x00"),
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
	for _, c := range plisttest.XML() {
		t.Run(c.Name, func(t *testing.T) { refused(t, c.Data, c.Want) })
	}
}

// refused checks that Parse refuses for the right reason, and
// returns nothing beside the error.
func refused(t *testing.T, data []byte, want string) {
	t.Helper()
	d, err := Parse(data, Options{})
	if d != nil || err == nil {
		t.Fatalf("got %d keys and error %v", len(d), err)
	}
	var l *limit.Error
	var f *malformed.Error
	if !errors.As(err, &l) && !errors.As(err, &f) {
		t.Errorf("error of type %T: %v", err, err)
	}
	if !strings.Contains(err.Error(), want) || strings.HasPrefix(want, "limit on") != (l != nil) || l != nil && l.Value <= l.Max {
		t.Errorf("got %v, want %v", err, want)
	}
}

// The bounds let through what is just inside them.
func TestBounds(t *testing.T) {
	nest := func(n int) []byte {
		return []byte(plisttest.Wrap("<dict><key>k</key>" + strings.Repeat("<array>", n) + "<true/>" + strings.Repeat("</array>", n) + "</dict>"))
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
	f.Add([]byte(plisttest.Wrap(plisttest.Sample)))
	f.Add(utf16Of(plisttest.Wrap("<dict/>"), true, true))
	f.Add([]byte("</a>(((("))
	bin, _ := plist.Marshal(map[string]any{"a": []any{"x", "ø", 1.5, uint64(1 << 40), true, []byte{1}, time.Unix(0, 0)}, "b": map[string]any{}}, plist.BinaryFormat)
	f.Add(bin)
	f.Add(plisttest.Laughs(22))
	f.Add(plisttest.List([]string{"\xd1\x01\x00", "\x51a"}, 0, 1, 1))
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
