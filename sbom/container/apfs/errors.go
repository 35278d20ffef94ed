package apfs

import (
	"errors"
	"fmt"

	"github.com/kinbom/kinbom/sbom/malformed"
)

// ErrEncrypted says that a volume is encrypted, by software or by hardware.
var ErrEncrypted = errors.New("apfs volume is encrypted")

// format is what messages call these bytes.
const format = "apfs container"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value uint64) *malformed.Error {
	return malformed.New(format, offset, what, value)
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
