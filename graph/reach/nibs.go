package reach

import (
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// nibRoots notes what a nib of an image makes and sends: objects of its classes,
// each with the messages that the system sends to new objects and those that the
// nib sends and their class, or one above it, implements.
func (r *Reach) nibRoots(i int32) {
	m := &r.p.Images[i].Nib
	sends := map[uint64]bool{}
	for _, s := range m.Sends {
		sends[fingerprint.FeatureHash(fingerprint.FeatureSelector, s)] = true
	}
	for _, s := range born {
		sends[fingerprint.FeatureHash(fingerprint.FeatureSelector, s)] = true
	}
	for _, name := range m.Classes {
		h := r.classNamed(i, name)
		r.above(i, h, func(at classAt) {
			for _, x := range r.codes[at.image].classes[at.class].methods {
				if sends[x.selector] {
					r.reach(r.base[at.image]+int32(x.function), -1, viaNib)
				}
			}
		})
		r.use(i, h, -1, viaNib)
	}
}

// classNamed is the hash of a class's name as a list or a nib writes it: a Swift
// class may be written as Module.Class.
func (r *Reach) classNamed(image int32, name string) uint64 {
	h := fingerprint.FeatureHash(fingerprint.FeatureClass, name)
	if len(r.classes(image, h)) == 0 {
		h = fingerprint.FeatureHash(fingerprint.FeatureClass, mangled(name))
	}
	return h
}

// above calls do with the classes and categories of a name, and with those of
// the classes above.
func (r *Reach) above(image int32, name uint64, do func(at classAt)) {
	for range maxSupers {
		super := uint64(0)
		for _, at := range r.classes(image, name) {
			do(at)
			if s := r.codes[at.image].classes[at.class].super; s != 0 {
				super = s
			}
		}
		if super == 0 || super == name {
			return
		}
		name = super
	}
}

// looseNibs follows the messages of a nib to the first responder, the owner and
// others whose class it does not name: to the only class that implements them,
// if objects of it may be.
func (r *Reach) looseNibs(i int32) {
	g := r.group[i]
	for _, s := range r.p.Images[i].Nib.Sends {
		only, ok := r.only[groupName{g, fingerprint.FeatureHash(fingerprint.FeatureSelector, s)}]
		if !ok || only.many || !r.free(groupName{g, only.class}) {
			continue
		}
		for _, to := range only.at {
			r.reach(to, -1, viaSent)
		}
	}
}

// free reports whether objects of a class may be.
func (r *Reach) free(class groupName) bool {
	return r.used[class] || r.makes[class.group] || slices.ContainsFunc(r.names[class], func(at classAt) bool { return r.codes[at.image].classes[at.class].swift })
}

// nibDoubt calls mark with the methods that may be called in a group all of whose
// nibs are known, although nothing shows it: all of a class that a nib names; what
// a nib sends; and, of classes that are used, methods with arguments that nobody
// in the group sends, as the system may (a delegate's).
func (r *Reach) nibDoubt(mark func(n int32)) {
	sent := map[groupName]bool{} // by nibs
	for i := range r.codes {
		if g := r.group[i]; r.nibs[g] {
			for _, s := range r.p.Images[i].Nib.Sends {
				sent[groupName{g, fingerprint.FeatureHash(fingerprint.FeatureSelector, s)}] = true
			}
			for _, name := range r.p.Images[i].Nib.Classes {
				r.above(int32(i), r.classNamed(int32(i), name), func(at classAt) {
					for _, x := range r.codes[at.image].classes[at.class].methods {
						mark(r.base[at.image] + int32(x.function))
					}
				})
			}
		}
	}
	said := map[groupName]bool{} // by code, whether it runs or not
	for i, c := range r.codes {
		if c == nil || !r.nibs[r.group[i]] {
			continue
		}
		for k := range c.set.Features {
			if f := &c.set.Features[k]; f.Kind == fingerprint.FeatureSelector {
				said[groupName{r.group[i], f.Hash}] = true
			}
		}
	}
	for i, c := range r.codes {
		if c == nil || !r.nibs[r.group[i]] || !r.loaded[i] {
			continue
		}
		for k := range c.classes {
			used := r.used[groupName{r.group[i], c.classes[k].name}]
			for _, x := range c.classes[k].methods {
				if s := (groupName{r.group[i], x.selector}); sent[s] || used && x.argued && !said[s] {
					mark(r.base[i] + int32(x.function))
				}
			}
		}
	}
}
