//go:build !unix

package scan

import "io/fs"

// inode falls back to the path where the system has no inode numbers.
func inode(_ fs.FileInfo, disk string) string { return disk }
