package cdx

import (
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

func hash(s string) sbom.Digest { return sbom.DigestOf([]byte(s)) }

// teamID is made up.
const teamID = "ABCDE12345"

// docCleaner is a product with one of everything: a main executable of two
// slices, a framework carried twice, a re-export, a login item, an extension,
// system libraries, a reference that leads nowhere, packages, tags with
// evidence, gaps, a privacy manifest, entitlements, a dSYM.
func docCleaner() *sbom.Product {
	main, mainX, collect, extra := hash("main arm64"), hash("main x86_64"), hash("collect"), hash("extra")
	agent, ext, sym := hash("agent"), hash("ext"), hash("sym")
	exe := hash("file of main")
	p := &sbom.Product{
		ID: hash("Doc Cleaner 4.2"), Kind: sbom.KindApp, Name: "Doc Cleaner", BundleID: "com.example.doc-cleaner",
		Version: "4.2", Build: "4200", Platform: "macos", Team: teamID, Paths: []string{"apps/Doc Cleaner.app", "old/Doc Cleaner.app"},
		Bundles: cleanerBundles(),
		Packages: []sbom.Package{
			{PURL: "pkg:golang/example.invalid/zip@v1.2.0", Name: "example.invalid/zip", Version: "v1.2.0", Type: "go-module",
				FoundBy: "go-module-binary-cataloger", Licenses: []string{"MIT"}, Place: "Contents/MacOS/Doc Cleaner", Main: true},
			{PURL: "pkg:npm/left@1.0.0", Name: "left", Version: "1.0.0", Type: "npm", FoundBy: "javascript-package-cataloger",
				Licenses: []string{"Apache-2.0 OR MIT"}, Place: "Contents/Library/LoginItems/Agent.app/Contents/package.json",
				Bundle: "Contents/Library/LoginItems/Agent.app"},
			{PURL: "pkg:npm/left@1.0.0", Name: "left", Version: "1.0.0", Type: "npm", FoundBy: "javascript-package-cataloger",
				Licenses: []string{"BSD-3-Clause", "Custom licence <1>"}, Place: "Contents/Resources/package.json"},
			{Name: "noname", Version: "0", Type: "other", FoundBy: "x", Place: "Contents/Resources/x"},
		},
		Gaps: []sbom.Gap{
			{Kind: sbom.GapUnresolved, Path: "Contents/MacOS/Doc Cleaner", Image: main, Offset: 1208, Why: "@rpath/Gone.framework/Gone leads nowhere", Count: 1},
			{Kind: sbom.GapNotLookedAt, Path: "Contents/Resources/app.asar", Offset: -1, Why: "javascript: not looked at", Count: 3},
		},
		Coverage: sbom.Coverage{Files: 20, Analysed: 9, Skipped: 10, Unreadable: 1, Reasons: []sbom.Reason{
			{Status: sbom.StatusSkipped, Why: "javascript: not looked at", Count: 3},
			{Status: sbom.StatusSkipped, Why: "not code", Count: 7},
			{Status: sbom.StatusUnreadable, Why: "truncated", Count: 1},
		}},
	}
	place := func(path string, file sbom.Digest, off int64, bundle string, role sbom.Role) sbom.Place {
		return sbom.Place{Path: path, File: file, Offset: off, Bundle: bundle, Role: role}
	}
	sig := &sbom.Signature{Identifier: "com.example.doc-cleaner", Team: teamID, Flags: 0x10000, CMS: true,
		Entitlements: []sbom.KeyValue{{Key: "com.apple.security.app-sandbox", Value: "true"}, {Key: "com.apple.security.files", Value: `["a","b"]`}}}
	uuid := []sbom.Identity{{Method: sbom.IdentUUID, Value: strings.Repeat("a1", 16)}}
	fw, login, appex := "Contents/Frameworks/Collect.framework", "Contents/Library/LoginItems/Agent.app", "Contents/PlugIns/Share.appex"
	p.Images = []sbom.Image{
		{Digest: main, Format: "macho", Arch: "arm64", Type: "execute", Size: 90000, Signature: sig,
			Places:     []sbom.Place{place("Contents/MacOS/Doc Cleaner", exe, 16384, "", sbom.RoleMain)},
			Identities: []sbom.Identity{{Method: sbom.IdentCDHash, Value: strings.Repeat("ab", 20)}, {Method: sbom.IdentUUID, Value: strings.Repeat("0f", 16)}},
			Loads: []sbom.Load{{Name: "@rpath/Collect.framework/Versions/A/Collect", Kind: sbom.LoadRegular, Current: "2.0.0", Compat: "1.0.0", Imports: 3},
				{Name: "/usr/lib/libSystem.B.dylib", Kind: sbom.LoadRegular, Current: "1345.0.0", Compat: "1.0.0", Imports: 40},
				{Name: "@rpath/Gone.framework/Gone", Kind: sbom.LoadWeak}},
			Rpaths: []string{"@executable_path/../Frameworks", "/Library/Frameworks"},
			Builds: []sbom.Build{{Platform: "macos", MinOS: "11.0", SDK: "14.2", Tools: []sbom.Tool{{Name: "ld", Version: "1015.7"}}}},
			Counts: sbom.Counts{Functions: 321, Strings: 50, CFStrings: 7, Imports: 43, Exports: 1, Selectors: 20, Symbols: 5}},
		{Digest: mainX, Format: "macho", Arch: "x86_64", Type: "execute", Size: 88000, Signature: sig, Stripped: true,
			Places: []sbom.Place{place("Contents/MacOS/Doc Cleaner", exe, 122880, "", sbom.RoleMain)}},
		{Digest: collect, Format: "macho", Arch: "arm64", Type: "dylib", Size: 40000, InstallName: "@rpath/Collect.framework/Versions/A/Collect",
			CurrentVersion: "2.0.0", CompatVersion: "1.0.0", Signature: &sbom.Signature{Identifier: "Collect", AdHoc: true, Flags: 2},
			Places: []sbom.Place{place(fw+"/Versions/A/Collect", collect, 0, fw, sbom.RoleFramework),
				place(appex+"/Contents/Frameworks/Collect", collect, 0, appex, sbom.RoleLibrary)},
			Classes: []string{"BCHistory", "BCUploader"}, Categories: []string{"NSString(BC)"}, Protocols: []string{"BCReader"}, SwiftTypes: []string{"Collect.Reader"}},
		{Digest: extra, Format: "macho", Arch: "arm64", Type: "dylib", Size: 100, InstallName: "@rpath/libextra.dylib", Encrypted: true,
			Places: []sbom.Place{place("Contents/Frameworks/libextra.dylib", extra, 0, "", sbom.RoleLibrary)}},
		{Digest: agent, Format: "macho", Arch: "arm64", Type: "execute", Size: 5000, Identities: uuid,
			Places: []sbom.Place{place(login+"/Contents/MacOS/Agent", agent, 0, login, sbom.RoleLoginItem)}},
		{Digest: ext, Format: "macho", Arch: "arm64", Type: "execute", Size: 6000,
			Places: []sbom.Place{place(appex+"/Contents/MacOS/Share", ext, 0, appex, sbom.RoleExtension)}},
		{Digest: sym, Format: "macho", Arch: "arm64", Type: "dsym", Size: 7000, Identities: uuid,
			Places: []sbom.Place{place("Contents/Resources/Agent.dSYM/Contents/Resources/DWARF/Agent", sym, 0, "Contents/Resources/Agent.dSYM", sbom.RoleSymbols)}},
	}
	p.Links = cleanerLinks(main, mainX, collect, extra, agent)
	p.Tags = cleanerTags(collect, exe, main)
	p.Normalize()
	return p
}

func cleanerBundles() []sbom.Bundle {
	return []sbom.Bundle{
		{Kind: sbom.BundleApp, Role: sbom.RoleMain, Name: "Doc Cleaner", ID: "com.example.doc-cleaner", Version: "4.2", Build: "4200",
			Executable: "Contents/MacOS/Doc Cleaner", MinOS: "11.0", Category: "public.app-category.utilities",
			Usage: []sbom.KeyValue{{Key: "NSDesktopFolderUsageDescription", Value: "To clean\nit."}},
			Privacy: &sbom.Privacy{Tracking: true, TrackingDomains: []string{"collect.invalid"}, Collected: []string{"NSPrivacyCollectedDataTypeBrowsingHistory"},
				Accessed: []string{"NSPrivacyAccessedAPICategoryFileTimestamp"}},
			Nibs: &sbom.Nibs{Read: 2, Unread: 1, Classes: []sbom.KeyValue{{Key: "Contents/Resources/Main.nib", Value: "Delegate"}}, Sends: []string{"collect:"}}},
		{Path: "Contents/Frameworks/Collect.framework", Kind: sbom.BundleFramework, Role: sbom.RoleFramework, Name: "Collect", ID: "com.example.collect",
			Version: "2.0", Executable: "Contents/Frameworks/Collect.framework/Versions/A/Collect", Privacy: &sbom.Privacy{}},
		{Path: "Contents/Library/LoginItems/Agent.app", Kind: sbom.BundleApp, Role: sbom.RoleLoginItem, Name: "Agent", ID: "com.example.agent",
			Executable: "Contents/Library/LoginItems/Agent.app/Contents/MacOS/Agent"},
		{Path: "Contents/PlugIns/Share.appex", Kind: sbom.BundleAppex, Role: sbom.RoleExtension, Name: "Share", ID: "com.example.share",
			ExtensionPoint: "com.apple.share-services", Classes: []sbom.KeyValue{{Key: "NSExtensionPrincipalClass", Value: "Share.ShareController"}}, Executable: "Contents/PlugIns/Share.appex/Contents/MacOS/Share"},
		{Path: "Contents/Resources/Agent.dSYM", Kind: sbom.BundleDSYM, Role: sbom.RoleSymbols, Name: "Agent"},
	}
}

func cleanerLinks(main, mainX, collect, extra, agent sbom.Digest) []sbom.Link {
	at := []sbom.Evidence{{File: hash("file of main"), Slice: 16384, Section: "__TEXT,__cstring", Offset: 20000, Length: 17, Bytes: []byte("com.example.agent"), Kind: sbom.FactString, Signal: "bundle id"}}
	return []sbom.Link{
		{Kind: sbom.LinkLoads, From: main, To: collect, Target: sbom.TargetInside, Name: "@rpath/Collect.framework/Versions/A/Collect", Load: sbom.LoadRegular, How: "@rpath"},
		{Kind: sbom.LinkLoads, From: mainX, To: collect, Target: sbom.TargetInside, Name: "@rpath/Collect.framework/Versions/A/Collect", Load: sbom.LoadRegular, How: "@rpath"},
		{Kind: sbom.LinkCalls, From: main, To: collect, Target: sbom.TargetInside, Name: "Collect", How: "bound symbol", Symbols: []string{"BCCollect", "OBJC_CLASS_$_BCHistory"}},
		{Kind: sbom.LinkLoads, From: collect, To: extra, Target: sbom.TargetInside, Name: "@rpath/libextra.dylib", Load: sbom.LoadReexport, How: "re-export"},
		{Kind: sbom.LinkLoads, From: collect, To: collect, Target: sbom.TargetInside, Name: "@rpath/Collect.framework/Versions/A/Collect", Load: sbom.LoadUpward},
		{Kind: sbom.LinkLoads, From: main, Target: sbom.TargetSystem, Name: "/usr/lib/libSystem.B.dylib", Load: sbom.LoadRegular, How: "absolute", Symbols: []string{"_open"}},
		{Kind: sbom.LinkLoads, From: main, Target: sbom.TargetMissing, Name: "@rpath/Gone.framework/Gone", Load: sbom.LoadWeak},
		{Kind: sbom.LinkOpens, From: main, Target: sbom.TargetOutside, Name: "/Library/Example/plug.bundle", Soft: true},
		{Kind: sbom.LinkLaunches, From: main, To: agent, Target: sbom.TargetInside, Name: "com.example.agent", How: "bundle id in a string", Soft: true, Seen: true, Evidence: at},
	}
}

func cleanerTags(collect, exe, main sbom.Digest) []sbom.Tag {
	address := uint64(0xffff_0000_0000_4a10)
	ev := func(off int64, b, signal string) sbom.Evidence {
		return sbom.Evidence{File: collect, Section: "__TEXT,__cstring", Offset: off, Length: int64(len(b)), Bytes: []byte(b), Kind: sbom.FactString, Signal: signal}
	}
	return []sbom.Tag{
		{Capability: "browser.history.read", Grade: sbom.GradeLikely, Image: collect, Rule: "safari-history", RulesDigest: hash("rules"),
			Stores: []string{"safari"}, Evidence: []sbom.Evidence{ev(1000, "Library/Safari/History.db", "store"), ev(1100, "SELECT url FROM history_items", "sql"), ev(1200, "\x00\xff\xferaw", "vendor")}},
		{Capability: "browser.history.read", Grade: sbom.GradeShown, Image: collect, Address: &address, Symbol: "-[Collector read]", Mark: strings.Repeat("c0", 32), Rule: "safari-history",
			RulesDigest: hash("rules"), Flags: []string{sbom.FlagImporter}, Evidence: []sbom.Evidence{ev(1000, "Library/Safari/History.db", "store")}},
		{Capability: "exfil.upload", Grade: sbom.GradeMentions, Image: main, Rule: "upload", RulesDigest: hash("rules"),
			Evidence: []sbom.Evidence{{File: exe, Slice: 16384, Offset: 30000, Length: 500, Bytes: []byte(strings.Repeat("u", 256)), Kind: sbom.FactConst}}},
	}
}
