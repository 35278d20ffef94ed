package plist

import (
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// InfoFacts are the facts of an Info.plist (Apple: "Information Property List
// Key Reference") that kinbom keeps. What is missing is "".
type InfoFacts struct {
	ID             string          // CFBundleIdentifier
	Name           string          // CFBundleName
	DisplayName    string          // CFBundleDisplayName
	Executable     string          // CFBundleExecutable; a file name, as written: check it before use as a path
	Version        string          // CFBundleShortVersionString
	Build          string          // CFBundleVersion
	MinOS          string          // LSMinimumSystemVersion, else MinimumOSVersion
	Category       string          // LSApplicationCategoryType
	ExtensionPoint string          // NSExtensionPointIdentifier, else EXExtensionPointIdentifier
	PackageType    string          // CFBundlePackageType: APPL, FMWK, BNDL, XPC!, ...
	Platform       string          // macos, ios, ...; see platformName
	Classes        []sbom.KeyValue // classes for the system to make: of an extension, a plug-in, an application, a scene; sorted by key, then class
	Usage          []sbom.KeyValue // NS*UsageDescription with their texts, sorted by key
	AsarIntegrity  []AsarHash      // ElectronAsarIntegrity, sorted by path
}

// AsarHash is what an Info.plist says of the header of an asar archive
// (Electron: "ASAR Integrity"). All is as written.
type AsarHash struct {
	Path      string // relative to the bundle's Contents folder; may be hostile
	Algorithm string // SHA256
	Hash      string // hexadecimal
}

// Info pulls the facts out of an Info.plist. A key of an unexpected type counts
// as missing.
func Info(d Dict) InfoFacts {
	f := InfoFacts{
		ID: d.String("CFBundleIdentifier"), Name: d.String("CFBundleName"), DisplayName: d.String("CFBundleDisplayName"),
		Executable: d.String("CFBundleExecutable"), Version: d.String("CFBundleShortVersionString"),
		Build: d.String("CFBundleVersion"), MinOS: d.String("LSMinimumSystemVersion"),
		Category: d.String("LSApplicationCategoryType"), PackageType: d.String("CFBundlePackageType"),
		ExtensionPoint: d.Dict("NSExtension").String("NSExtensionPointIdentifier"),
	}
	f.Classes = classes(d)
	if f.MinOS == "" {
		f.MinOS = d.String("MinimumOSVersion")
	}
	if f.ExtensionPoint == "" {
		f.ExtensionPoint = d.Dict("EXAppExtensionAttributes").String("EXExtensionPointIdentifier")
	}
	if platforms := d.Strings("CFBundleSupportedPlatforms"); len(platforms) > 0 {
		f.Platform = platformName(platforms[0])
	} else {
		f.Platform = platformName(d.String("DTPlatformName"))
	}
	for _, k := range d.Keys() {
		if strings.HasPrefix(k, "NS") && strings.HasSuffix(k, "UsageDescription") {
			if _, ok := d[k].(string); ok {
				f.Usage = append(f.Usage, sbom.KeyValue{Key: strings.ToValidUTF8(k, "\uFFFD"), Value: d.String(k)})
			}
		}
	}
	for _, k := range d.Dict("ElectronAsarIntegrity").Keys() {
		h := d.Dict("ElectronAsarIntegrity").Dict(k)
		f.AsarIntegrity = append(f.AsarIntegrity, AsarHash{strings.ToValidUTF8(k, "\uFFFD"), h.String("algorithm"), h.String("hash")})
	}
	return f
}

// classes lists the classes that an Info.plist names for the system to make.
func classes(d Dict) []sbom.KeyValue {
	var out []sbom.KeyValue
	add := func(in Dict, key string) {
		if c := in.String(key); c != "" {
			out = append(out, sbom.KeyValue{Key: key, Value: c})
		}
	}
	add(d, "NSPrincipalClass")
	add(d.Dict("NSExtension"), "NSExtensionPrincipalClass")
	add(d.Dict("EXAppExtensionAttributes"), "EXPrincipalClass")
	scenes := d.Dict("UIApplicationSceneManifest").Dict("UISceneConfigurations")
	for _, k := range scenes.Keys() {
		for _, s := range scenes.Dicts(k) {
			add(s, "UISceneDelegateClassName")
		}
	}
	sbom.SortKeyValues(out)
	return slices.Compact(out)
}

// platformName is the neutral word for a platform as Xcode writes it; a word
// that is not known stays, in lower case.
func platformName(s string) string {
	s = strings.ToLower(s)
	switch s {
	case "macosx":
		return "macos"
	case "iphoneos":
		return "ios"
	case "iphonesimulator":
		return "ios-simulator"
	case "appletvos":
		return "tvos"
	case "appletvsimulator":
		return "tvos-simulator"
	case "watchsimulator":
		return "watchos-simulator"
	case "xros":
		return "visionos"
	case "xrsimulator":
		return "visionos-simulator"
	}
	return s
}

// Privacy reads a PrivacyInfo.xcprivacy (Apple: "Privacy manifest files").
// Lists are sorted, each value once.
func Privacy(d Dict) sbom.Privacy {
	p := sbom.Privacy{Tracking: d.Bool("NSPrivacyTracking"), TrackingDomains: d.Strings("NSPrivacyTrackingDomains")}
	for _, e := range d.Dicts("NSPrivacyCollectedDataTypes") {
		if s := e.String("NSPrivacyCollectedDataType"); s != "" {
			p.Collected = append(p.Collected, s)
		}
	}
	for _, e := range d.Dicts("NSPrivacyAccessedAPITypes") {
		if s := e.String("NSPrivacyAccessedAPIType"); s != "" {
			p.Accessed = append(p.Accessed, s)
		}
	}
	for _, l := range []*[]string{&p.TrackingDomains, &p.Collected, &p.Accessed} {
		slices.Sort(*l)
		*l = slices.Compact(*l)
	}
	return p
}
