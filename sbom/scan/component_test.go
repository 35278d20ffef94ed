package scan

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"howett.net/plist"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/cdx"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// bundleList is an Info.plist with more behind the executable's name.
func bundleList(name, more string) string {
	return strings.Replace(fmt.Sprintf(infoPlist, name), "</dict></plist>", more+"</dict></plist>", 1)
}

func point(of string) string {
	return "<key>NSExtension</key><dict><key>NSExtensionPointIdentifier</key><string>" + of + "</string></dict>"
}

const blessed = "<key>SMPrivilegedExecutables</key><dict><key>com.acme.helper</key><string>anchor apple</string></dict>"

// asBinary turns an XML list into a binary one.
func asBinary(t *testing.T, list string) []byte {
	t.Helper()
	var root any
	if _, err := plist.Unmarshal([]byte(list), &root); err != nil {
		t.Fatal(err)
	}
	b, err := plist.Marshal(root, plist.BinaryFormat)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkTags wants every piece of evidence of a product's tags in its file, and
// says of each tag of a bundle or product: capability, place, scope and bytes.
func checkTags(t *testing.T, dir string, p *sbom.Product) []string {
	t.Helper()
	var out []string
	base := filepath.Join(dir, p.Paths[0])
	if p.Kind == sbom.KindExecutable {
		base = filepath.Dir(base)
	}
	for _, g := range p.Tags {
		if g.Scope != sbom.ScopeComponent && g.Scope != sbom.ScopeProduct {
			continue
		}
		i := slices.IndexFunc(p.Images, func(m sbom.Image) bool { return m.Digest == g.Image })
		line := fmt.Sprintf("%s %s %s %s:", g.Capability, g.Grade, g.Scope, p.Images[i].Places[0].Path)
		for _, e := range g.Evidence {
			b, err := os.ReadFile(filepath.Join(base, e.Path))
			if err != nil || sbom.DigestOf(b) != e.File || e.Length == 0 || !bytes.Equal(b[e.Offset:e.Offset+e.Length], e.Bytes) {
				t.Errorf("%s: %q is not at %d of %s (%v)", g.Rule, e.Bytes, e.Offset, e.Path, err)
			}
			line += fmt.Sprintf(" %s", e.Bytes)
		}
		out = append(out, line)
	}
	return out
}

// What a bundle's property list says makes tags of its executable; a content
// blocker is no observer. The binary form has the same tags.
func TestTagsOfComponents(t *testing.T) {
	for form, of := range map[string]func(string) []byte{
		"xml":    func(s string) []byte { return []byte(s) },
		"binary": func(s string) []byte { return asBinary(t, s) },
	} {
		dir := t.TempDir()
		app(t, dir, "App", code("App"))
		in := filepath.Join(dir, "App.app/Contents")
		write(t, filepath.Join(in, "Info.plist"), of(bundleList("App", blessed)))
		for name, kind := range map[string]string{"Seer": "com.apple.Safari.web-extension", "Block": "com.apple.Safari.content-blocker"} {
			write(t, filepath.Join(in, "PlugIns", name+".appex/Contents/Info.plist"), of(bundleList(name, point(kind))))
			write(t, filepath.Join(in, "PlugIns", name+".appex/Contents/MacOS", name), code(name))
		}
		write(t, filepath.Join(in, "Resources/Data.bundle/Contents/Info.plist"), of(bundleList("none", point("com.apple.Safari.extension"))))
		s := run(t, options(t, dir))
		got := checkTags(t, dir, s.Products[0])
		want := []string{
			"browser.traffic.observe likely component Contents/MacOS/App: NSExtensionPointIdentifier com.apple.Safari.extension",
			"browser.traffic.observe likely component Contents/PlugIns/Seer.appex/Contents/MacOS/Seer: NSExtensionPointIdentifier com.apple.Safari.web-extension",
			"priv.helper likely component Contents/MacOS/App: SMPrivilegedExecutables",
		}
		slices.Sort(got)
		for _, l := range [][]string{got, want} {
			for i := range l { // the order of objects in a binary list is its maker's
				words := strings.Fields(l[i])
				slices.Sort(words)
				l[i] = strings.Join(words, " ")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", form, diff)
		}
		boms := t.TempDir()
		if err := cdx.Save(boms, s, cdx.Options{}); err != nil {
			t.Fatal(err)
		}
		again, err := cdx.Load(boms)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.Products[0].Tags, again.Products[0].Tags); diff != "" {
			t.Errorf("%s: round trip: %s", form, diff)
		}
	}
}

const bundleRules = `format: kinbom.rules/1
rules:
  - id: test-both
    capability: priv.helper
    title: two keys in one product
    meaning: one bundle has a key, another an entitlement
    references: [https://attack.mitre.org/techniques/T1548/]
    scope: [component, product]
    signals:
      key: [{plist: AcmeKey}]
      right: [{entitlement: com.apple.security.network.client}]
      data: [{plist: NSPrivacyCollectedDataType=NSPrivacyCollectedDataTypeBrowsingHistory}]
    grades:
      likely: {all: [key, data]}
      mentions: {any: [key, data, right]}
    examples:
      positive: [{name: all, scope: product, facts: [{plist: [AcmeKey, NSPrivacyCollectedDataType=NSPrivacyCollectedDataTypeBrowsingHistory]}]}]
      negative: [{name: nothing, scope: product, facts: [{plist: Other}], expect: none}]
`

// What only all bundles of a product together say is a tag of its main executable,
// and nothing that one of them says alone is said again.
func TestTagsOfProducts(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "App", code("App"))
	in := filepath.Join(dir, "App.app/Contents")
	write(t, filepath.Join(in, "Info.plist"), []byte(bundleList("App", "<key>AcmeKey</key><true/>")))
	ext := filepath.Join(in, "PlugIns/Ext.appex/Contents")
	write(t, filepath.Join(ext, "Info.plist"), []byte(bundleList("Ext", "")))
	write(t, filepath.Join(ext, "MacOS/Ext"), machotest.Sign(machotest.Sample(true), machotest.Signature{Identifier: "Ext",
		Entitlements: "<plist><dict><key>com.apple.security.network.client</key><true/></dict></plist>"}))
	write(t, filepath.Join(ext, "Resources/PrivacyInfo.xcprivacy"), []byte("<plist><dict><key>NSPrivacyCollectedDataTypes</key><array><dict>"+
		"<key>NSPrivacyCollectedDataType</key><string>NSPrivacyCollectedDataTypeBrowsingHistory</string></dict></array></dict></plist>"))
	o := options(t, dir)
	taxonomy, err := os.ReadFile("../capability/rules/taxonomy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o.Rules, err = capability.Load(nil, fstest.MapFS{"a.yaml": {Data: []byte(bundleRules)}, "taxonomy.yaml": {Data: taxonomy}})
	if err != nil {
		t.Fatal(err)
	}
	got := checkTags(t, dir, run(t, o).Products[0])
	slices.Sort(got)
	const data = " NSPrivacyCollectedDataType NSPrivacyCollectedDataTypeBrowsingHistory"
	want := []string{
		"priv.helper likely product Contents/MacOS/App: AcmeKey" + data,
		"priv.helper mentions component Contents/MacOS/App: AcmeKey",
		"priv.helper mentions component Contents/PlugIns/Ext.appex/Contents/MacOS/Ext:" + data + " com.apple.security.network.client",
	}
	for _, l := range [][]string{got, want} {
		for i := range l { // evidence is in the order of digests
			words := strings.Fields(l[i])
			slices.Sort(words)
			l[i] = strings.Join(words, " ")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
