package plist

import (
	"testing"

	"github.com/kinbom/kinbom/sbom/plist/plisttest"
)

func TestBinaryRefused(t *testing.T) {
	if _, err := Parse(plisttest.Plain(), Options{}); err != nil {
		t.Fatalf("the list that the others are made from: %v", err)
	}
	for _, c := range plisttest.Binary() {
		t.Run(c.Name, func(t *testing.T) { refused(t, c.Data, c.Want) })
	}
}

// A list of some 150 bytes that cost seconds and 288 MB elsewhere.
func TestSharedReferencesAreCountedOut(t *testing.T) {
	if n := len(plisttest.Laughs(22)); n > 200 {
		t.Fatalf("vector has %d bytes", n)
	}
	d, err := Parse(plisttest.Laughs(10), Options{})
	if err != nil {
		t.Fatalf("2,000 values are fine: %v", err)
	}
	n := 0
	var count func(v any)
	count = func(v any) {
		n++
		if l, ok := v.([]any); ok {
			for _, e := range l {
				count(e)
			}
		}
	}
	count(d["a"])
	if n != 1<<11-1 {
		t.Errorf("%d values, want %d", n, 1<<11-1)
	}
	if _, err := Parse(plisttest.Laughs(10), Options{Values: 1<<11 + 1}); err != nil {
		t.Errorf("bound of exactly the values: %v", err) // with the root and its key
	}
	if _, err := Parse(plisttest.Laughs(10), Options{Values: 1 << 11}); err == nil {
		t.Error("bound of one less passed")
	}
}
