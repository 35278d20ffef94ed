package library

import (
	"errors"
	"fmt"
	"slices"
)

// Validate checks what must hold in every list that Find returns: sorted by
// id, each once; two or more products; images and files present; all lists
// sorted; a known rung and a reason; same-as ties that lead to another library
// of the list and are there from both sides.
func Validate(libs []Library) error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	same := map[[2]string]Rung{}
	for i := range libs {
		l := &libs[i]
		if i > 0 && libs[i-1].ID >= l.ID {
			bad("library %s is out of order or there twice", l.ID)
		}
		if len(l.Products) < 2 || len(l.Images) == 0 || len(l.Files) == 0 || l.Name == "" || l.Why == "" || l.Kind == "" {
			bad("library %s: too few products, or no image, file, name, kind or reason", l.ID)
		}
		if !slices.IsSorted(l.Products) || !slices.IsSorted(l.Images) || !slices.IsSorted(l.Files) {
			bad("library %s: a list is not sorted", l.ID)
		}
		if rank(l.Rung) < 0 {
			bad("library %s: unknown rung %q", l.ID, l.Rung)
		}
		for _, b := range l.Builds {
			for _, t := range b.Ties {
				if t.Score <= 0 || t.Score > 1 || t.Exact > t.Score || t.Word == "" || t.Build == b.Number {
					bad("library %s: build %d is tied to %d by %v, %v equal, word %q", l.ID, b.Number, t.Build, t.Score, t.Exact, t.Word)
				}
			}
		}
		for _, a := range l.Alike {
			if a.Word != Similar || slices.Contains(l.Images, a.Image) {
				bad("library %s: image %s is no carrier with similar evidence", l.ID, a.Image.Short())
			}
		}
		for _, s := range l.SameAs {
			same[[2]string{l.ID, s.Library}] = s.Rung
		}
	}
	for pair, rung := range same {
		if same[[2]string{pair[1], pair[0]}] != rung || pair[0] == pair[1] {
			bad("library %s: same-as %s is not there from both sides", pair[0], pair[1])
		}
	}
	return errors.Join(errs...)
}
