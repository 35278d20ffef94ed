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
		name, background, why := b.judge(&tally{of: []counts{{library: n + 1}}})
		if !background || why == "" {
			t.Errorf("%s is not background: %s", name, why)
		}
		return name
	}
	std := "Go runtime and standard library"
	for _, x := range []struct {
		f    fingerprint.Function
		want string
	}{
		{fingerprint.Function{Full: 2}, "zlib"}, {fingerprint.Function{Full: 9}, "expat"}, {fingerprint.Function{Full: 3}, ""},
		{fingerprint.Function{Full: 3, Name: "runtime.mallocgc", From: fingerprint.NamePclntab}, std},
		{fingerprint.Function{Full: 3, Name: "encoding/json.Marshal", From: fingerprint.NamePclntab}, std},
		{fingerprint.Function{Full: 3, Name: "gogo", From: fingerprint.NamePclntab}, std}, // assembly: no package
		{fingerprint.Function{Full: 3, Name: "collect", From: fingerprint.NamePclntab}, ""},
		{fingerprint.Function{Full: 3, Name: "golang.org/x/sys/unix.Stat", From: fingerprint.NamePclntab}, "Go module golang.org/x"},
		{fingerprint.Function{Full: 3, Name: "main.main", From: fingerprint.NamePclntab}, ""},
		{fingerprint.Function{Full: 2, Name: "main.inflate", From: fingerprint.NamePclntab}, ""}, // its name says more than its mark
		{fingerprint.Function{Full: 3, Name: "acme/collect.Read", From: fingerprint.NamePclntab}, ""},
		{fingerprint.Function{Full: 3, Name: "example.com/a/collect.Read", From: fingerprint.NamePclntab}, ""},
		{fingerprint.Function{Full: 3, Name: "runtime.mallocgc", From: fingerprint.NameSymbol}, ""}, // a name that anybody can give
		{fingerprint.Function{Full: 3, Name: "__ZN3std2io5stdio6_print17h0123456789abcdefE", From: fingerprint.NameSymbol}, standardRust},
		{fingerprint.Function{Full: 3, Name: "__ZN7collect4read17h0123456789abcdefE", From: fingerprint.NameSymbol}, ""},
	} {
		if got := at(x.f); got != x.want {
			t.Errorf("%+v: %q, want %q", x.f, got, x.want)
		}
	}
}

func TestBackgroundByText(t *testing.T) {
	zlib := []uint64{1, 2, 3, 4, 5, 6, 7, 8}
	b := NewBackground([]BackgroundEntry{
		{Name: "zlib", Features: zlib},
		{Name: "image stack", Features: append([]uint64{30, 31, 32}, zlib...)},
		{Name: "c", Features: []uint64{20, 21, 22, 23, 24, 25, 26, 27}},
		{Name: "d", Features: []uint64{20, 21, 22, 23, 24, 25, 26, 27}},
		{Name: "e", Features: []uint64{20, 21, 22, 23, 24, 25, 26, 27}},
		{Name: "f", Features: []uint64{20, 21, 22, 23, 24, 25, 26, 27}},
	})
	for _, x := range []struct {
		name     string
		features []uint64
		want     string
	}{
		{"all of it", zlib, "zlib"},
		{"half of it is its own", []uint64{1, 2, 3, 4, 5, 6, 7, 8, 90, 91, 92, 93, 94, 95, 96, 97}, "zlib"},
		{"more than half is its own", []uint64{1, 2, 3, 4, 5, 6, 7, 8, 90, 91, 92, 93, 94, 95, 96, 97, 98}, ""},
		{"too little", zlib[:7], ""},
		{"text that many have", []uint64{20, 21, 22, 23, 24, 25, 26, 27}, ""},
	} {
		name, background, _ := newBackdrop(b).judge(&tally{of: make([]counts, 40), features: x.features})
		if name != x.want || background != (x.want != "") {
			t.Errorf("%s: %q %v, want %q", x.name, name, background, x.want)
		}
	}
}

func TestJudgeMixed(t *testing.T) {
	b := newBackdrop(model()) // entry 1 is zlib
	members := func(known, other, own int) *tally {
		x := &tally{own: own, ownName: "example.com/collect"}
		for range known {
			x.of = append(x.of, counts{library: 2})
		}
		for range other {
			x.of = append(x.of, counts{text: []uint64{90, 91, 92, 93}})
		}
		for range own {
			x.of = append(x.of, counts{own: true})
		}
		return x
	}
	for _, x := range []struct {
		known, other, own int
		want              bool
	}{
		{20, 0, 0, true}, {20, 2, 0, true}, {2, 3, 0, false}, {40, 4, 0, true}, {40, 5, 0, false}, {20, 20, 0, false}, {4000, 0, 1, false},
	} {
		name, background, why := b.judge(members(x.known, x.other, x.own))
		if background != x.want || why == "" || background != (name == "zlib") {
			t.Errorf("%+v: %q %v (%s)", x, name, background, why)
		}
	}
}

