package fingerprint

// tableIndex finds tables by address at the cost of one look at memory, where they
// do not lie too far apart.
type tableIndex struct {
	shift  uint     // log2 of the bytes of a piece
	pieces []uint32 // index of the first table that ends behind the start of a piece
	page   uint64   // number of the first page
	pages  []uint64 // by page: a table or a slot lies there; nil: all count
}

// maxTablePages bounds the room for pages: 16 GB of addresses.
const maxTablePages = 1 << 22

// fill makes the index of what t holds.
func (x *tableIndex) fill(t *tabler) {
	if len(t.list) == 0 {
		return
	}
	first, behind := t.list[0].Address, t.list[len(t.list)-1].End
	for x.shift = 4; (behind-first)>>x.shift > 4*uint64(len(t.list))+1024; x.shift++ {
	}
	x.pieces = make([]uint32, (behind-first)>>x.shift+2)
	i := uint32(0)
	x.pieces[len(x.pieces)-1] = uint32(len(t.list)) // its start may be no address
	for piece := range len(x.pieces) - 1 {
		start := first + uint64(piece)<<x.shift
		for i < uint32(len(t.list)) && t.list[i].End <= start {
			i++
		}
		x.pieces[piece] = i
	}
	x.page = t.first >> pageBits
	if n := t.last>>pageBits - x.page + 1; n <= maxTablePages {
		x.pages = make([]uint64, (n+63)/64)
		for _, s := range t.slots {
			at := s.At>>pageBits - x.page
			x.pages[at>>6] |= 1 << (at & 63)
		}
		for _, e := range t.list {
			for at := e.Address>>pageBits - x.page; at <= e.End>>pageBits-x.page; at++ {
				x.pages[at>>6] |= 1 << (at & 63)
			}
		}
	}
}

// pageBits is the log2 of maxPageOffset.
const pageBits = 12

// inPage reports whether a table or a slot may lie where an offset from a page leads.
func (t *tabler) inPage(page uint64) bool {
	at := page>>pageBits - t.index.page
	if t.index.pages == nil {
		return page <= t.last && (page >= t.first || t.first-page <= maxPageOffset)
	}
	return at>>6 < uint64(len(t.index.pages)) && t.index.pages[at>>6]>>(at&63)&1 == 1
}

// holds is the index of the table that holds an address, or -1.
func (t *tabler) holds(address uint64) int {
	if len(t.list) == 0 {
		return -1
	}
	piece := (address - t.list[0].Address) >> (t.index.shift & 63)
	if address < t.list[0].Address || piece+1 >= uint64(len(t.index.pieces)) {
		return -1
	}
	low, high := int(t.index.pieces[piece]), min(int(t.index.pieces[piece+1])+1, len(t.list))
	for low < high {
		if m := (low + high) / 2; t.list[m].End <= address {
			low = m + 1
		} else {
			high = m
		}
	}
	if low < len(t.list) && t.list[low].Address <= address && address < t.list[low].End {
		return low
	}
	return -1
}
