package cdx

import (
	"path"
	"strings"
	"unicode/utf8"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/kinbom/kinbom/sbom"
)

// What propSupplier says. A team id comes from a code signature whose
// certificate chain nobody has verified.
const (
	supplierClaimed = "claimed by the code signature, not verified"
	supplierNone    = "none: no signature names one"
)

// Confidence of the ways in which a thing is recognised, 0 to 1. A digest is a
// proof; a property list and a load command are claims of the maker; a file
// name anybody can change.
const (
	sureDigest   = 1
	sureManifest = 0.8
	sureBinary   = 0.8
	sureFilename = 0.4
)

// versionField fits a text into the version field, which has a longest length.
func versionField(s string) string {
	s = plain(s)
	if utf8.RuneCountInString(s) <= 1024 {
		return s
	}
	return string([]rune(s)[:1024])
}

func supply(c *cyclonedx.Component, l *propList, team string) {
	if team == "" {
		l.add(propSupplier, supplierNone)
		return
	}
	c.Supplier = &cyclonedx.OrganizationalEntity{Name: plain(team)}
	l.add(propSupplier, supplierClaimed)
}

func (w *writer) product() cyclonedx.Component {
	p := w.p
	c := cyclonedx.Component{BOMRef: w.productRef(), Type: cyclonedx.ComponentTypeApplication, Name: plain(p.Name), Version: versionField(p.Version)}
	if p.Kind == sbom.KindLibraries {
		c.Type = cyclonedx.ComponentTypeLibrary
	}
	l := propList{}
	l.add(propKind, kindProduct)
	l.text(propProductID, string(p.ID))
	l.text(propProductKind, string(p.Kind))
	l.text(propProductName, p.Name)
	l.text(propProductBundleID, p.BundleID)
	l.text(propProductVersion, p.Version)
	l.text(propProductBuild, p.Build)
	l.text(propProductPlatform, p.Platform)
	l.text(propProductTeam, p.Team)
	l.record(propProductPaths, len(p.Paths), p.Paths)
	supply(&c, &l, p.Team)
	w.coverage(&l)
	if b := w.bundles[""]; b != nil {
		bundleProperties(&l, b)
		c.Evidence = evidence(manifestIdentity(b.Name, b.Version, "Info.plist"), nil)
	}
	for _, n := range p.Notes {
		l.add(propNote, jsonText(noteRecord(n)))
	}
	w.gapProperties(&l, "")
	c.Properties = l.pointer()
	var at []cyclonedx.EvidenceOccurrence
	for _, s := range p.Paths {
		at = append(at, occurrence(s))
	}
	if c.Evidence == nil {
		c.Evidence = &cyclonedx.Evidence{}
	}
	c.Evidence.Occurrences = listPointer(at)
	return c
}

func (w *writer) coverage(l *propList) {
	v := w.p.Coverage
	l.number(propCoverageFiles, int64(v.Files))
	l.number(propCoverageAnalysed, int64(v.Analysed))
	l.number(propCoverageSkipped, int64(v.Skipped))
	l.number(propCoverageUnreadable, int64(v.Unreadable))
	l.record(propCoverageReasons, len(v.Reasons), mapped(v.Reasons, func(r sbom.Reason) reasonRecord { return reasonRecord(r) }))
}

func (w *writer) gapProperties(l *propList, image sbom.Digest) {
	for _, i := range w.gaps[image] {
		l.add(propGap, jsonText(gapRecord(w.p.Gaps[i])))
	}
}

func (w *writer) bundle(b *sbom.Bundle) cyclonedx.Component {
	c := cyclonedx.Component{BOMRef: w.bundleRef(b.Path), Type: bundleType(b.Kind), Name: plain(b.Name), Version: versionField(b.Version)}
	if c.Name == "" {
		c.Name = plain(path.Base(b.Path))
	}
	l := propList{}
	l.add(propKind, kindBundle)
	bundleProperties(&l, b)
	supply(&c, &l, w.team[b.Executable])
	l.flag(propImageSymbols, b.Kind == sbom.BundleDSYM)
	c.Properties = l.pointer()
	c.Evidence = evidence(manifestIdentity(b.Name, b.Version, "Info.plist"), []cyclonedx.EvidenceOccurrence{occurrence(b.Path)})
	return c
}

