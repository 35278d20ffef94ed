package macho

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// reading measures one reading in bytes allocated. One that hangs is caught by
// the time limit of the test run.
func reading(b []byte, o Options) (f *File, bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if f, err = ReadBytes(b, o); err == nil {
		for i := range f.Slices {
			f.Slices[i].Code()
		}
	}
	runtime.ReadMemStats(&after)
	return f, after.TotalAlloc - before.TotalAlloc, err
}

// bound is what reading a small hostile file may cost.
const boundBytes = 4 << 20

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
			f, bytes, err := reading(b, Options{})
			if err != nil || len(f.Slices) == 0 || gaps(f) == 0 {
				t.Fatalf("err %v, file %+v", err, f)
			}
			if bytes > boundBytes {
				t.Errorf("took %d bytes", bytes)
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
			f, bytes, err := reading(b[:n], Options{})
			if err == nil && gaps(f) == 0 {
				t.Errorf("%d of %d bytes: neither an error nor a gap", n, len(b))
			}
			if bytes > boundBytes {
				t.Errorf("%d bytes: took %d bytes", n, bytes)
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
					readAll(t, b)
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
		readAll(t, b)
	}
	runtime.ReadMemStats(&after)
	if mean := (after.TotalAlloc - before.TotalAlloc) / rounds; mean > 1<<20 {
		t.Errorf("mutated files take %d bytes on average", mean)
	}
}

// TestGapsOnce wants no trouble told twice because the code reader met it again.
func TestGapsOnce(t *testing.T) {
	for name, b := range machotest.Hostiles() {
		f, err := ReadBytes(b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.Slices {
			s := &f.Slices[i]
			before := len(s.Gaps)
			s.Code()
			for j, g := range s.Gaps {
				if j >= before && slices.Contains(s.Gaps[:j], g) || g.Image != s.Image.Digest {
					t.Errorf("%s: gap %+v", name, g)
				}
			}
		}
	}
}

// readAll reads a file with its code.
func readAll(t *testing.T, b []byte) {
	if f, err := ReadBytes(b, Options{}); err == nil {
		for i := range f.Slices {
			probe(t, b, &f.Slices[i])
		}
	}
}

// TestMutatedObject does the same with an object file that has relocations.
func TestMutatedObject(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, arch := range []string{"arm64", "x86_64"} {
		whole, err := os.ReadFile(compile(t, arch, referring))
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			b := slices.Clone(whole)
			for range 1 + r.IntN(8) {
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
			readAll(t, b)
		}
		for at := 0; at+8 <= min(len(whole), 4096); at += 8 { // the load commands
			b := slices.Clone(whole)
			binary.LittleEndian.PutUint64(b[at:], 1<<64-1)
			readAll(t, b)
		}
	}
}

// TestAmplified makes many records share one long text. The result may not be
// much larger than the file.
func TestAmplified(t *testing.T) {
	long := repeat("x", 100000)
	im := machotest.Image{CFStrings: slices.Repeat([]string{long}, 2000), Selectors: []string{"s"}}
	f, bytes, err := reading(im.Build(), Options{})
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
			err := w.walk(Options{}.withDefaults())
			if len(w.text) > 64*len(b)+2*spareAllowance {
				t.Errorf("%d bytes of names", len(w.text))
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
