package macho

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// buildGo builds a small program for macOS with the Go toolchain of the test.
func buildGo(t *testing.T, arch string, flags ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs")
	}
	dir := t.TempDir()
	source := "package main\n\nimport \"fmt\"\n\ntype t struct{ a int }\n\nfunc (v t) String() string { return fmt.Sprint(v.a) }\n\nfunc main() { fmt.Println(t{1}) }\n"
	for name, text := range map[string]string{"main.go": source, "go.mod": "module example.com/t\n\ngo 1.24\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", append(append([]string{"build", "-trimpath", "-o", "out"}, flags...), ".")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=darwin", "GOARCH="+arch, "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("no Go toolchain that builds for macOS: %v\n%s", err, out)
	}
	return filepath.Join(dir, "out")
}

// nm lists the functions of a program as Go's own tool does, by address.
func nm(t *testing.T, path string) map[uint64][]string {
	t.Helper()
	out, err := exec.Command("go", "tool", "nm", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	list := map[uint64][]string{}
	for _, l := range strings.Split(string(out), "\n") {
		if f := strings.Fields(l); len(f) >= 3 && strings.EqualFold(f[1], "t") {
			a, _ := strconv.ParseUint(f[0], 16, 64)
			list[a] = append(list[a], strings.TrimSuffix(strings.TrimPrefix(strings.Join(f[2:], " "), "_"), ".abi0"))
		}
	}
	return list
}

// TestGoNames wants of a stripped Go program the names that the unstripped
// build has, at the same addresses.
func TestGoNames(t *testing.T) {
	for _, arch := range []string{"arm64", "amd64"} {
		t.Run(arch, func(t *testing.T) {
			theirs := nm(t, buildGo(t, arch))
			b, err := os.ReadFile(buildGo(t, arch, "-ldflags=-s -w"))
			if err != nil {
				t.Fatal(err)
			}
			s := one(t, b, Options{})
			c := s.Code()
			if c == nil || len(c.Functions) < 1000 {
				t.Fatalf("code %v, gaps %+v", c, s.Gaps)
			}
			checkCode(t, c)
			want(t, "division", s.Division, []Division{{DividedGo, len(c.Functions)}})
			for _, f := range c.Functions {
				name := strings.ReplaceAll(f.Name, "·", ".") // as the tool prints it
				if f.From != fingerprint.NamePclntab || !slices.Contains(theirs[f.Address], name) {
					t.Fatalf("%#x is %q (%d), go tool nm says %q", f.Address, f.Name, f.From, theirs[f.Address])
				}
				delete(theirs, f.Address)
			}
			for a, names := range theirs {
				if !slices.Contains([]string{"runtime.text", "runtime.etext"}, names[0]) {
					t.Errorf("%#x %q of go tool nm is missing", a, names)
				}
			}
		})
	}
}

// table makes a line table in the forms before 1.18, of 1.18 and of 1.20, with
// two functions at the first instructions of the text.
func goTableBytes(magic uint32, text, start uint64) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, magic)
	b = append(b, 0, 0, 4, 8)
	word := func(v uint64) { b = le.AppendUint64(b, v) }
	relative := magic != pcln116
	fields := 7
	if relative {
		fields = 8
	}
	names := uint64(8 + 8*fields)
	functions := names + 16
	word(2) // functions
	word(0)
	if relative {
		word(text)
	}
	word(names)
	word(0)
	word(0)
	word(0)
	word(functions)
	b = append(b, "main.a\x00\x00main.b\x00\x00"...)
	if relative {
		for _, v := range []uint32{0, 24, 16, 32, 32, 0} { // two entries, the end, two records
			b = le.AppendUint32(b, v)
		}
		for _, v := range []uint32{0, 0, 16, 8} {
			b = le.AppendUint32(b, v)
		}
		return b
	}
	for _, v := range []uint64{start, 40, start + 16, 56, start + 32} {
		word(v)
	}
	for i, name := range []uint32{0, 8} {
		word(start + 16*uint64(i))
		b = le.AppendUint32(b, name)
		b = le.AppendUint32(b, 0)
	}
	return b
}

// TestGoVersions reads the table in its three forms, and says so when it is of
// a form that is not known or does not fit.
func TestGoVersions(t *testing.T) {
	build := func(table []byte) []byte {
		return machotest.Image{Functions: 3, Extra: []machotest.Section{{Segment: "__TEXT", Name: "__gopclntab", Data: table}}}.Build()
	}
	start := one(t, build([]byte{0}), Options{}).Code().Sections[0].Address
	for _, magic := range []uint32{pcln116, pcln118, pcln120} {
		for _, said := range []uint64{0, start} {
			c := one(t, build(goTableBytes(magic, said, start)), Options{}).Code()
			var names []string
			for _, f := range c.Functions {
				names = append(names, f.Name)
			}
			want(t, "names", names, []string{"main.a", "main.b", ""})
		}
	}
	for name, table := range map[string][]byte{
		"unknown version":  goTableBytes(0xffffffef, start, start),
		"too many":         slices.Concat([]byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 4, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, make([]byte, 64)),
		"cut":              goTableBytes(pcln120, start, start)[:72],
		"names lie beyond": slices.Concat(goTableBytes(pcln120, start, start)[:112], []byte{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, make([]byte, 12)),
	} {
		t.Run(name, func(t *testing.T) {
			s := one(t, build(table), Options{})
			c := s.Code()
			if len(s.Gaps) != 1 || s.Gaps[0].Image != s.Image.Digest || s.Gaps[0].Kind != sbom.GapUnreadable && s.Gaps[0].Kind != sbom.GapUnsupported {
				t.Errorf("gaps %+v", s.Gaps)
			}
			if c == nil || len(c.Functions) != 3 {
				t.Errorf("function starts are not used instead: %+v", c)
			}
		})
	}
}
