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
	begin := func(t string, flags uint32) {
		module, name, _ := strings.Cut(t, ".")
		if modules[module] == 0 {
			modules[module] = desc.addr + uint64(len(desc.data))
			desc.u32(0)
			desc.u32(0)
			rel(desc, l.text(names, module))
		}
		rel(refs, desc.addr+uint64(len(desc.data)))
		desc.u32(flags)
		rel(desc, modules[module])
		rel(desc, l.text(names, name))
	}
	for _, t := range l.im.SwiftTypes {
		begin(t, 17)
	}
	fields := l.part("__TEXT", "__swift5_fieldmd", 0)
	for _, c := range l.im.SwiftClasses {
		begin(c.Name, c.flags())
		rel(desc, l.code())
		rel(desc, fields.addr+uint64(len(fields.data)))
		l.swiftClass(desc, &c, rel)
		fields.u32(0)
		fields.u32(0)
		fields.u32(1 | 12<<16)
		fields.u32(uint32(len(c.Fields)))
		for _, f := range c.Fields {
			fields.u32(0)
			fields.u32(0)
			rel(fields, l.text(names, f))
		}
	}
}

// flags are those of the descriptor.
func (c *SwiftClass) flags() uint32 {
	f := uint32(16)
	for _, x := range []struct {
		is  bool
		bit uint32
	}{{c.Params > 0, 1 << 7}, {c.Singleton, 1 << 16}, {c.FarSuper, 1 << 29}, {c.Overrides > 0, 1 << 30}, {len(c.Methods) > 0, 1 << 31}} {
		if x.is {
			f |= x.bit
		}
	}
	return f
}

// swiftClass writes what follows a class's fields in its descriptor.
func (l *layout) swiftClass(desc *part, c *SwiftClass, rel func(*part, uint64)) {
	fill := func(n int) {
		for range n {
			desc.u32(0)
		}
	}
	fill(6)
	if c.Params > 0 {
		fill(2)
		desc.u32(uint32(c.Params) | 1<<16) // one requirement
		desc.u32(c.Extras << 16)
		fill((c.Params+3)/4 + 3)
	}
	if c.FarSuper {
		fill(1)
	}
	if c.Singleton {
		fill(3)
	}
	next := l.code()
	if len(c.Methods) > 0 {
		desc.u32(10)
		desc.u32(uint32(len(c.Methods)))
		for _, flags := range c.Methods {
			next += 16
			desc.u32(flags)
			rel(desc, next)
		}
	}
	if c.Overrides > 0 {
		desc.u32(uint32(c.Overrides))
		for range c.Overrides {
			next += 16
			fill(2)
			rel(desc, next)
		}
	}
}
