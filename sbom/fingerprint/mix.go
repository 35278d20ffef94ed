package fingerprint

import (
	"encoding/binary"
	"math/bits"
)

// Marks and features are digests of 64 bits made by one step: exclusive-or with
// the state, multiply to 128 bits, fold the halves. Each step carries every bit
// of its input to every bit of the state. The constants are odd and fixed, they
// belong to Algorithm: a test holds the result of known inputs.
const (
	mixState  = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	mixEnd    = 0xd6e8feb86659fd93
	mixBytes  = 0xa0761d6478bd642f
	mixLength = 0xe7037ed1a0b428db
)

// mix takes one token into the state. What does not wait for the state is done
// with first: a pass takes as long as the states need that follow each other.
func mix(state, token uint64) uint64 {
	hi, lo := bits.Mul64(state^(token^mixBytes), mixState)
	return hi ^ lo
}

// finish closes a state with the number of its tokens.
func finish(state, count uint64) uint64 {
	hi, lo := bits.Mul64(state^mixEnd, count^mixLength)
	return mix(hi^lo, mixEnd)
}

// digest is the hash of bytes, 8 at a time. Different kinds of one content differ.
func digest(kind uint64, b []byte) uint64 {
	state, n := mix(mixLength, kind), uint64(len(b))
	hi, lo := state, uint64(0) // the state is their exclusive-or; lo is there before hi
	for ; len(b) >= 8; b = b[8:] {
		hi, lo = bits.Mul64(hi^(lo^(binary.LittleEndian.Uint64(b)^mixBytes)), mixState)
	}
	state = hi ^ lo
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		state = mix(state, binary.LittleEndian.Uint64(last[:]))
	}
	return finish(state, n)
}
