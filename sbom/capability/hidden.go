package capability

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Bounds of what is looked for in other forms.
const (
	minHidden = 8   // bytes of the shortest key: shorter ones occur by chance
	maxHidden = 512 // bytes on each side of a match that belong to its literal
)

// hiding is how a key is written at a place.
type hiding uint8

const (
	hiddenXOR     hiding = iota // with one byte: also backwards, see hideReversed
	hiddenReverse               // backwards
	hiddenBase64
	hiddenHex
)

// hidden is what is looked for in bytes that are no plain text: the longer texts
// of all patterns in other forms. Two searches of many words at once share the
// work, one over the bytes and one over the differences of neighbouring bytes,
// which stay what they are when every byte is combined with the same key.
type hidden struct {
	differences wordSearch
	spelled     wordSearch
}

// wordSearch finds many words at once: after Sun Wu and Udi Manber, "A fast algorithm
// for multi-pattern searching" (1994), with blocks of three bytes.
type wordSearch struct {
	list  []word
	short int     // bytes of the shortest word
	long  int     // bytes of the longest one
	down  uint    // 32 less log2 of the number of blocks that are told apart
	shift []uint8 // by block: how far the window may go on; 0: a word may end here
	chain []int32 // by block: 1 + index of the first word, sorted by block; 0: none
	links []link  // by word
}

// link ties the words of one block.
type link struct {
	head uint32 // the first four bytes of the word
	next int32  // 1 + index of the next one; 0: none
}

type word struct {
	text []byte // what stands in the bytes, or in their differences
	how  hiding
	lead int  // base64: bytes of the first group of three in front of the text
	size int  // bytes of the text that is looked for
	head byte // its first byte
}

// Bounds of log2 of the number of blocks: more words need more.
const (
	minBlockBits = 16
	maxBlockBits = 19
)

// block hashes three bytes.
func (w *wordSearch) block(b []byte) uint32 {
	return (uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])) * 0x9e3779b1 >> (w.down & 31)
}

func newWords(list []word) wordSearch {
	w := wordSearch{list: list}
	for _, x := range list {
		w.long = max(w.long, len(x.text))
		if w.short == 0 || len(x.text) < w.short {
			w.short = len(x.text)
		}
	}
	if len(list) == 0 {
		return w
	}
	n := minBlockBits
	for n < maxBlockBits && 1<<n < 4*len(list)*w.short {
		n++
	}
	w.down = uint(32 - n)
	w.shift, w.chain, w.links = make([]uint8, 1<<n), make([]int32, 1<<n), make([]link, len(list))
	for i := range w.shift {
		w.shift[i] = uint8(w.short - 2)
	}
	for i, x := range list {
		for at := 0; at+3 <= w.short; at++ {
			h := w.block(x.text[at:])
			w.shift[h] = min(w.shift[h], uint8(w.short-3-at))
		}
		h := w.block(x.text[w.short-3:])
		w.links[i], w.chain[h] = link{binary.LittleEndian.Uint32(x.text), w.chain[h]}, int32(i)+1
	}
	return w
}

// find calls hit for every word of the list in b, by where it begins, until hit
// has said where to go on: an offset behind the place, or 0 for the next one.
func (w *wordSearch) find(b []byte, hit func(word *word, at int) int) {
	if len(w.list) == 0 {
		return
	}
	for end := w.short; end <= len(b); {
		h := w.block(b[end-3 : end])
		if s := w.shift[h]; s > 0 {
			end += int(s)
			continue
		}
		start, to := end-w.short, 0
		head := binary.LittleEndian.Uint32(b[start:])
		for i := w.chain[h]; i > 0; i = w.links[i-1].next {
			if w.links[i-1].head != head {
				continue
			}
			if x := &w.list[i-1]; bytes.HasPrefix(b[start:], x.text) {
				to = max(to, hit(x, start))
			}
		}
		end = max(end+1, to+w.short)
	}
}

