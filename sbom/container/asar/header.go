package asar

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// walker builds the entries from the JSON.
type walker struct {
	a    *Reader
	d    *json.Decoder
	base int64
	max  limit.Max
	left int64 // bytes that paths may still take
}

func (w *walker) walk(r io.Reader) error {
	w.d = json.NewDecoder(r)
	w.d.UseNumber()
	err := w.node("", 0, -1)
	if err == nil {
		if _, err = w.d.Token(); err == io.EOF {
			return nil
		} else if err == nil {
			err = errors.New("more after the header")
		}
	}
	var over *limit.Error
	switch {
	case malformed.In(err, Format) != nil, errors.As(err, &over):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return w.bad("JSON ends too early", nil, io.ErrUnexpectedEOF)
	}
	return w.bad("JSON is damaged", nil, err)
}

func (w *walker) bad(what string, value any, err error) *malformed.Error {
	return fault(prefix+w.d.InputOffset(), what, value, err)
}

// node reads one object of the tree: the root (at is -1), a folder, a file or a
// link. at is the entry that it fills.
func (w *walker) node(path string, depth, at int) error {
	if depth > int(min(w.max.Depth, 1<<16)) {
		return &limit.Error{Limit: limit.Depth, Max: w.max.Depth, Value: int64(depth)}
	}
	if err := w.delim('{'); err != nil {
		return err
	}
	var offset json.Token
	for w.d.More() {
		key, err := w.key()
		if err != nil {
			return err
		}
		switch {
		case key == "files":
			if at >= 0 {
				w.a.Entries[at].Type = TypeDir
			}
			err = w.files(path, depth)
		case at < 0:
			err = w.skip(depth)
		case key == "offset":
			offset, err = w.scalar(depth)
		default:
			err = w.field(at, key, depth)
		}
		if err != nil {
			return err
		}
	}
	if err := w.delim('}'); err != nil {
		return err
	}
	if at >= 0 {
		w.place(&w.a.Entries[at], offset)
	}
	return nil
}

// files reads the children of a folder.
func (w *walker) files(path string, depth int) error {
	if err := w.delim('{'); err != nil {
		return err
	}
	for w.d.More() {
		name, err := w.key()
		if err != nil {
			return err
		}
		child := name
		if depth > 0 {
			child = path + "/" + name
		}
		n := int64(len(w.a.Entries))
		if n >= w.max.Entries {
			return &limit.Error{Limit: limit.Entries, Max: w.max.Entries, Value: n + 1}
		}
		e := Entry{Path: child, Type: TypeFile, Offset: -1, Size: -1}
		if int64(len(child)) > w.max.PathLength {
			e.Trouble = &limit.Error{Limit: limit.PathLength, Max: w.max.PathLength, Value: int64(len(child))}
			e.Path = child[:w.max.PathLength]
		}
		if w.left -= int64(len(e.Path)); w.left < 0 {
			return &limit.Error{Limit: limit.Bytes, Max: maxPaths, Value: maxPaths + 1}
		}
		w.a.Entries = append(w.a.Entries, e)
		if err := w.node(e.Path, depth+1, int(n)); err != nil {
			return err
		}
	}
	return w.delim('}')
}

// field reads a key of an entry. Keys that are not known are skipped.
func (w *walker) field(at int, key string, depth int) error {
	if key == "integrity" {
		in, err := w.integrity(depth)
		w.a.Entries[at].Integrity = in
		return err
	}
	v, err := w.scalar(depth)
	if err != nil {
		return err
	}
	e := &w.a.Entries[at]
	switch key {
	case "size":
		if n, ok := number(v); ok {
			e.Size = n
		} else {
			e.Trouble = w.bad("size is not valid", fmt.Sprint(v), nil)
		}
	case "link":
		if s, ok := v.(string); ok {
			e.Type, e.Link = TypeLink, s
		} else {
			e.Trouble = w.bad("link is not valid", nil, nil)
		}
	case "executable":
		e.Executable = v == true
	case "unpacked":
		e.Unpacked = v == true
	}
	return nil
}

