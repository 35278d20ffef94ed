package capability

import (
	"cmp"
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kinbom/kinbom/sbom"
)

// contextBytes is how much of a long literal is shown before and behind what
// matched.
const contextBytes = 24

// piece is a match that may become evidence: bytes [from, to) of a fact.
type piece struct {
	level    uint8
	fact     int
	from, to int
}

// keep notes a piece of evidence for a signal: the strongest ones first, then
// those nearest to the start of the slice; no place twice.
func (st *state) keep(id int, p piece) {
	list := st.cands[id]
	for _, q := range list {
		if st.compare(p, q) == 0 {
			return
		}
	}
	if len(list) == maxEvidence {
		if st.compare(p, list[maxEvidence-1]) > 0 {
			return
		}
		list = list[:maxEvidence-1]
	}
	if list == nil {
		list = make([]piece, 0, maxEvidence)
	}
	at, _ := slices.BinarySearchFunc(list, p, st.compare)
	st.cands[id] = slices.Insert(list, at, p)
}

func (st *state) compare(a, b piece) int {
	oa, ob := st.u.Facts[a.fact].Offset, st.u.Facts[b.fact].Offset
	return cmp.Or(-cmp.Compare(a.level, b.level), cmp.Compare(oa+int64(a.from), ob+int64(b.from)), cmp.Compare(a.to-a.from, b.to-b.from))
}

// evidence collects the pieces behind a verdict.
func (st *state) evidence(r *rule, v verdict, file sbom.Digest, slice int64) []sbom.Evidence {
	var out []sbom.Evidence
	done := map[int]bool{}
	add := func(id int, signal string) {
		if done[id] {
			return
		}
		done[id] = true
		for _, p := range st.cands[id] {
			if p.level > levelQuoted || v.quoted {
				out = append(out, st.show(p, signal, file, slice))
			}
		}
	}
	v.cond.names(func(e *expr) {
		for _, ref := range r.refs[e.name] {
			if ref.store < 0 || v.bits>>ref.store&1 == 1 {
				add(ref.id, e.name)
			}
		}
	})
	for _, e := range v.engines {
		e.when.names(func(x *expr) {
			for _, ref := range e.refs[x.name] {
				add(ref.id, "engine")
			}
		})
	}
	sbom.SortEvidence(out)
	return slices.CompactFunc(out, func(a, b sbom.Evidence) bool {
		return a.Offset == b.Offset && a.Length == b.Length && a.Signal == b.Signal
	})
}

// show cuts the bytes of a piece. Short literals are shown whole, long ones
// around the match; of a run of constants only the match itself, because its
// neighbours are other literals. A fact without a place in the file is shown
// as no bytes at the start of the slice.
func (st *state) show(p piece, signal string, file sbom.Digest, slice int64) sbom.Evidence {
	f := &st.u.Facts[p.fact]
	e := sbom.Evidence{File: file, Slice: slice, Section: f.Section, Offset: slice, Kind: f.Kind, Signal: signal}
	if f.Offset < 0 {
		return e
	}
	if f.How != "" { // the bytes are the caller's to show
		e.Offset, e.Length, e.How = slice+f.Offset, f.Length, f.How
		from := max(0, min(p.from-contextBytes, len(f.Value)-sbom.MaxEvidenceBytes))
		e.Meaning = slices.Clone(f.Value[from:min(len(f.Value), from+sbom.MaxEvidenceBytes)])
		return e
	}
	from, to := 0, len(f.Value)
	if f.Kind == sbom.FactConst {
		from, to = p.from, p.to
	} else if to > sbom.MaxEvidenceBytes/2 {
		from, to = max(0, p.from-contextBytes), min(to, p.to+contextBytes)
	}
	switch f.Length {
	case int64(len(f.Value)):
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
	return e
}

// wide gives back the bytes in the file of Value[from:to], for a literal that
// the file holds as UTF-16 and the fact as UTF-8, and where they begin.
func wide(f *sbom.Fact, from, to int) ([]byte, int64, bool) {
	if !utf8.Valid(f.Value) {
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
