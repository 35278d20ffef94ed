package machotest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Image describes one thin image. The zero value is an empty arm64 executable.
type Image struct {
	Arch        string // arm64 (default), arm64e, x86_64
	Type        string // execute (default), dylib, bundle, dsym
	UUID        string // 16 bytes of any text, padded with zeros; "": no LC_UUID
	InstallName string // for dylibs
	Version     uint32 // current version of a dylib, packed: 0x00010203 is 1.2.3
	Loads       []Load
	Rpaths      []string
	MinOS       uint32 // packed; 0: 11.0

	Code      []byte   // content of __text before the functions
	Functions int      // number of functions, 16 bytes each; at least 1
	Strings   []string // __TEXT,__cstring
	CFStrings []string // ASCII, or UTF-16 for other text
	Const     []byte   // __TEXT,__const

	Imports []Import
	Exports []string // functions; with the leading underscore
	Locals  []string // local symbols; none: a stripped image

	Classes    []Class
	Categories []Category
	Protocols  []string
	Selectors  []string // sent only: selector references
	SwiftTypes []string // Module.Type

	SwiftClasses []SwiftClass

	Chained bool // chained fixups and LC_DYLD_EXPORTS_TRIE instead of LC_DYLD_INFO_ONLY
	Thinned bool // leave the imported names out of the symbol table
	Crypt   bool // claim that __TEXT's content is encrypted

	Extra    []Section // further sections, of __TEXT or __DATA; one without data is left out
	Unlisted bool      // leave LC_FUNCTION_STARTS empty
}

// Section is a section with given bytes.
type Section struct {
	Segment, Name string
	Flags         uint32
	Data          []byte
}

// Load is one library reference.
type Load struct {
	Name string
	Kind string // regular (default), weak, re-export, upward, lazy
}

// Import is one imported name, bound in __DATA,__got.
type Import struct {
	Name    string // with the leading underscore
	Ordinal int    // 1 is Loads[0]; 0 self, -1 main executable, -2 flat
	Weak    bool
}

// Class is an Objective-C class with its methods. Its superclass is left out.
type Class struct {
	Name         string
	Methods      []string // instance methods
	ClassMethods []string
	Small        bool // relative method lists
}

// SwiftClass is a class of Swift, with a descriptor. Its accessor is the first
// function; its methods and overrides are the ones behind, in order.
type SwiftClass struct {
	Name      string // Module.Type
	Fields    []string
	Methods   []uint32 // flags of each
	Overrides int
	Params    int    // parameters of a generic class
	Extras    uint32 // flags of the parameters that say that more follows
	FarSuper  bool   // the superclass is of another module
	Singleton bool   // it is made in place
}

// Category is a category on a class of another image, which is imported from
// the first library unless Imports says otherwise.
type Category struct {
	Class, Name string
	Methods     []string
}

// part is one section while it is laid out.
type part struct {
	seg, name string
	flags     uint32
	data      []byte
	addr      uint64
	off       uint64
}

// fix is one pointer: to an address, or to an import when bind is not "".
type fix struct {
	part   *part
	at     int
	target uint64
	bind   string
}

// layout is one pass over the description. Addresses come from the pass before.
type layout struct {
	im    Image
	last  map[string]uint64 // addresses of the sections in the last pass
	parts []*part
	fixes []fix
	at    map[string]uint64 // address of each text, by section and text
	base  uint64
	binds []Import // all imports with those that categories need
}

const page = 0x4000

// Build makes the image.
func (im Image) Build() []byte {
	if im.Arch == "" {
		im.Arch = "arm64"
	}
	if im.Type == "" {
		im.Type = "execute"
	}
	im.Functions = max(im.Functions, 1, len(im.Exports))
	if im.MinOS == 0 {
		im.MinOS = 11 << 16
	}
	var out []byte
	last := map[string]uint64{}
	for range 3 { // sizes settle after one pass, addresses after two
		l := &layout{im: im, last: last, at: map[string]uint64{}}
		if im.Type == "execute" {
			l.base = 1 << 32
		}
		out = l.pass()
		last = map[string]uint64{}
		for _, p := range l.parts {
			last[p.seg+","+p.name] = p.addr
		}
	}
	return out
}