// newHidden makes the words from the texts of all patterns that stand in literals.
func newHidden(patterns []pattern) hidden {
	seen := make(map[string]bool, len(patterns))
	from := make([][]byte, 0, len(patterns))
	size := 0
	consider := func(text []byte) {
		if len(text) >= minHidden && !seen[string(text)] {
			seen[string(text)] = true
			from, size = append(from, text), size+len(text)
		}
	}
	for i := range patterns {
		p := &patterns[i]
		if p.kinds&textKinds == 0 {
			continue
		}
		if !p.weak {
			consider(p.text)
		}
		if p.mode == modeRead { // a table of a common name, behind the word of a query
			consider(append([]byte("FROM "), p.text...))
			consider(append([]byte("from "), p.text...))
		}
	}
	// Two lists of differences, two of digits and three in base64, in one piece.
	room := make([]byte, 0, 2*size+4*size+3*(size*4/3+2*len(from)))
	differences, spelled := make([]word, 0, 2*len(from)), make([]word, 0, 5*len(from))
	for _, text := range from {
		n := len(room)
		for i := 1; i < len(text); i++ {
			room = append(room, text[i-1]^text[i])
		}
		differences = append(differences, word{text: room[n:], how: hiddenXOR, size: len(text), head: text[0]})
		n = len(room)
		for i := len(text) - 1; i > 0; i-- {
			room = append(room, text[i-1]^text[i])
		}
		differences = append(differences, word{text: room[n:], how: hiddenReverse, size: len(text)})
		spelled, room = spellings(spelled, room, text)
	}
	return hidden{newWords(differences), newWords(spelled)}
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// spellings adds the ways in which a text stands in base64, where it may begin
// at each byte of a group of three, and in hexadecimal digits. Characters that
// hold bits of its neighbours are left out. The words lie in room.
func spellings(out []word, room, text []byte) ([]word, []byte) {
	for lead := range 3 {
		n := len(room)
		for c := (lead*8 + 5) / 6; c < (lead+len(text))*8/6; c++ {
			room = append(room, base64Alphabet[sixBits(text, c*6-lead*8)])
		}
		out = append(out, word{text: room[n:], how: hiddenBase64, lead: lead, size: len(text)})
	}
	for _, digits := range []string{"0123456789abcdef", "0123456789ABCDEF"} {
		n := len(room)
		for _, c := range text {
			room = append(room, digits[c>>4], digits[c&15])
		}
		out = append(out, word{text: room[n:], how: hiddenHex, size: len(text)})
	}
	return out, room
}

// sixBits is the character of base64 at a bit of the bytes.
func sixBits(b []byte, bit int) byte {
	at := bit / 8
	two := uint16(b[at]) << 8
	if at+1 < len(b) {
		two |= uint16(b[at+1])
	}
	return byte(two>>(10-bit%8)) & 63
}

// Hidden finds literals that hold a text of some rule in another form: base64,
// hexadecimal digits, backwards, or every byte combined with one key. b is bytes
// of a section that begins at an offset of the slice. The facts have the text as
// Value and the bytes at Offset; they are sorted by offset, each place once.
// What is in capital letters where a rule has small ones is not found: that
// would take as much work again. Time is in proportion to the bytes.
func (s *Set) Hidden(b []byte, section string, offset int64) []sbom.Fact {
	var out []sbom.Fact
	add := func(value []byte, from, to int, how string) int {
		out = append(out, sbom.Fact{Kind: sbom.FactString, Value: value, Section: section, Offset: offset + int64(from), Length: int64(to - from), How: how})
		return to
	}
	h := s.hidden()
	h.spelled.find(b, func(w *word, at int) int {
		if w.how == hiddenHex {
			return hexLiteral(b, at, w, add)
		}
		return base64Literal(b, at, w, add)
	})
	differences(b, &h.differences, add)
	slices.SortStableFunc(out, func(x, y sbom.Fact) int { return int(x.Offset - y.Offset) })
	return slices.CompactFunc(out, func(x, y sbom.Fact) bool { return x.Offset == y.Offset && x.Length == y.Length && x.How == y.How })
}

// maxChunk bounds the room for differences.
const maxChunk = 1 << 16

// differences looks for what is backwards or combined with a key, chunk by chunk.
func differences(b []byte, w *wordSearch, add func(value []byte, from, to int, how string) int) {
	if len(w.list) == 0 {
		return
	}
	longest := w.long
	buffer := make([]byte, 0, min(maxChunk+longest, len(b)))
	done := 0
	for from := 0; from+1 < len(b); from += maxChunk {
		to := min(from+maxChunk+longest, len(b)-1)
		buffer = buffer[:to-from]
		differ(buffer, b[from:])
		w.find(buffer, func(x *word, at int) int {
			if from+at < done {
				return 0
			}
			if x.how == hiddenReverse {
				done = max(done, reversedLiteral(b, from+at, x.size, add))
			} else {
				done = max(done, xorLiteral(b, from+at, x, add))
			}
			return max(0, done-from)
		})
	}
}

// differ puts the differences of neighbouring bytes of b in out, which is shorter.
func differ(out, b []byte) {
	i := 0
	for ; i+8 <= len(out); i += 8 {
		binary.LittleEndian.PutUint64(out[i:], binary.LittleEndian.Uint64(b[i:])^binary.LittleEndian.Uint64(b[i+1:]))
	}
	for ; i < len(out); i++ {
		out[i] = b[i] ^ b[i+1]
	}
}

// xorLiteral expands a match to the literal around it.
func xorLiteral(b []byte, at int, x *word, add func([]byte, int, int, string) int) int {
	key := b[at] ^ x.head
	if key == 0 || key == 'a'-'A' && printableRun(b[at:at+x.size]) { // plain, or the same letters in the other case
		return 0
	}
	from, to := extend(b, at, at+x.size, func(c byte) bool { return c != 0 && printableByte(c^key) }) // a zero ends most literals
	if letter(key) {                                                                                  // ... or is the letter that is the key, between two others
		for from > 1 && b[from-1] == 0 && b[from-2] != 0 && letter(b[from-2]^key) && at-from < maxHidden {
			from, _ = extend(b, from-2, to, func(c byte) bool { return c != 0 && printableByte(c^key) })
		}
		for to+1 < len(b) && b[to] == 0 && b[to+1] != 0 && letter(b[to+1]^key) && to-at < maxHidden {
			_, to = extend(b, from, to+2, func(c byte) bool { return c != 0 && printableByte(c^key) })
		}
	}
	value := make([]byte, to-from)
	for i := range value {
		value[i] = b[from+i] ^ key
	}
	return add(value, from, to, sbom.HowXOR+" "+string("0123456789abcdef"[key>>4])+string("0123456789abcdef"[key&15]))
}

// reversedLiteral expands a match to the literal around it and turns it round.
func reversedLiteral(b []byte, at, n int, add func([]byte, int, int, string) int) int {
	if !printableRun(b[at : at+n]) {
		return 0
	}
	from, to := extend(b, at, at+n, printableByte)
	value := slices.Clone(b[from:to])
	slices.Reverse(value)
	return add(value, from, to, sbom.HowReversed)
}

// hexLiteral expands a match to the text around it.
func hexLiteral(b []byte, at int, x *word, add func([]byte, int, int, string) int) int {
	pair := func(i int) (byte, bool) {
		var c [1]byte
		_, err := hex.Decode(c[:], b[i:i+2])
		return c[0], err == nil && printableByte(c[0])
	}
	from, to := at, at+len(x.text)
	for ; from >= 2 && at-from < 2*maxHidden; from -= 2 {
		if _, ok := pair(from - 2); !ok {
			break
		}
	}
	for ; to+2 <= len(b) && to-at < 2*maxHidden; to += 2 {
		if _, ok := pair(to); !ok {
			break
		}
	}
	value := make([]byte, (to-from)/2)
	for i := range value {
		value[i], _ = pair(from + 2*i)
	}
	return add(value, from, to, sbom.HowHex)
}

// base64Literal expands a match to the text around it. Where groups of four
// begin is told by the word.
func base64Literal(b []byte, at int, x *word, add func([]byte, int, int, string) int) int {
	group := at - (x.lead*8+5)/6
	if group < 0 {
		return 0
	}
	from, to := group, at+len(x.text)
	for from >= 4 && group-from < 2*maxHidden && base64Run(b[from-4:from]) {
		from -= 4
	}
	for to < len(b) && to-at < 2*maxHidden && base64Run(b[to:to+1]) {
		to++
	}
	text := make([]byte, to-from)
	for i, c := range b[from:to] {
		text[i] = standard(c)
	}
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	value := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, err := base64.RawStdEncoding.Decode(value, text)
	first := (group-from)/4*3 + x.lead
	if err != nil || first+x.size > n || !printableRun(value[first:first+x.size]) {
		return 0
	}
	first, last := extend(value[:n], first, first+x.size, printableByte)
	to = min(to, from+(last*4+2)/3)
	for i := 0; i < 2 && to < len(b) && b[to] == '='; i++ {
		to++
	}
	return add(bytes.Clone(value[first:last]), from+first*4/3, to, sbom.HowBase64)
}

func base64Run(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return strings.IndexByte(base64Alphabet, standard(c)) < 0 })
}

// standard turns the two other characters of the alphabet for addresses (RFC
// 4648, section 5) into those of the common one.
func standard(c byte) byte {
	switch c {
	case '-':
		return '+'
	case '_':
		return '/'
	}
	return c
}

// extend widens [from, to) on both sides while ok says so.
func extend(b []byte, from, to int, ok func(byte) bool) (int, int) {
	first, last := max(0, from-maxHidden), min(len(b), to+maxHidden)
	for from > first && ok(b[from-1]) {
		from--
	}
	for to < last && ok(b[to]) {
		to++
	}
	return from, to
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }

func printableByte(c byte) bool { return c >= ' ' && c <= '~' || c == '\t' || c == '\n' }

func printableRun(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return !printableByte(c) })
}
