package lzfse_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/kinbom/kinbom/sbom/container/lzfse"
	"github.com/kinbom/kinbom/sbom/container/udif/udiftest"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// texts are what the streams in testdata stand for.
func texts() map[string][]byte {
	var squares, noise bytes.Buffer
	for i := uint32(0); squares.Len() < 60_000; i++ {
		fmt.Fprintf(&squares, "%d %x\n", i, i*i%9973)
	}
	for x := uint32(1); noise.Len() < 2000; {
		x = x*1664525 + 1013904223
		noise.WriteByte(byte(x >> 24))
	}
	return map[string][]byte{
		"squares": squares.Bytes(),
		"short":   squares.Bytes()[:3000],
		"tiny":    squares.Bytes()[:5],
		"zeros":   make([]byte, 1<<20),
		"far":     bytes.Join([][]byte{noise.Bytes(), make([]byte, 257_000), noise.Bytes(), []byte("end")}, nil),
	}
}

func vector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wantBoth decodes a stream in memory and as a reader.
func wantBoth(t *testing.T, stream, want []byte) {
	t.Helper()
	dst := make([]byte, len(want)+10)
	if n, err := lzfse.Decode(dst, stream); err != nil || !bytes.Equal(dst[:n], want) {
		t.Errorf("Decode gives %d of %d bytes, %v", n, len(want), err)
	}
	if n, err := lzfse.Decode(dst[:len(want)], stream); err != nil || n != len(want) {
		t.Errorf("Decode into the exact size gives %d of %d bytes, %v", n, len(want), err)
	}
	if got, err := io.ReadAll(lzfse.NewReader(bytes.NewReader(stream))); err != nil || !bytes.Equal(got, want) {
		t.Errorf("NewReader gives %d of %d bytes, %v", len(got), len(want), err)
	}
	if len(want) > 0 {
		n, err := lzfse.Decode(dst[:len(want)-1], stream)
		var over *limit.Error
		if !errors.As(err, &over) || over.Limit != limit.FileSize || n != 0 {
			t.Errorf("Decode into one byte less: %d, %v", n, err)
		}
	}
}

func TestVectors(t *testing.T) {
	for name, want := range texts() {
		t.Run(name, func(t *testing.T) {
			stream := vector(t, name+".lzfse")
			wantBoth(t, stream, want)
			wantBoth(t, append(bytes.Clone(stream), "what follows is not looked at"...), want)
			if v1, ok := asV1(stream); ok {
				t.Run("bvx1", func(t *testing.T) { wantBoth(t, v1, want) })
			}
			wantBoth(t, udiftest.PackFSE(want), want)
			wantBoth(t, joined(stream, udiftest.PackLZFSE(want), []byte("bvx-\x00\x00\x00\x00bvx$")), append(bytes.Clone(want), want...))
		})
	}
}

// joined makes one stream of several.
func joined(streams ...[]byte) []byte {
	var out []byte
	for _, s := range streams {
		out = append(out, s[:len(s)-4]...)
	}
	return append(out, "bvx$"...)
}

// asV1 rewrites blocks of bvx2 as bvx1, whose fields and tables are not packed.
func asV1(s []byte) (out []byte, ok bool) {
	le := binary.LittleEndian
	for string(s[:4]) == "bvx2" {
		v0, v1, v2 := le.Uint64(s[8:]), le.Uint64(s[16:]), le.Uint64(s[24:])
		size := int(uint32(v2))
		h := make([]byte, 772)
		copy(h, "bvx1")
		copy(h[4:8], s[4:8])
		lits, lmd := uint32(v0>>20&0xFFFFF), uint32(v1>>40&0xFFFFF)
		for i, v := range []uint32{lits + lmd, uint32(v0 & 0xFFFFF), uint32(v0 >> 40 & 0xFFFFF), lits, lmd, uint32(v0>>60&7) - 7} {
			le.PutUint32(h[8+4*i:], v)
		}
		for i := range 4 {
			le.PutUint16(h[32+2*i:], uint16(v1>>(10*i)&1023))
		}
		le.PutUint32(h[40:], uint32(v1>>60&7)-7)
		for i := range 3 {
			le.PutUint16(h[44+2*i:], uint16(v2>>(32+10*i)&1023))
		}
		for i, f := range lzfse.Frequencies(s[32:size]) {
			le.PutUint16(h[50+2*i:], f)
		}
		end := size + int(lits+lmd)
		out = append(append(out, h...), s[size:end]...)
		s = s[end:]
		ok = true
	}
	return append(out, s...), ok
}

