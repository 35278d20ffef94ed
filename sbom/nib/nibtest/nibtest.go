// Package nibtest writes nibs for tests: the archive of UIKit and keyed archives.
// It writes what it is told.
package nibtest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/plist/plisttest"
)

// Object is one object: its class and the texts that it has under keys, in order:
// key, text, key, text. A key that begins with "data:" has its text as data.
type Object struct {
	Class string
	Texts []string
}

// Archive writes a NIBArchive. Texts are objects of their own, as they are there.
func Archive(objects ...Object) []byte {
	var keys, classes []string
	index := func(list *[]string, s string) int {
		if i := slices.Index(*list, s); i >= 0 {
			return i
		}
		*list = append(*list, s)
		return len(*list) - 1
	}
	type entry struct{ class, first, count int }
	var list []entry
	var values []string
	text := len(objects) // number of the next object that is a text
	var texts []string
	for _, o := range objects {
		e := entry{index(&classes, o.Class), len(values), len(o.Texts) / 2}
		for i := 0; i < len(o.Texts); i += 2 {
			if key, ok := strings.CutPrefix(o.Texts[i], "data:"); ok {
				values = append(values, Varint(index(&keys, key))+"\x08"+Varint(len(o.Texts[i+1]))+o.Texts[i+1])
				continue
			}
			values = append(values, Varint(index(&keys, o.Texts[i]))+"\x0a"+string(binary.LittleEndian.AppendUint32(nil, uint32(text))))
			texts = append(texts, o.Texts[i+1])
			text++
		}
		list = append(list, e)
	}
	for _, t := range texts {
		list = append(list, entry{index(&classes, "NSString"), len(values), 1})
		values = append(values, Varint(index(&keys, "NS.bytes"))+"\x08"+Varint(len(t))+t)
	}
	var parts [4]string
	for _, e := range list {
		parts[0] += Varint(e.class) + Varint(e.first) + Varint(e.count)
	}
	for _, k := range keys {
		parts[1] += Varint(len(k)) + k
	}
	parts[2] = strings.Join(values, "")
	for _, c := range classes {
		parts[3] += Varint(len(c)+1) + Varint(0) + c + "\x00"
	}
	out := []byte("NIBArchive")
	out = binary.LittleEndian.AppendUint32(out, 1)
	out = binary.LittleEndian.AppendUint32(out, 9)
	at := 50
	for i, n := range []int{len(list), len(keys), len(values), len(classes)} {
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
		out = binary.LittleEndian.AppendUint32(out, uint32(at))
		at += len(parts[i])
	}
	return append(out, strings.Join(parts[:], "")...)
}

// Varint is a number in groups of seven bits, lowest first; the highest bit ends it.
func Varint(n int) string {
	var out []byte
	for ; n > 0x7f; n >>= 7 {
		out = append(out, byte(n&0x7f))
	}
	return string(append(out, byte(n)|0x80))
}

// Keyed writes a keyed archive as a binary property list.
func Keyed(objects ...Object) []byte {
	l := &binaryList{}
	refs := []int{l.text("$null")}
	number := map[string]int{} // of a class among the archive's objects
	add := func(o string) int {
		l.objects = append(l.objects, o)
		refs = append(refs, len(l.objects)-1)
		return len(refs) - 1
	}
	for _, o := range objects {
		class, ok := number[o.Class]
		if !ok {
			class = add(l.dict("$classname", l.text(o.Class)))
			number[o.Class] = class
		}
		members := []any{"$class", l.uid(class)}
		for i := 0; i < len(o.Texts); i += 2 {
			if key, ok := strings.CutPrefix(o.Texts[i], "data:"); ok {
				l.objects = append(l.objects, sized(0x40, len(o.Texts[i+1]))+o.Texts[i+1])
				members = append(members, key, len(l.objects)-1)
				continue
			}
			t := l.text(o.Texts[i+1])
			refs = append(refs, t)
			members = append(members, o.Texts[i], l.uid(len(refs)-1))
		}
		add(l.dict(members...))
	}
	list := sized(0xa0, len(refs))
	for _, r := range refs {
		list += short(r)
	}
	l.objects = append(l.objects, list)
	all, name := len(l.objects)-1, l.text("NSKeyedArchiver")
	root := l.dict("$archiver", name, "$objects", all)
	l.objects = append(l.objects, root)
	return plisttest.List(l.objects, uint64(len(l.objects)-1), 4, 2)
}

// binaryList is the objects of a binary property list.
type binaryList struct{ objects []string }

func (l *binaryList) text(s string) int {
	l.objects = append(l.objects, sized(0x50, len(s))+s)
	return len(l.objects) - 1
}

func (l *binaryList) uid(n int) int {
	l.objects = append(l.objects, "\x81"+short(n))
	return len(l.objects) - 1
}

// dict is a dictionary of keys and numbers of objects.
func (l *binaryList) dict(members ...any) string {
	keys, values := "", ""
	for i := 0; i < len(members); i += 2 {
		keys += short(l.text(fmt.Sprint(members[i])))
		values += short(members[i+1].(int))
	}
	return sized(0xd0, len(members)/2) + keys + values
}

func sized(tag, n int) string {
	if n < 15 {
		return string([]byte{byte(tag | n)})
	}
	return string([]byte{byte(tag | 15), 0x12, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func short(n int) string { return string([]byte{byte(n >> 8), byte(n)}) }
