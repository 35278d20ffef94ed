package limit

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// SetError says what is wrong with a limit that the user gave.
type SetError struct {
	Given string   // as the user wrote it
	What  string   // "no KEY=VALUE", "unknown limit", "no whole number above zero"
	Keys  []string // that there are
}

func (e *SetError) Error() string { return fmt.Sprintf("limit %q: %s", e.Given, e.What) }

// Keys are the words for the limits in Set: their names, with hyphens.
func Keys() []string {
	var out []string
	for _, k := range []Kind{Entries, Bytes, Depth, Containers, PathLength, FileSize, Ratio} {
		out = append(out, k.key())
	}
	return out
}

func (k Kind) key() string { return strings.ReplaceAll(string(k), " ", "-") }

// Set changes one limit, given as KEY=VALUE. The value is a whole number above
// zero; K, M, G and T after it stand for powers of 1,024. Errors are *SetError,
// and leave m as it is.
func (m *Max) Set(text string) error {
	bad := func(what string) error { return &SetError{text, what, Keys()} }
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return bad("no KEY=VALUE")
	}
	fields := []*int64{&m.Entries, &m.Bytes, &m.Depth, &m.Containers, &m.PathLength, &m.FileSize, &m.Ratio}
	i := slices.Index(Keys(), key)
	if i < 0 {
		return bad("unknown limit")
	}
	n, ok := size(value)
	if !ok {
		return bad("no whole number above zero, such as 500, 64K or 2G")
	}
	*fields[i] = n
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