func TestRustByPaths(t *testing.T) {
	const commit = "/rustc/8bab26f4f68e0e26f0bb7960be334d5b520ea452/library/"
	const registry = "/Users/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/"
	for _, x := range []struct {
		paths []string
		of    int
		want  string
	}{
		{[]string{commit + "std/src/io/mod.rs", commit + "core/src/str/mod.rs", commit + "alloc/src/vec.rs", commit + "std/src/path.rs", "/rust/deps/gimli-0.32.3/src/read/line.rs"}, 30, standardRust},
		{[]string{registry + "rand-0.10.2/src/lib.rs", registry + "rand-0.10.2/src/a.rs", registry + "rand-0.10.2/src/b.rs", commit + "std/src/path.rs", registry + "bcrypt-0.19.3/src/lib.rs"}, 30, "Rust crates rand, bcrypt"},
		{[]string{registry + "rand-0.10.2/src/lib.rs", registry + "rand-0.10.2/src/a.rs", commit + "std/src/path.rs", commit + "std/src/a.rs", commit + "std/src/b.rs", "crates/collect/src/lib.rs"}, 30, ""},
		{[]string{registry + "rand-0.10.2/src/lib.rs", commit + "std/src/a.rs"}, 6, "Rust crate rand"},                                                                                          // a small one
		{[]string{registry + "rand-0.10.2/src/lib.rs", registry + "rand-0.10.2/src/a.rs", commit + "std/src/path.rs", commit + "std/src/a.rs"}, 30, ""},                                         // too few
		{[]string{commit + "std/src/io/mod.rs", commit + "core/src/str/mod.rs", commit + "alloc/src/vec.rs", commit + "std/src/path.rs", commit + "std/src/path.rs"}, 101, ""},                  // of too many
		{[]string{commit + "a.rs", commit + "b.rs", commit + "c.rs", commit + "d.rs", "/x/registry/src/crates.example.com-1949cf8c6b5b557f/collect-1.0.0/src/lib.rs", commit + "e.rs"}, 30, ""}, // a private registry
		{[]string{commit + "a.rs", commit + "b.rs", commit + "c.rs", commit + "d.rs", commit + "e.rs", "/x/.cargo/git/checkouts/collect-1949cf8c6b5b557f/abcdef0/src/lib.rs"}, 30, ""},
	} {
		y := &tally{of: make([]counts, x.of)}
		for i, p := range x.paths {
			y.of[i].source(p)
		}
		if name, background, _ := newBackdrop(nil).judge(y); name != x.want || background != (x.want != "") {
			t.Errorf("%v: %q, want %q", x.paths, name, x.want)
		}
	}
}

func TestForeignStretch(t *testing.T) {
	b := newBackdrop(NewBackground([]BackgroundEntry{{Name: "zlib", Marks: []fingerprint.Mark{1}, Features: []uint64{1, 2, 3, 4, 5, 6, 7, 8}}}))
	// z: known by its mark, t: by its text, n: no text, v: text of its own, m: mixed text
	for _, x := range []struct{ members, want string }{
		{"zzzttnnz", "________"},
		{"zzzvvvvvzz", "___xxxxx__"},
		{"zzznvnvvnvvnz", "____xxxxxxx__"},
		{"zzzvvvvzz", "_________"},         // too few
		{"zzzvvvtvvzz", "___________"},     // the library's own between them
		{"zzzvvvmvvzz", "___________"},     // more than half of it is the library's
		{"ttttttttvvvvv", "________xxxxx"}, // known by text alone
		{"vvvvvnn", "_______"},             // nothing is known
	} {
		y := &tally{}
		for i, c := range x.members {
			k := counts{}
			switch c {
			case 'z':
				k.library = 1
			case 't':
				k.text = []uint64{uint64(1 + i%8)}
			case 'v':
				k.text = []uint64{uint64(100 + i)}
			case 'm':
				k.text = []uint64{1, 2, uint64(100 + i)}
			}
			y.of = append(y.of, k)
			y.features = append(y.features, k.text...)
		}
		got := ""
		for _, is := range b.foreign(y) {
			if is {
				got += "x"
			} else {
				got += "_"
			}
		}
		if got != x.want {
			t.Errorf("%s: %s, want %s", x.members, got, x.want)
		}
	}
}
