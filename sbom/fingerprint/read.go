package fingerprint

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"

	"github.com/kinbom/kinbom/sbom"
)

// File is a saved Set whose header and checksums were read. Its parts are
// decoded when they are asked for: comparing code needs no texts.
type File struct {
	Image     sbom.Digest
	Arch      string
	Functions int // number of them
	Features  int
	Sizes     Sizes

	parts map[uint32]part
}

type part struct {
	at int64 // in the file
	b  []byte
}

// Open reads the header and checks the sections. b must not change while the
// File is in use. Errors are ErrNotMarks, a *VersionError or a *DamageError.
func Open(b []byte) (*File, error) {
	le := binary.LittleEndian
	if len(b) < 8 || string(b[:4]) != magic {
		return nil, ErrNotMarks
	}
	if f, a := int(le.Uint16(b[4:])), int(le.Uint16(b[6:])); f != Format || a != Algorithm {
		return nil, &VersionError{Format: f, Algorithm: a}
	}
	if len(b) < headerSize {
		return nil, &DamageError{Offset: int64(len(b)), What: "the header is cut off"}
	}
	f := &File{Image: sbom.Digest(hex.EncodeToString(b[8:40])), Arch: trimZeros(b[40:56]), parts: map[uint32]part{}}
	f.Functions, f.Features = int(le.Uint32(b[56:])), int(le.Uint32(b[60:]))
	n := int64(le.Uint32(b[64:]))
	at := headerSize + n*entrySize
	if n > 256 || at > int64(len(b)) {
		return nil, &DamageError{Offset: 64, What: fmt.Sprintf("a table of %d sections does not fit", n)}
	}
	f.Sizes.Code = at
	for i := range n {
		e := b[headerSize+i*entrySize:]
		id, crc, size := le.Uint32(e), le.Uint32(e[4:]), le.Uint64(e[8:])
		if size > uint64(int64(len(b))-at) {
			return nil, &DamageError{Section: int(id), Offset: at, What: "the section is cut off"}
		}
		content := b[at : at+int64(size) : at+int64(size)]
		if crc32.Checksum(content, castagnoli) != crc {
			return nil, &DamageError{Section: int(id), Offset: at, What: "the checksum is another"}
		}
		if _, twice := f.parts[id]; twice {
			return nil, &DamageError{Section: int(id), Offset: at, What: "the section is there twice"}
		}
		f.parts[id] = part{at, content}
		if id >= sectionNames {
			f.Sizes.Texts += int64(size)
		} else {
			f.Sizes.Code += int64(size)
		}
		at += int64(size)
	}
	if at != int64(len(b)) {
		return nil, &DamageError{Offset: at, What: "bytes behind the last section"}
	}
	// Each function takes 11 bytes or more, each feature 8: counts are claims.
	if f.Functions > len(f.parts[sectionFunctions].b)/11 || f.Features > len(f.parts[sectionFeatures].b)/8 {
		return nil, &DamageError{Offset: 56, What: fmt.Sprintf("%d functions and %d features do not fit", f.Functions, f.Features)}
	}
	return f, nil
}

func trimZeros(b []byte) string {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return string(b[:n])
}

// Read decodes a whole saved Set; errors as of Open.
func Read(b []byte) (*Set, error) {
	f, err := Open(b)
	if err != nil {
		return nil, err
	}
	return f.Set()
}

// Marks decodes the functions alone: addresses, sizes and marks, no calls,
// features or names. The error is a *DamageError.
func (f *File) Marks() ([]Function, error) {
	c := f.section(sectionFunctions)
	out := make([]Function, f.Functions)
	last := uint64(0)
	for i := range out {
		p := &out[i]
		d := c.number(^uint64(0) - last)
		if d == 0 && i > 0 {
			c.bad("two functions at one address")
		}
		last += d
		p.Address = last
		p.Size = uint32(c.number(1<<32 - 1))
		n := c.number(1<<33 - 1)
		p.Instructions = uint32(n >> 1)
		p.Shape = Mark(c.word())
		p.Full = p.Shape
		if n&1 == 0 {
			p.Full = Mark(c.word())
		}
	}
	return out, c.end()
}

// CallsAlone decodes which functions call which, for CallsOf, and nothing else of
// the functions. The error is a *DamageError.
func (f *File) CallsAlone() (*Set, error) {
	s := &Set{Image: f.Image, Arch: f.Arch, Functions: make([]Function, f.Functions)}
	if err := f.calls(s); err != nil {
		return nil, err
	}
	return s, nil
}

// Named decodes the functions with their names, and nothing else of them. The
// error is a *DamageError.
func (f *File) Named() ([]Function, error) {
	s, err := f.some(f.names)
	if err != nil {
		return nil, err
	}
	return s.Functions, nil
}

