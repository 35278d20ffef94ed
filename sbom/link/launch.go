package link

import (
	"path"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// launches ties the product to the programs that lie in it: by the bundle's
// contents alone, and, where an image names the program and imports what starts
// programs, by that launch itself.
func (r *resolver) launches() {
	bundles := map[string]sbom.Bundle{}
	for _, b := range r.in.Bundles {
		bundles[b.Path] = b
	}
	targets := r.entries()
	for _, t := range targets {
		for _, m := range targets {
			if m.role == sbom.RoleMain && t.role != sbom.RoleMain && sameArch(m.noun.Arch, t.noun.Arch) {
				r.add(sbom.Link{Kind: sbom.LinkLaunches, From: m.noun.Digest, To: t.noun.Digest, Target: sbom.TargetInside,
					Name: t.path, How: "bundle contents"})
			}
		}
	}
	done := map[sbom.Digest]bool{}
	for _, s := range r.slices {
		if done[s.noun.Digest] || len(s.image.References) == 0 {
			continue
		}
		done[s.noun.Digest] = true
		api := firstImport(s.image, launchers)
		if api == "" {
			continue
		}
		for _, t := range targets {
			if t.role == sbom.RoleMain || t.noun.Digest == s.noun.Digest || !sameArch(s.noun.Arch, t.noun.Arch) {
				continue
			}
			if ref, what := names(s.image.References, t, bundles[t.bundle]); ref != nil {
				r.add(sbom.Link{Kind: sbom.LinkLaunches, From: s.noun.Digest, To: t.noun.Digest, Target: sbom.TargetInside,
					Name: t.path, How: what + " in a string, and " + api + " imported", Seen: true,
					Evidence: []sbom.Evidence{evidence(s, ref)}})
			}
		}
	}
}

// names finds a literal that names the program: its bundle id, or a path that
// ends in its file.
func names(refs []Reference, t *slice, b sbom.Bundle) (*Reference, string) {
	isExecutable := b.Executable == t.path
	for i := range refs {
		v := refs[i].Value
		if isExecutable && b.ID != "" && v == b.ID {
			return &refs[i], "bundle id"
		}
	}
	for i := range refs {
		v := strings.TrimPrefix(refs[i].Value, "./")
		if strings.Contains(v, "/") && hasPathSuffix(t.path, afterAnchor(v)) {
			return &refs[i], "path"
		}
		if isExecutable && b.Path != "" && strings.Contains(path.Base(b.Path), ".") && path.Base(v) == path.Base(b.Path) {
			return &refs[i], "bundle name"
		}
	}
	return nil, ""
}

// afterAnchor takes @executable_path/ and the like off a path.
func afterAnchor(v string) string {
	if strings.HasPrefix(v, "@") {
		_, v, _ = strings.Cut(v, "/")
	}
	for strings.HasPrefix(v, "../") {
		v = v[3:]
	}
	return strings.TrimPrefix(v, "/")
}

// hasPathSuffix reports whether p ends in suffix on a component boundary.
func hasPathSuffix(p, suffix string) bool {
	return suffix != "" && (p == suffix || strings.HasSuffix(p, "/"+suffix))
}

// opens ties an image to code that it can load at run time: a path literal that
// leads to a library or plug-in of the product, and an import that loads code.
func (r *resolver) opens() {
	byBase := r.openable()
	done := map[sbom.Digest]bool{}
	for _, s := range r.slices {
		if done[s.noun.Digest] || len(s.image.References) == 0 {
			continue
		}
		done[s.noun.Digest] = true
		api := firstImport(s.image, openers)
		if api == "" {
			continue
		}
		for i := range s.image.References {
			ref := &s.image.References[i]
			r.openRef(s, ref, api, byBase[path.Base(afterAnchor(ref.Value))])
		}
	}
}

// openable lists the code of the product that can be loaded at run time, by the
// last component of the paths that may name it.
func (r *resolver) openable() map[string][]*slice {
	out := map[string][]*slice{}
	for _, t := range r.slices {
		if t.noun.Type == "execute" || t.role == sbom.RoleSymbols || t.role == sbom.RoleObject {
			continue
		}
		keys := []string{path.Base(t.path)}
		if t.bundle != "" {
			keys = append(keys, path.Base(t.bundle), stem(t.bundle))
		}
		for _, k := range union(nil, keys) {
			out[k] = append(out[k], t)
		}
	}
	return out
}

func (r *resolver) openRef(s *slice, ref *Reference, api string, targets []*slice) {
	v := afterAnchor(ref.Value)
	for _, t := range targets {
		if t.noun.Digest == s.noun.Digest || !sameArch(s.noun.Arch, t.noun.Arch) {
			continue
		}
		byFile := path.Ext(v) != "" && hasPathSuffix(t.path, v)
		byBundle := t.bundle != "" && (hasPathSuffix(t.bundle, v) || hasPathSuffix(t.bundle+"/"+stem(t.bundle), v))
		if byFile || byBundle {
			r.add(sbom.Link{Kind: sbom.LinkOpens, From: s.noun.Digest, To: t.noun.Digest, Target: sbom.TargetInside,
				Name: ref.Value, How: "path in a string, and " + api + " imported", Soft: true, Evidence: []sbom.Evidence{evidence(s, ref)}})
		}
	}
}

func stem(p string) string {
	b := path.Base(p)
	return strings.TrimSuffix(b, path.Ext(b))
}

// evidence is the literal as bytes that can be looked at again.
func evidence(s *slice, ref *Reference) sbom.Evidence {
	p := s.noun.Places[0]
	b := []byte(ref.Value)
	if len(b) > sbom.MaxEvidenceBytes {
		b = b[:sbom.MaxEvidenceBytes]
	}
	return sbom.Evidence{File: p.File, Slice: p.Offset, Section: ref.Section, Offset: p.Offset + ref.Offset,
		Length: int64(len(ref.Value)), Bytes: b, Kind: sbom.FactString, Signal: "names"}
}
