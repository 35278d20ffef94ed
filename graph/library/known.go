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

// Function reports whether a full mark is of a known background library.
func (b *Background) Function(_ string, m fingerprint.Mark) (int, bool) {
	n, ok := b.marks[m]
	return int(n), ok
}

// judge says whether a static library is background, and why.
func (b *Background) judge(known int, l *Library) (bool, string) {
	if b != nil && known >= 0 {
		return true, fmt.Sprintf("%s, by the marks of its functions", b.names[known])
	}
	return false, "its functions are not among the background code that is known"
}
