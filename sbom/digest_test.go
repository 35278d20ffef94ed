package sbom

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

func TestDigestValid(t *testing.T) {
	good := strings.Repeat("0123456789abcdef", 4)
	cases := map[string]bool{
		good:                          true,
		"":                            false,
		good[1:]:                      false,
		good + "0":                    false,
		good[1:] + "A":                false,
		good[1:] + "g":                false,
		good[1:] + "/":                false,
		good[1:] + ":":                false,
		good[1:] + "`":                false,
		good[1:] + " ":                false,
		strings.Repeat("é", 32):       false,
		"\x00" + good[1:]:             false,
		string(DigestOf([]byte("x"))): true,
	}
	for s, want := range cases {
		if got := Digest(s).Valid(); got != want {
			t.Errorf("%q: valid is %v, want %v", s, got, want)
		}
	}
}

func TestDigestShort(t *testing.T) {
	for in, want := range map[Digest]string{"": "", "abc": "abc", "0123456789ab": "0123456789ab", "0123456789abc": "0123456789ab"} {
		if got := in.Short(); got != want {
			t.Errorf("%q is %q in short, want %q", in, got, want)
		}
	}
}

// The digest of nothing and of "abc" are in FIPS 180-4's examples.
func TestDigestOf(t *testing.T) {
	for in, want := range map[string]Digest{
		"":    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	} {
		if got := DigestOf([]byte(in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// docs/sbom.md describes the framing: here it is written out by hand.
func TestDigestOfListFraming(t *testing.T) {
	long := strings.Repeat("x", 0x102)
	cases := []struct {
		list   []string
		framed string
	}{
		{nil, ""},
		{[]string{""}, "\x00\x00\x00\x00\x00\x00\x00\x00"},
		{[]string{"ab", "é"}, "\x02\x00\x00\x00\x00\x00\x00\x00ab\x02\x00\x00\x00\x00\x00\x00\x00é"},
		{[]string{long}, "\x02\x01\x00\x00\x00\x00\x00\x00" + long},
	}
	for _, c := range cases {
		sum := sha256.Sum256([]byte(c.framed))
		if got, want := DigestOfList(c.list), Digest(hex.EncodeToString(sum[:])); got != want {
			t.Errorf("%.20q: %s, want %s", c.list, got, want)
		}
	}
}

// No two lists have the same digest, however their texts are split.
func TestDigestOfListTellsListsApart(t *testing.T) {
	lists := [][]string{
		nil, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"ab", ""}, {"", "ab"}, {"a", "", "b"},
		{"a\x01\x00\x00\x00\x00\x00\x00\x00b"}, {"\x00"}, {"a\x00b"},
	}
	seen := map[Digest][]string{}
	for _, l := range lists {
		d := DigestOfList(l)
		if other, ok := seen[d]; ok {
			t.Errorf("%q and %q have the same digest", l, other)
		}
		seen[d] = l
	}
}

func TestProductIDIgnoresOrder(t *testing.T) {
	a, b := DigestOf([]byte("a")), DigestOf([]byte("b"))
	files := []FileID{{"x", a}, {"x", b}, {"x/y", a}, {"w", b}, {"é", a}}
	want := ProductID(files)
	before := slices.Clone(files)
	permutations(files, func(l []FileID) {
		if got := ProductID(l); got != want {
			t.Fatalf("%v: %s, want %s", l, got, want)
		}
	})
	l := slices.Clone(before)
	slices.Reverse(l)
	given := slices.Clone(l)
	if ProductID(l); !slices.Equal(l, given) {
		t.Error("the given list was sorted")
	}
	if want != DigestOfList([]string{"w", string(b), "x", string(min(a, b)), "x", string(max(a, b)), "x/y", string(a), "é", string(a)}) {
		t.Error("the id is not that of the sorted (path, digest) list")
	}
}

// Paths and contents that read the same one after the other are other products.
func TestProductIDTellsFilesApart(t *testing.T) {
	lists := [][]FileID{
		nil, {{"", ""}}, {{"a", "bc"}}, {{"ab", "c"}}, {{"abc", ""}}, {{"", "abc"}},
		{{"a", "b"}, {"c", "d"}}, {{"a", "bc"}, {"", "d"}}, {{"a", "d"}, {"c", "b"}}, {{"a", "b"}}, {{"a", "b"}, {"a", "b"}},
	}
	seen := map[Digest]int{}
	for i, l := range lists {
		id := ProductID(l)
		if other, ok := seen[id]; ok {
			t.Errorf("%v and %v have the same id", l, lists[other])
		}
		seen[id] = i
	}
}

// permutations calls f with every order of the list, in place.
func permutations[T any](l []T, f func([]T)) {
	var step func(int)
	step = func(k int) {
		if k == len(l) {
			f(l)
			return
		}
		for i := k; i < len(l); i++ {
			l[k], l[i] = l[i], l[k]
			step(k + 1)
			l[k], l[i] = l[i], l[k]
		}
	}
	step(0)
}
