package macho

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// entitlements reads the XML property list of a signature: one dictionary. The
// standard library's XML reader hands out tokens without recursion and expands
// no entities; nesting and size have limits here.
type entitlements struct {
	d     *xml.Decoder
	base  int64 // of the text in the slice
	text  []byte
	depth int
}

// readEntitlements fills keys and values and gives the keys as facts.
func (s *slice) readEntitlements(sig *sbom.Signature, text []byte, at int64) {
	if len(text) > maxEntitlement {
		s.gap(sbom.GapLimit, at, "entitlements have %d bytes, more than %d", len(text), maxEntitlement)
		return
	}
	e := entitlements{d: xml.NewDecoder(bytes.NewReader(text)), base: at, text: text}
	if err := e.read(s, sig); err != nil {
		s.gap(sbom.GapUnreadable, at+e.d.InputOffset(), "entitlements: %v", err)
	}
	sbom.SortKeyValues(sig.Entitlements)
}

// read reads down to the dictionary and then its pairs; what was read before an
// error stays.
func (e *entitlements) read(s *slice, sig *sbom.Signature) error {
	for {
		t, err := e.start()
		if err != nil || t.Name.Local == "dict" {
			if err == io.EOF {
				err = errors.New("no dictionary")
			}
			if err != nil {
				return err
			}
			break
		}
	}
	for {
		t, err := e.start()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if t.Name.Local != "key" {
			return fmt.Errorf("<%s> in the place of a key", t.Name.Local)
		}
		from := e.d.InputOffset()
		key, err := e.chars()
		if err != nil {
			return err
		}
		v, err := e.start()
		if err != nil {
			return fmt.Errorf("key %.64q has no value", key)
		}
		value, err := e.value(v)
		if err != nil {
			return err
		}
		sig.Entitlements = append(sig.Entitlements, sbom.KeyValue{Key: key, Value: plain(value)})
		s.entitlementFact(key, e.text, from, e.base)
	}
}

// entitlementFact gives a key with its place, when it stands there unescaped.
func (s *slice) entitlementFact(key string, text []byte, from, base int64) {
	f := sbom.Fact{Kind: sbom.FactEntitlement, Value: []byte(key), Offset: -1, Length: int64(len(key))}
	if from+f.Length <= int64(len(text)) && string(text[from:from+f.Length]) == key {
		f.Value, f.Offset = text[from:from+f.Length], base+from
	}
	s.addFact(f)
}

// start returns the next opening tag; io.EOF at a closing tag or the end.
func (e *entitlements) start() (xml.StartElement, error) {
	for {
		t, err := e.d.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t, nil
		case xml.EndElement:
			return xml.StartElement{}, io.EOF
		}
	}
}

// chars reads text up to the closing tag.
func (e *entitlements) chars() (string, error) {
	var b strings.Builder
	for {
		t, err := e.d.Token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			return "", fmt.Errorf("<%s> inside a text", t.Name.Local)
		}
	}
}

// value reads one value: a string, bool, json.Number, list or map.
func (e *entitlements) value(t xml.StartElement) (any, error) {
	if e.depth++; e.depth > maxPlistDepth {
		return nil, fmt.Errorf("values are nested more than %d levels", maxPlistDepth)
	}
	defer func() { e.depth-- }()
	switch name := t.Name.Local; name {
	case "true", "false":
		_, err := e.chars()
		return name == "true", err
	case "array":
		return e.array()
	case "dict":
		return e.dict()
	case "integer", "real":
		text, err := e.chars()
		if n := json.Number(strings.TrimSpace(text)); err == nil && json.Valid([]byte(n)) {
			return n, nil
		}
		return text, err
	default:
		return e.chars()
	}
}

func (e *entitlements) array() (any, error) {
	list := []any{}
	for {
		t, err := e.start()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		v, err := e.value(t)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (e *entitlements) dict() (any, error) {
	m := map[string]any{}
	for {
		t, err := e.start()
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return nil, err
		}
		if t.Name.Local != "key" {
			return nil, fmt.Errorf("element %.64q where a key was expected", t.Name.Local)
		}
		key, err := e.chars()
		if err != nil {
			return nil, err
		}
		if t, err = e.start(); err != nil {
			return nil, fmt.Errorf("key %.64q has no value", key)
		}
		if m[key], err = e.value(t); err != nil {
			return nil, err
		}
	}
}

// plain spells a value: scalars as text, lists and dictionaries as compact
// JSON with sorted keys.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "" // cannot happen: v holds only texts, numbers, lists and maps
	}
	return strings.TrimSuffix(b.String(), "\n")
}
