package nib

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/kinbom/kinbom/sbom/limit"
)

// maxNested is how deep elements may be nested.
const maxNested = 512

// source takes in the XML of Interface Builder. In the form of today, elements
// have attributes: customClass, the selector of an action, the property of an
// outlet. In the older one each is an object with keyed texts.
func (c *collector) source(b []byte) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // names are ASCII in all of them
	var stack []element
	for met := false; ; met = true {
		at := int(d.InputOffset())
		token, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF) && met && len(stack) == 0:
			return nil
		case err != nil:
			return fault(at, "not well-formed", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(stack) == 0 && t.Name.Local != "document" && t.Name.Local != "archive" {
				return fault(at, "root element is none of a nib", t.Name.Local[:min(len(t.Name.Local), maxText)])
			}
			if len(stack) == maxNested {
				return &limit.Error{Limit: limit.Depth, Max: maxNested, Value: maxNested + 1}
			}
			e, err := c.element(t, stack)
			if err != nil {
				return err
			}
			stack = append(stack, e)
		case xml.EndElement:
			if len(stack) == 0 || stack[len(stack)-1].name != t.Name.Local {
				return fault(at, "elements are crossed", nil)
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if n := len(stack); n > 0 && stack[n-1].key != "" && len(t) <= maxText {
				if err := c.take(stack[n-1].class, stack[n-1].key, strings.TrimSpace(string(t))); err != nil {
					return err
				}
			}
		}
	}
}

// element is an element that is open.
type element struct {
	name  string
	class string // of the object that it is, or that it is a text of
	key   string // what the text in it says; "" where it says nothing
}

// element takes in the attributes of an element.
func (c *collector) element(t xml.StartElement, stack []element) (element, error) {
	e := element{name: t.Name.Local}
	attr := map[string]string{}
	for _, a := range t.Attr {
		attr[a.Name.Local] = a.Value
	}
	var err error
	say := func(class, key, text string) {
		if err == nil && text != "" {
			err = c.take(class, key, text)
		}
	}
	if e.class = attr["class"]; e.class == "" && len(stack) > 0 {
		e.class = stack[len(stack)-1].class
	}
	if module := attr["customModule"]; module != "" && attr["customClass"] != "" {
		say("", "NSClassName", module+"."+attr["customClass"])
	}
	say("", "NSClassName", attr["customClass"])
	switch e.name {
	case "action", "segue", "exit":
		say("", "NSAction", attr["selector"])
		say("", "NSAction", attr["unwindAction"])
	case "outlet", "outletCollection":
		say("", "NSKeyPath", attr["property"])
	case "binding", "userDefinedRuntimeAttribute":
		say("", "NSKeyPath", attr["keyPath"])
		say("", "NSBinding", attr["name"])
	case "string":
		e.key = attr["key"]
	}
	return e, err
}
