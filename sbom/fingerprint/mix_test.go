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
