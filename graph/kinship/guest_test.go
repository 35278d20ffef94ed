package kinship

import (
	"fmt"
	"slices"
	"testing"
)

// reader is a small library that reads a store: what names the store is all the
// text that it has.
func reader() []source {
	out := library("reader", 30, 0)
	for k := range 8 {
		out[7].features = append(out[7].features, fmt.Sprint("column of the store ", k))
	}
	out[7].size = 60
	return out
}

// Somebody else's function that names the same store is no copy of the library:
// one function with the same text is what two programs have that read one thing.
func TestSameTextOfAnother(t *testing.T) {
	own := library("own2", 60, .5)
	own[20].features, own[20].size = reader()[7].features, 70
	r := found(numbered(
		build("0", "", slices.Concat(library("own0", 50, .5), reader())),
		build("1", "", slices.Concat(reader(), library("own1", 50, .5))),
		build("2", "", own),
	))
	if len(r.Lineages) != 1 {
		t.Fatal(shape(r))
	}
	for _, m := range r.Lineages[0].Members {
		for _, u := range m.Units {
			if u.Image == 2 {
				t.Errorf("function %d of image 2 is taken for a copy: %+v", u.Function, u)
			}
		}
	}
	for _, c := range r.Lineages[0].Copies {
		t.Logf("%+v", c)
	}
}
