//go:build !unix

package scan

import "github.com/kinbom/kinbom/sbom/container"

// mapFile reads the file where the system has no mmap.
func mapFile(disk string) (b []byte, done func(), err error) {
	f, err := container.OpenRegular(disk)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b, err = readBounded(f)
	return b, func() {}, err
}
