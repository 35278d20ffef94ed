package link

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

func dig(name string) sbom.Digest { return sbom.DigestOf([]byte(name)) }

// img makes an image named after its path; mods change it.
func img(path, typ string, role sbom.Role, mods ...func(*Image)) Image {
	m := Image{Noun: &sbom.Image{Digest: dig(path), Format: "macho", Arch: "arm64", Type: typ,
		Places: []sbom.Place{{Path: path, File: dig(path), Role: role}}}}
	for _, f := range mods {
		f(&m)
	}
	return m
}

func loads(kind sbom.LoadKind, names ...string) func(*Image) {
	return func(m *Image) {
		for _, n := range names {
			m.Noun.Loads = append(m.Noun.Loads, sbom.Load{Name: n, Kind: kind})
		}
	}
}

func rpaths(p ...string) func(*Image)  { return func(m *Image) { m.Noun.Rpaths = p } }
func exports(n ...string) func(*Image) { return func(m *Image) { m.Exports = n } }
func arch(a string) func(*Image) {
	return func(m *Image) { m.Noun.Arch = a; m.Noun.Digest = dig(m.Noun.Places[0].Path + a) }
}
func inBundle(b string) func(*Image) { return func(m *Image) { m.Noun.Places[0].Bundle = b } }
func imports(ordinal int, names ...string) func(*Image) {
	return func(m *Image) {
		for _, n := range names {
			m.Imports = append(m.Imports, Import{n, ordinal})
		}
	}
}
func refs(values ...string) func(*Image) {
	return func(m *Image) {
		for i, v := range values {
			m.References = append(m.References, Reference{Value: v, Section: "__TEXT,__cstring", Offset: int64(100 * (i + 1))})
		}
	}
}

