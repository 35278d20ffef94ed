package macho

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// classAt is where a class of the image lies, or its metaclass.
type classAt struct {
	addr uint64
	name []byte
	off  uint64 // of the name in the slice
}

// readClasses lists the classes and categories with their methods, and notes
// where the classes lie, for code that names one of them.
func (c *coder) readClasses() {
	o := &c.rules
	o.list("__objc_classlist", func(at uint64) { c.addClass(at) })
	for _, l := range []string{"__objc_catlist", "__objc_catlist2"} {
		o.list(l, func(at uint64) { c.addCategory(at) })
	}
	slices.SortStableFunc(c.places.classes, func(a, b classAt) int { return cmp.Compare(a.addr, b.addr) })
}

func (c *coder) addClass(at uint64) {
	o := &c.rules
	name, off := c.noteClass(at)
	if name == nil {
		return
	}
	w := c.ptrSize()
	k := fingerprint.Class{Name: string(name), Super: string(c.className(at + w))}
	ro, _ := o.readOnly(at)
	k.Methods = c.methodsOf(k.Methods, o.roName(ro)+w, false)
	if meta, ok := c.offset(c.pointer(at).addr); ok {
		if ro, ok := o.readOnly(meta); ok {
			k.Methods = c.methodsOf(k.Methods, o.roName(ro)+w, true)
			if addr, ok := c.address(meta); ok {
				c.places.classes = append(c.places.classes, classAt{addr, name, off})
			}
		}
	}
	c.out.Classes = append(c.out.Classes, k)
}

// noteClass names the class at an offset and keeps its address.
func (c *coder) noteClass(at uint64) (name []byte, off uint64) {
	ro, ok := c.rules.readOnly(at)
	if !ok {
		return nil, 0
	}
	name, off = c.rules.nameAt(c.rules.roName(ro))
	if addr, ok := c.address(at); ok && name != nil {
		c.places.classes = append(c.places.classes, classAt{addr, name, off})
	}
	return name, off
}

// className is the name of the class that the pointer at an offset leads to,
// here or in another image.
func (c *coder) className(at uint64) []byte {
	p := c.pointer(at)
	if p.name != nil {
		return bytes.TrimPrefix(p.name, classPrefix)
	}
	if class, ok := c.offset(p.addr); ok && p.addr != 0 {
		if ro, ok := c.rules.readOnly(class); ok {
			name, _ := c.rules.nameAt(c.rules.roName(ro))
			return name
		}
	}
	return nil
}

func (c *coder) addCategory(at uint64) {
	w := c.ptrSize()
	name, _ := c.rules.nameAt(at)
	if name == nil {
		return
	}
	k := fingerprint.Class{Name: string(c.className(at + w)), Category: string(name)}
	k.Methods = c.methodsOf(k.Methods, at+2*w, false)
	k.Methods = c.methodsOf(k.Methods, at+3*w, true)
	c.out.Classes = append(c.out.Classes, k)
}

// Forms of a method list; see listSmall.
const listDirect = 0x40000000 // names are distances to the selector itself

// methodsOf appends the methods of the list that the pointer at an offset leads
// to. What is wrong with a list was said when its selectors were read.
func (c *coder) methodsOf(out []fingerprint.Method, at uint64, meta bool) []fingerprint.Method {
	o := &c.rules
	list, ok := c.offset(c.pointer(at).addr)
	if !ok {
		return out
	}
	t := c.sectionAt(list)
	if t == nil {
		return out
	}
	head, count := c.u32(list), uint64(c.u32(list+4))
	size := uint64(head & listSize)
	if size < 12 || size > 64 {
		return out
	}
	count = min(count, (max(uint64(len(t.data))-(list-t.off), 8)-8)/size)
	w := c.ptrSize()
	for i := range count {
		if !o.more(t) {
			return out
		}
		p := list + 8 + i*size
		m := fingerprint.Method{Meta: meta}
		switch {
		case head&listSmall == 0:
			sel, _ := o.nameAt(p)
			types, _ := o.nameAt(p + w)
			m.Selector, m.Types, m.Address = string(sel), string(types), c.pointer(p+2*w).addr
		case !c.smallMethod(&m, p, head&listDirect != 0):
			continue
		}
		if m.Selector != "" && c.inCode(m.Address) {
			out = append(out, m)
		}
	}
	return out
}

// smallMethod reads a record of three distances, each counted from its place.
func (c *coder) smallMethod(m *fingerprint.Method, p uint64, direct bool) bool {
	addr, ok := c.address(p)
	if !ok {
		return false
	}
	lead := func(i uint64) uint64 { return addr + 4*i + uint64(int64(int32(c.u32(p+4*i)))) }
	ref, ok := c.offset(lead(0))
	if !ok {
		return false
	}
	var sel []byte
	if direct {
		sel = c.text(ref)
	} else if at, ok := c.offset(c.pointer(ref).addr); ok {
		sel = c.text(at)
	}
	var types []byte
	if at, ok := c.offset(lead(1)); ok {
		types = c.text(at)
	}
	if len(sel) == 0 || !c.spend(len(sel)+len(types)) {
		return false
	}
	m.Selector, m.Types, m.Address = string(sel), string(types), lead(2)
	return true
}