func (l *layout) part(seg, name string, flags uint32) *part {
	p := &part{seg: seg, name: name, flags: flags, addr: l.last[seg+","+name]}
	l.parts = append(l.parts, p)
	return p
}

// text puts a terminated text into a section, once, and returns its address.
func (l *layout) text(p *part, s string) uint64 {
	key := p.name + "\x00" + s
	if a, ok := l.at[key]; ok {
		return a
	}
	a := p.addr + uint64(len(p.data))
	p.data = append(append(p.data, s...), 0)
	l.at[key] = a
	return a
}

// pointer puts a pointer into a section.
func (l *layout) pointer(p *part, target uint64, bind string) uint64 {
	a := p.addr + uint64(len(p.data))
	if target != 0 || bind != "" {
		l.fixes = append(l.fixes, fix{p, len(p.data), target, bind})
	}
	p.data = binary.LittleEndian.AppendUint64(p.data, target)
	return a
}

func (p *part) u32(v uint32) { p.data = binary.LittleEndian.AppendUint32(p.data, v) }
func (p *part) u64(v uint64) { p.data = binary.LittleEndian.AppendUint64(p.data, v) }

func (p *part) align(n int) {
	for len(p.data)%n != 0 {
		p.data = append(p.data, 0)
	}
}

// ret is a return instruction with padding, 16 bytes.
func (im *Image) ret() []byte {
	if im.Arch == "x86_64" {
		return append([]byte{0xc3}, slices.Repeat([]byte{0x90}, 15)...)
	}
	return slices.Concat([]byte{0xc0, 0x03, 0x5f, 0xd6}, slices.Repeat([]byte{0x1f, 0x20, 0x03, 0xd5}, 3))
}

// content fills all sections.
func (l *layout) content() {
	im := &l.im
	code := l.part("__TEXT", "__text", 0x80000400)
	code.data = append(code.data, im.Code...)
	code.align(16)
	for range im.Functions {
		code.data = append(code.data, im.ret()...)
	}
	cstr := l.part("__TEXT", "__cstring", 2)
	for _, s := range im.Strings {
		l.text(cstr, s)
	}
	cons := l.part("__TEXT", "__const", 0)
	cons.data = append(cons.data, im.Const...)
	for _, e := range im.Extra {
		p := l.part(e.Segment, e.Name, e.Flags)
		p.data = append(p.data, e.Data...)
	}
	l.cfStrings(cstr)
	l.objc()
	l.swift()
	l.binds = append(l.binds, im.Imports...)
	for _, c := range im.Categories {
		name := "_OBJC_CLASS_$_" + c.Class
		if !slices.ContainsFunc(l.binds, func(m Import) bool { return m.Name == name }) {
			l.binds = append(l.binds, Import{Name: name, Ordinal: 1})
		}
	}
	got := l.part("__DATA", "__got", 0)
	for _, m := range l.binds {
		l.pointer(got, 0, m.Name)
	}
	l.parts = slices.DeleteFunc(l.parts, func(p *part) bool { return len(p.data) == 0 })
	slices.SortStableFunc(l.parts, func(a, b *part) int { return strings.Compare(b.seg, a.seg) }) // __TEXT first
}

// cfStrings writes CFString records: class, flags, text, length.
func (l *layout) cfStrings(cstr *part) {
	wide := l.part("__TEXT", "__ustring", 0)
	cf := l.part("__DATA", "__cfstring", 0)
	for _, s := range l.im.CFStrings {
		flags, n, target := uint64(0x7c8), len(s), uint64(0)
		if strings.IndexFunc(s, func(r rune) bool { return r > 127 }) >= 0 {
			units := utf16le(s)
			wide.align(2)
			flags, n, target = 0x7d0, len(units)/2, wide.addr+uint64(len(wide.data))
			wide.data = append(append(wide.data, units...), 0, 0)
		} else {
			target = l.text(cstr, s)
		}
		cf.u64(0)
		cf.u64(flags)
		l.pointer(cf, target, "")
		cf.u64(uint64(n))
	}
}

func utf16le(s string) []byte {
	var b []byte
	for _, r := range s {
		if r > 0xffff {
			panic(fmt.Sprintf("machotest: %q is outside the basic plane", s))
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return b
}
