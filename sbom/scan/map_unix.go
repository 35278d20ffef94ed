//go:build unix

package scan

import (
	"golang.org/x/sys/unix"

	"github.com/kinbom/kinbom/sbom/container"
)

// mapFile maps a file for reading. A file that shrinks meanwhile kills the
// process by a signal: that is why this runs in a child.
func mapFile(disk string) (b []byte, done func(), err error) {
	f, err := container.OpenRegular(disk)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || fi.Size() == 0 || fi.Size() > maxMapped {
		b, err = readBounded(f)
		return b, func() {}, err
	}
	b, err = unix.Mmap(int(f.Fd()), 0, int(fi.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		b, err = readBounded(f)
		return b, func() {}, err
	}
	return b, func() { _ = unix.Munmap(b) }, nil
}
