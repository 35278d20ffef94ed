package nib

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// Limits of one nib.
const (
	MaxSize  = 16 << 20 // bytes
	maxDepth = 4        // nibs within nibs
	maxText  = 512      // bytes of a name
	maxNames = 1 << 16  // classes and selectors together
)

// Names is the limit on the classes and selectors of one nib.
const Names limit.Kind = "names in a nib"

// format is what messages call these bytes.
const format = "nib"

func fault(offset int, what string, value any) error {
	return malformed.New(format, int64(offset), what, value)
}

// Nib is what an interface file says of code.
type Nib struct {
	Classes []string // of its objects, those of the system too, as they are written; sorted, each once
	Sends   []string // selectors: actions, setters of outlets, getters and setters of key paths; sorted, each once
}

// Read reads a nib in any of the forms.
//
// Errors: *limit.Error when a limit is hit, else *malformed.Error.
func Read(b []byte) (*Nib, error) {
	c := &collector{classes: map[string]bool{}, sends: map[string]bool{}}
	if err := c.read(b, 0); err != nil {
		return nil, err
	}
	return &Nib{Classes: sorted(c.classes), Sends: sorted(c.sends)}, nil
}

// Is reports whether a file of a product is a nib to be read, by its name. The
// lists that old nibs keep beside their objects for Interface Builder are none.
func Is(path string) bool {
	base := strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
	switch base {
	case "classes.nib", "info.nib":
		return !strings.Contains(strings.ToLower(path), ".nib/")
	}
	return strings.HasSuffix(base, ".nib") || strings.HasSuffix(base, ".xib") || strings.HasSuffix(base, ".storyboard")
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for s := range set {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// collector takes in names.
type collector struct {
	classes, sends map[string]bool
}

// read takes in one nib at a depth of nesting.
func (c *collector) read(b []byte, depth int) error {
	switch {
	case len(b) > MaxSize:
		return &limit.Error{Limit: limit.FileSize, Max: MaxSize, Value: int64(len(b))}
	case depth > maxDepth:
		return &limit.Error{Limit: limit.Depth, Max: maxDepth, Value: int64(depth)}
	case bytes.HasPrefix(b, []byte(archiveMagic)):
		return c.archive(b, depth)
	case bytes.HasPrefix(b, []byte("bplist")):
		return c.keyed(b, depth)
	case bytes.HasPrefix(b, []byte("\x04\x0bstreamtyped")), bytes.HasPrefix(b, []byte("\x04\x0btypedstream")):
		return fault(0, "typed stream of before Mac OS X 10.2", nil)
	case !bytes.HasPrefix(bytes.TrimLeft(b, "\xef\xbb\xbf \t\r\n"), []byte("<")):
		return fault(0, "no form of nib that is known", nil)
	case bytes.Contains(b[:min(len(b), 1024)], []byte("<plist")):
		return c.keyed(b, depth)
	}
	return c.source(b)
}

// nested takes in data of a nib that is a nib itself; other data is none of its
// business.
func (c *collector) nested(b []byte, depth int) error {
	if bytes.HasPrefix(b, []byte(archiveMagic)) || bytes.HasPrefix(b, []byte("bplist")) && bytes.Contains(b, []byte("NSKeyedArchiver")) {
		return c.read(b, depth+1)
	}
	return nil
}

// take notes what a text under a key of an object says; class is the object's.
func (c *collector) take(class, key, text string) error {
	switch key {
	case "NSClassName", "UIClassName", "NSWindowClass", "NSViewClass", "NSClassesValues", "UISegueClassName", "segueClass":
		c.class(text)
	case "NSLabel", "UILabel", "label":
		switch {
		case !strings.Contains(class, "Connect"):
		case strings.Contains(class, "Outlet"):
			c.path(text)
		default:
			c.send(text)
		}
	case "NSAction", "UIAction", "action":
		c.send(text)
	case "NSKeyPath", "NSKeyPaths", "UIKeyPath", "keyPath", "NSBinding":
		c.path(text)
	}
	if n := len(c.classes) + len(c.sends); n > maxNames {
		return &limit.Error{Limit: Names, Max: maxNames, Value: int64(n)}
	}
	return nil
}

func (c *collector) class(name string) {
	if named(name) {
		c.classes[name] = true
	}
}

func (c *collector) send(selector string) {
	if named(selector) {
		c.sends[selector] = true
	}
}

// path takes in the names of a key path: the system asks for each by a method
// of that name, with "is" before it or none, and sets it by one with "set".
func (c *collector) path(text string) {
	for name := range strings.SplitSeq(text, ".") {
		if !named(name) || name[0] == '@' {
			continue
		}
		r, n := utf8.DecodeRuneInString(name)
		upper := string(unicode.ToUpper(r)) + name[n:]
		c.sends[name], c.sends["is"+upper], c.sends["set"+upper+":"] = true, true, true
	}
}

// named reports whether a text can be the name of something.
func named(s string) bool {
	return s != "" && len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}
