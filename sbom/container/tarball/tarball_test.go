package tarball

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/container/compress"
	"github.com/kinbom/kinbom/sbom/limit"
)

func pack(tb testing.TB, f tar.Format, hs ...tar.Header) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range hs {
		data := h.PAXRecords["data"]
		h.PAXRecords, h.Size, h.Format = nil, int64(len(data)), f
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		err := w.WriteHeader(&h)
		if err == nil {
			_, err = io.WriteString(w, data)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	w.Close()
	return b.Bytes()
}

// file is a header with content; the content travels in a field that is free.
func file(name, data string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, PAXRecords: map[string]string{"data": data}}
}

func sample(tb testing.TB) []byte {
	return pack(tb, tar.FormatPAX, tar.Header{Name: "App/", Typeflag: tar.TypeDir, Mode: 0o755}, file("App/main", "code"), tar.Header{Name: "App/l", Linkname: "main", Typeflag: tar.TypeSymlink},
		tar.Header{Name: "App/h", Linkname: "App/main", Typeflag: tar.TypeLink}, file(strings.Repeat("long/", 60)+"ä", "deep"), tar.Header{Name: "pipe", Typeflag: tar.TypeFifo}, file("../up", ""))
}

func list(b []byte, m limit.Max) (string, compress.Method, error) {
	r, err := New(bytes.NewReader(b), int64(len(b)), limit.New(m))
	if err != nil {
		return "", "", err
	}
	var out []string
	for {
		e, err := r.Next()
		if err == io.EOF {
			err = nil
		} else if err == nil {
			var data []byte
			data, err = io.ReadAll(r)
			if err == nil {
				out = append(out, fmt.Sprintf("%s %s %q %q", e.Name, e.Type, e.Link, data))
				continue
			}
		}
		return strings.Join(out, "|"), r.Method(), err
	}
}

func TestRead(t *testing.T) {
	want := `App/ dir "" ""|App/main file "" "code"|App/l symlink "main" ""|App/h hardlink "App/main" ""|` + strings.Repeat("long/", 60) + `ä file "" "deep"|pipe other "" ""|../up file "" ""`
	b := sample(t)
	for m, data := range map[compress.Method][]byte{compress.None: b, compress.Gzip: archivetest.Gzip(b), compress.XZ: archivetest.XZ(b),
		"gzip in two members": append(archivetest.Gzip(b[:700]), archivetest.Gzip(b[700:])...)} {
		got, method, err := list(data, limit.Max{})
		if err != nil || got != want || method != compress.Method(strings.TrimSuffix(string(m), " in two members")) {
			t.Errorf("%s: %q %v\ngot  %s\nwant %s", m, method, err, got, want)
		}
	}
	if got, _, err := list(make([]byte, 1024), limit.Max{}); err != nil || got != "" {
		t.Errorf("empty archive: %q, %v", got, err)
	}
}