// show prints links as "kind from -> to|target name (how) symbols", paths for ids.
func show(in Input, links []sbom.Link, kinds ...sbom.LinkKind) []string {
	names := map[sbom.Digest]string{}
	for _, m := range in.Images {
		names[m.Noun.Digest] = m.Noun.Places[0].Path
	}
	var out []string
	for _, l := range links {
		if len(kinds) > 0 && !slices.Contains(kinds, l.Kind) {
			continue
		}
		to := names[l.To]
		if l.Target != sbom.TargetInside {
			to = string(l.Target) + ":" + l.Name
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s -> %s (%s) %s", l.Kind, names[l.From], to, l.How, strings.Join(l.Symbols, ","))))
	}
	slices.Sort(out)
	return out
}

func TestLoads(t *testing.T) {
	const main, fw = "Contents/MacOS/App", "Contents/Frameworks/"
	tests := []struct {
		name  string
		in    []Image
		links map[string]string
		want  []string
		gaps  int
	}{
		{"executable path", []Image{
			img(main, "execute", sbom.RoleMain, loads(sbom.LoadRegular, "@executable_path/../Frameworks/a.dylib")),
			img(fw+"a.dylib", "dylib", sbom.RoleLibrary)}, nil,
			[]string{"loads Contents/MacOS/App -> Contents/Frameworks/a.dylib (@executable_path)"}, 0},
		{"rpath of the loader's loader", []Image{
			img(main, "execute", sbom.RoleMain, rpaths("@executable_path/../Frameworks"), loads(sbom.LoadRegular, "@rpath/a.dylib")),
			img(fw+"a.dylib", "dylib", sbom.RoleLibrary, loads(sbom.LoadRegular, "@rpath/b.dylib")),
			img(fw+"b.dylib", "dylib", sbom.RoleLibrary)}, nil,
			[]string{"loads Contents/Frameworks/a.dylib -> Contents/Frameworks/b.dylib (@rpath)",
				"loads Contents/MacOS/App -> Contents/Frameworks/a.dylib (@rpath)"}, 0},
		{"rpath with loader path belongs to the image that has it", []Image{
			img(main, "execute", sbom.RoleMain, rpaths("@loader_path/../Frameworks"), loads(sbom.LoadRegular, "@rpath/deep/a.dylib")),
			img(fw+"deep/a.dylib", "dylib", sbom.RoleLibrary, loads(sbom.LoadRegular, "@rpath/b.dylib")),
			img(fw+"b.dylib", "dylib", sbom.RoleLibrary), img(fw+"deep/b.dylib", "dylib", sbom.RoleLibrary)}, nil,
			[]string{"loads Contents/Frameworks/deep/a.dylib -> Contents/Frameworks/b.dylib (@rpath)",
				"loads Contents/MacOS/App -> Contents/Frameworks/deep/a.dylib (@rpath)"}, 0},
		{"own rpath before the loader's", []Image{
			img(main, "execute", sbom.RoleMain, rpaths("@loader_path/../Frameworks"), loads(sbom.LoadRegular, "@rpath/deep/a.dylib")),
			img(fw+"deep/a.dylib", "dylib", sbom.RoleLibrary, rpaths("@loader_path"), loads(sbom.LoadRegular, "@rpath/b.dylib")),
			img(fw+"b.dylib", "dylib", sbom.RoleLibrary), img(fw+"deep/b.dylib", "dylib", sbom.RoleLibrary)}, nil,
			[]string{"loads Contents/Frameworks/deep/a.dylib -> Contents/Frameworks/deep/b.dylib (@rpath)",
				"loads Contents/MacOS/App -> Contents/Frameworks/deep/a.dylib (@rpath)"}, 0},
		{"through framework links", []Image{
			img(main, "execute", sbom.RoleMain, loads(sbom.LoadRegular, "@loader_path/../Frameworks/F.framework/F")),
			img(fw+"F.framework/Versions/A/F", "dylib", sbom.RoleFramework)},
			map[string]string{fw + "F.framework/F": "Versions/Current/F", fw + "F.framework/Versions/Current": "A"},
			[]string{"loads Contents/MacOS/App -> Contents/Frameworks/F.framework/Versions/A/F (@loader_path)"}, 0},
		{"framework whose links were lost", []Image{
			img(main, "execute", sbom.RoleMain, rpaths("@loader_path/../Frameworks"), loads(sbom.LoadWeak, "@rpath/F.framework/F")),
			img(fw+"F.framework/Versions/A/F", "dylib", sbom.RoleFramework)}, nil,
			[]string{"loads Contents/MacOS/App -> Contents/Frameworks/F.framework/Versions/A/F (@rpath (framework link missing))"}, 0},
		{"system, outside and missing", []Image{
			img(main, "execute", sbom.RoleMain, rpaths("/usr/lib/swift"), imports(2, "_x"),
				loads(sbom.LoadRegular, "/usr/lib/libSystem.B.dylib", "/Library/Vendor/x.dylib", "@rpath/libswiftCore.dylib", "@rpath/gone.dylib"))}, nil,
			[]string{"loads Contents/MacOS/App -> missing:@rpath/gone.dylib (@rpath)",
				"loads Contents/MacOS/App -> outside:/Library/Vendor/x.dylib (absolute) _x",
				"loads Contents/MacOS/App -> system:/usr/lib/libSystem.B.dylib (absolute)",
				"loads Contents/MacOS/App -> system:@rpath/libswiftCore.dylib (@rpath)"}, 1},
		{"build machine's folder matches nothing", []Image{
			img(main, "execute", sbom.RoleMain, loads(sbom.LoadRegular, "/Users/builder/src/a.dylib")),
			img(fw+"a.dylib", "dylib", sbom.RoleLibrary)}, nil,
			[]string{"loads Contents/MacOS/App -> outside:/Users/builder/src/a.dylib (absolute)"}, 0},
		{"absolute path into the app", []Image{
			img(main, "execute", sbom.RoleMain, loads(sbom.LoadRegular, "/Applications/Any.app/Contents/Frameworks/a.dylib")),
			img(fw+"a.dylib", "dylib", sbom.RoleLibrary)}, nil,
			[]string{"loads Contents/MacOS/App -> Contents/Frameworks/a.dylib (absolute path into the product)"}, 0},
		{"an architecture that no executable has", []Image{
			img(main, "execute", sbom.RoleMain),
			img(fw+"a.dylib", "dylib", sbom.RoleLibrary, arch("x86_64"), loads(sbom.LoadRegular, "@executable_path/../Frameworks/b.dylib")),
			img(fw+"b.dylib", "dylib", sbom.RoleLibrary, arch("x86_64"))}, nil,
			[]string{"loads Contents/Frameworks/a.dylib -> Contents/Frameworks/b.dylib (@executable_path)"}, 0},
		{"the slice of the same architecture", []Image{
			img(main, "execute", sbom.RoleMain, loads(sbom.LoadRegular, "@executable_path/a.dylib")),
			img("Contents/MacOS/a.dylib", "dylib", sbom.RoleLibrary, arch("x86_64"))}, nil,
			[]string{"loads Contents/MacOS/App -> missing:@executable_path/a.dylib (@executable_path)"}, 1},
		{"arm64e loads arm64", []Image{
			img(main, "execute", sbom.RoleMain, arch("arm64e"), loads(sbom.LoadRegular, "@executable_path/a.dylib")),
			img("Contents/MacOS/a.dylib", "dylib", sbom.RoleLibrary)}, nil,
			[]string{"loads Contents/MacOS/App -> Contents/MacOS/a.dylib (@executable_path)"}, 0},
		{"cannot leave the product", []Image{
			img(main, "execute", sbom.RoleMain, loads(sbom.LoadRegular, "@executable_path/../../../other/a.dylib"))}, nil,
			[]string{"loads Contents/MacOS/App -> missing:@executable_path/../../../other/a.dylib (@executable_path)"}, 1},
		{"links in a circle end", []Image{
			img(main, "execute", sbom.RoleMain, loads(sbom.LoadRegular, "@executable_path/l/a.dylib"))},
			map[string]string{"Contents/MacOS/l": "m", "Contents/MacOS/m": "l"},
			[]string{"loads Contents/MacOS/App -> missing:@executable_path/l/a.dylib (@executable_path)"}, 1},
		{"a plug-in that nothing loads runs in the app's process", []Image{
			img(main, "execute", sbom.RoleMain, rpaths("@executable_path/../Frameworks")),
			img("Contents/PlugIns/p.node", "bundle", sbom.RolePlugin, loads(sbom.LoadRegular, "@rpath/a.dylib")),
			img(fw+"a.dylib", "dylib", sbom.RoleLibrary)}, nil,
			[]string{"loads Contents/PlugIns/p.node -> Contents/Frameworks/a.dylib (@rpath)"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Images: tt.in, Links: tt.links}
			links, gaps := Resolve(in)
			if d := cmp.Diff(tt.want, show(in, links, sbom.LinkLoads)); d != "" {
				t.Errorf("links (-want +got):\n%s", d)
			}
			if len(gaps) != tt.gaps {
				t.Errorf("gaps: %v, want %d", gaps, tt.gaps)
			}
		})
	}
}

