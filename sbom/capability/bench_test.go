package capability

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability/rulestest"
)

// literals makes text as programs hold it: words, paths, messages, SQL, symbol
// names; a few of them near what rules look for.
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

// times is the built-in rules and as many made ones as make them n times as many.
func times(b *testing.B, n int) *Set {
	b.Helper()
	s := mustBuiltin(b)
	if n > 1 {
		var err error
		if s, err = Load(s, fstest.MapFS{"made.yaml": {Data: rulestest.File((n-1)*len(s.Rules()), 7)}}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkRules matches 20 MB of literals and puts the tags in 20,000 functions
// with the rules that come with kinbom, and with ten times as many.
func BenchmarkRules(b *testing.B) {
	u, n := literals(20 << 20)
	first := len(u.Facts)
	for _, v := range append(append([]string{}, chrome...), safari...) {
		u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactString, Value: []byte(v), Offset: n, Length: int64(len(v))})
		n += int64(len(v))
	}
	r := rand.New(rand.NewPCG(9, 9))
	parts := make([]Part, 20000)
	for i := range parts {
		parts[i] = Part{Address: uint64(i) << 4, Mark: "m", Callees: []int{r.IntN(len(parts)), r.IntN(len(parts))}, Class: r.IntN(500)}
		for range 4 {
			parts[i].Facts = append(parts[i].Facts, r.IntN(len(u.Facts)))
		}
		slices.Sort(parts[i].Facts)
	}
	parts[77].Facts = []int{first, first + 1}
	parts[78].Facts = []int{first + 2, first + 3}
	for _, k := range []int{1, 10} {
		b.Run(fmt.Sprintf("times=%d", k), func(b *testing.B) {
			s := times(b, k)
			b.SetBytes(n)
			b.ReportAllocs()
			for b.Loop() {
				tags := s.Match(u, "", 0)
				if len(s.Locate(u, tags, parts, "", 0)) == 0 {
					b.Fatal("nothing found")
				}
			}
		})
	}
}

func BenchmarkBuiltin(b *testing.B) {
	for b.Loop() {
		mustBuiltin(b)
	}
}
