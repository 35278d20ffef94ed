package link

import (
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// maxReexports bounds how far re-exports are followed.
const maxReexports = 16

// calls adds a link for every image whose imported names are bound to another
// image of the product, at the image that really exports them.
func (r *resolver) calls() {
	done := map[sbom.Digest]bool{}
	for _, s := range r.slices {
		if done[s.noun.Digest] {
			continue
		}
		done[s.noun.Digest] = true
		byOrdinal := map[int][]string{}
		for _, i := range s.image.Imports {
			byOrdinal[i.Ordinal] = append(byOrdinal[i.Ordinal], i.Name)
		}
		for o, names := range byOrdinal {
			switch {
			case o >= 1:
				r.bound(s, loadKey{s.noun.Digest, o - 1}, names)
			case o == -1:
				r.boundToMain(s, names)
			case o == -2:
				r.flat(s, names)
			}
		}
	}
}

func (r *resolver) bound(s *slice, k loadKey, names []string) {
	for to := range r.targets[k] {
		for _, n := range names {
			at, how := r.exporter(to, n)
			r.call(s, at, how, n)
		}
	}
}

func (r *resolver) call(s *slice, to sbom.Digest, how, name string) {
	if to == s.noun.Digest {
		return
	}
	r.add(sbom.Link{Kind: sbom.LinkCalls, From: s.noun.Digest, To: to, Target: sbom.TargetInside,
		How: how, Symbols: []string{name}})
}

// exporter follows re-exports from an image to the one that exports the name.
// When none does, the name stays with the image that it is bound to.
func (r *resolver) exporter(first sbom.Digest, name string) (sbom.Digest, string) {
	seen := map[sbom.Digest]bool{first: true}
	queue := []sbom.Digest{first}
	for n := 0; len(queue) > 0 && n < maxReexports; n++ {
		d := queue[0]
		queue = queue[1:]
		m := r.images[d]
		if m == nil {
			continue
		}
		if r.exports(m)[name] {
			if d == first {
				return d, "bound symbol"
			}
			return d, "bound symbol through a re-export"
		}
		for i, l := range m.Noun.Loads {
			if l.Kind != sbom.LoadReexport {
				continue
			}
			for to := range r.targets[loadKey{d, i}] {
				if !seen[to] {
					seen[to] = true
					queue = append(queue, to)
				}
			}
		}
	}
	return first, "bound symbol"
}

func (r *resolver) exports(m *Image) map[string]bool {
	e := r.exportOf[m]
	if e == nil {
		e = make(map[string]bool, len(m.Exports))
		for _, n := range m.Exports {
			e[n] = true
		}
		r.exportOf[m] = e
	}
	return e
}

// boundToMain ties a plug-in to the executables in whose process it runs.
func (r *resolver) boundToMain(s *slice, names []string) {
	for _, m := range r.mains[s.noun.Digest] {
		if m.noun.Digest == s.noun.Digest || !sameArch(m.noun.Arch, s.noun.Arch) {
			continue
		}
		for _, n := range names {
			if r.exports(m.image)[n] {
				r.call(s, m.noun.Digest, "bound to the main executable", n)
			}
		}
	}
}

// flat ties names that are looked up in every loaded image to the images of the
// product, of the same architecture, that export them.
func (r *resolver) flat(s *slice, names []string) {
	for i := range r.in.Images {
		m := &r.in.Images[i]
		if m.Noun.Digest == s.noun.Digest || !sameArch(m.Noun.Arch, s.noun.Arch) || m.Noun.Type == "dsym" || m.Noun.Type == "object" {
			continue
		}
		e := r.exports(m)
		for _, n := range names {
			if e[n] {
				r.call(s, m.Noun.Digest, "flat lookup", n)
			}
		}
	}
}

// launchers are imports that start other programs of a product.
var launchers = []string{
	"_SMLoginItemSetEnabled", "_OBJC_CLASS_$_SMAppService", "_OBJC_CLASS_$_NSXPCConnection", "_xpc_connection_create",
	"_xpc_connection_create_mach_service", "_SMJobBless", "_OBJC_CLASS_$_NSTask", "_OBJC_CLASS_$_NSWorkspace", "_posix_spawn", "_posix_spawnp",
	"_execv", "_execve", "_execvp", "_system", "_popen", "_LSOpenCFURLRef", "_LSOpenFromURLSpec", "_AuthorizationExecuteWithPrivileges",
}

// openers are imports that load other code at run time.
var openers = []string{"_dlopen", "_OBJC_CLASS_$_NSBundle", "_CFBundleLoadExecutable", "_NSAddImage", "_CFBundleCreate"}

func firstImport(m *Image, names []string) string {
	have := map[string]bool{}
	for _, i := range m.Imports {
		have[i.Name] = true
	}
	for _, n := range names {
		if have[n] {
			return strings.TrimPrefix(n, "_")
		}
	}
	return ""
}
