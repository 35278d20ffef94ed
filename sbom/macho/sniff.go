package macho

import "encoding/binary"

// Magic numbers, as a big-endian reader sees them (mach-o/loader.h, fat.h).
const (
	magicThin32BE = 0xfeedface
	magicThin64BE = 0xfeedfacf
	magicThin32LE = 0xcefaedfe
	magicThin64LE = 0xcffaedfe
	magicFat32    = 0xcafebabe // also the magic of Java class files
	magicFat64    = 0xcafebabf
)

// Sniff reports whether a file that starts with head (4096 bytes, or all of a
// shorter file) is a Mach-O or universal file. Java class files, which share
// the magic number of universal files, are told apart.
func Sniff(head []byte) bool { return isThin(head) || isFat(head) }

func isThin(b []byte) bool {
	if len(b) < 28 {
		return false
	}
	switch binary.BigEndian.Uint32(b) {
	case magicThin32BE, magicThin64BE, magicThin32LE, magicThin64LE:
		return true
	}
	return false
}

// isFat looks at the first record too. A class file has its version in the
// place of the slice count (45 and more), and behind it a count and a tag that
// make no processor type.
func isFat(b []byte) bool {
	if len(b) < 8+20 {
		return false
	}
	magic, n := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	switch {
	case magic == magicFat64:
		return n > 0
	case magic != magicFat32 || n == 0:
		return false
	case n < 45:
		return true
	}
	return knownCPU(binary.BigEndian.Uint32(b[8:]))
}
