package compress

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// library decodes with the standard library.
func library(data []byte) ([]byte, error) { return io.ReadAll(bzip2.NewReader(bytes.NewReader(data))) }

// ours decodes with this package, with what came before an error.
func ours(data []byte) ([]byte, *bzip2Reader, error) {
	d := newBzip2Reader(newSource(bytes.NewReader(data)))
	got, err := io.ReadAll(d)
	return got, d, err
}

// contents are inputs of all shapes that a block can have.
func contents() map[string][]byte {
	r := rand.New(rand.NewPCG(7, 7))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	out := map[string][]byte{
		"nothing": nil, "a byte": {7}, "noise": noise, "text": text(250_000, 3), "one byte": make([]byte, 2_000_000),
		"skewed": make([]byte, 120_000), "periodic": bytes.Repeat([]byte("abcabd"), 30_000),
	}
	for i := range out["skewed"] {
		out["skewed"][i] = byte(min(r.ExpFloat64()*9, 255)) // long codes for rare bytes
	}
	for n := 1; n < 12; n++ {
		out[fmt.Sprint("run of ", n)] = bytes.Repeat([]byte("x"), n)
	}
	for _, n := range []int{258, 259, 260, 263, 264, 518, 519} {
		out[fmt.Sprint("runs of ", n)] = bytes.Repeat(append(bytes.Repeat([]byte("y"), n), 'z', 'z'), 9)
	}
	return out
}

// agree compares both decoders on data, and returns what they give.
func agree(t *testing.T, name string, data []byte) ([]byte, error) {
	t.Helper()
	want, wantErr := library(data)
	got, d, err := ours(data)
	if d.odd {
		return got, err // the library reads no randomised blocks, and strange codes in another way
	}
	var bad *malformed.Error
	switch {
	case (err == nil) != (wantErr == nil):
		t.Fatalf("%s: %v; the library: %v", name, err, wantErr)
	case err != nil && !errors.As(err, &bad) && err != io.ErrUnexpectedEOF:
		t.Fatalf("%s: error of an unknown kind: %v", name, err)
	}
	n := 0
	for n < len(got) && n < len(want) && got[n] == want[n] {
		n++
	}
	// The library takes a byte behind four equal ones and a count of none as a
	// further one; bzip2 itself does not, and writes no such thing.
	quirk := n >= 7 && bytes.Count(got[n-7:n], got[n-1:n]) == 7
	if (n < len(got) || n < len(want)) && !quirk {
		t.Fatalf("%s: differs from the library at byte %d of %d and %d", name, n, len(got), len(want))
	}
	return got, err
}

// TestBzip2Tool decodes what the program packs, at its smallest and its largest
// blocks, whole, twice in a row, and at odd sizes of reads.
func TestBzip2Tool(t *testing.T) {
	for name, want := range contents() {
		for _, level := range []string{"-1", "-9"} {
			data := tool(t, want, "bzip2", level, "-c")
			got, err := agree(t, name, data)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s %s: %v, %d bytes", name, level, err, len(got))
			}
			twice, err := agree(t, name, append(bytes.Clone(data), data...))
			if err != nil || !bytes.Equal(twice, append(got, got...)) {
				t.Fatalf("%s %s, two in a row: %v, %d bytes", name, level, err, len(twice))
			}
			if len(want) < 50_000 {
				small, err := io.ReadAll(onePiece{newBzip2Reader(newSource(onePiece{bytes.NewReader(data), 1})), 3})
				if err != nil || !bytes.Equal(small, want) {
					t.Fatalf("%s %s, in small pieces: %v, %d bytes", name, level, err, len(small))
				}
			}
		}
	}
}

// onePiece gives at most n bytes at a time.
type onePiece struct {
	r io.Reader
	n int
}

func (o onePiece) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), o.n)]) }

