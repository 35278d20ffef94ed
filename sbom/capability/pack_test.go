package capability

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability/rulestest"
)

func packed(t testing.TB, s *Set) *Set {
	t.Helper()
	b, digest := s.Pack()
	out, err := Unpack(b, digest)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What matching says does not depend on the way in which the rules came: every
// example of every rule, at its scope and at all others, and what is asked beside.
func TestPackedRulesMatchAsTheirFiles(t *testing.T) {
	s, err := Load(mustBuiltin(t), fstest.MapFS{"made.yaml": {Data: rulestest.File(30, 7)}, "own.yaml": {Data: []byte(ownRule)}})
	if err != nil {
		t.Fatal(err)
	}
	p := packed(t, s)
	if p.Digest() != s.Digest() {
		t.Errorf("digest %s, want %s", p.Digest(), s.Digest())
	}
	tags := 0
	for _, r := range s.rules {
		for _, x := range r.examples {
			for _, scope := range append([]sbom.Scope{x.scope}, r.Scope...) {
				u := &sbom.Unit{Scope: scope, Facts: x.facts}
				want := s.Match(u, "", 0)
				tags += len(want)
				if d := cmp.Diff(want, p.Match(u, "", 0)); d != "" {
					t.Fatalf("%s, %q at %s: %s", r.ID, x.name, scope, d)
				}
				if d := cmp.Diff(s.Survey(u), p.Survey(u)); d != "" {
					t.Fatalf("%s, %q: survey: %s", r.ID, x.name, d)
				}
				all := make([]int, len(u.Facts))
				for i := range all {
					all[i] = i
				}
				parts := []Part{{Address: 16, Mark: "m", Facts: all}}
				if d := cmp.Diff(s.Locate(u, want, parts, "", 0), p.Locate(u, want, parts, "", 0)); d != "" {
					t.Fatalf("%s, %q: places: %s", r.ID, x.name, d)
				}
			}
			for _, f := range x.facts {
				if d := cmp.Diff(s.Hidden(backwards(string(f.Value)), "", 0), p.Hidden(backwards(string(f.Value)), "", 0)); d != "" {
					t.Fatalf("%s: %q backwards: %s", r.ID, f.Value, d)
				}
			}
		}
	}
	if tags < 100 {
		t.Errorf("only %d tags: the test sees too little", tags)
	}
}

func TestPackIsDeterministicAndComplete(t *testing.T) {
	s := mustBuiltin(t)
	first, digest := s.Pack()
	again, _ := mustBuiltin(t).Pack()
	if !bytes.Equal(first, again) {
		t.Error("equal sets give other bytes")
	}
	if twice, d := packed(t, s).Pack(); !bytes.Equal(first, twice) || d != digest {
		t.Error("a set that was packed and read gives other bytes")
	}
	none, err := Parse(map[string][]byte{"none.yaml": []byte("format: kinbom.rules/1\n")})
	if err != nil {
		t.Fatal(err)
	}
	u := &sbom.Unit{Scope: sbom.ScopeImage, Facts: []sbom.Fact{{Kind: sbom.FactString, Value: []byte("History"), Length: 7}}}
	if tags := packed(t, none).Match(u, "", 0); len(tags) > 0 {
		t.Errorf("no rules give %v", tags)
	}
}

func TestUnpackRefuses(t *testing.T) {
	b, digest := mustBuiltin(t).Pack()
	if _, err := Unpack(b, sbom.DigestOf([]byte("other"))); err == nil {
		t.Error("bytes of another digest were taken")
	}
	changed := bytes.Clone(b)
	changed[len(changed)/2] ^= 1
	if _, err := Unpack(changed, digest); err == nil {
		t.Error("changed bytes were taken")
	}
	other := append([]byte("kinbom.rules.packed/0\n"), b[len(packedFormat):]...)
	if _, err := Unpack(other, sbom.DigestOf(other)); err == nil {
		t.Error("another version was taken")
	}
	for _, n := range []int{0, 5, len(packedFormat), len(b) / 2, len(b) - 1} {
		if _, err := Unpack(b[:n], sbom.DigestOf(b[:n])); err == nil {
			t.Errorf("the first %d of %d bytes were taken", n, len(b))
		}
	}
	if more := append(bytes.Clone(b), 0); true {
		if _, err := Unpack(more, sbom.DigestOf(more)); err == nil {
			t.Error("bytes behind the set were taken")
		}
	}
}

// Bytes that nobody packed give an error or a set that can match: nothing panics.
func TestUnpackDamaged(t *testing.T) {
	s, err := Parse(map[string][]byte{"a": []byte(ownRule), "b": mustBuiltin(t).Files()["builtin/taxonomy.yaml"], "c": mustBuiltin(t).Files()["builtin/catalogue.yaml"], "d": mustBuiltin(t).Files()["builtin/shared.yaml"]})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := s.Pack()
	r := rand.New(rand.NewPCG(3, 4))
	u := &sbom.Unit{Scope: sbom.ScopeImage}
	for _, v := range append(append([]string{}, chrome...), safari...) {
		u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactString, Value: []byte(v), Length: int64(len(v))})
	}
	taken := 0
	for range 300 {
		x := bytes.Clone(b)
		for range 1 + r.IntN(3) {
			x[len(packedFormat)+r.IntN(len(x)-len(packedFormat))] = byte(r.Uint32())
		}
		set, err := Unpack(x, sbom.DigestOf(x))
		if err != nil {
			continue
		}
		taken++
		set.Match(u, "", 0)
	}
	if taken == 0 || taken == 300 {
		t.Errorf("%d of 300 were taken: the test sees too little", taken)
	}
}

// BenchmarkUnpack is the set-up of a reader, with its first look at a fact.
func BenchmarkUnpack(b *testing.B) {
	for _, k := range []int{1, 10} {
		s := times(b, k)
		p, digest := s.Pack()
		u := &sbom.Unit{Scope: sbom.ScopeImage, Facts: []sbom.Fact{{Kind: sbom.FactString, Value: []byte("nothing to see here"), Length: 19}}}
		b.Run([]string{"times=1", "times=10"}[k/10], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := Unpack(p, digest)
				if err != nil {
					b.Fatal(err)
				}
				s.Match(u, "", 0)
				s.Hidden(u.Facts[0].Value, "", 0)
			}
			b.ReportMetric(float64(len(p)), "packed-bytes")
		})
	}
}
