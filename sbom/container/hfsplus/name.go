package hfsplus

import (
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

var errName = errors.New("name is empty, or leads elsewhere as a part of a path")

// decodeName makes a part of a path from a name (UTF-16, big-endian). As macOS
// shows it, a slash in the name becomes a colon, and a zero becomes U+2400. Half
// a surrogate pair is kept as the three bytes that UTF-8 would have for it, which
// are not valid UTF-8. Decomposed letters stay so. A name that is no part of a
// path is put in brackets and comes with an error.
func decodeName(raw []byte) (string, error) {
	out := make([]byte, 0, len(raw))
	for i := 0; i+1 < len(raw); i += 2 {
		c := rune(binary.BigEndian.Uint16(raw[i:]))
		switch {
		case c == '/':
			c = ':'
		case c == 0:
			c = '\u2400'
		case utf16.IsSurrogate(c):
			if i+3 < len(raw) {
				if full := utf16.DecodeRune(c, rune(binary.BigEndian.Uint16(raw[i+2:]))); full != utf8.RuneError {
					out = utf8.AppendRune(out, full)
					i += 2
					continue
				}
			}
			out = append(out, 0xe0|byte(c>>12), 0x80|byte(c>>6)&0xbf, 0x80|byte(c)&0xbf)
			continue
		}
		out = utf8.AppendRune(out, c)
	}
	switch name := string(out); name {
	case "", ".", "..":
		return "[" + name + "]", errName
	default:
		return name, nil
	}
}

// compareName says how a name in the catalog stands to one that is looked for,
// which has characters of ASCII alone. With letters folded, zero is the highest
// character and some invisible ones do not count (TN1150, "Case-Insensitive
// String Comparison Algorithm"). No other character folds to one of ASCII, and
// all others are above it, so that the full table is not needed.
func compareName(raw []byte, want string, folded bool) int {
	i := 0
	for j := 0; ; j++ {
		var a, b rune = -1, -1
		for ; i+1 < len(raw); i += 2 {
			if a = fold(rune(binary.BigEndian.Uint16(raw[i:])), folded); a >= 0 {
				i += 2
				break
			}
		}
		if j < len(want) {
			b = fold(rune(want[j]), folded)
		}
		if a != b {
			if a < b {
				return -1
			}
			return 1
		}
		if a < 0 {
			return 0
		}
	}
}

// fold gives the rank of a character; -1: it does not count.
func fold(c rune, folded bool) rune {
	if !folded {
		return c
	}
	switch {
	case c == 0:
		return 0xffff
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A'
	case c >= 0x200c && c <= 0x200f, c >= 0x202a && c <= 0x202e, c >= 0x206a && c <= 0x206f, c == 0xfeff:
		return -1
	}
	return c
}

// nameBytes is a name as the attributes tree has it.
func nameBytes(name string) (out []byte) {
	for _, c := range utf16.Encode([]rune(name)) {
		out = binary.BigEndian.AppendUint16(out, c)
	}
	return out
}
