package macho

// uleb reads an unsigned LEB128 number. n is how many bytes it took; 0 when it
// does not end or does not fit 64 bits.
func uleb(b []byte) (v uint64, n int) {
	for i, c := range b {
		if i == 9 && c > 1 || i > 9 {
			return 0, 0
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// sleb reads a signed LEB128 number, in the same way.
func sleb(b []byte) (v int64, n int) {
	for i, c := range b {
		if i > 9 {
			return 0, 0
		}
		v |= int64(c&0x7f) << (7 * i)
		if c < 0x80 {
			if c&0x40 != 0 && 7*(i+1) < 64 {
				v |= -1 << (7 * (i + 1))
			}
			return v, i + 1
		}
	}
	return 0, 0
}
