package adc

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"one literal", "\x80a", "a"},
		{"128 literals", "\xFF" + strings.Repeat("xy", 64), strings.Repeat("xy", 64)},
		{"shortest near match", "\x82abc\x00\x02", "abcabc"},
		{"longest near match", "\x80a\x3C\x00", strings.Repeat("a", 19)},
		{"overlap of two", "\x81ab\x08\x01", "abababa"},
		{"shortest far match", "\x83abcd\x40\x00\x03", "abcdabcd"},
		{"longest far match", "\x80a\x7F\x00\x00", strings.Repeat("a", 68)},
		{"near distance of 1024", "\x80Z" + strings.Repeat("\xFF"+strings.Repeat(".", 128), 7) + "\xFE" + strings.Repeat(".", 127) + "\x03\xFF",
			"Z" + strings.Repeat(".", 1023) + "Z.."},
		{"far distance, high byte first", "\x80Z" + strings.Repeat("\xFF"+strings.Repeat(".", 128), 2) + "\x40\x01\x00", "Z" + strings.Repeat(".", 256) + "Z..."},
	} {
		dst := make([]byte, len(c.want))
		n, err := Decode(dst, []byte(c.in))
		if err != nil || string(dst[:n]) != c.want {
			t.Errorf("%s: %q, %v", c.name, dst[:n], err)
		}
		if len(c.want) == 0 {
			continue
		}
		n, err = Decode(dst[:len(dst)-1], []byte(c.in))
		var over *limit.Error
		if !errors.As(err, &over) || over.Limit != limit.FileSize || n != 0 {
			t.Errorf("%s: into one byte less: %d, %v", c.name, n, err)
		}
	}
}

func TestBadData(t *testing.T) {
	for _, c := range []struct {
		name, in string
		offset   int64
		what     string
		short    bool
	}{
		{"match at the beginning", "\x00\x00", 0, "before the beginning", false},
		{"near match too far", "\x80a\x00\x01", 2, "before the beginning", false},
		{"far match too far", "\x81ab\x40\x00\x02", 3, "before the beginning", false},
		{"literals missing", "\x82ab", 3, "inside a step", true},
		{"operand missing", "\x80a\x00", 3, "inside a step", true},
		{"second operand missing", "\x80a\x40\x00", 4, "inside a step", true},
	} {
		n, err := Decode(make([]byte, 1000), []byte(c.in))
		var bad *malformed.Error
		if !errors.As(err, &bad) || n != 0 || bad.Offset != c.offset || !strings.Contains(bad.What, c.what) {
			t.Errorf("%s: %d, %v", c.name, n, err)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) != c.short {
			t.Errorf("%s: %v, want end of input: %v", c.name, err, c.short)
		}
	}
}

// TestAgainstModel runs random steps, and the same steps byte by byte.
func TestAgainstModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var in, want []byte
		for range 300 {
			switch n := len(want); {
			case n == 0 || rng.IntN(3) == 0:
				lits := make([]byte, 1+rng.IntN(128))
				for i := range lits {
					lits[i] = byte(rng.Uint32())
				}
				in = append(append(in, 0x7F+byte(len(lits))), lits...)
				want = append(want, lits...)
			case rng.IntN(2) == 0:
				m, d := 3+rng.IntN(16), rng.IntN(min(n, 1024))
				in = append(in, byte((m-3)<<2|d>>8), byte(d))
				want = repeat(want, m, d+1)
			default:
				m, d := 4+rng.IntN(64), rng.IntN(min(n, 65536))
				in = append(in, byte(0x40|(m-4)), byte(d>>8), byte(d))
				want = repeat(want, m, d+1)
			}
		}
		got := make([]byte, len(want))
		if n, err := Decode(got, in); err != nil || n != len(want) || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v, want %d", n, err, len(want))
		}
	}
}

func repeat(b []byte, m, distance int) []byte {
	for range m {
		b = append(b, b[len(b)-distance])
	}
	return b
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x82abc\x00\x02\x40\x00\x05"), uint16(100))
	f.Add([]byte("\x80a\x7F\x00\x00"), uint16(68))
	f.Fuzz(func(t *testing.T, in []byte, size uint16) {
		dst := make([]byte, int(size)+8)
		copy(dst[size:], "sentinel")
		n, err := Decode(dst[:size:size], in)
		if err != nil && n != 0 || n > int(size) || string(dst[size:]) != "sentinel" {
			t.Fatalf("%d bytes of %d, %v", n, size, err)
		}
		var bad *malformed.Error
		if errors.As(err, &bad) && (bad.Offset < 0 || bad.Offset > int64(len(in))) {
			t.Fatalf("error outside the input: %v", err)
		}
	})
}
