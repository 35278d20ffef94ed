package library

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

const (
	registry = "/Users/runner/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/"
	tokio    = registry + "tokio-1.53.1/src/runtime/mod.rs"
)

func TestCratesOf(t *testing.T) {
	crate := func(name, text string) NameEvidence { return NameEvidence{How: NamedCrate, Name: name, Text: text} }
	yes, none := counts{crates: []string{"tokio"}}, counts{}
	one := []Package{{PURL: "pkg:cargo/tokio@1.53.1", How: ByCratePath, Text: tokio}}
	for name, c := range map[string]struct {
		names      []NameEvidence
		of         []counts
		own        int
		background bool
		want       []Package
	}{
		"a crate":                         {names: []NameEvidence{crate("tokio", tokio)}, of: []counts{yes, none}, want: one},
		"and its own symbols":             {names: []NameEvidence{crate("regex-automata", registry+"regex-automata-0.4.16/src/a.rs"), crate("regex_automata", "_ZN14regex_automata3dfaE")}, of: []counts{yes}, want: []Package{{PURL: "pkg:cargo/regex-automata@0.4.16", How: ByCratePath, Text: registry + "regex-automata-0.4.16/src/a.rs"}}},
		"most functions name nothing":     {names: []NameEvidence{crate("tokio", tokio)}, of: []counts{yes, none, none}},
		"but background may":              {names: []NameEvidence{crate("tokio", tokio)}, of: []counts{yes, none, none}, background: true, want: one},
		"symbols of another crate":        {names: []NameEvidence{crate("tokio", tokio), crate("collector", "_ZN9collectorE")}, of: []counts{yes}},
		"a path of the vendor's":          {names: []NameEvidence{crate("tokio", tokio)}, of: []counts{yes, {private: "/w/collector/src/lib.rs"}}},
		"a function of the vendor's":      {names: []NameEvidence{crate("tokio", tokio)}, of: []counts{yes, yes}, own: 1},
		"classes name it too":             {names: []NameEvidence{crate("tokio", tokio), {How: NamedClasses, Name: "HTCollector"}}, of: []counts{yes}},
		"another registry":                {names: []NameEvidence{crate("tokio", "/Users/b/.cargo/registry/src/crates.example.com-1949cf8c6b5b557f/tokio-1.0.0/src/lib.rs")}, of: []counts{{private: "x"}}},
		"another registry, as background": {names: []NameEvidence{crate("tokio", "/Users/b/.cargo/registry/src/crates.example.com-1949cf8c6b5b557f/tokio-1.0.0/src/lib.rs")}, of: []counts{yes}, background: true},
		"nothing names it":                {of: []counts{yes}},
	} {
		got := cratesOf(c.names, &tally{of: c.of, own: c.own}, c.background)
		if len(got)+len(c.want) > 0 && !cmp.Equal(got, c.want) {
			t.Errorf("%s: %s", name, cmp.Diff(c.want, got))
		}
	}
}

// addon is a product with one image of a digest at a path, and one listed package.
func addon(name, image, at string, k sbom.Package) *sbom.Product {
	d := sbom.DigestOf([]byte(image))
	p := &sbom.Product{ID: sbom.DigestOf([]byte(name)), Kind: sbom.KindApp, Name: name, BundleID: "com.halcyon.example." + name, Paths: []string{name + ".app"},
		Bundles: []sbom.Bundle{{Kind: sbom.BundleApp, Role: sbom.RoleMain, Name: name}}, Packages: []sbom.Package{k},
		Images: []sbom.Image{{Digest: d, Format: "macho", Arch: "arm64", Type: "bundle", Size: 1 << 12, Places: []sbom.Place{{Path: at, File: d, Role: sbom.RoleLibrary}}}}}
	p.Coverage.AddAnalysed(1)
	p.Normalize()
	return p
}

func TestAddons(t *testing.T) {
	const modules = "Contents/Resources/app.asar.unpacked/node_modules/"
	npm := func(name, place string) sbom.Package {
		return sbom.Package{PURL: "pkg:npm/" + name + "@2.0.0", Name: name, Version: "2.0.0", Type: "npm", Place: place}
	}
	for name, c := range map[string]struct {
		at   string
		k    sbom.Package
		want string
	}{
		"in the package":        {modules + "pty/build/pty.node", npm("pty", modules+"pty/package.json"), "pkg:npm/pty@2.0.0"},
		"with a scope":          {modules + "@parcel/watcher/watcher.node", npm("@parcel/watcher", modules+"@parcel/watcher/package.json"), "pkg:npm/@parcel/watcher@2.0.0"},
		"in one of its own":     {modules + "pty/node_modules/nan/nan.node", npm("pty", modules+"pty/package.json"), ""},
		"beside it":             {modules + "other/pty.node", npm("pty", modules+"pty/package.json"), ""},
		"not below modules":     {"Contents/MacOS/pty.node", npm("pty", "Contents/MacOS/package.json"), ""},
		"the vendor's scope":    {modules + "@halcyon/pty/pty.node", npm("@halcyon/pty", modules+"@halcyon/pty/package.json"), ""},
		"no version":            {modules + "pty/pty.node", sbom.Package{PURL: "pkg:npm/pty", Name: "pty", Type: "npm", Place: modules + "pty/package.json"}, ""},
		"another sort of thing": {modules + "pty/pty.node", sbom.Package{PURL: "pkg:pypi/pty@1", Name: "pty", Version: "1", Type: "python", Place: modules + "pty/package.json"}, ""},
		"right in the folder":   {modules + "pty.node", npm("pty", modules+"package.json"), ""},
		"cut short":             {modules + "@parcel", npm("@parcel", modules+"@parcel/package.json"), ""},
	} {
		g, err := graph.Build([]*sbom.Product{addon("a", "same", c.at, c.k), addon("b", "same", "Contents/PlugIns/pty.node", sbom.Package{PURL: "pkg:npm/x@1", Name: "x", Version: "1", Type: "npm", Place: "x/package.json"})})
		if err != nil {
			t.Fatal(err)
		}
		libs, _ := Find(g, Options{})
		if len(libs) != 1 {
			t.Fatalf("%s: %d libraries", name, len(libs))
		}
		got := ""
		for _, k := range libs[0].Packages {
			got += k.PURL
			if k.How != ByPackageList || k.Text != c.at {
				t.Errorf("%s: %+v", name, k)
			}
		}
		if got != c.want || libs[0].Background {
			t.Errorf("%s: %q, background %t; want %q", name, got, libs[0].Background, c.want)
		}
	}
}
