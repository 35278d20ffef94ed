package xar

import (
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom/container/compress"
	"github.com/kinbom/kinbom/sbom/container/xmlwalk"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// tocSum is where the checksum of the table of contents lies in the heap.
type tocSum struct{ offset, size int64 }

// named is what makes the path of an entry: its own name and the entry that it
// is in, or -1.
type named struct {
	name   string
	parent int
}

// maxPaths bounds the bytes of all paths together: a deep folder repeats its
// path in everything that it holds.
const maxPaths = 64 << 20

// walker builds the entries from the XML.
type walker struct {
	x    *Reader
	open []int // indexes of the open <file> elements' entries
	list []named
	toc  tocSum
}

func (w *walker) walk(r io.Reader) error {
	err := xmlwalk.Walk(r, xmlwalk.Handler{Start: w.start, End: w.end})
	var over *limit.Error
	switch {
	case err == nil:
		return w.paths()
	case malformed.In(err, xmlwalk.Format) != nil:
		return fault(-1, "table of contents", nil, err)
	case errors.As(err, &over):
		return err
	}
	if packed := malformed.In(err, compress.Format); packed != nil {
		return fault(w.x.start+max(packed.Offset, 0), "table of contents cannot be unpacked", nil, err)
	}
	return err // the source's
}

func (w *walker) start(open []*xmlwalk.Element) error {
	e := open[len(open)-1]
	if len(open) == 1 && e.Name != "xar" || len(open) == 2 && e.Name != "toc" {
		return nil
	}
	if isFile(open) {
		if top := w.x.budget.Max().Entries; int64(len(w.x.Entries)) >= top {
			return &limit.Error{Limit: limit.Entries, Max: top, Value: int64(len(w.x.Entries)) + 1}
		}
		parent := -1
		if len(w.open) > 0 {
			parent = w.open[len(w.open)-1]
		}
		w.open = append(w.open, len(w.x.Entries))
		w.list = append(w.list, named{parent: parent})
		w.x.Entries = append(w.x.Entries, Entry{ID: e.Attr("id"), Type: TypeFile})
		return nil
	}
	if len(w.open) > 0 && len(open) > 1 && isFile(open[:len(open)-1]) && e.Name == "data" {
		w.current().HasData = true
	}
	return nil
}

// isFile reports whether the innermost element is a <file> under <toc> or under
// another such <file>.
func isFile(open []*xmlwalk.Element) bool {
	if len(open) < 3 || open[0].Name != "xar" || open[1].Name != "toc" {
		return false
	}
	for _, e := range open[2:] {
		if e.Name != "file" {
			return false
		}
	}
	return true
}

func (w *walker) current() *Entry { return &w.x.Entries[w.open[len(w.open)-1]] }

func (w *walker) end(open []*xmlwalk.Element) error {
	e := open[len(open)-1]
	parent := open[:len(open)-1]
	switch {
	case isFile(open):
		w.open = w.open[:len(w.open)-1]
	case isFile(parent):
		w.field(e)
	case len(parent) > 1 && isFile(parent[:len(parent)-1]) && parent[len(parent)-1].Name == "data":
		w.data(e)
	case len(parent) == 2 && parent[1].Name == "toc" && (e.Name == "signature" || e.Name == "x-signature"):
		w.x.Signed = true
	case len(parent) == 3 && parent[1].Name == "toc" && parent[2].Name == "checksum":
		n, err := strconv.ParseInt(e.Text, 10, 64)
		if err != nil {
			n = -1
		}
		switch e.Name {
		case "offset":
			w.toc.offset = n
		case "size":
			w.toc.size = n
		}
	}
	return nil
}

// field takes an element directly under <file>.
func (w *walker) field(e *xmlwalk.Element) {
	cur := w.current()
	switch e.Name {
	case "name":
		w.setName(cur, e)
	case "type":
		cur.Type = Type(e.Text)
		if cur.Type == TypeHardlink {
			cur.Link = e.Attr("link")
		}
	case "link":
		if cur.Type != TypeHardlink {
			cur.Link = e.Text
		}
	case "mode":
		n, err := strconv.ParseUint(e.Text, 8, 32)
		if err == nil {
			cur.Mode = uint32(n) & 0o7777
		}
	}
}

// setName takes the entry's own name.
func (w *walker) setName(cur *Entry, e *xmlwalk.Element) {
	name := e.Text
	if e.Attr("enctype") == "base64" {
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(name), ""))
		if err != nil {
			cur.Trouble = fault(-1, "name is not valid base64", nil, err)
		} else {
			name = string(b)
		}
	}
	w.list[w.open[len(w.open)-1]].name = name
}

// paths makes the paths, when all names are known: a name may stand behind what
// is in its folder.
func (w *walker) paths() error {
	left := int64(maxPaths)
	for i, n := range w.list {
		e := &w.x.Entries[i]
		e.Path = n.name
		if n.parent >= 0 {
			e.Path = w.x.Entries[n.parent].Path + "/" + n.name
		}
		if top := w.x.budget.Max().PathLength; int64(len(e.Path)) > top {
			e.Trouble = &limit.Error{Limit: limit.PathLength, Max: top, Value: int64(len(e.Path))}
			e.Path = e.Path[:top]
		}
		if e.Type == TypeFile || e.Type == TypeHardlink && e.Link == "original" {
			if _, twice := w.x.byID[e.ID]; !twice {
				w.x.byID[e.ID] = i
			}
		}
		if left -= int64(len(e.Path)); left < 0 {
			return &limit.Error{Limit: limit.Bytes, Max: maxPaths, Value: maxPaths + 1}
		}
	}
	return nil
}

// data takes an element under <data>.
func (w *walker) data(e *xmlwalk.Element) {
	cur := w.current()
	number := func(to *int64) {
		n, err := strconv.ParseInt(e.Text, 10, 64)
		if err != nil || n < 0 {
			cur.Trouble = fault(-1, "number of an entry is not valid: "+e.Name, e.Text, nil)
			return
		}
		*to = n
	}
	switch e.Name {
	case "offset":
		number(&cur.Offset)
		if cur.Offset > w.x.size {
			cur.Trouble = fault(-1, "data lie outside the file", cur.Offset, io.ErrUnexpectedEOF)
			return
		}
		cur.Offset += w.x.heap
	case "length":
		number(&cur.Length)
	case "size":
		number(&cur.Size)
	case "encoding":
		cur.Encoding = e.Attr("style")
	case "archived-checksum":
		cur.Archived = Checksum{strings.ToLower(e.Attr("style")), strings.ToLower(e.Text)}
	case "extracted-checksum", "unarchived-checksum":
		cur.Content = Checksum{strings.ToLower(e.Attr("style")), strings.ToLower(e.Text)}
	}
}
