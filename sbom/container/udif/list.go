package udif

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
)

// maxXML bounds the property list: room for 600,000 chunks, an image of some
// 150 GB. Real lists have less than 3 MiB.
const maxXML = 32 << 20

// maxXMLDepth bounds nested elements; real lists have 6.
const maxXMLDepth = 32

// entry is one table as it is stored.
type entry struct {
	name   string
	offset int64 // about where it stands in the file, for errors
	data   []byte
}

// element is an open XML element. key is the last key of a dictionary.
type element struct{ name, key string }

// readList reads resource-fork / blkx of an image's property list: an array of
// dictionaries with Name (or CFName) and Data. at is the offset of the list.
func readList(r io.Reader, at int64) ([]entry, error) {
	l := &listing{d: xml.NewDecoder(r), at: at}
	for {
		token, err := l.d.Token()
		switch {
		case errors.Is(err, io.EOF) && l.root:
			return l.entries, nil
		case errors.Is(err, io.EOF):
			return nil, l.bad("property list ends too early", io.ErrUnexpectedEOF)
		case err != nil:
			return nil, l.bad("property list is not well-formed XML", err)
		}
		if err := l.take(token); err != nil {
			return nil, err
		}
		if l.root && len(l.open) == 0 {
			return l.entries, nil
		}
	}
}

type listing struct {
	d       *xml.Decoder
	at      int64
	open    []element
	root    bool // met
	text    bytes.Buffer
	entry   entry
	entries []entry
}

func (l *listing) bad(what string, value any) error {
	return fault(l.at+l.d.InputOffset(), what, value)
}

func (l *listing) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.Directive:
		if bytes.ContainsAny(t, "[") || bytes.Contains(bytes.ToUpper(t), []byte("ENTITY")) {
			return l.bad("property list has an internal DTD subset", nil)
		}
	case xml.StartElement:
		if len(l.open) == maxXMLDepth {
			return &limit.Error{Limit: limit.Depth, Max: maxXMLDepth, Value: maxXMLDepth + 1}
		}
		if len(l.open) == 0 && t.Name.Local != "plist" {
			return l.bad("root element is not plist", t.Name.Local[:min(40, len(t.Name.Local))])
		}
		l.root = true
		l.open = append(l.open, element{name: t.Name.Local})
		l.text.Reset()
		if l.inEntry(0) {
			l.entry = entry{offset: l.at + l.d.InputOffset()}
		}
	case xml.CharData:
		if l.wanted() {
			l.text.Write(t)
		}
	case xml.EndElement:
		return l.end()
	}
	return nil
}

// inEntry reports whether the open elements are those of a table's dictionary,
// and deeper more.
func (l *listing) inEntry(deeper int) bool {
	o := l.open
	return len(o) == 5+deeper && o[0].name == "plist" && o[1].name == "dict" && o[1].key == "resource-fork" &&
		o[2].name == "dict" && o[2].key == "blkx" && o[3].name == "array" && o[4].name == "dict"
}

// wanted reports whether the text of the innermost element is of use.
func (l *listing) wanted() bool {
	return len(l.open) > 0 && (l.open[len(l.open)-1].name == "key" || l.inEntry(1))
}

func (l *listing) end() error {
	last := len(l.open) - 1
	name := l.open[last].name
	text := bytes.TrimSpace(l.text.Bytes())
	switch {
	case name == "key" && last > 0:
		l.open[last-1].key = string(text[:min(40, len(text))])
	case l.inEntry(1) && name == "data" && l.open[4].key == "Data":
		data, err := decode64(text)
		if err != nil {
			return l.bad("table is not base64", err)
		}
		l.entry.data = data
	case l.inEntry(1) && name == "string" && (l.open[4].key == "Name" || l.open[4].key == "CFName" && l.entry.name == ""):
		l.entry.name = string(bytes.ToValidUTF8(text[:min(200, len(text))], []byte("\uFFFD")))
	case l.inEntry(0):
		l.entries = append(l.entries, l.entry)
	}
	l.text.Reset()
	l.open = l.open[:last]
	return nil
}

// decode64 decodes base64 with white space in it, in place.
func decode64(text []byte) ([]byte, error) {
	n := 0
	for _, c := range text {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			text[n] = c
			n++
		}
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(n))
	n, err := base64.StdEncoding.Decode(data, text[:n])
	return data[:n], err
}
