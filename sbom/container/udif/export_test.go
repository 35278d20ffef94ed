package udif

import "io"

// Disk returns the whole disk and its size in bytes. Sectors that the image
// does not store read as zero.
func (im *Image) Disk() (io.ReaderAt, int64) { return im.disk, im.size }

// Checks compares the checksums of the tables with what was read so far, and
// that over the tables with theirs. It reads nothing. A plain image has none.
func (im *Image) Checks() []Check {
	d, ok := im.disk.(*chunked)
	if !ok {
		return nil
	}
	var out []Check
	for _, t := range im.tables {
		out = append(out, d.check(t))
	}
	return append(out, im.master())
}
