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
