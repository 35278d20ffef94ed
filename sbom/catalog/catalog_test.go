package catalog

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// auditable is an image with the section that cargo-auditable adds.
func auditable(t *testing.T) []byte {
	t.Helper()
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write([]byte(`{"packages":[{"name":"serde","version":"1.0.1","source":"crates.io"},{"name":"tool","version":"0.1.0","source":"local","dependencies":[0],"root":true}]}`))
	w.Close()
	b := (machotest.Image{Const: z.Bytes()}).Build()
	name := make([]byte, 16)
	copy(name, "__const")
	section := make([]byte, 16)
	copy(section, ".dep-v0")
	if !bytes.Contains(b, name) {
		t.Fatal("the built image has no constant section")
	}
	return bytes.Replace(b, name, section, 1)
}

func jar(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"META-INF/MANIFEST.MF":                             "Manifest-Version: 1.0\nImplementation-Title: widget\nImplementation-Version: 2.3.4\n",
		"META-INF/maven/com.example/widget/pom.properties": "groupId=com.example\nartifactId=widget\nversion=2.3.4\n",
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	z.Close()
	return b.Bytes()
}

// Every ecosystem that is promised, through a closed list of files whose names
// on disk say nothing.
func TestEcosystems(t *testing.T) {
	tests := []struct {
		name    string
		path    string
		data    []byte
		macho   bool
		want    []string
		trouble bool
	}{
		{"npm", "Contents/Resources/app/node_modules/left/package.json", []byte(`{"name":"left","version":"1.2.3","license":"MIT"}`), false, []string{"pkg:npm/left@1.2.3 [MIT]"}, false},
		{"python", "Contents/Resources/lib/python3.9/site-packages/six-1.16.0.dist-info/METADATA", []byte("Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\nLicense: MIT\n"), false, []string{"pkg:pypi/six@1.16.0 [MIT]"}, false},
		{"java", "Contents/Java/widget.jar", jar(t), false, []string{"pkg:maven/com.example/widget@2.3.4 []"}, false},
		{"dotnet", "Contents/MonoBundle/App.deps.json", []byte(`{"runtimeTarget":{"name":".NETCoreApp,Version=v6.0","signature":""},"targets":{".NETCoreApp,Version=v6.0":{"App/1.0.0":{"dependencies":{"Newtonsoft.Json":"13.0.1"},"runtime":{"App.dll":{}}},"Newtonsoft.Json/13.0.1":{"runtime":{"lib/netstandard2.0/Newtonsoft.Json.dll":{"assemblyVersion":"13.0.0.0","fileVersion":"13.0.1.25517"}}}}},"libraries":{"App/1.0.0":{"type":"project","serviceable":false,"sha512":""},"Newtonsoft.Json/13.0.1":{"type":"package","serviceable":true,"sha512":"sha512-x","path":"newtonsoft.json/13.0.1","hashPath":"newtonsoft.json.13.0.1.nupkg.sha512"}}}`), false,
			[]string{"pkg:nuget/App@1.0.0 []", "pkg:nuget/Newtonsoft.Json@13.0.1 []"}, false},
		{"rust", "Contents/MacOS/tool", auditable(t), true, []string{"pkg:cargo/serde@1.0.1 []", "pkg:cargo/tool@0.1.0 []"}, false},
		{"cocoapods", "Contents/Resources/Podfile.lock", []byte("PODS:\n  - Alamofire (5.4.0)\n\nDEPENDENCIES:\n  - Alamofire\n\nSPEC CHECKSUMS:\n  Alamofire: 3b6a34a8f5a1e0dd1a0b0d9f10a1c0b0d9f10a1c\n\nPODFILE CHECKSUM: x\n\nCOCOAPODS: 1.10.0\n"), false, []string{"pkg:cocoapods/Alamofire@5.4.0 []"}, false},
		{"swift", "Contents/Resources/Package.resolved", []byte(`{"pins":[{"identity":"swift-log","kind":"remoteSourceControl","location":"https://example.invalid/apple/swift-log.git","state":{"revision":"abc","version":"1.4.0"}}],"version":2}`), false, []string{"pkg:swift/example.invalid/apple/swift-log@1.4.0 []"}, false},
		{"nothing in it", "Contents/Resources/package.json", []byte("{"), false, nil, true},
	}
	c := &Cataloger{}
	dir := t.TempDir()
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			disk := filepath.Join(dir, fmt.Sprint("object-", i))
			if err := os.WriteFile(disk, tt.data, 0o600); err != nil {
				t.Fatal(err)
			}
			if !tt.macho && !Wants(tt.path) {
				t.Errorf("%s is not wanted", tt.path)
			}
			got, err := c.Packages(t.Context(), []File{{Path: tt.path, Disk: disk, Size: int64(len(tt.data)), MachO: tt.macho}})
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			var wrong []Trouble
			if tt.trouble {
				wrong = []Trouble{{tt.path, "javascript-package-cataloger"}}
			}
			if d := cmp.Diff(wrong, got.Troubles); d != "" {
				t.Errorf("troubles (-want +got):\n%s", d)
			}
			for _, p := range got.Packages {
				list = append(list, fmt.Sprintf("%s %v", p.PURL, p.Licenses))
				if p.Place != tt.path {
					t.Errorf("found at %q, want %q", p.Place, tt.path)
				}
			}
			if d := cmp.Diff(tt.want, list); d != "" {
				t.Errorf("packages (-want +got):\n%s", d)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	c := &Cataloger{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := c.Packages(ctx, []File{{Path: "package.json", Disk: "gone"}}); err == nil {
		t.Errorf("a cancelled call gave %v and no error", got)
	}
}

func TestWants(t *testing.T) {
	for _, p := range []string{"a/b.txt", "a/Info.plist", "package.jsonx", "x.so"} {
		if Wants(p) {
			t.Errorf("%s is wanted", p)
		}
	}
}
