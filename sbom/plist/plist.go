// Package plist reads property lists (XML and binary) within a budget.
//
// What it promises on hostile input: Parse returns a Dict or an error and never
// panics, overflows the stack or hangs. Before the parser proper sees a list,
// a pass of our own has walked it: size, nesting and the number of values are
// bounded, for a binary list after its shared references are counted out as
// often as they are used; cycles and ranges outside the file are refused. XML
// with an internal DTD subset, the place of entities, is refused. The old text
// form (OpenStep, GNUstep) is not read.
//
// The getters of Dict take what odd tools write (a number as a version, "YES"
// for a boolean) and give "nothing" for what has another type.
package plist

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
	"howett.net/plist"
)

// Options bound one list. A field that is zero or less stands for its default.
type Options struct {
	Size   int64 // most bytes; default 1 MiB
	Depth  int   // most nested containers; default 128
	Values int   // most values, keys included; default 200,000
}

func (o Options) withDefaults() Options {
	if o.Size <= 0 {
		o.Size = 1 << 20
	}
	if o.Depth <= 0 {
		o.Depth = 128
	}
	if o.Values <= 0 {
		o.Values = 200_000
	}
	o.Values = min(o.Values, math.MaxInt32-1)
	return o
}

// Kind of limit that only property lists have: values, each counted as often as
// it is referred to.
const Values limit.Kind = "property list values"

// format is what messages call these bytes.
const format = "property list"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any) *malformed.Error {
	return malformed.New(format, offset, what, value)
}

// Parse reads an XML or binary property list whose root is a dictionary.
//
// Errors: *limit.Error when a bound of o is hit, else *malformed.Error.
func Parse(data []byte, o Options) (Dict, error) {
	o = o.withDefaults()
	if n := int64(len(data)); n > o.Size {
		return nil, &limit.Error{Limit: limit.FileSize, Max: o.Size, Value: n}
	}
	var err error
	if bytes.HasPrefix(data, []byte("bplist")) {
		err = checkBinary(data, o)
	} else if data, err = toUTF8(data); err == nil {
		err = checkXML(data, o)
	}
	if err != nil {
		return nil, err
	}
	root, err := decode(data)
	if err != nil {
		return nil, err
	}
	d, ok := root.(map[string]any)
	if !ok {
		return nil, fault(-1, "root is not a dictionary", fmt.Sprintf("%T", root))
	}
	return Dict(d), nil
}

// decode calls the parser proper. It reports its own mistakes as panics with
// runtime errors: those become errors here.
func decode(data []byte) (root any, err error) {
	defer func() {
		if v := recover(); v != nil {
			root, err = nil, fault(-1, "cannot be decoded", fmt.Sprint(v))
		}
	}()
	if _, err := plist.Unmarshal(data, &root); err != nil {
		return nil, fault(-1, "cannot be decoded", errText(err))
	}
	return root, nil
}

// errText is the text of the innermost error, at most 200 bytes.
func errText(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	s := err.Error()
	return s[:min(len(s), 200)]
}
