package capability

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kinbom/kinbom/sbom"
)

// contextBytes is how much of a long literal is shown before and behind what
// matched.
const contextBytes = 24

// maxEvidence is how many pieces of evidence are kept per signal.
const maxEvidence = 4

// keep puts a hit among the best ones of a signal: the strongest ones first, then
// those nearest to the start of the slice; no place twice.
func (st *state) keep(list []int32, h int32) []int32 {
	for _, q := range list {
		if st.compare(h, q) == 0 {
			return list
		}
	}
	if len(list) == maxEvidence {
		if st.compare(h, list[maxEvidence-1]) > 0 {
			return list
		}
		list = list[:maxEvidence-1]
	}
	at, _ := slices.BinarySearchFunc(list, h, st.compare)
	return slices.Insert(list, at, h)
}

func (st *state) compare(x, y int32) int {
	a, b := &st.hits[x], &st.hits[y]
	la, lb := a.level, b.level
	if a.quoted || a.idle() {
		la = levelQuoted
	}
	if b.quoted || b.idle() {
		lb = levelQuoted
	}
	oa, ob := st.facts[a.fact].Offset, st.facts[b.fact].Offset
	return cmp.Or(-cmp.Compare(la, lb), cmp.Compare(oa+int64(a.from), ob+int64(b.from)), cmp.Compare(a.to-a.from, b.to-b.from))
}

// evidence collects the hits behind a verdict.
func (st *state) evidence(v verdict, file sbom.Digest, slice int64) []sbom.Evidence {
	names := map[int]string{} // by signal: what it is called in the evidence
	v.cond.names(func(e *expr) {
		for _, ref := range e.refs {
			if _, ok := names[ref.id]; !ok && (ref.store < 0 || v.bits>>ref.store&1 == 1) {
				names[ref.id] = e.name
			}
		}
	})
	for _, e := range v.engines {
		e.when.names(func(x *expr) {
			for _, ref := range x.refs {
				names[ref.id] = "engine"
			}
		})
	}
	best := map[int][]int32{}
	for i := range st.hits {
		id := st.s.patterns[st.hits[i].pattern].signal
		if _, ok := names[id]; ok && (!st.hits[i].quoted || v.quoted) {
			best[id] = st.keep(best[id], int32(i))
		}
	}
	var out []sbom.Evidence
	for _, id := range slices.Sorted(maps.Keys(best)) {
		for _, h := range best[id] {
			out = append(out, st.show(h, names[id], file, slice)...)
		}
	}
	sbom.SortEvidence(out)
	return slices.CompactFunc(out, func(a, b sbom.Evidence) bool {
		return a.Offset == b.Offset && a.Length == b.Length && a.Signal == b.Signal
	})
}

// show cuts the bytes of a hit. Short literals are shown whole, long ones
// around the match; of a run of constants only the match itself, because its
// neighbours are other literals. A fact without a place in the file is shown
// as no bytes at the start of the slice.
func (st *state) show(i int32, signal string, file sbom.Digest, slice int64) []sbom.Evidence {
	h := &st.hits[i]
	f := &st.facts[h.fact]
	e := sbom.Evidence{File: file, Slice: slice, Section: f.Section, Offset: slice, Kind: f.Kind, Signal: signal, Use: h.use}
	if st.owners != nil {
		e.Function = st.owners[i]
	}
	from, to := int(h.from), int(h.to)
	if f.Kind != sbom.FactConst {
		from, to = around(from, to, len(f.Value))
	}
	switch {
	case f.How != "":
		return derived(e, f, from, to)
	case f.Offset < 0:
	case f.Length == int64(len(f.Value)):
		to = min(to, from+sbom.MaxEvidenceBytes)
		e.Offset, e.Bytes = slice+f.Offset+int64(from), slices.Clone(f.Value[from:to])
		e.Length = int64(len(e.Bytes))
	default:
		if raw, at, ok := wide(f, from, to); ok {
			e.Offset, e.Length, e.Bytes = slice+f.Offset+at, int64(len(raw)), raw
			break
		}
		e.Offset, e.Length = slice+f.Offset, max(f.Length, 0)
	}
	return []sbom.Evidence{e}
}

// around widens a match to the whole literal, or in a long one by a little.
func around(from, to, size int) (int, int) {
	if size <= sbom.MaxEvidenceBytes/2 {
		return 0, size
	}
	return max(0, from-contextBytes), min(size, to+contextBytes)
}

// maxParts is how many parts of one joined text are shown.
const maxParts = 8

// derived is the evidence of a text that follows from bytes which are not it: the
// places of these bytes, one for each part, and what they mean. The bytes stand
// in the file, which is not at hand here: who has it fills them in.
func derived(e sbom.Evidence, f *sbom.Fact, from, to int) []sbom.Evidence {
	e.How, e.Meaning = f.How, slices.Clone(f.Value[from:min(to, from+sbom.MaxEvidenceBytes)])
	parts := f.Parts
	if len(parts) == 0 {
		parts = []sbom.Span{{Offset: f.Offset, Length: f.Length}}
	}
	var out []sbom.Evidence
	for _, p := range parts[:min(len(parts), maxParts)] {
		if p.Offset >= 0 {
			e.Offset, e.Length = e.Slice+p.Offset, max(p.Length, 0)
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		out = append(out, e)
	}
	return out
}

// wide gives back the bytes in the file of Value[from:to], for a literal that
// the file holds as UTF-16 and the fact as UTF-8, and where they begin.
func wide(f *sbom.Fact, from, to int) ([]byte, int64, bool) {
	if kindOf(f.Kind)&textKinds == 0 || !utf8.Valid(f.Value) {
		return nil, 0, false
	}
	for from > 0 && !utf8.RuneStart(f.Value[from]) {
		from--
	}
	units := func(b []byte) int64 {
		n := int64(0)
		for _, r := range string(b) {
			n += int64(max(utf16.RuneLen(r), 1))
		}
		return n
	}
	if 2*units(f.Value) != f.Length {
		return nil, 0, false
	}
	var raw []byte
	for _, r := range string(f.Value[from:to]) {
		one := utf16.AppendRune(nil, r)
		if len(raw)+2*len(one) > sbom.MaxEvidenceBytes {
			break
		}
		for _, u := range one {
			raw = binary.LittleEndian.AppendUint16(raw, u)
		}
	}
	return raw, 2 * units(f.Value[:from]), true
}
