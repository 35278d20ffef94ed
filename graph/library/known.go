package library

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Background is a model of code that says nothing about kinship: runtimes,
// toolchains and widely known open-source libraries. It knows them by the marks
// of their functions, and by their text where another compiler changed those.
// nil knows nothing. It never changes.
type Background struct {
	Entries []BackgroundEntry // sorted by Name

	marks    map[fingerprint.Mark]int32
	features map[uint64][]int32
}

// BackgroundEntry is one library of the model.
type BackgroundEntry struct {
	Name     string
	From     string             // where it was learnt, for people
	Marks    []fingerprint.Mark // full marks of its functions, sorted
	Features []uint64           // hashes of its text: literals and methods, sorted
}

// The saved form of a model. All numbers are little-endian.
//
//	magic      4   "KBG\n"
//	format     2
//	algorithm  2   of the marks: fingerprint.Algorithm
//	entries    4   each: name, from (uvarint length and text), number of marks
//	               and of features (uvarint), then these, 8 bytes each, sorted
//	crc-32c    4   of all that is before
const (
	backgroundMagic  = "KBG\n"
	backgroundFormat = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// NewBackground makes a model of entries. Entries of one name become one.
func NewBackground(l []BackgroundEntry) *Background {
	l = slices.Clone(l)
	slices.SortStableFunc(l, func(a, b BackgroundEntry) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.From, b.From))
	})
	b := &Background{marks: map[fingerprint.Mark]int32{}, features: map[uint64][]int32{}}
	for _, e := range l {
		n := len(b.Entries)
		if n == 0 || b.Entries[n-1].Name != e.Name {
			b.Entries = append(b.Entries, BackgroundEntry{Name: e.Name, From: e.From})
			n++
		} else if old := b.Entries[n-1].From; e.From != "" && e.From != old {
			b.Entries[n-1].From = strings.Trim(old+"; "+e.From, "; ")
		}
		x := &b.Entries[n-1]
		x.Marks, x.Features = append(x.Marks, e.Marks...), append(x.Features, e.Features...)
	}
	for i := range b.Entries {
		x := &b.Entries[i]
		slices.Sort(x.Marks)
		slices.Sort(x.Features)
		x.Marks, x.Features = slices.Compact(x.Marks), slices.Compact(x.Features)
	}
	b.index()
	return b
}

// index makes the tables to look up in. A function that several entries have is
// of the smallest: the others hold that library among more.
func (b *Background) index() {
	order := make([]int, len(b.Entries))
	for i := range order {
		order[i] = i
		for _, h := range b.Entries[i].Features {
			b.features[h] = append(b.features[h], int32(i))
		}
	}
	slices.SortStableFunc(order, func(x, y int) int {
		return cmp.Or(cmp.Compare(nameless(b.Entries[x].Name), nameless(b.Entries[y].Name)), cmp.Compare(len(b.Entries[x].Marks), len(b.Entries[y].Marks)))
	})
	for _, i := range order {
		for _, m := range b.Entries[i].Marks {
			if _, ok := b.marks[m]; !ok {
				b.marks[m] = int32(i)
			}
		}
	}
}

// nameless is 1 for the entries of code that nothing names.
func nameless(name string) int {
	if name == unnamedPublic {
		return 1
	}
	return 0
}

// Join is a model of both; either may be nil.
func (b *Background) Join(other *Background) *Background {
	switch {
	case b == nil:
		return other
	case other == nil:
		return b
	}
	return NewBackground(append(slices.Clone(b.Entries), other.Entries...))
}

// TextOnly is the model without marks: of input that holds code of other
// libraries too, which the marks would give a wrong name.
func (b *Background) TextOnly() *Background {
	l := slices.Clone(b.Entries)
	for i := range l {
		l[i].Marks = nil
	}
	return NewBackground(l)
}

