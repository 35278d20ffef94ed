package script

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Bounds of an archive of PyInstaller.
const (
	cookieSize    = 88        // mark, sizes, version of Python, name of its library
	maxFrozen     = 20_000    // modules
	maxInflated   = 16 << 20  // bytes of one module
	maxInflateAll = 512 << 20 // bytes of all of them
)

// frozen reads the archive that PyInstaller puts behind an executable: a table
// of contents before a cookie at its end, with scripts and an archive of modules
// (PYZ), each compressed by itself.
type frozen struct {
	b    []byte
	base int // where the archive begins in the file
	py   version
	left int
	out  []Module
	lost string // why something was not read

	starts   []string        // the modules that run first
	packages map[string]bool // names of packages: what they import beside them lies in them
}

// Frozen reads the Python modules in an executable that PyInstaller made. The
// first module stands for the archive; the others have the names of the
// modules. Facts lie in compressed bytes: How is zlib, and the place is that of
// all bytes of the module.
func Frozen(b []byte) []Module {
	at := FrozenAt(b)
	f := &frozen{b: b, left: maxInflateAll, out: []Module{{}}, packages: map[string]bool{}}
	if at < 0 || !f.contents(int(at)) {
		f.lost = "the archive of packed Python code could not be read"
	}
	f.out[0].Partial = f.lost
	f.lead()
	return f.out
}

// lead finds which modules those that run first lead to by imports, breadth first.
// Where a part of the archive could not be read, it is not known what leads where:
// any may be led to.
func (f *frozen) lead() {
	at := map[string]int{}
	for i := range f.out {
		if i > 0 && at[f.out[i].Name] == 0 {
			at[f.out[i].Name] = i
		}
	}
	var todo []int
	for i := range f.out {
		if m := &f.out[i]; i > 0 && (f.lost != "" || slices.Contains(f.starts, m.Name)) {
			m.Led = []string{m.Name}
			todo = append(todo, i)
		}
	}
	for n := 0; n < len(todo); n++ {
		m := &f.out[todo[n]]
		for _, q := range m.Requires {
			i := at[q.Name]
			if to := &f.out[i]; i > 0 && to.Led == nil {
				to.Led = append(slices.Clip(m.Led), to.Name)
				todo = append(todo, i)
			}
		}
	}
}

// absolute is the name that a module imports, without dots before it.
func absolute(name, by string, pack bool) string {
	up := len(name) - len(strings.TrimLeft(name, "."))
	if up == 0 {
		return name
	}
	if !pack {
		by = parent(by)
	}
	for range up - 1 {
		by = parent(by)
	}
	return strings.Trim(by+"."+name[up:], ".")
}

// parent is the package that a module lies in.
func parent(name string) string { return name[:max(strings.LastIndexByte(name, '.'), 0)] }

// contents reads the table before the cookie.
func (f *frozen) contents(cookie int) bool {
	if cookie+cookieSize > len(f.b) {
		return false
	}
	be := binary.BigEndian
	c := f.b[cookie+8:]
	size, toc, n, py := int64(be.Uint32(c)), int64(be.Uint32(c[4:])), int64(be.Uint32(c[8:])), int(be.Uint32(c[12:]))
	f.py = version{py / 100, py % 100}
	if py < 100 {
		f.py = version{py / 10, py % 10}
	}
	f.base = cookie + cookieSize - int(size)
	if f.base < 0 || toc > size || n > size-toc {
		return false
	}
	for l := f.b[f.base+int(toc) : f.base+int(toc+n)]; len(l) >= 18; {
		size := int64(be.Uint32(l))
		if size < 18 || size > int64(len(l)) {
			return false
		}
		name, _, _ := bytes.Cut(l[18:size], []byte{0})
		data, from := f.cut(int64(be.Uint32(l[4:])), int64(be.Uint32(l[8:])))
		switch kind := l[17]; {
		case data == nil && (kind == 's' || kind == 'm' || kind == 'M' || kind == 'z'):
			f.lost = "a part of the packed Python code lies outside its archive"
		case kind == 'z':
			f.library(data, from)
		case kind == 's' || kind == 'm' || kind == 'M':
			if kind == 's' {
				f.starts = append(f.starts, string(name))
			}
			f.module(string(name), data, from, l[16] == 1)
		}
		l = l[size:]
	}
	return true
}

// cut is a part of the archive, and where it begins in the file.
func (f *frozen) cut(at, n int64) ([]byte, int) {
	from := int64(f.base) + at
	if n < 0 || from+n > int64(len(f.b)) {
		return nil, 0
	}
	return f.b[from : from+n], int(from)
}

// library reads an archive of modules: "PYZ", a magic number, where its table is,
// and the table in marshal: names with kind, place and length.
func (f *frozen) library(b []byte, from int) {
	if len(b) < 12 || !bytes.HasPrefix(b, []byte("PYZ\x00")) {
		f.lost = "the archive of packed Python modules is none that is known"
		return
	}
	if py, ok := versionOf(binary.LittleEndian.Uint16(b[4:])); ok {
		f.py = py
	}
	at := int64(binary.BigEndian.Uint32(b[8:]))
	if at > int64(len(b)) {
		f.lost = "the archive of packed Python modules is cut"
		return
	}
	m := &marshal{b: b[at:], py: f.py}
	table := m.object(0)
	if m.bad {
		f.lost = "the table of the packed Python modules could not be read"
	}
	for _, e := range table.tuple {
		if len(e.tuple) != 2 || e.tuple[0].at < 0 || len(e.tuple[1].tuple) != 3 {
			continue
		}
		pos, n := e.tuple[1].tuple[1].num, e.tuple[1].tuple[2].num
		if pos < 0 || n <= 0 || pos+n > len(b) {
			f.lost = "a packed Python module lies outside its archive"
			continue
		}
		if e.tuple[1].tuple[0].num == 1 {
			f.packages[string(e.tuple[0].text)] = true
		}
		f.module(string(e.tuple[0].text), b[pos:pos+n], from+pos, true)
	}
}

// module reads one module.
func (f *frozen) module(name string, data []byte, from int, packed bool) {
	if len(f.out) >= maxFrozen || f.left <= 0 {
		f.lost = "a limit on packed Python modules was hit"
		return
	}
	code := data
	if packed {
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err == nil {
			code, err = io.ReadAll(io.LimitReader(z, maxInflated))
		}
		if err != nil {
			f.lost = "packed Python code is encrypted or damaged"
			return
		}
		f.left -= len(code)
	}
	m := Module{Name: name, Span: sbom.Span{Offset: int64(from), Length: int64(len(data))}}
	head, py := 0, f.py
	if n, v, ok := pycHead(code); ok {
		head, py = n, v
	}
	m.Partial = m.marshalled(code[head:], int64(head), py)
	for i := range m.Facts {
		x := &m.Facts[i]
		if packed {
			x.Offset, x.Length, x.How = m.Span.Offset, m.Span.Length, sbom.HowZlib
		} else {
			x.Offset += m.Span.Offset
		}
	}
	for i := range m.Requires {
		q := &m.Requires[i]
		q.Name = absolute(q.Name, m.Name, f.packages[m.Name])
		if q.Offset += m.Span.Offset; packed {
			q.Offset, q.Length = m.Span.Offset, m.Span.Length
		}
	}
	m.finish()
	f.out = append(f.out, m)
}
