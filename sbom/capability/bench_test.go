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
	words := []string{"error", "History", "urls", "select", "from", "Default", "cookie", "std::__1::basic_string", "Library/Application Support", "com.apple.", "invalid", "argument", "_ZN4core3fmt", "visit", "table", "moz_", "http", "Google", "file", "%s: %d"}
	r := rand.New(rand.NewPCG(5, 6))
	u := &sbom.Unit{Scope: sbom.ScopeImage}
	n := 0
	for n < bytes {
		var v []byte
		for range 1 + r.IntN(8) {
			v = fmt.Appendf(v, "%s%c%d", words[r.IntN(len(words))], " /_."[r.IntN(4)], r.IntN(1000))
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
