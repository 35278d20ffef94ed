package plist

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"unicode/utf16"

	"github.com/kinbom/kinbom/sbom/limit"
)

// Span is bytes of a list: Length of them from Offset. Offset is -1 when it is
// not known where they stand.
type Span struct{ Offset, Length int64 }

// Pair is one key of a dictionary, at any depth, with one text that stands under
// it: its value, or an element of the array that is its value.
type Pair struct {
	Key, Value string
	Text       bool // there is a Value; else the value is no text
	KeyAt      Span // the text of the key, as the file holds it
	ValueAt    Span // that of the value
}

// MaxPairText is the longest key or value of a Pair, in bytes; a longer value
// counts as none, and a longer key has no pair.
const MaxPairText = 1024

// Pairs lists the keys of a list and where they stand, in the order of the file,
// so that a reader can look at them again. It has the bounds and the errors of
// Parse. A binary list keeps equal texts once: all their pairs have one place.
func Pairs(data []byte, o Options) ([]Pair, error) {
	if _, err := Parse(data, o); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(data, []byte("bplist")) {
		text, err := toUTF8(data)
		if err != nil {
			return nil, err
		}
		return xmlPairs(data, text)
	}
	return binaryPairs(data)
}

// frame is one container of an XML list.
type frame struct {
	dict bool
	key  *Pair // under which the container's texts stand; nil: none
}

// xmlPairs walks the elements of a list that was checked.
func xmlPairs(raw, list []byte) ([]Pair, error) {
	w := &xmlWalk{d: xml.NewDecoder(bytes.NewReader(list)), raw: raw, list: list}
	var open []frame
	var out []Pair
	for {
		token, err := w.d.Token()
		if err != nil {
			return nil, fault(w.d.InputOffset(), "is not well-formed XML", errText(err))
		}
		switch t := token.(type) {
		case xml.EndElement:
			if open = open[:len(open)-1]; len(open) == 0 {
				return out, nil
			}
		case xml.StartElement:
			top := &frame{}
			if len(open) > 0 {
				top = &open[len(open)-1]
			}
			switch name := t.Name.Local; name {
			case "plist", "dict":
				open = append(open, frame{dict: name == "dict"})
				continue
			case "array":
				open = append(open, frame{key: top.key})
				continue
			case "key":
				text, at, err := w.chars()
				if err != nil {
					return nil, err
				}
				if top.key = nil; len(text) <= MaxPairText && text != "" && top.dict {
					out = append(out, Pair{Key: text, KeyAt: at, ValueAt: Span{-1, 0}})
					p := out[len(out)-1]
					top.key = &p
				}
			default:
				text, at, err := w.chars()
				if err != nil {
					return nil, err
				}
				if name == "string" && top.key != nil && len(text) <= MaxPairText {
					out = add(out, *top.key, text, at)
				}
			}
		}
	}
}

// add notes a text under a key: in the pair of the key alone where that is the
// last one, else in one more.
func add(out []Pair, key Pair, text string, at Span) []Pair {
	if last := &out[len(out)-1]; last.KeyAt == key.KeyAt && last.Key == key.Key && !last.Text {
		last.Value, last.Text, last.ValueAt = text, true, at
		return out
	}
	key.Value, key.Text, key.ValueAt = text, true, at
	return append(out, key)
}

type xmlWalk struct {
	d         *xml.Decoder
	raw, list []byte
}

// chars reads the text of an element up to its end, and says where the file has it.
func (w *xmlWalk) chars() (string, Span, error) {
	var text []byte
	from := w.d.InputOffset()
	to := from
	for {
		token, err := w.d.Token()
		if err != nil {
			return "", Span{}, fault(w.d.InputOffset(), "is not well-formed XML", errText(err))
		}
		switch t := token.(type) {
		case xml.CharData:
			text = append(text, t...)
		case xml.StartElement:
			return "", Span{}, fault(w.d.InputOffset(), "element inside a text", clip(t.Name.Local))
		case xml.EndElement:
			return string(text), w.place(string(text), from, to), nil
		}
		to = w.d.InputOffset()
	}
}

