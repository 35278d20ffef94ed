package macho

import "encoding/binary"

// SliceOffsets lists where the slices of a file begin, as its first bytes claim
// it: 0 for a thin file. The offsets are claims and may lie outside the file.
func SliceOffsets(head []byte) []int64 {
	switch {
	case isThin(head):
		return []int64{0}
	case !isFat(head):
		return nil
	}
	wide := binary.BigEndian.Uint32(head) == magicFat64
	n, rec := min(int(binary.BigEndian.Uint32(head[4:])), maxSlices), 20
	if wide {
		rec = 32
	}
	var out []int64
	for i := range n {
		at := 8 + i*rec
		if at+rec > len(head) {
			break
		}
		if o := readArch(head[at:at+rec], wide).offset; o < 1<<62 {
			out = append(out, int64(o))
		}
	}
	return out
}