func TestCalls(t *testing.T) {
	main := func(mods ...func(*Image)) Image { return img("M/App", "execute", sbom.RoleMain, mods...) }
	tests := []struct {
		name string
		in   []Image
		want []string
	}{
		{"bound symbol", []Image{
			main(loads(sbom.LoadRegular, "@executable_path/a.dylib"), imports(1, "_f", "_g")),
			img("M/a.dylib", "dylib", sbom.RoleLibrary, exports("_f", "_g"))},
			[]string{"calls M/App -> M/a.dylib (bound symbol) _f,_g"}},
		{"loaded, nothing bound", []Image{
			main(loads(sbom.LoadRegular, "@executable_path/a.dylib")),
			img("M/a.dylib", "dylib", sbom.RoleLibrary, exports("_f"))}, nil},
		{"re-export leads on", []Image{
			main(loads(sbom.LoadRegular, "@executable_path/u.dylib"), imports(1, "_f", "_u")),
			img("M/u.dylib", "dylib", sbom.RoleLibrary, exports("_u"), loads(sbom.LoadReexport, "@loader_path/a.dylib")),
			img("M/a.dylib", "dylib", sbom.RoleLibrary, exports("_f"))},
			[]string{"calls M/App -> M/a.dylib (bound symbol through a re-export) _f", "calls M/App -> M/u.dylib (bound symbol) _u"}},
		{"a regular load is no re-export", []Image{
			main(loads(sbom.LoadRegular, "@executable_path/u.dylib"), imports(1, "_f")),
			img("M/u.dylib", "dylib", sbom.RoleLibrary, loads(sbom.LoadRegular, "@loader_path/a.dylib")),
			img("M/a.dylib", "dylib", sbom.RoleLibrary, exports("_f"))},
			[]string{"calls M/App -> M/u.dylib (bound symbol) _f"}},
		{"flat lookup", []Image{
			main(exports("_napi")), img("M/p.node", "bundle", sbom.RolePlugin, imports(-2, "_napi", "_other"))},
			[]string{"calls M/p.node -> M/App (flat lookup) _napi"}},
		{"bound to the main executable", []Image{
			main(exports("_host")), img("M/p.node", "bundle", sbom.RolePlugin, imports(-1, "_host"))},
			[]string{"calls M/p.node -> M/App (bound to the main executable) _host"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Images: tt.in}
			links, _ := Resolve(in)
			if d := cmp.Diff(tt.want, show(in, links, sbom.LinkCalls)); d != "" {
				t.Errorf("links (-want +got):\n%s", d)
			}
		})
	}
}

