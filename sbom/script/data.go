package script

import (
	"bytes"

	"github.com/kinbom/kinbom/sbom"
)

// maxDataDepth is how deep lists of a file of data may nest.
const maxDataDepth = 64

// JSON reads the texts of a file of data that a module asks for: each text, and
// each list of short texts as the path that it may be. It reads no structure but
// lists, so that what is no JSON gives few texts and no trouble.
func JSON(src []byte) []Module {
	out := Module{Span: sbom.Span{Length: int64(len(src))}}
	if len(src) > maxJSON {
		out.Partial = "file of data that is too large: not looked into"
		return []Module{out}
	}
	var open [][]value // lists that are not closed yet; nil: holds more than short texts
	spoil := func() {
		if n := len(open); n > 0 {
			open[n-1] = nil
		}
	}
	for i := 0; i < len(src) && len(out.Facts) < MaxFacts; i++ {
		switch c := src[i]; c {
		case '"':
			v, end, ok := jsonText(src, i)
			if !ok {
				out.finish()
				return []Module{out}
			}
			i = end
			out.data(v)
			if n := len(open); n > 0 && open[n-1] != nil && len(open[n-1]) < maxListItems && len(v.text) > 0 && len(v.text) <= maxListText {
				open[n-1] = append(open[n-1], v)
			} else {
				spoil()
			}
		case '[', '{':
			spoil()
			if len(open) >= maxDataDepth {
				out.finish()
				return []Module{out}
			}
			open = append(open, nil)
			if c == '[' {
				open[len(open)-1] = []value{}
			}
		case ']', '}':
			if n := len(open); n > 0 {
				if len(open[n-1]) > 1 {
					out.data(joinPath(open[n-1]))
				}
				open = open[:n-1]
			}
		case ',', ' ', '\t', '\r', '\n':
		default:
			spoil()
		}
	}
	out.finish()
	return []Module{out}
}

// jsonText reads the text that begins at a quote, and gives where it ends.
func jsonText(src []byte, at int) (value, int, bool) {
	for i := at + 1; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case '"':
			raw := src[at+1 : i : i]
			text, changed := unescape(raw, false)
			v := value{text: text, whole: true, parts: []sbom.Span{{Offset: int64(at + 1), Length: int64(len(raw))}}}
			if changed {
				v.how = sbom.HowEscaped
			}
			return v, i, true
		}
	}
	return value{}, 0, false
}

// data adds a text of a file of data.
func (out *Module) data(v value) {
	if len(v.text) == 0 || len(v.parts) == 0 {
		return
	}
	f := sbom.Fact{Kind: sbom.FactString, Value: bytes.Clone(v.text), Offset: v.parts[0].Offset, Length: v.parts[0].Length, How: v.how}
	if len(v.parts) > 1 {
		f.How, f.Parts = sbom.HowJoined, v.parts
	}
	out.Facts = append(out.Facts, f)
}
