//go:build unix

package scan

import (
	"fmt"
	"io/fs"
	"syscall"
)

// inode names the file's place on disk.
func inode(fi fs.FileInfo, disk string) string {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("%d:%d", st.Dev, st.Ino)
	}
	return disk
}
