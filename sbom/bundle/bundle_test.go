package bundle

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/plist"
)

var macApp = []string{
	"Contents/Info.plist", "Contents/MacOS/App", "Contents/MacOS/tool", "Contents/Resources/PrivacyInfo.xcprivacy",
	"Contents/Frameworks/F.framework/Versions/A/F", "Contents/Frameworks/F.framework/Versions/A/Resources/Info.plist",
	"Contents/Frameworks/F.framework/Versions/A/XPCServices/S.xpc/Contents/Info.plist",
	"Contents/Frameworks/F.framework/Versions/A/XPCServices/S.xpc/Contents/MacOS/S",
	"Contents/Frameworks/F.framework/Versions/Current/F",
	"Contents/Frameworks/libx.dylib",
	"Contents/Library/LoginItems/L.app/Contents/Info.plist", "Contents/Library/LoginItems/L.app/Contents/MacOS/L",
	"Contents/Helpers/H.app/Contents/MacOS/H",
	"Contents/PlugIns/E.appex/Contents/Info.plist", "Contents/PlugIns/E.appex/Contents/MacOS/E",
	"Contents/PlugIns/P.bundle/Contents/MacOS/P", "Contents/Resources/R.bundle/strings.txt",
	"App.app.dSYM/Contents/Resources/DWARF/App",
}

func facts(exe map[string]string) Facts {
	f := Facts{Info: map[string]plist.InfoFacts{}, Privacy: map[string]sbom.Privacy{}}
	for d, e := range exe {
		f.Info[d] = plist.InfoFacts{Executable: e, ID: "id." + e}
	}
	return f
}

func TestBundles(t *testing.T) {
	type row struct {
		Path string
		Kind sbom.BundleKind
		Role sbom.Role
		Exe  string
	}
	tests := []struct {
		name  string
		kind  sbom.ProductKind
		files []string
		exe   map[string]string
		want  []row
	}{
		{"macOS", sbom.KindApp, macApp, map[string]string{"": "App", "Contents/Library/LoginItems/L.app": "L"}, []row{
			{"", sbom.BundleApp, sbom.RoleMain, "Contents/MacOS/App"},
			{"App.app.dSYM", sbom.BundleDSYM, sbom.RoleSymbols, ""},
			{"Contents/Frameworks/F.framework", sbom.BundleFramework, sbom.RoleFramework, "Contents/Frameworks/F.framework/Versions/Current/F"},
			{"Contents/Frameworks/F.framework/Versions/A/XPCServices/S.xpc", sbom.BundleXPC, sbom.RoleXPC, "Contents/Frameworks/F.framework/Versions/A/XPCServices/S.xpc/Contents/MacOS/S"},
			{"Contents/Helpers/H.app", sbom.BundleApp, sbom.RoleHelperApp, "Contents/Helpers/H.app/Contents/MacOS/H"},
			{"Contents/Library/LoginItems/L.app", sbom.BundleApp, sbom.RoleLoginItem, "Contents/Library/LoginItems/L.app/Contents/MacOS/L"},
			{"Contents/PlugIns/E.appex", sbom.BundleAppex, sbom.RoleExtension, "Contents/PlugIns/E.appex/Contents/MacOS/E"},
			{"Contents/PlugIns/P.bundle", sbom.BundlePlugin, sbom.RolePlugin, "Contents/PlugIns/P.bundle/Contents/MacOS/P"},
			{"Contents/Resources/R.bundle", sbom.BundleResource, sbom.RolePlugin, ""},
		}},
		{"iOS", sbom.KindApp, []string{"Info.plist", "App", "Frameworks/F.framework/F", "Frameworks/F.framework/Info.plist", "PlugIns/E.appex/E"},
			map[string]string{"": "App"}, []row{
				{"", sbom.BundleApp, sbom.RoleMain, "App"},
				{"Frameworks/F.framework", sbom.BundleFramework, sbom.RoleFramework, "Frameworks/F.framework/F"},
				{"PlugIns/E.appex", sbom.BundleAppex, sbom.RoleExtension, "PlugIns/E.appex/E"},
			}},
		{"loose", sbom.KindLibraries, []string{"lib/a.dylib", "F.framework/F"}, nil, []row{{"F.framework", sbom.BundleFramework, sbom.RoleFramework, "F.framework/F"}}},
		{"an executable's name cannot leave the bundle", sbom.KindApp, []string{"Contents/Info.plist", "tool"}, map[string]string{"": "../../tool"}, []row{{"", sbom.BundleApp, sbom.RoleMain, ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []row
			for _, b := range New(tt.kind, tt.files).Bundles(facts(tt.exe)) {
				got = append(got, row{b.Path, b.Kind, b.Role, b.Executable})
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	s := New(sbom.KindApp, macApp)
	bundles := map[string]sbom.Bundle{}
	for _, b := range s.Bundles(facts(map[string]string{"": "App"})) {
		bundles[b.Path] = b
	}
	tests := []struct {
		path, typ string
		want      sbom.Role
	}{
		{"Contents/MacOS/App", "execute", sbom.RoleMain},
		{"Contents/MacOS/tool", "execute", sbom.RoleHelper},
		{"Contents/Frameworks/F.framework/Versions/A/F", "dylib", sbom.RoleFramework},
		{"Contents/Frameworks/F.framework/Versions/A/tool", "execute", sbom.RoleHelper},
		{"Contents/Frameworks/F.framework/Versions/A/XPCServices/S.xpc/Contents/MacOS/S", "execute", sbom.RoleXPC},
		{"Contents/Frameworks/libx.dylib", "dylib", sbom.RoleLibrary},
		{"Contents/Library/LoginItems/L.app/Contents/MacOS/L", "execute", sbom.RoleLoginItem},
		{"Contents/Helpers/H.app/Contents/MacOS/H", "execute", sbom.RoleHelperApp},
		{"Contents/PlugIns/E.appex/Contents/MacOS/E", "execute", sbom.RoleExtension},
		{"Contents/PlugIns/P.bundle/Contents/MacOS/P", "bundle", sbom.RolePlugin},
		{"App.app.dSYM/Contents/Resources/DWARF/App", "dsym", sbom.RoleSymbols},
		{"App.app.dSYM/Contents/Resources/DWARF/evil", "dylib", sbom.RoleLibrary},
		{"Contents/Resources/x.node", "bundle", sbom.RolePlugin},
		{"Contents/Resources/x.o", "object", sbom.RoleObject},
	}
	for _, tt := range tests {
		if got := s.RoleOf(tt.path, tt.typ, bundles); got != tt.want {
			t.Errorf("%s (%s): role %s, want %s", tt.path, tt.typ, got, tt.want)
		}
	}
	for _, r := range []sbom.Role{sbom.RoleFramework, sbom.RolePlugin, sbom.RoleLibrary, sbom.RoleSymbols} {
		if r.Entry() {
			t.Errorf("%s counts as an entry", r)
		}
	}
}

func TestPlists(t *testing.T) {
	var got []string
	for _, p := range New(sbom.KindApp, macApp).Plists() {
		got = append(got, string(p.Kind)+" "+p.File)
	}
	want := []string{
		"info Contents/Frameworks/F.framework/Versions/A/Resources/Info.plist",
		"info Contents/Frameworks/F.framework/Versions/A/XPCServices/S.xpc/Contents/Info.plist",
		"info Contents/Info.plist",
		"info Contents/Library/LoginItems/L.app/Contents/Info.plist",
		"info Contents/PlugIns/E.appex/Contents/Info.plist",
		"privacy Contents/Resources/PrivacyInfo.xcprivacy",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
