package library

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

func model() *Background {
	return NewBackground([]BackgroundEntry{
		{Name: "zlib", From: "a", Marks: []fingerprint.Mark{9, 2, 2}, Features: []uint64{5, 4, 3, 2, 1, 6}},
		{Name: "expat", Marks: []fingerprint.Mark{7, 9}},
		{Name: "zlib", From: "b", Marks: []fingerprint.Mark{1}},
	})
}

func TestBackgroundRoundTrip(t *testing.T) {
	var b bytes.Buffer
	if err := model().Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := ReadBackground(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := []BackgroundEntry{{Name: "expat", Marks: []fingerprint.Mark{7, 9}},
		{Name: "zlib", From: "a; b", Marks: []fingerprint.Mark{1, 2, 9}, Features: []uint64{1, 2, 3, 4, 5, 6}}}
	if d := cmp.Diff(want, got.Entries); d != "" {
		t.Error(d)
	}
	for n := range b.Len() {
		if _, err := ReadBackground(b.Bytes()[:n]); err == nil {
			t.Fatalf("cut to %d bytes: no error", n)
		}
		c := slices.Clone(b.Bytes())
		c[n] ^= 4
		if _, err := ReadBackground(c); err == nil {
			t.Fatalf("byte %d changed: no error", n)
		}
	}
	c := slices.Clone(b.Bytes())
	c[6]++
	var v *fingerprint.VersionError
	if _, err := ReadBackground(c); !errors.As(err, &v) {
		t.Error(err)
	}
}

func TestBackgroundKnows(t *testing.T) {
	b := newBackdrop(model())
	at := func(f fingerprint.Function) string {
		n, ok := b.function(0, &f)
		if !ok {
			return ""
		}
		name, background, why := b.judge(n, nil)
		if !background || why == "" {
			t.Errorf("%s is not background: %s", name, why)
		}
		return name
	}
	for _, x := range []struct {
		f    fingerprint.Function
		want string
	}{
		{fingerprint.Function{Full: 2}, "zlib"}, {fingerprint.Function{Full: 9}, "expat"}, {fingerprint.Function{Full: 3}, ""},
		{fingerprint.Function{Full: 3, Name: "runtime.mallocgc", From: fingerprint.NamePclntab}, "Go runtime and standard library"},
		{fingerprint.Function{Full: 3, Name: "encoding/json.Marshal", From: fingerprint.NamePclntab}, "Go runtime and standard library"},
		{fingerprint.Function{Full: 3, Name: "main.main", From: fingerprint.NamePclntab}, ""},
		{fingerprint.Function{Full: 3, Name: "example.com/a/collect.Read", From: fingerprint.NamePclntab}, ""},
		{fingerprint.Function{Full: 3, Name: "runtime.mallocgc", From: fingerprint.NameSymbol}, ""}, // a name that anybody can give
	} {
		if got := at(x.f); got != x.want {
			t.Errorf("%+v: %q, want %q", x.f, got, x.want)
		}
	}
	for want, features := range map[string][]uint64{"zlib": {1, 2, 3, 4, 5, 90, 91}, "": {1, 2, 3, 4, 90}} {
		if name, _, _ := b.judge(-1, features); name != want {
			t.Errorf("features %d: %q, want %q", features, name, want)
		}
	}
}
