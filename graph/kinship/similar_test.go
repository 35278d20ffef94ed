package kinship

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// otherReader is somebody else's library that reads the same store.
func otherReader() []source {
	out := library("other reader", 24, 0)
	out[15].features, out[15].size = reader()[7].features, 70
	return out
}

// Two readers that were written apart, each in two products, have the same text in
// one function of each: two libraries, and similar evidence between them.
func TestReadersWrittenApart(t *testing.T) {
	for _, other := range []string{"", "other"} {
		list := numbered(
			build("0", "", slices.Concat(mine(0), reader())), build("1", "", slices.Concat(reader(), mine(1))),
			build("2", other, slices.Concat(mine(2), otherReader())), build("3", other, slices.Concat(otherReader(), mine(3))),
		)
		r := found(list)
		check(t, r, "30 in [0 1]", "24 in [2 3]")
		slices.Reverse(list) // the other reader is the first lineage then
		back := found(list)
		if len(r.Similar) == 1 && len(back.Similar) == 1 && (back.Similar[0].TextA != r.Similar[0].TextB || back.Similar[0].TextB != r.Similar[0].TextA) {
			t.Errorf("%+v, in the other order %+v", r.Similar, back.Similar)
		}
		if len(r.Similar) != 1 || r.Similar[0].A != 0 || r.Similar[0].B != 1 || r.Similar[0].TextA < .6 || r.Similar[0].TextB < .6 {
			t.Errorf("toolchain %q: %+v", other, r.Similar)
		}
	}
}

// The same reader of another compiler is one library, and no similar evidence.
func TestReaderOfAnotherCompiler(t *testing.T) {
	l := reader()
	for i := range 4 { // its neighbour has text of its own too
		l[8].features = append(l[8].features, fmt.Sprint("query of the store ", i))
	}
	r := found(numbered(
		build("0", "", slices.Concat(mine(0), l)), build("1", "", slices.Concat(l, mine(1))),
		build("2", "other", slices.Concat(mine(2), l)), build("3", "other", slices.Concat(l, mine(3))),
	))
	if len(r.Lineages) != 1 || len(r.Lineages[0].Copies) != 4 || len(r.Similar) != 0 {
		t.Errorf("%v, similar %+v", shape(r), r.Similar)
	}
}

// An image that has a library's text and none of its functions is told, and is
// no carrier; with little of the text it is not told.
func TestTextInAnImageAlone(t *testing.T) {
	for texts, told := range map[int]bool{8: true, 6: true, 4: false} {
		stranger := library("stranger", 60, .5)
		stranger[20].features, stranger[20].size = reader()[7].features[:texts], 70
		r := found(numbered(
			build("0", "", slices.Concat(mine(0), reader())), build("1", "", slices.Concat(reader(), mine(1))), build("2", "", stranger),
		))
		if len(r.Lineages) != 1 {
			t.Fatal(shape(r))
		}
		var c *Copy
		for i := range r.Lineages[0].Copies {
			if r.Lineages[0].Copies[i].Image == 2 {
				c = &r.Lineages[0].Copies[i]
			}
		}
		if told != (c != nil) || c != nil && (c.Units != 0 || c.Text < .6 || c.Text > float64(texts)/8) {
			t.Errorf("%d texts: %+v", texts, c)
		}
	}
}

// A program that has two builds of one library has one library twice; two
// libraries of one program that only talk of the same are two.
func TestBothInOneProgram(t *testing.T) {
	a := library("a", 40, .5)
	joint := func(toolchain string, l []source) Image { // mine, a of one toolchain, l of another, in one image
		x, y := build("5", "", slices.Concat(mine(3), a)), build("5", toolchain, l) // its digest is the last: it is nobody's fullest copy
		s, _ := x.Set()
		add, _ := y.Set()
		return merged(s, add)
	}
	r := found(numbered(
		build("0", "", slices.Concat(mine(0), a)), build("1", "", slices.Concat(a, mine(1))),
		build("2", "other", slices.Concat(mine(2), a)), joint("other", a),
	))
	if len(r.Lineages) != 1 || len(r.Lineages[0].Copies) != 4 {
		t.Error("two builds of one library in one program:", shape(r))
	}
	r = found(numbered(
		build("0", "", slices.Concat(mine(0), reader())), build("1", "", slices.Concat(reader(), mine(1))),
		build("2", "", slices.Concat(mine(2), otherReader())), build("4", "", slices.Concat(otherReader(), mine(4), reader())),
	))
	if len(r.Lineages) != 2 {
		t.Error("two readers in one program:", shape(r))
	}
}

// merged is one image with the functions of two.
func merged(x, y *fingerprint.Set) Image {
	s := &fingerprint.Set{Image: x.Image, Arch: x.Arch}
	s.Features = append(slices.Clone(x.Features), y.Features...)
	slices.SortFunc(s.Features, inOrderOfSet)
	s.Features = slices.CompactFunc(s.Features, func(a, b fingerprint.Feature) bool { return inOrderOfSet(a, b) == 0 })
	for n, from := range []*fingerprint.Set{x, y} {
		first := uint32(len(s.Functions))
		for i, f := range from.Functions {
			var uses []uint32
			for _, u := range from.FeaturesOf(i) {
				k, _ := slices.BinarySearchFunc(s.Features, from.Features[u], inOrderOfSet)
				uses = append(uses, uint32(k))
			}
			calls := slices.Clone(from.CallsOf(i))
			for k := range calls {
				calls[k].Callee += first
			}
			f.Address += uint64(n) << 32
			s.Append(f, uses, calls)
		}
	}
	return Image{Digest: s.Image, Arch: s.Arch, Set: func() (*fingerprint.Set, error) { return s, nil },
		Marks: func() ([]fingerprint.Function, error) { return s.Functions, nil }}
}