// place sets the offset of a complete entry, and checks it.
func (w *walker) place(e *Entry, offset json.Token) {
	if e.Type != TypeFile {
		e.Size, e.Offset = 0, 0
		return
	}
	if e.Trouble != nil {
		e.Size, e.Offset = max(e.Size, 0), 0
		return
	}
	n, ok := number(offset)
	switch {
	case e.Size < 0:
		e.Size, e.Trouble = 0, w.bad("entry is no folder, link or file with a size", e.Path, nil)
	case e.Unpacked:
		n, ok = 0, true
	case !ok:
		e.Trouble = w.bad("offset is not valid", fmt.Sprint(offset), nil)
	case !limit.Inside(n, e.Size, w.a.size-w.base):
		e.Trouble = w.bad("content is not inside the file", fmt.Sprintf("%d bytes at %d", e.Size, n), io.ErrUnexpectedEOF)
	default:
		n += w.base
	}
	if e.Trouble != nil || !ok {
		n = 0
	}
	e.Offset = n
}

// number reads a whole number that is not negative, written as a number or as a
// decimal string.
func number(v json.Token) (int64, bool) {
	s, ok := v.(string)
	if n, is := v.(json.Number); is {
		s, ok = n.String(), true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, ok && err == nil && n >= 0
}

// integrity reads the object of hashes; a value of another kind gives nil.
func (w *walker) integrity(depth int) (*Integrity, error) {
	t, err := w.d.Token()
	if err != nil {
		return nil, err
	}
	if t != json.Delim('{') {
		return nil, w.rest(t, depth)
	}
	in := &Integrity{}
	for w.d.More() {
		key, err := w.key()
		if err != nil {
			return nil, err
		}
		if key == "blocks" {
			if in.Blocks, err = w.texts(depth); err != nil {
				return nil, err
			}
			continue
		}
		v, err := w.scalar(depth)
		if err != nil {
			return nil, err
		}
		s, _ := v.(string)
		switch key {
		case "algorithm":
			in.Algorithm = s
		case "hash":
			in.Hash = s
		case "blockSize":
			in.BlockSize, _ = number(v)
		}
	}
	return in, w.delim('}')
}

// texts reads a list of strings; what is no string is left out.
func (w *walker) texts(depth int) ([]string, error) {
	t, err := w.d.Token()
	if err != nil {
		return nil, err
	}
	if t != json.Delim('[') {
		return nil, w.rest(t, depth)
	}
	var list []string
	for w.d.More() {
		v, err := w.scalar(depth)
		if err != nil {
			return nil, err
		}
		if s, ok := v.(string); ok {
			list = append(list, s)
		}
	}
	return list, w.delim(']')
}

func (w *walker) key() (string, error) {
	t, err := w.d.Token()
	s, ok := t.(string)
	if err == nil && !ok {
		err = w.bad("key is no string", nil, nil)
	}
	return s, err
}

func (w *walker) delim(c json.Delim) error {
	t, err := w.d.Token()
	if err == nil && t != c {
		err = w.bad("expected "+c.String(), fmt.Sprint(t), nil)
	}
	return err
}

// scalar reads a value; a list or an object is skipped and gives nil.
func (w *walker) scalar(depth int) (json.Token, error) {
	t, err := w.d.Token()
	if err != nil {
		return nil, err
	}
	if _, ok := t.(json.Delim); ok {
		return nil, w.rest(t, depth)
	}
	return t, nil
}

func (w *walker) skip(depth int) error {
	_, err := w.scalar(depth)
	return err
}

// rest skips what follows a token: nothing, or the inside of a list or object.
func (w *walker) rest(t json.Token, depth int) error {
	open := 0
	for {
		switch t {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'):
			open--
		}
		if open <= 0 {
			return nil
		}
		if int64(open+depth) > w.max.Depth {
			return &limit.Error{Limit: limit.Depth, Max: w.max.Depth, Value: int64(open + depth)}
		}
		var err error
		if t, err = w.d.Token(); err != nil {
			return err
		}
	}
}
