package plist

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kinbom/kinbom/sbom"

	"github.com/kinbom/kinbom/sbom/plist/plisttest"
)

func parse(t *testing.T, body string) Dict {
	t.Helper()
	d, err := Parse([]byte(plisttest.Wrap("<dict>"+body+"</dict>")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestInfo(t *testing.T) {
	tests := []struct {
		name, body string
		want       InfoFacts
	}{
		{"macOS app", `<key>CFBundleIdentifier</key><string>com.example.a</string><key>CFBundleName</key><string>A</string>
<key>CFBundleDisplayName</key><string>The A</string><key>CFBundleExecutable</key><string>A</string>
<key>CFBundleShortVersionString</key><string>1.2</string><key>CFBundleVersion</key><string>77</string>
<key>LSMinimumSystemVersion</key><string>10.15</string><key>LSApplicationCategoryType</key><string>public.app-category.utilities</string>
<key>CFBundlePackageType</key><string>APPL</string><key>CFBundleSupportedPlatforms</key><array><string>MacOSX</string></array>
<key>NSDesktopFolderUsageDescription</key><string>to scan</string><key>NSAppleEventsUsageDescription</key><string>to ask</string>
<key>NSPrincipalClass</key><string>NSApplication</string>`,
			InfoFacts{ID: "com.example.a", Name: "A", DisplayName: "The A", Executable: "A", Version: "1.2", Build: "77", MinOS: "10.15",
				Category: "public.app-category.utilities", PackageType: "APPL", Platform: "macos",
				Classes: []sbom.KeyValue{{Key: "NSPrincipalClass", Value: "NSApplication"}},
				Usage:   []sbom.KeyValue{{Key: "NSAppleEventsUsageDescription", Value: "to ask"}, {Key: "NSDesktopFolderUsageDescription", Value: "to scan"}}}},
		{"iOS extension", `<key>MinimumOSVersion</key><string>15.0</string><key>DTPlatformName</key><string>iphoneos</string>
<key>NSExtension</key><dict><key>NSExtensionPointIdentifier</key><string>com.apple.share-services</string></dict>`,
			InfoFacts{MinOS: "15.0", Platform: "ios", ExtensionPoint: "com.apple.share-services"}},
		{"odd types", `<key>CFBundleVersion</key><integer>42</integer><key>CFBundleShortVersionString</key><real>3.25</real>
<key>CFBundleName</key><array><string>A</string></array><key>CFBundleIdentifier</key><true/><key>NSExtension</key><string>none</string>
<key>CFBundleSupportedPlatforms</key><string>XROS</string><key>NSCameraUsageDescription</key><dict/><key>LSMinimumSystemVersion</key><data>AAAA</data>
<key>MinimumOSVersion</key><string>12</string>`,
			InfoFacts{Build: "42", Version: "3.25", Platform: "visionos", MinOS: "12"}},
		{"classes", `<key>NSPrincipalClass</key><array/><key>NSExtension</key><dict><key>NSExtensionPrincipalClass</key><string>Share.Controller</string></dict>
<key>UIApplicationSceneManifest</key><dict><key>UISceneConfigurations</key><dict><key>UIWindowSceneSessionRoleApplication</key>
<array><dict><key>UISceneDelegateClassName</key><string>App.Scene</string></dict><string>x</string></array></dict></dict>`,
			InfoFacts{Classes: []sbom.KeyValue{{Key: "NSExtensionPrincipalClass", Value: "Share.Controller"}, {Key: "UISceneDelegateClassName", Value: "App.Scene"}}}},
		{"ExtensionKit", `<key>EXAppExtensionAttributes</key><dict><key>EXExtensionPointIdentifier</key><string>p</string></dict>
<key>CFBundleSupportedPlatforms</key><array><string>HomePodOS</string></array>`, InfoFacts{ExtensionPoint: "p", Platform: "homepodos"}},
		{"asar integrity", `<key>ElectronAsarIntegrity</key><dict><key>Resources/b.asar</key><string>x</string>
<key>Resources/a.asar</key><dict><key>algorithm</key><string>SHA256</string><key>hash</key><string>ab</string></dict></dict>`,
			InfoFacts{AsarIntegrity: []AsarHash{{"Resources/a.asar", "SHA256", "ab"}, {Path: "Resources/b.asar"}}}},
		{"asar integrity of an odd type", `<key>ElectronAsarIntegrity</key><array><string>x</string></array>`, InfoFacts{}},
		{"empty", "", InfoFacts{}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Info(parse(t, tt.body))); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	if diff := cmp.Diff(InfoFacts{}, Info(nil)); diff != "" {
		t.Errorf("nil: %s", diff)
	}
}

func TestPrivacy(t *testing.T) {
	d := parse(t, `<key>NSPrivacyTracking</key><true/><key>NSPrivacyTrackingDomains</key><array><string>t.example.invalid</string><string>a.example.invalid</string><integer>3</integer></array>
<key>NSPrivacyCollectedDataTypes</key><array><dict><key>NSPrivacyCollectedDataType</key><string>NSPrivacyCollectedDataTypeBrowsingHistory</string></dict><string>junk</string><dict/></array>
<key>NSPrivacyAccessedAPITypes</key><array><dict><key>NSPrivacyAccessedAPIType</key><string>B</string></dict><dict><key>NSPrivacyAccessedAPIType</key><string>A</string></dict><dict><key>NSPrivacyAccessedAPIType</key><string>B</string></dict></array>`)
	want := sbom.Privacy{Tracking: true, TrackingDomains: []string{"3", "a.example.invalid", "t.example.invalid"},
		Collected: []string{"NSPrivacyCollectedDataTypeBrowsingHistory"}, Accessed: []string{"A", "B"}}
	if diff := cmp.Diff(want, Privacy(d)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(sbom.Privacy{}, Privacy(Dict{"NSPrivacyTracking": "no", "NSPrivacyCollectedDataTypes": 3})); diff != "" {
		t.Errorf("odd types: %s", diff)
	}
}

func TestGetters(t *testing.T) {
	d := Dict{"yes": "YES", "one": uint64(1), "zero": int64(0), "f": float32(0.5), "bad": "a\xffb", "neg": int64(-3),
		"mixed": []any{"a", uint64(2), []any{}, map[string]any{"k": "v"}}, "single": map[string]any{"k": "w"}}
	if !d.Bool("yes") || !d.Bool("one") || d.Bool("zero") || d.Bool("bad") || d.Bool("none") {
		t.Error("booleans")
	}
	for k, want := range map[string]string{"bad": "a\uFFFDb", "f": "0.5", "neg": "-3", "mixed": "", "none": ""} {
		if got := d.String(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	if diff := cmp.Diff([]string{"a", "2"}, d.Strings("mixed")); diff != "" {
		t.Error(diff)
	}
	if got := d.Strings("none"); got != nil {
		t.Errorf("nothing: %q", got)
	}
	if l := d.Dicts("mixed"); len(l) != 1 || l[0].String("k") != "v" {
		t.Errorf("dicts of a mixed list: %v", l)
	}
	if l := d.Dicts("single"); len(l) != 1 || l[0].String("k") != "w" {
		t.Errorf("single dict: %v", l)
	}
	if d.Dict("yes").Dict("deeper").String("x") != "" {
		t.Error("a missing dictionary has content")
	}
}

// xmllint checks that the XML the tests use is what it is meant to be.
func TestSampleIsXML(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	name := filepath.Join(t.TempDir(), "sample.plist")
	if err := os.WriteFile(name, []byte(plisttest.Wrap(plisttest.Sample)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(lint, "--noout", "--nonet", name).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
