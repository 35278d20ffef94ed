package attribute

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// ofCode is a follower of one function of some code, with literals at some addresses.
func ofCode(t *testing.T, arch string, code []byte, literals ...uint64) *follower {
	t.Helper()
	deeds, err := theDeeds()
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{deeds: deeds, x86: arch == "x86_64", left: maxFollowed, cache: map[int]*followed{}, active: map[int]bool{}, own: map[int]bool{}, taken: map[int]uint64{},
		wanted: map[int][]fingerprint.Reference{}, arguments: argumentRegisters(arch, false), kept: keptRegisters(arch, false), low: 1 << 12,
		set:  &fingerprint.Set{Arch: arch, Functions: []fingerprint.Function{{Address: 0x1000, Size: uint32(len(code))}}},
		code: &fingerprint.Code{Arch: arch, Sections: []fingerprint.Section{{Address: 0x1000, Bytes: code}}, Resolve: func(uint64) fingerprint.Target { return fingerprint.Target{} }}}
	for i, l := range literals {
		f.wanted[0] = append(f.wanted[0], fingerprint.Reference{Slot: l, Offset: int64(i), Length: 1})
	}
	return f
}

// Any bytes can be followed, in bounded work: more than that is not known.
func TestFollowAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for _, arch := range []string{"arm64", "x86_64"} {
		for range 300 {
			code := make([]byte, 4*r.IntN(500))
			for i := range code {
				code[i] = byte(r.Uint32())
				if arch == "arm64" && i%4 == 3 { // mostly loads, stores, additions and branches
					code[i] = []byte{0xf9, 0x91, 0xd1, 0xa9, 0x54, 0xaa, 0x94, 0x17, 0x90, byte(r.Uint32())}[r.IntN(10)]
				}
			}
			f := ofCode(t, arch, code, 0x2000, 0x3000)
			f.follow(0)
			if f.left < -1<<20 {
				t.Fatalf("%s: %d steps over the limit", arch, -f.left)
			}
		}
	}
}

// A function of nothing but branches to one another ends.
func TestFollowLoops(t *testing.T) {
	var code []byte
	for i := range 4000 { // sub sp, sp, #16; cbz x0, back to the front
		code = binary.LittleEndian.AppendUint32(code, 0xd10043ff)
		code = binary.LittleEndian.AppendUint32(code, 0xb4000000|uint32(-2*i-1)&0x7ffff<<5)
	}
	f := ofCode(t, "arm64", code, 0x2000)
	f.left = 100000
	if g := f.follow(0); g.ok && f.left < 0 {
		t.Errorf("a function that is not followed to its end is known: %+v", g)
	}
	if f.left < -10000 {
		t.Errorf("%d steps over the limit", -f.left)
	}
}

// A function with more literals than are followed says nothing of any.
func TestFollowMany(t *testing.T) {
	var literals []uint64
	for i := range maxOwn + 1 {
		literals = append(literals, uint64(0x2000+i))
	}
	ret := []byte{0xc0, 0x03, 0x5f, 0xd6}
	if g := ofCode(t, "arm64", ret, literals...).follow(0); g.ok {
		t.Error("too many literals are followed")
	}
	if g := ofCode(t, "arm64", ret, literals[1:]...).follow(0); !g.ok || len(g.literals) != maxOwn {
		t.Errorf("%v, %d literals", g.ok, len(g.literals))
	}
}

func TestDeeds(t *testing.T) {
	d, err := theDeeds()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		kind, name string
		use        useSet
		used       uint16
	}{
		{"import", "open", useReads, 1},
		{"import", "sqlite3_prepare_v2", useReads, 2},
		{"import", "strcmp", useCompares, allArguments},
		{"import", "unlink", 0, 0},
		{"selector", "dataWithContentsOfFile:", useReads, allArguments},
		{"selector", "dataWithContentsOfFile:options:error:", useReads, allArguments},
		{"selector", "copyItemAtPath:toPath:error:", useReads, 4},
		{"selector", "removeItemAtPath:error:", 0, 0},
		{"selector", "objectForKey:", useCompares, 4},
		{"go", "database/sql.(*DB).QueryContext", useReads, 10},
		{"go", "os.Remove", 0, 0},
	} {
		if got := d.of(x.kind, x.name); got.use != x.use || got.used != x.used {
			t.Errorf("%s %s: %+v, want %d of %b", x.kind, x.name, got, x.use, x.used)
		}
	}
	for name, like := range map[string]string{"open$NOCANCEL": "open", "__strcat_chk": "strcat", "fopen$DARWIN_EXTSN": "fopen"} {
		if got, want := d.imported(name), d.of("import", like); got != want || !got.known {
			t.Errorf("%s: %+v, want %+v as %s", name, got, want, like)
		}
	}
	if got := d.imported("_ZNSt3__114basic_ifstreamIcNS_11char_traitsIcEEE4openEPKcj"); got.use != useReads {
		t.Errorf("a stream of C++ that is opened: %+v", got)
	}
	for fault, text := range map[string]string{"a kind, a deed and names": "import reads\n", "is no deed": "import likes open\n", "no number": "import reads open@x\n", "a deed and names": "library reads open\n"} {
		if _, err := parseDeeds(text); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%q: %v, want one that says %q", text, err, fault)
		}
	}
}