// TestBzip2Damaged flips, cuts and swaps: the same bytes and the same verdict as
// the standard library's.
func TestBzip2Damaged(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	failed := 0
	for i, size := range []int{1, 40, 700, 9000, 50_000} {
		w := &bzWriter{codes: 2 + i%5}
		var data []byte
		for from := 0; from < size; from += 20_000 {
			w.block(text(size, uint64(i))[from:min(size, from+20_000)], false)
		}
		data = w.end()
		if got, err := agree(t, "whole", data); err != nil || !bytes.Equal(got, w.content) {
			t.Fatalf("%d bytes: %v", size, err)
		}
		for k := range 200 {
			bad := bytes.Clone(data)
			switch k % 4 {
			case 0:
				bad = bad[:r.IntN(len(bad))]
			case 1:
				bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
			case 2: // where the tables are
				bad[r.IntN(min(len(bad), 120))] = byte(r.Uint32())
			case 3:
				at := r.IntN(len(bad))
				bad = append(bad[:at:at], bad[r.IntN(len(bad)):]...)
			}
			if _, err := agree(t, fmt.Sprintf("%d bytes, damage %d", size, k), bad); err != nil {
				failed++
				if k%4 == 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("cut to %d bytes: %v", len(bad), err)
				}
			}
		}
	}
	if failed < 750 {
		t.Errorf("only %d of 1000 are found to be damaged", failed)
	}
}

// TestBzip2Randomised decodes blocks as old versions wrote them, and the program
// does so too.
func TestBzip2Randomised(t *testing.T) {
	w := &bzWriter{codes: 2}
	w.block(text(5000, 5), true)
	w.block(text(3000, 6), false)
	w.block(bytes.Repeat([]byte("ab"), 1000), true)
	data := w.end()
	got, d, err := ours(data)
	if err != nil || !d.odd || !bytes.Equal(got, w.content) {
		t.Fatalf("%v, %d bytes", err, len(got))
	}
	if _, err := library(data); err == nil {
		t.Error("the library reads it: compare with it")
	}
	if other := tool(t, data, "bzip2", "-dc"); !bytes.Equal(other, got) {
		t.Error("bzip2 reads something else")
	}
}

// TestBzip2Gaps decodes a code with gaps as the program does.
func TestBzip2Gaps(t *testing.T) {
	w := &bzWriter{codes: 2, gaps: true}
	w.block(text(5000, 5), false)
	got, d, err := ours(w.end())
	if err != nil || !d.odd || !bytes.Equal(got, w.content) {
		t.Fatalf("%v, %d bytes", err, len(got))
	}
	if other := tool(t, w.end(), "bzip2", "-dc"); !bytes.Equal(other, got) {
		t.Error("bzip2 reads something else")
	}
}

// TestBzip2Unused reads a block with an impossible code that no group uses.
func TestBzip2Unused(t *testing.T) {
	w := &bzWriter{codes: 2, lengths: []int{1, 1, 1}, unused: true}
	w.block([]byte("hello, world"), false)
	if got, _, err := ours(w.end()); err != nil || string(got) != "hello, world" {
		t.Errorf("%v, %q", err, got)
	}
}

// TestBzip2Reset uses one decoder for several streams, broken ones in between.
func TestBzip2Reset(t *testing.T) {
	w := &bzWriter{codes: 3}
	w.block(text(9000, 2), false)
	good := w.end()
	r := New(bytes.NewReader(good[:len(good)/2]), Bzip2, budget())
	for i := range 6 {
		got, err := io.ReadAll(r)
		if i%2 == 0 && !errors.Is(err, io.ErrUnexpectedEOF) || i%2 == 1 && (err != nil || !bytes.Equal(got, w.content)) {
			t.Fatalf("stream %d: %v, %d bytes", i, err, len(got))
		}
		r.Reset(bytes.NewReader(good[:len(good)/(1+i%2)]))
	}
}

