package compress

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// text is data that compress well, with matches of all lengths and distances.
func text(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var b []byte
	for len(b) < n {
		switch r.IntN(4) {
		case 0:
			b = append(b, byte(r.Uint32()))
		case 1:
			b = append(b, bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(400))...)
		default:
			if len(b) > 0 {
				from := r.IntN(len(b))
				b = append(b, b[from:min(len(b), from+r.IntN(300))]...)
			}
		}
	}
	return b[:n]
}

func decode(data []byte, m Method, b *limit.Budget) ([]byte, error) {
	out, err := io.ReadAll(New(bytes.NewReader(data), m, b))
	if err != nil {
		return nil, err
	}
	return out, nil
}

func budget() *limit.Budget { return limit.New(limit.Max{}) }

func packXZ(tb testing.TB, data []byte, c xz.WriterConfig) []byte {
	var b bytes.Buffer
	w, err := c.NewWriter(&b)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func packLZMA(tb testing.TB, data []byte, c lzma.WriterConfig) []byte {
	var b bytes.Buffer
	w, err := c.NewWriter(&b)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func packZstd(tb testing.TB, data []byte, o ...zstd.EOption) []byte {
	w, err := zstd.NewWriter(nil, o...)
	if err != nil {
		tb.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

// tool compresses with an independent program.
func tool(tb testing.TB, data []byte, name string, args ...string) []byte {
	tb.Helper()
	if _, err := exec.LookPath(name); err != nil {
		tb.Skipf("%s is not installed", name)
	}
	c := exec.Command(name, args...)
	c.Stdin = bytes.NewReader(data)
	out, err := c.Output()
	if err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return out
}

// TestLibraries decodes what other Go libraries write, at odd settings.
func TestLibraries(t *testing.T) {
	for _, n := range []int{0, 1, 100, 70_000, 600_000} {
		want := text(n, uint64(n))
		for name, data := range map[string][]byte{
			"xz crc32":      packXZ(t, want, xz.WriterConfig{CheckSum: xz.CRC32, DictCap: 4096}),
			"xz crc64":      packXZ(t, want, xz.WriterConfig{DictCap: 1 << 16}),
			"xz sha256":     packXZ(t, want, xz.WriterConfig{CheckSum: xz.SHA256, BlockSize: 100_000}),
			"xz none":       packXZ(t, want, xz.WriterConfig{NoCheckSum: true}),
			"xz lc0lp3pb1":  packXZ(t, want, xz.WriterConfig{Properties: &lzma.Properties{LC: 0, LP: 3, PB: 1}}),
			"lzma marker":   packLZMA(t, want, lzma.WriterConfig{DictCap: 1 << 15}),
			"lzma lc8lp4":   packLZMA(t, want, lzma.WriterConfig{Properties: &lzma.Properties{LC: 8, LP: 4, PB: 0}}),
			"lzma size":     packLZMA(t, want, lzma.WriterConfig{SizeInHeader: true, Size: int64(n)}),
			"zstd":          packZstd(t, want),
			"two xz padded": append(append(packXZ(t, want[:n/2], xz.WriterConfig{}), 0, 0, 0, 0), packXZ(t, want[n/2:], xz.WriterConfig{})...),
		} {
			m := Method(strings.Fields(strings.TrimPrefix(name, "two "))[0])
			if n == 0 && (name == "zstd" || name == "lzma size") {
				continue // the libraries write no frame, and no end, for no data
			}
			got, err := decode(data, m, budget())
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s of %d bytes: %v, %d bytes", name, n, err, len(got))
			}
			if name != "lzma lc8lp4" && name != "lzma size" && n > 0 && Detect(data[:HeadSize]) != m {
				t.Errorf("%s is taken for %q", name, Detect(data[:HeadSize]))
			}
		}
	}
}

// TestTools decodes what the usual programs write.
func TestTools(t *testing.T) {
	want := text(400_000, 9)
	for _, args := range [][]string{
		{"xz", "-0"}, {"xz", "-9e"}, {"xz", "-T2", "--block-size=300000"}, {"xz", "-C", "sha256"}, {"xz", "-C", "none"}, {"xz", "--lzma2=dict=5000000,lc=0,lp=4,pb=4"},
		{"lzma", "-1"}, {"bzip2"}, {"gzip", "-9"}, {"zstd", "-19"}, {"zstd", "-q", "--check"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			name := args[0]
			if name == "lzma" {
				args = append([]string{"xz", "--format=lzma"}, args[1:]...)
			}
			data := tool(t, want, args[0], append(args[1:], "-c")...)
			if m := Detect(data[:HeadSize]); string(m) != name {
				t.Fatalf("taken for %q", m)
			}
			got, err := decode(data, Method(name), budget())
			if err != nil || sha256.Sum256(got) != sha256.Sum256(want) {
				t.Fatalf("%v, %d bytes", err, len(got))
			}
			twice, err := decode(append(bytes.Clone(data), data...), Method(name), budget())
			if name != "lzma" && (err != nil || !bytes.Equal(twice, append(got, got...))) {
				t.Errorf("two in a row: %v, %d bytes", err, len(twice))
			}
		})
	}
}

func samples(tb testing.TB) map[Method][]byte {
	data := text(3000, 4)
	packed := &bzWriter{codes: 3}
	packed.block(data, false)
	return map[Method][]byte{
		XZ: packXZ(tb, data, xz.WriterConfig{BlockSize: 1024}), LZMA: packLZMA(tb, data, lzma.WriterConfig{DictCap: 4096}), Zstd: packZstd(tb, data),
		Bzip2: packed.end(),
	}
}

// TestTruncated cuts each sample everywhere: every cut is an error that says so,
// and what came before it is right.
func TestTruncated(t *testing.T) {
	for m, whole := range samples(t) {
		want, err := decode(whole, m, budget())
		if err != nil {
			t.Fatalf("%s: %v", m, err)
		}
		for n := range whole {
			r := New(bytes.NewReader(whole[:n]), m, budget())
			got, err := io.ReadAll(r)
			var bad *malformed.Error
			if !errors.As(err, &bad) || !errors.Is(err, io.ErrUnexpectedEOF) {
				if m == Zstd && n == 0 {
					continue // no frames are a stream too
				}
				t.Fatalf("%s cut at %d: %v", m, n, err)
			}
			if m != LZMA && !bytes.HasPrefix(want, got) { // the last lzma symbol may come out wrong
				t.Fatalf("%s cut at %d gives other bytes", m, n)
			}
			if _, again := r.Read(make([]byte, 1)); again != err {
				t.Fatalf("%s: the error does not stay: %v", m, again)
			}
		}
	}
}

// TestFlipped flips bits in xz: all but a few are found by its checks.
func TestFlipped(t *testing.T) {
	whole := samples(t)[XZ]
	want, _ := decode(whole, XZ, budget())
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 0x10
		if got, err := decode(bad, XZ, budget()); err == nil && !bytes.Equal(got, want) {
			t.Errorf("flip at %d passes unseen", i)
		} else if err == nil {
			t.Errorf("flip at %d has no effect", i)
		}
	}
}

// xzWithDict is a stream whose only block claims the dictionary of a property.
func xzWithDict(bits byte) []byte {
	b := []byte(xzMagic + "\x00\x00")
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b[6:8]))
	h := []byte{2, 0, 0x21, 1, bits, 0, 0, 0}
	b = append(b, h...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(h))
	return append(b, 1, 0, 0, 'x', 0, 0, 0, 0)
}

