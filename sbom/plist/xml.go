package plist

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kinbom/kinbom/sbom/limit"
)

// toUTF8 turns an XML list of another encoding into UTF-8 without a
// declaration, so that one decoder fits all. UTF-16 is known by its byte order
// mark or by its first character, the others by the declaration.
func toUTF8(data []byte) ([]byte, error) {
	big, little := bytes.HasPrefix(data, []byte{0xFE, 0xFF}), bytes.HasPrefix(data, []byte{0xFF, 0xFE})
	bare := len(data) >= 2 && !big && !little
	big = big || bare && data[0] == 0 && data[1] == '<'
	little = little || bare && data[0] == '<' && data[1] == 0
	wide := big || little
	if wide {
		if len(data)%2 != 0 {
			return nil, fault(int64(len(data)), "half a UTF-16 character", nil)
		}
		units := make([]uint16, len(data)/2)
		for i := range units {
			a, b := uint16(data[2*i]), uint16(data[2*i+1])
			if little {
				a, b = b, a
			}
			units[i] = a<<8 | b
		}
		data = []byte(string(utf16.Decode(units)))
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	declared, rest := cutDeclaration(data)
	switch declared {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
	case "utf-16", "utf-16le", "utf-16be":
		if !wide {
			return nil, fault(0, "declared as UTF-16, and is not", nil)
		}
	case "iso-8859-1", "latin1":
		if !wide {
			rest = latin1(rest)
		}
	default:
		return nil, fault(0, "encoding is not known", declared)
	}
	return rest, nil
}

// cutDeclaration takes <?xml ... ?> off and returns the encoding it names.
func cutDeclaration(data []byte) (encoding string, rest []byte) {
	data = bytes.TrimLeft(data, " \t\r\n")
	if !bytes.HasPrefix(data, []byte("<?xml")) {
		return "", data
	}
	declaration, rest, ok := bytes.Cut(data, []byte("?>"))
	if !ok || len(declaration) > 200 {
		return "", data
	}
	_, after, ok := strings.Cut(string(declaration), "encoding")
	if !ok {
		return "", rest
	}
	after = strings.TrimLeft(after, " \t\r\n=")
	if after == "" || after[0] != '"' && after[0] != '\'' {
		return "", rest
	}
	encoding, _, _ = strings.Cut(after[1:], after[:1])
	return strings.ToLower(encoding), rest
}

func latin1(data []byte) []byte {
	out := make([]byte, 0, len(data)+len(data)/8)
	for _, c := range data {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

// checkXML walks the elements up to the end of the root and counts. It also
// makes sure that the parser proper will take the list for XML: its fall-back
// to the old text form has no bounds.
func checkXML(data []byte, o Options) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	depth, values := 0, 0
	for {
		token, err := d.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return fault(d.InputOffset(), "ends too early, or is not XML", nil)
			}
			return fault(d.InputOffset(), "is not well-formed XML", errText(err))
		}
		switch t := token.(type) {
		case xml.Directive:
			if bytes.ContainsAny(t, "[") || bytes.Contains(bytes.ToUpper(t), []byte("ENTITY")) {
				return fault(d.InputOffset(), "has an internal DTD subset", nil)
			}
		case xml.StartElement:
			if depth == 0 && t.Name.Local != "plist" {
				return fault(d.InputOffset(), "root element is not plist", clip(t.Name.Local))
			}
			if depth > 0 && !known(t.Name.Local) {
				return fault(d.InputOffset(), "unknown element", clip(t.Name.Local))
			}
			depth++
			values++
		case xml.EndElement:
			if depth--; depth == 0 {
				return nil
			}
		}
		if depth > o.Depth+2 { // plist around, and a scalar inside
			return &limit.Error{Limit: limit.Depth, Max: int64(o.Depth), Value: int64(depth - 2)}
		}
		if values-1 > o.Values {
			return &limit.Error{Limit: Values, Max: int64(o.Values), Value: int64(values - 1)}
		}
	}
}

func known(element string) bool {
	switch element {
	case "dict", "key", "array", "string", "integer", "real", "true", "false", "date", "data":
		return true
	}
	return false
}

func clip(s string) string { return s[:min(len(s), 40)] }