// TestBzip2Hostile names the failure of each vector.
func TestBzip2Hostile(t *testing.T) {
	valid := &bzWriter{codes: 2}
	valid.block([]byte("hello, world"), false)
	good := valid.end()
	edit := func(f func(w *bzWriter)) []byte {
		w := &bzWriter{codes: 2}
		f(w)
		w.block([]byte("hello, world"), false)
		return w.end()
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"level":            {append([]byte("BZh0"), good[4:]...), "block size is not possible"},
		"no header":        {append([]byte("BZg9"), good[4:]...), "header is missing"},
		"magic":            {append([]byte("BZh91AY&SX"), good[10:]...), "neither a block nor the end"},
		"garbage behind":   {append(bytes.Clone(good), "garbage"...), "header is missing"},
		"a byte behind":    {append(bytes.Clone(good), 'B'), "end too early"},
		"block checksum":   {edit(func(w *bzWriter) { w.sumOff = 1 }), "block checksum differs"},
		"stream checksum":  {append(good[:len(good)-3:len(good)-3], good[len(good)-3]^1, good[len(good)-2], good[len(good)-1]), "stream checksum differs"},
		"origin":           {edit(func(w *bzWriter) { w.origin = 12 }), "origin is outside"},
		"origin, far":      {edit(func(w *bzWriter) { w.origin = 1<<24 - 1 }), "origin is outside"},
		"no bytes":         {edit(func(w *bzWriter) { w.empty = true }), "block without bytes"},
		"one code":         {edit(func(w *bzWriter) { w.codes = 1 }), "number of codes"},
		"seven codes":      {edit(func(w *bzWriter) { w.codes = 7 }), "number of codes"},
		"no groups":        {edit(func(w *bzWriter) { w.groups = -1 }), "number of codes"},
		"wrong group":      {edit(func(w *bzWriter) { w.selector = 2 }), "code of a group"},
		"too few groups":   {edit(func(w *bzWriter) { w.symbols = slices.Repeat([]int{2}, 60) }), "more symbols than groups"},
		"run of 2^21":      {edit(func(w *bzWriter) { w.symbols = make([]int, 30) }), "run is too long"},
		"run over block":   {edit(func(w *bzWriter) { w.symbols = append(make([]int, 20), 3) }), "run goes beyond"},
		"length 0":         {edit(func(w *bzWriter) { w.lengths = []int{0} }), "code length"},
		"length 21":        {edit(func(w *bzWriter) { w.lengths = []int{21} }), "code length"},
		"too many symbols": {edit(func(w *bzWriter) { w.lengths = []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1} }), "more symbols than bits"},
		"code of none":     {edit(func(w *bzWriter) { w.lengths = []int{20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20}; w.ones = true }), "code without a symbol"},
		"header only":      {good[:4], "end too early"},
	} {
		got, err := decode(c.data, Bzip2, budget())
		var bad *malformed.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || bad.Offset < 0 || bad.Offset > int64(len(c.data)) {
			t.Errorf("%s: %v, %d bytes", name, err, len(got))
		}
	}
	bomb := tool(t, make([]byte, 30<<20), "bzip2")
	_, err := decode(bomb, Bzip2, limit.New(limit.Max{RatioFloor: 1 << 20}))
	var over *limit.Error
	if !errors.As(err, &over) || over.Limit != limit.Ratio {
		t.Errorf("bomb: %v", err)
	}
}

// TestBzip2Memory: a level that is claimed costs nothing.
func TestBzip2Memory(t *testing.T) {
	w := &bzWriter{codes: 2}
	w.block([]byte("small"), false)
	_, d, err := ours(w.end())
	if err != nil || cap(d.last) > 64<<10 || cap(d.block.next) > 64<<10 {
		t.Errorf("%v: room for %d and %d bytes", err, cap(d.last), 4*cap(d.block.next))
	}
}

// FuzzBzip2 compares with the standard library, up to where both fail.
func FuzzBzip2(f *testing.F) {
	for _, randomised := range []bool{false, true} {
		w := &bzWriter{codes: 4}
		w.block(text(600, 1), randomised)
		w.block([]byte("aaaaaaaaaabbbbc"), false)
		f.Add(w.end())
	}
	if _, err := exec.LookPath("bzip2"); err == nil {
		f.Add(tool(f, text(3000, 8), "bzip2"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 1<<14 {
			agree(t, "input", data)
		}
	})
}
