package limit

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SetError says what is wrong with a limit that the user gave.
type SetError struct {
	Given string   // as the user wrote it
	What  string   // "no KEY=VALUE", "unknown limit", "no whole number above zero", "no time above zero"
	Keys  []string // that there are
}

func (e *SetError) Error() string { return fmt.Sprintf("limit %q: %s", e.Given, e.What) }

// kinds are the limits that Set changes.
var kinds = []Kind{Entries, Bytes, Time, Depth, Containers, PathLength, FileSize, Ratio}

// Keys are the words for the limits in Set: their names, with hyphens.
func Keys() []string {
	var out []string
	for _, k := range kinds {
		out = append(out, k.key())
	}
	return out
}

func (k Kind) key() string { return strings.ReplaceAll(string(k), " ", "-") }

// Set changes one limit, given as KEY=VALUE. The value is a whole number above
// zero; K, M, G and T after it stand for powers of 1,024. A time is written as
// Go writes durations: 90s, 10m, 1h30m. Errors are *SetError, and leave m as it
// is.
func (m *Max) Set(text string) error {
	bad := func(what string) error { return &SetError{text, what, Keys()} }
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return bad("no KEY=VALUE")
	}
	i := slices.Index(Keys(), key)
	if i < 0 {
		return bad("unknown limit")
	}
	if kinds[i] == Time {
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return bad("no time above zero, such as 90s, 10m or 2h")
		}
		m.Time = d
		return nil
	}
	n, ok := size(value)
	if !ok {
		return bad("no whole number above zero, such as 500, 64K or 2G")
	}
	*m.field(kinds[i]) = n
	return nil
}

// field is the place of a limit that is a number, or nil.
func (m *Max) field(k Kind) *int64 {
	switch k {
	case Entries:
		return &m.Entries
	case Bytes:
		return &m.Bytes
	case Depth:
		return &m.Depth
	case Containers:
		return &m.Containers
	case PathLength:
		return &m.PathLength
	case FileSize:
		return &m.FileSize
	case Ratio:
		return &m.Ratio
	}
	return nil
}

// size reads a number with its unit.
func size(s string) (int64, bool) {
	unit := uint64(1)
	if s != "" {
		if i := strings.IndexByte("KMGT", s[len(s)-1]); i >= 0 {
			unit, s = 1<<(10*(i+1)), s[:len(s)-1]
		}
	}
	n, err := strconv.ParseUint(s, 10, 63)
	hi, lo := bits.Mul64(n, unit)
	return int64(lo), err == nil && n > 0 && hi == 0 && lo < 1<<63
}
