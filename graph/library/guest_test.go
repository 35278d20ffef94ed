package library

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/kinship"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// One function of many makes no copy identical.
func TestWordOf(t *testing.T) {
	for _, c := range []struct {
		copy      kinship.Copy
		functions int
		want      Word
	}{
		{kinship.Copy{Units: 30, Exact: 5}, 30, Identical}, {kinship.Copy{Units: 2, Exact: 2}, 2, Identical},
		{kinship.Copy{Units: 1, Exact: 1}, 30, SameSource}, {kinship.Copy{Units: 2, Exact: 1}, 2, SameSource}, {kinship.Copy{Units: 9}, 30, SameSource},
	} {
		if got := wordOf(c.copy, c.functions); got != c.want {
			t.Errorf("%+v of %d: %s", c.copy, c.functions, got)
		}
	}
}

// An image that has some of a library's text and none of its functions carries
// nothing: its product is not named.
func TestTextAloneIsNoCarrier(t *testing.T) {
	s := &static{g: &graph.Graph{}, files: map[sbom.Digest][]sbom.Digest{}, nouns: map[sbom.Digest]*sbom.Image{}}
	for i := range 3 {
		set := &fingerprint.Set{Image: digest(fmt.Sprint("image", i)), Arch: "arm64"}
		for k := range 6 {
			set.Append(fingerprint.Function{Address: uint64(k) * 64, Size: 64, Instructions: 16, Full: fingerprint.Mark(k + 1)}, nil, nil)
		}
		s.images = append(s.images, kinship.Image{Digest: set.Image, Arch: set.Arch, Products: []uint32{uint32(i)},
			Set: func() (*fingerprint.Set, error) { return set, nil }})
		s.digest, s.ids = append(s.digest, set.Image), append(s.ids, digest(fmt.Sprint("product", i)))
		s.files[set.Image], s.nouns[set.Image] = []sbom.Digest{set.Image}, &sbom.Image{Digest: set.Image, Type: "execute"}
	}
	l := &kinship.Lineage{Background: -1, Copies: []kinship.Copy{{Image: 0, Units: 6, Exact: 6}, {Image: 1, Units: 6, Exact: 6}, {Image: 2, Build: 1, Text: .9}}}
	for k := range 6 {
		l.Members = append(l.Members, kinship.Member{Units: []kinship.Unit{{Image: 0, Function: uint32(k), How: kinship.Exact}, {Image: 1, Function: uint32(k), How: kinship.Exact}}})
	}
	b := newBackdrop(nil)
	lib, ok := s.library(l, s.describe([]*kinship.Lineage{l}, b)[0], b)
	if !ok || len(lib.Copies) != 2 || len(lib.Products) != 2 || len(lib.Images) != 2 || slices.Contains(lib.Products, s.ids[2]) {
		t.Errorf("%v: products %v, copies %+v", ok, lib.Products, lib.Copies)
	}
}
