package nib

import (
	"bytes"
	"encoding/binary"
)

const archiveMagic = "NIBArchive"

// archiveHead is the size of the header: the magic and ten numbers.
const archiveHead = len(archiveMagic) + 10*4

// Types of values.
const (
	valueInt8 = iota
	valueInt16
	valueInt32
	valueInt64
	valueTrue
	valueFalse
	valueFloat
	valueDouble
	valueData
	valueNil
	valueObject
)

// fixed is how many bytes values of a type have.
var fixed = [...]int{valueInt8: 1, valueInt16: 2, valueInt32: 4, valueInt64: 8, valueFloat: 4, valueDouble: 8, valueObject: 4}

// value is one value of an object.
type value struct {
	key    uint32
	object int64 // the object that it refers to, or -1
	data   []byte
}

// object is one object: its class, and where its values are.
type object struct {
	class, first, count uint32
}

// archive is a NIBArchive. Its names are parts of the file.
type archive struct {
	b       []byte
	at      int // of what is read next
	keys    [][]byte
	classes [][]byte
	values  []value
	objects []object
	err     error
}

// archive takes in a NIBArchive.
func (c *collector) archive(b []byte, depth int) error {
	a := &archive{b: b}
	if a.parse(); a.err != nil {
		return a.err
	}
	for _, name := range a.classes {
		c.class(string(name))
	}
	for i := range a.objects {
		o := &a.objects[i]
		class := string(a.classes[o.class])
		for _, v := range a.values[o.first : o.first+o.count] {
			key := string(a.keys[v.key])
			if err := a.each(v, true, func(text []byte) error { return c.take(class, key, string(text)) }); err != nil {
				return err
			}
			if err := c.nested(v.data, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// each calls do with the texts that a value is: data, an object of a text, or,
// with lists, an object that holds several of these.
func (a *archive) each(v value, lists bool, do func(text []byte) error) error {
	if v.object < 0 {
		if len(v.data) == 0 || len(v.data) > maxText+1 {
			return nil
		}
		return do(bytes.TrimSuffix(v.data, []byte{0}))
	}
	o := &a.objects[v.object]
	if o.count > 1 && !lists {
		return nil
	}
	for _, in := range a.values[o.first : o.first+min(o.count, maxListed)] {
		switch key := string(a.keys[in.key]); {
		case in.object < 0 && key == "NS.bytes":
			if err := a.each(in, false, do); err != nil {
				return err
			}
		case in.object >= 0 && lists && key == "UINibEncoderEmptyKey":
			if err := a.each(in, false, do); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxListed is how many texts of one list are looked at: an object may be in
// many lists.
const maxListed = 64

// parse reads the parts in the order in which they refer to each other.
func (a *archive) parse() {
	if len(a.b) < archiveHead {
		a.err = fault(len(a.b), "ends within the header", nil)
		return
	}
	head := func(i int) uint32 { return binary.LittleEndian.Uint32(a.b[len(archiveMagic)+4*i:]) }
	if v := head(0); v != 1 {
		a.err = fault(len(archiveMagic), "version of the form is not known", v)
		return
	}
	if n := a.section(head(4), head(5), 1, "keys"); n > 0 {
		a.keys = make([][]byte, 0, n)
		for range n {
			a.keys = append(a.keys, a.bytes(a.varint()))
		}
	}
	if n := a.section(head(8), head(9), 2, "class names"); n > 0 {
		a.classes = make([][]byte, 0, n)
		for range n {
			size, others := a.varint(), a.varint()
			a.bytes(4 * min(others, 1<<24))
			a.classes = append(a.classes, bytes.TrimSuffix(a.bytes(size), []byte{0}))
		}
	}
	objects := uint64(head(2))
	if n := a.section(head(6), head(7), 2, "values"); n > 0 {
		a.values = make([]value, 0, n)
		for range n {
			a.values = append(a.values, a.value(objects))
		}
	}
	if n := a.section(head(2), head(3), 3, "objects"); n > 0 {
		a.objects = make([]object, 0, n)
		a.readObjects(n)
	}
}

// section goes to a part of the file and gives the number of its entries, which
// have at least so many bytes each.
func (a *archive) section(count, offset uint32, each uint64, what string) uint64 {
	if a.err != nil {
		return 0
	}
	if uint64(offset)+uint64(count)*each > uint64(len(a.b)) {
		a.err = fault(len(archiveMagic), "file has no room for its "+what, count)
		return 0
	}
	a.at = int(offset)
	return uint64(count)
}

// readObjects reads the objects. Together they have each value a few times at
// most, so that the work is bounded by the file.
func (a *archive) readObjects(n uint64) {
	left := 4*uint64(len(a.values)) + 64
	for range n {
		at := a.at
		class, first, count := a.varint(), a.varint(), a.varint()
		if a.err != nil {
			return
		}
		switch {
		case class >= uint64(len(a.classes)):
			a.err = fault(at, "object of a class that is not there", class)
		case first > uint64(len(a.values)) || count > uint64(len(a.values))-first:
			a.err = fault(at, "object has values that are not there", count)
		case count > left:
			a.err = fault(at, "objects share their values", count)
		}
		left -= min(count, left)
		a.objects = append(a.objects, object{uint32(class), uint32(first), uint32(count)})
	}
}

// value reads a value; objects is how many objects there are.
func (a *archive) value(objects uint64) value {
	at := a.at
	v := value{object: -1}
	key, kind := a.varint(), a.bytes(1)
	if a.err != nil {
		return v
	}
	if key >= uint64(len(a.keys)) {
		a.err = fault(at, "value of a key that is not there", key)
		return v
	}
	v.key = uint32(key)
	switch {
	case kind[0] == valueData:
		v.data = a.bytes(a.varint())
	case kind[0] == valueObject:
		if b := a.bytes(4); a.err == nil {
			if v.object = int64(binary.LittleEndian.Uint32(b)); uint64(v.object) >= objects {
				a.err = fault(at, "reference to an object that is not there", v.object)
			}
		}
	case int(kind[0]) < len(fixed):
		a.bytes(uint64(fixed[kind[0]]))
	default:
		a.err = fault(at, "value of unknown type", kind[0])
	}
	return v
}

// bytes is the next n bytes, or nil when the file ends before.
func (a *archive) bytes(n uint64) []byte {
	if a.err != nil {
		return nil
	}
	if n > uint64(len(a.b)-a.at) {
		a.err = fault(a.at, "reaches outside the file", n)
		return nil
	}
	out := a.b[a.at : a.at+int(n) : a.at+int(n)]
	a.at += int(n)
	return out
}

// varint is a number in groups of seven bits, lowest first; the last byte has its
// highest bit set.
func (a *archive) varint() uint64 {
	n := uint64(0)
	for shift := 0; shift < 35; shift += 7 {
		b := a.bytes(1)
		if a.err != nil {
			return 0
		}
		n |= uint64(b[0]&0x7f) << shift
		if b[0]&0x80 != 0 {
			return n
		}
	}
	a.err = fault(a.at, "number without an end", nil)
	return 0
}