func TestWindow(t *testing.T) {
	big := bytes.Repeat([]byte("x"), 1<<16)
	lz := packLZMA(t, big, lzma.WriterConfig{DictCap: 4096})
	binary.LittleEndian.PutUint32(lz[1:], 1<<31)
	zs := []byte{0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x12 << 3, 1, 0, 0} // window of 2^28
	for name, c := range map[string]struct {
		data []byte
		m    Method
	}{"xz 192 MiB": {xzWithDict(31), XZ}, "xz 4 GiB": {xzWithDict(40), XZ}, "lzma 2 GiB": {lz, LZMA}, "zstd 256 MiB": {zs, Zstd}} {
		_, err := decode(c.data, c.m, budget())
		var over *limit.Error
		if !errors.As(err, &over) || over.Limit != Window {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A claim that is allowed costs nothing until it is used.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := decode(append(xzWithDict(30)[:28], 0), XZ, budget()) // 128 MiB, cut
	runtime.ReadMemStats(&after)
	if err == nil || string(got) != "" || after.TotalAlloc-before.TotalAlloc > 4<<20 {
		t.Errorf("%v, %d bytes allocated", err, after.TotalAlloc-before.TotalAlloc)
	}
}

func TestRatio(t *testing.T) {
	bomb := packXZ(t, make([]byte, 4<<20), xz.WriterConfig{})
	_, err := decode(bomb, XZ, limit.New(limit.Max{Ratio: 10, RatioFloor: 1000}))
	var over *limit.Error
	if !errors.As(err, &over) || over.Limit != limit.Ratio {
		t.Errorf("%v", err)
	}
	if _, err := decode(bomb, XZ, nil); !errors.As(err, &over) {
		t.Errorf("without a budget: %v", err)
	}
}

// TestHostile names the failure of each vector.
func TestHostile(t *testing.T) {
	good := samples(t)[XZ]
	edit := func(off int, c byte) []byte {
		b := bytes.Clone(good)
		b[off] = c
		return b
	}
	filter := func(h ...byte) []byte {
		b := append(bytes.Clone(good[:12]), h...)
		return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(h))
	}
	for name, c := range map[string]struct {
		data []byte
		m    Method
		want string
	}{
		"not xz":            {[]byte("hello world, this is nothing"), XZ, "header is missing"},
		"header checksum":   {edit(8, good[8]^1), XZ, "header checksum"},
		"block checksum":    {edit(13, good[13]^0x40), XZ, "block header checksum"},
		"x86 filter":        {filter(2, 0, 4, 0, 0, 0, 0, 0), XZ, "filter cannot be decoded"},
		"two filters":       {filter(2, 1, 0x21, 1, 0, 4, 0, 0), XZ, "filter cannot be decoded"},
		"long vli":          {filter(2, 0x40, 255, 255, 255, 255, 255, 255), XZ, "block header is cut"},
		"dictionary bits":   {filter(2, 0, 0x21, 1, 41, 0, 0, 0), XZ, "properties are not valid"},
		"garbage behind":    {append(bytes.Clone(good), "garbage!garbage!"...), XZ, "header is missing"},
		"first chunk":       {append(xzWithDict(0)[:24], 2, 0, 0, 'x', 0), XZ, "cannot be here"},
		"lzma properties":   {append([]byte{255}, make([]byte, 30)...), LZMA, "properties are not valid"},
		"lzma size":         {append([]byte{0x5D, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x70}, make([]byte, 30)...), LZMA, "size is not possible"},
		"lzma zeros":        {append([]byte{0x5D, 0, 0, 1, 0, 100, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, 30)...), LZMA, "range coder"},
		"gzip text":         {[]byte("plain text here"), Gzip, "damaged"},
		"zlib text":         {[]byte("plain text here"), Zlib, "damaged"},
		"bzip2 text":        {[]byte("plain text here"), Bzip2, "damaged"},
		"zstd text":         {[]byte("plain text here"), Zstd, "damaged"},
		"method not known":  {nil, "rot13", "not known"},
		"lzma back too far": {append([]byte{0x5D, 0, 0, 1, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{0xFE}, 30)...), LZMA, "before the start"},
	} {
		out, err := decode(c.data, c.m, budget())
		var bad *malformed.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %d bytes", name, err, len(out))
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestSource keeps the error of the source itself.
func TestSource(t *testing.T) {
	broken := errors.New("disk is broken")
	for m, data := range samples(t) {
		_, err := io.ReadAll(New(io.MultiReader(bytes.NewReader(data[:len(data)/2]), failing{broken}), m, budget()))
		var bad *malformed.Error
		if !errors.Is(err, broken) || errors.As(err, &bad) {
			t.Errorf("%s: %v", m, err)
		}
	}
}

func TestDetect(t *testing.T) {
	for head, want := range map[string]Method{
		"": None, "\x1F\x8B\x08": Gzip, "\x1F\x8B": None, "x\x9c": Zlib, "x\x01": Zlib, "xa": None, "BZh91AY&SY": Bzip2, "BZh0": None, "BZh9 is no archive": None,
		"\xFD7zXZ\x00": XZ, "\x28\xB5\x2F\xFD": Zstd, "\x50\x2A\x4D\x18": Zstd, "]\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00": LZMA, "]\x00\x00\x80\x00 is no lzma": None, "070707": None,
	} {
		if got := Detect([]byte(head)); got != want {
			t.Errorf("%q: %q, want %q", head, got, want)
		}
	}
}

// FuzzRead compares the decoders of ours with those of a library, and looks for
// panics in all.
func FuzzRead(f *testing.F) {
	for m, data := range samples(f) {
		f.Add(string(m), data)
	}
	f.Add("xz", xzWithDict(40))
	f.Add("gzip", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, m string, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		b := limit.New(limit.Max{Ratio: 1000, RatioFloor: 1 << 20})
		got, err := decode(data, Method(m), b)
		var bad *malformed.Error
		var over *limit.Error
		if err != nil && !errors.As(err, &bad) && !errors.As(err, &over) {
			t.Fatalf("error of an unknown kind: %v", err)
		}
		if err == nil && Method(m) == XZ {
			r, err := xz.NewReader(bytes.NewReader(data))
			if err != nil {
				return // kinds of check that the library does not know
			}
			if other, err := io.ReadAll(r); err == nil && !bytes.Equal(other, got) {
				t.Fatal("the library reads something else")
			}
		}
	})
}
