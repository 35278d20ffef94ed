package malformed

import "fmt"

// maxDamage is how many errors a Damage keeps.
const maxDamage = 64

// Damage says that a walk over a file system came to its end, and what it lost on
// the way. Its memory is bounded, however much was lost. It is no error before
// something was added.
type Damage struct {
	Format string  // of the bytes, as in a message: "apfs volume"
	Errs   []error // the first ones, in the order in which they were met
	Count  int     // of all
}

// Add notes what was lost.
func (d *Damage) Add(err error) {
	if d.Count++; len(d.Errs) < maxDamage {
		d.Errs = append(d.Errs, err)
	}
}

func (d *Damage) Error() string {
	s := fmt.Sprintf("%s has damage in %d places", d.Format, d.Count)
	if len(d.Errs) > 0 {
		s += ", the first: " + d.Errs[0].Error()
	}
	return s
}

// Unwrap gives the errors that were kept.
func (d *Damage) Unwrap() []error { return d.Errs }
