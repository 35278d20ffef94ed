package audit

import (
	"slices"
	"testing"

	"github.com/kinbom/kinbom/graph/policy"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
)

const history = "browser.history.read"

func id(s string) sbom.Digest { return sbom.DigestOf([]byte(s)) }

func composites() []propagate.Composite {
	return []propagate.Composite{{ID: Headline, Any: []string{history}, Sends: []string{"exfil.upload"}}}
}

// app makes a product with a main executable.
func app(name, bundleID string) *sbom.Product {
	p := &sbom.Product{ID: id(name), Kind: sbom.KindApp, Name: name, BundleID: bundleID, Version: "1.0", Team: "ABCDE12345",
		Paths: []string{name + ".app"}, Bundles: []sbom.Bundle{{Path: "", Kind: sbom.BundleApp, Role: sbom.RoleMain, Name: name, ID: bundleID}}}
	p.Coverage.AddAnalysed(1)
	p.Coverage.AddSkipped("not code", 2)
	return add(p, name+" main", "Contents/MacOS/"+name, "", sbom.RoleMain)
}

// add puts an image with the given content at a path.
func add(p *sbom.Product, content, path, bundle string, role sbom.Role) *sbom.Product {
	p.Images = append(p.Images, sbom.Image{Digest: id(content), Format: "macho", Arch: "arm64", Type: "execute", Size: 4096,
		Places:     []sbom.Place{{Path: path, File: id("file of " + content), Bundle: bundle, Role: role}},
		Identities: []sbom.Identity{{Method: sbom.IdentText, Value: string(id("text of " + content))}}})
	p.Coverage.AddAnalysed(1)
	return p
}

// kit puts the shared framework in and ties it to the main executable.
func kit(p *sbom.Product) *sbom.Product {
	main := p.Images[0].Digest
	p.Bundles = append(p.Bundles, sbom.Bundle{Path: "Contents/Frameworks/CollectKit.framework", Kind: sbom.BundleFramework,
		Role: sbom.RoleFramework, Name: "CollectKit", ID: "com.example.collectkit"})
	add(p, "kit", "Contents/Frameworks/CollectKit.framework/CollectKit", "Contents/Frameworks/CollectKit.framework", sbom.RoleFramework)
	p.Images[len(p.Images)-1].InstallName = "@rpath/CollectKit.framework/CollectKit"
	p.Links = append(p.Links,
		sbom.Link{Kind: sbom.LinkLoads, From: main, To: id("kit"), Target: sbom.TargetInside, Name: "@rpath/CollectKit.framework/CollectKit", Load: sbom.LoadRegular, How: "@rpath"},
		sbom.Link{Kind: sbom.LinkCalls, From: main, To: id("kit"), Target: sbom.TargetInside, Name: "@rpath/CollectKit.framework/CollectKit", How: "bound symbol", Symbols: []string{"collect_history"}})
	return tag(p, "kit", history, sbom.GradeLikely)
}

// tag puts a tag on an image.
func tag(p *sbom.Product, content, capability string, grade sbom.Grade) *sbom.Product {
	text := "SELECT url FROM history_items"
	p.Tags = append(p.Tags, sbom.Tag{Capability: capability, Grade: grade, Image: id(content), Rule: capability + "/rule", RulesDigest: id("rules"),
		Stores: []string{"safari"}, Evidence: []sbom.Evidence{{File: id("file of " + content), Slice: 0, Section: "__TEXT,__cstring",
			Offset: 2048, Length: int64(len(text)), Bytes: []byte(text), Kind: sbom.FactString, Signal: "sql"}}})
	return p
}

// scan is the family of the tests: three products share a collector, one has
// it of its own, one only mentions, one is quiet, one is JavaScript, one is
// another vendor's.
func scan() *sbom.Scan {
	virus := kit(app("Doc Antivirus", "com.example.doc-antivirus"))
	cleaner := tag(kit(app("Doc Cleaner", "com.example.doc-cleaner")), "Doc Cleaner main", "exfil.upload", sbom.GradeLikely)
	cleaner.Bundles[0].Privacy = &sbom.Privacy{}
	battery := kit(app("Doc Battery", "com.example.doc-battery"))
	battery.Gaps = []sbom.Gap{{Kind: sbom.GapUnreadable, Path: "Contents/MacOS/odd", Offset: 12, Why: "load command runs past the end", Count: 1}}
	battery.Coverage.AddUnreadable("not a Mach-O file after all", 1)
	zip := tag(app("Doc Unarchiver", "com.example.doc-unarchiver"), "Doc Unarchiver main", history, sbom.GradeLikely)
	manual := tag(app("Doc Manual", "com.example.doc-manual"), "Doc Manual main", history, sbom.GradeMentions)
	quiet := app("Doc Wifi", "com.example.doc-wifi")
	script := app("Doc Notes", "com.example.doc-notes")
	script.Coverage.AddSkipped("JavaScript: not looked at", 2)
	script.Gaps = []sbom.Gap{{Kind: sbom.GapNotLookedAt, Path: "Contents/Resources/app.js", Offset: -1, Why: "JavaScript is not looked at by this version", Count: 2}}
	other := kit(app("Foreign", "org.other.foreign"))
	other.Team = "ZZZZZ99999"
	s := &sbom.Scan{Tool: "kinbom", Version: "test", Rules: id("rules"),
		Inputs:   []sbom.Input{{Path: "apps", Kind: "directory", Digest: id("apps"), Files: 20, Bytes: 4096}},
		Products: []*sbom.Product{virus, cleaner, battery, zip, manual, quiet, script, other},
		Gaps:     []sbom.Gap{{Kind: sbom.GapUnsupported, Path: "setup.dmg", Offset: -1, Why: "disk images are not opened", Count: 1}}}
	s.Outside.AddSkipped("disk image: not looked at", 1)
	for _, p := range s.Products {
		p.Normalize()
	}
	return s
}

const familyFile = `vendor: Example Software
match: {team: [ABCDE12345]}
products:
  - {bundle: com.example.doc-antivirus, purpose: antivirus}
  - {bundle: com.example.doc-cleaner, purpose: cleaner}
  - {bundle: com.example.doc-battery, purpose: battery}
  - {bundle: com.example.doc-unarchiver, purpose: archiver}
  - {bundle: com.example.doc-manual, purpose: education}
  - {bundle: com.example.doc-gone, purpose: game}
`

func family(t testing.TB) *policy.Family {
	t.Helper()
	f, err := policy.Parse([]byte(familyFile), "family.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func options() Options { return Options{Composites: composites(), Version: "test"} }

func TestScanIsValid(t *testing.T) {
	for _, p := range scan().Products {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if !slices.IsSorted(p.Paths) {
			t.Errorf("%s: paths", p.Name)
		}
	}
}
