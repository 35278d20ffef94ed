package script

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape gives the text that the inner bytes of a string or template literal
// stand for, and whether it differs from them. Bytes that are not UTF-8 are kept.
// In a template, a line end of Windows is one line end.
func unescape(raw []byte, template bool) ([]byte, bool) {
	if bytes.IndexByte(raw, '\\') < 0 && !(template && bytes.IndexByte(raw, '\r') >= 0) {
		return raw, false
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case c == '\r' && template:
			out = append(out, '\n')
			i++
			if i < len(raw) && raw[i] == '\n' {
				i++
			}
		case c == '\\' && i+1 < len(raw):
			var n int
			out, n = escape(out, raw[i:])
			i += n
		default:
			out = append(out, c)
			i++
		}
	}
	return out, true
}

// escape adds what one escape sequence stands for, and says how long it is.
func escape(out, b []byte) ([]byte, int) {
	switch c := b[1]; c {
	case 'n':
		return append(out, '\n'), 2
	case 't':
		return append(out, '\t'), 2
	case 'r':
		return append(out, '\r'), 2
	case 'b':
		return append(out, '\b'), 2
	case 'f':
		return append(out, '\f'), 2
	case 'v':
		return append(out, '\v'), 2
	case '\n':
		return out, 2
	case '\r':
		if len(b) > 2 && b[2] == '\n' {
			return out, 3
		}
		return out, 2
	case 'x':
		if n, ok := digits(b, 2, 2); ok {
			return utf8.AppendRune(out, rune(n)), 4
		}
	case 'u':
		if r, n, ok := unicodeEscape(b); ok {
			return utf8.AppendRune(out, r), n
		}
	case '0', '1', '2', '3', '4', '5', '6', '7':
		n, i := rune(0), 1
		for ; i < len(b) && i < 4 && b[i] >= '0' && b[i] <= '7' && n*8+rune(b[i]-'0') < 256; i++ {
			n = n*8 + rune(b[i]-'0')
		}
		return utf8.AppendRune(out, n), i
	}
	return append(out, b[1]), 2
}

// unicodeEscape reads \uXXXX, a pair of them, or \u{X…}.
func unicodeEscape(b []byte) (rune, int, bool) {
	if len(b) > 3 && b[2] == '{' {
		end := bytes.IndexByte(b[:min(len(b), 12)], '}')
		if end < 4 {
			return 0, 0, false
		}
		n, ok := digits(b, 3, end-3)
		return rune(n), end + 1, ok && n <= utf8.MaxRune
	}
	n, ok := digits(b, 2, 4)
	if !ok {
		return 0, 0, false
	}
	if utf16.IsSurrogate(rune(n)) && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if low, ok := digits(b, 8, 4); ok {
			if r := utf16.DecodeRune(rune(n), rune(low)); r != utf8.RuneError {
				return r, 12, true
			}
		}
	}
	return rune(n), 6, true
}

// digits reads n hexadecimal digits at a place.
func digits(b []byte, at, n int) (uint64, bool) {
	if n <= 0 || len(b) < at+n {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[at:at+n]), 16, 32)
	return v, err == nil
}

// number reads a numeric literal.
func number(raw []byte) (float64, bool) {
	s := strings.TrimSuffix(strings.ReplaceAll(string(raw), "_", ""), "n")
	if len(s) > 2 && s[0] == '0' && strings.ContainsAny(s[1:2], "xXoObB") {
		n, err := strconv.ParseUint(s, 0, 64)
		return float64(n), err == nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// integer writes a number in decimal digits, when it is an integer that a
// double holds exactly, or nearly so (a product of constants).
func integer(f float64) (string, bool) {
	if f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return "", false
	}
	return strconv.FormatInt(int64(f), 10), true
}

// printable reports whether bytes look like a text that somebody wrote: at least
// n of them, ASCII but for a few letters of other scripts in valid UTF-8.
func printable(b []byte, n int) bool {
	if len(b) < n || !utf8.Valid(b) {
		return false
	}
	other := 0
	for _, c := range b {
		switch {
		case c == '\n' || c == '\t' || c == '\r':
		case c < ' ' || c == 0x7f:
			return false
		case c >= utf8.RuneSelf:
			other++
		}
	}
	return other*4 <= len(b)
}
