package macho

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// findRoots lists where execution enters from outside.
func (c *coder) findRoots() {
	if c.t.hasMain {
		if addr, ok := c.address(c.t.mainAt); ok {
			c.root(addr, fingerprint.RootMain)
		}
	}
	if pc := c.threadEntry(); pc != 0 {
		c.root(pc, fingerprint.RootMain)
	}
	c.constructors()
	c.eachExport(func(_ string, addr uint64) { c.root(addr, fingerprint.RootExport) })
	for i := range c.out.Classes {
		for _, m := range c.out.Classes[i].Methods {
			c.root(m.Address, fingerprint.RootMethod)
		}
	}
	c.loadMethods()
	c.eachPointer(func(addr uint64) { c.root(addr, fingerprint.RootPointer) })
	slices.SortFunc(c.roots, func(a, b fingerprint.Root) int {
		if a.Address != b.Address {
			return cmp.Compare(a.Address, b.Address)
		}
		return cmp.Compare(a.Kind, b.Kind)
	})
	c.out.Roots = slices.Compact(c.roots)
}

// root keeps a root that is the beginning of a function.
func (c *coder) root(addr uint64, kind fingerprint.RootKind) {
	if c.inCode(addr) && c.function(addr) >= 0 {
		c.roots = append(c.roots, fingerprint.Root{Address: addr, Kind: kind})
	}
}

// threadEntry is the program counter of LC_UNIXTHREAD (mach/*/thread_status.h):
// flavour, count, registers.
func (c *coder) threadEntry() uint64 {
	b := c.t.thread
	at := map[string]int{"x86_64": 16 + 16*8, "arm64": 16 + 32*8, "arm64e": 16 + 32*8}[c.out.Arch]
	if at == 0 || len(b) < at+8 {
		return 0
	}
	return c.bo.Uint64(b[at:])
}

// constructors are the functions that run when the image is loaded.
func (c *coder) constructors() {
	w := c.ptrSize()
	for i := range c.sects {
		d := &c.sects[i]
		switch d.kind {
		case kindInits:
			for p := uint64(0); p+w <= uint64(len(d.data)); p += w {
				c.root(c.pointer(d.off+p).addr, fingerprint.RootConstructor)
			}
		case kindInitOffs:
			for p := 0; p+4 <= len(d.data); p += 4 {
				c.root(c.base()+uint64(c.bo.Uint32(d.data[p:])), fingerprint.RootConstructor)
			}
		}
	}
}

// loadMethods are the +load of the classes and categories that the runtime is
// asked to load at once.
func (c *coder) loadMethods() {
	load := func(list uint64) {
		for _, m := range c.methodsOf(nil, list, true) {
			if m.Selector == "load" {
				c.root(m.Address, fingerprint.RootLoad)
			}
		}
	}
	w := c.ptrSize()
	c.rules.list("__objc_nlclslist", func(at uint64) {
		if meta, ok := c.offset(c.pointer(at).addr); ok {
			if ro, ok := c.rules.readOnly(meta); ok {
				load(c.rules.roName(ro) + w)
			}
		}
	})
	c.rules.list("__objc_nlcatlist", func(at uint64) { load(at + 3*w) })
}
