package scan

import (
	"os"

	"github.com/kinbom/kinbom/sbom"
)

// stamp is what shows that a file was changed: its size and when it was last
// written. The zero stamp is that of a file that nobody else can change.
type stamp struct{ size, written int64 }

// stampOf looks at a file now. What cannot be looked at has a stamp of its own.
func stampOf(disk string) stamp {
	fi, err := os.Lstat(disk)
	if err != nil || !fi.Mode().IsRegular() {
		return stamp{-1, -1}
	}
	return stamp{fi.Size(), fi.ModTime().UnixNano()}
}

// changed reports whether a file is not what it was when it was hashed. What was
// read of such a file belongs to other bytes than its digest does. A change
// that keeps size and time is not seen.
func (f *file) changed() bool {
	return f.stamp != stamp{} && f.stamp != stampOf(f.disk)
}

func changedGap() *sbom.Gap {
	return &sbom.Gap{Kind: sbom.GapUnreadable, Offset: -1, Count: 1, Why: "it changed while it was read"}
}
