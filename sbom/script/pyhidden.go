package script

import (
	"encoding/hex"
	"slices"
	"unicode/utf8"

	"github.com/kinbom/kinbom/sbom"
)

// hiding is what a Python module may hide in its constants, and what it decodes
// with. Which constant it decodes is not followed: any may be it, as in scripts
// that decode what is not seen.
type hiding struct {
	base64, hex, codes, reversed bool
	keys                         []byte
	texts                        []hiddenText
	lists                        []hiddenText
}

// hiddenText is a constant, and where it stands.
type hiddenText struct {
	text []byte
	at   sbom.Span
}

// name notes a name that the module uses.
func (h *hiding) name(s string) {
	switch s {
	case "b64decode", "urlsafe_b64decode", "standard_b64decode", "decodebytes", "a2b_base64":
		h.base64 = true
	case "fromhex", "unhexlify", "a2b_hex":
		h.hex = true
	case "chr", "bytes", "bytearray":
		h.codes = true
	case "reversed":
		h.reversed = true
	}
}

// number notes a small number: the key of XOR, maybe, or the step of a slice.
func (h *hiding) number(n int) {
	if n == -1 {
		h.reversed = true
	}
	if n > 1 && n < 256 && len(h.keys) < maxKeys && !slices.Contains(h.keys, byte(n)) {
		h.keys = append(h.keys, byte(n))
	}
}

func (h *hiding) text(b []byte, at sbom.Span) {
	if len(b) >= minHidden && len(b) <= maxHidden && len(h.texts) < maxCandidates {
		h.texts = append(h.texts, hiddenText{b, at})
	}
}

// list notes a list of small numbers.
func (h *hiding) list(l []int, at sbom.Span) {
	if len(l) < minHidden || len(l) > maxHidden || len(h.lists) >= maxCandidates {
		return
	}
	var b []byte
	for _, n := range l {
		if n < 0 || n > 255 {
			return
		}
		b = append(b, byte(n))
	}
	h.lists = append(h.lists, hiddenText{b, at})
}

// constant notes a constant of a code object.
func (h *hiding) constant(o object, base int64, depth int) {
	switch {
	case o.at >= 0:
		h.text(o.text, o.span(base))
	case o.isNum:
		h.number(o.num)
	case len(o.tuple) > 0 && depth < 8:
		var l []int
		for _, x := range o.tuple {
			if x.isNum {
				l = append(l, x.num)
			}
		}
		if len(l) >= minHidden && len(l) == len(o.tuple) {
			h.list(l, sbom.Span{Offset: base + o.place.Offset, Length: o.place.Length})
			return
		}
		for _, x := range o.tuple {
			h.constant(x, base, depth+1)
		}
	}
}

// decode adds what the constants hide. XOR is tried on what is no text as it is.
func (h *hiding) decode(out *Module) {
	work := 0
	add := func(b []byte, at sbom.Span, how string) {
		if printable(b, minHidden) && len(out.Facts) < MaxFacts {
			out.Facts = append(out.Facts, sbom.Fact{Kind: sbom.FactString, Value: b, Offset: at.Offset, Length: at.Length, How: how})
		}
	}
	xored := func(b []byte, at sbom.Span) {
		if printable(b, 1) {
			return
		}
		for _, k := range h.keys {
			add(combined(b, k), at, howXOR(k))
		}
	}
	for _, t := range h.texts {
		if work += len(t.text) * (1 + len(h.keys)); work > maxHiddenWork {
			return
		}
		if h.reversed && utf8.Valid(t.text) {
			add(backwards(t.text), t.at, sbom.HowReversed)
		}
		xored(t.text, t.at)
		if b, ok := decodeBase64(t.text); ok && h.base64 {
			add(b, t.at, sbom.HowBase64)
			xored(b, t.at)
		}
		if b, err := hex.DecodeString(string(t.text)); err == nil && h.hex {
			add(b, t.at, sbom.HowHex)
			xored(b, t.at)
		}
	}
	for _, l := range h.lists {
		if h.codes {
			add(l.text, l.at, sbom.HowCodes)
		}
		xored(l.text, l.at)
	}
}
