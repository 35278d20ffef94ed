package fingerprint

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// short writes a step as the registers and numbers that it names.
func (s Step) short() string {
	names := [...]string{"forget", "move", "number", "add", "mix", "load", "store", "copy", "call", "callword", "callfrom", "jump", "branch", "jumpword", "jumpfrom", "return", "stop"}
	reg := func(r uint8) string {
		if r == NoRegister {
			return "-"
		}
		return fmt.Sprint(r)
	}
	return fmt.Sprintf("%s %s %s %s %s %#x", names[s.Do], reg(s.To), reg(s.From), reg(s.Base), reg(s.Index), s.Value)
}

// Encodings as llvm-mc gives them.
func TestSteps(t *testing.T) {
	const at = 0x1000
	for _, x := range []struct {
		arch, text string
		code       []byte
		want       []string
	}{
		{"arm64", "adrp x0, #0x2000", []byte{0x00, 0x00, 0x00, 0xd0}, []string{"number 0 - - - 0x3000"}},
		{"arm64", "add x1, sp, #16", []byte{0xe1, 0x43, 0x00, 0x91}, []string{"add 1 31 - - 0x10"}},
		{"arm64", "sub sp, sp, #32", []byte{0xff, 0x83, 0x00, 0xd1}, []string{"add 31 31 - - 0xffffffffffffffe0"}},
		{"arm64", "mov x19, x2", []byte{0xf3, 0x03, 0x02, 0xaa}, []string{"move 19 2 - - 0x0"}},
		{"arm64", "cmp x0, x1", []byte{0x1f, 0x00, 0x01, 0xeb}, nil},
		{"arm64", "csel x0, x1, x2, eq", []byte{0x20, 0x00, 0x82, 0x9a}, []string{"mix 0 1 2 - 0x0"}},
		{"arm64", "ldr x0, [sp, #8]", []byte{0xe0, 0x07, 0x40, 0xf9}, []string{"load 0 - 31 - 0x8"}},
		{"arm64", "stp x29, x30, [sp, #-16]!", []byte{0xfd, 0x7b, 0xbf, 0xa9}, []string{"add 31 31 - - 0xfffffffffffffff0", "store - 29 31 - 0x0", "store - 30 31 - 0x8"}},
		{"arm64", "ldr x8, [x9, x10, lsl #3]", []byte{0x28, 0x79, 0x6a, 0xf8}, []string{"load 8 - 9 10 0x0"}},
		{"arm64", "str q0, [sp, #16]", []byte{0xe0, 0x07, 0x80, 0x3d}, []string{"store - 32 31 - 0x10"}},
		{"arm64", "bl #8", []byte{0x02, 0x00, 0x00, 0x94}, []string{"call - - - - 0x1008"}},
		{"arm64", "cbz x0, #8", []byte{0x40, 0x00, 0x00, 0xb4}, []string{"branch - - - - 0x1008"}},
		{"arm64", "blr x8", []byte{0x00, 0x01, 0x3f, 0xd6}, []string{"callfrom - 8 - - 0x0"}},
		{"arm64", "ret", []byte{0xc0, 0x03, 0x5f, 0xd6}, []string{"return - 30 - - 0x0"}},
		{"x86_64", "leaq 0x10(%rip), %rdi", []byte{0x48, 0x8d, 0x3d, 0x10, 0, 0, 0}, []string{"number 7 - - - 0x1017"}},
		{"x86_64", "movq %rdi, %r14", []byte{0x49, 0x89, 0xfe}, []string{"move 14 7 - - 0x0"}},
		{"x86_64", "movq -0x18(%rbp), %rsi", []byte{0x48, 0x8b, 0x75, 0xe8}, []string{"load 6 - 5 - 0xffffffffffffffe8"}},
		{"x86_64", "movq %rax, 8(%rsp)", []byte{0x48, 0x89, 0x44, 0x24, 0x08}, []string{"store - 0 4 - 0x8"}},
		{"x86_64", "movq (%rax,%rcx,8), %rdx", []byte{0x48, 0x8b, 0x14, 0xc8}, []string{"load 2 - 0 1 0x0"}},
		{"x86_64", "leaq 0x58(%rsp), %rdx", []byte{0x48, 0x8d, 0x54, 0x24, 0x58}, []string{"add 2 4 - - 0x58"}},
		{"x86_64", "subq $0x28, %rsp", []byte{0x48, 0x83, 0xec, 0x28}, []string{"add 4 4 - - 0xffffffffffffffd8"}},
		{"x86_64", "cmpq %rax, %rbx", []byte{0x48, 0x39, 0xc3}, nil},
		{"x86_64", "xorl %eax, %eax", []byte{0x31, 0xc0}, []string{"number 0 - - - 0x0"}},
		{"x86_64", "movups (%rcx), %xmm14", []byte{0x44, 0x0f, 0x10, 0x31}, []string{"load 46 - 1 - 0x0"}},
		{"x86_64", "pushq %rbx", []byte{0x53}, []string{"add 4 4 - - 0xfffffffffffffff8", "store - 3 4 - 0x0"}},
		{"x86_64", "callq *0x10(%rip)", []byte{0xff, 0x15, 0x10, 0, 0, 0}, []string{"callword - - - - 0x1016"}},
		{"x86_64", "callq *%rbx", []byte{0xff, 0xd3}, []string{"callfrom - 3 - - 0x0"}},
		{"x86_64", "jne 8", []byte{0x75, 0x06}, []string{"branch - - - - 0x1008"}},
		{"x86_64", "cmovneq %rcx, %rax", []byte{0x48, 0x0f, 0x45, 0xc1}, []string{"mix 0 0 1 - 0x0"}},
		{"x86_64", "retq", []byte{0xc3}, []string{"return - - - - 0x0"}},
	} {
		c := &Code{Arch: x.arch, Sections: []Section{{at, x.code}}}
		var got []string
		for _, s := range Steps(c, &Function{Address: at, Size: uint32(len(x.code))}, nil) {
			got = append(got, s.short())
		}
		if d := cmp.Diff(x.want, got); d != "" {
			t.Errorf("%s: %s", x.text, d)
		}
	}
}