func bundleType(k sbom.BundleKind) cyclonedx.ComponentType {
	switch k {
	case sbom.BundleFramework, sbom.BundleXCF:
		return cyclonedx.ComponentTypeFramework
	case sbom.BundleResource, sbom.BundlePlugin, sbom.BundleAsar:
		return cyclonedx.ComponentTypeLibrary
	case sbom.BundleDSYM:
		return cyclonedx.ComponentTypeFile
	}
	return cyclonedx.ComponentTypeApplication
}

func bundleProperties(l *propList, b *sbom.Bundle) {
	l.add(propBundlePath, quote(b.Path)) // always: it says that there is a bundle
	l.text(propBundleKind, string(b.Kind))
	l.text(propBundleRole, string(b.Role))
	l.text(propBundleName, b.Name)
	l.text(propBundleID, b.ID)
	l.text(propBundleVersion, b.Version)
	l.text(propBundleBuild, b.Build)
	l.text(propBundleExecutable, b.Executable)
	l.text(propBundleMinOS, b.MinOS)
	l.text(propBundleCategory, b.Category)
	l.text(propBundleExtensionPoint, b.ExtensionPoint)
	l.record(propBundleClasses, len(b.Classes), keyValuesOut(b.Classes))
	l.record(propBundleUsage, len(b.Usage), keyValuesOut(b.Usage))
	if b.Privacy != nil {
		l.record(propBundlePrivacy, 1, privacyRecord(*b.Privacy))
	}
	if n := b.Nibs; n != nil {
		l.record(propBundleNibs, 1, nibsRecord{n.Read, n.Unread, keyValuesOut(n.Classes), n.Sends})
	}
}

func (w *writer) image(m *sbom.Image) cyclonedx.Component {
	c := cyclonedx.Component{BOMRef: imageRef(m.Digest), Type: imageType(m), Name: plain(imageName(m)), Version: versionField(m.CurrentVersion),
		Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: string(m.Digest)}}}
	if b := w.bundles[m.Places[0].Bundle]; b != nil {
		c.Group = plain(b.ID)
	}
	l := propList{}
	l.add(propKind, kindImage)
	imageProperties(&l, m)
	if isSymbols(m) {
		for _, ref := range w.uuids[m.Identity(sbom.IdentUUID)] {
			l.add(propImageSymbolsOf, ref)
		}
	}
	team := ""
	if m.Signature != nil {
		team = m.Signature.Team
	}
	supply(&c, &l, team)
	for _, i := range w.links[m.Digest] {
		l.add(propLink, jsonText(linkOut(w.p.Links[i], linkRef(w.p.Links[i]))))
	}
	for _, i := range w.tags[m.Digest] {
		l.add(propTag, jsonText(tagOut(w.p.Tags[i])))
	}
	w.gapProperties(&l, m.Digest)
	c.Properties = l.pointer()
	c.Evidence = w.imageEvidence(m)
	return c
}

func imageProperties(l *propList, m *sbom.Image) {
	l.text(propImageDigest, string(m.Digest))
	l.text(propImageFormat, m.Format)
	l.text(propImageArch, m.Arch)
	l.text(propImageType, m.Type)
	l.number(propImageSize, m.Size)
	l.record(propImagePlaces, len(m.Places), mapped(m.Places, func(p sbom.Place) placeRecord { return placeRecord(p) }))
	l.record(propImageIdentities, len(m.Identities), mapped(m.Identities, func(i sbom.Identity) identityRecord { return identityRecord(i) }))
	l.text(propImageInstallName, m.InstallName)
	l.text(propImageCurrent, m.CurrentVersion)
	l.text(propImageCompat, m.CompatVersion)
	l.record(propImageLoads, len(m.Loads), mapped(m.Loads, func(x sbom.Load) loadRecord { return loadRecord(x) }))
	l.record(propImageRpaths, len(m.Rpaths), m.Rpaths)
	l.record(propImageBuilds, len(m.Builds), mapped(m.Builds, buildOut))
	if m.Signature != nil {
		l.record(propImageSignature, 1, signatureOut(m.Signature))
	}
	l.flag(propImageEncrypted, m.Encrypted)
	l.flag(propImageStripped, m.Stripped)
	l.flag(propImageSymbols, isSymbols(m))
	l.record(propImageClasses, len(m.Classes), m.Classes)
	l.record(propImageCategories, len(m.Categories), m.Categories)
	l.record(propImageProtocols, len(m.Protocols), m.Protocols)
	l.record(propImageSwiftTypes, len(m.SwiftTypes), m.SwiftTypes)
	l.record(propImageHosts, len(m.Hosts), m.Hosts)
	l.number(propImageHostsMore, int64(m.HostsMore))
	if m.Counts != (sbom.Counts{}) {
		l.record(propImageCounts, 1, countsRecord(m.Counts))
	}
	l.text(propImageMarks, string(m.Marks))
}

