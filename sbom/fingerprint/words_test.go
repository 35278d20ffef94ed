package fingerprint

import "encoding/binary"

// words are instructions of arm64 as bytes.
func words(list ...uint32) []byte {
	var b []byte
	for _, w := range list {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}
