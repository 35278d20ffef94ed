package machotest

import "strings"

// objc writes classes, categories, protocols and selector references.
func (l *layout) objc() {
	im := &l.im
	names := l.part("__TEXT", "__objc_classname", 2)
	sels := l.part("__TEXT", "__objc_methname", 2)
	lists := l.part("__TEXT", "__objc_methlist", 0)
	classes := l.part("__DATA", "__objc_classlist", 0)
	cats := l.part("__DATA", "__objc_catlist", 0)
	protos := l.part("__DATA", "__objc_protolist", 0)
	refs := l.part("__DATA", "__objc_selrefs", 5)
	cons := l.part("__DATA", "__objc_const", 0)
	data := l.part("__DATA", "__objc_data", 0)
	ref := map[string]uint64{}
	selref := func(s string) uint64 {
		if ref[s] == 0 {
			ref[s] = l.pointer(refs, l.text(sels, s), "")
		}
		return ref[s]
	}
	for _, s := range im.Selectors {
		selref(s)
	}
	methods := func(list []string, small bool) uint64 {
		if len(list) == 0 {
			return 0
		}
		if small {
			return l.smallList(lists, list, selref)
		}
		a := cons.addr + uint64(len(cons.data))
		cons.u32(24)
		cons.u32(uint32(len(list)))
		for _, m := range list {
			l.pointer(cons, l.text(sels, m), "")
			cons.u64(0)
			l.pointer(cons, l.code(), "")
		}
		return a
	}
	readOnly := func(name string, flags uint32, methods uint64) uint64 {
		a := cons.addr + uint64(len(cons.data))
		cons.u32(flags)
		cons.u32(0)
		cons.u64(8)
		cons.u64(0)
		l.pointer(cons, l.text(names, name), "")
		l.pointer(cons, methods, "")
		for range 4 {
			cons.u64(0)
		}
		return a
	}
	class := func(isa, ro uint64) uint64 {
		a := l.pointer(data, isa, "")
		for range 3 {
			data.u64(0)
		}
		l.pointer(data, ro, "")
		return a
	}
	for _, c := range im.Classes {
		meta := class(0, readOnly(c.Name, 1, methods(c.ClassMethods, c.Small)))
		l.pointer(classes, class(meta, readOnly(c.Name, 0, methods(c.Methods, c.Small))), "")
	}
	for _, c := range im.Categories {
		m := methods(c.Methods, false)
		a := l.pointer(cons, l.text(names, c.Name), "")
		l.pointer(cons, 0, "_OBJC_CLASS_$_"+c.Class)
		l.pointer(cons, m, "")
		cons.u64(0)
		l.pointer(cats, a, "")
	}
	for _, p := range im.Protocols {
		a := l.pointer(data, 0, "")
		l.pointer(data, l.text(names, p), "")
		for range 9 {
			data.u64(0)
		}
		l.pointer(protos, a, "")
	}
}

// code is the address of the first function.
func (l *layout) code() uint64 { return l.last["__TEXT,__text"] }

// smallList writes a relative method list: distances to the selector
// reference, the types and the code.
func (l *layout) smallList(p *part, list []string, selref func(string) uint64) uint64 {
	p.align(4)
	a := p.addr + uint64(len(p.data))
	p.u32(0x80000000 | 12)
	p.u32(uint32(len(list)))
	for _, m := range list {
		p.u32(uint32(selref(m) - (p.addr + uint64(len(p.data)))))
		p.u32(0)
		p.u32(uint32(l.code() - (p.addr + uint64(len(p.data)))))
	}
	return a
}

// swift writes type descriptors (all structures) with their modules.
func (l *layout) swift() {
	refs := l.part("__TEXT", "__swift5_types", 0)
	desc := l.part("__TEXT", "__swift5_desc", 0)
	names := l.part("__TEXT", "__swift5_names", 0)
	rel := func(p *part, target uint64) { p.u32(uint32(target - (p.addr + uint64(len(p.data))))) }
	modules := map[string]uint64{}
	for _, t := range l.im.SwiftTypes {
		module, name, _ := strings.Cut(t, ".")
		if modules[module] == 0 {
			modules[module] = desc.addr + uint64(len(desc.data))
			desc.u32(0)
			desc.u32(0)
			rel(desc, l.text(names, module))
		}
		rel(refs, desc.addr+uint64(len(desc.data)))
		desc.u32(17)
		rel(desc, modules[module])
		rel(desc, l.text(names, name))
	}
}
