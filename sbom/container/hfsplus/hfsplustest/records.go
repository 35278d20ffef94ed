package hfsplustest

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf16"
)

// entry is a record of a tree: its key, without the length, and its body.
type entry struct{ key, body []byte }

// units is a name as volumes have it.
func units(name string) []uint16 {
	u := utf16.Encode([]rune(name))
	for i, c := range u {
		switch c {
		case ':':
			u[i] = '/'
		case 0x2400:
			u[i] = 0
		}
	}
	return u
}

func nameRecord(name string) []byte {
	u := units(name)
	p := binary.BigEndian.AppendUint16(nil, uint16(len(u)))
	for _, c := range u {
		p = binary.BigEndian.AppendUint16(p, c)
	}
	return p
}

func catalogKey(parent uint32, name string) []byte { return append(u32(parent), nameRecord(name)...) }

func attrKey(id uint32, name string, block uint32) []byte {
	p := append([]byte{0, 0}, u32(id)...)
	return append(append(p, u32(block)...), nameRecord(name)...)
}

// FolderBody is the record of a folder.
func FolderBody(id uint32, mode uint16) []byte {
	p := make([]byte, 88)
	p[1] = 1
	binary.BigEndian.PutUint32(p[8:], id)
	dates(p)
	binary.BigEndian.PutUint16(p[42:], mode)
	return p
}

// FileBody is the record of an empty file. Mode 0 becomes a regular file's.
func FileBody(id uint32, mode uint16) []byte {
	if mode == 0 {
		mode = 0o100644
	}
	p := make([]byte, 248)
	p[1], p[3] = 2, 2 // a thread record exists
	binary.BigEndian.PutUint32(p[8:], id)
	dates(p)
	binary.BigEndian.PutUint16(p[42:], mode)
	binary.BigEndian.PutUint32(p[44:], 1)
	return p
}

// ThreadBody is a thread record: kind 3 of a folder, 4 of a file.
func ThreadBody(kind byte, parent uint32, name string) []byte {
	return append(append([]byte{0, kind, 0, 0}, u32(parent)...), nameRecord(name)...)
}

// Link turns a file's record into one of the given type and creator that leads
// to a number.
func Link(body []byte, kind, maker string, number uint32) {
	binary.BigEndian.PutUint32(body[44:], number)
	copy(body[48:], kind+maker)
}

func dates(p []byte) {
	for at := 12; at < 32; at += 4 {
		binary.BigEndian.PutUint32(p[at:], stamp)
	}
}

// compareCatalog orders by parent and name. Letters outside ASCII are folded
// like Unicode does, which is near enough to the volume's table for tests.
func (b *builder) compareCatalog(x, y entry) int {
	if c := bytes.Compare(x.key[:4], y.key[:4]); c != 0 {
		return c
	}
	if b.X && b.Sensitive {
		return bytes.Compare(x.key[6:], y.key[6:])
	}
	return bytes.Compare(folded(x.key[6:]), folded(y.key[6:]))
}

func folded(name []byte) (out []byte) {
	for i := 0; i+1 < len(name); i += 2 {
		c := binary.BigEndian.Uint16(name[i:])
		switch {
		case c == 0:
			c = 0xffff
		case c >= 0x200c && c <= 0x200f, c >= 0x202a && c <= 0x202e, c >= 0x206a && c <= 0x206f, c == 0xfeff:
			continue
		case c < 0x600:
			c = uint16(unicode.ToLower(rune(c)))
		}
		out = binary.BigEndian.AppendUint16(out, c)
	}
	return out
}

func compareExtents(x, y entry) int {
	order := func(k []byte) []byte { return append(append(bytes.Clone(k[2:6]), k[0]), k[6:]...) }
	return bytes.Compare(order(x.key), order(y.key))
}

func compareAttr(x, y entry) int {
	if c := bytes.Compare(x.key[2:6], y.key[2:6]); c != 0 {
		return c
	}
	if c := bytes.Compare(x.key[12:], y.key[12:]); c != 0 {
		return c
	}
	return bytes.Compare(x.key[6:10], y.key[6:10])
}
