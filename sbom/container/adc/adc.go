// Package adc unpacks Apple Data Compression, the byte code of old disk images
// (chunks of type 0x80000004).
//
// The format, as known from Apple's "ADC" in Disk Copy 6 and from 7-Zip's
// reader: a byte 1LLLLLLL is followed by L+1 literals; 00MMMMDD DDDDDDDD
// repeats M+3 bytes from D+1 bytes before; 01MMMMMM and 16 bits D, the high
// byte first, repeat M+4 bytes from D+1 bytes before. There is neither header
// nor end mark nor checksum: the data ends with the input.
//
// What it promises on hostile input: no panic, no more memory than the caller
// gave, time in proportion to the bytes written.
package adc

import (
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// format is what messages call these bytes.
const format = "adc"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any) *malformed.Error {
	return malformed.New(format, offset, what, value)
}

// Decode unpacks all of src into dst, whose length is the bound, and returns
// how many bytes it gave.
//
// Errors: *limit.Error of kind FileSize when dst is too short, else
// *malformed.Error. The contents of dst are then of no meaning.
func Decode(dst, src []byte) (int, error) {
	n := 0
	for at := 0; at < len(src); {
		s := step(src[at:])
		if s.size+s.literals > len(src)-at {
			return 0, fault(int64(len(src)), "data ends inside a step", io.ErrUnexpectedEOF)
		}
		if s.literals+s.match > len(dst)-n {
			top := int64(len(dst))
			return 0, &limit.Error{Limit: limit.FileSize, Max: top, Value: top + 1}
		}
		if s.match > 0 && s.distance > n {
			return 0, fault(int64(at), "match reaches before the beginning", s.distance)
		}
		n += copy(dst[n:], src[at+s.size:at+s.size+s.literals])
		for from := n - s.distance; s.match > 0; { // the ranges may lie over each other
			k := copy(dst[n:n+s.match], dst[from:n])
			n += k
			s.match -= k
		}
		at += s.size + s.literals
	}
	return n, nil
}

// instruction is one step: literals, or a match.
type instruction struct {
	size     int // bytes of the step, without its literals
	literals int
	match    int
	distance int
}

// step reads the step at b[0]. Operands that are not there read as zero: the
// caller compares size with the length of b.
func step(b []byte) instruction {
	op := int(b[0])
	var more [2]byte
	copy(more[:], b[1:])
	switch {
	case op&0x80 != 0:
		return instruction{size: 1, literals: op&0x7F + 1}
	case op&0x40 != 0:
		return instruction{size: 3, match: op&0x3F + 4, distance: int(more[0])<<8 | int(more[1]) + 1}
	}
	return instruction{size: 2, match: op>>2 + 3, distance: op&3<<8 | int(more[0]) + 1}
}
