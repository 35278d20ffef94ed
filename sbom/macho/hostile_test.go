package macho

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// reading measures one reading: bytes allocated, and time.
func reading(b []byte, o Options) (f *File, err error, bytes uint64, d time.Duration) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f, err = ReadBytes(b, o)
	d = time.Since(start)
	runtime.ReadMemStats(&after)
	return f, err, after.TotalAlloc - before.TotalAlloc, d
}

// bound is what reading a small hostile file may cost.
const (
	boundBytes = 4 << 20
	boundTime  = 2 * time.Second
)

func gaps(f *File) int {
	n := len(f.Gaps)
	for _, s := range f.Slices {
		n += len(s.Gaps)
	}
	return n
}

// TestHostile wants a gap from each hostile image, soon and in little memory.
func TestHostile(t *testing.T) {
	for name, b := range machotest.Hostiles() {
		t.Run(name, func(t *testing.T) {
			f, err, bytes, d := reading(b, Options{})
			if err != nil || len(f.Slices) == 0 || gaps(f) == 0 {
				// Method lists end with their section: that claim is met without a gap.
				if name != "methods" || err != nil {
					t.Fatalf("err %v, file %+v", err, f)
				}
			}
			if bytes > boundBytes || d > boundTime {
				t.Errorf("took %d bytes and %v", bytes, d)
			}
			for _, s := range f.Slices {
				if len(s.Image.Loads) != 2 && name != "commands" {
					t.Errorf("trouble in one table cost the load commands: %+v", s.Image.Loads)
				}
			}
		})
	}
}

// TestTruncated cuts a file at every 64 bytes. Each cut is an error or a gap.
func TestTruncated(t *testing.T) {
	whole := machotest.Sign(machotest.Sample(true), machotest.Signature{Identifier: "x", Entitlements: entitlementsXML})
	for _, b := range [][]byte{whole, machotest.Fat(whole, machotest.Sample(false))} {
		for n := 0; n < len(b); n += 64 {
			f, err, bytes, d := reading(b[:n], Options{})
			if err == nil && gaps(f) == 0 {
				t.Errorf("%d of %d bytes: neither an error nor a gap", n, len(b))
			}
			if bytes > boundBytes || d > boundTime {
				t.Errorf("%d bytes: took %d bytes and %v", n, bytes, d)
			}
		}
	}
}

// TestOverwritten overwrites pieces with 0xff, zeros and extreme words, everywhere.
// Nothing may panic, hang or grow.
func TestOverwritten(t *testing.T) {
	for _, whole := range [][]byte{machotest.Sample(false), machotest.Sign(machotest.Sample(true), machotest.Signature{Identifier: "x"})} {
		for at := 0; at+4 <= len(whole); at += 8 {
			for _, v := range []uint64{1<<64 - 1, 0, 1 << 31, 1<<63 - 1} {
				for _, n := range []int{8, 64} {
					b := slices.Clone(whole)
					for p := at; p < min(at+n, len(b)-7); p += 8 {
						binary.LittleEndian.PutUint64(b[p:], v)
					}
					start := time.Now()
					ReadBytes(b, Options{})
					if d := time.Since(start); d > boundTime {
						t.Errorf("%#x at %d, %d bytes: took %v", v, at, n, d)
					}
				}
			}
		}
	}
}

// TestMutated flips random bytes, with a fixed seed, and bounds the memory of all.
func TestMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seeds := [][]byte{machotest.Sample(false), machotest.Sample(true), machotest.Fat(machotest.Sample(false), machotest.Sample(true))}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const rounds = 3000
	for range rounds {
		b := slices.Clone(seeds[r.IntN(len(seeds))])
		for range 1 + r.IntN(8) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		ReadBytes(b, Options{})
	}
	runtime.ReadMemStats(&after)
	if mean := (after.TotalAlloc - before.TotalAlloc) / rounds; mean > 1<<20 {
		t.Errorf("mutated files take %d bytes on average", mean)
	}
}

// TestAmplified makes many records share one long text. The result may not be
// much larger than the file.
func TestAmplified(t *testing.T) {
	long := repeat("x", 100000)
	im := machotest.Image{CFStrings: slices.Repeat([]string{long}, 2000), Selectors: []string{"s"}}
	f, err, bytes, _ := reading(im.Build(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, fact := range f.Slices[0].Unit.Facts {
		total += len(fact.Value)
	}
	if total > 3<<20 || bytes > 16<<20 || gaps(f) == 0 {
		t.Errorf("%d bytes of facts, %d bytes taken, gaps %v", total, bytes, f.Slices[0].Gaps)
	}
}

// TestDeepTrie makes tries whose nodes overlap, go deep or share children.
func TestDeepTrie(t *testing.T) {
	for name, b := range map[string][]byte{
		"chain":   chainTrie(200000),
		"overlap": slices.Repeat([]byte{0, 255, 'a', 0, 1}, 40000),
		"ones":    slices.Repeat([]byte{0xff}, 100000),
		"zeros":   make([]byte, 100000),
		"labels":  slices.Repeat([]byte{0, 200, 'a'}, 100000),
	} {
		t.Run(name, func(t *testing.T) {
			w := trie{b: b, visited: make([]uint64, len(b)/64+1)}
			start := time.Now()
			err := w.walk(Options{}.withDefaults())
			if d := time.Since(start); d > boundTime || len(w.text) > 64*len(b)+2*spareAllowance {
				t.Errorf("took %v, %d bytes of names", d, len(w.text))
			}
			if err == nil && name != "zeros" {
				t.Error("no error")
			}
		})
	}
}

// chainTrie is a trie in which each node has one child, without end.
func chainTrie(n int) []byte {
	var b []byte
	for range n {
		next := uint64(len(b) + 8)
		b = append(b, 0, 1, 'a', 0, byte(next)|0x80, byte(next>>7)|0x80, byte(next>>14)|0x80, byte(next>>21)&0x7f)
	}
	return b
}
