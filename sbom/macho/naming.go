package macho

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Kinds of debugging symbols (mach-o/stab.h) of which the map from functions to
// object files is made.
const (
	stabFunction = 0x24 // N_FUN
	stabSource   = 0x64 // N_SO
	stabObject   = 0x66 // N_OSO
)

// nameFunctions names what Go's table did not: by symbols, Objective-C methods,
// then exported names; and says which object file a function came from, where
// debugging symbols tell.
func (c *coder) nameFunctions() {
	c.nameBySymbols()
	for i := range c.out.Classes {
		k := &c.out.Classes[i]
		for j := range k.Methods {
			m := &k.Methods[j]
			if f := c.unnamed(m.Address); f != nil {
				f.Name, f.From = methodName(k, m), fingerprint.NameMethod
			}
		}
	}
	c.eachExport(func(name string, addr uint64) {
		if f := c.unnamed(addr); f != nil && c.spend(len(name)) {
			f.Name, f.From = strings.TrimPrefix(name, "_"), fingerprint.NameExported
		}
	})
}

// unnamed is the function that begins at an address, when it has no name yet.
func (c *coder) unnamed(addr uint64) *fingerprint.Boundary {
	if i := c.function(addr); i >= 0 && c.out.Functions[i].From == fingerprint.NameNone {
		return &c.out.Functions[i]
	}
	return nil
}

// methodName spells a method as debuggers do.
func methodName(k *fingerprint.Class, m *fingerprint.Method) string {
	sign, class := "-", k.Name
	if m.Meta {
		sign = "+"
	}
	if k.Category != "" {
		class += "(" + k.Category + ")"
	}
	return sign + "[" + class + " " + m.Selector + "]"
}

// naming is the best symbol of one function so far.
type naming struct {
	name     []byte
	external bool
}

// better prefers external names, then the first by bytes.
func (a naming) better(b naming) bool {
	if a.external != b.external {
		return a.external
	}
	return b.name == nil || string(a.name) < string(b.name)
}

func (c *coder) nameBySymbols() {
	best := make([]naming, len(c.out.Functions))
	object := uint32(0)
	known := map[string]uint32{}
	c.eachSymbol(func(_ int, n nlist) {
		switch {
		case n.kind == stabSource:
			object = 0
		case n.kind == stabObject:
			object = c.objectFile(c.symbolName(n), known)
		case n.kind == stabFunction && n.sect != 0 && object != 0:
			if i := c.function(n.value); i >= 0 {
				c.out.Functions[i].Object = object
			}
		case c.begins(n):
			i := c.function(n.value)
			if i < 0 || c.out.Functions[i].From != fingerprint.NameNone {
				return
			}
			if s := (naming{c.symbolName(n), n.kind&symExternal != 0}); s.better(best[i]) {
				best[i] = s
			}
		}
	})
	for i, b := range best {
		if b.name != nil && c.spend(len(b.name)) {
			f := &c.out.Functions[i]
			f.Name, f.From = strings.TrimPrefix(string(b.name), "_"), fingerprint.NameSymbol
		}
	}
}

// objectFile is the number of an object file in Objects, counted from 1.
func (c *coder) objectFile(path []byte, known map[string]uint32) uint32 {
	if len(path) == 0 {
		return 0
	}
	if n := known[string(path)]; n != 0 {
		return n
	}
	if !c.spend(len(path)) {
		return 0
	}
	c.out.Objects = append(c.out.Objects, string(path))
	known[string(path)] = uint32(len(c.out.Objects))
	return uint32(len(c.out.Objects))
}

// eachExport calls do with every exported name that leads into the code, by
// address, then name.
func (c *coder) eachExport(do func(name string, addr uint64)) {
	type export struct {
		name string
		addr uint64
	}
	var list []export
	if t := c.exported; t != nil {
		start := 0
		for i, end := range t.ends {
			if a := t.addrs[i]; a != noAddress && end > start && c.inCode(c.base()+a) && c.spend(end-start) {
				list = append(list, export{string(t.text[start:end]), c.base() + a})
			}
			start = end
		}
	} else {
		c.eachSymbol(func(_ int, n nlist) {
			if n.kind&symExternal != 0 && n.kind&symPrivate == 0 && c.begins(n) && c.inCode(n.value) {
				if name := c.symbolName(n); c.spend(len(name)) {
					list = append(list, export{string(name), n.value})
				}
			}
		})
	}
	slices.SortFunc(list, func(a, b export) int { return cmp.Or(cmp.Compare(a.addr, b.addr), strings.Compare(a.name, b.name)) })
	for _, e := range list {
		do(e.name, e.addr)
	}
}
