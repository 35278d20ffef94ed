// Package xmlwalk reads small XML documents (tables of contents, package
// descriptions) element by element.
//
// What it promises on hostile input: the document is streamed, never built as a
// tree; its size (and so memory), nesting and the text of one element are
// bounded; a document
// type declaration, the place of entities, is refused. It does not recurse and
// does not panic.
package xmlwalk

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// Limits of one document.
const (
	MaxSize  = 32 << 20 // bytes; some 30,000 files of a table of contents
	MaxDepth = 512      // elements in elements
	MaxText  = 64 << 10 // bytes of text kept for one element; the rest is cut off
)

// Format is what messages call these bytes.
const Format = "XML"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any, err error) *malformed.Error {
	return &malformed.Error{Format: Format, Offset: offset, What: what, Value: value, Err: err}
}

// Element is an element while it is open.
type Element struct {
	Name   string // without namespace
	Attrs  []xml.Attr
	Text   string // of the element itself, when it ends; white space around it cut off
	Offset int64  // of the element's start, in the document
	text   strings.Builder
}

// Attr returns the value of an attribute, or "".
func (e *Element) Attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Handler is what the user of a walk does. Start and End get the open elements
// from the root to the current one; the slice is only valid during the call.
// An error ends the walk.
type Handler struct {
	Start func(open []*Element) error
	End   func(open []*Element) error
}

// Walk reads a document to its end. Errors are *malformed.Error, *limit.Error, the
// source's, or the handler's.
func Walk(r io.Reader, h Handler) error {
	src := &guard{r: r, left: MaxSize}
	d := xml.NewDecoder(src)
	var open []*Element
	seen := false
	for {
		at := d.InputOffset()
		tok, err := d.Token()
		if err == io.EOF && !seen {
			return fault(at, "no element", nil, io.ErrUnexpectedEOF)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return explain(err, src, d.InputOffset())
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if len(open) == 0 && seen {
				return fault(at, "a second root element", t.Name.Local, nil)
			}
			seen = true
			if len(open) == MaxDepth {
				return &limit.Error{Limit: limit.Depth, Max: MaxDepth, Value: MaxDepth + 1}
			}
			open = append(open, &Element{Name: t.Name.Local, Attrs: t.Attr, Offset: at})
			if h.Start != nil {
				err = h.Start(open)
			}
		case xml.EndElement:
			e := open[len(open)-1]
			e.Text = strings.TrimSpace(e.text.String())
			if h.End != nil {
				err = h.End(open)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				b := &open[len(open)-1].text
				b.Write(t[:min(len(t), MaxText-b.Len())])
			}
		case xml.Directive:
			return fault(at, "declarations are refused", nil, nil)
		}
		if err != nil {
			return err
		}
	}
}

func explain(err error, src *guard, at int64) error {
	var syntax *xml.SyntaxError
	switch {
	case src.err != nil && src.err != io.EOF:
		return src.err
	case errors.As(err, &syntax) && src.err == io.EOF && strings.Contains(syntax.Msg, "unexpected EOF"):
		return fault(at, "ends too early", nil, io.ErrUnexpectedEOF)
	}
	return fault(at, "damaged", nil, err)
}

// guard bounds the document and remembers the source's error.
type guard struct {
	r    io.Reader
	left int64
	err  error
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if g.left -= int64(n); g.left < 0 {
		n, err = 0, &limit.Error{Limit: limit.FileSize, Max: MaxSize, Value: MaxSize + 1}
	}
	if err != nil {
		g.err = err
	}
	return n, err
}
