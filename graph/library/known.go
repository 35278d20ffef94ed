package library

import (
	"fmt"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Background is a model of code that says nothing about kinship: runtimes,
// toolchains and widely known open-source libraries. nil knows nothing.
type Background struct {
	names []string // of libraries
	marks map[fingerprint.Mark]int32
}

// function reports whether a function is of a known background library.
func (b *Background) function(_ int, f *fingerprint.Function) (int, bool) {
	n, ok := b.marks[f.Full]
	return int(n), ok
}

// judge says whether a static library is background, and why.
func (b *Background) judge(known int, l *Library) (bool, string) {
	if b != nil && known >= 0 {
		return true, fmt.Sprintf("%s, by the marks of its functions", b.names[known])
	}
	return false, "its functions are not among the background code that is known"
}
