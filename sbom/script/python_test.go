package script

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"strings"
	"testing"
)

// m writes marshal.
type m struct{ b []byte }

func (w *m) word(n int) *m { w.b = binary.LittleEndian.AppendUint32(w.b, uint32(n)); return w }
func (w *m) str(t byte, s string) *m {
	w.b = append(w.b, t)
	if t&0x7f == 'z' || t&0x7f == 'Z' {
		w.b = append(w.b, byte(len(s)))
	} else {
		w.word(len(s))
	}
	w.b = append(w.b, s...)
	return w
}
func (w *m) tuple(n int) *m   { w.b = append(w.b, ')', byte(n)); return w }
func (w *m) raw(b ...byte) *m { w.b = append(w.b, b...); return w }

// pyc is a compiled module with a constant text, a nested function with another
// one, and the names sqlite3 and connect.
func pyc(magic uint16, head, numbers int, new bool) []byte {
	w := &m{b: binary.LittleEndian.AppendUint16(nil, magic)}
	w.raw('\r', '\n').raw(make([]byte, head-4)...)
	code := func(consts func()) {
		w.raw('c' | 0x80).raw(make([]byte, 4*numbers)...)
		w.str('s', "\x64\x00")
		consts()
		w.tuple(2).str('z'|0x80, "sqlite3").str('Z', "connect")
		if new {
			w.tuple(0).str('s', "").str('z', "x.py").str('z', "f").str('z', "f").word(1).str('s', "").str('s', "")
		} else {
			w.tuple(0).tuple(0).tuple(0).str('z', "x.py").str('z', "f").word(1).str('s', "")
		}
	}
	code(func() {
		w.tuple(4).str('z', "Library/Safari/History.db").raw('i').word(7).raw('N')
		code(func() {
			w.tuple(2).tuple(1).str('u', "SELECT url FROM history_items").raw('g').raw(make([]byte, 8)...)
		})
	})
	return w.b
}

func TestPython(t *testing.T) {
	for name, b := range map[string][]byte{
		"2.7": pyc(62211, 8, 4, false), "3.6": pyc(3379, 12, 5, false), "3.7": pyc(3394, 16, 5, false), "3.8": pyc(3413, 16, 6, false),
		"3.10": pyc(3439, 16, 6, false), "3.11": pyc(3495, 16, 5, true), "3.12": pyc(3531, 16, 5, true), "3.13": pyc(3571, 16, 5, true), "3.14": pyc(3627, 16, 5, true),
	} {
		mods := Python(b)
		checkBytes(t, b, mods)
		if mods[0].Partial != "" {
			t.Errorf("%s: %s", name, mods[0].Partial)
		}
		got := strings.Join(factsOf(mods[0]), "|")
		for _, want := range []string{"string Library/Safari/History.db", "string SELECT url FROM history_items", "module sqlite3", "call connect"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no fact %q among %s", name, want, got)
			}
		}
		if py, _ := versionOf(binary.LittleEndian.Uint16(b)); py.String() != name {
			t.Errorf("%s is taken for %s", name, py)
		}
	}
}

func TestPythonHostile(t *testing.T) {
	whole := pyc(3495, 16, 5, true)
	for i := range whole {
		checkBytes(t, whole[:i], Python(whole[:i]))
	}
	deep := append(append([]byte{}, whole[:16]...), []byte(strings.Repeat(")\x01", 100_000))...)
	if m := Python(deep); m[0].Partial == "" {
		t.Error("nothing is said of what could not be read")
	}
	if m := Python([]byte("no compiled code at all")); m[0].Partial == "" || len(m[0].Facts) > 0 {
		t.Errorf("facts %q", factsOf(m[0]))
	}
}

// packedPython is an executable with an archive of PyInstaller: a script, and a
// library with one module.
func packedPython(code []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(code)
	w.Close()
	pyz := append([]byte("PYZ\x00"), 0xa7, 0x0d, '\r', '\n', 0, 0, 0, 0)
	at := len(pyz)
	pyz = append(pyz, z.Bytes()...)
	binary.BigEndian.PutUint32(pyz[8:], uint32(len(pyz)))
	table := (&m{}).raw('[').word(1).tuple(2).str('z', "reader.history").tuple(3).raw('i').word(0).raw('i').word(at).raw('i').word(z.Len())
	pyz = append(pyz, table.b...)
	var toc []byte
	entry := func(pos, n int, packed, kind byte, name string) {
		toc = binary.BigEndian.AppendUint32(toc, uint32(18+len(name)+1))
		for _, v := range []int{pos, n, n} {
			toc = binary.BigEndian.AppendUint32(toc, uint32(v))
		}
		toc = append(append(append(toc, packed, kind), name...), 0)
	}
	entry(0, z.Len(), 1, 's', "main")
	entry(z.Len(), len(pyz), 0, 'z', "PYZ.pyz")
	pkg := append(append(z.Bytes(), pyz...), toc...)
	cookie := []byte(frozenMark)
	for _, v := range []int{len(pkg) + cookieSize, len(pkg) - len(toc), len(toc), 311} {
		cookie = binary.BigEndian.AppendUint32(cookie, uint32(v))
	}
	return append(append([]byte("the executable"), pkg...), append(cookie, make([]byte, 64)...)...)
}

func TestFrozen(t *testing.T) {
	code := pyc(3495, 16, 5, true)[16:]
	b := packedPython(code)
	mods := Frozen(b)
	checkBytes(t, b, mods)
	var names []string
	for _, m := range mods[1:] {
		names = append(names, m.Name)
		if got := strings.Join(factsOf(m), "|"); !strings.Contains(got, "string zlib Library/Safari/History.db") || m.Partial != "" {
			t.Errorf("%s: %s: %s", m.Name, m.Partial, got)
		}
	}
	if s := strings.Join(names, " "); s != "main reader.history" || mods[0].Partial != "" {
		t.Errorf("modules %s, %s", s, mods[0].Partial)
	}
	secret := bytes.Clone(b)
	for i := range secret {
		if secret[i] == 0x78 && i+1 < len(secret) && secret[i+1] == 0x9c {
			secret[i] = 0xff
		}
	}
	if m := Frozen(secret); m[0].Partial != "packed Python code is encrypted or damaged" {
		t.Errorf("encrypted code: %q", m[0].Partial)
	}
	for i := range b {
		checkBytes(t, b[:i], Frozen(b[:i]))
		bad := bytes.Clone(b)
		bad[i] ^= 0xff
		checkBytes(t, bad, Frozen(bad))
	}
}

func TestFrozenAt(t *testing.T) {
	if at := FrozenAt([]byte("executable" + frozenMark + "data" + frozenMark + "behind it")); at != 22 {
		t.Errorf("of two marks the one at %d counts", at)
	}
	if at := FrozenAt([]byte("executable" + frozenMark + "behind it")); at != 10 {
		t.Errorf("found at %d", at)
	}
	if at := FrozenAt([]byte("executable MEI")); at != -1 {
		t.Errorf("found at %d", at)
	}
}

func FuzzPython(f *testing.F) {
	f.Add(pyc(3495, 16, 5, true))
	f.Add(pyc(62211, 8, 4, false))
	f.Fuzz(func(t *testing.T, b []byte) { checkBytes(t, b, Python(b)) })
}
