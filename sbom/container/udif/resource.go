package udif

import (
	"encoding/binary"
	"fmt"
)

// readResources finds the resources of type blkx in a classic resource fork
// (Inside Macintosh: More Macintosh Toolbox, "Resource File Format"). at is the
// offset of the fork in the file.
func readResources(b []byte, at int64) ([]entry, error) {
	be := binary.BigEndian
	bad := func(off int, what string, value any) ([]entry, error) {
		return nil, fault(at+int64(off), "resource fork: "+what, value)
	}
	// part is the rest of b from a claimed offset, with n bytes at least.
	part := func(off uint64, n int) []byte {
		if off > uint64(len(b)) || len(b)-int(off) < n {
			return nil
		}
		return b[off:]
	}
	if len(b) < 16 {
		return bad(0, "is too short", len(b))
	}
	dataStart, mapStart := uint64(be.Uint32(b)), uint64(be.Uint32(b[4:]))
	m := part(mapStart, 30)
	if m == nil {
		return bad(4, "map lies outside", mapStart)
	}
	typeStart, nameStart := mapStart+uint64(be.Uint16(m[24:])), mapStart+uint64(be.Uint16(m[26:]))
	types := part(typeStart, 2)
	if types == nil {
		return bad(int(mapStart)+24, "list of types lies outside", typeStart)
	}
	var out []entry
	for i := range int(be.Uint16(types)+1) & 0xFFFF {
		t := part(typeStart+2+8*uint64(i), 8)
		if t == nil {
			return bad(int(typeStart), "list of types ends too early", i)
		}
		if string(t[:4]) != "blkx" {
			continue
		}
		refs := typeStart + uint64(be.Uint16(t[6:]))
		for j := range int(be.Uint16(t[4:])) + 1 {
			ref := part(refs+12*uint64(j), 12)
			if ref == nil {
				return bad(int(typeStart), "list of resources ends too early", j)
			}
			off := dataStart + uint64(be.Uint32(ref[4:])&0xFFFFFF)
			head := part(off, 4)
			if head == nil || uint64(be.Uint32(head)) > uint64(len(head)-4) {
				return bad(int(min(off, uint64(len(b)))), "resource lies outside", off)
			}
			e := entry{offset: at + int64(off) + 4, data: head[4 : 4+be.Uint32(head)], name: fmt.Sprintf("blkx %d", int16(be.Uint16(ref)))}
			if no := be.Uint16(ref[2:]); no != 0xFFFF {
				if name := part(nameStart+uint64(no), 1); name != nil && len(name) > int(name[0]) {
					e.name = macRoman(name[1 : 1+int(name[0])])
				}
			}
			out = append(out, e)
		}
		break
	}
	return out, nil
}

// macRoman keeps the ASCII of an old name; other bytes become question marks.
func macRoman(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		if out[i] = c; c < 0x20 || c > 0x7E {
			out[i] = '?'
		}
	}
	return string(out)
}