// Bare decodes what comparing code needs: the functions with their marks, calls and
// features, no names and no texts. The error is a *DamageError.
func (f *File) Bare() (*Set, error) { return f.some(f.features, f.uses, f.calls) }

// Told decodes what says which code this is: all but calls, roots and hosts. The
// error is a *DamageError.
func (f *File) Told() (*Set, error) {
	return f.some(f.features, f.uses, f.names, f.texts, f.classes, f.objects)
}

// Set decodes everything. The error is a *DamageError.
func (f *File) Set() (*Set, error) {
	return f.some(f.features, f.uses, f.calls, f.roots, f.names, f.texts, f.classes, f.objects, f.hosts, f.tables)
}

// some decodes the functions and parts of the rest.
func (f *File) some(parts ...func(*Set) error) (*Set, error) {
	s := &Set{Image: f.Image, Arch: f.Arch}
	var err error
	if s.Functions, err = f.Marks(); err != nil {
		return nil, err
	}
	for _, do := range parts {
		if err := do(s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (f *File) features(s *Set) error {
	c := f.section(sectionFeatures)
	s.Features = make([]Feature, 0, f.Features)
	for k := FeatureKind(1); k < FeatureKindCount; k++ {
		n := c.number(uint64(f.Features - len(s.Features)))
		last := uint64(0)
		for i := range n {
			h := c.word()
			if i > 0 && h <= last {
				c.bad("features are not sorted")
			}
			last = h
			s.Features = append(s.Features, Feature{Kind: k, Hash: h})
		}
	}
	if len(s.Features) != f.Features {
		c.bad("the number of features is another")
	}
	return c.end()
}

func (f *File) uses(s *Set) error {
	c := f.section(sectionUses)
	s.Uses = make([]uint32, 0, len(c.b))
	for i := range s.Functions {
		last := uint64(0)
		for j := range c.number(uint64(len(c.b) - c.p)) {
			d := c.number(uint64(len(s.Features)))
			if j > 0 && d == 0 {
				c.bad("a feature is used twice")
			}
			if last += d; last >= uint64(len(s.Features)) {
				c.bad("a feature that is not there")
				return c.end()
			}
			s.Uses = append(s.Uses, uint32(last))
		}
		s.Functions[i].uses = uint32(len(s.Uses))
	}
	return c.end()
}

func (f *File) calls(s *Set) error {
	c := f.section(sectionCalls)
	s.Calls = make([]Call, 0, len(c.b)/2)
	for i := range s.Functions {
		for range c.number(uint64(len(c.b) - c.p)) {
			n := c.number(1<<40 - 1)
			z := n >> 2
			callee := int64(i) + (int64(z>>1) ^ -int64(z&1))
			if callee < 0 || callee >= int64(len(s.Functions)) || n&3 == 0 {
				c.bad("a call that leads nowhere")
				return c.end()
			}
			s.Calls = append(s.Calls, Call{Callee: uint32(callee), Kind: CallKind(n & 3)})
		}
		s.Functions[i].calls = uint32(len(s.Calls))
	}
	return c.end()
}

func (f *File) roots(s *Set) error {
	c := f.section(sectionRoots)
	last := uint64(0)
	for range c.number(uint64(len(c.b))) {
		last += c.number(uint64(len(s.Functions)))
		k := c.number(255)
		if last >= uint64(len(s.Functions)) {
			c.bad("a root that is not there")
			return c.end()
		}
		s.Roots = append(s.Roots, RootOf{Function: uint32(last), Kind: RootKind(k)})
	}
	return c.end()
}

func (f *File) names(s *Set) error {
	c := f.section(sectionNames)
	last := uint64(0)
	for range c.number(uint64(len(c.b))) {
		last += c.number(uint64(len(s.Functions)))
		from, t := c.number(255), c.text()
		if last >= uint64(len(s.Functions)) {
			c.bad("a name of no function")
			return c.end()
		}
		s.Functions[last].Name, s.Functions[last].From = t, NameSource(from)
	}
	return c.end()
}

func (f *File) texts(s *Set) error {
	c := f.section(sectionTexts)
	last := uint64(0)
	for range c.number(uint64(len(c.b))) {
		last += c.number(uint64(len(s.Features)))
		t := c.text()
		if last >= uint64(len(s.Features)) {
			c.bad("a text of no feature")
			return c.end()
		}
		s.Features[last].Text = t
	}
	return c.end()
}

func (f *File) classes(s *Set) error {
	c := f.section(sectionClasses)
	for range c.number(uint64(len(c.b))) {
		k := ClassOf{Name: c.text(), Category: c.text(), Super: c.text()}
		for range c.number(uint64(len(c.b) - c.p)) {
			n := c.number(1<<33 - 1)
			m := MethodOf{Function: uint32(n >> 1), Meta: n&1 != 0, Selector: c.text(), Types: c.text()}
			if int(m.Function) >= len(s.Functions) {
				c.bad("a method of no function")
				return c.end()
			}
			k.Methods = append(k.Methods, m)
		}
		s.Classes = append(s.Classes, k)
		if c.what != "" {
			break
		}
	}
	return c.end()
}

func (f *File) objects(s *Set) error {
	if _, ok := f.parts[sectionObjects]; !ok {
		return nil
	}
	c := f.section(sectionObjects)
	for range c.number(uint64(len(c.b))) {
		s.Objects = append(s.Objects, c.text())
		if c.what != "" {
			return c.end()
		}
	}
	for i := 0; i < len(s.Functions) && c.what == ""; {
		n, object := c.number(uint64(len(s.Functions)-i)), c.number(uint64(len(s.Objects)))
		if n == 0 {
			c.bad("a run of no functions")
		}
		for range n {
			s.Functions[i].Object = uint32(object)
			i++
		}
	}
	return c.end()
}

func (f *File) tables(s *Set) error {
	if _, ok := f.parts[sectionTables]; !ok {
		return nil
	}
	c := f.section(sectionTables)
	n := c.number(uint64(len(c.b)))
	for range n {
		var t TableOf
		for range c.number(uint64(len(c.b)-c.p) / 8) {
			t.Names = append(t.Names, c.word())
		}
		t.Functions = c.rising(nil, uint64(len(s.Functions)), "a function that is not there")
		t.Leads = c.rising(nil, n, "a table that is not there")
		s.Tables = append(s.Tables, t)
		if c.what != "" {
			return c.end()
		}
	}
	next := 0
	for range c.number(uint64(len(s.Functions))) {
		i := uint64(next) + c.number(uint64(len(s.Functions)))
		if next > 0 {
			i--
		}
		if i >= uint64(len(s.Functions)) || int(i) < next {
			c.bad("tables of no function")
			break
		}
		for ; next < int(i); next++ {
			s.Functions[next].tables = uint32(len(s.Refers))
		}
		s.Refers = c.rising(s.Refers, n, "a table that is not there")
		s.Functions[next].tables = uint32(len(s.Refers))
		next++
	}
	for ; next < len(s.Functions); next++ {
		s.Functions[next].tables = uint32(len(s.Refers))
	}
	return c.end()
}

// rising reads a number of rising numbers, each below a bound, behind others.
func (c *cursor) rising(out []uint32, below uint64, what string) []uint32 {
	last := uint64(0)
	for j := range c.number(uint64(len(c.b) - c.p)) {
		d := c.number(below)
		if last += d; last >= below || j > 0 && d == 0 {
			c.bad(what)
			break
		}
		out = append(out, uint32(last))
	}
	return out
}

// cursor reads one section. Its first complaint sticks, and everything behind
// it reads as zero.
type cursor struct {
	id   int
	at   int64
	b    []byte
	p    int
	what string
	from int
}

func (f *File) section(id uint32) *cursor {
	p, ok := f.parts[id]
	c := &cursor{id: int(id), at: p.at, b: p.b}
	if !ok {
		c.bad("the section is missing")
	}
	return c
}

func (c *cursor) bad(what string) {
	if c.what == "" {
		c.what, c.from = what, c.p
	}
	c.p = len(c.b)
}

// number reads a number of at most most.
func (c *cursor) number(most uint64) uint64 {
	if c.p < len(c.b) && c.b[c.p] < 0x80 && uint64(c.b[c.p]) <= most {
		c.p++
		return uint64(c.b[c.p-1])
	}
	v, n := binary.Uvarint(c.b[c.p:])
	if n <= 0 {
		c.bad("a number is cut off")
		return 0
	}
	if v > most {
		c.bad(fmt.Sprintf("%d where %d is the most", v, most))
		return 0
	}
	c.p += n
	return v
}

func (c *cursor) word() uint64 {
	if len(c.b)-c.p < 8 {
		c.bad("a mark is cut off")
		return 0
	}
	c.p += 8
	return binary.LittleEndian.Uint64(c.b[c.p-8:])
}

func (c *cursor) text() string {
	n := c.number(uint64(len(c.b) - c.p))
	if n > uint64(len(c.b)-c.p) {
		c.bad("a text is cut off")
		return ""
	}
	c.p += int(n)
	return string(c.b[c.p-int(n) : c.p])
}

// end is the complaint, or that something is left over.
func (c *cursor) end() error {
	if c.what == "" && c.p != len(c.b) {
		c.bad("bytes are left over")
	}
	if c.what != "" {
		return &DamageError{Section: c.id, Offset: c.at + int64(c.from), What: c.what}
	}
	return nil
}
