package cdx

import (
	"encoding/json"
	"fmt"
	"strconv"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// Names of all properties. docs/sbom.md has one row for each; a test keeps the
// two equal. A name never changes its meaning within a schema version.
const (
	// of the BOM (metadata.properties)
	propSchema    = "kinbom:schema"
	propRules     = "kinbom:rules"
	propInputs    = "kinbom:inputs"
	propTimestamp = "kinbom:timestamp"
	propAuthor    = "kinbom:author"

	// of any component
	propKind     = "kinbom:kind"
	propSupplier = "kinbom:supplier"
	propGap      = "kinbom:gap"
	propNote     = "kinbom:note"

	propProductID       = "kinbom:product:id"
	propProductKind     = "kinbom:product:kind"
	propProductName     = "kinbom:product:name"
	propProductBundleID = "kinbom:product:bundle-id"
	propProductVersion  = "kinbom:product:version"
	propProductBuild    = "kinbom:product:build"
	propProductPlatform = "kinbom:product:platform"
	propProductTeam     = "kinbom:product:team"
	propProductPaths    = "kinbom:product:paths"

	propCoverageFiles      = "kinbom:coverage:files"
	propCoverageAnalysed   = "kinbom:coverage:analysed"
	propCoverageSkipped    = "kinbom:coverage:skipped"
	propCoverageUnreadable = "kinbom:coverage:unreadable"
	propCoverageReasons    = "kinbom:coverage:reasons"

	propBundlePath           = "kinbom:bundle:path"
	propBundleKind           = "kinbom:bundle:kind"
	propBundleRole           = "kinbom:bundle:role"
	propBundleName           = "kinbom:bundle:name"
	propBundleID             = "kinbom:bundle:id"
	propBundleVersion        = "kinbom:bundle:version"
	propBundleBuild          = "kinbom:bundle:build"
	propBundleExecutable     = "kinbom:bundle:executable"
	propBundleMinOS          = "kinbom:bundle:min-os"
	propBundleCategory       = "kinbom:bundle:category"
	propBundleExtensionPoint = "kinbom:bundle:extension-point"
	propBundleClasses        = "kinbom:bundle:classes"
	propBundleUsage          = "kinbom:bundle:usage"
	propBundlePrivacy        = "kinbom:bundle:privacy"
	propBundleNibs           = "kinbom:bundle:nibs"

	propImageDigest      = "kinbom:image:digest"
	propImageFormat      = "kinbom:image:format"
	propImageArch        = "kinbom:image:arch"
	propImageType        = "kinbom:image:type"
	propImageSize        = "kinbom:image:size"
	propImagePlaces      = "kinbom:image:places"
	propImageIdentities  = "kinbom:image:identities"
	propImageInstallName = "kinbom:image:install-name"
	propImageCurrent     = "kinbom:image:current-version"
	propImageCompat      = "kinbom:image:compat-version"
	propImageLoads       = "kinbom:image:loads"
	propImageRpaths      = "kinbom:image:rpaths"
	propImageBuilds      = "kinbom:image:builds"
	propImageSignature   = "kinbom:image:signature"
	propImageEncrypted   = "kinbom:image:encrypted"
	propImageStripped    = "kinbom:image:stripped"
	propImageClasses     = "kinbom:image:classes"
	propImageCategories  = "kinbom:image:categories"
	propImageProtocols   = "kinbom:image:protocols"
	propImageSwiftTypes  = "kinbom:image:swift-types"
	propImageHosts       = "kinbom:image:hosts"
	propImageHostsMore   = "kinbom:image:hosts-more"
	propImageCounts      = "kinbom:image:counts"
	propImageMarks       = "kinbom:image:marks"
	propImageSymbols     = "kinbom:image:symbols-only"
	propImageSymbolsOf   = "kinbom:image:symbols-of" // derived from the identities; not read

	propLink          = "kinbom:link"
	propTag           = "kinbom:tag"
	propReferenceName = "kinbom:reference:name"

	propPackagePURL     = "kinbom:package:purl"
	propPackageName     = "kinbom:package:name"
	propPackageVersion  = "kinbom:package:version"
	propPackageType     = "kinbom:package:type"
	propPackageFoundBy  = "kinbom:package:found-by"
	propPackageLicenses = "kinbom:package:licenses"
	propPackagePlace    = "kinbom:package:place"
	propPackageBundle   = "kinbom:package:bundle"
	propPackageEvidence = "kinbom:package:evidence"
	propPackageMain     = "kinbom:package:main"
)

// Values of propKind: what a component is.
const (
	kindProduct = "product"
	kindBundle  = "bundle"
	kindImage   = "image"
	kindPackage = "package"
	kindSystem  = "system"  // a library of the operating system: named, not read
	kindOutside = "outside" // named by a path outside the product: not read
	kindMissing = "missing" // nothing in the input answers to the name
)

// propList collects properties in the order of writing. What is empty, zero or
// false is not written: absence says the same.
type propList []cyclonedx.Property

func (l *propList) add(name, value string) {
	*l = append(*l, cyclonedx.Property{Name: name, Value: value})
}

func (l *propList) text(name, value string) {
	if value != "" {
		l.add(name, quote(value))
	}
}

func (l *propList) flag(name string, value bool) {
	if value {
		l.add(name, "true")
	}
}

func (l *propList) number(name string, value int64) {
	if value != 0 {
		l.add(name, strconv.FormatInt(value, 10))
	}
}

// record writes v as JSON; n is the number of things in it, 0 for none.
func (l *propList) record(name string, n int, v any) {
	if n > 0 {
		l.add(name, jsonText(v))
	}
}

func (l propList) pointer() *[]cyclonedx.Property {
	if len(l) == 0 {
		return nil
	}
	s := []cyclonedx.Property(l)
	return &s
}

// propSet reads the properties of one component. The first trouble stays in
// err, so that a reader asks for everything and looks at err once.
type propSet struct {
	values map[string][]string
	err    error
}

func newPropSet(list *[]cyclonedx.Property) *propSet {
	s := &propSet{values: map[string][]string{}}
	if list != nil {
		for _, p := range *list {
			s.values[p.Name] = append(s.values[p.Name], p.Value)
		}
	}
	return s
}

func (s *propSet) fail(name string, err error) {
	if s.err == nil {
		s.err = fmt.Errorf("property %s: %w", name, err)
	}
}

func (s *propSet) has(name string) bool { return len(s.values[name]) > 0 }

// raw is the only value of a property, or "".
func (s *propSet) raw(name string) string {
	v := s.values[name]
	if len(v) == 0 {
		return ""
	}
	if len(v) > 1 {
		s.fail(name, fmt.Errorf("given %d times", len(v)))
	}
	return v[0]
}

func (s *propSet) text(name string) string {
	t, err := unquote(s.raw(name))
	if err != nil {
		s.fail(name, err)
	}
	return t
}

func (s *propSet) flag(name string) bool {
	switch v := s.raw(name); v {
	case "", "false":
		return false
	case "true":
		return true
	default:
		s.fail(name, fmt.Errorf("%q is neither true nor false", clip(v, 40)))
		return false
	}
}

func (s *propSet) number(name string) int64 {
	v := s.raw(name)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		s.fail(name, fmt.Errorf("%q is not a number", clip(v, 40)))
	}
	return n
}

func (s *propSet) record(name string, v any) {
	if raw := s.raw(name); raw != "" {
		if err := json.Unmarshal([]byte(raw), v); err != nil {
			s.fail(name, err)
		}
	}
}

// readRecords reads every value of a property that may be given many times.
func readRecords[T any](s *propSet, name string) []T {
	var out []T
	for _, raw := range s.values[name] {
		var v T
		if err := json.Unmarshal([]byte(raw), &v); err != nil {
			s.fail(name, err)
			return nil
		}
		out = append(out, v)
	}
	return out
}
