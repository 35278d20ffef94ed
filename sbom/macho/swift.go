package macho

import (
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Kinds of context descriptors (Swift ABI, MetadataValues.h).
const (
	swiftModule  = 0 // 1 is an extension, 2 an anonymous context: they have no name of their own
	swiftClass   = 16
	swiftEnum    = 18
	swiftKind    = 0x1f
	swiftNesting = 16 // most contexts around a type that are followed
)

// readSwift names the nominal types as Module.Outer.Type. __swift5_types holds
// relative references to context descriptors: flags, parent, name.
func (s *slice) readSwift() {
	if s.filetype == typeObject {
		return
	}
	m := &s.out.Image
	left := s.o.MaxObjects
	for _, section := range []string{"__swift5_types", "__swift5_types2"} {
		for _, c := range s.named(section) {
			if s.hidden(c) {
				continue
			}
			bad := 0
			for p := uint64(0); p+4 <= uint64(len(c.data)) && left > 0; p += 4 {
				left--
				if name := s.swiftType(c.off + p); name != "" {
					m.SwiftTypes = append(m.SwiftTypes, name)
				} else {
					bad++
				}
			}
			if bad > 0 {
				s.gap(sbom.GapUnreadable, int64(c.off), "%d of the Swift types in %s could not be named", bad, c.name)
			}
		}
	}
	slices.Sort(m.SwiftTypes)
	m.SwiftTypes = slices.Compact(m.SwiftTypes)
}

// swiftType names the type that a relative reference leads to, or "".
func (s *slice) swiftType(at uint64) string {
	d, ok := s.relative(at)
	if !ok {
		return ""
	}
	name, _ := s.swiftName(d)
	return name
}

// swiftName names the type of a descriptor, or "". whole says that its module is
// in the name: the outermost context does not live in another image.
func (s *slice) swiftName(d uint64) (name string, whole bool) {
	if k := s.u32(d) & swiftKind; k < swiftClass || k > swiftEnum {
		return "", false
	}
	var parts []string
	for range swiftNesting {
		kind := s.u32(d) & swiftKind
		if kind == swiftModule || kind >= swiftClass && kind <= swiftEnum {
			name := s.relativeText(d + 8)
			if len(name) == 0 || !s.spend(len(name)) {
				return "", false
			}
			parts = append(parts, string(name))
		}
		if kind == swiftModule {
			whole = true
			break
		}
		var ok bool
		if d, ok = s.relative(d + 4); !ok {
			break // the parent lives in another image
		}
	}
	slices.Reverse(parts)
	return strings.Join(parts, "."), whole
}

// relative follows a relative reference, whose lowest bit says that it leads to
// a pointer; false: it is null, bound to another image, or leads outside.
func (s *slice) relative(at uint64) (uint64, bool) {
	rel := int32(s.u32(at))
	addr, ok := s.address(at)
	if rel == 0 || !ok {
		return 0, false
	}
	off, ok := s.offset(addr + uint64(int64(rel&^1)))
	if ok && rel&1 != 0 {
		return s.offset(s.pointer(off).addr)
	}
	return off, ok
}

// relativeText follows a plain relative reference to a text.
func (s *slice) relativeText(at uint64) []byte {
	addr, ok := s.address(at)
	if !ok {
		return nil
	}
	off, ok := s.offset(addr + uint64(int64(int32(s.u32(at)))))
	if !ok {
		return nil
	}
	return s.text(off)
}
