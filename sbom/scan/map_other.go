//go:build !unix

package scan

import "os"

// mapFile reads the file where the system has no mmap.
func mapFile(disk string) (b []byte, done func(), err error) {
	f, err := os.Open(disk)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	b, err = readBounded(f)
	return b, func() {}, err
}
