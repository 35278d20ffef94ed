package apfstest

// Newest finds the newest block for which ok holds.
func Newest(s *Sparse, ok func(b []byte) bool) uint32 {
	var at uint32
	var xid uint64
	for n, b := range s.Blocks {
		if Fletcher(b) == le.Uint64(b) && ok(b) && (le.Uint64(b[16:]) > xid || le.Uint64(b[16:]) == xid && n < at) {
			at, xid = n, le.Uint64(b[16:])
		}
	}
	if xid == 0 {
		panic("no such block")
	}
	return at
}

// Kind is the type of the object in a block.
func Kind(b []byte) uint32 { return le.Uint32(b[24:]) & 0xffff }

func isTree(b []byte, subtype uint32, level uint16) bool {
	return (Kind(b) == 2 || Kind(b) == 3) && le.Uint32(b[28:]) == subtype && le.Uint16(b[34:]) == level
}

// Parts are blocks of the newest state of an image, by number: the superblock,
// the container's object map, the volume and its object map with its root, the
// root and one leaf of the tree of files.
type Parts struct{ Super, Map, VolumeMap, Volume, Root, Leaf, VolumeMapRoot uint32 }

// Find finds them.
func Find(s *Sparse) Parts {
	p := Parts{}
	p.Super = Newest(s, func(b []byte) bool { return Kind(b) == 1 && string(b[32:36]) == "NXSB" })
	p.Map = uint32(le.Uint64(s.Blocks[p.Super][160:]))
	p.Volume = Newest(s, func(b []byte) bool { return Kind(b) == 13 })
	p.VolumeMap = uint32(le.Uint64(s.Blocks[p.Volume][128:]))
	p.VolumeMapRoot = uint32(le.Uint64(s.Blocks[p.VolumeMap][48:]))
	p.Root = Newest(s, func(b []byte) bool { return Kind(b) == 2 && le.Uint32(b[28:]) == 14 })
	// Of the leaves, one that the newest object map knows. The map is one node here.
	m := s.Blocks[p.VolumeMapRoot]
	if le.Uint16(m[34:]) != 0 {
		panic("object map has levels: this test has to follow them")
	}
	for i := range int(le.Uint32(m[36:])) {
		val := BlockSize - 40 - int(le.Uint16(m[56+int(le.Uint16(m[40:]))+4*i+2:]))
		if n := uint32(le.Uint64(m[val+8:])); isTree(s.Blocks[n], 14, 0) {
			p.Leaf = n
		}
	}
	return p
}

// EditRecords changes every leaf record that edit wants, in all leaves of the tree of files.
func EditRecords(s *Sparse, edit func(key, val []byte) bool) (changed int) {
	for n, b := range s.Blocks {
		if !isTree(b, 14, 0) || Fletcher(b) != le.Uint64(b) {
			continue
		}
		s.Edit(n, true, func(b []byte) {
			end := len(b)
			if le.Uint16(b[32:])&1 != 0 {
				end -= 40
			}
			toc, keys := 56+int(le.Uint16(b[40:])), 56+int(le.Uint16(b[40:]))+int(le.Uint16(b[42:]))
			for i := range int(le.Uint32(b[36:])) {
				e := b[toc+8*i:]
				key := b[keys+int(le.Uint16(e)):][:le.Uint16(e[2:])]
				val := b[end-int(le.Uint16(e[4:])):][:le.Uint16(e[6:])]
				if edit(key, val) {
					changed++
				}
			}
		})
	}
	return changed
}
