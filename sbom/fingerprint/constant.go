package fingerprint

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// rareConstant says whether a number in code is worth comparing, and gives the
// form that all architectures share: what a sign extension of 32 bits made is
// cut back to 32 bits. Left out are numbers that code has for reasons of its
// machine: small ones and offsets (below 2^16), powers of two and their
// neighbours, masks (one run of ones, or of zeros), one byte or half repeated,
// round decimals (a digit and zeros), and floating numbers with few digits.
func rareConstant(v uint64) (uint64, bool) {
	if v >= 0xffff_ffff_8000_0000 {
		v = uint64(uint32(v))
	}
	if narrow := v>>32 == 0; narrow {
		low := uint32(v)
		if low < 1<<16 || -low < 1<<16 || isRun(uint64(low)) || isRun(uint64(^low)) || low == bits.RotateLeft32(low, 16) || low == bits.RotateLeft32(low, 8) {
			return 0, false
		}
		if low<<16 == 0 { // also a float with few digits
			return 0, false
		}
	} else if isRun(v) || isRun(^v) || v<<24 == 0 || v == bits.RotateLeft64(v, 32) || -v < 1<<16 {
		return 0, false
	}
	if isNear(v) || isRound(v) {
		return 0, false
	}
	return v, true
}

// isRun reports whether the ones of v stand side by side.
func isRun(v uint64) bool {
	if v == 0 {
		return true
	}
	v >>= bits.TrailingZeros64(v)
	return v&(v+1) == 0
}

// isNear reports whether v is a power of two, or next to one.
func isNear(v uint64) bool {
	return v&(v-1) == 0 || (v-1)&(v-2) == 0 || v&(v+1) == 0
}

// isRound reports whether v is a digit with zeros behind it.
func isRound(v uint64) bool {
	for v >= 10 && v%10 == 0 {
		v /= 10
	}
	return v < 10
}

// constant adds a number to the features of the function.
func (p *pass) constant(v uint64) {
	v, rare := rareConstant(v)
	if !rare {
		return
	}
	var text [8]byte
	binary.LittleEndian.PutUint64(text[:], v)
	hash := digest(uint64(FeatureConstant), text[:])
	p.use(p.contents.intern(FeatureConstant, hash, hexadecimal(v)))
}

// hexadecimal is the number as a feature shows it.
func hexadecimal(v uint64) []byte {
	const digits = "0123456789abcdef"
	out := [18]byte{0: '0', 1: 'x'}
	n := 2
	for shift := 60 - bits.LeadingZeros64(v|1)&^3; shift >= 0; shift -= 4 {
		out[n] = digits[v>>shift&15]
		n++
	}
	return out[:n]
}

// shortText reads a Swift short string from its two words: up to 15 bytes of
// text, and a last byte that holds the length below 0xe0 (ASCII) or 0xa0 (other
// text). Source: the small form of StringObject in Swift's standard library.
func shortText(text *[16]byte, first, last uint64) []byte {
	binary.LittleEndian.PutUint64(text[:], first)
	binary.LittleEndian.PutUint64(text[8:], last)
	n, ascii := int(text[15]&15), text[15]>>4 == 0xe
	if n == 0 || !ascii && text[15]>>4 != 0xa {
		return nil
	}
	for _, b := range text[n:15] {
		if b != 0 {
			return nil
		}
	}
	plain := true
	for _, b := range text[:n] {
		if b < 0x20 && b != '\n' && b != '\t' && b != '\r' || b == 0x7f {
			return nil
		}
		plain = plain && b < 0x80
	}
	if plain != ascii || !plain && !utf8.Valid(text[:n]) {
		return nil
	}
	return text[:n]
}

// endsShort reports whether a word may be the last one of a short string.
func endsShort(v uint64) bool {
	return (v>>60 == 0xe || v>>60 == 0xa) && v>>56&15 != 0
}

// short adds a short string that the instruction at an address completes.
func (p *pass) short(text []byte, at uint64) {
	p.use(p.contents.feature(FeatureString, text))
	start := len(p.decoded)
	p.decoded = append(p.decoded, text...)
	p.seen = append(p.seen, seen{p.index, shortPlace + uint32(len(p.shorts))})
	p.shorts = append(p.shorts, short{at: at, start: start, end: len(p.decoded)})
}
