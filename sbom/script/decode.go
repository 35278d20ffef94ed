package script

import (
	"bytes"
	"encoding/hex"
	"slices"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// Bounds of texts that are decoded because the script decodes something.
const (
	minHidden     = 6       // characters of what is decoded
	maxHidden     = 4096    // bytes of a literal
	maxCandidates = 20_000  // literals
	maxKeys       = 4       // keys of XOR, and shifts
	maxShift      = 127     // that is added to a code
	maxHiddenWork = 8 << 20 // bytes that are decoded altogether
)

// decoders are what a script decodes with, where it is not seen what: any of its
// literals may be it.
type decoders struct {
	base64, hex, reversed, codes bool
	keys                         []byte // of XOR
	shifts                       []int  // that are added to character codes
}

// note notes an encoding by its name.
func (d *decoders) note(encoding string) {
	switch encoding {
	case "base64", "base64url":
		d.base64 = true
	case "hex":
		d.hex = true
	}
}

// literal is a literal that something may be hidden in.
type literal struct {
	m *Module
	v value
}

// candidate notes a literal.
func (r *reader) candidate(v value) {
	if len(v.text) >= minHidden && len(v.text) <= maxHidden && len(r.literals) < maxCandidates {
		r.literals = append(r.literals, literal{r.m, v})
	}
}

// xor notes the key of an operation whose other side is not known.
func (r *reader) xor(n *js.BinaryExpr) {
	x, y := r.eval(n.X, nil, 0), r.eval(n.Y, nil, 0)
	if n.Op == js.BitXorToken && x.isNum {
		x, y = y, x
	}
	key := byte(y.num)
	if x.isNum || !y.isNum || y.num != float64(key) || key == 0 || slices.Contains(r.decoders.keys, key) || len(r.decoders.keys) == maxKeys {
		return
	}
	r.decoders.keys = append(r.decoders.keys, key)
}

// shift notes a constant that is added to a character code that is not known.
func (r *reader) shift(e js.IExpr, env env, depth int) {
	for {
		g, ok := e.(*js.GroupExpr)
		if !ok {
			break
		}
		e = g.X
	}
	n, ok := e.(*js.BinaryExpr)
	if !ok || n.Op != js.SubToken && n.Op != js.AddToken {
		return
	}
	x, y := r.eval(n.X, env, depth+1), r.eval(n.Y, env, depth+1)
	by := int(y.num)
	if x.isNum || !y.isNum || y.num != float64(by) || by <= 0 || by > maxShift {
		return
	}
	if n.Op == js.SubToken {
		by = -by
	}
	if d := &r.decoders; !slices.Contains(d.shifts, by) && len(d.shifts) < maxKeys {
		d.shifts = append(d.shifts, by)
	}
}

// shifted is a text with a constant added to each of its codes.
func shifted(b []byte, by int) []byte {
	var out []byte
	for _, c := range string(b) {
		out = utf8.AppendRune(out, c+rune(by))
	}
	return out
}

// numbers notes a list of small numbers: character codes, maybe.
func (r *reader) numbers(n *js.ArrayExpr) {
	if len(n.List) < minHidden || len(n.List) > maxHidden || len(r.literals) >= maxCandidates {
		return
	}
	v := value{isLst: true}
	for i := range n.List {
		l, ok := n.List[i].Value.(*js.LiteralExpr)
		if !ok {
			return
		}
		x := r.eval(l, nil, 0)
		if !x.isNum || x.num < 0 || x.num > 0xffff || x.num != float64(int(x.num)) {
			return
		}
		v.list = append(v.list, x)
	}
	r.literals = append(r.literals, literal{r.m, v})
}

// decode adds what the literals of the script hide, when it decodes something
// that was not seen.
func (r *reader) decode() {
	d := &r.decoders
	if !d.base64 && !d.hex && !d.reversed && !d.codes && len(d.keys) == 0 && len(d.shifts) == 0 {
		return
	}
	work := 0
	for _, l := range r.literals {
		if work += max(len(l.v.text), len(l.v.list)) * (1 + 2*len(d.keys) + len(d.shifts)); work > maxHiddenWork {
			return
		}
		r.m = l.m
		if l.v.isLst {
			r.hiddenCodes(l.v)
			continue
		}
		if !l.v.whole || len(l.v.parts) != 1 {
			continue
		}
		if d.reversed {
			r.hidden(backwards(l.v.text), l.v.parts, sbom.HowReversed)
		}
		raw := [][]byte{l.v.text}
		if b, ok := decodeBase64(l.v.text); ok && len(l.v.text) >= 8 && (d.base64 || len(d.keys) > 0) {
			if d.base64 {
				r.hidden(b, l.v.parts, sbom.HowBase64)
			}
			raw = append(raw, b)
		}
		if b, err := hex.DecodeString(string(l.v.text)); err == nil && (d.hex || len(d.keys) > 0) {
			if d.hex {
				r.hidden(b, l.v.parts, sbom.HowHex)
			}
			raw = append(raw, b)
		}
		for _, by := range d.shifts {
			r.hidden(shifted(l.v.text, by), l.v.parts, sbom.HowCodes)
		}
		for _, k := range d.keys {
			for _, b := range raw {
				r.hidden(combined(b, k), l.v.parts, howXOR(k))
			}
		}
	}
}

// hidden adds a text that was hidden, when it looks like one, or the texts that
// zero bytes part it into.
func (r *reader) hidden(b []byte, parts []sbom.Span, how string) {
	if printable(bytes.ReplaceAll(b, []byte{0}, []byte(" ")), minHidden) {
		for _, text := range bytes.Split(b, []byte{0}) {
			if len(text) > 0 {
				r.valueFact(sbom.FactString, text, value{parts: parts, how: how})
			}
		}
	}
}

// hiddenCodes decodes a list of numbers.
func (r *reader) hiddenCodes(v value) {
	var b []byte
	var parts []sbom.Span
	small := true
	for _, x := range v.list {
		b = utf8.AppendRune(b, rune(x.num))
		parts = span(parts, x.parts)
		small = small && x.num < 256
	}
	if r.decoders.codes {
		r.hidden(b, parts, sbom.HowCodes)
	}
	for _, by := range r.decoders.shifts {
		r.hidden(shifted(b, by), parts, sbom.HowCodes)
	}
	if !small {
		return
	}
	for _, k := range r.decoders.keys {
		out := make([]byte, len(v.list))
		for i, x := range v.list {
			out[i] = byte(x.num) ^ k
		}
		r.hidden(out, parts, howXOR(k))
	}
}

func combined(b []byte, key byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = c ^ key
	}
	return out
}

func backwards(b []byte) []byte {
	l := []rune(string(b))
	slices.Reverse(l)
	return []byte(string(l))
}
