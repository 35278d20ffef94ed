package library

import (
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// A model's digest is that of its file, and changes with its content.
func TestModelDigest(t *testing.T) {
	var none *Background
	if none.Digest() != "" {
		t.Error("no model has a digest")
	}
	built, err := BuiltinBackground()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := built.Digest(), sbom.DigestOf(builtinModel); got != want {
		t.Errorf("the built-in model has digest %s, its file %s", got, want)
	}
	a := BackgroundEntry{Name: "a", Marks: []fingerprint.Mark{1, 2}}
	b := BackgroundEntry{Name: "b", Features: []uint64{3}}
	one, same, other := NewBackground([]BackgroundEntry{a, b}), NewBackground([]BackgroundEntry{b, a}), NewBackground([]BackgroundEntry{a})
	if one.Digest() != same.Digest() || one.Digest() == other.Digest() || other.Join(NewBackground([]BackgroundEntry{b})).Digest() != one.Digest() {
		t.Error("the digest does not follow the content")
	}
}
