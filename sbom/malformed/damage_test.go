package malformed

import (
	"errors"
	"testing"
)

// Damage counts everything and keeps the first errors only.
func TestDamage(t *testing.T) {
	d := &Damage{Format: "hfs+ catalog"}
	first, late := New("hfs+ volume", 7, "a node is cut off", nil), errors.New("late")
	d.Add(first)
	for range 2 * maxDamage {
		d.Add(late)
	}
	if d.Count != 2*maxDamage+1 || len(d.Errs) != maxDamage {
		t.Errorf("%d counted, %d kept", d.Count, len(d.Errs))
	}
	if got, want := d.Error(), "hfs+ catalog has damage in 129 places, the first: hfs+ volume: a node is cut off at byte 7"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if In(d, "hfs+ volume") != first || !errors.Is(d, late) {
		t.Error("what was lost is not found in the chain")
	}
}