// Write saves the model. The same model gives the same bytes.
func (b *Background) Write(w io.Writer) error {
	le := binary.LittleEndian
	out := le.AppendUint16([]byte(backgroundMagic), backgroundFormat)
	out = le.AppendUint16(out, fingerprint.Algorithm)
	out = le.AppendUint32(out, uint32(len(b.Entries)))
	for i := range b.Entries {
		e := &b.Entries[i]
		for _, t := range []string{e.Name, e.From} {
			out = append(binary.AppendUvarint(out, uint64(len(t))), t...)
		}
		out = binary.AppendUvarint(binary.AppendUvarint(out, uint64(len(e.Marks))), uint64(len(e.Features)))
		for _, m := range e.Marks {
			out = le.AppendUint64(out, uint64(m))
		}
		for _, h := range e.Features {
			out = le.AppendUint64(out, h)
		}
	}
	out = le.AppendUint32(out, crc32.Checksum(out, castagnoli))
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("saving the background model: %w", err)
	}
	return nil
}

// ReadBackground reads a saved model. The error says what is wrong with the
// bytes, or is a *fingerprint.VersionError.
func ReadBackground(b []byte) (*Background, error) {
	le := binary.LittleEndian
	const head = 12
	if len(b) < head+4 || string(b[:4]) != backgroundMagic {
		return nil, fmt.Errorf("reading the background model: it is none")
	}
	if f := int(le.Uint16(b[4:])); f != backgroundFormat {
		return nil, fmt.Errorf("reading the background model: layout %d; this version reads layout %d", f, backgroundFormat)
	}
	if a := int(le.Uint16(b[6:])); a != fingerprint.Algorithm {
		return nil, &fingerprint.VersionError{Format: fingerprint.Format, Algorithm: a}
	}
	body := b[: len(b)-4 : len(b)-4]
	if crc32.Checksum(body, castagnoli) != le.Uint32(b[len(b)-4:]) {
		return nil, fmt.Errorf("reading the background model: its checksum is another")
	}
	r := &modelReader{b: body[head:]}
	var l []BackgroundEntry
	for range le.Uint32(b[8:]) {
		e := BackgroundEntry{Name: r.text(), From: r.text()}
		marks, features := r.number(), r.number()
		if r.bad || marks > uint64(len(r.b))/8 || features > uint64(len(r.b))/8-marks {
			return nil, fmt.Errorf("reading the background model: entry %d does not fit", len(l)+1)
		}
		for range marks {
			e.Marks = append(e.Marks, fingerprint.Mark(r.word()))
		}
		for range features {
			e.Features = append(e.Features, r.word())
		}
		l = append(l, e)
	}
	if len(r.b) > 0 {
		return nil, fmt.Errorf("reading the background model: %d bytes are left over", len(r.b))
	}
	return NewBackground(l), nil
}

// modelReader reads a model from its front.
type modelReader struct {
	b   []byte
	bad bool
}

func (r *modelReader) number() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *modelReader) text() string {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	t := string(r.b[:n])
	r.b = r.b[n:]
	return t
}

func (r *modelReader) word() uint64 {
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

// Least text that makes code that is known by other marks background, and how
// many entries may have a text that counts: what more have names nobody.
const (
	knownFeatures = 8
	knownShare    = .5
	commonEntries = 3
)

// byText is the entry whose text a library mostly consists of, or -1. Of entries
// that have as much of it the smallest is taken: the others hold it among more.
func (b *Background) byText(features []uint64) int {
	best, most := -1, 0
	for n, c := range b.share(features) {
		if c < knownFeatures || float64(c) < knownShare*float64(len(features)) {
			continue
		}
		size := func(n int) int { return len(b.Entries[n].Features) }
		if best < 0 || c > most || c == most && (size(int(n)) < size(best) || size(int(n)) == size(best) && int(n) < best) {
			best, most = int(n), c
		}
	}
	return best
}

// byTextIs reports whether some features are mostly those of the entry of a name.
func (b *Background) byTextIs(features []uint64, name string) bool {
	for n, c := range b.share(features) {
		if b.Entries[n].Name == name && c >= knownFeatures && float64(c) >= knownShare*float64(len(features)) {
			return true
		}
	}
	return false
}

// share counts how many of the features each entry has. Features that many
// entries have count for none.
func (b *Background) share(features []uint64) map[int32]int {
	count := map[int32]int{}
	for _, h := range features {
		if l := b.features[h]; len(l) <= commonEntries {
			for _, n := range l {
				count[n]++
			}
		}
	}
	return count
}