func TestReaderInSmallPieces(t *testing.T) {
	for name, want := range texts() {
		r := lzfse.NewReader(iotest.HalfReader(iotest.DataErrReader(bytes.NewReader(vector(t, name+".lzfse")))))
		if err := iotest.TestReader(r, want); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := errors.New("disk is gone")
	_, err := io.ReadAll(lzfse.NewReader(io.MultiReader(bytes.NewReader(vector(t, "squares.lzfse")[:900]), iotest.ErrReader(broken))))
	if !errors.Is(err, broken) {
		t.Errorf("error of the reader: %v", err)
	}
}

func TestBareLZVN(t *testing.T) {
	want := texts()["short"]
	for name, src := range map[string][]byte{
		"reference": vector(t, "short.lzvn"), "own": udiftest.PackLZVN(want), "followed": append(vector(t, "short.lzvn"), 0xFF, 6, 1),
	} {
		dst := make([]byte, len(want)+1)
		if n, err := lzfse.DecodeLZVN(dst, src); err != nil || !bytes.Equal(dst[:n], want) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		if n, err := lzfse.DecodeLZVN(dst[:len(want)-1], src); err == nil || n != 0 {
			t.Errorf("%s: into one byte less: %d, %v", name, n, err)
		}
	}
	// Without the end mark only a full dst shows that nothing is missing.
	src := vector(t, "short.lzvn")
	src = src[:len(src)-8]
	if n, err := lzfse.DecodeLZVN(make([]byte, len(want)), src); err != nil || n != len(want) {
		t.Errorf("no end mark, full: %d, %v", n, err)
	}
	if n, err := lzfse.DecodeLZVN(make([]byte, len(want)+1), src); !errors.Is(err, io.ErrUnexpectedEOF) || n != 0 {
		t.Errorf("no end mark, not full: %d, %v", n, err)
	}
}

// TestLZVNOpcodes has each form of opcode by hand.
func TestLZVNOpcodes(t *testing.T) {
	end := "\x06\x00\x00\x00\x00\x00\x00\x00"
	for _, c := range []struct{ name, in, want string }{
		{"small literal", "\xE3abc" + end, "abc"},
		{"large literal", "\xE0\x01" + strings.Repeat("x", 17) + end, strings.Repeat("x", 17)},
		{"small distance", "\xE2ab\x48\x03c" + end, "abcabca"},
		{"medium distance", "\xE3abc\xA1\x0C\x00" + end, "abc" + "abcabca"},
		{"medium distance, high bits", "\xE0\xF0" + strings.Repeat("k", 256) + "\xA8\x00\x04!" + end, strings.Repeat("k", 256) + "!kkk"},
		{"large distance", "\xE3abc\x07\x03\x00" + end, "abcabc"},
		{"distance before", "\xE2ab\x00\x02\x46z" + end, "ababazaza"},
		{"small match", "\xE1a\x00\x01\xF2" + end, "aaaaaa"},
		{"large match", "\xE1a\x00\x01\xF0\x00" + end, strings.Repeat("a", 20)},
		{"nothing", "\x0E\xE1a\x16" + end, "a"},
	} {
		dst := make([]byte, 400)
		n, err := lzfse.DecodeLZVN(dst, []byte(c.in))
		if err != nil || string(dst[:n]) != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, dst[:n], err, c.want)
		}
	}
	undefined := []byte{0x1E, 0x26, 0x2E, 0x36, 0x3E}
	for i := range byte(16) {
		undefined = append(undefined, 0x70+i, 0xD0+i)
	}
	for _, op := range undefined {
		_, err := lzfse.DecodeLZVN(make([]byte, 400), append([]byte{0xE1, 'a', op}, make([]byte, 20)...))
		var bad *malformed.Error
		if !errors.As(err, &bad) || bad.Offset != 2 || bad.Value != op {
			t.Errorf("opcode %#x: %v", op, err)
		}
	}
}

func TestBadStreams(t *testing.T) {
	squares := vector(t, "squares.lzfse")
	edit := func(off int, b ...byte) string {
		s := bytes.Clone(squares)
		copy(s[off:], b)
		return string(s)
	}
	end := "\x06\x00\x00\x00\x00\x00\x00\x00bvx$"
	for _, c := range []struct{ name, in, what string }{
		{"empty", "", "ends too early"},
		{"no magic", "bvx?....", "unknown block"},
		{"old magic", "bvxx", "unknown block"},
		{"stored block claims 4 GB", "bvx-\xFF\xFF\xFF\xFFabc", "ends too early"},
		{"LZVN block claims 4 GB", "bvxn\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xE1a", "ends too early"},
		{"LZVN gives more than it says", "bvxn\x01\x00\x00\x00\x0B\x00\x00\x00\xE2ab" + end, "more than its header says"},
		{"LZVN gives less than it says", "bvxn\x03\x00\x00\x00\x0B\x00\x00\x00\xE2ab" + end, "less than its header says"},
		{"LZVN without end mark", "bvxn\x02\x00\x00\x00\x03\x00\x00\x00\xE2ab" + end, "before its end mark"},
		{"LZVN with data behind its end mark", "bvxn\x02\x00\x00\x00\x0C\x00\x00\x00\xE2ab\x06\x00\x00\x00\x00\x00\x00\x00\x00bvx$", "after the end"},
		{"match at the beginning", "bvxn\x03\x00\x00\x00\x0A\x00\x00\x00\x00\x01" + end, "before the beginning"},
		{"distance of zero", "bvxn\x04\x00\x00\x00\x0C\x00\x00\x00\xE1a\x00\x00" + end, "before the beginning"},
		{"no distance before", "bvxn\x04\x00\x00\x00\x0B\x00\x00\x00\xE1a\xF3" + end, "before the beginning"},
		{"block says more", edit(4, 0xFF, 0xFF), "less than its header says"},
		{"block says less", edit(4, 0xFF, 0x01, 0x00), "impossible number"},
		{"no output, much work", edit(4, 0, 0, 0, 0), "impossible number of literals"},
		{"header of 4 GB", edit(24, 0xFF, 0xFF, 0xFF, 0xFF), "impossible size of a block header"},
		{"header too small", edit(24, 31, 0, 0, 0), "impossible size of a block header"},
		{"tables left out", edit(24, 32, 0, 0, 0), "do not add up"},
		{"tables too long", edit(24, byte(binary.LittleEndian.Uint32(squares[24:])+1)), "tables do not fit"},
		{"other frequencies", edit(32, squares[32]^1), ""},
		{"fewer literals than the steps take", edit(8, squares[8]-4), "more literals than there are"},
		{"unused bits of literals", edit(15, squares[15]&0x8F), "unused bits of zero"},
		{"unused bits of matches", edit(23, squares[23]&0x8F), "unused bits of zero"},
		{"state of literal lengths", edit(28, 0xFF), "impossible number of state of literal lengths"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := lzfse.Decode(make([]byte, 100_000), []byte(c.in))
			var bad *malformed.Error
			if !errors.As(err, &bad) || n != 0 || !strings.Contains(bad.What, c.what) || bad.Offset < 0 || bad.Offset > int64(len(c.in)) {
				t.Errorf("Decode: %d, %v", n, err)
			}
			if _, rerr := io.ReadAll(lzfse.NewReader(strings.NewReader(c.in))); rerr == nil || rerr.Error() != err.Error() {
				t.Errorf("NewReader: %v, Decode: %v", rerr, err)
			}
		})
	}
}

