package script

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Opaque says why the bytes of a script cannot be looked into, or "": compiled
// code of V8 or Hermes, or bytes without the order of a text. No word of such a
// script can be found, and that says nothing.
func Opaque(b []byte) string {
	switch {
	case len(b) >= 8 && b[2] == 0xde && b[3] == 0xc0:
		return "compiled JavaScript (V8 code cache): cannot be looked into"
	case len(b) >= 12 && binary.LittleEndian.Uint64(b) == 0x1f1903c103bc1fc6:
		return "compiled JavaScript (Hermes): cannot be looked into"
	case bytes.HasPrefix(b, []byte("\xe5\xd1\x0b\xfb")):
		return "compiled JavaScript (React Native): cannot be looked into"
	case len(b) >= 512 && entropy(b[:min(len(b), 64<<10)]) > 7.5 && bytes.IndexByte(b[:512], 0) >= 0:
		return "encrypted or packed script: cannot be looked into"
	}
	return ""
}

// frozenMark ends the archive that PyInstaller puts behind an executable.
const frozenMark = "MEI\014\013\012\013\016"

// frozenTail is how far from the end of a file that mark is looked for: a code
// signature may follow it.
const frozenTail = 4 << 20

// FrozenAt is where an executable's archive of packed Python code has its mark,
// or -1.
func FrozenAt(b []byte) int64 {
	last, mark := int64(-1), []byte(frozenMark)
	for from := max(0, len(b)-frozenTail); ; {
		i := bytes.Index(b[from:], mark) // many times as fast as bytes.LastIndex
		if i < 0 {
			return last
		}
		last = int64(from + i)
		from += i + len(mark)
	}
}

// entropy is that of the bytes, in bits.
func entropy(b []byte) float64 {
	var count [256]int
	for _, c := range b {
		count[c]++
	}
	sum := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(b))
			sum -= p * math.Log2(p)
		}
	}
	return sum
}
