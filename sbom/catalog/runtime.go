package catalog

import (
	"bytes"
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// runtime is a runtime that apps carry whole, as a binary without a manifest.
// All that is known of one is in this table.
type runtime struct {
	name  string // as in the package URL
	label string // for people
	purl  string // before the version
	kind  string // package type
	// frameworks are the bundle ids of its framework, and folders the names of
	// the framework's folder; its CFBundleVersion is the runtime's version.
	frameworks, folders []string
	// literals are whole literals of its binary; the first group is the version.
	literals []*regexp.Regexp
	// within, when set, is another runtime that an image must show before a
	// literal of this one counts: the same text alone is in many programs that
	// only call themselves a browser.
	within string
}

// runtimes is the table. Sources: electron's own sources (the user agent in
// shell/common/application_info.cc, the framework's Info.plist) say the
// literals and ids. Electron is published on npm and its advisories are filed
// under that name, so its package URL is of type npm; Chromium is published in
// no registry: generic.
var runtimes = []runtime{
	{
		name: "electron", label: "Electron", purl: "pkg:npm/electron", kind: "npm",
		frameworks: []string{"com.github.Electron.framework"}, folders: []string{"Electron Framework.framework"},
		literals: []*regexp.Regexp{
			regexp.MustCompile(`^(?:%s/%s )?Chrome/(?:%s|` + fourNumbers + `) Electron/(` + threeNumbers + `)$`),
		},
	},
	{
		name: "chromium", label: "Chromium", purl: "pkg:generic/chromium", kind: "generic", within: "electron",
		literals: []*regexp.Regexp{
			regexp.MustCompile(`^Chrome/(` + fourNumbers + `) Electron/` + threeNumbers + `$`),
			regexp.MustCompile(`^Chrome/(` + fourNumbers + `)$`),
		},
	},
}

// Versions of Chromium, and of Electron (with its test releases).
const (
	fourNumbers  = `[0-9]{1,6}(?:\.[0-9]{1,6}){3}`
	threeNumbers = `[0-9]{1,6}(?:\.[0-9]{1,6}){2}(?:-(?:alpha|beta|nightly)\.[0-9]{1,8})?`
)

var threeWhole = regexp.MustCompile(`^` + threeNumbers + `$`)

// maxSightings is how many sightings of runtimes one image gives.
const maxSightings = 64

// Sighting is a runtime that an image or a property list shows.
type Sighting struct {
	Runtime  string          // name in the table
	Version  string          // or "" when it is not stated
	Evidence []sbom.Evidence // at most one, of the file that shows it
}

// InImage finds the runtimes whose code an image holds, by its literals. The
// image is the slice at an offset of a file. A literal inside a longer one does
// not count: programs that take user agents apart hold such texts.
func InImage(facts []sbom.Fact, file sbom.Digest, slice int64) []Sighting {
	var out []Sighting
	shown := map[string]bool{"": true}
	for i := range runtimes {
		r := &runtimes[i]
		if !shown[r.within] {
			continue
		}
		for j := range facts {
			f := &facts[j]
			if f.Kind != sbom.FactString && f.Kind != sbom.FactConst || f.Offset < 0 || len(out) == maxSightings || !bytes.Contains(f.Value, []byte("Chrome/")) {
				continue
			}
			if v := r.version(f.Value); v != "" {
				shown[r.name] = true
				out = append(out, Sighting{r.name, v, []sbom.Evidence{{File: file, Slice: slice, Section: f.Section, Offset: slice + f.Offset,
					Length: int64(len(f.Value)), Bytes: bytes.Clone(f.Value), Kind: f.Kind, Signal: "version"}}})
			}
		}
	}
	return out
}

// version is what a literal says of the runtime's version, or "".
func (r *runtime) version(literal []byte) string {
	if len(literal) > sbom.MaxEvidenceBytes {
		return ""
	}
	for _, re := range r.literals {
		if m := re.FindSubmatch(literal); m != nil {
			return string(m[1])
		}
	}
	return ""
}

// OfFramework finds the runtime whose framework a bundle is, by its id or its
// folder's name. A version that is none of the runtime's form is not kept.
func OfFramework(bundle, id, version string) (Sighting, bool) {
	for i := range runtimes {
		r := &runtimes[i]
		same := func(s, t string) bool { return strings.EqualFold(s, t) }
		if slices.ContainsFunc(r.frameworks, func(s string) bool { return same(s, id) }) || slices.ContainsFunc(r.folders, func(s string) bool { return same(s, path.Base(bundle)) }) {
			if !threeWhole.MatchString(version) {
				version = ""
			}
			return Sighting{Runtime: r.name, Version: version}, true
		}
	}
	return Sighting{}, false
}

// FoundBy of packages that runtimes give. The first is by a property list.
const (
	foundInPlist  = "runtime-plist"
	foundInBinary = "runtime-binary"
)

// Package makes a package of sightings of one runtime in one version. place is
// the file that shows it best, and binary says that it is no property list.
func (s Sighting) Package(place string, binary bool) sbom.Package {
	k := sbom.Package{Name: s.Runtime, Version: s.Version, Place: place, FoundBy: foundInPlist, Evidence: s.Evidence}
	if binary {
		k.FoundBy = foundInBinary
	}
	for i := range runtimes {
		if r := &runtimes[i]; r.name == s.Runtime {
			k.Type, k.PURL = r.kind, r.purl
		}
	}
	if s.Version != "" {
		k.PURL += "@" + s.Version
	}
	return k
}

// Describe is a line about the runtimes of one framework for people, in the
// table's order, the versions of each sorted.
func Describe(all []Sighting) string {
	var parts []string
	for i := range runtimes {
		r := &runtimes[i]
		var versions []string
		met := false
		for _, s := range all {
			if s.Runtime == r.name {
				met = true
				if s.Version != "" {
					versions = append(versions, s.Version)
				}
			}
		}
		if !met && !slices.ContainsFunc(all, func(s Sighting) bool { return s.Runtime == r.within }) {
			continue
		}
		slices.Sort(versions)
		parts = append(parts, r.label+" "+cmp.Or(strings.Join(slices.Compact(versions), " and "), "in a version that it does not state"))
	}
	return strings.Join(parts, ", ")
}
