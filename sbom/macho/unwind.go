package macho

import (
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// unwindStarts takes starts from the compact unwind table and from frame
// descriptions.
func (c *coder) unwindStarts() []fingerprint.Boundary {
	var out []fingerprint.Boundary
	for _, t := range c.named("__unwind_info") {
		out = c.compactUnwind(t, out)
	}
	for _, t := range c.named("__eh_frame") {
		out = c.frames(t, out)
	}
	return out
}

// compactUnwind reads __unwind_info (mach-o/compact_unwind_encoding.h): an
// index of pages, each a list of functions with their encoding.
func (c *coder) compactUnwind(t *section, out []fingerprint.Boundary) []fingerprint.Boundary {
	const header, entry, regular, compressed = 28, 12, 2, 3
	b := t.data
	if len(b) < header || c.bo.Uint32(b) != 1 {
		return out
	}
	at, count := uint64(c.bo.Uint32(b[20:])), uint64(c.bo.Uint32(b[24:]))
	if at > uint64(len(b)) || count > (uint64(len(b))-at)/entry {
		c.gap(sbom.GapUnreadable, int64(t.off), "unwind information: %d pages do not fit", count)
		return out
	}
	left := len(b) / 4 // no honest table has more functions
	for i := range count {
		r := b[at+i*entry:]
		first, page := uint64(c.bo.Uint32(r)), uint64(c.bo.Uint32(r[4:]))
		if page == 0 || page+8 > uint64(len(b)) {
			continue // the last entry only says where the code ends
		}
		p := b[page:]
		kind, list, n := c.bo.Uint32(p), uint64(c.bo.Uint16(p[4:])), uint64(c.bo.Uint16(p[6:]))
		size := map[uint32]uint64{regular: 8, compressed: 4}[kind]
		if size == 0 || list+n*size > uint64(len(p)) {
			c.gap(sbom.GapUnreadable, int64(t.off+page), "unwind information: a page of kind %d with %d functions does not fit", kind, n)
			continue
		}
		for j := range n {
			if left--; left < 0 {
				return out
			}
			v := uint64(c.bo.Uint32(p[list+j*size:]))
			if kind == compressed {
				v = first + v&0xffffff
			}
			out = append(out, fingerprint.Boundary{Address: c.base() + v})
		}
	}
	return out
}

// frames reads the descriptions of __eh_frame whose start is a distance from
// itself, the only form that linkers write for Mach-O.
func (c *coder) frames(t *section, out []fingerprint.Boundary) []fingerprint.Boundary {
	b := t.data
	for p := uint64(0); p+8 <= uint64(len(b)); {
		size := uint64(c.bo.Uint32(b[p:]))
		if size == 0 || size == 0xffffffff || size > uint64(len(b))-p-4 {
			return out
		}
		if c.bo.Uint32(b[p+4:]) != 0 && size >= 4+c.ptrSize() { // 0: what descriptions share
			at := t.addr + p + 8
			d := c.word(t.off + p + 8)
			if !c.wide {
				d = uint64(int64(int32(d)))
			}
			out = append(out, fingerprint.Boundary{Address: at + d})
		}
		p += 4 + size
	}
	return out
}
