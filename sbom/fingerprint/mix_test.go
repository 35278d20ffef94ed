package fingerprint

import "testing"

// A change of one of these is a change of every mark: raise Algorithm.
func TestDigestsAreFixed(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want uint64
	}{
		{"mix", mix(1, 2), 0x4aa3b52600e5502c},
		{"finish", finish(1, 2), 0x6e43e67fe4b444a2},
		{"empty", digest(1, nil), 0x9405f15a7b0b00c0},
		{"short", digest(1, []byte("History")), 0xc05560826357646c},
		{"long", digest(1, []byte("SELECT url FROM urls")), 0xe5574fefc3ee7817},
		{"other kind", digest(2, []byte("SELECT url FROM urls")), 0x03bc019d038f4221},
	} {
		if c.got != c.want {
			t.Errorf("%s: %#016x, want %#016x", c.name, c.got, c.want)
		}
	}
}

func TestDigestTellsApart(t *testing.T) {
	seen := map[uint64]string{}
	for _, s := range []string{"", "\x00", "\x00\x00", "a", "a\x00", "aaaaaaaa", "aaaaaaaa\x00", "aaaaaaaab", "baaaaaaaa"} {
		h := digest(1, []byte(s))
		if other, ok := seen[h]; ok {
			t.Errorf("%q and %q have one digest", s, other)
		}
		seen[h] = s
	}
}

// The marks of known code: a change of the normal form shows here. Raise Algorithm.
func TestMarksAreFixed(t *testing.T) {
	arm, _ := firstLink.run(t)
	x86, _ := place{0x4000, map[uint64]Target{0x8123: literal("hello"), 0x7000: {Kind: TargetImport, Text: []byte("puts")}}}.
		one(t, "x86_64", x86Function(0x4000, 0x8123, 0x7000, 0xc100, 0xc200, false))
	for _, c := range []struct {
		name      string
		got, want string
	}{
		{"arm64 shape", arm.Functions[0].Shape.String(), "228c15d9e819bdbc"},
		{"arm64 full", arm.Functions[0].Full.String(), "28bb11a5347c9478"},
		{"x86_64 shape", x86.Functions[0].Shape.String(), "7fc12d56034cae14"},
		{"x86_64 full", x86.Functions[0].Full.String(), "952e5aba21c9a448"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
}
