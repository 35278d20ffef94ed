package udif

// Methods lists how chunks of the image are packed: adc, zlib, bzip2, lzfse, xz,
// in this order, each once. A plain image has none.
func (im *Image) Methods() []string {
	met := map[uint32]bool{}
	for _, t := range im.tables {
		for i := range t.chunks {
			met[t.chunks[i].kind] = true
		}
	}
	var out []string
	for _, m := range []struct {
		kind uint32
		name string
	}{{chunkADC, "adc"}, {chunkZlib, "zlib"}, {chunkBzip2, "bzip2"}, {chunkLZFSE, "lzfse"}, {chunkXZ, "xz"}} {
		if met[m.kind] {
			out = append(out, m.name)
		}
	}
	return out
}
