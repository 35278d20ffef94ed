package plisttest

import (
	"encoding/binary"
	"strings"
)

// Hostile is a list that no honest writer made.
type Hostile struct {
	Name string
	Data []byte
	Want string // part of what a reader must say of it
}

// XML are hostile XML lists and what is taken for them.
func XML() []Hostile {
	deep := func(n int) string {
		return Wrap("<dict><key>k</key>" + strings.Repeat("<array>", n) + strings.Repeat("</array>", n) + "</dict>")
	}
	return []Hostile{
		{"empty", []byte(""), "too early"},
		{"text form", []byte(`{ a = b; }`), "too early"},
		{"deep text form", []byte(strings.Repeat("(", 900_000)), "too early"},
		{"text form after an end tag", []byte("</a>" + strings.Repeat("(", 900_000)), "not well-formed"},
		{"too large", []byte(Wrap("<dict><key>k</key><string>" + strings.Repeat("x", 1<<20) + "</string></dict>")), "limit on file size"},
		{"nested deeply", []byte(deep(60_000)), "limit on depth"},
		{"nested deeply, never closed", []byte(Head + "<plist>" + strings.Repeat("<array>", 100_000)), "limit on depth"},
		{"nested inside a string", []byte(Wrap("<dict><key>k</key><string>" + strings.Repeat("<string>", 50_000))), "limit on depth"},
		{"entities", []byte(`<!DOCTYPE plist [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><plist><dict><key>k</key><string>&b;</string></dict></plist>`), "DTD subset"},
		{"unknown entity", []byte(Wrap("<dict><key>k</key><string>&b;</string></dict>")), "not well-formed"},
		{"root element", []byte("<html><body/></html>"), "root element is not plist"},
		{"unknown element", []byte(Wrap("<dict><key>k</key><blink/></dict>")), "unknown element"},
		{"plist in plist", []byte(Wrap("<dict><key>k</key><plist><string/></plist></dict>")), "unknown element"},
		{"array as root", []byte(Wrap("<array/>")), "root is not a dictionary"},
		{"no root", []byte(Wrap("")), "root is not a dictionary"},
		{"key without value", []byte(Wrap("<dict><key>k</key></dict>")), "cannot be decoded"},
		{"cut", []byte(Wrap(Sample)[:300]), "not well-formed"},
		{"tags crossed", []byte(Wrap("<dict><key>a</dict></key>")), "not well-formed"},
		{"odd encoding", []byte(`<?xml version="1.0" encoding="EBCDIC"?><plist><dict/></plist>`), "encoding is not known"},
		{"false utf-16", []byte(`<?xml version="1.0" encoding="UTF-16"?><plist><dict/></plist>`), "declared as UTF-16"},
		{"half a character", []byte("\xfe\xff\x00"), "half a UTF-16"},
		{"not utf-8", []byte("<plist><dict><key>\xff</key><true/></dict></plist>"), "not well-formed"},
	}
}

// Plain is the sound binary list that hostile ones are made from.
func Plain() []byte { return List([]string{"\xd1\x01\x02", "\x51a", "\x09"}, 0, 1, 1) }

