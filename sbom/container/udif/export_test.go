package udif

import "io"

// Disk returns the whole disk and its size in bytes. Sectors that the image
// does not store read as zero.
func (im *Image) Disk() (io.ReaderAt, int64) { return im.disk, im.size }
