package attribute

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/macho"
)

// maxTable is how far a table goes from where code refers to it, in bytes.
const maxTable = 1 << maxTableBits

const maxTableBits = 11

// maxEntry is how far the literals of a table of which rules speak may lie apart.
const maxEntry = 256

// maxTabled is how many references tables may add to one image: each place of a
// table counts for each function that refers to the table.
const maxTabled = 1 << 18

// Tabled is the limit on what tables of literals add.
const Tabled limit.Kind = "literals that tables name"

// tableStart is where code refers to what may be a table.
type tableStart struct {
	address  uint64
	function uint32
}

// tables adds references to the literals that tables name, as far as a rule
// speaks of them: pointers behind a place that a function refers to, or to which
// a variable there points, with no other such place in between. Where a table
// ends nothing says; so this may take in what lies behind it.
func (d *deriver) tables() {
	named := d.namedInData()
	if len(named) == 0 {
		return
	}
	starts := d.tableStarts(named)
	var keys []uint64     // by function, then in the order in which they are found: index in found
	var found []int32     // in named
	var begins []uint64   // by index in found: where its table begins
	var table, end uint64 // where the table begins, and its last literal so far
	for i := range named {
		if d.over != nil {
			break
		}
		slot := named[i].Slot
		last, _ := slices.BinarySearchFunc(starts, slot+1, func(s tableStart, a uint64) int { return cmp.Compare(s.address, a) })
		if last == 0 {
			continue
		}
		if at := starts[last-1].address; at != table {
			table, end = at, at
		}
		if slot-end > maxEntry { // another object lies in between
			continue
		}
		end = slot
		for j := last - 1; j >= 0 && starts[j].address == starts[last-1].address && slot-starts[j].address < maxTable; j-- {
			if len(keys) == maxTabled { // what was found so far counts
				d.over = &limit.Error{Limit: Tabled, Max: maxTabled, Value: maxTabled + 1}
				break
			}
			keys = append(keys, uint64(starts[j].function)<<32|uint64(len(found)))
			found, begins = append(found, int32(i)), append(begins, starts[j].address)
		}
	}
	if len(found) == 0 {
		return
	}
	slices.Sort(keys)
	more := make([]fingerprint.Reference, len(keys))
	d.tabled = make(map[tableStart]uint64, len(keys))
	for i, k := range keys {
		more[i] = named[found[uint32(k)]]
		more[i].Function = uint32(k >> 32)
		d.tabled[tableStart{more[i].Slot, more[i].Function}] = begins[uint32(k)]
	}
	d.refs = merged(d.refs, more)
}

// tableStarts lists where code refers to what may be a table that names one of
// the literals: sorted, each once.
func (d *deriver) tableStarts(named []fingerprint.Reference) []tableStart {
	n := newNearness(named)
	var starts []tableStart
	for i := range d.refs {
		r := &d.refs[i]
		if f := &d.set.Functions[r.Function]; f.From == fingerprint.NamePclntab && ofLibrary(f.Name) {
			continue
		}
		if r.Kind != fingerprint.TargetPointer && (r.Kind != fingerprint.TargetConst || r.Length != 0) {
			continue
		}
		if n.near(r.Slot) {
			starts = append(starts, tableStart{r.Slot, r.Function})
		}
		if to, ok := d.word(r.Slot); ok && n.near(to) {
			starts = append(starts, tableStart{to, r.Function})
		}
	}
	slices.SortFunc(starts, func(a, b tableStart) int {
		return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(a.function, b.function))
	})
	return slices.Compact(starts)
}

// nearness tells whether a literal is named within maxTable bytes from an
// address on. Nearly always it is not: that a set of blocks says.
type nearness struct {
	slots  []uint64 // rising
	blocks bits     // of maxTable bytes, from first on; empty: the slots lie too far apart for that
	first  uint64   // number of the first block
}

// maxBlocks bounds the room for a set of blocks, in bits.
const maxBlocks = 1 << 22

func newNearness(named []fingerprint.Reference) nearness {
	n := nearness{slots: make([]uint64, len(named)), first: named[0].Slot >> maxTableBits}
	if span := named[len(named)-1].Slot>>maxTableBits - n.first; span < maxBlocks {
		n.blocks = newBits(span + 1)
	}
	for i := range named {
		n.slots[i] = named[i].Slot
		n.blocks.add(named[i].Slot>>maxTableBits - n.first)
	}
	return n
}

