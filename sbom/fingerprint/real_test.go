package fingerprint

import (
	"bufio"
	"bytes"
	"debug/macho"
	"encoding/binary"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// realCode reads the text section, function starts and data in code of a Mach-O
// file, for measurements; nothing in it can be resolved but its own code.
func realCode(t testing.TB, path, arch string) *Code {
	t.Helper()
	f, err := macho.Open(path)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	if want := map[string]macho.Cpu{"arm64": macho.CpuArm64, "x86_64": macho.CpuAmd64}[arch]; f.Cpu != want {
		t.Skipf("%s has no code for %s", path, arch)
	}
	text := f.Section("__text")
	code, err := text.Data()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &Code{Arch: arch, Sections: []Section{{text.Addr, code}}}
	base := f.Segment("__TEXT").Addr
	for _, l := range f.Loads {
		raw := l.Raw()
		if len(raw) < 16 {
			continue
		}
		cmd, off, size := binary.LittleEndian.Uint32(raw), binary.LittleEndian.Uint32(raw[8:]), binary.LittleEndian.Uint32(raw[12:])
		switch cmd {
		case 0x26: // LC_FUNCTION_STARTS
			address, b := base, whole[off:off+size]
			for len(b) > 0 && b[0] != 0 {
				step, n := binary.Uvarint(b)
				address, b = address+step, b[n:]
				c.Functions = append(c.Functions, Boundary{Address: address})
			}
		case 0x29: // LC_DATA_IN_CODE
			for b := whole[off : off+size]; len(b) >= 8; b = b[8:] {
				c.Data = append(c.Data, Range{base + uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint16(b[4:]))})
			}
		}
	}
	if len(c.Functions) == 0 {
		c.Functions = []Boundary{{Address: text.Addr}}
	}
	end := text.Addr + uint64(len(code))
	c.Resolve = func(a uint64) Target {
		switch {
		case a >= text.Addr && a < end:
			return Target{Kind: TargetCode}
		case a&7 == 0:
			return Target{Kind: TargetString, Text: whole[a%4096 : a%4096+16]}
		}
		return Target{}
	}
	return c
}

// TestX86Boundaries compares the length decoder with llvm-objdump on a file that
// KINBOM_X86_CODE names: every boundary of every function.
func TestX86Boundaries(t *testing.T) {
	path, tool := os.Getenv("KINBOM_X86_CODE"), "llvm-objdump-19"
	if path == "" {
		t.Skip("KINBOM_X86_CODE names no file")
	}
	if _, err := exec.LookPath(tool); err != nil {
		t.Skip(err)
	}
	c := realCode(t, path, "x86_64")
	out, err := exec.Command(tool, "--macho", "-d", "--no-show-raw-insn", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint64]bool{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		at, text, ok := strings.Cut(lines.Text(), ":")
		if a, err := strconv.ParseUint(strings.TrimSpace(at), 16, 64); ok && err == nil && !strings.Contains(text, ".byte") && !strings.Contains(text, ".long") {
			want[a] = true
		}
	}
	p := &pass{code: c, x86: true, set: &Set{}}
	p.bound()
	p.data = c.Data
	seen, wrong := 0, 0
	for i := range p.starts {
		p.index = uint32(i)
		p.runs(p.bytesAt(p.starts[i])[:p.sizes[i]], func(code []byte, from, to uint64) {
			var in x86Inst
			for at := from; at < to; at += uint64(max(in.size, 1)) {
				decodeX86(code[at:], &in)
				seen++
				if !want[p.starts[i]+at] {
					wrong++
					if wrong < 10 {
						t.Logf("%#x: % x is no boundary", p.starts[i]+at, code[at:min(at+8, uint64(len(code)))])
					}
				}
			}
		})
	}
	t.Logf("%d instructions, %d boundaries that %s does not have", seen, wrong, tool)
	if limit := seen / 100; wrong > limit {
		t.Errorf("more than %d boundaries differ", limit)
	}
}

func benchmarkReal(b *testing.B, arch string) {
	path := os.Getenv("KINBOM_BENCH_CODE")
	if path == "" {
		benchmarkCode(b, synthetic(arch, 4<<20))
		return
	}
	benchmarkCode(b, realCode(b, path, arch))
}

func benchmarkCode(b *testing.B, c *Code) {
	b.SetBytes(int64(len(c.Sections[0].Bytes)))
	b.ReportAllocs()
	for b.Loop() {
		if s, _ := Pass(c); len(s.Functions) == 0 {
			b.Fatal("no functions")
		}
	}
}

// The speed of the pass, on the text of the Mach-O file that KINBOM_BENCH_CODE
// names, else on made code.
func BenchmarkPassARM64(b *testing.B) { benchmarkReal(b, "arm64") }
func BenchmarkPassX8664(b *testing.B) { benchmarkReal(b, "x86_64") }

// synthetic repeats the functions of the tests up to a size.
func synthetic(arch string, size int) *Code {
	c := &Code{Arch: arch, Resolve: func(a uint64) Target {
		if a >= 0x100000000 && a < 0x100000000+uint64(size) {
			return Target{Kind: TargetCode}
		}
		return Target{Kind: TargetString, Text: []byte("a message"), Offset: int64(a & 0xffff)}
	}}
	unit := slices.Concat(words(0x90000008, 0x91000500, 0x94000010, 0xb4000080, 0xf9400108, 0x52800021, 0x72a00041, 0x0b010000, 0x8b000108, 0xa9bf7bfd, 0xa8c17bfd, 0xd65f03c0))
	if arch == "x86_64" {
		unit = bytesOf("55 48 89 e5 48 8d 3d 00 10 00 00 e8 20 00 00 00 85 c0 74 0a 48 8b 05 00 20 00 00 81 c7 15 cd 5b 07 8b 47 10 89 44 24 08 5d c3 0f 1f 44 00 00")
	}
	var text []byte
	for len(text) < size {
		c.Functions = append(c.Functions, Boundary{Address: 0x100000000 + uint64(len(text))})
		text = append(text, unit...)
	}
	c.Sections = []Section{{0x100000000, text}}
	return c
}
