//go:build unix

package container

import "syscall"

// nonBlocking keeps an open from waiting for a pipe's writer.
const nonBlocking = syscall.O_NONBLOCK
