package pbzx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

func decode(b []byte) ([]byte, error) {
	return io.ReadAll(New(bytes.NewReader(b), limit.New(limit.Max{})))
}

var plain = []byte(strings.Repeat("some data of a payload, ", 200))

func TestRead(t *testing.T) {
	for name, b := range map[string][]byte{
		"xz": archivetest.PBZX(plain, 1000, false), "stored": archivetest.PBZX(plain, 1000, true), "one": archivetest.PBZX(plain, 1<<24, false), "exact": archivetest.PBZX(plain, len(plain)/2, false),
		"mixed": append(archivetest.PBZX(plain[:1000], 1000, false), archivetest.PBZX(plain[1000:], 1000, true)[12:]...),
	} {
		if got, err := decode(b); err != nil || !bytes.Equal(got, plain) || !Detect(b) {
			t.Errorf("%s: %v, %d bytes", name, err, len(got))
		}
	}
	if got, err := decode(archivetest.PBZX(nil, 1000, false)); err != nil || len(got) > 0 {
		t.Errorf("no chunks: %v", err)
	}
}

// TestXZ puts what the xz program makes into chunks, and takes what the tests
// write apart with it.
func TestXZ(t *testing.T) {
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("xz is not installed")
	}
	run := func(in []byte, args ...string) []byte {
		c := exec.Command("xz", args...)
		c.Stdin = bytes.NewReader(in)
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	b := binary.BigEndian.AppendUint64([]byte(Magic), 1000)
	for off := 0; off < len(plain); off += 1000 {
		part := plain[off:min(len(plain), off+1000)]
		packed := run(part, "-c", "--check=crc32")
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(packed))), packed...)
	}
	if got, err := decode(b); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%v, %d bytes", err, len(got))
	}
	ours := archivetest.PBZX(plain, 1<<20, false)
	if got := run(ours[28:], "-dc"); !bytes.Equal(got, plain) {
		t.Errorf("xz reads %d bytes", len(got))
	}
}

func TestTruncated(t *testing.T) {
	for _, stored := range []bool{false, true} {
		b := archivetest.PBZX(plain[:900], 300, stored)
		borders := map[int]bool{}
		for off := 12; off <= len(b); {
			borders[off] = true
			if off == len(b) {
				break
			}
			off += 16 + int(binary.BigEndian.Uint64(b[off+8:]))
		}
		for n := range b {
			got, err := decode(b[:n])
			var bad *malformed.Error
			if borders[n] != (err == nil) || err != nil && (!errors.As(err, &bad) || !errors.Is(err, io.ErrUnexpectedEOF)) {
				t.Fatalf("cut at %d: %v", n, err)
			}
			if !bytes.HasPrefix(plain, got) {
				t.Fatalf("cut at %d gives other bytes", n)
			}
		}
	}
}

func TestHostile(t *testing.T) {
	for _, c := range archivetest.HostilePBZXs() {
		got, err := decode(c.Bytes)
		var bad *malformed.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.Want) {
			t.Errorf("%s: %v, %d bytes", c.Name, err, len(got))
		}
	}
	broken := errors.New("disk is broken")
	_, err := io.ReadAll(New(io.MultiReader(bytes.NewReader(archivetest.PBZX(plain[:900], 900, false)[:50]), failing{broken}), limit.New(limit.Max{})))
	if !errors.Is(err, broken) {
		t.Errorf("source: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzRead(f *testing.F) {
	f.Add(archivetest.PBZX(plain, 1000, false))
	f.Add(archivetest.PBZX(plain[:100], 40, true))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := io.Copy(io.Discard, New(bytes.NewReader(b), limit.New(limit.Max{Ratio: 100, RatioFloor: 1 << 20})))
		var bad *malformed.Error
		var over *limit.Error
		if err != nil && !errors.As(err, &bad) && !errors.As(err, &over) {
			t.Errorf("error of an unknown kind after %d bytes: %v", n, err)
		}
	})
}
