package lzfse

// Frequencies unpacks the tables of a header of bvx2, for tests that write
// such headers.
func Frequencies(b []byte) []uint16 {
	f, _ := unpackTables(b)
	return f
}