// Binary are hostile binary lists.
func Binary() []Hostile {
	set := func(data []byte, fromEnd int, v uint64) []byte {
		binary.BigEndian.PutUint64(data[len(data)-fromEnd:], v)
		return data
	}
	plain := Plain
	chain := make([]string, 0, 250) // array in array in array
	chain = append(chain, "\xd1\x01\x02", "\x51a")
	for i := range 200 {
		chain = append(chain, "\xa1"+string([]byte{byte(i + 3)}))
	}
	chain = append(chain, "\xa0")
	over := "\xd1\x00\x01\x00\x02\x51a\xaf\x11\x27\x10" // an array of 10,000 strings that all lie over one text
	for i := range 10_000 {
		over += string([]byte{byte((i + 3) >> 8), byte(i + 3)})
	}
	base := uint64(len(over)) + 8
	over += strings.Repeat("\x6f\x11\x10\x10", 10_000)
	overlap := []uint64{8, 13, 15}
	for i := range uint64(10_000) {
		overlap = append(overlap, base+4*i)
	}
	return []Hostile{
		{"doubling", Laughs(22), "limit on property list values"},
		{"doubling, beyond 64 bits", Laughs(120), "limit on property list values"},
		{"chain", List(chain, 0, 2, 1), "limit on depth"},
		{"contains itself", List([]string{"\xd1\x01\x00", "\x51a"}, 0, 1, 1), "contains itself"},
		{"contains itself by another", List([]string{"\xd1\x01\x02", "\x51a", "\xa1\x03", "\xa1\x02"}, 0, 1, 1), "contains itself"},
		{"strings over each other", Table([]byte("bplist00"+over), overlap, 0, 4, 2), "over each other"},
		{"too short", plain()[:30], "too short"},
		{"cut", plain()[1:], "not well-formed"},
		{"version", []byte(strings.Replace(string(plain()), "bplist00", "bplist15", 1)), "unknown version"},
		{"no objects", set(plain(), 24, 0), "number of objects"},
		{"more objects than offsets", set(plain(), 24, 4), "number of objects"},
		{"objects that overflow", set(plain(), 24, 1<<63), "number of objects"},
		{"root", set(plain(), 16, 3), "root is no object"},
		{"table before the objects", set(plain(), 8, 0), "outside the file"},
		{"table beyond the end", set(plain(), 8, 1<<60), "outside the file"},
		{"offset of no bytes", func() []byte { d := plain(); d[len(d)-26] = 0; return d }(), "size of an offset"},
		{"reference of 16 bytes", func() []byte { d := plain(); d[len(d)-25] = 16; return d }(), "size of a reference"},
		{"reference to nothing", List([]string{"\xd1\x01\x09", "\x51a"}, 0, 1, 1), "does not exist"},
		{"offset in the table", Table([]byte("bplist00\xd1\x01\x02\x51a\x09"), []uint64{8, 11, 200}, 0, 1, 1), "outside the list"},
		{"offset in the header", Table([]byte("bplist00\xd1\x01\x02\x51a\x09"), []uint64{8, 11, 3}, 0, 1, 1), "outside the list"},
		{"long text", List([]string{"\xd1\x01\x02", "\x51a", "\x5f\x13\xff\xff\xff\xff\xff\xff\xff\xf0"}, 0, 1, 1), "outside the list"},
		{"long wide text", List([]string{"\xd1\x01\x02", "\x51a", "\x6f\x13\x80\x00\x00\x00\x00\x00\x00\x01"}, 0, 1, 1), "outside the list"},
		{"long dictionary", List([]string{"\xd1\x01\x02", "\x51a", "\xdf\x13\x80\x00\x00\x00\x00\x00\x00\x00"}, 0, 1, 1), "outside the list"},
		{"long array", List([]string{"\xd1\x01\x02", "\x51a", "\xaf\x13\x20\x00\x00\x00\x00\x00\x00\x00"}, 0, 1, 8), "outside the list"},
		{"length that is no integer", List([]string{"\xd1\x01\x02", "\x51a", "\x5f\x51a"}, 0, 1, 1), "length is not an integer"},
		{"length of 16 bytes", List([]string{"\xd1\x01\x02", "\x51a", "\x5f\x14" + strings.Repeat("\x00", 16)}, 0, 1, 1), "length is not an integer"},
		{"integer at the end", List([]string{"\xd1\x01\x02", "\x51a", "\x13\x00"}, 0, 1, 1), "outside the list"},
		{"integer of 32 bytes", List([]string{"\xd1\x01\x02", "\x51a", "\x15" + strings.Repeat("\x00", 32)}, 0, 1, 1), "size of a number"},
		{"real of one byte", List([]string{"\xd1\x01\x02", "\x51a", "\x20\x00"}, 0, 1, 1), "size of a number"},
		{"date at the end", List([]string{"\xd1\x01\x02", "\x51a", "\x33\x00"}, 0, 1, 1), "outside the list"},
		{"null", List([]string{"\xd1\x01\x02", "\x51a", "\x00"}, 0, 1, 1), "unknown type"},
		{"set", List([]string{"\xd1\x01\x02", "\x51a", "\xc1\x01"}, 0, 1, 1), "unknown type"},
		{"key that is no text", List([]string{"\xd1\x02\x01", "\x51a", "\x09"}, 0, 1, 1), "cannot be decoded"},
		{"array as root", List([]string{"\xa0"}, 0, 1, 1), "root is not a dictionary"},
	}
}
