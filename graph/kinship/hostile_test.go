package kinship

import (
	"errors"
	"fmt"
	"slices"
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

// A family with more different sets of carriers than there is room for loses the
// marks that have further ones, and says of which images.
func TestTooManyCarrierSets(t *testing.T) {
	var list []Image
	for i := range 8 {
		var l []source
		for k := range 28 { // the pairs of eight
			if a, b := k%7+1, k/7; i == a || i == b && a != b {
				l = append(l, source{name: fmt.Sprint("f", k), size: 40})
			}
		}
		list = append(list, build(fmt.Sprint(i), "", slices.Concat(l, mine(i))))
	}
	sorted := numbered(list...)
	all := &family{images: sorted, t: Measured()}
	all.join(all.rows())
	few := &family{images: sorted, t: Measured(), sets: newCarrierSets(1, 8*5)}
	few.join(few.rows())
	marks := func(f *family) []int { // that each set has, the most first
		out := make([]int, f.sets.n)
		for _, w := range f.twins {
			out[w.set]++
		}
		slices.SortFunc(out, func(a, b int) int { return b - a })
		return out
	}
	if got, want := marks(few), marks(all)[:5]; !slices.Equal(got, want) || want[0] == want[4] {
		t.Errorf("sets with %d marks were kept, not those with %d", got, want)
	}
	if len(all.unread) != 0 || all.sets.n <= 5 || few.sets.n != 5 || len(few.twins) >= len(all.twins) || len(few.twins) < 5 {
		t.Errorf("%d sets and %d twins, %d gaps; with little room %d and %d", all.sets.n, len(all.twins), len(all.unread), few.sets.n, len(few.twins))
	}
	if len(few.unread) == 0 {
		t.Fatal("no gap")
	}
	for i, u := range few.unread {
		var crowd *CrowdError
		if !errors.As(u.Err, &crowd) || crowd.Functions < 1 || i > 0 && few.unread[i-1].Image >= u.Image {
			t.Errorf("gap %+v", u)
		}
	}
}

// An image that no product carries takes no part, and is a gap.
func TestImageOfNobody(t *testing.T) {
	a := library("a", 20, .5)
	list := numbered(build("0", "", a), build("1", "", a), build("2", "", a))
	list[1].Products = nil
	r := found(list)
	check(t, r, "20 in [0 2]")
	if len(r.Gaps) != 1 || r.Gaps[0].Image != 1 {
		t.Errorf("gaps %+v", r.Gaps)
	}
}
