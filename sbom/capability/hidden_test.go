package capability

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// backwards turns a text round.
func backwards(s string) []byte {
	b := []byte(s)
	slices.Reverse(b)
	return b
}

// combined combines every byte with a key.
func combined(s string, key byte) []byte {
	b := []byte(s)
	for i := range b {
		b[i] ^= key
	}
	return b
}

func TestHidden(t *testing.T) {
	s, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	const path, query = "/Library/Safari/History.db", "SELECT url FROM history_items WHERE id > 7"
	for _, c := range []struct {
		name, how, value string
		bytes            []byte
	}{
		{"base64", sbom.HowBase64, path, []byte(base64.StdEncoding.EncodeToString([]byte(path)))},
		{"base64 one byte on", sbom.HowBase64, "x" + path, []byte(base64.StdEncoding.EncodeToString([]byte("x" + path)))},
		{"base64 two bytes on", sbom.HowBase64, "xy" + path, []byte(base64.StdEncoding.EncodeToString([]byte("xy" + path)))},
		{"base64 for addresses", sbom.HowBase64, query, []byte(base64.RawURLEncoding.EncodeToString([]byte(query)))},
		{"small hexadecimal digits", sbom.HowHex, path, []byte(hex.EncodeToString([]byte(path)))},
		{"large hexadecimal digits", sbom.HowHex, query, bytes.ToUpper([]byte(hex.EncodeToString([]byte(query))))},
		{"backwards", sbom.HowReversed, query, backwards(query)},
		{"key 5a", "xor 5a", path, combined(path, 0x5a)},
		{"key ff", "xor ff", query, combined(query, 0xff)},
		{"key 01", "xor 01", query, combined(query, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, lead := range []int{0, 1, 2, 3, 70000 - 1} { // behind a chunk too
				b := append(make([]byte, lead), c.bytes...)
				for i := range b[:lead] {
					b[i] = 0x80 | byte(i)*7
				}
				want := []sbom.Fact{{Kind: sbom.FactString, Value: []byte(c.value), Section: "__TEXT,__const", Offset: int64(100 + lead), Length: int64(len(c.bytes)), How: c.how}}
				got := s.Hidden(append(b, 0x80, 0, 0x80), "__TEXT,__const", 100)
				if c.how[:3] == "xor" { // neighbours may look like text under the key
					got = slices.DeleteFunc(got, func(f sbom.Fact) bool { return !bytes.Contains(f.Value, []byte(c.value)) })
					if len(got) == 1 {
						continue
					}
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%d bytes in front (-want +got):\n%s", lead, d)
				}
			}
		})
	}
}

func TestHiddenLeavesPlain(t *testing.T) {
	s, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"/Library/Safari/History.db", "SELECT url FROM history_items", "select * from HISTORY_ITEMS",
		"APPLICATION SUPPORT/FIREFOX", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "QUJDREVGR0hJSktMTU5PUA==",
	} {
		if got := s.Hidden([]byte(text), "", 0); len(got) > 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 4<<20)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	if got := s.Hidden(b, "", 0); len(got) > 0 {
		t.Errorf("random bytes: %+v", got)
	}
	if got := s.Hidden(make([]byte, 1<<20), "", 0); len(got) > 0 {
		t.Errorf("zeros: %+v", got)
	}
}

func FuzzHidden(f *testing.F) {
	s, err := Builtin()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(base64.StdEncoding.EncodeToString([]byte("/Library/Safari/History.db"))))
	f.Add(combined("moz_historyvisits", 3))
	f.Add(backwards("Library/Safari/History.db"))
	f.Add([]byte(hex.EncodeToString([]byte("history_items"))))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, x := range s.Hidden(b, "", 0) {
			if x.Offset < 0 || x.Length <= 0 || x.Offset+x.Length > int64(len(b)) || len(x.Value) < minHidden || x.How == "" {
				t.Fatalf("%+v of %d bytes", x, len(b))
			}
		}
	})
}

func BenchmarkHidden(b *testing.B) {
	s, err := Builtin()
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 8<<20)
	for i := range text {
		text[i] = "etaoinshrdlucmfwypvbgkjqxz_/. ETAOIN0123456789\x00\x01\xff\x80"[r.IntN(50)]
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Hidden(text, "", 0)
	}
}