// place is where the file holds bytes [from, to) of the list: there, behind what
// was taken off its front; in a list of another encoding the first place of the
// text in it.
func (w *xmlWalk) place(text string, from, to int64) Span {
	if bytes.HasSuffix(w.raw, w.list) {
		return Span{from + int64(len(w.raw)-len(w.list)), to - from}
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		if i := bytes.Index(w.raw, b); i >= 0 && len(b) > 0 {
			return Span{int64(i), int64(len(b))}
		}
	}
	if i := bytes.Index(w.raw, []byte(text)); i >= 0 && text != "" {
		return Span{int64(i), int64(len(text))}
	}
	return Span{-1, 0}
}

// binaryPairs lists the pairs of every dictionary of a list that was checked, in
// the order of the objects; each object once, however often it is referred to.
func binaryPairs(data []byte) ([]Pair, error) {
	tr := data[len(data)-trailerSize:]
	t := &table{data: data, offsetSize: uint64(tr[6]), refSize: uint64(tr[7]),
		count: number(tr[8:16]), end: number(tr[24:32])}
	var out []Pair
	for id := range t.count {
		off := t.offset(id)
		if off < 8 || off >= t.end || data[off]>>4 != 0xD { // what the root does not reach was not checked
			continue
		}
		t.seen = 0
		n, _, err := t.length(off)
		if err != nil {
			continue
		}
		refs, err := t.object(off)
		if err != nil {
			continue
		}
		for i := range n {
			key, at, ok := t.text(number(refs[i*t.refSize : (i+1)*t.refSize]))
			if !ok || key == "" {
				continue
			}
			pair := Pair{Key: key, KeyAt: at, ValueAt: Span{-1, 0}}
			out = append(out, pair)
			for _, v := range t.texts(number(refs[(n+i)*t.refSize : (n+i+1)*t.refSize])) {
				if text, at, ok := t.text(v); ok {
					out = add(out, pair, text, at)
				}
			}
			if int64(len(out)) > maxPairs {
				return nil, &limit.Error{Limit: Values, Max: maxPairs, Value: int64(len(out))}
			}
		}
	}
	return out, nil
}

// maxPairs bounds what shared arrays multiply to.
const maxPairs = 400_000

// offset is where an object begins, or 0.
func (t *table) offset(id uint64) uint64 {
	if id >= t.count {
		return 0
	}
	at := t.end + id*t.offsetSize
	return number(t.data[at : at+t.offsetSize])
}

// texts are the objects that may be texts under a key: the value, or the elements
// of an array.
func (t *table) texts(id uint64) []uint64 {
	off := t.offset(id)
	if off < 8 || off >= t.end || t.data[off]>>4 != 0xA {
		return []uint64{id}
	}
	t.seen = 0
	refs, err := t.object(off)
	if err != nil {
		return nil
	}
	var out []uint64
	for ; len(refs) > 0; refs = refs[t.refSize:] {
		out = append(out, number(refs[:t.refSize]))
	}
	return out
}

// text is a text object and where its characters stand.
func (t *table) text(id uint64) (string, Span, bool) {
	off := t.offset(id)
	if off < 8 || off >= t.end {
		return "", Span{}, false
	}
	kind := t.data[off] >> 4
	if kind != 0x5 && kind != 0x6 {
		return "", Span{}, false
	}
	t.seen = 0
	n, start, err := t.length(off)
	if err != nil || n > MaxPairText {
		return "", Span{}, false
	}
	size := uint64(kind - 0x4) // of a character: 1 or 2
	b, err := t.span(off, start, n, size)
	if err != nil {
		return "", Span{}, false
	}
	at := Span{int64(start), int64(len(b))}
	if kind == 0x5 {
		return string(b), at, true
	}
	var units []uint16
	for ; len(b) > 0; b = b[2:] {
		units = append(units, uint16(number(b[:2])))
	}
	return string(utf16.Decode(units)), at, true
}
