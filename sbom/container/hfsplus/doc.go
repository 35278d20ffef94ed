// Package hfsplus reads HFS+ and HFSX volumes: all entries with their paths,
// data and resource forks, extended attributes, symbolic and hard links, and
// files that macOS compresses transparently.
//
// What it promises on hostile input: sizes in the volume are claims; no fork is
// larger than the volume, nothing outside the volume is read, and nothing is
// allocated before it is known to be there. Trees are read along their index
// with strictly falling heights, each node once, so that cycles end. Paths are
// built from thread records within the limits on depth and path length; a folder
// inside itself and a folder without a parent are damage, and what they hold is
// still listed. A path never has "." or ".." or an empty name as a part, nor a
// zero byte. Extents that overlap between files cannot be seen without a list of
// all blocks; the walk compares the sum of blocks with the volume's size.
//
// Memory does not grow with the volume: a bounded cache of nodes and of folder
// paths, and one bit for each tree node that is read.
//
// The layout follows Apple's Technical Note TN1150 (HFS Plus Volume Format) and,
// for attributes, hard links to folders and the flags of compressed files,
// hfs_format.h and sys/stat.h of Apple's open-source kernel.
package hfsplus

import (
	"github.com/kinbom/kinbom/sbom/malformed"
)

// format is what messages call these bytes.
const format = "hfs+ volume"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value uint64) *malformed.Error {
	return malformed.New(format, offset, what, value)
}

// UnsupportedError says that the bytes are a file system of the family that this
// package does not read.
type UnsupportedError struct {
	Name string
}

func (e *UnsupportedError) Error() string { return e.Name + " is not supported" }
