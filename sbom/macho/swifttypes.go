package macho

import (
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Layout of a nominal type's descriptor (Swift ABI, Metadata.h and
// MetadataValues.h). All references are relative to their own place.
const (
	typeAccessor  = 12      // reference to the metadata accessor
	typeFields    = 16      // reference to the description of its fields
	classTrailing = 44      // of a class: behind what each class has
	typeGeneric   = 1 << 7  // flags: parameters follow
	initSingleton = 1       // flags >> 16 & 3: three references follow
	initForeign   = 2       // one follows
	classFarSuper = 1 << 29 // flags: a reference to a superclass of another module follows
	classOverride = 1 << 30 // a table of overrides follows
	classTable    = 1 << 31 // a table of methods follows
	methodDeed    = 0xf     // flags of a method: what it is
	methodAsync   = 1 << 6  // the reference leads to a record that leads to the code
)

// deeds are what a method of a class is, by the lowest bits of its flags.
var deeds = [...]string{"method", "init", "getter", "setter", "modify", "read"}

// typeReader reads the descriptors of Swift types for Code.
type typeReader struct {
	*coder
	left int // records that may still be looked at
}

// readTypes lists the Swift types whose module is known, with the functions that
// their descriptors lead to. What is wrong with a name was said by readSwift;
// a table of a form that is not known is left out, and so is what leads nowhere.
func (c *coder) readTypes() {
	if c.filetype == typeObject {
		return
	}
	r := typeReader{c, c.o.MaxObjects}
	for _, name := range []string{"__swift5_types", "__swift5_types2"} {
		for _, t := range c.named(name) {
			if c.hidden(t) {
				continue
			}
			for p := uint64(0); p+4 <= uint64(len(t.data)) && r.more(t); p += 4 {
				d, ok := c.relative(t.off + p)
				if !ok {
					continue
				}
				if name, whole := c.swiftName(d); whole && name != "" {
					c.out.Types = append(c.out.Types, r.read(d, name))
				}
			}
		}
	}
}

// more charges one record.
func (r *typeReader) more(t *section) bool {
	if r.left > 0 {
		r.left--
		return true
	}
	if r.left == 0 {
		r.left--
		r.gap(sbom.GapLimit, int64(t.off), "more than %d records of Swift types: the rest was left out", r.o.MaxObjects)
	}
	return false
}

// read reads the descriptor at an offset.
func (r *typeReader) read(d uint64, name string) fingerprint.Type {
	t := fingerprint.Type{Name: name, Fields: r.fields(d + typeFields)}
	if a := r.target(d + typeAccessor); r.inCode(a) {
		t.Accessor = a
	}
	flags, c := r.u32(d), r.sectionAt(d)
	if c == nil || flags&swiftKind != swiftClass || flags&(classTable|classOverride) == 0 {
		return t
	}
	at, ok := r.tables(d, flags)
	if ok && flags&classTable != 0 {
		at = r.methods(&t, c, at+4, 8)
	}
	if ok && flags&classOverride != 0 {
		r.methods(&t, c, at, 12)
	}
	return t
}

// tables is where the tables of a class begin: behind its parameters and what is
// needed to make it. ok is false for parameters of a form that is not known.
func (r *typeReader) tables(d uint64, flags uint32) (at uint64, ok bool) {
	at = d + classTrailing
	if flags&typeGeneric != 0 { // two references, four numbers, then parameters and requirements
		params, needs := uint64(r.u32(at+8)&0xffff), uint64(r.u32(at+8)>>16)
		if r.u32(at+12)>>16 != 0 {
			return 0, false // packs, values, or conditions of another kind follow
		}
		at += 16 + (params+3)&^3 + 12*needs
	}
	if flags&classFarSuper != 0 {
		at += 4
	}
	switch flags >> 16 & 3 {
	case initSingleton:
		at += 12
	case initForeign:
		at += 4
	}
	return at, true
}

// methods reads a table: a number, then records of which the last word leads to
// the code. It gives the offset behind it. A table ends with its section,
// whatever it claims.
func (r *typeReader) methods(t *fingerprint.Type, c *section, at, size uint64) uint64 {
	end := c.off + uint64(len(c.data))
	count := uint64(r.u32(at))
	at += 4
	if at > end || count > (end-at)/size {
		return end
	}
	for i := range count {
		if !r.more(c) {
			break
		}
		p := at + i*size
		deed, flags := "override", uint32(methodAsync)
		if size == 8 {
			flags, deed = r.u32(p), ""
			if n := int(flags & methodDeed); n < len(deeds) {
				deed = deeds[n]
			}
		}
		a := r.target(p + size - 4)
		if off, ok := r.offset(a); ok && flags&methodAsync != 0 && !r.inCode(a) {
			a = r.target(off)
		}
		if deed != "" && r.inCode(a) {
			t.Methods = append(t.Methods, fingerprint.TypeMethod{Address: a, Deed: deed})
		}
	}
	return at + count*size
}

// fields names what the description of fields at a reference lists: its head is
// two references, the kind and the size of a record (2 bytes each), the number.
func (r *typeReader) fields(at uint64) []string {
	d, ok := r.offset(r.target(at))
	if !ok {
		return nil
	}
	c := r.sectionAt(d)
	if c == nil {
		return nil
	}
	size, count := uint64(r.u32(d+8)>>16), uint64(r.u32(d+12))
	end := c.off + uint64(len(c.data))
	if size < 12 || d+16 > end || count > (end-d-16)/size {
		return nil
	}
	var out []string
	for i := range count {
		name := r.relativeText(d + 16 + i*size + 8)
		if !r.more(c) || !r.spend(len(name)) {
			break
		}
		if len(name) > 0 {
			out = append(out, string(name))
		}
	}
	return out
}

// target is the address that the relative reference at an offset leads to; 0 when
// it is null.
func (r *typeReader) target(at uint64) uint64 {
	rel := int32(r.u32(at))
	addr, ok := r.address(at)
	if rel == 0 || !ok {
		return 0
	}
	return addr + uint64(int64(rel))
}
