package reach

import (
	"fmt"
	"strings"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// search finds what the entry points lead to: first over steps that do not go
// too far, then over all. Each node, class and selector is looked at once.
func (r *Reach) search() {
	n := int(r.base[len(r.codes)])
	r.parent, r.how = make([]int32, n), make([]via, n)
	r.used, r.waiting, r.asked = map[groupName]bool{}, map[groupName][]call{}, map[groupName]bool{}
	r.inUse, r.doubted = map[tableAt]bool{}, map[tableAt]bool{}
	for i := range r.parent {
		r.parent[i] = -1
	}
	for i, c := range r.codes {
		if c != nil && r.loaded[i] {
			r.roots(i, c)
		}
	}
	r.spread(0, false)
	sure := len(r.order)
	for _, u := range r.order[:sure:sure] {
		r.sends(u)
		r.tables(u)
	}
	for i, c := range r.codes {
		if c != nil && r.loaded[i] {
			r.looseRoots(i, c)
			r.looseNibs(int32(i))
		}
	}
	r.spread(sure, true)
	r.doubt()
}

// doubt marks what is not reached, and may be over objects whose class no code
// names: the methods of classes, where such objects are made (of those that nibs
// name, where all such objects are of nibs that were read), and all that they lead
// to. And what is not reached in a program of Go: its linker takes in only what
// something refers to, so that something does which is not followed.
func (r *Reach) doubt() {
	r.unseen = make([]bool, len(r.how))
	var queue []int32
	mark := func(n int32) {
		if r.how[n] == viaNone && !r.unseen[n] {
			r.unseen[n] = true
			queue = append(queue, n)
		}
	}
	for i, c := range r.codes {
		if c != nil && c.golang && r.loaded[i] {
			for f := range c.set.Functions {
				mark(r.base[i] + int32(f))
			}
		}
		if c == nil || c.own == nil || !r.loaded[i] || !r.makes[r.group[i]] {
			continue
		}
		for f, k := range c.own {
			if k > 0 {
				mark(r.base[i] + int32(f))
			}
		}
	}
	r.nibDoubt(mark)
	for ; len(queue) > 0; queue = queue[1:] {
		for _, e := range r.out(queue[0]) {
			mark(e.to)
		}
		r.tableDoubt(queue[0], mark)
	}
}

// reach notes that a node is reached.
func (r *Reach) reach(node, parent int32, v via) {
	if r.how[node] == viaNone {
		r.how[node], r.parent[node] = v, parent
		r.order = append(r.order, node)
	}
}

// spread follows the steps of all nodes from a place of the order on. loose: the
// messages to unknown receivers, and tables, too.
func (r *Reach) spread(at int, loose bool) {
	for ; at < len(r.order); at++ {
		u := r.order[at]
		for _, e := range r.out(u) {
			r.reach(e.to, u, e.via)
		}
		i := r.of(u)
		c, f := r.codes[i], int(u-r.base[i])
		c.features(f, fingerprint.FeatureClass, func(x *fingerprint.Feature) { r.use(i, x.Hash, u, viaCallback) })
		if c.own != nil && c.own[f] > 0 {
			r.use(i, c.classes[c.own[f]-1].name, u, viaCallback)
		}
		if loose {
			r.sends(u)
			r.tables(u)
		}
	}
}

// use notes that a class is used: the system may call its methods and those of
// the classes above it, and messages that wait for an object of it arrive.
func (r *Reach) use(image int32, name uint64, by int32, v via) {
	for range maxSupers {
		key := groupName{r.group[image], name}
		if r.used[key] {
			return
		}
		list := r.classes(image, name)
		if len(list) == 0 {
			return
		}
		r.used[key] = true
		super := uint64(0)
		for _, at := range list {
			k := &r.codes[at.image].classes[at.class]
			if k.super != 0 {
				super = k.super
			}
			for _, m := range k.methods {
				if m.callback {
					r.reach(r.base[at.image]+int32(m.function), by, v)
				}
			}
		}
		for _, w := range r.waiting[key] {
			r.reach(w.to, w.from, viaOnly)
		}
		delete(r.waiting, key)
		name = super
	}
}

// sends follows the messages of a node whose receiver is not known, each
// selector once: to the only class that implements it, once that is used or
// objects may come to be unseen.
func (r *Reach) sends(u int32) {
	i := r.of(u)
	c, g := r.codes[i], r.group[i]
	c.features(int(u-r.base[i]), fingerprint.FeatureSelector, func(x *fingerprint.Feature) {
		key := groupName{g, x.Hash}
		if r.asked[key] {
			return
		}
		r.asked[key] = true
		s, ok := r.only[key]
		if !ok || s.many {
			return
		}
		class := groupName{g, s.class}
		free := r.free(class)
		for _, to := range s.at {
			if free {
				r.reach(to, u, viaOnly)
			} else {
				r.waiting[class] = append(r.waiting[class], call{u, to})
			}
		}
	})
}

// roots notes where execution begins in an image that is loaded.
func (r *Reach) roots(i int, c *code) {
	m := &r.p.Images[i]
	for _, x := range c.set.Roots {
		n := r.base[i] + int32(x.Function)
		switch {
		case x.Kind == fingerprint.RootMain && m.Entry:
			r.reach(n, -1, viaMain)
		case x.Kind == fingerprint.RootConstructor:
			r.reach(n, -1, viaConstructor)
		case x.Kind == fingerprint.RootLoad:
			r.reach(n, -1, viaLoad)
		case x.Kind == fingerprint.RootExport && m.Plugin && r.opened[i]:
			r.reach(n, -1, viaExport)
		}
	}
	if c.golang && m.Entry {
		for f := range c.set.Functions {
			switch name := c.set.Functions[f].Name; {
			case name == "main.main":
				r.reach(r.base[i]+int32(f), -1, viaGoMain)
			case initialises(name):
				r.reach(r.base[i]+int32(f), -1, viaGoInit)
			}
		}
	}
	for _, name := range m.Classes {
		h := r.classNamed(int32(i), name)
		for _, at := range r.classes(int32(i), h) {
			for _, x := range r.codes[at.image].classes[at.class].methods {
				r.reach(r.base[at.image]+int32(x.function), -1, viaRegistered)
			}
		}
		r.use(int32(i), h, -1, viaRegistered)
	}
	r.nibRoots(int32(i))
	for k := range c.classes {
		if c.classes[k].delegate && c.starts && m.Entry {
			r.use(int32(i), c.classes[k].name, -1, viaDelegate)
		}
	}
}

// mangled is the name under which the runtime knows a Swift class that is written
// as Module.Class.
func mangled(name string) string {
	module, class, ok := strings.Cut(name, ".")
	if !ok {
		return name
	}
	return fmt.Sprintf("_TtC%d%s%d%s", len(module), module, len(class), class)
}

// initialises reports whether a Go function initialises a package: its name ends
// in ".init" or ".init.0".
func initialises(name string) bool {
	for len(name) > 0 && name[len(name)-1] >= '0' && name[len(name)-1] <= '9' {
		name = name[:len(name)-1]
	}
	if n := len(name); n > 6 && name[n-6:] == ".init." {
		return true
	}
	return len(name) > 5 && name[len(name)-5:] == ".init"
}

// looseRoots notes where execution may begin.
func (r *Reach) looseRoots(i int, c *code) {
	if len(c.set.Tables) > 0 {
		r.looseTables(int32(i), c)
	}
	for _, x := range c.set.Roots {
		if len(c.set.Tables) > 0 {
			break
		}
		if x.Kind == fingerprint.RootPointer && !c.block[x.Function] {
			r.reach(r.base[i]+int32(x.Function), -1, viaPointer)
		}
	}
	if c.main || !r.p.Images[i].Entry {
		return
	}
	for k := range c.classes {
		r.use(int32(i), c.classes[k].name, -1, viaSystem)
	}
}