func (n *nearness) near(address uint64) bool {
	if b := address>>maxTableBits - n.first; len(n.blocks) > 0 && !n.blocks.has(b) && !n.blocks.has(b+1) {
		return false
	}
	i, _ := slices.BinarySearch(n.slots, address)
	return i < len(n.slots) && n.slots[i]-address < maxTable
}

// bits is a set of small numbers.
type bits []uint64

func newBits(n uint64) bits { return make(bits, n/64+1) }

// add takes in a number; one that has no room is left out.
func (b bits) add(n uint64) {
	if n/64 < uint64(len(b)) {
		b[n/64] |= 1 << (n % 64)
	}
}

func (b bits) has(n uint64) bool { return n/64 < uint64(len(b)) && b[n/64]>>(n%64)&1 == 1 }

// merged is two lists of references in the order of their functions as one, what
// is in a first.
func merged(a, b []fingerprint.Reference) []fingerprint.Reference {
	out := make([]fingerprint.Reference, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		n := 0
		for n < len(a) && a[n].Function <= b[0].Function {
			n++
		}
		out, a = append(out, a[:n]...), a[n:]
		n = 0
		for n < len(b) && (len(a) == 0 || b[n].Function < a[0].Function) {
			n++
		}
		out, b = append(out, b[:n]...), b[n:]
	}
	return append(append(out, a...), b...)
}

// namedInData lists the pointers in data to literals of which a rule speaks, by
// their address, as references of no function yet.
func (d *deriver) namedInData() []fingerprint.Reference {
	var out []fingerprint.Reference
	told := d.known.places.blocks(d.slice.Image.Size)
	low, high := d.slice.Extent()
	low = max(low, 1<<12)
	var region macho.Region // that holds what was named last
	names := func(to uint64) bool {
		if to < low || to >= high {
			return false
		}
		if to-region.Address >= uint64(len(region.Bytes)) {
			region, _ = d.slice.RegionAt(to)
		}
		at := to - region.Address
		if at >= uint64(len(region.Bytes)) {
			return false
		}
		off := region.Offset + int64(at)
		return told.has(uint64(off)>>placeBits) && d.known.places.holds(off) || strings.HasSuffix(region.Name, ",__cfstring")
	}
	for _, c := range d.slice.Constants() {
		idle, some := uint64(0), false // the last word that names nothing: mostly zeros
		for at := (c.Address + 7) &^ 7; at+8 <= c.Address+uint64(len(c.Bytes)); at += 8 {
			raw := binary.LittleEndian.Uint64(c.Bytes[at-c.Address:])
			if some && raw == idle {
				continue
			}
			if to, ok := d.word(at); !ok || !names(to) {
				idle, some = raw, true
				continue
			}
			if r, ok := d.sizedAt(at); ok {
				out = append(out, r)
			} else if t := d.code.Resolve(at); t.Kind == fingerprint.TargetPointer && t.Slot && t.Offset >= 0 && d.known.places.holds(t.Offset) {
				out = append(out, fingerprint.Reference{Kind: fingerprint.TargetPointer, Slot: at, Offset: t.Offset, Length: max(t.Length, int64(len(t.Text)))})
			}
		}
	}
	slices.SortFunc(out, func(a, b fingerprint.Reference) int { return cmp.Compare(a.Slot, b.Slot) })
	return out
}

func (d *deriver) word(address uint64) (uint64, bool) {
	if d.code.Word == nil {
		return 0, false
	}
	return d.code.Word(address)
}

// sizedAt is the literal that a text with its length names: a pointer, and a
// small number behind it.
func (d *deriver) sizedAt(address uint64) (fingerprint.Reference, bool) {
	to, ok := d.word(address)
	size, ok2 := d.word(address + 8)
	if !ok || !ok2 || size < 2 || size > 4096 {
		return fingerprint.Reference{}, false
	}
	at, ok := d.slice.OffsetOf(to)
	if !ok || !printableText(d.slice.Bytes(at, int64(size))) || !strings.HasPrefix(d.slice.SectionAt(at), "__TEXT,") { // literals are never written
		return fingerprint.Reference{}, false
	}
	return fingerprint.Reference{Kind: fingerprint.TargetPointer, Slot: address, Offset: at, Length: int64(size)}, true
}
