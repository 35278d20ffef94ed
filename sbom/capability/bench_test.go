package capability

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// literals makes about 20 MB of text as programs hold it: words, paths,
// messages, SQL, symbol names; a few of them near what rules look for.
func literals(bytes int) (*sbom.Unit, int64) {
	near := []string{"History", "urls", "Default", "Library/Application Support", "com.apple.", "moz_", "Google", "visit"}
	words := []string{"error", "function", "could not open", "[%s] value out of range:", "/usr/src/build/lib/core", "select", "from", "cookie", "std::__1::basic_string", "invalid", "argument", "_ZN4core3fmt", "table", "http", "file", "%s: %d"}
	r := rand.New(rand.NewPCG(5, 6))
	u := &sbom.Unit{Scope: sbom.ScopeImage}
	n := 0
	for n < bytes {
		var v []byte
		for range 1 + r.IntN(8) {
			w := words[r.IntN(len(words))]
			if r.IntN(20) == 0 {
				w = near[r.IntN(len(near))]
			}
			v = fmt.Appendf(v, "%s%c%d", w, " /_."[r.IntN(4)], r.IntN(1000))
		}
		kind := sbom.FactString
		if r.IntN(4) == 0 {
			kind = sbom.FactConst
		}
		u.Facts = append(u.Facts, sbom.Fact{Kind: kind, Value: v, Offset: int64(n), Length: int64(len(v))})
		n += len(v)
	}
	return u, int64(n)
}

func BenchmarkMatch20MB(b *testing.B) {
	s := mustBuiltin(b)
	u, n := literals(20 << 20)
	b.SetBytes(n)
	b.ReportAllocs()
	for b.Loop() {
		s.Match(u, "", 0)
	}
}

func BenchmarkBuiltin(b *testing.B) {
	for b.Loop() {
		mustBuiltin(b)
	}
}
