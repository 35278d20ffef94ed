package scan

import (
	"encoding/binary"

	"github.com/kinbom/kinbom/sbom/container"
	"github.com/kinbom/kinbom/sbom/macho"
)

// File types of a Mach-O header (mach-o/loader.h).
const (
	typeExecute = 2  // MH_EXECUTE
	typeDSYM    = 10 // MH_DSYM
)

// fileType is the file type in the header of the first slice of a Mach-O file,
// or 0. It is all that telling an executable from a library needs.
func fileType(disk string) uint32 {
	f, err := container.OpenRegular(disk)
	if err != nil {
		return 0
	}
	defer f.Close()
	head, err := headOf(f)
	if err != nil {
		return 0
	}
	for _, o := range macho.SliceOffsets(head) {
		b := make([]byte, 16)
		if _, err := f.ReadAt(b, o); err != nil {
			continue
		}
		order := binary.ByteOrder(binary.LittleEndian)
		if b[0] == 0xfe {
			order = binary.BigEndian
		}
		return order.Uint32(b[12:])
	}
	return 0
}
