package reach

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// large is the text of an image of n functions that call at random, name classes
// and send selectors.
func large(n int) string {
	r := rand.New(rand.NewPCG(31, 32))
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "f%d >f%d >f%d &f%d .s%d .s%d @C%d", i, r.IntN(n), r.IntN(n), r.IntN(n), r.IntN(n/4), r.IntN(50), r.IntN(n/20))
		if i == 0 {
			b.WriteString(" !main")
		}
		b.WriteByte('\n')
	}
	for i := range n / 20 {
		fmt.Fprintf(&b, "class C%d:C%d", i, i/2)
		for range 10 {
			fmt.Fprintf(&b, " -s%d=f%d", r.IntN(n/4), r.IntN(n))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// The loader keeps a bounded number of images, whatever the number of programs,
// and solving one program does not depend on those before.
func TestLoaderForgets(t *testing.T) {
	const functions = 2000
	base := save(t, setOf(t, digest("base"), large(functions)))
	l := NewLoader(func(d sbom.Digest) ([]byte, error) { return under(base, d), nil })
	l.most = 7 * functions
	one := func(i int) *Reach {
		return l.Solve(&Program{Images: []Image{{Digest: digest(fmt.Sprint(i)), Entry: true}, {Digest: digest("shared")}},
			Ties: []Tie{{From: 0, To: 1, Kind: sbom.LinkLoads}}})
	}
	first := one(0)
	for i := range 40 {
		one(i)
		if l.functions > l.most {
			t.Fatalf("after %d programs %d functions are kept", i, l.functions)
		}
	}
	if again := one(0); len(first.order) < functions/2 || !slices.Equal(first.order, again.order) {
		t.Errorf("%d functions run at first, %d then", len(first.order), len(again.order))
	}
}

// under is saved marks as those of another image.
func under(b []byte, image sbom.Digest) []byte {
	b = slices.Clone(b)
	if _, err := hex.Decode(b[8:40], []byte(image)); err != nil {
		panic("reach: an image digest is hexadecimal: " + err.Error()) // cannot happen: digest makes it
	}
	return b
}

// BenchmarkFamily is 1,000 products of 10,000 functions each: "B/function" is the
// memory that is held after all of them.
func BenchmarkFamily(b *testing.B) {
	const products, functions = 100, 10000
	base := save(b, setOf(b, digest("base"), large(functions)))
	for b.Loop() {
		l := NewLoader(func(d sbom.Digest) ([]byte, error) { return under(base, d), nil })
		for i := range products {
			l.Solve(&Program{Images: []Image{{Digest: digest(fmt.Sprint(i)), Entry: true}}})
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapInuse)/float64(l.functions), "B/function")
		b.ReportMetric(float64(l.functions), "functions")
	}
}
