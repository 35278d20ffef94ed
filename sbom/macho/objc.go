package macho

import (
	"bytes"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// objc reads the metadata of the Objective-C runtime (objc4,
// runtime/objc-runtime-new.h). Every record is found through a list section or
// one pointer from there, so nothing is followed in circles.
type objc struct {
	*slice
	selectors map[uint64]bool // by offset of the name
	distinct  map[string]bool
	left      int // records that may still be looked at
}

// classData takes the flag bits off a class's pointer to its read-only part.
const classData = ^uint64(7)

// readObjC names classes, categories, protocols and selectors.
func (s *slice) readObjC() {
	o := objc{slice: s, selectors: map[uint64]bool{}, distinct: map[string]bool{}, left: s.o.MaxObjects}
	m := &s.out.Image
	if s.filetype != typeObject {
		o.list("__objc_classlist", func(at uint64) { m.Classes = appendName(m.Classes, o.class(at)) })
		o.list("__objc_catlist", func(at uint64) { m.Categories = appendName(m.Categories, o.category(at)) })
		o.list("__objc_catlist2", func(at uint64) { m.Categories = appendName(m.Categories, o.category(at)) })
		o.list("__objc_protolist", func(at uint64) { m.Protocols = appendName(m.Protocols, o.protocol(at)) })
		o.selrefs()
	}
	o.methodNames()
	for _, l := range []*[]string{&m.Classes, &m.Categories, &m.Protocols} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
	}
	m.Counts.Selectors = len(o.distinct)
	for _, name := range []string{"__objc_nlclslist", "__objc_nlcatlist"} {
		for _, c := range s.named(name) {
			s.out.LoadMethods += len(c.data) / int(s.ptrSize())
		}
	}
}

func appendName(l []string, name string) []string {
	if name == "" {
		return l
	}
	return append(l, name)
}

// list calls do with the offset of each record that a list section points to.
func (o *objc) list(name string, do func(at uint64)) {
	w := o.ptrSize()
	for _, c := range o.named(name) {
		if o.hidden(c) {
			continue
		}
		bad := 0
		for p := uint64(0); p+w <= uint64(len(c.data)) && o.more(c); p += w {
			if at, ok := o.offset(o.pointer(c.off + p).addr); ok {
				do(at)
			} else {
				bad++
			}
		}
		if bad > 0 {
			o.gap(sbom.GapUnreadable, int64(c.off), "%d entries of %s lead outside the slice", bad, c.name)
		}
	}
}

// more charges one record.
func (o *objc) more(c *section) bool {
	if o.left > 0 {
		o.left--
		return true
	}
	if o.left == 0 {
		o.left--
		o.gap(sbom.GapLimit, int64(c.off), "more than %d Objective-C records: the rest was left out", o.o.MaxObjects)
	}
	return false
}

// named text behind the pointer at an offset, charged to the allowance.
func (o *objc) nameAt(at uint64) ([]byte, uint64) {
	off, ok := o.offset(o.pointer(at).addr)
	if !ok {
		return nil, 0
	}
	name := o.text(off)
	if len(name) == 0 || !o.spend(len(name)) {
		return nil, 0
	}
	return name, off
}

// readOnly returns the offset of a class's read-only part.
func (o *objc) readOnly(class uint64) (uint64, bool) {
	return o.offset(o.pointer(class+4*o.ptrSize()).addr & classData)
}

// roName is the offset of the name pointer in a read-only part; two pointers
// further are its methods.
func (o *objc) roName(ro uint64) uint64 {
	if o.wide {
		return ro + 24
	}
	return ro + 16
}

// class names one class, gives it as a fact, and reads its methods and those of
// its metaclass.
func (o *objc) class(at uint64) string {
	ro, ok := o.readOnly(at)
	if !ok {
		return ""
	}
	name, off := o.nameAt(o.roName(ro))
	if name == nil {
		return ""
	}
	o.fact(sbom.FactClass, name, off)
	o.methods(o.roName(ro) + o.ptrSize())
	if meta, ok := o.offset(o.pointer(at).addr); ok {
		if ro, ok := o.readOnly(meta); ok {
			o.methods(o.roName(ro) + o.ptrSize())
		}
	}
	return string(name)
}

// category names one category as Class(Category). The class may be bound.
func (o *objc) category(at uint64) string {
	w := o.ptrSize()
	name, _ := o.nameAt(at)
	o.methods(at + 2*w)
	o.methods(at + 3*w)
	if name == nil {
		return ""
	}
	target := "?"
	switch p := o.pointer(at + w); {
	case p.name != nil:
		target = string(bytes.TrimPrefix(p.name, classPrefix))
	case p.addr != 0:
		if class, ok := o.offset(p.addr); ok {
			if ro, ok := o.readOnly(class); ok {
				if n, _ := o.nameAt(o.roName(ro)); n != nil {
					target = string(n)
				}
			}
		}
	}
	return target + "(" + string(name) + ")"
}

// protocol names one protocol: isa, name, protocols, four method lists.
func (o *objc) protocol(at uint64) string {
	w := o.ptrSize()
	name, _ := o.nameAt(at + w)
	for i := range uint64(4) {
		o.methods(at + (3+i)*w)
	}
	return string(name)
}

// fact gives a name with its place.
func (o *objc) fact(kind sbom.FactKind, name []byte, off uint64) {
	f := sbom.Fact{Kind: kind, Value: name, Offset: int64(off), Length: int64(len(name))}
	if c := o.sectionAt(off); c != nil {
		f.Section = c.name
	}
	o.addFact(f)
}

// selector gives a selector once for each place of its name.
func (o *objc) selector(name []byte, off uint64) {
	if len(name) == 0 || o.selectors[off] {
		return
	}
	o.selectors[off] = true
	if !o.distinct[string(name)] {
		o.distinct[string(name)] = true
	}
	o.fact(sbom.FactSelector, name, off)
}

// selrefs gives the selectors that are sent: pointers to their names.
func (o *objc) selrefs() {
	w := o.ptrSize()
	for _, c := range o.named("__objc_selrefs") {
		for p := uint64(0); p+w <= uint64(len(c.data)) && o.more(c); p += w {
			o.selectorAt(o.pointer(c.off + p).addr)
		}
	}
}

func (o *objc) selectorAt(addr uint64) {
	off, ok := o.offset(addr)
	if !ok || o.selectors[off] {
		return
	}
	if name := o.text(off); len(name) > 0 && o.spend(len(name)) {
		o.selector(name, off)
	}
}

// methodNames gives every name of the method name sections: those that are
// implemented and those that are sent. Linkers may fold the section into the C
// strings; then the selector references and method lists are all there is.
func (o *objc) methodNames() {
	for i := range o.sects {
		c := &o.sects[i]
		if c.data == nil || o.hidden(c) || !strings.HasSuffix(c.name, ",__objc_methname") {
			continue
		}
		for p := 0; p < len(c.data); {
			n := bytes.IndexByte(c.data[p:], 0)
			if n < 0 {
				n = len(c.data) - p
			}
			o.selector(c.data[p:p+n:p+n], c.off+uint64(p))
			p += n + 1
		}
	}
}
