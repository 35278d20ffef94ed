package attribute

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// small finds the small numbers that rules look for in the functions that refer
// to an import or a selector of the same rule: the option of a call, a mask of
// events. Elsewhere such numbers mean something else, so nothing else is searched.
func (d *deriver) small() {
	var u sbom.Unit
	at := map[string]int{} // fact by kind and name
	named := func(r *fingerprint.Reference) (string, sbom.FactKind) {
		b := d.slice.Bytes(r.Offset, r.Length)
		switch r.Kind {
		case fingerprint.TargetImport:
			return strings.TrimPrefix(string(b), "_"), sbom.FactImport
		case fingerprint.TargetSelector:
			return string(b), sbom.FactSelector
		}
		return "", ""
	}
	by := make([]int, len(d.refs)) // fact of a reference, or -1
	for i := range d.refs {
		by[i] = -1
		name, kind := named(&d.refs[i])
		if name == "" {
			continue
		}
		n, ok := at[string(kind)+" "+name]
		if !ok {
			n = len(u.Facts)
			at[string(kind)+" "+name] = n
			u.Facts = append(u.Facts, sbom.Fact{Kind: kind, Value: []byte(name)})
		}
		by[i] = n
	}
	numbers, beside := d.rules.Beside(&u)
	if len(numbers) == 0 {
		return
	}
	last := -1
	for i := range d.refs {
		if f := int(d.refs[i].Function); by[i] >= 0 && beside[by[i]] && f != last && f < len(d.set.Functions) {
			last = f
			d.smallIn(f, numbers)
		}
	}
}

// smallIn gives the numbers that one function moves to a register or to memory.
func (d *deriver) smallIn(function int, numbers []uint64) {
	n := &d.set.Functions[function]
	at, ok := d.slice.OffsetOf(n.Address)
	code := d.slice.Bytes(at, int64(n.Size))
	if !ok || code == nil {
		return
	}
	find, size := movedSmallX86, int64(4)
	if strings.HasPrefix(d.set.Arch, "arm64") {
		find = movedSmallARM
	}
	for _, v := range numbers {
		if i := find(code, uint16(v)); i >= 0 {
			d.add(function, sbom.Fact{Kind: sbom.FactNumber, Value: strconv.AppendUint(nil, v, 10), Offset: at + int64(i), Length: size,
				Section: d.slice.SectionAt(at), How: sbom.HowImmediates})
		}
	}
}

// movedSmallARM is the place of an instruction of arm64 that sets a register to
// a number of 16 bits (MOVZ), or -1.
func movedSmallARM(code []byte, v uint16) int {
	for at := 0; at+4 <= len(code); at += 4 {
		if w := binary.LittleEndian.Uint32(code[at:]); w&0x7fe00000 == 0x52800000 && uint16(w>>5) == v {
			return at
		}
	}
	return -1
}

// movedSmallX86 is the place of a number of 32 bits in an instruction of x86_64
// that moves it to a register or to memory, or -1.
func movedSmallX86(code []byte, v uint16) int {
	word := []byte{byte(v), byte(v >> 8), 0, 0}
	for at := 2; at+4 <= len(code); at++ {
		if !slices.Equal(code[at:at+4], word) {
			continue
		}
		if code[at-1]&0xf8 == 0xb8 || code[at-2] == 0xc7 && code[at-1]&0xf8 == 0xc0 || slices.Contains(code[max(0, at-7):at-1], 0xc7) {
			return at
		}
	}
	return -1
}
