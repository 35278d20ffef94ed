// Package bundle knows how Apple bundles are laid out: which folders of a
// product are bundles, where their property lists and executables lie, and what
// role each image plays. It works on lists of paths alone and does no I/O, so
// hostile input costs it no more than the number of paths.
//
// Layouts: macOS (Contents/...), iOS and other flat bundles, frameworks
// versioned with links, and frameworks whose links were flattened into copies
// or lost, as archives without links leave them.
// Source: Apple, "Bundle Programming Guide" and "Placing content in a bundle".
package bundle

import (
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Set is the bundles of one product.
type Set struct {
	kind  sbom.ProductKind
	files map[string]bool // regular files, relative to the product
	dirs  []string        // bundle paths, sorted; "" first for an app
	kinds map[string]sbom.BundleKind
	vers  map[string][]string // names below Versions/ of a framework, last by name first
}

// kindBySuffix names the endings that make a folder a bundle.
var kindBySuffix = map[string]sbom.BundleKind{
	".app":             sbom.BundleApp,
	".framework":       sbom.BundleFramework,
	".appex":           sbom.BundleAppex,
	".xpc":             sbom.BundleXPC,
	".systemextension": sbom.BundleSystemExt,
	".dext":            sbom.BundleSystemExt,
	".xcframework":     sbom.BundleXCF,
	".dsym":            sbom.BundleDSYM,
	".bundle":          sbom.BundleResource,
	".plugin":          sbom.BundlePlugin,
	".prefpane":        sbom.BundlePlugin,
	".qlgenerator":     sbom.BundlePlugin,
	".mdimporter":      sbom.BundlePlugin,
	".saver":           sbom.BundlePlugin,
	".component":       sbom.BundlePlugin,
	".kext":            sbom.BundlePlugin,
	".osax":            sbom.BundlePlugin,
	".service":         sbom.BundlePlugin,
	".action":          sbom.BundlePlugin,
	".xctest":          sbom.BundlePlugin,
	".driver":          sbom.BundlePlugin,
	".asar":            sbom.BundleAsar,
}

// KindOf is the kind of bundle that a folder's name makes it, or "". An archive
// whose members lie below its path counts as a folder.
func KindOf(name string) sbom.BundleKind {
	return kindBySuffix[strings.ToLower(path.Ext(name))]
}

// New finds the bundles among the regular files of a product. Paths are
// relative to the product, slash-separated.
func New(kind sbom.ProductKind, files []string) *Set {
	s := &Set{kind: kind, files: make(map[string]bool, len(files)), kinds: map[string]sbom.BundleKind{}}
	if kind == sbom.KindApp {
		s.kinds[""] = sbom.BundleApp
	}
	for _, f := range files {
		s.files[f] = true
		for d := path.Dir(f); d != "." && d != "/"; d = path.Dir(d) {
			if _, seen := s.kinds[d]; seen {
				break
			}
			if k := KindOf(d); k != "" {
				s.kinds[d] = k
			}
		}
	}
	s.findVersions()
	for d, k := range s.kinds {
		if k == sbom.BundleResource && inPlugIns(d) {
			s.kinds[d] = sbom.BundlePlugin
		}
		s.dirs = append(s.dirs, d)
	}
	sort.Strings(s.dirs)
	return s
}

// findVersions lists what lies below Versions/ of every framework; Current is
// a link or a copy of one of them and looked up by its own name.
func (s *Set) findVersions() {
	s.vers = map[string][]string{}
	seen := map[string]bool{}
	for f := range s.files {
		i := strings.LastIndex(f, ".framework/Versions/")
		if i < 0 {
			continue
		}
		dir := f[:i+len(".framework")]
		v, _, ok := strings.Cut(f[i+len(".framework/Versions/"):], "/")
		if ok && v != "Current" && !seen[dir+"\x00"+v] {
			seen[dir+"\x00"+v] = true
			s.vers[dir] = append(s.vers[dir], v)
		}
	}
	for _, l := range s.vers {
		sort.Sort(sort.Reverse(sort.StringSlice(l)))
	}
}

func inPlugIns(p string) bool {
	for _, part := range strings.Split(path.Dir(p), "/") {
		if strings.EqualFold(part, "PlugIns") {
			return true
		}
	}
	return false
}

// Innermost is the path of the innermost bundle that holds the file, "" for the
// product's own root.
func (s *Set) Innermost(file string) string {
	for d := path.Dir(file); d != "." && d != "/"; d = path.Dir(d) {
		if _, ok := s.kinds[d]; ok {
			return d
		}
	}
	return ""
}

// PlistKind is what a property list is asked for.
type PlistKind string

// Property lists of interest.
const (
	PlistInfo    PlistKind = "info"
	PlistPrivacy PlistKind = "privacy"
)

// Plist is a property list that a bundle owns.
type Plist struct {
	Bundle string // Path of the bundle
	File   string // relative to the product
	Kind   PlistKind
}

// Plists lists the property lists that Bundles wants to know, sorted by file.
func (s *Set) Plists() []Plist {
	var out []Plist
	for _, d := range s.dirs {
		if f := s.first(s.candidates(d, "Info.plist", false)); f != "" {
			out = append(out, Plist{d, f, PlistInfo})
		}
		if f := s.first(s.candidates(d, "PrivacyInfo.xcprivacy", true)); f != "" {
			out = append(out, Plist{d, f, PlistPrivacy})
		}
	}
	slices.SortFunc(out, func(a, b Plist) int { return strings.Compare(a.File, b.File) })
	return out
}

// candidates are the places of a property list in a bundle, best first.
func (s *Set) candidates(dir, name string, resources bool) []string {
	j := func(p string) string { return path.Join(dir, p, name) }
	out := []string{j("Contents"), j("")}
	if resources {
		out = []string{j("Contents/Resources"), j("")}
	}
	out = append(out, j("Resources"), j("Versions/Current/Resources"))
	for _, v := range s.vers[dir] {
		out = append(out, j("Versions/"+v+"/Resources"))
	}
	return out
}

func (s *Set) first(paths []string) string {
	for _, p := range paths {
		if s.files[p] {
			return p
		}
	}
	return ""
}
