package apfs

import (
	"errors"
	"fmt"
)

// ErrEncrypted says that a volume is encrypted, by software or by hardware.
var ErrEncrypted = errors.New("apfs volume is encrypted")

// FormatError says what is wrong with a container, and at which byte.
type FormatError struct {
	Offset int64 // byte offset in the reader that New was given; -1 where it has none
	What   string
	Value  uint64 // what was found, where a number says more
}

func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("apfs container: %s (%d)", e.What, e.Value)
	}
	return fmt.Sprintf("apfs container, byte %d: %s (%d)", e.Offset, e.What, e.Value)
}

// UnsupportedError says that the container uses something of APFS that this
// package does not read.
type UnsupportedError struct {
	Name  string
	Value uint64 // the flags or the size that says so
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("apfs: %s (%d) is not supported", e.Name, e.Value)
}

// maxDamage is how many errors a DamageError keeps.
const maxDamage = 64

// DamageError says that a walk came to its end, and what it lost on the way.
type DamageError struct {
	Errs  []error // the first ones, in the order in which they were met
	Count int     // of all
}

func (e *DamageError) Error() string {
	s := fmt.Sprintf("apfs volume has damage in %d places", e.Count)
	if len(e.Errs) > 0 {
		s += ", the first: " + e.Errs[0].Error()
	}
	return s
}

// Unwrap gives the errors that were kept.
func (e *DamageError) Unwrap() []error { return e.Errs }

func (e *DamageError) add(err error) {
	if e.Count++; len(e.Errs) < maxDamage {
		e.Errs = append(e.Errs, err)
	}
}
