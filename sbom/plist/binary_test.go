package plist

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/limit"
)

// list builds a binary list from objects, their table and a trailer.
func list(objects []string, top uint64, offsetSize, refSize int) []byte {
	out := []byte("bplist00")
	var offsets []uint64
	for _, o := range objects {
		offsets = append(offsets, uint64(len(out)))
		out = append(out, o...)
	}
	return table2(out, offsets, top, offsetSize, refSize)
}

func table2(out []byte, offsets []uint64, top uint64, offsetSize, refSize int) []byte {
	end := uint64(len(out))
	for _, o := range offsets {
		b := binary.BigEndian.AppendUint64(nil, o)
		out = append(out, b[8-offsetSize:]...)
	}
	out = append(out, 0, 0, 0, 0, 0, 0, byte(offsetSize), byte(refSize))
	out = binary.BigEndian.AppendUint64(out, uint64(len(offsets)))
	out = binary.BigEndian.AppendUint64(out, top)
	return binary.BigEndian.AppendUint64(out, end)
}

// laughs is a dictionary around n arrays, each of which holds the next twice.
func laughs(n int) []byte {
	objects := []string{"\xd1\x01\x02", "\x51a"}
	for i := range n {
		next := string([]byte{byte(i + 3)})
		objects = append(objects, "\xa2"+next+next)
	}
	return list(append(objects, "\x09"), 0, 1+n/40, 1)
}

func TestBinaryRefused(t *testing.T) {
	set := func(data []byte, fromEnd int, v uint64) []byte {
		binary.BigEndian.PutUint64(data[len(data)-fromEnd:], v)
		return data
	}
	plain := func() []byte { return list([]string{"\xd1\x01\x02", "\x51a", "\x09"}, 0, 1, 1) }
	if _, err := Parse(plain(), Options{}); err != nil {
		t.Fatalf("the list that the others are made from: %v", err)
	}
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
	tests := []struct {
		name string
		data []byte
		want any
	}{
		{"doubling", laughs(22), Values},
		{"doubling, beyond 64 bits", laughs(120), Values},
		{"chain", list(chain, 0, 2, 1), limit.Depth},
		{"contains itself", list([]string{"\xd1\x01\x00", "\x51a"}, 0, 1, 1), "contains itself"},
		{"contains itself by another", list([]string{"\xd1\x01\x02", "\x51a", "\xa1\x03", "\xa1\x02"}, 0, 1, 1), "contains itself"},
		{"strings over each other", table2([]byte("bplist00"+over), overlap, 0, 4, 2), "over each other"},
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
		{"reference to nothing", list([]string{"\xd1\x01\x09", "\x51a"}, 0, 1, 1), "does not exist"},
		{"offset in the table", table2([]byte("bplist00\xd1\x01\x02\x51a\x09"), []uint64{8, 11, 200}, 0, 1, 1), "outside the list"},
		{"offset in the header", table2([]byte("bplist00\xd1\x01\x02\x51a\x09"), []uint64{8, 11, 3}, 0, 1, 1), "outside the list"},
		{"long text", list([]string{"\xd1\x01\x02", "\x51a", "\x5f\x13\xff\xff\xff\xff\xff\xff\xff\xf0"}, 0, 1, 1), "outside the list"},
		{"long wide text", list([]string{"\xd1\x01\x02", "\x51a", "\x6f\x13\x80\x00\x00\x00\x00\x00\x00\x01"}, 0, 1, 1), "outside the list"},
		{"long dictionary", list([]string{"\xd1\x01\x02", "\x51a", "\xdf\x13\x80\x00\x00\x00\x00\x00\x00\x00"}, 0, 1, 1), "outside the list"},
		{"long array", list([]string{"\xd1\x01\x02", "\x51a", "\xaf\x13\x20\x00\x00\x00\x00\x00\x00\x00"}, 0, 1, 8), "outside the list"},
		{"length that is no integer", list([]string{"\xd1\x01\x02", "\x51a", "\x5f\x51a"}, 0, 1, 1), "length is not an integer"},
		{"length of 16 bytes", list([]string{"\xd1\x01\x02", "\x51a", "\x5f\x14" + strings.Repeat("\x00", 16)}, 0, 1, 1), "length is not an integer"},
		{"integer at the end", list([]string{"\xd1\x01\x02", "\x51a", "\x13\x00"}, 0, 1, 1), "outside the list"},
		{"integer of 32 bytes", list([]string{"\xd1\x01\x02", "\x51a", "\x15" + strings.Repeat("\x00", 32)}, 0, 1, 1), "size of a number"},
		{"real of one byte", list([]string{"\xd1\x01\x02", "\x51a", "\x20\x00"}, 0, 1, 1), "size of a number"},
		{"date at the end", list([]string{"\xd1\x01\x02", "\x51a", "\x33\x00"}, 0, 1, 1), "outside the list"},
		{"null", list([]string{"\xd1\x01\x02", "\x51a", "\x00"}, 0, 1, 1), "unknown type"},
		{"set", list([]string{"\xd1\x01\x02", "\x51a", "\xc1\x01"}, 0, 1, 1), "unknown type"},
		{"key that is no text", list([]string{"\xd1\x02\x01", "\x51a", "\x09"}, 0, 1, 1), "cannot be decoded"},
		{"array as root", list([]string{"\xa0"}, 0, 1, 1), "root is not a dictionary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.data, tt.want) })
	}
}

// A list of some 150 bytes that cost seconds and 288 MB elsewhere.
func TestSharedReferencesAreCountedOut(t *testing.T) {
	if n := len(laughs(22)); n > 200 {
		t.Fatalf("vector has %d bytes", n)
	}
	d, err := Parse(laughs(10), Options{})
	if err != nil {
		t.Fatalf("2,000 values are fine: %v", err)
	}
	n := 0
	var count func(v any)
	count = func(v any) {
		n++
		if l, ok := v.([]any); ok {
			for _, e := range l {
				count(e)
			}
		}
	}
	count(d["a"])
	if n != 1<<11-1 {
		t.Errorf("%d values, want %d", n, 1<<11-1)
	}
	if _, err := Parse(laughs(10), Options{Values: 1<<11 + 1}); err != nil {
		t.Errorf("bound of exactly the values: %v", err) // with the root and its key
	}
	if _, err := Parse(laughs(10), Options{Values: 1 << 11}); err == nil {
		t.Error("bound of one less passed")
	}
}
