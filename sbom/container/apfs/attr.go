package apfs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/kinbom/kinbom/sbom/limit"
)

// ErrNoAttr says that a file does not have an attribute.
var ErrNoAttr = errors.New("no such extended attribute")

// maxAttr is the most bytes of one attribute that are read. Nothing that code
// needs is near it. Resource forks are read with OpenResource, whatever their size.
const maxAttr = 16 << 20

// Attr reads an extended attribute of a file or folder. It gives an error that
// wraps ErrNoAttr when there is none of the name.
func (v *Volume) Attr(e Entry, name string) ([]byte, error) {
	var val []byte
	err := v.scanAttrs(e.ID, func(got string, raw []byte) error {
		if got != name {
			return nil
		}
		val = raw
		return errStop
	})
	if err == nil && val == nil {
		err = ErrNoAttr
	}
	if err != nil {
		return nil, fmt.Errorf("reading attribute %q of file %d: %w", name, e.ID, err)
	}
	return v.attrBytes(val)
}

// AttrNames lists the extended attributes of a file or folder, sorted. A
// symbolic link's target is not among them. Each is taken from the budget.
func (v *Volume) AttrNames(e Entry) ([]string, error) {
	var names []string
	err := v.scanAttrs(e.ID, func(name string, _ []byte) error {
		if err := v.c.budget.TakeEntries(1); err != nil {
			return err
		}
		if name != attrLink {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the attributes of file %d: %w", e.ID, err)
	}
	slices.Sort(names)
	return names, nil
}

func (v *Volume) scanAttrs(id uint64, visit func(name string, val []byte) error) error {
	if v.files == nil {
		return v.Err
	}
	where := func(key []byte) int { return compareRecord(key, id, recAttr, 0) }
	return v.files.scan(where, func(_ *node, key, val []byte) error { return visit(attrName(key), val) }, nil)
}

// attrBytes reads the value of an attribute, from its record or its stream.
func (v *Volume) attrBytes(val []byte) ([]byte, error) {
	s, data, err := attrValue(val)
	if err != nil || s == nil {
		return bytes.Clone(data), err
	}
	if s.size > maxAttr {
		return nil, &limit.Error{Limit: limit.FileSize, Max: maxAttr, Value: int64(min(s.size, 1<<63-1))}
	}
	r, err := v.open(*s)
	if err != nil {
		return nil, err
	}
	return limit.ReadN(r, int64(s.size))
}

// attrValue splits the value of an attribute: a stream, or the bytes themselves.
func attrValue(val []byte) (*stream, []byte, error) {
	if len(val) < 4 {
		return nil, nil, fault(-1, "attribute is too short", uint64(len(val)))
	}
	flags, size, data := le.Uint16(val), int(le.Uint16(val[2:])), val[4:]
	switch {
	case flags&attrStream != 0 && len(data) >= 16:
		return &stream{le.Uint64(data), le.Uint64(data[8:])}, nil, nil
	case flags&attrEmbedded != 0 && flags&attrStream == 0 && size <= len(data):
		return nil, data[:size:size], nil
	}
	return nil, nil, fault(-1, "attribute does not fit its record, flags are", uint64(flags))
}

// attrName is the name in an attribute's key: a length of two bytes with the
// zero at the end. A broken key has no name.
func attrName(key []byte) string {
	if len(key) < 10 {
		return ""
	}
	n := int(le.Uint16(key[8:]))
	if n == 0 || 10+n > len(key) {
		return ""
	}
	return string(bytes.TrimSuffix(key[10:10+n], []byte{0}))
}