func TestLaunchesAndOpens(t *testing.T) {
	helper := img("L/H.app/Contents/MacOS/H", "execute", sbom.RoleLoginItem, inBundle("L/H.app"))
	bundles := []sbom.Bundle{{Path: "L/H.app", ID: "com.example.h", Executable: "L/H.app/Contents/MacOS/H"}}
	seen := func(links []sbom.Link) (out []bool) {
		for _, l := range links {
			if l.Kind == sbom.LinkLaunches {
				out = append(out, l.Seen)
			}
		}
		return out
	}
	tests := []struct {
		name string
		main Image
		seen []bool
	}{
		{"contents alone", img("M/App", "execute", sbom.RoleMain), []bool{false}},
		{"id without an API", img("M/App", "execute", sbom.RoleMain, refs("com.example.h")), []bool{false}},
		{"API without the id", img("M/App", "execute", sbom.RoleMain, refs("com.example.other"), imports(1, "_SMLoginItemSetEnabled")), []bool{false}},
		{"id and API", img("M/App", "execute", sbom.RoleMain, refs("com.example.h"), imports(1, "_SMLoginItemSetEnabled")), []bool{true}},
		{"path and API", img("M/App", "execute", sbom.RoleMain, refs("H.app/Contents/MacOS/H"), imports(1, "_posix_spawn")), []bool{true}},
		{"part of a name is no path", img("M/App", "execute", sbom.RoleMain, refs("/acOS/H"), imports(1, "_posix_spawn")), []bool{false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			links, _ := Resolve(Input{Images: []Image{tt.main, helper}, Bundles: bundles})
			if d := cmp.Diff(tt.seen, seen(links)); d != "" {
				t.Errorf("launch seen (-want +got):\n%s", d)
			}
			for _, l := range links {
				if l.Seen && (len(l.Evidence) != 1 || l.Evidence[0].Offset != 100) {
					t.Errorf("a launch that is seen lacks its evidence: %+v", l)
				}
			}
		})
	}
	in := Input{Images: []Image{
		img("M/App", "execute", sbom.RoleMain, refs("PlugIns/p.bundle", "x/libq.dylib"), imports(1, "_dlopen")),
		img("PlugIns/p.bundle/Contents/MacOS/p", "bundle", sbom.RolePlugin, inBundle("PlugIns/p.bundle")),
		img("F/libq.dylib", "dylib", sbom.RoleLibrary)}}
	links, _ := Resolve(in)
	want := []string{"opens M/App -> PlugIns/p.bundle/Contents/MacOS/p (path in a string, and dlopen imported)"}
	if d := cmp.Diff(want, show(in, links, sbom.LinkOpens)); d != "" {
		t.Errorf("opens (-want +got):\n%s", d)
	}
}

// The order in which images are given must not show.
func TestOrder(t *testing.T) {
	l := []Image{
		img("M/App", "execute", sbom.RoleMain, rpaths("@loader_path/../F"), loads(sbom.LoadRegular, "@rpath/a.dylib", "@rpath/b.dylib"), imports(1, "_f"), imports(2, "_g")),
		img("F/a.dylib", "dylib", sbom.RoleLibrary, exports("_f"), loads(sbom.LoadReexport, "@rpath/b.dylib")),
		img("F/b.dylib", "dylib", sbom.RoleLibrary, exports("_g"), imports(-2, "_f")),
		img("F/c.dylib", "dylib", sbom.RoleLibrary, loads(sbom.LoadRegular, "@rpath/none.dylib")),
	}
	want, wantGaps := Resolve(Input{Images: l})
	for i := range l {
		rotated := append(slices.Clone(l[i:]), l[:i]...)
		got, gaps := Resolve(Input{Images: rotated})
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("rotated by %d (-want +got):\n%s", i, d)
		}
		if d := cmp.Diff(wantGaps, gaps); d != "" {
			t.Errorf("gaps rotated by %d (-want +got):\n%s", i, d)
		}
	}
}
