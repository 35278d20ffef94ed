//go:build !unix

package container

// nonBlocking has no meaning on this system.
const nonBlocking = 0
