package kinship

import (
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// caller is an image whose first function calls all others, many times each, in
// this order and then in the other. No mark is that of another image, but for
// some functions with a text of their own that tie the two.
func caller(name string, functions, times int) Image {
	s := &fingerprint.Set{Image: sbom.DigestOf([]byte(name)), Arch: "arm64"}
	for i := range 16 {
		s.Features = append(s.Features, fingerprint.Feature{Kind: fingerprint.FeatureString, Hash: uint64(i+1) << 40})
	}
	for i := range functions {
		mark := fingerprint.Mark(hashOf(name, i))
		if i%2 == 1 {
			mark = fingerprint.Mark(hashOf("common", i))
		}
		var uses []uint32
		if i < 16 {
			uses = []uint32{uint32(i)}
		}
		var calls []fingerprint.Call
		if i == 0 || i == 2 {
			for range times {
				for k := range functions {
					calls = append(calls, fingerprint.Call{Callee: uint32(k), Kind: fingerprint.CallDirect})
				}
			}
		}
		s.Append(fingerprint.Function{Address: uint64(i) * 64, Size: 64, Instructions: 16, Shape: mark, Full: mark}, uses, calls)
	}
	return Image{Digest: s.Image, Arch: s.Arch, Set: func() (*fingerprint.Set, error) { return s, nil },
		Marks: func() ([]fingerprint.Function, error) { return s.Functions, nil }}
}

// A function that calls very many others is looked at in time that grows with
// the calls, not with their square: with the square this takes minutes.
func TestManyCalls(t *testing.T) {
	r := found(numbered(caller("a", 120_000, 1), caller("b", 120_000, 1), caller("c", 120_000, 1)))
	if len(r.Lineages) == 0 {
		t.Error("nothing was found")
	}
}
