// Package plisttest writes property lists for tests, XML and binary, sound and
// hostile. It writes what it is told.
package plisttest

import "encoding/binary"

// Head is what comes before the root of an XML list.
const Head = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
`

// Wrap makes an XML list.
func Wrap(body string) string { return Head + `<plist version="1.0">` + body + `</plist>` }

// Sample is a sound dictionary with a value of each kind that has no bytes.
const Sample = `<dict><key>Name</key><string>Fjord &amp; Møwe</string><key>N</key><integer>7</integer>
<key>R</key><real>1.5</real><key>T</key><true/><key>L</key><array><string>a</string><dict><key>x</key><string>y</string></dict></array></dict>`

// List builds a binary list from objects, their table and a trailer.
func List(objects []string, top uint64, offsetSize, refSize int) []byte {
	out := []byte("bplist00")
	var offsets []uint64
	for _, o := range objects {
		offsets = append(offsets, uint64(len(out)))
		out = append(out, o...)
	}
	return Table(out, offsets, top, offsetSize, refSize)
}

// Table is List for objects that are laid out already.
func Table(out []byte, offsets []uint64, top uint64, offsetSize, refSize int) []byte {
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

// Laughs is a dictionary around n arrays, each of which holds the next twice.
func Laughs(n int) []byte {
	objects := []string{"\xd1\x01\x02", "\x51a"}
	for i := range n {
		next := string([]byte{byte(i + 3)})
		objects = append(objects, "\xa2"+next+next)
	}
	return List(append(objects, "\x09"), 0, 1+n/40, 1)
}
