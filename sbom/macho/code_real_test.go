package macho

import (
	"encoding/binary"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// references are the addresses that arm64 code builds with a pair of
// instructions, or calls. It is a second, simple reader: it looks at
// neighbouring instructions only.
func references(c *fingerprint.Code, do func(at, addr uint64)) {
	for _, t := range c.Sections {
		for p := 0; p+4 <= len(t.Bytes); p += 4 {
			w, next := binary.LittleEndian.Uint32(t.Bytes[p:]), uint32(0)
			if p+8 <= len(t.Bytes) {
				next = binary.LittleEndian.Uint32(t.Bytes[p+4:])
			}
			pc := t.Address + uint64(p)
			if w>>26 == 0x25 || w>>26 == 5 {
				do(pc, pc+uint64(int64(int32(w<<6)>>6)*4))
			}
			if w&0x9f000000 != 0x90000000 || next>>5&31 != w&31 {
				continue
			}
			page := pc&^0xfff + uint64((int64(int32(w<<8)>>13)<<2|int64(w>>29&3))<<12)
			switch {
			case next&0xffc00000 == 0x91000000:
				do(pc, page+uint64(next>>10&0xfff))
			case next&0xffc00000 == 0xf9400000:
				do(pc, page+8*uint64(next>>10&0xfff))
			}
		}
	}
}

// TestRealCode holds the function starts of real files against llvm-objdump's,
// and reports what the references of arm64 code lead to.
func TestRealCode(t *testing.T) {
	paths, content := realFiles(t)
	for i, p := range paths {
		f, err := ReadBytes(content[i], Options{})
		if err != nil {
			continue
		}
		for j := range f.Slices {
			s := &f.Slices[j]
			t.Run(filepath.Base(p)+" "+s.Image.Arch, func(t *testing.T) {
				c := s.Code()
				if c == nil {
					t.Logf("no code: %v", s.Gaps)
					return
				}
				for _, g := range s.Gaps {
					t.Errorf("gap %+v", g)
				}
				checkCode(t, c)
				report(t, s, c)
				compareStarts(t, p, s, c)
				compareMethods(t, c)
			})
		}
	}
}

// compareMethods wants the methods of the method lists under the names that the
// compiler gave them, where symbols are left.
func compareMethods(t *testing.T, c *fingerprint.Code) {
	x, same, all := coder{out: c}, 0, 0
	for i := range c.Classes {
		for j := range c.Classes[i].Methods {
			m := &c.Classes[i].Methods[j]
			f := c.Functions[x.function(m.Address)]
			if f.From != fingerprint.NameSymbol || !strings.HasPrefix(f.Name, "-[") && !strings.HasPrefix(f.Name, "+[") {
				continue
			}
			if all++; f.Name == methodName(&c.Classes[i], m) {
				same++
			} else {
				t.Logf("symbol %s, method list %s", f.Name, methodName(&c.Classes[i], m))
			}
		}
	}
	if t.Logf("%d of %d methods have the name of their symbol", same, all); same*100 < all*98 { // equal code may be folded
		t.Errorf("only %d of %d methods have the name of their symbol", same, all)
	}
}

func report(t *testing.T, s *Slice, c *fingerprint.Code) {
	var named [5]int
	for _, f := range c.Functions {
		named[f.From]++
	}
	methods := 0
	for _, k := range c.Classes {
		methods += len(k.Methods)
	}
	var roots [7]int
	for _, r := range c.Roots {
		roots[r.Kind]++
	}
	var kinds [fingerprint.TargetEnd]int
	total := 0
	if strings.HasPrefix(c.Arch, "arm64") {
		references(c, func(_, addr uint64) { kinds[c.Resolve(addr).Kind]++; total++ })
	}
	t.Logf("%v; names none/symbol/method/pclntab/exported %v; %d classes, %d methods; roots by kind %v; objects %d; data ranges %d; %d references by kind %v",
		s.Division, named, len(c.Classes), methods, roots, len(c.Objects), len(c.Data), total, kinds)
}

// compareStarts wants every function start that llvm-objdump prints, but those
// in sections without functions.
func compareStarts(t *testing.T, path string, s *Slice, c *fingerprint.Code) {
	if len(s.Division) != 1 || s.Division[0].Method != DividedStarts {
		return
	}
	var theirs []uint64
	for _, l := range objdump(t, path, s.Image.Arch, "--function-starts") {
		if startLine.MatchString(l) {
			v, _ := strconv.ParseUint(l, 16, 64)
			theirs = append(theirs, v)
		}
	}
	x := coder{slice: s.src, out: c}
	i := 0
	for _, a := range theirs {
		if !x.inCode(a) {
			continue
		}
		if i >= len(c.Functions) || c.Functions[i].Address != a {
			t.Fatalf("llvm-objdump has %#x as start %d of %d; ours are %d", a, i, len(theirs), len(c.Functions))
		}
		i++
	}
	if i != len(c.Functions) {
		t.Errorf("%d starts, llvm-objdump has %d", len(c.Functions), i)
	}
}
