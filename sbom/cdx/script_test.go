package cdx

import (
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// withScripts is a product with a module of an archive, an inner module of a
// bundle, and a compiled Python module.
func withScripts() *sbom.Product {
	p := docCleaner()
	asar, js, inner, py := hash("asar"), hash("module"), hash("inner"), hash("pyc")
	const at = "Contents/Resources/app.asar"
	p.Images = append(p.Images,
		sbom.Image{Digest: js, Format: sbom.FormatJavaScript, Type: sbom.TypeModule, Size: 200,
			Places: []sbom.Place{{Path: at + "/lib/history.js", File: asar, Offset: 4096, Role: sbom.RoleModule}}},
		sbom.Image{Digest: inner, Format: sbom.FormatJavaScript, Type: sbom.TypeModule, Size: 90,
			Places: []sbom.Place{{Path: at + "/main.js#src/a.js", File: asar, Offset: 9000, Role: sbom.RoleModule}}},
		sbom.Image{Digest: py, Format: sbom.FormatPython, Type: sbom.TypeModule, Size: 300,
			Places: []sbom.Place{{Path: "Contents/Resources/h.pyc", File: py, Role: sbom.RoleModule}}})
	p.Links = append(p.Links, sbom.Link{Kind: sbom.LinkCalls, From: hash("main arm64"), To: js, Target: sbom.TargetInside, Name: "history.js",
		How: "require: main.js > lib/history.js", Symbols: []string{"history.js"}})
	p.Tags = append(p.Tags, sbom.Tag{Capability: "browser.history.read", Grade: sbom.GradeShown, Image: js, Rule: "r", RulesDigest: hash("rules"),
		Scope: sbom.ScopeModules, Stores: []string{"safari"}, Evidence: []sbom.Evidence{
			{File: asar, Slice: 4096, Offset: 4200, Length: 7, Bytes: []byte("Library"), Kind: sbom.FactString, Signal: "root", How: sbom.HowJoined, Meaning: []byte("~/Library/Safari")},
			{File: asar, Slice: 4096, Offset: 4300, Length: 13, Bytes: []byte(`\x4cibrary/Sa`), Kind: sbom.FactString, Signal: "store", How: sbom.HowEscaped, Meaning: []byte("Library/Sa")}}})
	p.Normalize()
	return p
}

func TestScriptsRoundTrip(t *testing.T) {
	p := withScripts()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, o := range forms {
		t.Run(formName(o), func(t *testing.T) { roundTrip(t, p, o) })
	}
	for _, v := range []string{Version16, Version17} {
		if err := validJSON(jsonSchema(t, v), written(t, p, Options{Version: v})); err != nil {
			t.Errorf("%s: %v", v, err)
		}
	}
}
