package machotest

import (
	"encoding/binary"
	"slices"
)

// sample is a small image with everything in it, as the ground of hostile ones.
func sample() Image {
	return Image{
		Type: "dylib", InstallName: "@rpath/libsample.dylib", UUID: "sample", Functions: 3,
		Loads:   []Load{{Name: "/usr/lib/libobjc.A.dylib"}, {Name: "/usr/lib/libSystem.B.dylib"}},
		Strings: []string{"first literal", "second literal"}, CFStrings: []string{"a record", "Größe"}, Const: []byte("constant text\x00"),
		Imports: []Import{{Name: "_open", Ordinal: 2}}, Exports: []string{"_sample_one", "_sample_two"}, Locals: []string{"_hidden"},
		Classes:    []Class{{Name: "Sample", Methods: []string{"run", "stop:"}, ClassMethods: []string{"shared"}}},
		Categories: []Category{{Class: "NSString", Name: "Sample", Methods: []string{"sampleText"}}},
		Protocols:  []string{"Sampling"}, Selectors: []string{"sentOnly"}, SwiftTypes: []string{"Sample.Value"},
	}
}

// Sample is a valid image that uses every feature of the builder, with classic
// bind opcodes or chained fixups.
func Sample(chained bool) []byte {
	im := sample()
	im.Chained = chained
	return im.Build()
}

// HostileTrie is an image whose export trie has an edge back to its root.
// Walkers without a memory of where they were never end, and their names grow
// (go-macho's GetExports: hangs, and its memory grows until it is killed).
func HostileTrie() []byte {
	b := Sample(false)
	off := command32(b, 0x80000022, 40)
	trie := b[off:]
	// Root: not terminal, one edge "a" to itself; it stays inside the old trie.
	copy(trie, []byte{0, 2, 'a', 0, 0, 'b', 0, 0})
	return b
}

// HostileCStrings is an image whose C string section claims 138 TB. Readers
// that allocate what a section claims are killed (go-macho's GetCStrings).
func HostileCStrings() []byte { return Claim(Sample(false), "__cstring", 138<<40) }

// HostileCFStrings is an image whose CFString section claims 532 GB
// (go-macho's GetCFStrings).
func HostileCFStrings() []byte { return Claim(Sample(false), "__cfstring", 532<<30) }

// HostileSwift is an image whose Swift type section claims 309 GB
// (go-macho's GetSwiftTypes).
func HostileSwift() []byte { return Claim(Sample(false), "__swift5_types", 309<<30) }

// HostileClassList is an image with a class list of 2^31 entries.
func HostileClassList() []byte { return Claim(Sample(false), "__objc_classlist", 8<<31) }

// HostileBinds is an image whose bind opcodes repeat one binding 2^60 times
// without moving, and name a segment that does not exist (go-macho's
// GetBindInfo looks the segment up without a check).
func HostileBinds() []byte {
	b := Sample(false)
	off := command32(b, 0x80000022, 16)
	op := []byte{0x11, 0x40, '_', 'x', 0, 0x51, 0x71, 0x00, 0xc0}
	op = binary.AppendUvarint(op, 1<<60)
	op = binary.AppendUvarint(op, 1<<64-8) // skip back to where it was
	op = append(op, 0x7f, 0, 0x90, 0)
	copy(b[off:], op)
	return b
}

// HostileCommands is an image whose header claims 2^32-1 load commands of
// 2^32-1 bytes.
func HostileCommands() []byte {
	b := Sample(false)
	binary.LittleEndian.PutUint64(b[16:], 1<<64-1)
	return b
}

// HostileSymbols is an image whose string table lies outside the file and whose
// symbol table claims 2^32-1 entries.
func HostileSymbols() []byte {
	b := Sample(false)
	at := Find(b, 0x2)
	binary.LittleEndian.PutUint32(b[at+12:], 1<<32-1)
	binary.LittleEndian.PutUint64(b[at+16:], 1<<63|0x7fffffff)
	return b
}

// HostileFat is a universal file whose two slices are the same bytes, whose
// third lies outside, and whose fourth is the universal file itself.
func HostileFat() []byte {
	b := Fat(Sample(false), Sample(true), Sample(false), Sample(false))
	be := binary.BigEndian
	copy(b[8+20+8:8+20+16], b[8+8:8+16])
	be.PutUint32(b[8+2*20+8:], 1<<31)
	be.PutUint32(b[8+3*20+8:], 0)
	be.PutUint32(b[8+3*20+12:], uint32(len(b)))
	return b
}

// HostileMethods is an image whose method lists claim 2^31 entries.
func HostileMethods() []byte {
	b := Sample(false)
	want := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 24), 2)
	for i := 0; i+8 < len(b); i++ {
		if slices.Equal(b[i:i+8], want) {
			binary.LittleEndian.PutUint32(b[i+4:], 1<<31)
		}
	}
	return b
}

// HostileSignature is a signed image whose signature claims 2^32-1 blobs
// (a reader that allocates its index takes 34 GB).
func HostileSignature() []byte {
	b := Sign(Sample(false), Signature{Identifier: "sample", AdHoc: true})
	off := command32(b, 0x1d, 8)
	binary.BigEndian.PutUint32(b[off+8:], 1<<32-1)
	return b
}

// Hostiles returns all hostile images by name.
func Hostiles() map[string][]byte {
	return map[string][]byte{
		"trie": HostileTrie(), "cstrings": HostileCStrings(), "cfstrings": HostileCFStrings(), "swift": HostileSwift(),
		"classlist": HostileClassList(), "binds": HostileBinds(), "commands": HostileCommands(), "symbols": HostileSymbols(),
		"fat": HostileFat(), "methods": HostileMethods(), "signature": HostileSignature(),
	}
}

// Find returns the offset of the first load command of a kind.
func Find(b []byte, cmd uint32) int {
	le := binary.LittleEndian
	for off, i := 32, uint32(0); i < le.Uint32(b[16:]); i++ {
		if le.Uint32(b[off:]) == cmd {
			return off
		}
		off += int(le.Uint32(b[off+4:]))
	}
	panic("machotest: no such load command")
}

// command32 reads a word of the first load command of a kind.
func command32(b []byte, cmd uint32, at int) uint32 {
	return binary.LittleEndian.Uint32(b[Find(b, cmd)+at:])
}

// Claim changes the size that a section claims.
func Claim(b []byte, name string, size uint64) []byte {
	n := appendFixed(nil, name)
	for off := 32; off+80 < len(b); off += 4 {
		if slices.Equal(b[off:off+16], n) {
			binary.LittleEndian.PutUint64(b[off+40:], size)
			return b
		}
	}
	panic("machotest: no such section")
}
