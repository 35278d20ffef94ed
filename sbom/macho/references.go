package macho

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// findReferences picks the literals that name other code. Only whole literals
// count: in a run that holds several, nothing says where one begins.
func (s *slice) findReferences() {
	for i := range s.out.Unit.Facts {
		f := &s.out.Unit.Facts[i]
		switch f.Kind {
		case sbom.FactString, sbom.FactCFString, sbom.FactConst:
		default:
			continue
		}
		if len(f.Value) < 5 || len(f.Value) > maxReference || !namesCode(f.Value) {
			continue
		}
		if len(s.out.References) >= s.o.MaxRefs {
			s.gap(sbom.GapLimit, f.Offset, "more than %d literals name other code: the rest was left out", s.o.MaxRefs)
			break
		}
		s.out.References = append(s.out.References, Reference{string(f.Value), f.Section, f.Offset})
	}
	slices.SortStableFunc(s.out.References, func(a, b Reference) int { return cmp.Compare(a.Offset, b.Offset) })
}

// codeEndings are the endings that bundles and libraries have.
var codeEndings = [...][]byte{[]byte(".dylib"), []byte(".framework"), []byte(".bundle"), []byte(".app"), []byte(".xpc"), []byte(".appex")}

// namesCode reports whether a literal is a path to code or shaped like a bundle id.
func namesCode(v []byte) bool {
	if v[0] == '@' {
		for _, p := range [...]string{"@rpath/", "@executable_path/", "@loader_path/"} {
			if len(v) > len(p) && string(v[:len(p)]) == p {
				return true
			}
		}
	}
	if bytes.IndexByte(v, '.') < 0 || bytes.IndexByte(v, '\n') >= 0 {
		return false
	}
	for _, e := range codeEndings {
		i := bytes.Index(v, e)
		if i >= 0 && (i+len(e) == len(v) || v[i+len(e)] == '/') {
			return true
		}
	}
	return bundleID(v)
}

// bundleID reports whether v looks like com.example.thing: three labels or
// more of letters, digits, - and _, the first a top-level domain in lower case.
func bundleID(v []byte) bool {
	labels, start := 0, 0
	for i := 0; i <= len(v); i++ {
		if i < len(v) && v[i] != '.' {
			c := v[i]
			if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
			continue
		}
		if i == start || labels == 0 && !topLevel(v[:i]) {
			return false
		}
		labels++
		start = i + 1
	}
	return labels >= 3
}

// topLevel accepts two letters (countries) and the usual longer domains.
func topLevel(l []byte) bool {
	switch string(l) {
	case "com", "org", "net", "app", "dev", "edu", "gov", "info", "biz", "mobi", "group", "software", "cloud", "xyz", "tech":
		return true
	}
	return len(l) == 2 && l[0] >= 'a' && l[0] <= 'z' && l[1] >= 'a' && l[1] <= 'z'
}
