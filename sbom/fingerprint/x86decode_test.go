package fingerprint

import (
	"encoding/hex"
	"strings"
	"testing"
)

// bytesOf reads bytes written in hexadecimal.
func bytesOf(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// x86Vectors are instructions as an assembler makes them, each of a form of its own.
var x86Vectors = []string{
	"c3", "90", "66 90", "f3 90", "55", "41 57", "48 89 e5", "8b 04 24", "8b 44 24 08", "8b 84 24 00 01 00 00",
	"8b 04 25 00 00 00 00", "8b 05 00 00 00 00", "48 8d 3d 00 00 00 00", "c6 05 00 00 00 00 01", "48 c7 05 00 00 00 00 01 00 00 00",
	"66 c7 05 00 00 00 00 01 00", "66 81 c1 34 12", "81 c1 78 56 34 12", "83 c1 01", "b8 78 56 34 12", "66 b8 34 12",
	"48 b8 88 77 66 55 44 33 22 11", "b0 01", "a0 88 77 66 55 44 33 22 11", "67 a0 44 33 22 11", "e8 00 00 00 00", "e9 00 00 00 00",
	"eb 00", "74 00", "0f 84 00 00 00 00", "ff 15 00 00 00 00", "ff 25 00 00 00 00", "41 ff d3", "f6 c1 01", "f6 d9", "f7 c1 78 56 34 12",
	"66 f7 c1 34 12", "48 f7 d9", "c2 08 00", "c8 10 00 00", "68 78 56 34 12", "6a 01", "69 c0 78 56 34 12", "6b c0 07", "cd 80", "cc",
	"0f 05", "0f 0b", "0f a2", "0f af c1", "0f b6 c0", "0f ba e0 05", "0f a4 c1 04", "0f c8", "48 0f c9", "0f c2 c1 02", "0f c6 c1 02",
	"66 0f 70 c1 1b", "0f 77", "0f 1f 44 00 00", "66 2e 0f 1f 84 00 00 00 00 00", "f3 0f 1e fa", "f2 0f 10 05 00 00 00 00", "66 0f 6f 04 24",
	"66 0f 38 00 c1", "66 0f 3a 0f c1 08", "66 0f 3a 0f 0d 00 00 00 00 08", "f2 48 0f 38 f1 c1", "c5 f8 77", "c5 f9 6f 04 24",
	"c5 f9 70 c1 1b", "c4 e2 79 18 05 00 00 00 00", "c4 e3 7d 39 c1 01", "c4 e2 fb f7 c1", "62 f1 7c 48 10 04 24", "62 f1 7c 48 10 44 24 01",
	"62 f3 fd 48 3b c1 01", "62 f2 7d 48 18 05 00 00 00 00", "f0 0f b1 0f", "f0 48 0f c1 47 08", "f3 48 a5", "65 48 8b 04 25 28 00 00 00",
	"8f c0", "d9 05 00 00 00 00", "dd 44 24 08", "e4 10", "e3 00", "62 f5 7c 48 58 c1", "8f e9 78 e1 c1", "8f e8 78 c0 c1 05",
}

func TestX86Lengths(t *testing.T) {
	for _, v := range x86Vectors {
		b := bytesOf(v)
		var in x86Inst
		decodeX86(append(b[:len(b):len(b)], "\x90\x90\x90\x90\x90\x90\x90\x90"...), &in)
		if in.size != len(b) {
			t.Errorf("%s: %d bytes, want %d", v, in.size, len(b))
		}
		if decodeX86(b[:len(b)-1], &in); in.size >= len(b) {
			t.Errorf("%s, cut: %d bytes", v, in.size)
		}
	}
}

func TestX86NotDecodable(t *testing.T) {
	for _, v := range []string{"", "06", "62", "c4 e0", "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", "0f 0a", "ea 00", "48", "c4 ff 79 18"} {
		var in x86Inst
		if decodeX86(bytesOf(v), &in); in.size != 0 {
			t.Errorf("%s: %d bytes, want none", v, in.size)
		}
	}
}

func TestX86Fields(t *testing.T) {
	for _, c := range []struct {
		code            string
		near, jump, imm int
		wide            bool
	}{
		{"48 8d 3d 00 00 00 00", 3, 0, 0, false},
		{"48 c7 05 00 00 00 00 01 00 00 00", 3, 0, 7, false},
		{"c5 f9 6f 05 00 00 00 00", 4, 0, 0, false},
		{"e8 00 00 00 00", 0, 1, 0, false},
		{"0f 84 00 00 00 00", 0, 2, 0, false},
		{"81 c1 78 56 34 12", 0, 0, 2, false},
		{"48 b8 88 77 66 55 44 33 22 11", 0, 0, 2, true},
		{"8b 04 25 00 00 00 00", 0, 0, 0, false},
		{"83 3d 00 00 00 00 01", 2, 0, 0, false},
	} {
		var in x86Inst
		decodeX86(bytesOf(c.code), &in)
		if in.near != c.near || in.jump != c.jump || in.imm != c.imm || in.wide != c.wide {
			t.Errorf("%s: near %d jump %d imm %d wide %v, want %d %d %d %v", c.code, in.near, in.jump, in.imm, in.wide, c.near, c.jump, c.imm, c.wide)
		}
	}
}

// The short way and the long way agree wherever the short way answers.
func TestX86QuickAgrees(t *testing.T) {
	quick := 0
	b := make([]byte, 24)
	state := uint64(1)
	for op := range 1 << 16 {
		for _, rex := range []int{-1, 0x41, 0x48} {
			for i := range b {
				state = mix(state, uint64(i))
				b[i] = byte(state)
			}
			head := b
			if rex >= 0 {
				b[0], head = byte(rex), b[1:]
			}
			head[0], head[1] = byte(op>>8), byte(op)
			n := x86Quick(b)
			if n == 0 {
				continue
			}
			quick++
			var in x86Inst
			decodeX86(b, &in)
			x := x86{in: in}
			if in.size != n || in.near != 0 || in.jump != 0 || in.imm != 0 || x.skip() {
				t.Fatalf("% x: %d bytes, want %+v", b, n, in)
			}
		}
	}
	if quick < 50000 {
		t.Errorf("the short way answers %d times", quick)
	}
}
