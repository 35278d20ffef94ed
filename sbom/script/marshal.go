package script

import (
	"encoding/binary"
	"strconv"

	"github.com/kinbom/kinbom/sbom"
)

// Bounds of reading Python's marshal format.
const (
	maxMarshalDepth = 200
	maxMarshalItems = 2_000_000
	flagRef         = 0x80
)

// marshal reads Python's own format of code and constants (Python/marshal.c,
// versions 2 to 5 of the format): type bytes and little-endian values. Only
// texts are kept. Code objects have other fields in other versions of Python;
// they are read by the version that the file's magic number names.
type marshal struct {
	b     []byte
	at    int
	py    version
	items int
	refs  []object // objects that later ones refer to
	bad   bool     // the bytes are not what they should be
	found func(code *code)
}

// version is a version of Python: 3.11 is {3, 11}.
type version struct{ major, minor int }

func (v version) least(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

// object is a text or a tuple of objects; anything else is nothing.
type object struct {
	text  []byte
	at    int64 // of the text in the bytes; -1: no text
	num   int   // a small number, with isNum
	isNum bool
	tuple []object
	place sbom.Span // of a tuple in the bytes
}

// code is what a code object says.
type code struct {
	code   []byte // instructions
	consts []object
	names  []object
	name   object
}

func (m *marshal) fail() object {
	m.bad = true
	return object{at: -1}
}

func (m *marshal) take(n int) []byte {
	if m.bad || n < 0 || n > len(m.b)-m.at {
		m.bad = true
		return nil
	}
	out := m.b[m.at : m.at+n]
	m.at += n
	return out
}

func (m *marshal) byte() int {
	if b := m.take(1); b != nil {
		return int(b[0])
	}
	return 0
}

func (m *marshal) int32() int {
	if b := m.take(4); b != nil {
		return int(int32(binary.LittleEndian.Uint32(b)))
	}
	return 0
}

// object reads one object.
func (m *marshal) object(depth int) object {
	if m.items++; depth > maxMarshalDepth || m.items > maxMarshalItems {
		return m.fail()
	}
	t := m.byte()
	if m.bad {
		return object{at: -1}
	}
	ref := -1
	if t&flagRef != 0 && t != flagRef|'r' {
		ref = len(m.refs)
		m.refs = append(m.refs, object{at: -1})
	}
	o := m.value(byte(t&^flagRef), depth)
	if ref >= 0 {
		m.refs[ref] = o
	}
	return o
}

func (m *marshal) value(t byte, depth int) object {
	none := object{at: -1}
	switch t {
	case '0', 'N', 'F', 'T', 'S', '.':
		return none
	case 'i':
		none.num, none.isNum = m.int32(), true
	case 'I', 'g':
		m.take(8)
	case 'y':
		m.take(16)
	case 'f':
		m.take(m.byte())
	case 'x':
		m.take(m.byte())
		m.take(m.byte())
	case 'l':
		n := m.int32()
		if n < 0 {
			n = -n
		}
		m.take(2 * n)
	case 's', 'u', 'a', 'A':
		return m.text(m.int32(), false)
	case 't':
		return m.text(m.int32(), m.py.major == 2)
	case 'z', 'Z':
		return m.text(m.byte(), false)
	case 'R', 'r': // an interned text of Python 2, or an object of Python 3
		if i := m.int32(); i >= 0 && i < len(m.refs) {
			return m.refs[i]
		}
		return m.fail()
	case '(', '[', '<', '>':
		return m.list(m.int32(), depth)
	case ')':
		return m.list(m.byte(), depth)
	case '{':
		for !m.bad && m.at < len(m.b) && m.b[m.at] != '0' {
			none.tuple = append(none.tuple, object{at: -1, tuple: []object{m.object(depth + 1), m.object(depth + 1)}})
		}
		m.take(1)
	case ':': // a slice, since 3.14
		for range 3 {
			none.tuple = append(none.tuple, m.object(depth+1))
		}
	case 'c':
		m.code(depth)
	default:
		return m.fail()
	}
	return none
}

func (m *marshal) text(n int, interned bool) object {
	at := m.at
	o := object{text: m.take(n), at: int64(at)}
	if interned {
		m.refs = append(m.refs, o)
	}
	return o
}

func (m *marshal) list(n, depth int) object {
	if n < 0 || n > len(m.b)-m.at { // every element has a byte
		return m.fail()
	}
	o := object{at: -1}
	from := m.at
	for range n {
		if m.bad {
			break
		}
		o.tuple = append(o.tuple, m.object(depth+1))
	}
	o.place = sbom.Span{Offset: int64(from), Length: int64(m.at - from)}
	return o
}

// code reads a code object (Objects/codeobject.c): counts, the instructions,
// constants, names, and what debuggers want.
func (m *marshal) code(depth int) {
	numbers := 4 // argcount, nlocals, stacksize, flags
	switch {
	case m.py.least(3, 11):
		numbers = 5 // argcount, posonlyargcount, kwonlyargcount, stacksize, flags
	case m.py.least(3, 8):
		numbers = 6
	case m.py.major == 3:
		numbers = 5
	}
	m.take(4 * numbers)
	c := &code{}
	c.code = m.object(depth + 1).text
	c.consts = m.object(depth + 1).tuple
	c.names = m.object(depth + 1).tuple
	if m.py.least(3, 11) {
		m.object(depth + 1) // local variables
		m.object(depth + 1) // their kinds
		m.object(depth + 1) // file name
		c.name = m.object(depth + 1)
		m.object(depth + 1) // qualified name
		m.take(4)
		m.object(depth + 1) // lines
		m.object(depth + 1) // exceptions
	} else {
		for range 4 { // local, free and cell variables, file name
			m.object(depth + 1)
		}
		c.name = m.object(depth + 1)
		m.take(4)
		m.object(depth + 1)
	}
	if !m.bad && m.found != nil {
		m.found(c)
	}
}

// span is where a text lies in a file, when the bytes do from base on.
func (o object) span(base int64) sbom.Span {
	return sbom.Span{Offset: base + o.at, Length: int64(len(o.text))}
}

// versionOf is the version of Python that a magic number of compiled code belongs
// to (Lib/importlib/_bootstrap_external.py): the numbers rise with each version.
func versionOf(magic uint16) (version, bool) {
	if magic >= 62000 && magic < 63000 {
		return version{2, 7}, true
	}
	for _, v := range []struct {
		from  uint16
		minor int
	}{{3600, 14}, {3550, 13}, {3500, 12}, {3450, 11}, {3430, 10}, {3420, 9}, {3400, 8}, {3390, 7}, {3360, 6}, {3310, 5}, {3250, 4}, {3190, 3}} {
		if magic >= v.from && magic < v.from+50 {
			return version{3, v.minor}, true
		}
	}
	return version{}, false
}

func (v version) String() string { return strconv.Itoa(v.major) + "." + strconv.Itoa(v.minor) }