// Any bytes have steps, with registers that there are, and no more than the limit.
func TestStepsOfAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, arch := range []string{"arm64", "x86_64"} {
		for range 2000 {
			code := make([]byte, r.IntN(200))
			for i := range code {
				code[i] = byte(r.Uint32())
			}
			c := &Code{Arch: arch, Sections: []Section{{0x1000, code}}}
			for _, s := range Steps(c, &Function{Address: 0x1000, Size: uint32(len(code))}, nil) {
				for _, reg := range []uint8{s.To, s.From, s.Base, s.Index} {
					if reg >= StepRegisters && reg != NoRegister {
						t.Fatalf("%s %x: register %d in %+v", arch, code, reg, s)
					}
				}
				if s.Do > StepStop || s.At < 0x1000 || s.At >= 0x1000+uint64(len(code)) {
					t.Fatalf("%s %x: %+v", arch, code, s)
				}
			}
		}
		long := make([]byte, 40*MaxSteps)
		for i := range long {
			long[i] = 0x91 // an addition; pops and pushes on x86_64 are as good
			if arch == "x86_64" {
				long[i] = 0x53
			}
		}
		c := &Code{Arch: arch, Sections: []Section{{0x1000, long}}}
		if s := Steps(c, &Function{Address: 0x1000, Size: uint32(len(long))}, nil); s != nil {
			t.Errorf("%s: %d steps of a function that is too long", arch, len(s))
		}
	}
	if s := Steps(&Code{Arch: "arm64_32", Sections: []Section{{0, make([]byte, 8)}}}, &Function{Size: 8}, nil); s != nil {
		t.Errorf("%d steps of an architecture that is not read", len(s))
	}
}