func TestTruncatedEverywhere(t *testing.T) {
	for _, name := range []string{"squares", "short", "tiny", "zeros"} {
		stream := vector(t, name+".lzfse")
		step := max(1, len(stream)/500)
		dst := make([]byte, 1<<20)
		for n := 0; n < len(stream); n += step {
			if got, err := lzfse.Decode(dst, stream[:n]); !errors.Is(err, io.ErrUnexpectedEOF) || got != 0 {
				t.Fatalf("%s, %d bytes: %d, %v", name, n, got, err)
			}
			if _, err := io.ReadAll(lzfse.NewReader(bytes.NewReader(stream[:n]))); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s, %d bytes: reader: %v", name, n, err)
			}
		}
	}
}

// TestReaderMemory unpacks 64 MiB of zeros.
func TestReaderMemory(t *testing.T) {
	zeros := vector(t, "zeros.lzfse")
	var all [][]byte
	for range 64 {
		all = append(all, zeros)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.Copy(io.Discard, lzfse.NewReader(bytes.NewReader(joined(all...))))
	runtime.ReadMemStats(&after)
	if err != nil || n != 64<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("allocated %d bytes", got)
	}
}

// TestAgainstReference packs files of this machine with the reference tool.
func TestAgainstReference(t *testing.T) {
	tool, err := exec.LookPath("lzfse")
	if err != nil {
		t.Skip("the tool lzfse is not installed: only the stored streams were compared")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("*.go")
	for _, f := range append(files, self) {
		want, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out")
		if text, err := exec.Command(tool, "-encode", "-i", f, "-o", out).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		stream, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		wantBoth(t, stream, want)
		if v1, ok := asV1(stream); ok {
			wantBoth(t, v1, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"squares", "zeros", "short", "tiny", "far"} {
		s := vector(f, name+".lzfse")
		f.Add(s)
		if v1, ok := asV1(s); ok {
			f.Add(v1)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		dst := make([]byte, 1<<20)
		n, err := lzfse.Decode(dst, in)
		if err != nil && n != 0 {
			t.Fatal("data beside an error")
		}
		got, rerr := io.ReadAll(io.LimitReader(lzfse.NewReader(bytes.NewReader(in)), 1<<20))
		if err == nil && (rerr != nil || !bytes.Equal(got, dst[:n])) {
			t.Fatalf("Decode gives %d bytes, NewReader %d and %v", n, len(got), rerr)
		}
		var bad *malformed.Error
		if errors.As(err, &bad) && (bad.Offset < 0 || bad.Offset > int64(len(in))) {
			t.Fatalf("error outside the input: %v", err)
		}
	})
}

func FuzzDecodeLZVN(f *testing.F) {
	f.Add(vector(f, "short.lzvn"), uint16(3000))
	f.Fuzz(func(t *testing.T, in []byte, size uint16) {
		dst := make([]byte, int(size)+8)
		copy(dst[size:], "sentinel")
		n, err := lzfse.DecodeLZVN(dst[:size:size], in)
		if err != nil && n != 0 || n > int(size) || string(dst[size:]) != "sentinel" {
			t.Fatalf("%d bytes of %d, %v", n, size, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for name, text := range texts() {
		stream := vector(b, name+".lzfse")
		b.Run(name, func(b *testing.B) {
			dst := make([]byte, len(text))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				lzfse.Decode(dst, stream)
			}
		})
	}
}
