package link

import (
	"path"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// frame is one image on the way from a process's executable to a reference.
type frame struct {
	s  *slice
	up *frame
}

// walk visits what a process that starts at s loads, breadth first as dyld
// does: the first loader of an image decides its chain of run paths. An image
// that is no executable is walked as if the product's main executable had
// opened it.
func (r *resolver) walk(s *slice, opened bool) {
	main := s
	root := &frame{s: s}
	if opened {
		if main = r.mainFor(s); main != nil {
			root.up = &frame{s: main}
		} else {
			main = s
		}
	}
	seen := map[*slice]bool{s: true}
	for queue := []*frame{root}; len(queue) > 0; queue = queue[1:] {
		f := queue[0]
		f.s.visited = true
		r.mains[f.s.noun.Digest] = append(r.mains[f.s.noun.Digest], main)
		for i, l := range f.s.noun.Loads {
			t := r.load(f, i, l, main)
			if t != nil && !seen[t] {
				seen[t] = true
				queue = append(queue, &frame{s: t, up: f})
			}
		}
	}
}

// mainFor is the executable in whose process an opened image most likely runs:
// the main executable of the nearest bundle around it, else of the product. An
// image of an architecture that no executable has is never loaded; what it
// would load is resolved as beside the executable of another architecture.
func (r *resolver) mainFor(s *slice) *slice {
	if m := r.nearestMain(s, true); m != nil {
		return m
	}
	return r.nearestMain(s, false)
}

func (r *resolver) nearestMain(s *slice, exact bool) *slice {
	var best *slice
	for _, e := range r.slices {
		if e.noun.Type != "execute" || !e.role.Entry() || (exact && !sameArch(s.noun.Arch, e.noun.Arch)) {
			continue
		}
		inside := e.bundle == "" || s.bundle == e.bundle || strings.HasPrefix(s.bundle, e.bundle+"/")
		if inside && (best == nil || len(e.bundle) > len(best.bundle) || (len(e.bundle) == len(best.bundle) && e.role == sbom.RoleMain && best.role != sbom.RoleMain)) {
			best = e
		}
	}
	return best
}

// load resolves one reference and records the link; it returns the image that
// the reference leads to inside the product, or nil.
func (r *resolver) load(f *frame, index int, l sbom.Load, main *slice) *slice {
	out := sbom.Link{Kind: sbom.LinkLoads, From: f.s.noun.Digest, Name: l.Name, Load: l.Kind}
	t, how, target := r.find(f, l.Name, main)
	out.How, out.Target = how, target
	if t != nil {
		out.To = t.noun.Digest
		k := loadKey{f.s.noun.Digest, index}
		if r.targets[k] == nil {
			r.targets[k] = map[sbom.Digest]bool{}
		}
		r.targets[k][t.noun.Digest] = true
	} else if target != sbom.TargetSystem {
		out.Symbols = namesBoundTo(f.s.image, index+1)
	}
	r.add(out)
	return t
}

func namesBoundTo(m *Image, ordinal int) []string {
	var out []string
	for _, i := range m.Imports {
		if i.Ordinal == ordinal {
			out = append(out, i.Name)
		}
	}
	return union(nil, out)
}

// find resolves a reference as dyld does.
func (r *resolver) find(f *frame, name string, main *slice) (t *slice, how string, target sbom.Target) {
	arch := f.s.noun.Arch
	switch prefix, rest, _ := strings.Cut(name, "/"); prefix {
	case "@executable_path":
		return r.inside(arch, main.dir, rest, "@executable_path")
	case "@loader_path":
		return r.inside(arch, f.s.dir, rest, "@loader_path")
	case "@rpath":
		return r.rpath(f, rest, main)
	}
	if isSystem(name) {
		return nil, "absolute", sbom.TargetSystem
	}
	if !strings.HasPrefix(name, "/") {
		return r.inside(arch, f.s.dir, name, "beside its loader")
	}
	if t := r.bySuffix(arch, name); t != nil {
		return t, "absolute path into the product", sbom.TargetInside
	}
	return nil, "absolute", sbom.TargetOutside
}

func (r *resolver) inside(arch, dir, rest, how string) (*slice, string, sbom.Target) {
	if t, note := r.at(arch, path.Join(dir, rest)); t != nil {
		return t, how + note, sbom.TargetInside
	}
	return nil, how, sbom.TargetMissing
}

// rpath tries the run paths of the loading image, then of its loaders.
func (r *resolver) rpath(f *frame, rest string, main *slice) (*slice, string, sbom.Target) {
	system := false
	for g := f; g != nil; g = g.up {
		for _, p := range g.s.noun.Rpaths {
			var dir string
			switch prefix, tail, _ := strings.Cut(p, "/"); {
			case prefix == "@executable_path":
				dir = path.Join(main.dir, tail)
			case prefix == "@loader_path":
				dir = path.Join(g.s.dir, tail)
			case isSystem(p + "/"):
				system = system || isSystemName(rest)
				continue
			case strings.HasPrefix(p, "/"):
				if t := r.bySuffix(f.s.noun.Arch, path.Join(p, rest)); t != nil {
					return t, "@rpath through an absolute path into the product", sbom.TargetInside
				}
				continue
			default:
				dir = path.Join(g.s.dir, p)
			}
			if t, note := r.at(f.s.noun.Arch, path.Join(dir, rest)); t != nil {
				return t, "@rpath" + note, sbom.TargetInside
			}
		}
	}
	if system {
		return nil, "@rpath", sbom.TargetSystem
	}
	return nil, "@rpath", sbom.TargetMissing
}

// at is the slice of the architecture in the file at a product path, after
// links, letter case and lost framework links are allowed for.
func (r *resolver) at(arch, p string) (*slice, string) {
	if strings.HasPrefix(p, "../") || p == ".." {
		return nil, ""
	}
	if t := pick(arch, r.byPath[p]); t != nil {
		return t, ""
	}
	if q := r.follow(p); q != p {
		if t := pick(arch, r.byPath[q]); t != nil {
			return t, ""
		}
		p = q
	}
	if q, ok := r.byFold[strings.ToLower(p)]; ok {
		if t := pick(arch, r.byPath[q]); t != nil {
			return t, " (other letter case)"
		}
	}
	dir, base := path.Split(p)
	if strings.HasSuffix(strings.TrimSuffix(dir, "/"), base+".framework") {
		for _, v := range []string{"Versions/Current", "Versions/A"} {
			if t := pick(arch, r.byPath[path.Join(dir, v, base)]); t != nil {
				return t, " (framework link missing)"
			}
		}
	}
	return nil, ""
}

// follow replaces symbolic links in a product path, at most 40 as kernels do.
func (r *resolver) follow(p string) string {
	for range 40 {
		next := p
		for i := 0; i <= len(p); i++ {
			if i < len(p) && p[i] != '/' {
				continue
			}
			if target, ok := r.in.Links[p[:i]]; ok && i > 0 {
				if strings.HasPrefix(target, "/") {
					return p
				}
				next = path.Join(dirOf(p[:i]), target, p[i:])
				break
			}
		}
		if next == p {
			return p
		}
		p = next
	}
	return p
}

// bySuffix finds the file of the product that an absolute path of an installed
// system means: the path below a folder named as one of the product's own
// bundles. Build machines' folders match nothing.
func (r *resolver) bySuffix(arch, abs string) *slice {
	for i := 0; i < len(abs); i++ {
		if abs[i] != '/' || !strings.HasSuffix(abs[:i], ".app") {
			continue
		}
		if t, _ := r.at(arch, strings.TrimPrefix(abs[i:], "/")); t != nil {
			return t
		}
	}
	return nil
}

// pick is the slice that an image of the architecture would load.
func pick(arch string, l []*slice) *slice {
	for _, s := range l {
		if s.noun.Arch == arch {
			return s
		}
	}
	for _, s := range l {
		if sameArch(arch, s.noun.Arch) {
			return s
		}
	}
	return nil
}

// sameArch reports whether code of the two can run in one process: arm64e
// falls back to arm64, x86_64h to x86_64.
func sameArch(a, b string) bool {
	base := func(s string) string {
		switch s {
		case "arm64e":
			return "arm64"
		case "x86_64h":
			return "x86_64"
		}
		return s
	}
	return base(a) == base(b)
}

// isSystem reports whether a path belongs to the operating system.
func isSystem(p string) bool {
	return strings.HasPrefix(p, "/usr/lib/") || strings.HasPrefix(p, "/System/")
}

// isSystemName reports whether a library found through a system run path is one
// that the system really has there: the Swift runtime.
func isSystemName(rest string) bool {
	return strings.HasPrefix(rest, "libswift")
}
