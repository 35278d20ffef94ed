package limit

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Each key sets its own limit and no other.
func TestSet(t *testing.T) {
	want := map[string]Max{
		"entries=3": {Entries: 3}, "bytes=2G": {Bytes: 2 << 30}, "depth=1": {Depth: 1}, "containers=9": {Containers: 9},
		"path-length=64K": {PathLength: 64 << 10}, "file-size=5M": {FileSize: 5 << 20}, "ratio=7": {Ratio: 7},
		"time=90s": {Time: 90 * time.Second}, "time=1h30m": {Time: 90 * time.Minute},
		"bytes=8388607T": {Bytes: 8388607 << 40}, "bytes=9223372036854775807": {Bytes: 1<<63 - 1},
	}
	seen := map[string]bool{}
	for text, w := range want {
		var m Max
		if err := m.Set(text); err != nil || m != w {
			t.Errorf("%s: %+v, %v", text, m, err)
		}
		key, _, _ := strings.Cut(text, "=")
		seen[key] = true
	}
	for _, k := range Keys() {
		if !seen[k] {
			t.Errorf("key %s was not tried", k)
		}
	}
	if len(seen) != len(Keys()) {
		t.Errorf("%d keys tried, there are %d", len(seen), len(Keys()))
	}
}

func TestSetRefuses(t *testing.T) {
	for text, what := range map[string]string{
		"": "no KEY=VALUE", "bytes": "no KEY=VALUE", "=1": "unknown limit", "Bytes=1": "unknown limit", "path length=1": "unknown limit",
		"time=": "no time above zero", "time=1": "no time above zero", "time=0s": "no time above zero", "time=-5m": "no time above zero", "time=2d": "no time above zero",
		"time=300000000h": "no time above zero", " bytes=1": "unknown limit",
		"bytes=": "no whole number", "bytes=0": "no whole number", "bytes=-1": "no whole number", "bytes=1.5G": "no whole number",
		"bytes=G": "no whole number", "bytes=1g": "no whole number", "bytes=1GB": "no whole number", "bytes=0x10": "no whole number",
		"bytes=8388608T": "no whole number", "bytes=99999999999T": "no whole number", "bytes=9223372036854775808": "no whole number", "bytes=1_0": "no whole number",
	} {
		m := Max{Bytes: 5}
		var bad *SetError
		if err := m.Set(text); !errors.As(err, &bad) || !strings.HasPrefix(bad.What, what) || bad.Given != text || m != (Max{Bytes: 5}) {
			t.Errorf("%q: %v, %+v", text, err, m)
		}
	}
}

// A budget that goes on counts from where the other stopped.
func TestResume(t *testing.T) {
	b := Resume(Max{Entries: 3, Bytes: 10}, 2, 10)
	wantLimit(t, b.TakeEntries(2), Entries, 3, 4)
	wantLimit(t, b.TakeBytes(1), Bytes, 10, 11)
	if err := b.TakeEntries(1); err != nil {
		t.Error(err)
	}
	wantLimit(t, b.TakeEntries(1), Entries, 3, 4)
	if e, n := Resume(Max{}, -1, -5).Used(); e != 0 || n != 0 {
		t.Errorf("negative counts became %d and %d", e, n)
	}
}