// TestTar reads what tar writes, in all forms and compressions.
func TestTar(t *testing.T) {
	if _, err := exec.LookPath("tar"); err != nil {
		t.Skip("tar is not installed")
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	os.MkdirAll(filepath.Join(in, "d"), 0o755)
	long := strings.Repeat("n", 120)
	os.WriteFile(filepath.Join(in, "d", long), []byte("content"), 0o755)
	os.Symlink(long, filepath.Join(in, "d", "link"))
	os.Link(filepath.Join(in, "d", long), filepath.Join(in, "d", "hard"))
	sparse, err := os.Create(filepath.Join(in, "sparse"))
	if err != nil {
		t.Fatal(err)
	}
	sparse.WriteAt([]byte("middle"), 1<<20)
	sparse.Truncate(3 << 20)
	sparse.Close()
	for _, args := range [][]string{{"--format=gnu"}, {"--format=posix"}, {"--format=gnu", "-S"}, {"--format=posix", "-S"}, {"--format=posix", "-S", "--sparse-version=0.1"}, {"-z"}, {"-j"}, {"-J"}, {"--zstd"}, {"--lzma"}} {
		name := filepath.Join(dir, "out")
		if out, err := exec.Command("tar", append(args, "--sort=name", "-C", in, "-cf", name, ".")...).CombinedOutput(); err != nil {
			t.Logf("%v is not possible here: %s", args, out)
			continue
		}
		b, _ := os.ReadFile(name)
		got, m, err := list(b, limit.Max{})
		for _, want := range []string{"./d/" + long + ` hardlink "./d/hard" ""`, `./d/hard file "" "content"`, `./d/link symlink "` + long, "./sparse file"} {
			if err != nil || !strings.Contains(got, want) {
				t.Errorf("%v (%s): %v, %s is missing in %.300s", args, m, err, want, got)
			}
		}
		if i := strings.Index(got, "middle"); len(got) < 3<<20 || i < 0 {
			t.Errorf("%v: sparse file has the wrong content", args)
		}
	}
}

func TestTruncated(t *testing.T) {
	b := sample(t)
	whole, _, _ := list(b, limit.Max{})
	for n := 0; n < len(b)-512; n++ {
		got, _, err := list(b[:n], limit.Max{})
		if !errors.Is(err, io.ErrUnexpectedEOF) && !(n < 512 && err != nil) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if !strings.HasPrefix(whole, got) {
			t.Fatalf("cut at %d: other entries", n)
		}
	}
	z := archivetest.Gzip(b)
	for n := range z {
		if _, _, err := list(z[:n], limit.Max{}); err == nil {
			t.Fatalf("gzip cut at %d passes", n)
		}
	}
}

func TestHostile(t *testing.T) {
	b := sample(t)
	edit := func(off int, s string) []byte {
		c := bytes.Clone(b)
		copy(c[off:], s)
		return c
	}
	second := bytes.Index(b, []byte("App/main"))
	bomb := pack(t, tar.FormatGNU, file("zeros", string(make([]byte, 4<<20))))
	badsum := archivetest.Gzip(b)
	badsum[len(badsum)-6] ^= 1
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing":       {nil, "no tar header"},
		"text":          {bytes.Repeat([]byte("some text, "), 100), "no tar header"},
		"gzip of text":  {archivetest.Gzip([]byte("some text")), "no tar header"},
		"checksum":      {edit(second, "x"), "damaged"},
		"hidden":        {append(bytes.Clone(b), b...), "data after the end"},
		"gzip checksum": {badsum, "damaged"},
		"ratio":         {archivetest.Gzip(bomb), "limit on ratio"},
	} {
		_, _, err := list(c.b, limit.Max{Ratio: 50, RatioFloor: 1 << 20})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSparseBomb has a header that claims a terabyte of holes.
func TestSparseBomb(t *testing.T) {
	b := pack(t, tar.FormatGNU, file("s", strings.Repeat("x", 512)))
	h := b[:512]
	h[156] = 'S'
	copy(h[386:], "00000000000\x0000000001000\x00") // 512 bytes at 0
	copy(h[410:], "77777777777\x0000000000000\x00") // nothing at the end
	copy(h[483:], "77777777777\x00")                // 8 GiB in all
	copy(h[148:156], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	r, err := New(bytes.NewReader(b), int64(len(b)), limit.New(limit.Max{Ratio: 50, RatioFloor: 1 << 20}))
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Next()
	if err != nil || e.Size != 1<<33-1 {
		t.Fatalf("%+v %v", e, err)
	}
	n, err := io.Copy(io.Discard, r)
	var over *limit.Error
	if !errors.As(err, &over) || over.Limit != limit.Ratio || n > 2<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestDetect(t *testing.T) {
	b := sample(t)
	if !Detect(b) || Detect(b[:511]) || Detect(make([]byte, 512)) || Detect(bytes.Repeat([]byte("7"), 512)) {
		t.Error("a header is not told from other bytes")
	}
}

func FuzzRead(f *testing.F) {
	b := sample(f)
	f.Add(b)
	f.Add(archivetest.Gzip(b))
	f.Add(archivetest.XZ(b))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := New(bytes.NewReader(b), int64(len(b)), limit.New(limit.Max{Ratio: 100, RatioFloor: 1 << 20}))
		if err != nil {
			return
		}
		for range 1000 {
			if _, err := r.Next(); err != nil {
				return
			}
			io.Copy(io.Discard, r)
		}
	})
}
