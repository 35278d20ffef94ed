package macho

import (
	"bytes"
	"math"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Magic numbers of Go's line table by the first version that writes them
// (debug/gosym, runtime/symtab.go pcHeader).
const (
	pcln116 = 0xfffffffa
	pcln118 = 0xfffffff0
	pcln120 = 0xfffffff1
)

// goTable reads the functions of a Go program with their names. The table stays
// in stripped programs.
func (c *coder) goTable() []fingerprint.Boundary {
	for _, t := range c.named("__gopclntab") {
		if c.hidden(t) || len(t.data) < 8 || uint64(t.data[7]) != c.ptrSize() {
			continue
		}
		switch c.bo.Uint32(t.data) {
		case pcln116:
			return c.goFunctionsOf(t, false)
		case pcln118, pcln120:
			return c.goFunctionsOf(t, true)
		}
		c.gap(sbom.GapUnsupported, int64(t.off), "Go line table of an unknown version: magic %#x", c.bo.Uint32(t.data))
	}
	return nil
}

// goFunctionsOf reads one table. Since 1.18 (relative) entries are distances
// from the start of the text, before they were addresses.
func (c *coder) goFunctionsOf(t *section, relative bool) []fingerprint.Boundary {
	w, b := c.ptrSize(), t.data
	field := func(i uint64) uint64 {
		if 8+(i+1)*w > uint64(len(b)) {
			return math.MaxUint64
		}
		return c.word(t.off + 8 + i*w)
	}
	count, text, names, functions := field(0), uint64(0), field(2), field(6)
	record := 2 * w
	if relative {
		text, names, functions, record = c.goText(t, field(2)), field(3), field(7), 8
		c.goStart = text
	}
	if names >= uint64(len(b)) || functions >= uint64(len(b)) || count > (uint64(len(b))-functions)/record {
		c.gap(sbom.GapUnreadable, int64(t.off), "Go line table: %d functions at %d and names at %d do not fit %d bytes", count, functions, names, len(b))
		return nil
	}
	out := make([]fingerprint.Boundary, 0, count)
	bad := 0
	for i := range count {
		var entry, at uint64
		if relative {
			r := b[functions+i*record:]
			entry, at = text+uint64(c.bo.Uint32(r)), uint64(c.bo.Uint32(r[4:]))
		} else {
			r := t.off + functions + i*record
			entry, at = c.pointer(r).addr, c.word(r+w)
		}
		f := fingerprint.Boundary{Address: entry}
		if name := c.goName(b, functions, at, names, relative); name != nil {
			f.Name, f.From = string(name), fingerprint.NamePclntab
		} else {
			bad++
		}
		out = append(out, f)
	}
	if bad > 0 {
		c.gap(sbom.GapUnreadable, int64(t.off), "%d functions of the Go line table have no name that can be read", bad)
	}
	return out
}

// goName is the name in the record of a function: an offset behind its entry.
func (c *coder) goName(b []byte, functions, at, names uint64, relative bool) []byte {
	skip := c.ptrSize()
	if relative {
		skip = 4
	}
	room := uint64(len(b)) - functions
	if at > room || room-at < skip+4 {
		return nil
	}
	off := uint64(c.bo.Uint32(b[functions+at+skip:]))
	if off >= uint64(len(b))-names {
		return nil
	}
	name := b[names+off:]
	name = name[:min(len(name), maxName)]
	end := bytes.IndexByte(name, 0)
	if end <= 0 || !c.spend(end) {
		return nil
	}
	return name[:end]
}

// goText is where the text begins that the table counts from: as the header
// says, which newer versions leave out; else as the module data say, which begin
// with a pointer to the table; else the start of the code.
func (c *coder) goText(t *section, said uint64) uint64 {
	const textWords = 22 // pointer, six slices of three words, three words
	if said = c.decode(said, c.formatAt(t.off)).addr; said != 0 && c.inCode(said) {
		return said
	}
	w := c.ptrSize()
	for i := range c.sects {
		d := &c.sects[i]
		if d.data == nil || d.flags&hasCode != 0 || d == t {
			continue
		}
		if _, name := splitName(d.name); name != "__go_module" && name != "__noptrdata" && name != "__data" {
			continue
		}
		for p := uint64(0); p+(textWords+1)*w <= uint64(len(d.data)); p += w {
			if c.pointer(d.off+p).addr == t.addr {
				if text := c.pointer(d.off + p + textWords*w).addr; c.inCode(text) {
					return text
				}
			}
		}
	}
	return c.out.Sections[0].Address
}
