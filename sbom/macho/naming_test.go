package macho

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

func byName(c *fingerprint.Code) map[string]fingerprint.Boundary {
	out := map[string]fingerprint.Boundary{}
	for _, f := range c.Functions {
		out[f.Name] = f
	}
	return out
}

// TestMethodNames wants of a stripped program the names of its methods from the
// method lists, in both forms, where the unstripped one has them from symbols.
func TestMethodNames(t *testing.T) {
	for _, arch := range []string{"arm64", "x86_64"} {
		object := compile(t, arch, referring)
		for name, flags := range map[string][]string{"absolute": classic, "relative": append(chained, "-objc_relative_method_lists")} {
			t.Run(arch+" "+name, func(t *testing.T) {
				if arch == "x86_64" && name == "relative" {
					t.Skip("the linker crashes")
				}
				path := link(t, arch, object, flags...)
				s, whole := readCode(t, path)
				if small := s.src.section("__TEXT,__objc_methlist") != nil; small != (name == "relative") {
					t.Fatalf("relative method lists: %v", small)
				}
				stripped := path + ".stripped"
				run(t, "llvm-strip-19", "-x", "-o", stripped, path)
				_, c := readCode(t, stripped)
				expected := byName(whole)
				n := 0
				for _, f := range c.Functions {
					if f.From != fingerprint.NameMethod {
						continue
					}
					n++
					if e := expected[f.Name]; e.Address != f.Address || e.From != fingerprint.NameSymbol {
						t.Errorf("%s is at %#x, by its symbol at %#x", f.Name, f.Address, e.Address)
					}
				}
				if n != 5 {
					t.Errorf("%d methods named, wanted 5: %+v", n, c.Functions)
				}
				want(t, "classes", c.Classes, whole.Classes)
				if k := c.Classes[0]; k.Name != "Foo" || k.Super != "NSObject" || len(k.Methods) < 4 || k.Methods[0].Types == "" {
					t.Errorf("class %+v", k)
				}
			})
		}
	}
}

// TestRoots wants each way into the program once, and none for what only other
// functions call.
func TestRoots(t *testing.T) {
	for _, flags := range [][]string{classic, chained} {
		for _, arch := range []string{"arm64", "x86_64"} {
			_, c := readCode(t, link(t, arch, compile(t, arch, referring), append(flags, "-exported_symbol", "_set")...))
			got := map[string][]fingerprint.RootKind{}
			for name, f := range byName(c) {
				for _, r := range c.Roots {
					if r.Address == f.Address {
						got[name] = append(got[name], r.Kind)
					}
				}
			}
			const method = fingerprint.RootMethod
			want(t, arch, got, map[string][]fingerprint.RootKind{
				"main": {fingerprint.RootMain}, "early": {fingerprint.RootConstructor}, "set": {fingerprint.RootExport},
				"callback": {fingerprint.RootPointer}, "helper": {fingerprint.RootPointer},
				"+[Foo load]": {fingerprint.RootLoad, method}, "+[Foo shared]": {method}, "-[Foo run:]": {method}, "-[Foo init]": {method}, "-[Foo(More) more]": {method},
			})
		}
	}
}

// TestObjectFiles wants the object file of each function, where the linker
// noted it.
func TestObjectFiles(t *testing.T) {
	source := compile(t, "arm64", referring)
	dir := filepath.Dir(source)
	object := filepath.Join(dir, "debug.o")
	run(t, "clang-19", "-target", "arm64-apple-macos11", "-fobjc-runtime=macosx-11.0", "-O2", "-g", "-w", "-c", filepath.Join(dir, "a.m"), "-o", object)
	archive := filepath.Join(dir, "libx.a")
	run(t, "llvm-ar-19", "rc", archive, object)
	_, c := readCode(t, link(t, "arm64", archive, append(classic, "-all_load")...))
	if len(c.Objects) != 1 || !strings.HasSuffix(c.Objects[0], "libx.a(debug.o)") {
		t.Fatalf("objects %q", c.Objects)
	}
	for _, f := range c.Functions {
		if f.Object != 1 {
			t.Errorf("%s is of object %d", f.Name, f.Object)
		}
	}
}
