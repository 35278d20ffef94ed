package macho

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// objdump runs LLVM's independent reader on one slice.
func objdump(t *testing.T, path, arch string, flags ...string) []string {
	t.Helper()
	tool, err := exec.LookPath("llvm-objdump-19")
	if err != nil {
		t.Skip("llvm-objdump-19 is not installed: no second reader to compare with")
	}
	cmd := exec.Command(tool, append(append([]string{"--macho", "--arch=" + arch}, flags...), path)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	return strings.Split(string(out), "\n")
}

var (
	loadLine  = regexp.MustCompile(`^\t(.*) \(compatibility version (\S+), current version ([0-9.]+)(?:, ([a-z-]+))?\)$`)
	trieLine  = regexp.MustCompile(`^(?:0x[0-9A-F]{8,16}|\[re-export\]) +(\S+)`)
	startLine = regexp.MustCompile(`^[0-9a-f]{16}$`)
	chainLine = regexp.MustCompile(`^  name_offset = \d+ \((.*)\)$`)
)

// compare holds one slice against everything that objdump prints of it.
func compare(t *testing.T, path string, s *Slice) {
	arch := s.Image.Arch
	var want, got []string
	for _, l := range objdump(t, path, arch, "--dylibs-used") {
		if m := loadLine.FindStringSubmatch(l); m != nil {
			kind := map[string]string{"": "regular", "weak": "weak", "reexport": "re-export", "upward": "upward", "lazy": "lazy"}[m[4]]
			want = append(want, fmt.Sprint(m[1], " ", m[2], " ", m[3], " ", kind))
		}
	}
	if s.Image.InstallName != "" {
		got = append(got, fmt.Sprint(s.Image.InstallName, " ", s.Image.CompatVersion, " ", s.Image.CurrentVersion, " regular"))
	}
	for _, l := range s.Image.Loads {
		got = append(got, fmt.Sprint(l.Name, " ", l.Compat, " ", l.Current, " ", l.Kind))
	}
	same(t, "loads", want, got)

	want = nil
	for _, l := range objdump(t, path, arch, "--exports-trie") {
		if m := trieLine.FindStringSubmatch(l); m != nil {
			want = append(want, m[1])
		}
	}
	slices.Sort(want)
	if len(want) > 0 { // none: the exports come from the symbol table
		same(t, "exports", want, s.Exports)
	}

	starts := 0
	for _, l := range objdump(t, path, arch, "--function-starts") {
		if startLine.MatchString(l) {
			starts++
		}
	}
	if starts > 0 && starts != s.Image.Counts.Functions {
		t.Errorf("%s: %d functions, want %d", arch, s.Image.Counts.Functions, starts)
	}
	compareBinds(t, path, s)
	uuid := ""
	for _, l := range objdump(t, path, arch, "--private-headers") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(l), "uuid "); ok {
			uuid = strings.ToLower(strings.ReplaceAll(v, "-", ""))
		}
	}
	if got := s.Image.Identity(sbom.IdentUUID); got != uuid {
		t.Errorf("%s: uuid %q, want %q", arch, got, uuid)
	}
}

// compareBinds insists that every name bound by opcodes or chained fixups is
// an import, except coalesced names that the slice exports itself.
func compareBinds(t *testing.T, path string, s *Slice) {
	names := map[string]bool{}
	for _, l := range objdump(t, path, s.Image.Arch, "--bind", "--lazy-bind", "--chained-fixups") {
		f := strings.Fields(l)
		if m := chainLine.FindStringSubmatch(l); m != nil {
			names[m[1]] = true
		} else if len(f) >= 5 && strings.HasPrefix(f[2], "0x") {
			n := f[len(f)-1]
			if n == "(weak_import)" {
				n = f[len(f)-2]
			}
			names[n] = true
		}
	}
	have := map[string]bool{}
	for _, i := range s.Imports {
		have[i.Name] = true
	}
	missing := []string{}
	for n := range names {
		if _, own := slices.BinarySearch(s.Exports, n); !have[n] && !own {
			missing = append(missing, n)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("%s: bound names that are no imports: %v", s.Image.Arch, missing)
	}
	t.Logf("%s: %d bound names, %d imports", s.Image.Arch, len(names), len(have))
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if d := cmp.Diff(want, got); len(want)+len(got) > 0 && d != "" {
		t.Errorf("%s differ (-objdump +ours):\n%.2000s", what, d)
	}
}

// TestObjdump compares built images with LLVM's reader.
func TestObjdump(t *testing.T) {
	dir := t.TempDir()
	for name, b := range map[string][]byte{
		"classic": machotest.Sample(false), "chained": machotest.Sample(true),
		"fat":    machotest.Fat(machotest.Sample(false), machotest.Image{Arch: "x86_64", Exports: []string{"_a", "_ab", "_abc", "_b"}}.Build()),
		"signed": machotest.Sign(machotest.Sample(true), machotest.Signature{Identifier: "sample", AdHoc: true}),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			compareFile(t, path, b)
		})
	}
}