func isSymbols(m *sbom.Image) bool { return m.Type == "dsym" || m.Places[0].Role == sbom.RoleSymbols }

func imageType(m *sbom.Image) cyclonedx.ComponentType {
	switch {
	case isSymbols(m) || m.Places[0].Role == sbom.RoleObject || m.Type == "object":
		return cyclonedx.ComponentTypeFile
	case m.Type == "execute" || m.Places[0].Role.Entry():
		return cyclonedx.ComponentTypeApplication
	case m.Places[0].Role == sbom.RoleFramework:
		return cyclonedx.ComponentTypeFramework
	}
	return cyclonedx.ComponentTypeLibrary
}

func imageName(m *sbom.Image) string {
	if m.InstallName != "" {
		return path.Base(m.InstallName)
	}
	return path.Base(m.Places[0].Path)
}

func (w *writer) pkg(k *sbom.Package, ref string) cyclonedx.Component {
	c := cyclonedx.Component{BOMRef: ref, Type: cyclonedx.ComponentTypeLibrary, Name: plain(k.Name), Version: versionField(k.Version),
		PackageURL: purlField(k.PURL), Licenses: licenses(k.Licenses)}
	l := propList{}
	l.add(propKind, kindPackage)
	l.text(propPackagePURL, k.PURL)
	l.text(propPackageName, k.Name)
	l.text(propPackageVersion, k.Version)
	l.text(propPackageType, k.Type)
	l.text(propPackageFoundBy, k.FoundBy)
	l.record(propPackageLicenses, len(k.Licenses), k.Licenses)
	l.text(propPackagePlace, k.Place)
	l.text(propPackageBundle, k.Bundle)
	l.record(propPackageEvidence, len(k.Evidence), mapped(k.Evidence, evidenceOut))
	l.flag(propPackageMain, k.Main)
	c.Properties = l.pointer()
	technique, sure := cyclonedx.EvidenceIdentityTechniqueManifestAnalysis, sureManifest
	if strings.Contains(k.FoundBy, "binary") {
		technique, sure = cyclonedx.EvidenceIdentityTechniqueBinaryAnalysis, sureBinary
	}
	field := cyclonedx.EvidenceIdentityFieldTypePURL
	if c.PackageURL == "" {
		field = cyclonedx.EvidenceIdentityFieldTypeName
	}
	c.Evidence = evidence([]cyclonedx.EvidenceIdentity{identity(field, "", method(technique, sure, k.FoundBy))},
		[]cyclonedx.EvidenceOccurrence{occurrence(k.Place)})
	return c
}

// purlField is the package URL for the field of CycloneDX, or "" when it is
// not made of the characters that a URL may have.
func purlField(s string) string {
	if !strings.HasPrefix(s, "pkg:") {
		return ""
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return ""
		}
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			return ""
		}
	}
	return s
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func (w *writer) leafComponent(l leaf) cyclonedx.Component {
	c := cyclonedx.Component{BOMRef: l.ref, Type: cyclonedx.ComponentTypeLibrary, Name: plain(l.name)}
	if w.o.Version != Version16 && l.kind != kindMissing {
		c.IsExternal = cyclonedx.Bool(true)
	}
	props := propList{}
	props.add(propKind, l.kind)
	props.text(propReferenceName, l.name)
	c.Properties = props.pointer()
	return c
}