// TestRealObjdump compares every real slice with LLVM's reader.
func TestRealObjdump(t *testing.T) {
	paths, content := realFiles(t)
	for i, p := range paths {
		t.Run(filepath.Base(p), func(t *testing.T) { compareFile(t, p, content[i]) })
	}
}

func compareFile(t *testing.T, path string, b []byte) {
	f, err := ReadBytes(b, Options{})
	if err != nil || len(f.Gaps) > 0 {
		t.Fatalf("%v, gaps %v", err, f.Gaps)
	}
	for i := range f.Slices {
		compare(t, path, &f.Slices[i])
	}
}

// TestRealOrdinals compares the two sources of library ordinals, each read
// without the other: the symbol table and the bind information.
func TestRealOrdinals(t *testing.T) {
	paths, content := realFiles(t)
	compared := 0
	for i, p := range paths {
		f, err := ReadBytes(content[i], Options{})
		if err != nil {
			t.Fatal(err)
		}
		for j := range f.Slices {
			s := &f.Slices[j]
			compared += compareOrdinals(t, p+" "+s.Image.Arch, content[i][s.Offset:s.Offset+s.Image.Size], s)
		}
	}
	if compared < 1000 {
		t.Errorf("only %d names were compared", compared)
	}
}

// compareOrdinals reads a slice twice more: without its symbol table, and
// without its bind information.
func compareOrdinals(t *testing.T, what string, b []byte, s *Slice) int {
	read := func(cmd uint32, from, to int64) map[string]Import {
		b := slices.Clone(b)
		clearIn(b, cmd, from, to)
		clearIn(b, cmd|lcRequired, from, to)
		if cmd == lcDyldInfo {
			clearIn(b, lcFixups, 8, 16)
		}
		r, err := readSlice(b, 0, Options{}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]Import{}
		for _, i := range r.Imports {
			m[i.Name] = i
		}
		return m
	}
	binds, symbols := read(lcSymtab, 12, 16), read(lcDyldInfo, 16, 40)
	if len(symbols) > len(s.Imports) || len(symbols) < len(s.Imports)*9/10 || len(binds) > len(s.Imports) || len(binds) < len(s.Imports)*9/10 {
		t.Errorf("%s: %d imports by symbols, %d by binds, %d together", what, len(symbols), len(binds), len(s.Imports))
	}
	flat := binary.LittleEndian.Uint32(b[24:])&flagTwoLevel == 0 // its symbols name no library
	for n, i := range binds {
		if flat && i.Ordinal > 0 && symbols[n].Ordinal == OrdinalFlat || i.Ordinal == OrdinalWeak {
			continue
		}
		if _, ok := symbols[n]; !ok {
			t.Logf("%s: only binds have %+v", what, i) // a thinned symbol table
		} else if symbols[n] != i {
			t.Errorf("%s: binds say %+v, symbols say %+v", what, i, symbols[n])
		}
	}
	return len(binds)
}

// clearIn clears bytes of all load commands of a kind.
func clearIn(b []byte, cmd uint32, from, to int64) {
	s := slice{b: b, bo: binary.LittleEndian}
	for off, i := int64(32), uint32(0); i < s.u32(16); i++ {
		if s.u32(uint64(off)) == cmd {
			clear(b[off+from : off+to])
		}
		off += int64(s.u32(uint64(off + 4)))
	}
}
